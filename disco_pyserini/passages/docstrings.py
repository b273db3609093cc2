"""``pydoc:`` and ``pydoc:NAME,…``: the documentation strings of Python modules.

They are read from the source files, so that no module of another package is imported, and nothing of it runs. Modules
of the standard library that are written in C (``math``, ``itertools``, ``builtins``) are imported.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import nearest
from disco_pyserini.passages.passage import BadRecordError, Passage
from disco_pyserini.passages.source import Found, Reading, Source, passage_id

_LEFT_OUT = {"antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"}
"""Of the standard library: tests, an editor, jokes."""

_TESTS = {"test", "tests"}


def open_modules(names: str) -> list[Source]:
    """Return one source for each module.

    Args:
        names: modules and packages, separated by commas, each with everything in it; empty for the standard library.

    Raises:
        InputError: there is no such module.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if names and not wanted:
        raise InputError(f"pydoc:{names}: expected names of modules, such as pydoc:json,argparse")
    sources: dict[str, Source] = {}
    for name in wanted or sorted(sys.stdlib_module_names - _LEFT_OUT):
        for source in _sources(name, named=bool(wanted)):
            sources.setdefault(source.name, source)
    return list(sources.values())


def _sources(name: str, named: bool) -> Iterator[Source]:
    spec = _find(name)
    if spec is None:
        if named:
            known = {*sys.stdlib_module_names, *_installed()}
            raise InputError(f"pydoc:{name}: no module of this name is installed: {nearest(name, known)}")
        return  # a module of another operating system
    if not named and name.startswith("_"):
        return
    if spec.submodule_search_locations is not None:
        yield from chain.from_iterable(_package(name, Path(folder)) for folder in spec.submodule_search_locations)
    elif spec.origin and spec.origin.endswith(".py"):
        yield _source(name, Path(spec.origin))
    elif name.partition(".")[0] in sys.stdlib_module_names:
        yield Source(name, sys.version, lambda reading: _of_compiled_module(name, reading))
    else:
        raise InputError(f"pydoc:{name}: expected a module with Python source, found {spec.origin or 'none'}")


def _find(name: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module without importing anything, not even the package that it is in."""
    top, *below = name.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    for part in below:
        if spec is None or spec.submodule_search_locations is None:
            return None
        path = list(spec.submodule_search_locations)
        spec = importlib.machinery.PathFinder.find_spec(f"{spec.name}.{part}", path)
    return spec


def _installed() -> Iterable[str]:
    from importlib.metadata import packages_distributions

    return packages_distributions()


def _package(name: str, folder: Path) -> Iterator[Source]:
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        if not all(part.isidentifier() for part in parts) or _TESTS.intersection(parts):
            continue
        yield _source(".".join([name, *parts]).removesuffix(".__init__"), file)


def _source(name: str, file: Path) -> Source:
    try:
        state = file.stat()
        stamp = f"{state.st_size} {state.st_mtime_ns}"
    except OSError:
        stamp = ""
    return Source(name, stamp, lambda reading: _of_source(name, file, reading), file)


def _of_source(name: str, file: Path, reading: Reading) -> Iterator[Found]:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        reading.on_error(BadRecordError(str(file), f"expected Python source, found what cannot be parsed: {problem}"))
        return
    found = dict.fromkeys(_described(tree, name))
    yield from _passages(str(file), found, reading)


def _described(node: ast.Module | ast.ClassDef, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield (qualified name, what to write before the text, documentation string) of what is public in a module."""
    if text := ast.get_docstring(node):
        if isinstance(node, ast.ClassDef):
            bases = ", ".join(map(ast.unparse, node.bases))
            yield name, f"class {name}({bases})" if bases else f"class {name}", text
        else:
            yield name, f"module {name}", text
    for child in node.body:
        if isinstance(child, ast.ClassDef) and _is_public(child.name):
            yield from _described(child, f"{name}.{child.name}")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and _is_public(child.name):
            qualified = f"{name}.{child.name}"
            if text := ast.get_docstring(child):
                yield qualified, f"{qualified}({ast.unparse(child.args)})", text


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _of_compiled_module(name: str, reading: Reading) -> Iterator[Found]:
    try:
        with warnings.catch_warnings(action="ignore"):  # of modules that will be removed
            module = importlib.import_module(name)
    except Exception as problem:  # a broken installation
        reading.on_error(BadRecordError(f"pydoc:{name}", f"expected a module, found that it cannot be read: {problem}"))
        return
    yield from _passages(f"pydoc:{name}", dict.fromkeys(_described_live(module, name)), reading)


def _described_live(value: object, name: str) -> Iterator[tuple[str, str, str]]:
    if text := inspect.getdoc(value):
        yield name, _heading(value, name), text
    for child, member in sorted(vars(value).items()):
        if not _is_public(child):
            continue
        if inspect.isclass(member) and isinstance(value, ModuleType) and member.__module__ == value.__name__:
            yield from _described_live(member, f"{name}.{child}")
        elif inspect.isroutine(member) and (text := inspect.getdoc(member)):
            yield f"{name}.{child}", _heading(member, f"{name}.{child}"), text


def _heading(value: object, name: str) -> str:
    if isinstance(value, ModuleType):
        return f"module {name}"
    if inspect.isclass(value):
        return f"class {name}"
    try:
        return f"{name}{inspect.signature(value)}"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return f"{name}(…)"


def _passages(where: str, found: Iterable[tuple[str, str, str]], reading: Reading) -> Iterator[Found]:
    numbers: dict[str, int] = {}
    for name, heading, text in found:
        for piece in reading.splitter.split(text, title=heading):
            # A name may be defined twice, such as a property and its setter.
            numbers[name] = numbers.get(name, 0) + 1
            yield where, Passage(passage_id(name, numbers[name]), piece)
