"""The order in which other libraries visit the points, so that their training runs replay here.

``simopt.run(problem, optimizer, order=...)`` takes what these functions return: an int array
[epochs, n] that equals what the library does with the same seed, to the last place. None of them
imports the library: each draws from the same generator, in the same sequence. Where points come
again or not at all (weighted draws, padded shards, held-out points), a run takes the order with
``shuffle="replacement"``.

Verified with PyTorch 2.13.0, scikit-learn 1.9.1, TensorFlow 2.21.0, Keras 3.15.1 on TensorFlow,
JAX 0.10.2 and PyTorch, JAX 0.10.2 itself, transformers 5.23.0 and 5.24.0 with Accelerate
1.15.0, datasets 5.2.0, torchdata 0.11.0, fastai 2.8.12, spaCy 3.8.18, WebDataset 1.0.2 and
MosaicML streaming 0.13.0.
"""

from simopt.training.orders.by_epoch import accelerate_batches, hf_trainer, torch_distributed
from simopt.training.orders.held_out import sklearn_held_out
from simopt.training.orders.jax import jax_permutation
from simopt.training.orders.keras import keras_fit, keras_pydataset
from simopt.training.orders.loaders import fastai_dataloader, spacy_training
from simopt.training.orders.mosaicml import mosaicml_streaming
from simopt.training.orders.pytorch import torch_dataloader, torch_randperm, torch_sampler
from simopt.training.orders.samplers import torch_random_split, torch_stateful, torch_weighted
from simopt.training.orders.scikit_learn import sklearn_mlp, sklearn_partial_fit, sklearn_sgd
from simopt.training.orders.streams import datasets_stream, tf_data, webdataset_shuffle

__all__ = [
    "accelerate_batches",
    "datasets_stream",
    "fastai_dataloader",
    "hf_trainer",
    "jax_permutation",
    "keras_fit",
    "keras_pydataset",
    "mosaicml_streaming",
    "sklearn_held_out",
    "sklearn_mlp",
    "sklearn_partial_fit",
    "sklearn_sgd",
    "spacy_training",
    "tf_data",
    "torch_dataloader",
    "torch_distributed",
    "torch_random_split",
    "torch_randperm",
    "torch_sampler",
    "torch_stateful",
    "torch_weighted",
    "webdataset_shuffle",
]
