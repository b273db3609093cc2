"""The index answers like the one that Anserini builds from the same vectors, and a failed build leaves nothing."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from small_indexes import LookUp, Run, Vector, Vectors, index_by_anserini

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search.hits import Hit
from disco_pyserini.search.index_manifest import read_index_manifest
from disco_pyserini.search.searcher import DiscoSearcher


def open_reader(index: Path) -> Any:
    jnius = jvm.start()
    folder = jnius.autoclass("java.io.File")(str(index)).toPath()
    directory = jnius.autoclass("org.apache.lucene.store.FSDirectory").open(folder)
    reader = jnius.autoclass("org.apache.lucene.index.DirectoryReader").open(directory)
    return jnius.cast("org.apache.lucene.index.IndexReader", reader)


def statistics(index: Path) -> dict[str, Any]:
    """Everything that Lucene knows about the terms of an index, and some."""
    jnius, reader = jvm.start(), open_reader(index)
    terms = jnius.autoclass("org.apache.lucene.index.MultiTerms").getTerms(reader, "contents")
    iterator, by_term = terms.iterator(), {}
    while (term := iterator.next()) is not None:
        by_term[term.utf8ToString()] = (iterator.docFreq(), iterator.totalTermFreq())
    found = {
        "documents": reader.numDocs(),
        "with terms": terms.getDocCount(),
        "postings": terms.getSumDocFreq(),
        "total frequency": terms.getSumTotalTermFreq(),
        "positions": terms.hasPositions(),
        "terms": by_term,
    }
    reader.close()
    return found


def search(index: Path, queries: Mapping[str, Vector], k: int = 200) -> dict[str, list[tuple[str, float]]]:
    with DiscoSearcher(index, LookUp(queries)) as searcher:
        results = searcher.batch_search(list(queries), list(queries), k, threads=2)
    return {qid: [(hit.docid, hit.score) for hit in hits] for qid, hits in results.items()}


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_same_as_anserini(
    vectors: Vectors, queries: dict[str, Vector], anserini_index: Path, tmp_path: Path, threads: int
) -> None:
    seen: list[int] = []
    summary = build_index(vectors, tmp_path / "index", threads=threads, progress=seen.append)
    assert (summary.documents, sum(seen)) == (vectors.total, vectors.total)
    expected = statistics(anserini_index)
    assert statistics(tmp_path / "index") == expected
    assert summary.postings == expected["postings"]
    found, wanted = search(tmp_path / "index", queries), search(anserini_index, queries)
    assert len(queries) >= 500
    assert found == wanted
    ties = sum(a[1] == b[1] for hits in found.values() for a, b in pairwise(hits))
    assert ties > 1000, "the vectors should make ties, or their order is not tested"


def test_scores_are_sums_of_products(vectors: Vectors, queries: dict[str, Vector], index: Path) -> None:
    frequency = Counter(token for vector in vectors.documents.values() for token in vector)
    for qid, hits in search(index, dict(list(queries.items())[:50]), k=20).items():
        query = {token: impact for token, impact in queries[qid].items() if frequency[token] < vectors.total}
        for docid, score in hits:
            document = vectors.documents[docid]
            assert score == sum(impact * document.get(token, 0) for token, impact in query.items())


def test_norms_and_stored_fields_like_anserinis(index: Path, anserini_index: Path) -> None:
    assert describe_fields(index) == describe_fields(anserini_index)


def describe_fields(index: Path) -> dict[str, tuple[Any, ...]]:
    jnius, reader = jvm.start(), open_reader(index)
    infos = jnius.autoclass("org.apache.lucene.index.FieldInfos").getMergedFieldInfos(reader)
    fields = {}
    for info in (infos.fieldInfo("id"), infos.fieldInfo("contents")):
        options = (info.getIndexOptions().toString(), info.getDocValuesType().toString())
        fields[info.getName()] = (*options, info.hasNorms(), info.omitsNorms(), info.hasTermVectors())
    stored = reader.storedFields().document(0)
    fields["stored"] = tuple(stored.getFields().get(i).name() for i in range(stored.getFields().size()))
    reader.close()
    return fields


def test_documents_without_terms_are_left_out_like_anserinis(tmp_path: Path) -> None:
    documents: dict[str, Vector] = {"a": {"x": 3}, "empty": {}, "b": {"x": 1, "y": 2}, "zero": {"y": 0}, "c": {"y": 1}}
    summary = build_index(Vectors(documents, raw=True), tmp_path / "index", store_raw=True)
    assert (summary.documents, summary.empty, summary.postings) == (3, 2, 4)
    theirs = {docid: vector for docid, vector in documents.items() if docid != "zero"}
    assert statistics(tmp_path / "index") == statistics(index_by_anserini(theirs, tmp_path / "anserini"))
    with DiscoSearcher(tmp_path / "index", LookUp({"q": {"x": 1}})) as searcher:
        assert searcher.doc("b") == "text of\nb"
        assert searcher.doc("empty") is None
        assert searcher.search("q") == [Hit("a", 3.0), Hit("b", 1.0)]
    manifest = read_index_manifest(tmp_path / "index")
    assert manifest is not None and (manifest.documents, manifest.postings, manifest.raw) == (3, 4, True)


def test_no_documents_at_all(tmp_path: Path) -> None:
    assert build_index(Vectors({}), tmp_path / "index").documents == 0
    with DiscoSearcher(tmp_path / "index", LookUp({"q": {"x": 1}})) as searcher:
        assert searcher.search("q") == []


def test_stored_text_of_anserini(tmp_path: Path) -> None:
    index = index_by_anserini({"a": {"x": 3}, "b": {"y": 3}}, tmp_path, "-storeRaw")
    with DiscoSearcher(index, LookUp({})) as searcher:
        assert searcher.doc("a") == ""


def test_impacts_of_zero_are_no_postings(tmp_path: Path) -> None:
    build_index(Vectors({"a": {"x": 3, "y": 0}, "b": {"y": 2}}), tmp_path / "index")
    assert statistics(tmp_path / "index")["terms"] == {"x": (1, 3), "y": (1, 2)}


def test_greatest_impact(tmp_path: Path) -> None:
    build_index(Vectors({"a": {"x": 65535}, "b": {"y": 1}}), tmp_path / "index")
    assert search(tmp_path / "index", {"q": {"x": 1}}) == {"q": [("a", 65535.0)]}


@pytest.mark.parametrize("token", ["", "a b", "a\u2003b", "a\x1cb", "a\x01b", "x" * 256, "\ud800"])
def test_impossible_tokens_are_refused_where_they_are_used(tmp_path: Path, token: str) -> None:
    source = Vectors({"a": {token: 3, "fine": 1}})
    with pytest.raises(InputError, match="cannot be a term of an index: expected 1 to 255 characters"):
        build_index(source, tmp_path / "index")
    assert list(tmp_path.iterdir()) == []
    unused = Vectors({"a": {"fine": 3}})
    unused.vocabulary = [token, "fine"]
    assert build_index(unused, tmp_path / "index").documents == 1


class Grows(Vectors):
    """Learns its vocabulary while it is read, as JSONL vectors do."""

    def batch(self, documents: Any) -> Any:
        self.vocabulary += sorted({token for _, vector in documents for token in vector} - set(self.vocabulary))
        return super().batch(documents)


def test_growing_vocabulary(tmp_path: Path) -> None:
    source = Grows({f"d{i}": {f"t{i}": i + 1, "all": 1} for i in range(20)}, batch_size=3)
    source.vocabulary.clear()
    build_index(source, tmp_path / "index")
    assert statistics(tmp_path / "index")["terms"]["t19"] == (1, 20)


class Repeats(Vectors):
    def batches(self) -> Iterator[Any]:
        yield from super().batches()
        yield self.batch([("d7", {"x": 1}), ("d3", {"x": 1})])


def test_duplicate_ids_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 document id\(s\) .* 'd3', 'd7': ids must be unique"):
        build_index(Repeats({f"d{i}": {"x": i + 1} for i in range(900)}), tmp_path / "index")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_refused_and_kept(vectors: Vectors, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "precious").write_text("data")
    with pytest.raises(InputError, match=r"index: already there \(a folder that is not empty\): choose another name"):
        build_index(vectors, tmp_path / "index")
    assert (tmp_path / "index" / "precious").read_text() == "data"
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_an_empty_folder_and_leftovers_are_fine(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leftover = tmp_path / f".index.{ended.pid}@{socket.gethostname()}.part"
    leftover.mkdir()
    (leftover / "_0.fdt").write_text("half")
    build_index(Vectors({"a": {"x": 1}}), tmp_path / "index")
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize(("raw", "store_raw"), [(True, True), (True, False), (False, True)])
def test_texts_are_stored_if_the_vectors_have_them(raw: bool, store_raw: bool, tmp_path: Path) -> None:
    build_index(Vectors({"a": {"x": 1}, "b": {"y": 2}}, raw=raw), tmp_path / "index", store_raw=store_raw)
    manifest = read_index_manifest(tmp_path / "index")
    assert manifest is not None and manifest.raw == (raw and store_raw)
    with DiscoSearcher(tmp_path / "index", LookUp({"q": {"x": 1}})) as searcher:
        [hit] = searcher.search("q")
        assert hit.text == ("text of\na" if raw and store_raw else None)


@pytest.mark.parametrize("threads", [1, 2])
def test_full_disk(vectors: Vectors, tmp_path: Path, threads: int) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        with pytest.raises(DiscoError, match=r"cannot write the index .*/index: No space left on device") as caught:
            build_index(vectors, tmp_path / "index", threads=threads)
        assert caught.value.exit_code == 1
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


INTERRUPTED = """
import sys
from pathlib import Path
import numpy as np
from disco_pyserini.__main__ import end_at_sigterm
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.vectors.batch import VectorBatch

