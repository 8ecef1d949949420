"""A PyTorch optimizer made anew on other parameters, while the user's own stays untouched.

A live optimizer is bound to much: its parameters and their state, hooks, and a ``step`` that every
scheduler replaces on the object with a wrapper around the old one. A copy of its attributes would
call that wrapper, and move the user's weights. So the object graph is followed from the optimizer:
optimizers in it are made again without hooks and wrappers, the user's parameters become ours, state
begins empty, tensors of a parameter's shape begin as ours, others are copied.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from simopt.training.conformance.adapters.copies import again, optimizers

#: Attributes of training libraries' wrappers under which the optimizer itself is.
INNER = ("optimizer", "_optimizer", "optim")

#: Packages whose wrappers add no rule: they count steps, scale losses, or split over devices.
PREPARED = (
    "accelerate", "lightning", "pytorch_lightning", "lightning_fabric", "transformers", "deepspeed",
    "fairscale", "apex", "composer", "opacus", "ignite", "torch_xla",
)  # fmt: skip

#: Where PyTorch's own are: those that average over processes are no optimizer but by their class.
SPREAD = "torch.distributed."

#: Updates in which what an optimizer counts is to change.
TRIED = 6

#: Of a parameter group: what differs anyway, and how it computes, on a device or for autograd.
UNREAD = ("params", "initial_lr", "param_names")
HOW: dict[str, Any] = {
    "foreach": None, "fused": None, "capturable": False, "differentiable": False,
}  # fmt: skip


def prepared(optimizer: Any) -> Any:
    """The optimizer inside a training library's wrapper; the optimizer itself if there is none."""
    import torch

    for _ in range(10):
        kind, spread = type(optimizer), not hasattr(optimizer, "defaults")
        if not (_package(kind) in PREPARED or (spread and kind.__module__.startswith(SPREAD))):
            break
        inner = next((i for i in _inner(optimizer) if isinstance(i, torch.optim.Optimizer)), None)
        if inner is None or inner is optimizer:
            break
        optimizer = inner
    return optimizer


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _inner(optimizer: Any) -> Iterator[Any]:
    for name in INNER:
        yield getattr(optimizer, name, None)


def replaced_step(optimizer: Any) -> bool:
    """Whether a ``step`` on the object hides its class' own, and no scheduler of PyTorch did it."""
    own = vars(optimizer).get("step")
    return own is not None and not hasattr(own, "_wrapped_by_lr_sched")


def hooked(optimizer: Any) -> bool:
    """Whether something is called before or after each of its steps."""
    return any(
        getattr(optimizer, f"_optimizer_step_{when}_hooks", None) for when in ("pre", "post")
    )


def differing(optimizer: Any) -> list[str]:
    """The settings in which its parameter groups differ."""
    groups = optimizer.param_groups
    names = dict.fromkeys(name for each in groups for name in each if name not in UNREAD)
    return [name for name in names if len({repr(each.get(name)) for each in groups}) > 1]


@contextmanager
def untouched(optimizer: Any) -> Iterator[None]:
    """While a replica plays: float64 the default, no global hooks, and no gradients of the user's.

    Code that reaches the user's optimizer in spite of all, through a closure, finds no gradients to
    move its parameters by.
    """
    import torch
    from torch.optim import optimizer as module

    default = torch.get_default_dtype()
    hooks = module._global_optimizer_pre_hooks, module._global_optimizer_post_hooks
    held = [dict(each) for each in hooks]
    live = [] if optimizer is None else [p for g in optimizer.param_groups for p in g["params"]]
    gradients = [each.grad for each in live]
    versions = _versions(live)
    # NAdam keeps its product of momenta in the default type.
    torch.set_default_dtype(torch.float64)
    try:
        for each in hooks:
            each.clear()
        for parameter in live:
            parameter.grad = None
        with torch.random.fork_rng(devices=[]), _on_cpu():
            yield
    finally:
        torch.set_default_dtype(default)
        for each, before in zip(hooks, held, strict=True):
            each.update(before)
        for parameter, gradient in zip(live, gradients, strict=True):
            parameter.grad = gradient
    if _versions(live) != versions:
        raise ValueError(
            "optimizer: must not move the parameters that it was made with when a copy of it is "
            "stepped; hand in its class, or a function of the parameters that makes one"
        )


def _on_cpu() -> Any:
    """What is made is on the CPU: where it is anyway, nobody looks at every call of PyTorch's."""
    import torch

    there = torch.device("cpu")
    return nullcontext() if torch.empty(0).device == there else there


def _versions(parameters: list[Any]) -> list[int]:
    """How often each was changed; 0 where it was made in inference mode, which does not count."""
    return [0 if each.is_inference() else each._version for each in parameters]


