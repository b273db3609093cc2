"""Documentation strings are read without importing, or running, any package."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections import Counter
from pathlib import Path

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.passages import BadRecordError, read_passages


def test_a_package_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "dangerous"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text('"""Does harm when imported."""\nraise SystemExit("imported")\n')
    (package / "sub.py").write_text(
        "class Box(dict):\n"
        '    """A box."""\n'
        "    @property\n"
        "    def size(self):\n"
        '        """How large it is."""\n'
        "    @size.setter\n"
        "    def size(self, value):\n"
        '        """Make it larger."""\n'
        "    def _private(self):\n"
        '        """Hidden."""\n'
        "async def fetch(url, *, retries: int = 3) -> str:\n"
        '    """Fetch\n\n    a page."""\n'
    )
    (package / "broken.py").write_text("def (")
    (package / "tests" / "test_it.py").write_text('"""A test."""')
    monkeypatch.syspath_prepend(tmp_path)
    problems: list[BadRecordError] = []
    found = {passage.id: passage.contents for passage in read_passages("pydoc:dangerous", on_error=problems.append)}
    assert found == {
        "dangerous#1": "module dangerous\nDoes harm when imported.",
        "dangerous.sub.Box#1": "class dangerous.sub.Box(dict)\nA box.",
        "dangerous.sub.Box.size#1": "dangerous.sub.Box.size(self)\nHow large it is.",
        "dangerous.sub.Box.size#2": "dangerous.sub.Box.size(self, value)\nMake it larger.",
        "dangerous.sub.fetch#1": "dangerous.sub.fetch(url, *, retries: int=3)\nFetch\n\na page.",
    }
    assert [Path(problem.where).name for problem in problems] == ["broken.py"]
    assert "dangerous" not in sys.modules
    assert [passage.id for passage in read_passages("pydoc:dangerous.sub")] == list(found)[1:]


def test_the_standard_library() -> None:
    passages = list(read_passages("pydoc:"))
    counts = Counter(passage.id for passage in passages)
    assert len(passages) > 3000 and counts.most_common(1)[0][1] == 1
    assert {"json.dumps#1", "builtins.str.split#1", "math.sqrt#1", "itertools.chain#1"} <= counts.keys()
    assert not {docid for docid in counts if docid.startswith(("test.", "idlelib", "_"))}
    [parse] = [p.contents for p in passages if p.id == "argparse.ArgumentParser#1"]
    assert str(inspect.getdoc(argparse.ArgumentParser)).splitlines()[0] in parse


def test_names_that_do_not_exist() -> None:
    with pytest.raises(InputError, match="pydoc:jsn: no module of this name is installed: did you mean 'json'"):
        next(read_passages("pydoc:jsn"))
    with pytest.raises(InputError, match=r"pydoc:json\.nonesuch: no module"):
        next(read_passages("pydoc:argparse,json.nonesuch"))
    with pytest.raises(InputError, match="expected names of modules"):
        next(read_passages("pydoc:,"))
