"""Building a folder beside its final place, so that a killed build leaves nothing under the final name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from disco_pyserini.errors import DiscoError, InputError


@contextmanager
def folder_aside(final: Path) -> Iterator[Path]:
    """Make a new folder beside ``final`` and rename it to ``final`` when the block ends without an error.

    Leftovers of killed builds of the same folder are removed first.

    Raises:
        InputError: ``final`` exists already and is not an empty folder.
        DiscoError: the file system refused.
    """
    _refuse_existing(final)
    aside = _name(final, os.getpid())
    try:
        _remove_leftovers(final)
        aside.mkdir(parents=True)
        yield aside
        _refuse_existing(final)
        if final.exists():
            final.rmdir()
        aside.rename(final)
    except OSError as problem:
        raise DiscoError(f"cannot write {final}: {problem.strerror or problem}: nothing was left there") from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _name(final: Path, pid: int | str) -> Path:
    return final.with_name(f".{final.name}.{pid}.part")


def _refuse_existing(final: Path) -> None:
    if final.exists() and not (final.is_dir() and not any(final.iterdir())):
        what = "a folder that is not empty" if final.is_dir() else "a file"
        raise InputError(f"{final}: already there ({what}): choose another name, or remove it first")


def _remove_leftovers(final: Path) -> None:
    for leftover in final.parent.glob(_name(final, "*").name):
        pid = leftover.suffixes[-2].removeprefix(".")
        if not (pid.isdecimal() and _is_alive(int(pid))):
            shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
