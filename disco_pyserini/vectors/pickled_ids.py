"""The pickled list of document ids beside a published SPLADE index, read without unpickling it."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterator
from pathlib import Path

from disco_pyserini.errors import InputError

_IDS = {"BININT", "BININT1", "BININT2", "LONG1", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
# What surrounds them in a list: the protocol, frames, memo entries for repeated objects, groups of items.
_AROUND = {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "MARK", "APPEND", "APPENDS"}


def read_pickled_ids(path: Path) -> Iterator[str]:
    """Yield the ids of a pickled list of strings or integers, in order.

    A pickle is a program. It is not executed here: instructions are read one by one, and any that a list of strings and
    integers does not need is refused. Only one id is in memory at a time.

    Raises:
        InputError: the file cannot be read, is truncated, or is not such a list; or an id has white space in it.
    """
    within = False
    try:
        with path.open("rb") as file:
            for instruction, argument, place in pickletools.genops(file):
                name = instruction.name
                if within and name in _IDS:
                    docid = str(argument)
                    if not docid.isascii() and re.search("[\ud800-\udfff]", docid):
                        raise InputError(f"{path}: expected ids of Unicode text, found {docid!r:.80} at byte {place}")
                    if docid.split() != [docid]:
                        raise InputError(f"{path}: expected ids without white space, found {docid!r} at byte {place}")
                    yield docid
                elif name == "EMPTY_LIST" and not within:
                    within = True
                elif name not in _AROUND and not (within and name == "STOP"):
                    raise InputError(
                        f"{path}: expected a pickled list of texts or integers, found the instruction {name} at byte "
                        f"{place}: nothing of it was executed; if you trust its source, write the list anew as texts"
                    )
    except (ValueError, EOFError, OverflowError, MemoryError) as problem:
        raise InputError(f"{path}: not a whole pickle: {problem}: get it again") from problem
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
