"""What all items of a client share, sent to each worker process about once.

An item names it by its digest. A process that does not have it yet answers so, and is sent the
whole: a new worker, in place of one that was killed, thus gets it as the first ones did.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simopt.ground import checks

#: Bytes up to which what is shared goes with every item: less than an item costs anyway.
SMALL = 16_384

#: How many shared values a worker process keeps.
KEPT = 4


@dataclass(frozen=True)
class Packed:
    """What all items share, pickled; without data, its digest alone, for a worker that has it."""

    digest: str
    data: bytes | None

    @property
    def light(self) -> Packed:
        """What goes with an item after the first ones: all if it is small, else the digest."""
        return self if len(self.data or b"") <= SMALL else Packed(self.digest, None)


class Missing:
    """A worker's answer if it does not have what an item shares."""


def pack(client: Any, shared: Any) -> Packed:
    """What is shared, pickled with the code of functions that no import finds, such as lambdas."""
    import cloudpickle  # where threads do the work, it is not needed

    try:
        data = cloudpickle.dumps(shared)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise checks.refuse(
            "client", client, f"able to send what it is to run ({error}); threads need not send it"
        ) from error
    return Packed(hashlib.sha256(data).hexdigest(), data)


#: In a worker: what was unpickled, by its digest, the last used last. A worker may have threads.
_unpacked: dict[str, Any] = {}
_unpacking = threading.Lock()


def call(function: Callable[..., Any], packed: Packed, *item: Any) -> Any:
    """In a worker: the function's result, or `Missing` if it does not have what is shared."""
    with _unpacking:
        shared = _unpacked.pop(packed.digest, Missing)
        if shared is Missing:
            if packed.data is None:
                return Missing()
            shared = _load(packed.data)
        _unpacked[packed.digest] = shared
        if len(_unpacked) > KEPT:
            del _unpacked[next(iter(_unpacked))]
    return function(shared, *item)


def _load(data: bytes) -> Any:
    try:
        return pickle.loads(data)
    except (AttributeError, ImportError) as error:
        raise ValueError(
            f"client: a worker process cannot import what it is to run ({error}): put the module "
            "where the workers find it, or define the functions in the session or script itself"
        ) from error
