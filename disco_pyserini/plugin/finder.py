"""Extends modules of Pyserini and ir_datasets when they are imported; does nothing before.

The package installs a ``.pth`` file (see setup.py). Python runs its one line at every start: it waits until a program
imports Pyserini or ir_datasets, and then calls `at_start`.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SWITCH = "DISCO_PYSERINI_PLUGIN"
"""Environment variable: ``0`` turns the plugin off."""

# For each module, the functions to call before and after it executes.
_HOOKS = {
    "jnius": ("plugin.pyserini_hooks.before_jnius", None),
    "pyserini.query_iterator": (None, "plugin.pyserini_hooks.after_query_iterator"),
    "pyserini.search.lucene._impact_searcher": (None, "plugin.pyserini_hooks.after_impact_searcher"),
    "pyserini.server.backend": (None, "plugin.server_hooks.after_backend"),
    "ir_datasets": (None, "plugin.irds_hooks.register"),
}

# The name of the finder in the .pth file, which is a function.
_WAITER = "DiscoPyseriniWaits"

outcomes: dict[str, str] = {}
"""The error of each module whose hooks were called, or an empty string."""

# After a failure in one of our modules, its other hooks are not called.
_failed: dict[str, str] = {}


class _Finder:
    """Finds the modules to extend through the other finders, and wraps their loaders in a `_Loader`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # Leave other programs that use pyjnius alone.
        if name not in _HOOKS or (name == "jnius" and "pyserini" not in sys.modules):
            return None
        for finder in sys.meta_path:
            if finder is self or _waits(finder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, name)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Loads a module with its own loader, and calls our functions before and after."""

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
        # From here on, the module shows its own loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        problem = _call(before, module)
        self._loader.exec_module(module)
        outcomes[self._name] = problem or _call(after, module)


def at_start(name: str = "", path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
    """Call `install`, unless `SWITCH` is ``0``. The ``.pth`` file calls this at the first import of either package.

    Returns the spec of that module if it has a hook: Python does not ask a finder that is added during its search.
    """
    if os.environ.get(SWITCH) == "0":
        return None
    install()
    return _Finder().find_spec(name, path, target)


def install() -> None:
    """Extend Pyserini and ir_datasets when this process imports them."""
    if not any(type(finder) is _Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def is_installed() -> bool:
    """Whether this process extends Pyserini and ir_datasets when it imports them."""
    return any(type(finder) is _Finder or _waits(finder) for finder in sys.meta_path)


def _waits(finder: object) -> bool:
    # It was an object of a class of this name: an editable install keeps the line of the version that was installed.
    return _WAITER in (getattr(finder, "__qualname__", ""), type(finder).__name__)


def _call(function: str | None, module: ModuleType) -> str:
    """Call a hook; return the error, or an empty string."""
    if function is None:
        return ""
    where, _, name = function.rpartition(".")
    if where not in _failed:
        try:
            getattr(import_module(f"disco_pyserini.{where}"), name)(module)
        except Exception as problem:
            _failed[where] = repr(problem)
            _warn(f"disco-pyserini could not extend {module.__name__}, its names may be unknown there: {problem!r}")
    return _failed.get(where, "")


def _warn(text: str) -> None:
    """Warn, also where warnings are errors and where stderr is closed: no program may fail because of the plugin."""
    with suppress(OSError, ValueError):
        try:
            warnings.warn(text, RuntimeWarning, stacklevel=4)
        except RuntimeWarning:
            if sys.stderr is not None:
                print(f"warning: {text}", file=sys.stderr)
