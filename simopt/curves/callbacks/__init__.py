"""Callbacks for training loops: what the loss curve shows, said once an epoch while it grows.

`keras`, `lightning` and `transformers` make a callback of the framework of that name; nothing of a
framework is imported before. Any other loop calls `Watcher.epoch` itself.
"""

from simopt.curves.callbacks.frameworks import keras, lightning, transformers
from simopt.curves.callbacks.watcher import Watcher

__all__ = ["Watcher", "keras", "lightning", "transformers"]
