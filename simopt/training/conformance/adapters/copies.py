"""An object graph with an optimizer in it, copied: optimizers begin anew, code is shared.

``memo`` maps the identities of what has been copied, or is to be replaced, to what stands for it;
``keep`` holds the originals, for an identity is a name only while its object lives.
"""

from __future__ import annotations

import copy
import types
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from typing import Any


def optimizers(value: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """The optimizer, and those in its attributes."""
    import torch

    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, torch.optim.Optimizer):
        yield value
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from optimizers(each, seen)
    elif hasattr(value, "__dict__") and not isinstance(value, (type, types.ModuleType)):
        for each in list(vars(value).values()):
            if not callable(each) or isinstance(each, torch.optim.Optimizer):
                yield from optimizers(each, seen)


def again(value: Any, memo: dict[Any, Any], keep: list[Any]) -> Any:
    """A value made again; what cannot change, or is code, is itself."""
    import torch

    if id(value) in memo:
        return memo[id(value)]
    keep.append(value)
    if isinstance(value, torch.Tensor):
        like = memo.get(("like", tuple(value.shape))) if value.ndim else None
        new: Any = (value if like is None else like).detach().clone()
        new.requires_grad_(value.requires_grad)
        memo[id(value)] = new
        return new
    if isinstance(value, types.MethodType):
        return types.MethodType(value.__func__, again(value.__self__, memo, keep))
    if isinstance(value, dict):
        new = memo[id(value)] = _empty(value)
        new.update({again(k, memo, keep): again(v, memo, keep) for k, v in value.items()})
        return new
    if isinstance(value, list):
        new = memo[id(value)] = []
        new += [again(each, memo, keep) for each in value]
        return new
    if type(value) in (tuple, set, frozenset):
        return type(value)(again(each, memo, keep) for each in value)
    if isinstance(value, torch.optim.Optimizer):
        return _optimizer(value, memo, keep)
    if isinstance(value, (type, types.ModuleType, types.FunctionType)) or not _is_plain(value):
        try:
            return copy.deepcopy(value, dict(memo))
        except Exception:  # a lock, a stream, a handle: shared, as the class shares it
            return value
    new = memo[id(value)] = object.__new__(type(value))
    vars(new).update({name: again(each, memo, keep) for name, each in vars(value).items()})
    return new


def _is_plain(value: Any) -> bool:
    """Whether an object is nothing but its attributes."""
    kind: Any = type(value)
    return (
        hasattr(value, "__dict__")
        and kind.__reduce_ex__ is object.__reduce_ex__
        and (kind.__new__ is object.__new__)
    )


def _empty(value: dict[Any, Any]) -> Any:
    if isinstance(value, defaultdict):
        return defaultdict(value.default_factory)
    return OrderedDict() if isinstance(value, OrderedDict) else {}


def _optimizer(value: Any, memo: dict[Any, Any], keep: list[Any]) -> Any:
    new = memo[id(value)] = object.__new__(type(value))
    for name, each in vars(value).items():
        if callable(each) and hasattr(type(value), name):
            continue  # a method that someone replaced on the object: a scheduler, a library
        if name == "state":
            value_now: Any = defaultdict(dict)
        elif name.startswith("_optimizer_") and isinstance(each, dict):
            value_now = OrderedDict()  # hooks
        else:
            value_now = again(each, memo, keep)
        vars(new)[name] = value_now
    return new
