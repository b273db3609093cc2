"""What users import from the top of the package."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import disco_pyserini

ROOT = Path(disco_pyserini.__file__)


def test_every_public_name_is_imported_lazily_and_known_to_type_checkers() -> None:
    tree = ast.parse(ROOT.read_text(encoding="utf-8"))
    [checked] = [node for node in tree.body if isinstance(node, ast.If)]
    known = {alias.name for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert known == set(disco_pyserini.__all__) == disco_pyserini._HOME.keys()
    assert set(disco_pyserini.__all__) <= set(dir(disco_pyserini))
    for name in disco_pyserini.__all__:
        assert getattr(disco_pyserini, name).__name__ == name


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DiscoSercher'"):
        disco_pyserini.DiscoSercher  # noqa: B018
    done = subprocess.run([sys.executable, "-c", "from disco_pyserini import nonsense"], capture_output=True, text=True)
    assert "ImportError: cannot import name 'nonsense'" in done.stderr


def test_the_version_has_one_source() -> None:
    setup = (ROOT.parents[1] / "setup.cfg").read_text(encoding="utf-8")
    assert re.search(r"^version = attr: disco_pyserini\.__version__$", setup, flags=re.MULTILINE)
    assert version("disco-pyserini") == disco_pyserini.__version__


@pytest.mark.parametrize("name", disco_pyserini.__all__)
def test_public_names_are_documented(name: str) -> None:
    """Functions and constructors say what each of their arguments is, and public methods have docstrings."""
    found = getattr(disco_pyserini, name)
    text = inspect.getdoc(found)
    assert text and text[-1] in ".`", name
    if inspect.isclass(found) and not issubclass(found, Exception):
        for member, value in vars(found).items():
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                assert inspect.getdoc(getattr(found, member)), f"{name}.{member}"
        if found.__init__ is object.__init__:
            return
    elif inspect.isclass(found):
        return
    # A class without a constructor of its own has the arguments of the class that it extends.
    texts = [inspect.getdoc(one) or "" for one in (inspect.getmro(found) if inspect.isclass(found) else [found])]
    sections = re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)+)", "\n".join(texts), flags=re.MULTILINE)
    described = re.findall(r"^    (\w+):", "".join(sections), flags=re.MULTILINE)
    parameters = [
        parameter.name
        for parameter in inspect.signature(found).parameters.values()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    assert [parameter for parameter in parameters if parameter not in described] == [], name


def test_paths_may_be_texts(tmp_path: Path) -> None:
    name = str(tmp_path / "file")
    disco_pyserini.write_run({"q": [disco_pyserini.Hit("d", 2.0)]}, name)
    assert disco_pyserini.read_run(name) == {"q": {"d": 2.0}}
    assert dict(disco_pyserini.read_teacher(name, flat=[])) == {}
    disco_pyserini.write_teacher([("q", {"a": 2.0, "b": 1.0})], name)
    assert dict(disco_pyserini.read_teacher(name)) == {"q": {"a": 2.0, "b": 1.0}}
    (tmp_path / "file").write_text("q 0 d 1\n")
    assert disco_pyserini.read_qrels(name) == {"q": {"d": 1}}
    (tmp_path / "file").write_text("q\ttext\n")
    assert disco_pyserini.read_topics(name) == {"q": "text"}
    (tmp_path / "file").write_text("model: 3\n")
    with pytest.raises(disco_pyserini.InputError, match="model"):
        disco_pyserini.read_config(name)
    (tmp_path / "file.jsonl").write_text('{"id": "d", "contents": "text"}\n')
    for path in (tmp_path / "file.jsonl", f"{name}.jsonl"):
        assert list(disco_pyserini.read_passages(path)) == [disco_pyserini.Passage("d", "text")]


def test_training_is_configured_by_nested_dicts_too() -> None:
    with pytest.raises(disco_pyserini.InputError, match=r"training configuration: model\.document_encodr: unknown"):
        disco_pyserini.train({"model": {"document_encodr": "disco-tiny"}})
