"""The index of a folder follows its files, encodes only what changed, and survives whatever happens to a run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from disco_pyserini.encoding.splade_encoders import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.passages import open_corpus
from disco_pyserini.search import DiscoSearcher, build_index
from disco_pyserini.search.corpus_index import corpus_index


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "disco-ask"


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were encoded as documents, by the real encoder."""
    texts: list[str] = []
    vectors = DiscoDocumentEncoder.vectors

    def noted(self: DiscoDocumentEncoder, some: Any) -> Any:
        texts.extend(some)
        return vectors(self, some)

    monkeypatch.setattr(DiscoDocumentEncoder, "vectors", noted)
    return texts


def everything(folder: Path) -> dict[str, tuple[float, str | None]]:
    with (
        corpus_index(open_corpus(folder), "disco-tiny", backend="torch") as index,
        DiscoSearcher(index.folder) as searcher,
    ):
        hits = searcher.search("warsaw poland paris france rome italy town", k=100)
        return {hit.docid: (hit.score, hit.text) for hit in hits}


def test_an_index_follows_its_files(
    tmp_path: Path, cache: Path, encoded: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for town, country in {"Warsaw": "Poland", "Paris": "France", "Rome": "Italy"}.items():
        (folder / f"{town}.txt").write_text(f"{town} is a town in {country}.")
    first = everything(folder)
    assert first.keys() == {"Warsaw.txt#1", "Paris.txt#1", "Rome.txt#1"} and len(encoded) == 3
    encoded.clear()
    assert everything(folder) == first and encoded == []

    os.utime(folder / "Rome.txt", ns=(1, 1))  # touched, not changed
    assert everything(folder) == first and encoded == []

    [entry] = [path for path in cache.iterdir() if path.is_dir()]
    for _ in range(2):
        (entry / "vectors").mkdir()  # left by a run that was killed at its last step
        assert everything(folder) == first and encoded == []
        assert sorted(path.name for path in entry.iterdir()) == ["index-1", "state.json"]
        os.utime(folder / "Rome.txt", ns=(2, 2))

    (folder / "Paris.txt").write_text("Paris is a large town in France.")
    (folder / "Warsaw.txt").unlink()
    (folder / "new.txt").write_text("Turin is a town in Italy.")
    (folder / "bad.txt").write_bytes(b"\xff\0")
    third = everything(folder)
    assert sorted(encoded) == ["Paris is a large town in France.", "Turin is a town in Italy."]
    assert "bad.txt: expected text, found a binary file" in caplog.text
    passages = [{"id": docid, "contents": str(text)} for docid, (_, text) in third.items()]
    with DiscoSearcher(build_index(passages, tmp_path / "fresh", encoder="disco-tiny")) as searcher:
        fresh = searcher.search("warsaw poland paris france rome italy town", k=100)
        assert {hit.docid: (hit.score, hit.text) for hit in fresh} == third
    assert sorted(path.name for path in entry.iterdir()) == ["index-2", "state.json"]

    for file in folder.glob("*.txt"):
        file.write_bytes(b"")
    with pytest.raises(InputError, match="docs: expected at least one passage, found none that can be used"):
        everything(folder)


def test_other_folders_and_encoders_have_entries_of_their_own(tmp_path: Path, cache: Path) -> None:
    for name in ("a/docs", "b/docs"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.txt").write_text(f"Warsaw {name}")
        (tmp_path / name / "y.txt").write_text("something else")
    assert everything(tmp_path / "a/docs") != everything(tmp_path / "b/docs")
    with corpus_index(open_corpus(tmp_path / "a/docs"), "english", backend="torch"):
        pass
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 3


@pytest.mark.parametrize("damage", ["state", "index", "manifest"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, cache: Path, damage: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "x.txt").write_text("Warsaw")
    (tmp_path / "docs" / "y.txt").write_text("something else")
    before = everything(tmp_path / "docs")
    assert before
    [entry] = [path for path in cache.iterdir() if path.is_dir()]
    if damage == "state":
        (entry / "state.json").write_text('{"format"')
    elif damage == "index":
        shutil.rmtree(entry / "index-1")
    else:
        (entry / "index-1" / "disco.json").write_text("?")
    assert everything(tmp_path / "docs") == before


PROGRAM = """
import sys
from disco_pyserini.passages import open_corpus
from disco_pyserini.search.corpus_index import corpus_index
with corpus_index(open_corpus(sys.argv[1]), "disco-tiny", backend="torch") as index:
    print(index.folder.name, flush=True)
"""


@pytest.mark.slow
def test_two_processes_at_once_and_killed_runs(tmp_path: Path, cache: Path, warm_python: str) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number}.txt").write_text(f"Warsaw number {number}. " + "More about the town. " * 20)
    command = ["-c", PROGRAM, str(folder)]
    killed = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not any(cache.glob("*/vectors")) and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    both = [subprocess.Popen([warm_python, *command], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=300)[0] for process in both] == ["index-1\n", "index-1\n"]
    assert len(everything(folder)) == 100
    [entry] = [path for path in cache.iterdir() if path.is_dir()]
    assert sorted(path.name for path in entry.iterdir()) == ["index-1", "state.json"]
