"""Expected FLOPS against the definition spelled out, the command, and the plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from checkpoints import WORDS
from typer.testing import CliRunner, Result

from disco_pyserini.cli import evaluate, flops
from disco_pyserini.encoding import document_encoder, query_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import Estimate
from disco_pyserini.evaluation.expected_flops import activations_by_depth, count_activations, expected_flops
from disco_pyserini.evaluation.plots import plot_by_depth
from disco_pyserini.exports.anserini_jsonl import export
from disco_pyserini.passages import Passage
from disco_pyserini.vectors import encode_corpus, open_vectors

PNG = b"\x89PNG\r\n\x1a\n"

app = typer.Typer()
app.command()(flops.flops)
app.command()(evaluate.evaluate)


def disco(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def table(output: str) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in map(str.split, output.splitlines()) if len(row) > 2}


def test_expected_flops_is_the_mean_number_of_products() -> None:
    generator = np.random.default_rng(0)
    queries, documents = generator.random((7, 50)) < 0.2, generator.random((40, 50)) < 0.4
    products = np.mean([[(query & document).sum() for document in documents] for query in queries])
    counted = [count_activations(((np.flatnonzero(row), 1) for row in matrix), 50) for matrix in (queries, documents)]
    assert expected_flops(*counted) == pytest.approx(products)
    assert counted[0].mean_dimensions == pytest.approx(queries.sum(axis=1).mean())
    together = count_activations([(np.nonzero(documents)[1], 40)], 50)
    assert (together.counts == counted[1].counts).all() and together.vectors == 40


def test_by_depth() -> None:
    terms = {"a_1": np.array([0, 1]), "a_2": np.array([1]), "b_1": np.array([], dtype=np.int32)}
    groups = activations_by_depth(terms, {"a_1": 1, "a_2": 2, "b_1": 1}, 3)
    assert {depth: (group.vectors, group.counts.tolist()) for depth, group in groups.items()} == {
        1: (2, [1, 1, 0]),
        2: (1, [0, 1, 0]),
    }
    with pytest.raises(InputError, match="query 'a_2' has no turn"):
        activations_by_depth(terms, {"a_1": 1}, 3)


def test_refusals(tmp_path: Path) -> None:
    one = count_activations([(np.array([1]), 1)], 2)
    with pytest.raises(InputError, match="queries have 2 dimensions, documents 3"):
        expected_flops(one, count_activations([(np.array([1]), 1)], 3))
    with pytest.raises(InputError, match="at least one vector"):
        count_activations([], 2)
    with pytest.raises(InputError, match=r"expected a name that ends with \.png"):
        plot_by_depth("title", {"y": {"a": {1: Estimate(1.0, 4)}}}, tmp_path / "plot.pdf")


def test_the_command(tmp_path: Path, checkpoint: Path) -> None:
    generator = np.random.default_rng(1)
    passages = [Passage(f"d{i}", " ".join(generator.choice(WORDS, size=6))) for i in range(30)]
    encoder = document_encoder(str(checkpoint), device="cpu")
    encode_corpus(passages, tmp_path / "vectors", encoder)
    texts = {"1_1": "who wrote the album", "1_2": "when [SEP] he [SEP] who", "2_1": "river city"}
    topics = tmp_path / "topics.tsv"
    topics.write_text("".join(f"{qid}\t{text}\n" for qid, text in texts.items()))

    documents = [set(encoder.encode(passage.contents)) for passage in passages]
    queries = {qid: set(query_encoder(str(checkpoint), device="cpu").encode(text)) for qid, text in texts.items()}
    products = {qid: np.mean([len(query & document) for document in documents]) for qid, query in queries.items()}

    plot = tmp_path / "plots" / "flops.png"
    result = disco("flops", "--vectors", tmp_path / "vectors", "--topics", topics, "--plot", plot)
    rows = table(result.stdout)
    assert rows["all"][0] == "3" and float(rows["all"][1]) == pytest.approx(np.mean(list(products.values())), abs=6e-4)
    assert float(rows["1"][1]) == pytest.approx((products["1_1"] + products["2_1"]) / 2, abs=6e-4)
    assert rows["2"] == ["1", f"{products['1_2']:.3f}", f"{len(queries['1_2']):.1f}"]
    mean = np.mean([len(document) for document in documents])
    assert f"30 documents with {mean:.1f} active dimensions each" in result.stdout
    assert plot.read_bytes().startswith(PNG)

    # JSONL numbers the tokens otherwise, and says no encoder.
    export(open_vectors(tmp_path / "vectors"), tmp_path / "vectors.jsonl")
    command = ("flops", "--vectors", tmp_path / "vectors.jsonl", "--topics", topics)
    assert disco(*command, "--encoder", checkpoint).stdout == result.stdout
    with pytest.raises(InputError, match="does not say which query encoder belongs to it"):
        disco(*command)


def test_measures_by_depth_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text("1_1 Q0 a 1 2 t\n1_2 Q0 a 1 2 t\n")
    (tmp_path / "qrels.txt").write_text("1_1 0 a 1\n1_2 0 b 1\n")
    command = ("evaluate", "--run", tmp_path / "run.txt", "--qrels", tmp_path / "qrels.txt")
    result = disco(*command, "--by-depth", "--plot", tmp_path / "depth.png")
    assert table(result.stdout)["1"] == ["1", "1.0000", "1.0000", "1.0000", "1.0000"]
    first = (tmp_path / "depth.png").read_bytes()
    assert first.startswith(PNG)
    (tmp_path / "qrels.txt").write_text("1_1 0 b 1\n1_2 0 a 1\n")
    disco(*command, "--by-depth", "--plot", tmp_path / "other.png")
    assert (tmp_path / "other.png").read_bytes() != first
    # A dollar sign in the run's name, which is the title, begins no formula.
    nasty = tmp_path / r"run $\frac$ <b>.txt"
    nasty.write_bytes((tmp_path / "run.txt").read_bytes())
    disco("evaluate", "--run", nasty, *command[3:], "--by-depth", "--plot", tmp_path / "nasty.png")
    assert (tmp_path / "nasty.png").read_bytes().startswith(PNG)
    with pytest.raises(InputError, match="add --by-depth"):
        disco(*command, "--plot", tmp_path / "depth.png")