def replica(optimizer: Any, parameters: list[Any], group: int = 0) -> Any:
    """An optimizer like it, its state empty, on parameters of ours with one group's settings.

    Raises
    ------
    ValueError
        If there are several parameters, and it can't be made by its class.
    """
    memo, keep = _ours(optimizer, parameters[0])
    if (made := _made_anew(optimizer, parameters, group, memo, keep)) is not None:
        return _of_group(made, parameters, group)
    if len(parameters) > 1:
        raise ValueError("optimizer: must be one that its class makes of a group's settings")
    return _copied(optimizer, parameters, group, memo, keep)[0]


def goes_on(optimizer: Any, parameters: list[Any], group: int) -> list[str]:
    """What a replica that its class can't make counts in itself: it goes on from the live one's."""
    memo, keep = _ours(optimizer, parameters[0])
    if _made_anew(optimizer, parameters, group, memo, keep) is not None:
        return []
    return _copied(optimizer, parameters, group, memo, keep)[1]


def _ours(optimizer: Any, parameter: Any) -> tuple[dict[Any, Any], list[Any]]:
    """What stands in a replica for the parameters of an optimizer, and what is of their shape."""
    import torch

    memo: dict[Any, Any] = {}
    for each in optimizer.param_groups:
        for live in each["params"]:
            memo[id(live)] = parameter
            # Slow weights, averages: what an optimizer holds of a parameter's shape.
            memo["like", tuple(live.shape)] = parameter
        for value in each.values():
            if isinstance(value, torch.Tensor) and value.numel() == 1:
                memo[id(value)] = value.detach().clone()  # a number, of a bias' shape or not
    return memo, []


def _of_group(new: Any, parameters: list[Any], group: int, without: Collection[str] = ()) -> Any:
    """The same with one group of our parameters, ``without`` some entries of it."""
    for each in optimizers(new):
        groups = each.param_groups
        chosen = groups[group] if group < len(groups) else groups[0]
        chosen["params"] = list(parameters)
        chosen.update({name: value for name, value in HOW.items() if name in chosen})
        for name in without:
            chosen.pop(name, None)
        groups[:] = [chosen]
    return new


def _copied(
    optimizer: Any, parameters: list[Any], group: int, memo: dict[Any, Any], keep: list[Any]
) -> tuple[Any, list[str]]:
    """A copy of its object graph, and the attributes in which it counts.

    A group's entries that steps change, and add where they are not, are counts: they begin anew.
    """

    def copied(without: Collection[str] = ()) -> Any:
        return _of_group(again(optimizer, dict(memo), keep), parameters, group, without)

    _, moved = _counted(copied, parameters)
    moved -= {*UNREAD, "param_groups", "state"}
    counts = moved & set(optimizer.param_groups[group]) - set(optimizer.defaults)
    added, _ = _counted(lambda: copied(counts), parameters)
    return copied(counts if counts <= added else ()), sorted(moved & set(vars(optimizer)))


def _made_anew(
    optimizer: Any, parameters: list[Any], group: int, memo: dict[Any, Any], keep: list[Any]
) -> Any:
    """What its class makes of our parameters and its settings; None where these are not known.

    Of a group's entries those that are no argument of the class, as what Prodigy counts there, are
    as the class begins them. Where the class did not get all that the live one was made with, only
    what steps change begins so, as the live one itself began if that is known; the rest is the live
    one's.
    """
    import torch

    def make() -> Any:
        return _of_class(optimizer, parameters, group, memo, keep)

    if (made := make()) is None:
        return None
    counted, moved = _counted(make, parameters)
    fresh, live = made.param_groups[0], optimizer.param_groups[group]
    whole = not unkept(optimizer, live) and not _unlike(made, _arguments(optimizer, live) or {})
    begun = counted | (set(fresh) if whole else moved)
    fresh.update({n: again(live[n], memo, keep) for n in live if n not in begun})
    first, named = optimizer.defaults, _named(optimizer)
    moved |= {n for n in live if n not in named and _is_tensor(live[n]) > _is_tensor(first.get(n))}
    fresh.update({n: again(first[n], memo, keep) for n in moved if n in fresh and n in first})
    of_all = vars(torch.optim.Optimizer(parameters, {}))
    for new, old in zip(_levels(made), _levels(optimizer), strict=True):
        begun = {*counted, *(vars(new) if whole else (*moved, *of_all))}
        for name, value in vars(old).items():
            replaced = callable(value) and hasattr(type(old), name)
            inner = name in vars(new) and isinstance(value, torch.optim.Optimizer)
            if name not in begun and not replaced and not inner:
                vars(new)[name] = again(value, memo, keep)
    return made


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _of_class(
    optimizer: Any, parameters: list[Any], group: int, memo: dict[Any, Any], keep: list[Any]
) -> Any:
    """What its class makes, and no more; of a wrapper around what the class inside makes."""
    settings = _arguments(optimizer, optimizer.param_groups[group])
    if settings is None:
        return None
    first: Any = parameters
    if (inner := _wrapped(optimizer)) is not None:
        first = _of_class(inner, parameters, group, memo, keep)
        if first is None:
            return None
    try:
        made = type(optimizer)(first, **again(settings, memo, keep))
        _unlike(made, settings)
    except Exception:  # it wants something else by these names
        return None
    return made


