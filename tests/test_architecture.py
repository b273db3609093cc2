"""The rules of docs/architecture.md that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "disco_pyserini"

BASE = {"errors", "extras", "files", "records", "extensions", "storage"}
FORMATS = {*BASE, "conversation", "trec"}
VECTORS = {*BASE, "conversation", "impacts", "cards", "encoding", "vectors", "passages"}
SEARCH = {*VECTORS, "search", "trec"}
MAY_IMPORT = {
    "errors": set(),
    "logs": set(),
    "extras": {"errors"},
    "storage": {"errors"},
    "web": set(),
    "files": {"errors", "storage"},
    "records": {"errors", "extensions", "storage"},
    "extensions": {"errors"},
    "html_tables": set(),
    "conversation": {"errors", "html_tables"},
    "impacts": {"errors"},
    "trec": {"errors", "files"},
    "cards": {*BASE, "impacts"},
    "encoding": {*BASE, "conversation", "impacts", "cards"},
    "passages": BASE,
    "vectors": {*BASE, "impacts", "cards", "encoding", "passages"},
    "datasets": {*FORMATS, "passages", "web"},
    "demo_world": {*FORMATS, "passages", "datasets"},
    "exports": {*BASE, "vectors", "search"},
    "search": {*SEARCH, "html_tables"},
    "lucene": SEARCH,
    "flat": SEARCH,
    "plugin": {*SEARCH, "lucene", "datasets", "logs"},
    "integrations": {*BASE, "conversation", "encoding", "datasets", "search"},
    "evaluation": {*BASE, "impacts", "trec", "vectors"},
    "training": {*VECTORS, "trec", "datasets", "evaluation"},
    "rewriting": {*FORMATS, "datasets", "encoding", "web"},
    "ray": SEARCH,
    "serving": {*SEARCH, "datasets", "evaluation", "rewriting", "reproduction"},
    "reproduction": {*FORMATS, "cards", "datasets", "evaluation", "passages"},
}
KNOW_JAVA = {"lucene", "plugin"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def parents(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return modules


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files = [path for path in PACKAGE.rglob("*.py") if room_of(path) == room]
    assert files
    for path in files:
        for module in imported_modules(path):
            parts = module.split(".")
            if parts[0] == "disco_pyserini" and len(parts) > 1:
                assert parts[1] in {room, *MAY_IMPORT[room]}, f"{path} imports {module}"
            if room not in KNOW_JAVA:
                assert parts[0] not in {"pyserini", "jnius", "jnius_config"}, f"{path} imports {module}"


def test_every_room_has_a_rule() -> None:
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")}
    assert rooms - {"__init__", "__main__", "cli", "demonstration", "diagnosis"} == MAY_IMPORT.keys()


def test_the_documented_rooms_are_these() -> None:
    architecture = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)(?:/|\.py)` \| .+ \| (.+) \|$", architecture, flags=re.MULTILINE)
    documented = {room: set(imports.split(", ")) - {"nothing"} for room, imports in rows}
    assert documented.pop("cli") == {"anything", "when a command runs"}
    for imports in documented.values():
        if "base" in imports:
            imports.symmetric_difference_update({"base", *BASE})
    # A room may always import itself.
    assert documented == {room: imports - {room} for room, imports in MAY_IMPORT.items()}


def test_no_circles() -> None:
    """Not even within a room, and not by imports inside functions either."""
    modules = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    imports = {name: imported_modules(path) & modules.keys() - {name} for name, path in modules.items()}
    order = TopologicalSorter({name: found - parents(name) for name, found in imports.items()})
    assert set(order.static_order()) == modules.keys()  # raises a CycleError that names a circle


def test_no_two_modules_share_a_name() -> None:
    names = Counter(path.stem for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
    assert [name for name, uses in names.items() if uses > 1] == []


@pytest.mark.parametrize(
    "module",
    [
        "disco_pyserini",
        "disco_pyserini.conversation",
        "disco_pyserini.plugin.finder",
        "disco_pyserini.datasets.turns",
    ],
)
def test_light_modules_load_neither_torch_nor_java(module: str) -> None:
    code = (
        f"import sys; import {module}; "
        "sys.exit(', '.join({'torch', 'transformers', 'jnius', 'pyserini', 'numpy'} & sys.modules.keys()) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_training_and_encoding_start_no_java() -> None:
    code = (
        "import sys; import disco_pyserini.training.tiny, disco_pyserini.training.distillation; "
        "sys.exit(', '.join({'jnius', 'pyserini'} & sys.modules.keys()) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_dependency_is_explained() -> None:
    setup = (REPOSITORY / "setup.cfg").read_text(encoding="utf-8")
    required = setup.split("install_requires =")[1].split("[options.extras_require]")[0]
    names = re.findall(r"^    ([\w-]+)(?:\[\w+\])?[><=!~]", required + "\n    pyjnius>=1", flags=re.MULTILINE)
    architecture = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    explained = architecture.split("## Dependencies")[1]
    assert len(names) > 10
    assert [name for name in names if name not in explained] == []


def test_every_package_is_installed() -> None:
    """setup.cfg lists the packages by hand, since two of them stand at the top of the repository."""
    setup = (REPOSITORY / "setup.cfg").read_text(encoding="utf-8")
    listed = set(re.findall(r"^    (disco_pyserini[\w.]*)$", setup, flags=re.MULTILINE))
    found = {".".join(path.parent.relative_to(REPOSITORY).parts) for path in PACKAGE.rglob("__init__.py")}
    assert listed == found | {"disco_pyserini.encoders", "disco_pyserini.runs"}


def test_documentation_links_lead_somewhere() -> None:
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page}: {link}"
