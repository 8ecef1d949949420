"""Whether what is wanted fits in memory, checked before any work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from simopt.ground import checks

#: The share of the memory that is free which one call may take.
SHARE = 0.7

#: Bytes of which nobody asks whether they are free: a tenth of what the imports take.
LITTLE = 2**24

#: Of a control group, version 2 and 1: limit, use, and the cached files of the use that give way.
FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def check(
    name: str, value: Any, numbers: float, size: int = 8, *, what: str = "", instead: str = ""
) -> None:
    """Refuse an argument that asks for more memory than is free.

    Parameters
    ----------
    name : str
        The argument.
    value : object
        Its value.
    numbers : float
        How many numbers the call has to hold for it.
    size : int, default 8
        Bytes a number: about 40 in a list of Python's.
    what : str, optional
        What these numbers are.
    instead : str, optional
        What to do about it.

    Raises
    ------
    ValueError
        If they take more than `SHARE` of what is `free`; the message says both.

    Examples
    --------
    >>> from simopt.ground import memory
    >>> memory.check("epochs", 1, 1000)
    """
    needed = numbers * size
    # Most calls need little, and asking the system takes 0.1 to 0.8 ms.
    if needed < LITTLE:
        return
    room = SHARE * free()
    if needed > room:
        raise checks.refuse(
            name,
            value,
            f"less: about {_size(needed)} are needed{what and f' for {what}'}, and {_size(room)} "
            f"({SHARE:.0%} of what is free) are allowed{instead and f'; {instead}'}",
        )


def free(root: str | os.PathLike[str] = "/") -> float:
    """Bytes that this process can have without swapping, or being killed.

    Of the machine's free memory and what is left below the limit of each control group that the
    process is in (a container's, a job's), the least.
    """
    return min(_machine(Path(root)), *_groups(Path(root)), float("inf"))


def _machine(root: Path) -> float:
    with suppress(OSError, LookupError, ValueError):
        lines = (root / "proc/meminfo").read_text("ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return float(fields["MemAvailable"].split()[0]) * 1024
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _groups(root: Path) -> Iterator[float]:
    """What is left in every control group of the process, from its own upwards."""
    lines = []
    with suppress(OSError):
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        version = 2 if number == "0" and not controllers else 1
        if version == 1 and "memory" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("" if version == 2 else "memory")
        group = base / path.strip("/")
        # Where only a part of the tree is mounted, as in a container, its own group is the root.
        for folder in {group, *group.parents, base}:
            if folder == base or base in folder.parents:
                with suppress(OSError, ValueError):
                    yield _left(folder, *FILES[version])


def _left(folder: Path, limit: str, use: str, cached: str) -> float:
    most = (folder / limit).read_text().strip()
    if most == "max":
        return float("inf")
    used = float((folder / use).read_text())
    with suppress(OSError, ValueError):
        for line in (folder / "memory.stat").read_text().splitlines():
            if line.startswith(f"{cached} "):
                used -= float(line.split()[1])
    return max(0.0, float(most) - used)


def _size(count: float) -> str:
    """Bytes in the unit that suits them."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.{0 if unit == 'bytes' else 1}f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"
