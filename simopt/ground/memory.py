"""How much memory there is, and whether a result would fit."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from simopt.ground import checks

#: The share of the memory that is free which a result may take.
SHARE = 0.7


def free() -> float:
    """Bytes that can be had without swapping: of the machine, or of the container if it has less.

    Returns
    -------
    float
    """
    return min(_of_the_machine(), _of_the_group())


def check(name: str, value: Any, numbers: float, size: int = 8) -> None:
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

    Raises
    ------
    ValueError
        If they take more than `SHARE` of what is free; the message says both.
    """
    needed, room = numbers * size, SHARE * free()
    if needed > room:
        raise checks.refuse(
            name,
            value,
            f"less: it needs about {needed / 2**30:,.1f} GiB, and {room / 2**30:,.1f} GiB "
            f"({SHARE:.0%} of what is free) are allowed",
        )


def _of_the_machine() -> float:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":") for line in file)
        return float(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


#: Where Linux says a container's limit, its use, and the part of it that is only cached files, in
#: version 2 and 1 of its control groups.
GROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def _of_the_group() -> float:
    """What a control group has left; infinite where there is none, or no limit."""
    for folder, limit, used, cached in GROUPS:
        try:
            most = Path(folder, limit).read_text(encoding="ascii").strip()
            if most == "max":
                return math.inf
            lines = Path(folder, "memory.stat").read_text(encoding="ascii").splitlines()
            files = float(dict(line.split() for line in lines).get(cached, 0))
            now = float(Path(folder, used).read_text(encoding="ascii"))
            return max(float(most) - now + files, 0.0)
        except (OSError, ValueError):
            continue
    return math.inf
