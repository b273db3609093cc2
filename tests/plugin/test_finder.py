"""The plugin waits for Pyserini, costs next to nothing, and never breaks anybody. With a stand-in for Pyserini."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from small_indexes import Run, pth_line

from disco_pyserini.plugin import finder

STAND_IN = {
    "pyserini/__init__.py": "",
    "pyserini/query_iterator.py": """
class DefaultQueryIterator:
    @classmethod
    def from_topics(cls, topics_path):
        return topics_path
""",
    "pyserini/search/__init__.py": "",
    "pyserini/search/lucene/__init__.py": "from ._impact_searcher import LuceneImpactSearcher",
    "pyserini/search/lucene/_impact_searcher.py": """
class LuceneImpactSearcher:
    def __init__(self, index_dir, query_encoder, min_idf=0, encoder_type='pytorch', prebuilt_index_name=None):
        self.query_encoder, self.encoder_type = query_encoder, encoder_type

    @classmethod
    def from_prebuilt_index(cls, prebuilt_index_name, query_encoder, min_idf=0, encoder_type='pytorch'):
        return None

    def encode(self, query):
        return self.query_encoder.encode(query)

    def search(self, q, k=10, fields=dict()):
        return self.encode(q)

    def batch_search(self, queries, qids, k=10, threads=1, fields=dict()):
        return {qid: self.encode(query) for qid, query in zip(qids, queries)}
""",
}


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    for name, source in STAND_IN.items():
        path = tmp_path / "stand-in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return tmp_path / "stand-in"


HEAD = """
import sys
sys.path.insert(0, {stand_in!r})
"""

PATCHED = """
from pyserini.search.lucene import LuceneImpactSearcher
print(LuceneImpactSearcher.__init__.__code__.co_filename.rpartition('/')[2])
print(sorted(name for name in sys.modules if name.startswith('disco_pyserini')))
"""


def run(run_python: Run, stand_in: Path, script: str, **variables: str) -> tuple[list[str], str]:
    done = run_python("-c", HEAD.format(stand_in=str(stand_in)) + script, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_nothing_is_imported_before_pyserini(run_python: Run, stand_in: Path) -> None:
    script = "print([m for m in sys.modules if m.startswith(('disco_pyserini', 'torch', 'jnius'))])"
    assert run(run_python, stand_in, script) == (["[]"], "")
    assert run(run_python, stand_in, "import pyserini; import jnius_config;" + script)[0] == [
        "['disco_pyserini', 'disco_pyserini.plugin', 'disco_pyserini.plugin.finder', 'jnius_config']"
    ]


def test_pyserini_is_extended(run_python: Run, stand_in: Path) -> None:
    lines, said = run(run_python, stand_in, PATCHED)
    assert lines[0] == "pyserini_hooks.py" and "disco_pyserini.plugin.pyserini_hooks" in lines[1] and said == ""


def test_switched_off(run_python: Run, stand_in: Path) -> None:
    lines, said = run(run_python, stand_in, PATCHED, DISCO_PYSERINI_PLUGIN="0")
    assert lines[0] == "_impact_searcher.py" and "disco_pyserini.plugin.pyserini_hooks" not in lines[1] and said == ""


def test_a_broken_plugin_warns_once(run_python: Run, stand_in: Path) -> None:
    script = "sys.modules['disco_pyserini.plugin.pyserini_hooks'] = None; import pyserini.query_iterator" + PATCHED
    lines, said = run(run_python, stand_in, script)
    assert lines[0] == "_impact_searcher.py"
    assert said.count("Warning") == 1
    assert "RuntimeWarning: disco-pyserini could not extend pyserini.query_iterator" in said


def test_an_unknown_pyserini_warns_once(run_python: Run, stand_in: Path) -> None:
    (stand_in / "pyserini/search/lucene/_impact_searcher.py").write_text("LuceneImpactSearcher = None")
    _, said = run(run_python, stand_in, "import pyserini.search.lucene; import pyserini.query_iterator")
    assert said.count("Warning") == 1 and "could not extend pyserini.search.lucene._impact_searcher" in said


def test_a_missing_package_is_one_line(run_python: Run, stand_in: Path) -> None:
    _, said = run(run_python, stand_in, "sys.modules['disco_pyserini'] = None; import pyserini.search.lucene")
    assert len(said.splitlines()) == 1
    assert said.startswith("warning: disco-pyserini does not extend pyserini: ModuleNotFoundError(")


def test_other_programs_with_pyjnius_are_left_alone(run_python: Run, stand_in: Path) -> None:
    (stand_in / "jnius.py").write_text("")
    lines, _ = run(run_python, stand_in, "import jnius; print([m for m in sys.modules if m.startswith('disco')])")
    assert lines == ["[]"]


BATCHES = """
from pyserini.search.lucene import LuceneImpactSearcher

class Encoder:
    calls = []
    def encode(self, text):
        return {"alone": len(text)}
    def encode_batch(self, texts):
        self.calls.append(texts)
        return [{text: 1} for text in texts]

class Plain:
    def encode(self, text):
        return {"plain": 1}

searcher = LuceneImpactSearcher("there is no such index", Plain())
print(searcher.batch_search(["a", "b"], ["1", "2"]), searcher.search("a"))
searcher.query_encoder = Encoder()
print(searcher.batch_search(["a", "b", "a"], ["1", "2", "3"], 10, threads=2), searcher.search("abc"), Encoder.calls)
"""


def test_batches(run_python: Run, stand_in: Path) -> None:
    lines, _ = run(run_python, stand_in, BATCHES)
    assert lines == [
        "{'1': {'plain': 1}, '2': {'plain': 1}} {'plain': 1}",
        "{'1': {'a': 1}, '2': {'b': 1}, '3': {'a': 1}} {'alone': 3} [['a', 'b']]",
    ]


def test_start_up_costs_less_than_two_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    line, before = pth_line(Path(__file__).parents[2]), len(sys.modules)
    times = []
    for _ in range(20):
        waiting = "DiscoPyseriniWaits"
        others = [finder for finder in sys.meta_path if type(finder).__name__ != waiting]
        monkeypatch.setattr(sys, "meta_path", others)
        started = time.perf_counter()
        exec(line)
        times.append(time.perf_counter() - started)
        exec(line)
        assert [type(finder).__name__ for finder in sys.meta_path].count(waiting) == 1
    assert min(times) < 0.002
    assert len(sys.modules) == before
    assert finder.is_installed()
