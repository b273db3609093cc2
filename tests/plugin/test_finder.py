"""The plugin waits for Pyserini, costs next to nothing, and never breaks anybody. With a stand-in for Pyserini."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from small_indexes import Run, pth_line

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


def test_another_pyserini_is_left_as_it_is(run_python: Run, stand_in: Path) -> None:
    path = stand_in / "pyserini/search/lucene/_impact_searcher.py"
    path.write_text(path.read_text().replace("def batch_search(self, queries,", "def batch_search(self, questions,"))
    lines, said = run(run_python, stand_in, PATCHED)
    assert lines[0] == "_impact_searcher.py"
    assert said.count("Warning") == 1 and "batch_search has no parameter queries: an unknown Pyserini" in said


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


WITHOUT_HOOKS = "sys.modules['disco_pyserini.plugin.pyserini_hooks'] = None; "
WITHOUT_US = "sys.modules['disco_pyserini'] = None; "
DEAF = ("sys.stderr = None; ", "sys.stderr.close(); ", "sys.stderr = open('/dev/full', 'w', buffering=1); ")


@pytest.mark.parametrize("broken", [WITHOUT_HOOKS, WITHOUT_US], ids=["hooks", "package"])
@pytest.mark.parametrize("stderr", DEAF, ids=["none", "closed", "full"])
def test_a_warning_that_cannot_be_written_breaks_nothing(
    run_python: Run, stand_in: Path, broken: str, stderr: str
) -> None:
    script = broken + stderr + "import pyserini.query_iterator; sys.stderr = None; print('fine')"
    assert run(run_python, stand_in, script)[0] == ["fine"]


def test_warnings_as_errors_break_nothing(run_python: Run, stand_in: Path) -> None:
    script = WITHOUT_HOOKS + "import warnings; warnings.simplefilter('error'); import pyserini.query_iterator; print(1)"
    lines, said = run(run_python, stand_in, script)
    assert lines == ["1"] and said.startswith("warning: disco-pyserini could not extend pyserini.query_iterator")


def test_finders_of_the_old_kind_are_passed_over(run_python: Run, stand_in: Path) -> None:
    script = (
        WITHOUT_HOOKS
        + "sys.meta_path.insert(1, object()); import pyserini.query_iterator as q; print(q.DefaultQueryIterator)"
    )
    assert run(run_python, stand_in, script)[0] == ["<class 'pyserini.query_iterator.DefaultQueryIterator'>"]


def test_a_line_that_runs_twice_does_no_harm(run_python: Run, stand_in: Path) -> None:
    line = pth_line(Path(__file__).parents[2])
    _, said = run(run_python, stand_in, f"exec({line!r})\n{WITHOUT_HOOKS}\nimport pyserini.query_iterator")
    assert said.count("Warning") == 1


def test_a_start_costs_at_most_a_millisecond(tmp_path: Path) -> None:
    """Processor time, user and system: the median of 20 starts, alternately without and with the line."""
    pythons = []
    for name, line in (("without", ""), ("with", pth_line(Path(__file__).parents[2]))):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / name], check=True)
        [packages] = (tmp_path / name / "lib").glob("python*/site-packages")
        (packages / "disco_pyserini.pth").write_text(line)
        pythons.append(str(tmp_path / name / "bin" / "python"))

    def cost(python: str) -> float:
        child = os.posix_spawn(python, [python, "-c", "pass"], os.environ)
        _, status, used = os.wait4(child, 0)
        assert status == 0
        return used.ru_utime + used.ru_stime

    def difference() -> float:
        without, with_line = zip(*[[cost(python) for python in pythons] for _ in range(20)], strict=True)
        return median(with_line) - median(without)

    # On a busy machine, each start takes longer: a second and a third try are allowed.
    assert any(difference() <= 0.001 for _ in range(3))
