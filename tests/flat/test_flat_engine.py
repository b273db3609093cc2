"""The flat engine finds what Lucene finds, and what adding up every product finds; damaged files are refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from small_indexes import LookUp, Run, Tiny, Vector, Vectors
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.flat import flat_files
from disco_pyserini.flat.flat_searcher import ENGINE, FlatSearcher
from disco_pyserini.impacts import Quantiser
from disco_pyserini.search import Searcher, build_index, update_index
from disco_pyserini.search.engine import lower_ties
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import run_lines
from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.manifest import VectorSpace

SIZE, TERMS = 40_000, 400
SPACE = VectorSpace(
    encoder="made up", document_model="made up", revision="0", vocabulary="0", max_length=9, quantiser=Quantiser()
)


@dataclass
class Many:
    """Enough documents for several blocks: few different impacts, so that many scores are equal."""

    ids: list[str]
    matrix: Any
    space: None = None

    @property
    def vocabulary(self) -> Sequence[str]:
        return [f"t{term}" for term in range(TERMS)]

    @property
    def total(self) -> int:
        return len(self.ids)

    def batches(self) -> Iterator[VectorBatch]:
        for start in range(0, len(self.ids), 7_000):
            part = self.matrix[start : start + 7_000]
            ids = self.ids[start : start + 7_000]
            yield VectorBatch(
                ids, part.indptr.astype(np.int64), part.indices.astype(np.int32), part.data.astype(np.uint16)
            )

    def best(self, query: Vector, k: int) -> list[tuple[str, float]]:
        """Add up all products, and sort all documents."""
        frequencies = self.matrix.count_nonzero(axis=0)
        weights = np.zeros(TERMS, np.int64)
        for token, weight in query.items():
            term = int(token[1:])
            weights[term] = weight if frequencies[term] < len(self.ids) else 0
        scores = (self.matrix @ weights).astype(np.float32)
        order = np.lexsort((np.array(self.ids), -scores))[: min(k, int((scores > 0).sum()))]
        return list(zip([self.ids[row] for row in order], lower_ties(scores[order]).tolist(), strict=True))


def many(seed: int, highest: int = 4) -> Many:
    generator = np.random.default_rng(seed)
    chances = 1 / (np.arange(TERMS) + 3)
    terms = generator.choice(TERMS, (SIZE, 12), p=chances / chances.sum())
    terms[:, 0] = 5  # stands in every document, and so does not count
    rows = np.repeat(np.arange(SIZE), 12)
    matrix = csr_array((np.ones(rows.size, np.int64), (rows, terms.ravel())), shape=(SIZE, TERMS))
    matrix.sum_duplicates()
    matrix.data = generator.integers(1, highest, matrix.nnz)
    return Many([f"d{number}" for number in generator.permutation(SIZE)], matrix)


def some_queries(seed: int, number: int = 12, highest: int = 4, terms: int = TERMS) -> list[dict[str, int]]:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 40, number)
    return [
        {f"t{term}": int(generator.integers(1, highest)) for term in generator.choice(terms, length, replace=False)}
        for length in lengths
    ]


def found(hits: Sequence[Any]) -> list[tuple[str, float]]:
    return [(hit.docid, hit.score) for hit in hits]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Many, Path]:
    source, path = many(1), tmp_path_factory.mktemp("flat") / "index"
    ENGINE.build(source, path)
    return source, path


@pytest.fixture(scope="module")
def both(vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "index"
    source = Vectors(vectors.documents, raw=True)
    build_index(source, path, engine="lucene,flat")
    return path


@pytest.mark.parametrize("k", [1, 2, 10, 100, 1000, SIZE + 1])
def test_many_ties(large: tuple[Many, Path], k: int) -> None:
    source, path = large
    searcher, queries = FlatSearcher(path), some_queries(k)
    expected = [source.best(query, k) for query in queries]
    for threads in (1, 3):
        assert [found(hits) for hits in searcher.search(queries, k, threads=threads)] == expected
    # One query on several threads: each has a share of the blocks.
    assert found(searcher.search(queries[:1], k, threads=2)[0]) == expected[0]
    searcher.close()


def test_the_same_run_as_lucene(both: Path, queries: dict[str, Vector]) -> None:
    searchers = [DiscoSearcher(both, LookUp(queries), engine) for engine in ("lucene", "flat")]
    for k in (1, 10, 1000, 5000):
        runs = [
            "".join(
                line
                for qid, hits in searcher.batch_search(list(queries)[:150], list(queries)[:150], k).items()
                for line in run_lines(qid, hits)
            )
            for searcher in searchers
        ]
        assert runs[0] == runs[1]
        assert runs[0].count("\n") > 100
    qid = next(iter(queries))
    docid = searchers[0].search(qid, 1)[0].docid
    assert searchers[0].explain(qid, docid) == searchers[1].explain(qid, docid)
    assert [searcher.doc(docid) for searcher in searchers] == [f"text of\n{docid}"] * 2
    assert searchers[1].search(qid, 3)[1].text == searchers[0].search(qid, 3)[1].text
    assert searchers[1].doc("none") is None
    with pytest.raises(InputError, match="no document 'none'"):
        searchers[1].explain(qid, "none")
    for searcher in searchers:
        searcher.close()
    with pytest.raises(DiscoError, match="closed"):
        searchers[1].search(qid)


def test_high_impacts_and_scores(tmp_path: Path) -> None:
    """Impacts above 255 take several postings, or 16 bits; scores above 2^24 are rounded as Lucene rounds them."""
    generator = np.random.default_rng(3)
    for name, share in (("few", 0.02), ("most", 0.9)):
        documents = {}
        for number in generator.permutation(3000).tolist():
            terms = generator.choice(60, 8, replace=False, p=np.r_[[0.2] * 2, [0.6 / 58] * 58]).tolist()
            high = generator.random(8) < share
            impacts = np.where(high, generator.integers(256, 3000, 8), generator.integers(1, 256, 8))
            documents[f"d{number}"] = {f"t{term}": int(impact) for term, impact in zip(terms, impacts, strict=True)}
        build_index(Vectors(documents), tmp_path / name, engine="lucene,flat")
        kind = np.load(tmp_path / name / "flat" / "impacts.npy", mmap_mode="r").dtype
        assert kind == (np.uint8 if name == "few" else np.uint16)
        queries = some_queries(4, highest=20, terms=60) + some_queries(5, highest=5500, terms=60)
        lucene, flat = (DiscoSearcher(tmp_path / name, LookUp({}), engine).searcher for engine in ("lucene", "flat"))
        for k in (5, 500):
            expected = lucene.search(queries, k)
            assert [found(hits) for hits in flat.search(queries, k)] == [found(hits) for hits in expected]
        assert max(hits[0].score for hits in expected if hits) > 2**24
        docid = expected[0][0].docid
        assert flat.explain(queries[0], docid) == lucene.explain(queries[0], docid)


def test_a_guess_that_is_too_high(tmp_path: Path) -> None:
    """The first block has the best documents, so the others hold fewer than it lets expect: the search starts again."""
    source = many(6)
    rank = np.argsort(np.argsort(source.ids))
    source.matrix = source.matrix.tolil()
    source.matrix[np.flatnonzero(rank < 40), 7] = 200
    source.matrix = csr_array(source.matrix)
    ENGINE.build(source, tmp_path / "index")
    searcher = FlatSearcher(tmp_path / "index")
    query = {"t7": 9, "t8": 1, "t30": 1}
    outcomes = []
    scan = searcher._kernels.scan

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(sys.modules["disco_pyserini.flat.kernels"], name)

        def scan(self, *arguments: Any) -> int:
            outcomes.append(scan(*arguments))
            return outcomes[-1]

    searcher._kernels = Watched()
    assert found(searcher.search([query], 60)[0]) == source.best(query, 60)
    assert outcomes[0] == searcher._kernels.TOO_HIGH
    assert len(outcomes) == 2 and outcomes[1] >= 60


def test_hits_are_a_sequence(large: tuple[Many, Path]) -> None:
    hits = FlatSearcher(large[1]).search([{"t8": 1}], 5)[0]
    assert len(hits) == 5
    assert hits[-1] == list(hits)[4] == hits[3:][1]
    assert hits == list(hits) != hits[:4]
    assert FlatSearcher(large[1]).search([{}, {"unknown": 1}, {"t5": 3}], 5) == [[], [], []]
    with pytest.raises(InputError, match="k to be at least 1"):
        FlatSearcher(large[1]).search([{"t8": 1}], 0)


def test_size(large: tuple[Many, Path]) -> None:
    source, path = large
    names = ("places", "impacts", "rows", "splits", "maxima")
    size = sum((path / "flat" / f"{name}.npy").stat().st_size for name in names)
    assert size <= 5 * source.matrix.nnz
    assert not any("sorting" in file.name for file in path.rglob("*"))


@pytest.mark.parametrize("name", [*flat_files.SMALL, "places.npy", "splits.npy", "id_ends.npy"])
@pytest.mark.parametrize("how", ["cut", "changed", "gone", "foreign"])
def test_damaged_files(large: tuple[Many, Path], tmp_path: Path, name: str, how: str) -> None:
    shutil.copytree(large[1], tmp_path / "index")
    path = tmp_path / "index" / "flat" / name
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "changed":
        path.write_bytes(content[:-2000] + b"\xff" * 1000 + content[-1000:])
    elif how == "gone":
        path.unlink()
    else:
        with path.open("wb") as file:
            np.save(file, np.arange(5.0))
    with pytest.raises(InputError, match=name):
        flat_files.verify(tmp_path / "index")
    try:
        searcher = FlatSearcher(tmp_path / "index")
        # The checksums of large files are not computed on opening: they may be wrong, but do no harm.
        assert (how, name in flat_files.SMALL) == ("changed", False)
        searcher.search(some_queries(1), 100)[0][0:1]
    except DiscoError as problem:
        assert "flat" in str(problem) and "index the vectors again" in str(problem)


def test_a_flat_index_of_other_vectors(both: Path, vectors: Vectors, tmp_path: Path) -> None:
    shutil.copytree(both, tmp_path / "index")
    shutil.rmtree(tmp_path / "index" / "flat")
    with pytest.raises(InputError, match=r"found no flat/flat\.json in it: add one"):
        FlatSearcher(tmp_path / "index")
    fewer = Vectors(dict(list(vectors.documents.items())[:100]))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"expected 2,000 documents.* found 100 documents"):
        ENGINE.build(fewer, tmp_path / "index")
    assert sorted(tmp_path.rglob("*")) == before
    ENGINE.build(fewer, tmp_path / "fewer")
    shutil.copytree(tmp_path / "fewer" / "flat", tmp_path / "index" / "flat")
    with pytest.raises(InputError, match="would not belong to its other files"):
        FlatSearcher(tmp_path / "index")
    with pytest.raises(InputError, match="already there"):
        ENGINE.build(fewer, tmp_path / "fewer")
    with pytest.raises(InputError, match="expected a Lucene index, found no file segments_N in it: name the engine"):
        DiscoSearcher(tmp_path / "fewer", LookUp({}))


def test_unusable_ids(tmp_path: Path) -> None:
    class Twice(Vectors):
        def batches(self) -> Iterator[VectorBatch]:
            yield from super().batches()
            yield from super().batches()

    with pytest.raises(InputError, match="belong to more than one document, such as 'd1'"):
        ENGINE.build(Twice({"d1": {"a": 1}}), tmp_path / "index")
    with pytest.raises(InputError, match="without line ends"):
        ENGINE.build(Vectors({"d\n1": {"a": 1}}), tmp_path / "index")
    assert not any(tmp_path.iterdir())
    summary = ENGINE.build(Vectors({"d1": {"a": 1}, "d2": {}, "d3": {"b": 2}}), tmp_path / "index")
    assert (summary.documents, summary.empty, summary.postings) == (2, 1, 2)
    searcher: Searcher = FlatSearcher(tmp_path / "index")
    assert found(searcher.search([{"b": 3}], 9)[0]) == [("d3", 6.0)]
    ENGINE.build(Vectors({"d2": {}}), tmp_path / "empty")
    assert FlatSearcher(tmp_path / "empty").search([{"b": 3}], 9) == [[]]


def test_an_updated_index(vectors: Vectors, queries: dict[str, Vector], tmp_path: Path) -> None:
    """Both engines of a folder find the same after an update; so does a flat index alone."""
    names = list(vectors.documents)
    added = {f"new{name}": {**vectors.documents[name], "a-new-token": 300} for name in names[:40]}
    replaced = dict.fromkeys(names[50:60], vectors.documents[names[3]])

    def source(documents: dict[str, Vector]) -> Vectors:
        return Vectors(documents, SPACE, raw=True)

    for name, engine in (("both", "lucene,flat"), ("alone", "flat")):
        build_index(source(dict(vectors.documents)), tmp_path / name, engine=engine)
        if name == "both":
            for part, message in (("flat", "files of another engine"), ("lucene", "--engine lucene,flat")):
                with pytest.raises(InputError, match=message):
                    update_index(tmp_path / name, delete=names[:1], engine=part)
        summary = update_index(tmp_path / name, source({**added, **replaced}), delete=names[900:950], engine=engine)
        assert summary.documents == len(vectors.documents) - 50 + 40
        with pytest.raises(InputError, match="no document would be left"):
            update_index(tmp_path / name, delete=[*names, *added], engine=engine)
        with pytest.raises(InputError, match="expected vectors with texts"):
            update_index(tmp_path / name, Vectors({"x": {"tok1": 1}}, SPACE), engine=engine)
    asked = [*list(queries.values())[:60], {"a-new-token": 3, "tok1": 1}]
    searchers = [
        DiscoSearcher(tmp_path / "both", LookUp({}), "lucene").searcher,
        DiscoSearcher(tmp_path / "both", LookUp({}), "flat").searcher,
        DiscoSearcher(tmp_path / "alone", LookUp({}), "flat").searcher,
    ]
    expected, *others = [[found(hits) for hits in searcher.search(asked, 1000)] for searcher in searchers]
    assert others == [expected] * 2
    for docid in (names[0], next(iter(added)), names[50], names[900]):
        assert len({searcher.text(docid) for searcher in searchers}) == 1


def test_an_unknown_engine_builds_nothing(tmp_path: Path, vectors: Vectors) -> None:
    with pytest.raises(InputError, match="unknown engine 'flatt': did you mean 'flat'"):
        build_index(vectors, tmp_path / "index", engine="lucene,flatt")
    assert not any(tmp_path.iterdir())


def test_two_engines_or_none(tmp_path: Path, vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index for two engines is there when both parts are: otherwise the same command would be refused."""

    def fail(*_: Any, **__: Any) -> None:
        raise DiscoError("no room")

    monkeypatch.setattr("disco_pyserini.flat.build._write", fail)
    with pytest.raises(DiscoError, match="no room"):
        build_index(vectors, tmp_path / "index", engine="lucene,flat")
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_commands_without_java(tiny: Tiny, tmp_path: Path, run_python: Run) -> None:
    """The same runs by ``disco search`` (without Java) and by Pyserini's command, with the flat engine and without."""
    vocabulary = (tiny.model / "vocab.txt").read_text(encoding="utf-8").splitlines()
    generator = np.random.default_rng(8)
    with (tmp_path / "vectors.jsonl").open("w") as lines:
        for number in range(300):
            terms = generator.choice(len(vocabulary), 9, replace=False).tolist()
            vector = {vocabulary[term]: int(generator.integers(1, 5)) for term in terms}
            lines.write(json.dumps({"id": f"d{number}", "contents": "", "vector": vector}) + "\n")
    index = tmp_path / "index"
    command = ["index", "--vectors", tmp_path / "vectors.jsonl", "--index", index, "--engine", "lucene,flat"]
    result = CliRunner().invoke(app, list(map(str, command)))
    assert result.exit_code == 0, result.output
    code = (
        "import sys; from disco_pyserini.__main__ import main\n"
        "try: main()\n"
        "finally: assert not {'jnius', 'pyserini'} & sys.modules.keys()"
    )
    runs = []
    stock = ("-m", "pyserini.search.lucene", "--impact")
    commands = (
        (("-m", "disco_pyserini", "search"), {}),
        (("-c", code, "search", "--engine", "flat"), {}),
        (stock, {"DISCO_ENGINE": "flat"}),
    )
    for number, (program, variables) in enumerate(commands):
        output = tmp_path / f"run{number}.txt"
        options = ["--index", index, "--topics", tiny.topics, "--output", output, "--hits", "50"]
        done = run_python(*program, *options, "--encoder", f"disco:{tiny.model}", "--batch-size", "9", **variables)
        assert done.returncode == 0, done.stderr
        runs.append(output.read_bytes())
    assert len(runs[0].splitlines()) > 1000
    assert sorted(runs[0].splitlines()) == sorted(runs[1].splitlines()) == sorted(runs[2].splitlines())


