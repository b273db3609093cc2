"""What others can add without editing this package: collections, losses, engines and so on, by entry points.

A `Registry` holds the extensions of one kind by name: those of this package, those that installed packages announce
in an entry-point group (docs/extending.md), and those that a program registers itself. Nothing is imported before it is
asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from disco_pyserini.errors import DiscoError, InputError

GROUP_PREFIX = "disco_pyserini."
"""Every entry-point group begins with it: ``disco_pyserini.collections``, for example."""


class Registry[Extension]:
    """The extensions of one kind, by name.

    Args:
        kind: what an extension is, for error messages: ``loss``, for example.
        group: the entry-point group without `GROUP_PREFIX`: ``losses``.
        built_in: those of this package: the extension itself, or where it is (``package.module:name``).
    """

    def __init__(self, kind: str, group: str, built_in: Mapping[str, Extension | str]) -> None:
        self.kind = kind
        self.group = GROUP_PREFIX + group
        self._built_in = frozenset(built_in)
        self._known: dict[str, Any] = dict(built_in)

    def register(self, name: str, extension: Extension) -> None:
        """Add an extension for this process.

        Raises:
            InputError: the name is taken.
        """
        if name in self:
            raise InputError(f"there is a {self.kind} named {name!r} already: choose another name")
        self._known[name] = extension

    def get(self, name: str) -> Extension:
        """Return the extension of this name.

        Raises:
            InputError: there is none; the message suggests the nearest name.
            DiscoError: the package that announces it cannot be imported.
        """
        known = self._known.get(name)
        if isinstance(known, str):
            module, _, attribute = known.partition(":")
            known = getattr(import_module(module), attribute)
        elif known is None:
            known = self._load(name)
        self._known[name] = known
        found: Extension = known
        return found

    def names(self) -> list[str]:
        """All names: built-in and registered ones in the order of registration, then those of other packages."""
        return list(dict.fromkeys([*self._known, *_entry_points(self.group)]))

    def origin(self, name: str) -> str:
        """Return the package that provides an extension, or ``this process`` for what a program registered."""
        if name in self._built_in:
            return "disco-pyserini"
        entry = _entry_points(self.group).get(name)
        return "this process" if entry is None else _package(entry)

    def _load(self, name: str) -> Any:
        entry = _entry_points(self.group).get(name)
        if entry is None:
            raise InputError(f"unknown {self.kind} {name!r}: {nearest(name, self.names())}")
        try:
            return entry.load()
        except Exception as problem:  # another package's code may raise anything
            raise DiscoError(
                f"the {self.kind} {name!r} of the package {_package(entry)} cannot be loaded ({problem!r}): update or "
                "uninstall that package"
            ) from problem

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in _entry_points(self.group)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or list all of them: the end of an error message."""
    names = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return f"did you mean {names[near[0]]!r}?" if near else f"expected one of {', '.join(names.values())}"


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
