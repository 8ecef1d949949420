"""The order in which other libraries visit the points, so that their training runs replay here.

``simopt.run(problem, optimizer, order=...)`` takes what these functions return: an int array
[epochs, n] that equals what the library does with the same seed, to the last place. None of them
imports the library: each draws from the same generator, in the same sequence.

Verified with PyTorch 2.13.0, scikit-learn 1.9.1, and Keras 3.15.1 on TensorFlow 2.21.0, JAX 0.10.2
and PyTorch.
"""

from simopt.training.orders.keras import keras_fit
from simopt.training.orders.pytorch import torch_dataloader, torch_randperm, torch_sampler
from simopt.training.orders.scikit_learn import sklearn_mlp, sklearn_sgd

__all__ = [
    "keras_fit",
    "sklearn_mlp",
    "sklearn_sgd",
    "torch_dataloader",
    "torch_randperm",
    "torch_sampler",
]
