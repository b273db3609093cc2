"""What other packages can add: collections, losses, engines and so on, by entry points (docs/extending.md).

A `Registry` holds the extensions of one kind by name: those of this package, those that installed packages announce as
entry points, and those that a program registers itself. Nothing is imported before it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from disco_pyserini.errors import DiscoError, InputError

OWN_PACKAGE = "disco-pyserini"
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
            raise InputError(f"the {self.kind} {name!r} of {self.origin(name)} exists already: choose another name")
        self._known[name] = extension

    def get(self, name: str) -> Extension:
        """Return the extension of this name.

        Raises:
            InputError: there is none; the message suggests the nearest name.
            DiscoError: the package that announces it cannot be imported.
        """
        self.check(name)
        known = self._known.get(name)
        if isinstance(known, str):
            module, _, attribute = known.partition(":")
            known = getattr(import_module(module), attribute)
        elif known is None:
            known = self._load(_entry_points(self.group)[name])
        self._known[name] = known
        found: Extension = known
        return found

    def check(self, name: str) -> None:
        """Raise the `InputError` of `get` if there is no such extension, without importing anything."""
        if name not in self:
            raise InputError(f"unknown {self.kind} {name!r}: {nearest(name, self.names())}")

    def names(self) -> list[str]:
        """All names: built-in and registered ones in the order of registration, then those of other packages."""
        return list(dict.fromkeys([*self._known, *_entry_points(self.group)]))

    def origin(self, name: str) -> str:
        """Return the package that provides an extension, or ``this process`` for what a program registered."""
        if name in self._built_in:
            return OWN_PACKAGE
        entry = _entry_points(self.group).get(name)
        return "this process" if entry is None else _package(entry)

    def clashes(self) -> list[tuple[str, str]]:
        """Return (name, package) of the entry points that are ignored, since their name belongs to another package."""
        entries = _entry_points(self.group)
        return [
            (entry.name, _package(entry))
            for entry in entry_points(group=self.group)
            if entry.name in self._built_in or entry != entries[entry.name]
        ]

    def _load(self, entry: EntryPoint) -> Any:
        try:
            return entry.load()
        except (Exception, SystemExit) as problem:  # another package's code may raise anything
            raise DiscoError(
                f"the {self.kind} {entry.name!r} of the package {_package(entry)} cannot be loaded ({problem!r}): "
                "update or uninstall that package"
            ) from problem

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in _entry_points(self.group)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or list all of them: the end of an error message."""
    names: dict[str, str] = {}
    for each in known:
        names.setdefault(each.lower(), each)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return f"did you mean {names[near[0]]!r}?" if near else f"expected one of {', '.join(names.values())}"


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name; of two with one name, that of the package first in the alphabet counts."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=group), key=_package):
        found.setdefault(entry.name, entry)
    return found


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
