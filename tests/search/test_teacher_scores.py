"""Teachers made by searching: their scores against products computed without Lucene, and the two commands."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer
from checkpoints import WORDS, make_checkpoint
from small_indexes import LookUp, Tiny, Vector, Vectors
from typer.testing import CliRunner, Result

from disco_pyserini.cli import teach
from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.passages import Passage
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.search.teacher_scores import document_encoder_of, teacher_scores
from disco_pyserini.training.teachers import read_teacher
from disco_pyserini.trec import write_run
from disco_pyserini.vectors import encode_corpus, open_vectors

app = typer.Typer()
app.command()(teach.teach)
app.command()(teach.fuse)


def disco(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@dataclass(frozen=True)
class Collection:
    model: Path
    index: Path
    topics: Path
    expected: dict[str, dict[str, float]]
    """The product of the weights of each rewrite and each passage, by Python."""


def products(
    encoder: DiscoDocumentEncoder, texts: dict[str, str], passages: list[Passage]
) -> dict[str, dict[str, float]]:
    documents = {passage.id: encoder.encode(passage.contents) for passage in passages}
    uses = Counter(token for document in documents.values() for token in document)
    unit = encoder.quantiser.weight_range / encoder.quantiser.quant_range
    expected: dict[str, dict[str, float]] = {}
    for qid, text in texts.items():
        # A search leaves out terms that stand in every document.
        query = {token: unit * impact for token, impact in encoder.encode(text).items() if uses[token] < len(passages)}
        scores = {
            docid: sum(weight * unit * document.get(token, 0) for token, weight in query.items())
            for docid, document in documents.items()
        }
        expected[qid] = {docid: score for docid, score in scores.items() if score}
    return expected


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder = tmp_path_factory.mktemp("teach")
    model = make_checkpoint(folder / "model", seed=3)
    generator = np.random.default_rng(5)
    passages = [Passage(f"p{i}", " ".join(generator.choice(WORDS, size=8))) for i in range(60)]
    encoder = document_encoder(str(model), device="cpu")
    encode_corpus(passages, folder / "vectors", encoder)
    build_index(open_vectors(folder / "vectors"), folder / "index")
    texts = {f"{i}_{j}": " ".join(generator.choice(WORDS, size=5)) for i in range(4) for j in range(1, 4)}
    topics = folder / "topics.tsv"
    topics.write_text("".join(f"{qid}\t{text}\n" for qid, text in texts.items()))
    return Collection(model, folder / "index", topics, products(encoder, texts, passages))


def test_scores_are_products_of_weights(collection: Collection, tmp_path: Path) -> None:
    output = tmp_path / "scores.json"
    command = ("teach", "--index", collection.index, "--topics", collection.topics, "--output", output)
    result = disco(*command, "--batch-size", 5, "--threads", 2)
    assert f"12 queries in {output}" in result.stdout
    taught = dict(read_teacher(output))
    assert list(taught) == list(collection.expected)
    for qid, scores in taught.items():
        assert scores == pytest.approx(collection.expected[qid], abs=1e-5)
        assert list(scores.values()) == sorted(scores.values(), reverse=True)

    disco(*command, "--hits", 7, "--encoder", f"disco:{collection.model}")
    for qid, scores in read_teacher(output):
        assert scores == dict(list(taught[qid].items())[:7])


def test_queries_that_teach_nothing_are_left_out(tmp_path: Path) -> None:
    documents: dict[str, Vector] = {"a": {"x": 2, "z": 1}, "b": {"x": 2, "y": 3}, "c": {"w": 1}}
    build_index(Vectors(documents), tmp_path / "index")
    queries: dict[str, Vector] = {"good": {"x": 512, "y": 256}, "equal": {"x": 9}, "one": {"w": 1}, "none": {"v": 1}}
    flat: list[str] = []
    done: list[int] = []
    with DiscoSearcher(tmp_path / "index", LookUp(queries)) as searcher:
        topics = {qid: qid for qid in queries}
        taught = dict(teacher_scores(searcher, topics, 10, batch_size=3, flat=flat, progress=done.append))
    unit = (5 / 256) ** 2
    assert taught == {"good": pytest.approx({"b": (1024 + 768) * unit, "a": 1024 * unit}, abs=1e-6)}
    assert (flat, done) == (["equal", "one", "none"], [3, 1])


def test_the_index_must_name_its_document_encoder(tiny: Tiny, index: Path) -> None:
    with pytest.raises(InputError, match="does not say which document encoder its vectors are of"):
        document_encoder_of(index)
    with pytest.raises(InputError, match=r"was encoded by weights with SHA-256 0…, but .* has .* now"):
        document_encoder_of(tiny.index)


def test_a_failure_leaves_the_earlier_file(collection: Collection, tmp_path: Path) -> None:
    output = tmp_path / "scores.json"
    output.write_text("before")
    topics = tmp_path / "topics.tsv"
    topics.write_text("1\t\n")
    with pytest.raises(InputError, match=r"topics\.tsv:1: empty query"):
        disco("teach", "--index", collection.index, "--topics", topics, "--output", output)
    assert output.read_text() == "before"


def test_teachers_of_two_kinds_are_fused(collection: Collection, tmp_path: Path) -> None:
    one, run, output = tmp_path / "one.json", tmp_path / "two.run", tmp_path / "fused.json"
    disco("teach", "--index", collection.index, "--topics", collection.topics, "--output", one, "--hits", 20)
    with DiscoSearcher(collection.index) as searcher:
        qids = list(collection.expected)[1:]
        found = searcher.batch_search(["who wrote it"] * len(qids), qids, 30)
        write_run({**found, "9_9": found[qids[0]], "8_8": found[qids[0]][:1]}, run)
    command = ("fuse", "--teacher", one, "--teacher", run, "--output", output, "--rule", "min-max")
    with pytest.raises(InputError, match=r"tell the documents of query '8_8' apart"):
        disco(*command)
    assert not output.exists()

    result = disco(*command, "--weights", "3 1", "--on-error", "skip")
    assert f"11 queries in {output}" in result.stdout
    assert f"{run}: left out, with equal scores only: 1 query: 8_8" in result.stderr
    assert f"{one}: left out, not scored by all teachers: 1 query: 0_1" in result.stderr
    assert f"{run}: left out, not scored by all teachers: 1 query: 9_9" in result.stderr
    fused = json.loads(output.read_text())
    assert set(fused) == set(qids)
    assert all(0 <= score <= 1 for scores in fused.values() for score in scores.values())
    with pytest.raises(InputError, match="expected --weights with numbers, found 'a b'"):
        disco(*command, "--weights", "a b")
