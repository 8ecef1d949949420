"""The order in which other libraries visit the points, so that their training runs replay here.

``simopt.run(problem, optimizer, order=...)`` takes what these functions return: an int array
[epochs, n] that equals what the library does with the same seed, to the last place. None of them
imports the library: each draws from the same generator, in the same sequence.

Verified with PyTorch 2.13.0, scikit-learn 1.9.1, TensorFlow 2.21.0, Keras 3.15.1 on TensorFlow,
JAX 0.10.2 and PyTorch, transformers 5.24.0 with Accelerate 1.15.0, and datasets 5.2.0.
"""

from simopt.training.orders.by_epoch import hf_trainer, torch_distributed
from simopt.training.orders.keras import keras_fit, keras_pydataset
from simopt.training.orders.pytorch import torch_dataloader, torch_randperm, torch_sampler
from simopt.training.orders.scikit_learn import sklearn_mlp, sklearn_sgd
from simopt.training.orders.streams import datasets_stream, tf_data

__all__ = [
    "datasets_stream",
    "hf_trainer",
    "keras_fit",
    "keras_pydataset",
    "sklearn_mlp",
    "sklearn_sgd",
    "tf_data",
    "torch_dataloader",
    "torch_distributed",
    "torch_randperm",
    "torch_sampler",
]