def _unlike(made: Any, settings: dict[str, Any]) -> set[str]:
    """The names by which an optimizer keeps something else than these settings."""
    held = {**vars(made), **made.param_groups[0]}
    return {name for name, value in settings.items() if repr(held.get(name, value)) != repr(value)}


def _counted(make: Callable[[], Any], parameters: list[Any]) -> tuple[set[str], set[str]]:
    """What its steps count, in a group or in itself: what they add there, and what they change.

    An optimizer may count its updates there in place of its state, and begins at none: of what a
    live one has besides only the rest is a setting. An entry of a group that further steps leave
    as the first made it is one too: a default.
    """
    before = [each.detach().clone() for each in parameters]
    try:
        trial = make()
        first = _said(trial)
        if callable(train := getattr(trial, "train", None)):
            train()
        entries: dict[str, str] = {}
        for count in range(1, TRIED + 1):
            for each in parameters:  # no two norms of them are the same
                each.grad = each.new_full(each.shape, float(count))
            trial.step()
            entries = entries or {n: repr(value) for n, value in trial.param_groups[0].items()}
        last, after = _said(trial), trial.param_groups[0]
        defaults = {name for name, said in entries.items() if repr(after.get(name)) == said}
        moved = {name for name, said in first.items() if last.get(name) != said}
        return last.keys() - first.keys() - defaults, moved
    except Exception:  # without what it has besides it can't step: none is told from a setting
        return set(), set()
    finally:
        for each, value in zip(parameters, before, strict=True):
            each.data = value
            each.grad = None


def _said(optimizer: Any) -> dict[str, str]:
    """What an optimizer, and those inside, and a group hold by these names, as text."""
    held = [*(vars(each) for each in _levels(optimizer)), optimizer.param_groups[0]]
    return {name: repr(value) for each in held for name, value in each.items()}


def _levels(optimizer: Any) -> list[Any]:
    """An optimizer, the one that it is around, the one inside that, and so on."""
    inner = _wrapped(optimizer)
    return [optimizer] if inner is None else [optimizer, *_levels(inner)]


def _named(optimizer: Any) -> dict[str, inspect.Parameter]:
    """The arguments of its class but the first, by name."""
    takes = list(inspect.signature(type(optimizer)).parameters.values())[1:]
    return {p.name: p for p in takes if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def unkept(optimizer: Any, live: dict[str, Any]) -> list[str]:
    """The arguments of its class that it keeps neither in itself nor in a group, by these names."""
    return [name for name in _named(optimizer) if name not in {**vars(optimizer), **live}]


def by_default(optimizer: Any, group: int) -> dict[str, Any]:
    """The arguments that its class was not given again, for it does not keep them."""
    live, named = optimizer.param_groups[group], _named(optimizer)
    if _arguments(optimizer, live) is None:
        return {}
    lost = {name: named[name].default for name in unkept(optimizer, live) if name not in HOW}
    if "beta1" in live:  # each beta by itself, which is the live one's
        lost.pop("betas", None)
    return lost


def _arguments(optimizer: Any, live: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments of its class but the first, by name; None where one has to be known and isn't.

    Without those that are not kept and have a default.
    """
    import torch

    takes = inspect.signature(type(optimizer)).parameters.values()
    named, lost = _named(optimizer), unkept(optimizer, live)
    if not takes or any(named[name].default is inspect.Parameter.empty for name in lost):
        return None
    # Of a wrapper they are what its class names: the groups are those of the one inside.
    further = any(p.kind is p.VAR_KEYWORD for p in takes) and _wrapped(optimizer) is None
    own = {**vars(optimizer), **live}
    names = [*dict.fromkeys([*named, *(optimizer.defaults if further else ())])]
    if not all(name in own for name in names if name not in lost):
        return None
    settings = {name: HOW.get(name, own[name]) for name in names if name not in lost}
    bound = (torch.optim.Optimizer, torch.nn.Module)
    odd = {n for n, v in settings.items() if isinstance(v, bound) or getattr(v, "ndim", None)}
    if not odd.isdisjoint(named):
        return None
    # What steps have made of an entry that no argument is called by is nothing to give it.
    return {name: value for name, value in settings.items() if name not in odd}


def _wrapped(optimizer: Any) -> Any:
    """The optimizer that its class was given to be around, where parameters are given else."""
    import torch

    takes = [*inspect.signature(type(optimizer)).parameters][:1]
    held = (vars(optimizer).get(name) for each in takes for name in (each, f"_{each}"))
    return next((each for each in held if isinstance(each, torch.optim.Optimizer)), None)
