"""What holds for every input, tried with inputs that hypothesis draws."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from small_indexes import Vectors
from tokenizers import Tokenizer

from disco_pyserini.conversation import BERT_SPECIAL_TOKENS, Conversation, Turn, flatten, spoken
from disco_pyserini.datasets.turns import Query, read_turns, write_turns
from disco_pyserini.exports.anserini_jsonl import export
from disco_pyserini.impacts import LARGEST_IMPACT, Quantiser, WeightVector
from disco_pyserini.search.hits import Hit
from disco_pyserini.training.teachers import is_flat, read_teacher, write_teacher
from disco_pyserini.trec import read_qrels, read_run, read_topics, write_qrels, write_run, write_topics
from disco_pyserini.vectors import open_vectors
from disco_pyserini.vectors.jsonl import is_one_token

TOKENIZER = Tokenizer.from_file(str(Path(__file__).parents[1] / "encoders" / "disco-tiny" / "query" / "tokenizer.json"))
SPECIAL = [number for token in BERT_SPECIAL_TOKENS if (number := TOKENIZER.token_to_id(token)) is not None]

# Text as users write it, with pieces of special tokens between.
PIECES = st.sampled_from(
    [*BERT_SPECIAL_TOKENS, "[", "]", "SEP", "[S", "EP]", "[sep]", "\u200b", "\x00", "\t", "\u2028", "[[", " "]
)
TEXT = st.lists(st.one_of(PIECES, st.text(st.characters(exclude_categories=["Cs"]), max_size=9)), max_size=6).map(
    "".join
)
LABEL = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=9).filter(
    lambda text: text.split() == [text] and "\ufeff" not in text
)
LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text and "\ufeff" not in text
)


@given(TEXT, st.lists(st.tuples(TEXT, st.none() | TEXT), max_size=3))
def test_no_text_becomes_a_special_token(utterance: str, history: list[tuple[str, str | None]]) -> None:
    conversation = Conversation.from_history(f"x{utterance}", history)
    pieces = spoken(conversation)
    ids = TOKENIZER.encode(flatten(conversation), add_special_tokens=False).ids
    separators = [number for number in ids if number in SPECIAL and TOKENIZER.id_to_token(number) != "[UNK]"]
    assert separators == [TOKENIZER.token_to_id("[SEP]")] * (len(pieces) - 1)
    # An unknown word is no special token of the text.
    assert "[UNK]" not in flatten(conversation)
    assert "\n" not in flatten(conversation) and "\t" not in flatten(conversation)


RANGES = st.builds(
    Quantiser,
    st.floats(0.01, 1000, allow_nan=False),
    st.integers(1, LARGEST_IMPACT),
)


@given(RANGES, st.lists(st.integers(0, LARGEST_IMPACT), min_size=1, max_size=20))
def test_impacts_become_weights_and_the_same_impacts_again(quantiser: Quantiser, impacts: list[int]) -> None:
    numbers = np.array(impacts, np.int64)
    again = np.rint(quantiser.dequantise(numbers).astype(np.float64) / quantiser.weight_range * quantiser.quant_range)
    assert again.tolist() == impacts


@given(RANGES, st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
def test_a_weight_is_at_most_half_a_step_from_its_impact(quantiser: Quantiser, shares: list[float]) -> None:
    weights = np.array(shares, np.float64) * quantiser.weight_range
    impacts = quantiser.quantise(weights)
    step = quantiser.weight_range / quantiser.quant_range
    assert np.all(np.abs(impacts * step - weights) <= step / 2 * (1 + 1e-9))
    assert np.all(np.diff(impacts[np.argsort(weights)]) >= 0)
    vector = quantiser.impacts(WeightVector(np.arange(len(weights), dtype=np.int32), weights.astype(np.float32)))
    assert np.all(vector.impacts > 0) and vector.impacts.dtype == np.uint16


VECTOR = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(is_one_token),
    st.integers(1, LARGEST_IMPACT),
    max_size=6,
)


@given(st.dictionaries(LABEL, VECTOR, min_size=1, max_size=6), st.booleans())
def test_vectors_survive_an_export_and_an_import(documents: dict[str, dict[str, int]], packed: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("vectors.jsonl.gz" if packed else "vectors.jsonl")
        assert export(Vectors(documents, raw=True), path) == len(documents)
        source = open_vectors(path)
        found, texts = {}, []
        for batch in source.batches():
            texts += batch.raw or []
            for docid, terms, impacts in batch:
                found[docid] = {source.vocabulary[t]: int(i) for t, i in zip(terms, impacts, strict=True)}
    assert found == documents
    assert texts == [f"text of\n{docid}" for docid in documents]


@given(st.dictionaries(LABEL, LINE, min_size=1, max_size=5))
def test_topics_are_read_as_they_were_written(topics: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        write_topics(topics, Path(folder) / "t.tsv")
        assert read_topics(Path(folder) / "t.tsv") == topics


@given(
    st.dictionaries(LABEL, st.dictionaries(LABEL, st.integers(-(10**30), 10**30), min_size=1), min_size=1, max_size=4)
)
def test_qrels_are_read_as_they_were_written(qrels: dict[str, dict[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        write_qrels(qrels, Path(folder) / "q.txt")
        assert read_qrels(Path(folder) / "q.txt") == qrels


@given(st.dictionaries(LABEL, st.dictionaries(LABEL, st.integers(0, 2**24), min_size=1), min_size=1, max_size=4))
def test_runs_are_read_as_they_were_written(run: dict[str, dict[str, int]]) -> None:
    hits = {qid: [Hit(docid, float(score)) for docid, score in scores.items()] for qid, scores in run.items()}
    with TemporaryDirectory() as folder:
        write_run(hits, Path(folder) / "run.txt")
        assert read_run(Path(folder) / "run.txt") == run


@given(
    st.dictionaries(
        LABEL,
        st.dictionaries(LABEL, st.floats(allow_nan=False, allow_infinity=False), min_size=2),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_teachers_are_read_as_they_were_written(scores: dict[str, dict[str, float]], packed: bool) -> None:
    flat: list[str] = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("t.json.gz" if packed else "t.json")
        write_teacher(scores.items(), path)
        try:
            found = dict(read_teacher(path, flat))
        finally:
            assert flat == [qid for qid, one in scores.items() if is_flat(one)]
    assert found == {qid: one for qid, one in scores.items() if qid not in flat}
    assert all(math.isfinite(score) for one in found.values() for score in one.values())


SENTENCE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
QUERIES = st.builds(
    lambda cid, history, utterance, response, rewrites: Query(
        f"{cid}_{len(history) + 1}",
        cid,
        Conversation((*(Turn(user, system) for user, system in history), Turn(f"q{utterance}", response))),
        rewrites,
    ),
    LABEL,
    st.lists(st.tuples(SENTENCE, st.none() | SENTENCE), max_size=3),
    SENTENCE,
    st.none() | SENTENCE.map("a{}".format),
    st.dictionaries(st.sampled_from(["human", "model"]), SENTENCE.map("r{}".format)),
)


@given(st.lists(QUERIES, min_size=1, max_size=4, unique_by=lambda query: query.qid))
def test_turns_are_read_as_they_were_written(queries: list[Query]) -> None:
    with TemporaryDirectory() as folder:
        write_turns(queries, Path(folder) / "turns.jsonl")
        assert list(read_turns(Path(folder) / "turns.jsonl")) == queries