def test_without_numba(large: tuple[Many, Path]) -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import importlib.util; real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'numba' else real(name, *more)\n"
        "from pathlib import Path; from disco_pyserini.search import ENGINES\n"
        f"ENGINES.get('flat').open(Path({str(large[1])!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "the flat engine needs numba" in done.stderr
    assert "pip install 'disco-pyserini[flat]'" in done.stderr


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float64])
def test_scores_that_reach_a_limit(kind: type[np.number[Any]]) -> None:
    from disco_pyserini.flat import kernels

    scores = np.zeros(640, kind)
    reaching = [0, 5, 31, 32, 255, 256, 400, 599]
    scores[reaching] = 60_000
    scores[[1, 33]] = 59_999
    chosen = np.full(600, -1)
    assert kernels._reaching(scores, 600, 60_000, chosen) == len(reaching)
    assert chosen[: len(reaching)].tolist() == reaching


def test_every_kind_of_score(tmp_path: Path) -> None:
    """Scores of 16 and 32 bits, and 64-bit floats; groups of four frequent terms, and the terms that are left over."""
    generator = np.random.default_rng(7)
    documents = {
        f"d{number}": {
            f"t{term}": int(generator.integers(1, 256)) for term in np.flatnonzero(generator.random(11) < 0.5)
        }
        for number in generator.permutation(700).tolist()
    }
    build_index(Vectors(documents), tmp_path / "index", engine="lucene,flat")
    lucene, flat = (DiscoSearcher(tmp_path / "index", LookUp({}), engine).searcher for engine in ("lucene", "flat"))
    for highest in (6, 200, 30_000):
        queries = [{f"t{term}": int(generator.integers(1, highest)) for term in range(count)} for count in range(1, 12)]
        for k in (3, 50, 1000):
            expected = [found(hits) for hits in lucene.search(queries, k)]
            assert [found(hits) for hits in flat.search(queries, k)] == expected
