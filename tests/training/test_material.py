"""Data that does not belong together, or is not what it should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from checkpoints import make_checkpoint

from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.training.candidates import TeacherLists
from disco_pyserini.training.config import Dev
from disco_pyserini.training.distillation import make_student
from disco_pyserini.training.material import Material, prepare
from disco_pyserini.training.queries import read_queries
from disco_pyserini.training.tolerance import Tolerance
from training.conftest import Configure, teacher_scores


def material(configure: Configure, checkpoint: Path, *overrides: str) -> Material:
    encoder = document_encoder(str(checkpoint), max_length=64, device="cpu")
    return prepare(configure(*overrides), encoder, 123)


def test_queries_of_a_collection_by_name() -> None:
    world = DemoWorld()
    turns = {query.qid: query for query in world.queries("dev")}
    queries = read_queries(Dev(turns="demo-world/dev", qrels="demo-world/dev", form="utterance"))
    assert queries.turns == turns
    assert queries.texts == {qid: query.text("utterance") for qid, query in turns.items()}
    assert queries.qrels == world.qrels("dev")
    topics = read_queries(Dev(topics="demo-world/dev/human", qrels="demo-world/dev"))
    assert topics.texts == {qid: query.text("human") for qid, query in turns.items()}
    assert not topics.turns
    with pytest.raises(ValueError, match="no queries: name turns or topics"):
        Dev()


def teacher_file(path: Path, scores: dict[str, dict[str, float]]) -> list[str]:
    path.write_text(json.dumps(scores))
    return ["--files", str(path)]


def test_texts_candidates_and_vectors_belong_together(configure: Configure, checkpoint: Path) -> None:
    found = material(configure, checkpoint)
    scores = teacher_scores()
    assert len(found.epochs) == len(found.candidates) == 20
    for row, qid in enumerate(found.candidates.qids):
        ranking = found.candidates.ranking(row)
        ids = [found.documents.ids[document] for document in ranking.documents]
        relevant = {f"d{row}", f"d{row + 20}"}
        assert ids == [docid for docid in scores[qid] if docid not in relevant]
        assert ranking.scores.tolist() == pytest.approx([scores[qid][docid] for docid in ids])
        assert [found.documents.ids[positive] for positive in found.candidates.positives[row]] == [f"d{row}"]
    assert found.notes == []


def test_a_corpus_is_encoded_where_there_are_no_vectors(
    configure: Configure, checkpoint: Path, collection: Path
) -> None:
    stored = material(configure, checkpoint)
    encoded = material(
        configure, checkpoint, "--data.vectors", "null", "--data.corpus", str(collection / "corpus.jsonl")
    )
    assert encoded.documents.ids == stored.documents.ids
    difference = (encoded.documents.matrix().to_dense() - stored.documents.matrix().to_dense()).abs().max()
    assert 0 < float(difference) < 0.5 * 5 / 256 + 1e-5


def test_rewrites_search_the_vectors(configure: Configure, checkpoint: Path) -> None:
    one = material(configure, checkpoint, "--files", "[]", "--teacher.rewrites", "human", "--teacher.depth", "30")
    assert len(one.candidates) == 20
    assert all(len(one.candidates.ranking(row).documents) >= 30 for row in range(20))
    encoder = document_encoder(str(checkpoint), max_length=64, device="cpu")
    turns = configure().data[0].turns
    first = json.loads(Path(str(turns)).read_text().splitlines()[0])
    rewrite = encoder.weights([first["manual_rewrite"]])[0]
    document = one.documents.matrix()[int(one.candidates.ranking(0).documents[0])].to_dense()
    expected = sum(weight * float(document[encoder.vocabulary.index(token)]) for token, weight in rewrite.items())
    assert one.candidates.ranking(0).scores[0] == pytest.approx(expected, rel=1e-4)
    both = material(configure, checkpoint, "--files", "[]", "--teacher.rewrites", "[human, model]", "--fusion", "max")
    assert both.candidates.ranking(0).scores[0] > one.candidates.ranking(0).scores[0]


def test_half_of_a_list_can_be_what_another_text_finds(configure: Configure, checkpoint: Path) -> None:
    rewrites = ["--files", "[]", "--teacher.rewrites", "human"]
    whole = material(configure, checkpoint, *rewrites, "--teacher.depth", "58")
    half = material(configure, checkpoint, *rewrites, "--teacher.depth", "20", "--distractors", "utterance")
    encoder = document_encoder(str(checkpoint), max_length=64, device="cpu")
    text = json.loads(Path(str(configure().data[0].turns)).read_text().splitlines()[0])["utterance"]
    [(terms, weights)] = encoder.weight_vectors([text])
    query = torch.zeros(1, len(encoder.vocabulary))
    query[0, terms] = torch.tensor(weights)
    by_utterance = half.documents.best(query, 60)[1][0].tolist()
    relevant = set(half.candidates.relevant[0].tolist())
    best = whole.candidates.ranking(0).documents.tolist()[:10]
    others = [row for row in by_utterance if row not in {*relevant, *best}][:10]
    found = half.candidates.ranking(0)
    assert set(found.documents.tolist()) == {*best, *others}
    scores = dict(zip(whole.candidates.ranking(0).documents.tolist(), whole.candidates.ranking(0).scores, strict=True))
    for row, score in zip(found.documents.tolist(), found.scores, strict=True):
        assert score == pytest.approx(scores[row], rel=1e-5)


def test_several_files_are_fused(configure: Configure, checkpoint: Path, tmp_path: Path, collection: Path) -> None:
    doubled = {qid: {docid: 3 * score for docid, score in scores.items()} for qid, scores in teacher_scores().items()}
    run = tmp_path / "run.txt"
    run.write_text(
        "".join(
            f"{qid} Q0 {docid} {rank} {score} other\n"
            for qid, scores in doubled.items()
            for rank, (docid, score) in enumerate(scores.items(), 1)
        )
    )
    one = material(configure, checkpoint)
    both = material(configure, checkpoint, "--files", f"[{collection / 'teacher.json'}, {run}]", "--fusion", "mean")
    assert both.candidates.scores == pytest.approx(2 * one.candidates.scores, rel=1e-5)


def test_queries_of_another_collection_are_refused(configure: Configure, checkpoint: Path, tmp_path: Path) -> None:
    strange = {f"other{qid}": scores for qid, scores in teacher_scores().items()}
    with pytest.raises(InputError, match=r"not among the topics: 20 of 20 \(otherc0_1, .*are both of one collection"):
        material(configure, checkpoint, *teacher_file(tmp_path / "t.json", strange))
    some = {**teacher_scores(), "otherc0_1": {"d1": 1.0, "d2": 2.0}}
    with pytest.raises(InputError, match=r"1 of 21 .*expected at most 1%"):
        material(configure, checkpoint, *teacher_file(tmp_path / "t.json", some))
    found = material(configure, checkpoint, *teacher_file(tmp_path / "t.json", some), "--tolerate", "0.1")
    assert found.notes == ["left out: the teacher's queries that are not among the topics: 1 of 21 (otherc0_1)"]


def test_documents_without_vectors_are_counted_and_refused(
    configure: Configure, checkpoint: Path, tmp_path: Path
) -> None:
    scores = teacher_scores()
    scores["c0_1"]["nowhere"] = 5.0
    with pytest.raises(InputError, match=r"documents without a vector: 1 of 61 \(nowhere\)"):
        material(configure, checkpoint, *teacher_file(tmp_path / "t.json", scores))
    found = material(configure, checkpoint, *teacher_file(tmp_path / "t.json", scores), "--tolerate", "0.05")
    assert len(found.candidates) == 20
    assert "documents without a vector" in found.notes[0]


def test_a_query_whose_positive_has_no_vector_is_left_out(
    configure: Configure, checkpoint: Path, tmp_path: Path, collection: Path
) -> None:
    qrels = tmp_path / "qrels.txt"
    qrels.write_text((collection / "qrels.txt").read_text().replace("c0_1 0 d0 2", "c0_1 0 nowhere 2"))
    found = material(configure, checkpoint, "--data.qrels", str(qrels), "--tolerate", "0.06")
    assert "c0_1" not in found.candidates.qids
    assert len(found.epochs) == 19


def test_flat_and_short_lists_are_counted(configure: Configure, checkpoint: Path, tmp_path: Path) -> None:
    scores = teacher_scores()
    scores["c0_1"] = dict.fromkeys(scores["c0_1"], 2.0)
    scores["c0_2"] = dict(list(scores["c0_2"].items())[:6])
    with pytest.raises(InputError, match=r"scores are all equal: 1 of 20 \(c0_1\)"):
        material(configure, checkpoint, *teacher_file(tmp_path / "t.json", scores))
    found = material(configure, checkpoint, *teacher_file(tmp_path / "t.json", scores), "--tolerate", "0.06")
    assert len(found.candidates) == 18
    assert "too few documents for 6 candidates (band): 1 of 19 (c0_2)" in found.notes[1]
    with pytest.raises(InputError, match=r"too few documents for 60 candidates .*: 20 of 20"):
        material(configure, checkpoint, "--candidates", "60")


def test_scores_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=r"finite number .* document 'd1' for query 'q', found nan"):
        TeacherLists([("q", {"d0": 1.0, "d1": float("nan")})], {"q"}, {"q": {"d0": 1}}, Tolerance())


def test_queries_without_judgement_or_rewrite_are_named(
    configure: Configure, checkpoint: Path, tmp_path: Path, collection: Path
) -> None:
    qrels = tmp_path / "qrels.txt"
    lines = (collection / "qrels.txt").read_text().splitlines(keepends=True)
    qrels.write_text("".join(line for line in lines if not line.startswith("c0_1 ")))
    found = material(configure, checkpoint, "--data.qrels", str(qrels))
    assert found.notes == ["left out: 1 of 20 queries without a relevant document"]
    with pytest.raises(InputError, match="without a rewrite named 'llama': 20 of 20"):
        material(configure, checkpoint, "--files", "[]", "--teacher.rewrites", "llama")


def test_vectors_and_checkpoints_of_others_are_refused(configure: Configure, checkpoint: Path, tmp_path: Path) -> None:
    same_words = str(make_checkpoint(tmp_path / "same", seed=1))
    with pytest.raises(InputError, match=r"vectors: expected vectors of the document encoder .* the weights differ"):
        material(configure, Path(same_words))
    other = str(make_checkpoint(tmp_path / "other", words=["some", "words"]))
    with pytest.raises(InputError, match="has another vocabulary"):
        make_student(configure("--query-encoder", other), document_encoder(str(checkpoint), device="cpu"))
