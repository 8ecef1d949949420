"""What is in a pickle, whichever of its equal texts are one object."""

from __future__ import annotations

import pickletools
from hashlib import sha256
from typing import Any


def content_digest(pickled: bytes) -> str:
    """Sixty-four hexadecimal digits that change when what is pickled does.

    A text that is pickled a second time is a reference to the first where both are one object, and
    is written again where they are equal. Of a function's names and constants this depends on
    whether Python has just compiled the source or read the bytecode that it kept: a digest of the
    bytes would be one thing in the first process after an installation, and another in all others.

    Examples
    --------
    >>> import pickle
    >>> text = "no name, but a text"
    >>> same, equal = (pickle.dumps([text, each]) for each in (text, " ".join(text.split(" "))))
    >>> same == equal, content_digest(same) == content_digest(equal)
    (False, True)
    """
    texts: dict[Any, tuple[str, Any]] = {}
    others: dict[Any, int] = {}
    content = sha256()
    last: Any = None
    for code, argument, _ in pickletools.genops(pickled):
        name = code.name
        if name in ("PROTO", "FRAME"):
            continue
        if name == "MEMOIZE" or name.endswith("PUT"):
            place = len(texts) + len(others) if name == "MEMOIZE" else argument
            if isinstance(last[1], str):
                texts[place] = last
            else:
                others[place] = len(others)
            continue
        if not name.endswith("GET"):
            last = name, argument
        elif argument in texts:
            last = texts[argument]
        else:
            last = "GET", others[argument]
        content.update(repr(last).encode())
    return content.hexdigest()
