"""Which column is the validation loss that goes with a training loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simopt.curves.logs.names import Name, errors_of, plain

#: A column with so few values is a summary where another has SOME.
FEW, SOME = 2, 5

PERPLEXITY = frozenset(("ppl", "perplexity"))

#: Names of one error.
SYNONYMS = (
    ("error", "errors", "err", "merror", "binary_error", "multi_error"),
    ("cross_entropy", "crossentropy", "ce", "bce", "xent", "xentropy", "logloss", "log_loss",
     "mlogloss", "binary_logloss", "multi_logloss"),
    ("perplexity", "ppl"),
    ("mse", "l2"),
    ("mae", "l1"),
)  # fmt: skip


def listed(columns: Iterable[str]) -> str:
    """Names as a message has them."""
    return ", ".join(map(repr, columns))


def beside(
    names: Mapping[str, Name], counts: Mapping[str, int], losses: Sequence[str], notes: list[str]
) -> list[str]:
    """The column of the validation loss that goes with the training loss; [] if there is none."""
    first = names[losses[0]]
    if first.part == "held out":
        return []
    kinds = ("loss", "error") if first.kind in ("loss", "") else (first.kind,)
    found = [
        name
        for name, parts in names.items()
        if parts.part == "held out"
        and (parts.kind in kinds or (parts.kind == "" and parts.stem in ((), first.stem)))
        and name not in losses
        and (counts[name] or plain(name) in ("val_loss", "eval_loss"))
    ]
    if len(losses) > 1:
        stems = {names[name].stem for name in losses}
        parts = [name for name in found if names[name].stem in stems]
        if len(parts) == len(losses):
            return parts
    test = ("test", "testing", "te")

    def rank(name: str) -> tuple[bool, bool, bool, bool, int]:
        parts = names[name]
        return (
            parts.stem != first.stem,
            any(word in test for word in parts.words),
            counts[name] <= FEW < counts[losses[0]] and counts[name] < SOME,
            parts.grain != first.grain,
            -counts[name],
        )

    found.sort(key=rank)
    if first.kind in ("loss", "error"):
        alike = [name for name in found if names[name].stem == first.stem]
        same = [name for name in found if names[name].kind == first.kind]
        rest = [name for name in same if _comparable(names[name], first)]
        # A perplexity says again what the loss beside it does.
        rest = [name for name in rest if not PERPLEXITY & {*names[name].stem}] or rest
        if any(names[name].kind for name in found) and not alike and not rest:
            others = same or [name for name in found if names[name].kind]
            verb, pronoun = ("is", "it") if len(others) == 1 else ("are", "one")
            notes.append(
                f"no validation: {listed(others)} {verb} not measured as {losses[0]!r} is; "
                f"--validation (validation=) takes {pronoun} all the same"
            )
        # Parts of a validation loss are not what the whole training loss is compared with.
        whole = len({names[name].stem for name in rest}) == 1 or _are_of_sets(rest, names)
        found = alike or (rest if whole else [])
        if rest and not found:
            notes.append(
                f"no validation: {listed(rest)} are of several parts or sets; "
                "--validation (validation=) takes one"
            )
    if len(found) > 1:
        notes.append(f"validation: {found[0]!r}; there are also {listed(found[1:])}")
    if found and {"cv", "crossval", "oof"} & set(names[found[0]].words):
        notes.append(f"validation: {found[0]!r}, as the loss of points that were left out")
    return [n for n in found[:1] if counts[n] or not first.part]


def _are_of_sets(losses: Iterable[str], names: Mapping[str, Name]) -> bool:
    """Whether losses are of a set each, which Hugging Face's Trainer times: ``eval_a_runtime``."""
    plains = {name.plain for name in names.values()}
    held = [names[name].plain for name in losses]
    return all(f"{name.removesuffix('_loss')}_runtime" in plains for name in held)


def _comparable(held: Name, trained: Name) -> bool:
    """Whether two losses may be one: of errors that have names of their own, the same."""
    if held.kind != trained.kind or trained.kind == "loss":
        return held.kind == trained.kind
    of_trained, of_held = (_errors(name.stem) for name in (trained, held))
    return not of_trained or bool(of_trained & of_held)


def _errors(stem: tuple[str, ...]) -> set[str]:
    """The errors that words name, each by the first of its names."""
    return {next((same[0] for same in SYNONYMS if word in same), word) for word in errors_of(stem)}
