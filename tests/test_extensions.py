"""What other packages add: names, origins, and packages that are broken."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from disco_pyserini import extensions
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extensions import Registry, nearest


@pytest.fixture
def registry() -> Registry[object]:
    return Registry("colour", "test_colours", {"red": "math:tau", "green": 2})


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages: two announce colours, one of which cannot be imported."""
    announce(tmp_path, "paint-box", "blue = paint_box:BLUE", "red = paint_box:RED")
    announce(tmp_path, "worn-out", "grey = worn_out:GREY", "black = exits:BLACK", "absent = paint_box:ABSENT")
    announce(tmp_path, "zz-late", "blue = elsewhere:BLUE")
    (tmp_path / "paint_box.py").write_text("BLUE, RED = 5, 6")
    (tmp_path / "worn_out.py").write_text("raise RuntimeError('dried up')")
    (tmp_path / "exits.py").write_text("import sys; sys.exit('no colour')")
    monkeypatch.syspath_prepend(tmp_path)
    extensions._entry_points.cache_clear()
    yield tmp_path
    extensions._entry_points.cache_clear()
    for name in ("paint_box", "worn_out", "exits"):
        sys.modules.pop(name, None)


def announce(site: Path, package: str, *lines: str) -> None:
    folder = site / f"{package.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("\n".join(["[disco_pyserini.test_colours]", *lines]))


def test_built_in_ones_are_imported_when_they_are_asked_for(registry: Registry[object]) -> None:
    assert registry.names() == list(registry) == ["red", "green"]
    assert registry.get("red") == math.tau
    assert registry.get("green") == 2
    assert registry.origin("red") == "disco-pyserini"


def test_a_program_registers_its_own(registry: Registry[object]) -> None:
    registry.register("pink", 3)
    assert "pink" in registry
    assert (registry.get("pink"), registry.origin("pink")) == (3, "this process")


def test_an_unknown_name_is_refused_with_the_nearest(registry: Registry[object]) -> None:
    for refuse in (registry.get, registry.check):
        with pytest.raises(InputError, match=r"^unknown colour 'gren': did you mean 'green'\?$"):
            refuse("gren")
        with pytest.raises(InputError, match=r"^unknown colour 'xyz': expected one of red, green$"):
            refuse("xyz")
    assert nearest("RED", ["red"]) == "did you mean 'red'?"


def test_a_taken_name_is_refused(registry: Registry[object], installed: Path) -> None:
    with pytest.raises(InputError, match="the colour 'red' of disco-pyserini exists already"):
        registry.register("red", 1)
    with pytest.raises(InputError, match="the colour 'blue' of paint-box exists already"):
        registry.register("blue", 1)
    assert registry.get("blue") == 5


def test_installed_packages_add_theirs(registry: Registry[object], installed: Path) -> None:
    assert registry.names()[:3] == ["red", "green", "blue"]
    assert (registry.get("blue"), registry.origin("blue")) == (5, "paint-box")


def test_nothing_is_imported_before_it_is_asked_for(registry: Registry[object], installed: Path) -> None:
    registry.check("grey")
    assert registry.origin("grey") == "worn-out"
    assert not {"paint_box", "worn_out", "exits"} & sys.modules.keys()


def test_an_entry_point_replaces_nothing(registry: Registry[object], installed: Path) -> None:
    assert registry.get("red") == math.tau
    assert sorted(registry.clashes()) == [("blue", "zz-late"), ("red", "paint-box")]


@pytest.mark.parametrize(
    ("name", "reason"), [("grey", "RuntimeError.'dried up'."), ("black", "SystemExit"), ("absent", "AttributeError")]
)
def test_a_broken_package_is_named(registry: Registry[object], installed: Path, name: str, reason: str) -> None:
    with pytest.raises(DiscoError, match=f"the colour '{name}' of the package worn-out cannot be loaded .{reason}"):
        registry.get(name)
