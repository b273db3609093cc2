"""Extends Pyserini's modules while they are imported; does nothing before.

The package installs a ``.pth`` file (see setup.py), of which Python runs one line at every start: it waits until a
program imports Pyserini, and then calls `at_start`.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SWITCH = "DISCO_PYSERINI_PLUGIN"
"""Environment variable: ``0`` keeps Pyserini as it is."""

# Module: the functions in hooks.py to call before and after it is executed.
_HOOKS = {
    "jnius": ("before_jnius", "after_jnius"),
    "pyserini.query_iterator": (None, "after_query_iterator"),
    "pyserini.search.lucene._impact_searcher": (None, "after_impact_searcher"),
}


# After one failure the rest of the plugin stays quiet.
_failed: list[str] = []


class _Finder:
    """Finds the modules to extend through the other finders, and has them loaded by a `_Loader`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # Other programs that use pyjnius are left alone.
        if name not in _HOOKS or "pyserini" not in sys.modules:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, name)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Loads a module as its own loader does, with our functions before and after."""

    def __init__(self, loader: Any, name: str) -> None:
        self._loader = loader
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._loader, attribute)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        before, after = _HOOKS[self._name]
        # From here on the module looks as if we had never been there.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        _call(before, module)
        self._loader.exec_module(module)
        _call(after, module)


def at_start() -> None:
    """What the ``.pth`` file calls before Pyserini is imported: `install`, unless `SWITCH` says no."""
    if os.environ.get(SWITCH) != "0":
        install()


def install() -> None:
    """Have Pyserini extended when it is imported."""
    if not any(type(finder) is _Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def is_installed() -> bool:
    """Whether Pyserini is extended when this process imports it."""
    return any(type(finder).__name__ in (_Finder.__name__, "DiscoPyseriniWaits") for finder in sys.meta_path)


def _call(function: str | None, module: ModuleType) -> None:
    if function is None or _failed:
        return
    try:
        from disco_pyserini.lucene import hooks

        getattr(hooks, function)(module)
    except Exception as problem:
        _failed.append(function)
        warnings.warn(
            f"disco-pyserini could not extend {module.__name__}, --encoder disco may be unknown: {problem!r}",
            RuntimeWarning,
            stacklevel=2,
        )
