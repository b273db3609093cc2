"""Teacher files in both formats, what is wrong with them, and several made one."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, pstdev

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.training.fusion import RULES, FusionReport, fuse, fuse_scores
from disco_pyserini.training.teachers import TeacherQuery, read_teacher, write_teacher

SCORES = {"1_1": {"b": 3.5, "a": 12, "é": -0.25}, "1_2": {"c": 1e-3, "d": 2.0}}


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def run_of(scores: dict[str, dict[str, float]]) -> str:
    rows = ((qid, docid, score) for qid, documents in scores.items() for docid, score in documents.items())
    return "".join(f"{qid} Q0 {docid} {rank} {score} tag\n" for rank, (qid, docid, score) in enumerate(rows, 1))


@pytest.mark.parametrize("name", ["scores.json", "scores.json.gz", "scores", "indented.json", "run.txt", "run.gz"])
def test_every_format_is_read(tmp_path: Path, name: str) -> None:
    indent = 2 if name == "indented.json" else None
    text = run_of(SCORES) if name.startswith("run") else json.dumps(SCORES, indent=indent)
    queries = list(read_teacher(written(tmp_path / name, text)))
    assert dict(queries) == SCORES
    assert [list(scores) for _, scores in queries] == [["b", "a", "é"], ["c", "d"]]


@pytest.mark.parametrize("name", ["scores.json", "scores.json.gz"])
def test_what_is_written_is_read_back_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_teacher(iter(SCORES.items()), path) == 2
    assert dict(read_teacher(path)) == SCORES
    content = path.read_bytes()
    assert json.loads(gzip.decompress(content) if name.endswith(".gz") else content) == SCORES
    write_teacher(read_teacher(path), path)
    assert path.read_bytes() == content
    if name.endswith(".gz"):
        assert content[4:8] == bytes(4), "a time of day in the header makes equal scores differ in their bytes"


@pytest.mark.slow
def test_one_query_at_a_time_is_in_memory(tmp_path: Path) -> None:
    def many() -> Iterator[TeacherQuery]:
        for query in range(300):
            yield f"q{query}", {f"d{query}-{rank}": 100 / (rank + 1) for rank in range(1000)}

    tracemalloc.start()
    write_teacher(many(), tmp_path / "scores.json")
    assert sum(len(scores) for _, scores in read_teacher(tmp_path / "scores.json")) == 300_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (tmp_path / "scores.json").stat().st_size / 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.json", '{"1_1": {"a": 1, "b": NaN}}', r"t\.json: expected whole JSON .* NaN\}\} .*infinity are not JSON"),
        ("t.json", '{"1_1": {"a": 1, "b": "2"}}', r"score of document 'b' for query '1_1', found '2'"),
        ("t.json", '{"1_1": {"a": 1, "b": true}}', r"document 'b' for query '1_1', found True"),
        ("t.json", '{"1_1": {"a": 1, "b": 2}, "1_1": {"a": 1, "b": 2}}', r"query id '1_1' is duplicate"),
        ("t.json", '{"1_1": {"a": 1, "b": 2, "a": 3}}', r"query '1_1': document 'a' has two scores"),
        ("t.json", '{"1_1": {}}', r"query '1_1': expected \{docid: score\}, found \{\}"),
        ("t.json", '{"1_1": [["a", 1]]}', r"expected \{docid: score\}, found \[…\]"),
        ("t.json", '{"q": ' + "[" * 300_000, r"expected \{docid: score\}, found \[…\]"),
        ("t.json", '{"q": {"d": ' + '{"a":' * 100_000, "nested more than 2 deep"),
        ("t.json", '{"q": {"d": ' + "9" * 5000 + "}}", "expected whole JSON"),
        ("t.json", '{"1_1": {"a": 1, "b": 2}', r"t\.json: expected whole JSON .* premature EOF"),
        ("t.json", '{"1_1": {"a": 2, "b": 2}}', r"tell the documents of query '1_1' apart, found 2 equal score"),
        ("t.json", '{"1": {"a": 1e999, "b": 2}}', r"expected whole JSON .* overflow"),
        ("t.json", "{}", r"t\.json: no query found"),
        ("t.json", "", r"t\.json: no query found"),
        ("t.run", "1 Q0 a 1 2.5 t\n1 Q0 b 2\n", r"t\.run:2: expected 'qid Q0 docid rank score tag', found '1 Q0 b 2'"),
        ("t.run", "1 Q0 a 1 2.5 t\n1 Q0 b 2 nan t\n", r"t\.run:2: expected a finite score for document 'b', found nan"),
        ("t.run", "1 Q0 a 1 -inf t\n", r"t\.run:1: expected a finite score for document 'a', found -inf"),
        ("t.run", "1 Q0 a 1 2 t\n1 Q0 a 2 1 t\n", r"t\.run:2: document 'a' of query '1' is listed twice"),
        (
            "t.run",
            run_of({"1": {"a": 2, "b": 1}, "2": {"a": 2, "b": 1}}) + "1 Q0 c 3 0 t\n",
            r":5: query id '1' is duplicate",
        ),
        ("t.run", "1 Q0 a 1 2 t\n1 Q0 b 2 2.0 t\n", r"t\.run:1: expected scores that tell .* '1' apart"),
        ("t.run", "1 Q0 a 1 2 t\n", r"found 1 equal score"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_teacher(written(tmp_path / name, text)))


def test_a_cut_gzip_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.json.gz"
    path.write_bytes(gzip.compress(json.dumps(SCORES).encode())[:-12])
    with pytest.raises(InputError, match="expected a whole gzip file"):
        list(read_teacher(path))


def test_queries_with_equal_scores_can_be_left_out_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "t.json", json.dumps({"0": {"a": 1}, **SCORES, "9": {"a": 2, "b": 2}}))
    flat: list[str] = []
    assert dict(read_teacher(path, flat)) == SCORES
    assert flat == ["0", "9"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path / "t.json", "before")
    twice = [("1", {"a": 1.0}), ("1", {"a": 1.0})]
    for queries, message in (
        (twice, "'1' would be written twice"),
        ([], "no query has scores"),
        ([("1", {"a": float("nan")})], "found nan"),
    ):
        with pytest.raises(InputError, match=message):
            write_teacher(queries, path)
        assert path.read_text() == "before"
        assert [file.name for file in tmp_path.iterdir()] == ["t.json"]


A = {"x": 10.0, "y": 6.0, "z": 2.0}
B = {"y": 4.0, "w": 3.0, "x": 1.0}


def normal(scores: dict[str, float], docid: str) -> float:
    return (scores[docid] - fmean(scores.values())) / pstdev(scores.values())


@pytest.mark.parametrize(
    ("rule", "weights", "expected"),
    [
        # w is not in A and so has A's lowest score, 2; z is not in B and has B's lowest, 1.
        ("mean", None, {"x": 5.5, "y": 5.0, "w": 2.5, "z": 1.5}),
        ("mean", [3.0, 1.0], {"x": 7.75, "y": 5.5, "w": 2.25, "z": 1.75}),
        ("max", None, {"x": 10.0, "y": 6.0, "w": 3.0, "z": 2.0}),
        ("min", None, {"y": 4.0, "w": 2.0, "x": 1.0, "z": 1.0}),
        ("min-max", None, {"y": 0.75, "x": 0.5, "w": 1 / 3, "z": 0.0}),
        ("min-max", [1.0, 3.0], {"y": 0.875, "w": 0.5, "x": 0.25, "z": 0.0}),
        (
            "z",
            [1.0, 4.0],
            {
                "y": 0.2 * normal(A, "y") + 0.8 * normal(B, "y"),
                "w": 0.2 * normal(A, "z") + 0.8 * normal(B, "w"),
                "x": 0.2 * normal(A, "x") + 0.8 * normal(B, "x"),
                "z": 0.2 * normal(A, "z") + 0.8 * normal(B, "x"),
            },
        ),
    ],
)
def test_rules(rule: str, weights: list[float] | None, expected: dict[str, float]) -> None:
    fused = fuse_scores([A, B], rule, weights)
    assert fused == pytest.approx(expected)
    assert list(fused) == list(expected)


def test_three_teachers_and_every_rule() -> None:
    teachers = [{"1": A}, {"1": B}, {"1": {"x": 1.0, "v": 9.0}}]
    for rule in RULES:
        [(qid, scores)] = fuse([teacher.items() for teacher in teachers], rule)
        assert (qid, set(scores)) == ("1", {"v", "w", "x", "y", "z"})
    assert dict(fuse([teacher.items() for teacher in teachers], "mean"))["1"]["x"] == pytest.approx(4)


def test_queries_in_another_order_and_those_that_do_not_match() -> None:
    first = {"1": A, "2": B, "only-first": A, "3": A}
    second = {"3": B, "only-second": B, "1": B, "2": B, "4": B}
    report = FusionReport()
    fused = dict(fuse([first.items(), second.items()], "max", report=report))
    assert fused == {"1": fuse_scores([A, B], "max"), "2": B, "3": fuse_scores([A, B], "max")}
    assert (report.queries, report.documents, report.partly_scored) == (3, 11, 4)
    assert report.unmatched == [["only-first"], ["only-second", "4"]]


def test_fusing_is_refused_where_it_would_mean_nothing() -> None:
    with pytest.raises(InputError, match="share no query: their first ids are '1', '2'"):
        list(fuse([[("1", A)], [("2", B)]], "mean"))
    with pytest.raises(InputError, match="at least two teachers"):
        fuse([[("1", A)]], "mean")
    with pytest.raises(InputError, match="unknown fusion rule 'median': did you mean 'mean'"):
        fuse([[], []], "median")
    with pytest.raises(InputError, match="the fusion rule max uses no weights"):
        fuse([[], []], "max", [1, 2])
    with pytest.raises(InputError, match="one weight for each of 2 teachers, found 3"):
        fuse([[], []], "z", [1, 2, 3])
    with pytest.raises(InputError, match="expected weights above 0, found 1, -1"):
        fuse([[], []], "z", [1, -1])
    for rule in ("min-max", "z"):
        with pytest.raises(InputError, match="expected scores that differ, to normalise them"):
            fuse_scores([A, {"x": 0.1, "y": 0.1, "z": 0.1}], rule)