end_at_sigterm()

class Endless:
    space, vocabulary, total = None, ["x"], None

    def batches(self):
        for i in range(10**9):
            ids = [f"{i}-{j}" for j in range(100)]
            yield VectorBatch(ids, np.arange(101), np.zeros(100, np.int32), np.ones(100, np.uint16))

build_index(
    Endless(), Path(sys.argv[1]), threads=int(sys.argv[2]), progress=lambda written: print(written, flush=True)
)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("threads", "kind"),
    [(1, signal.SIGINT), (2, signal.SIGINT), (1, signal.SIGTERM), (2, signal.SIGTERM), (1, signal.SIGKILL)],
)
def test_an_interrupted_build_leaves_no_index(
    environment: dict[str, str], tmp_path: Path, threads: int, kind: signal.Signals
) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "index"), str(threads)]
    process = subprocess.Popen(
        command,
        env={**environment, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) == 100
    time.sleep(0.3)
    process.send_signal(kind)
    _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert not (tmp_path / "index").exists()
    if kind != signal.SIGKILL:
        assert "KeyboardInterrupt" in said if kind == signal.SIGINT else process.returncode == 143
        assert list(tmp_path.iterdir()) == []
    build_index(Vectors({"a": {"x": 1}}), tmp_path / "index")
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_the_command(tmp_path: Path, run_python: Run) -> None:
    vectors = tmp_path / "vectors.jsonl"
    vectors.write_text('{"id": "a", "contents": "", "vector": {"x": 3}}\n')
    command = ("-m", "disco_pyserini", "index", "--vectors", str(vectors), "--index", str(tmp_path / "index"))
    done = run_python(*command)
    assert done.returncode == 0, done.stderr
    assert "1 documents, 1 postings" in done.stdout.replace("\n", "")
    again = run_python(*command)
    assert again.returncode == 2
    assert again.stderr.startswith("error: ") and "already there" in again.stderr
