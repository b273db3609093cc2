"""Topics, runs, qrels and turns: what is no number, no id or no text is refused, with the file and the line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from disco_pyserini.datasets.turns import Query
from disco_pyserini.datasets.turns import read_turns as turns_of
from disco_pyserini.errors import InputError
from disco_pyserini.trec import read_qrels, read_run, read_topics


def read_turns(path: Path) -> list[Query]:
    return list(turns_of(path))


TURN = {"qid": "1_1", "conversation_id": "1", "history": [["who?", None]], "utterance": "where?"}
WHOLE = {
    read_topics: ("1_1\twhere?\n", {"1_1": "where?"}),
    read_run: ("1_1 Q0 a 1 2.5 t\n", {"1_1": {"a": 2.5}}),
    read_qrels: ("1_1 0 a -2\n", {"1_1": {"a": -2}}),
    read_turns: (json.dumps(TURN) + "\n", None),
}


@pytest.mark.parametrize("read", WHOLE)
def test_what_is_no_part_of_the_text_is_left_out(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """Byte-order marks, empty lines, line ends of Windows, gzip."""
    text, expected = WHOLE[read]
    path = tmp_path / "x"
    path.write_text(text)
    plain = read(path)
    assert expected is None or plain == expected
    path.write_bytes(b"\xef\xbb\xbf\r\n" + text.replace("\n", "\r\n\r\n").encode())
    assert read(path) == plain
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read(path) == plain
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert read(packed) == plain


@pytest.mark.parametrize("read", WHOLE)
def test_files_that_cannot_be_read_are_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    text = WHOLE[read][0].encode()
    files = {"utf-16": text.decode().encode("utf-16"), "latin": text + b"\xe9 \xff\n", "empty": b"", "b.gz": text}
    files |= {"cut.gz": gzip.compress(text)[:-9], "packed": gzip.compress(text), "nothing.gz": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name in (*files, "folder", "loop", "missing", "file\0", "x" * 300, "empty/below"):
        with pytest.raises(InputError) as caught:
            read(tmp_path / name)
        assert name[:100].rstrip("\0") in str(caught.value)


@pytest.mark.parametrize(
    ("read", "lines", "message"),
    [
        (read_topics, "1_1 where?\n", r"x:1: expected qid<TAB>text with exactly one tab, found 0"),
        (read_topics, "1_1\ta\tb\n", r"x:1: expected qid<TAB>text with exactly one tab, found 2"),
        (read_topics, "1 1\twhere?\n", r"x:1: expected a query id without white space"),
        (read_topics, "1\u00a01\twhere?\n", r"x:1: expected a query id without white space"),
        (read_topics, "1\ta\n1\tb\n", r"x:2: query id '1' is used twice"),
        (read_topics, "\twhere?\n", r"x:1: empty query id"),
        (read_topics, "1\t \n", r"x:1: empty query:"),
        *(
            (read_run, f"1 Q0 b 1 3 t\n1 Q0 a 1 {score} t\n", r"x:2: expected (a finite score|'qid Q0 docid)")
            for score in ("nan", "inf", "-Infinity", "1e999", "1_000", "٣", "0x1p3", "x", "")
        ),
        (read_run, "1 Q0 a 1 2 t\n1 Q0 a 2 1 t\n", r"x:2: document 'a' of query '1' is listed twice"),
        (read_run, "1 Q0 a 1 2 t\n2 Q0 a 1 2 t\n1 Q0 a 2 1 t\n", r"x:3: document 'a' of query '1' is listed twice"),
        *(
            (read_qrels, f"1 0 b 1\n1 0 a {grade}\n", r"x:2: expected 'qid 0 docid grade'")
            for grade in ("1_000", "1.5", "nan", "٣", "x", "", "9" * 5000)
        ),
        (read_qrels, "1 0 a 1\n1 0 a 2\n", r"x:2: document 'a' of query '1' was already judged 1, found 2"),
    ],
)
def test_what_is_malformed_is_named(tmp_path: Path, read: Callable[[Path], object], lines: str, message: str) -> None:
    (tmp_path / "x").write_text(lines)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "x")
    assert len(str(caught.value)) < 400


def test_the_same_grade_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1 0 a 1\n1 0 a 1\n")
    assert read_qrels(tmp_path / "x") == {"1": {"a": 1}}


@pytest.mark.parametrize(
    "change",
    [
        *({name: value} for name in ("qid", "conversation_id", "utterance") for value in (None, 0.5, "", [], "\ud800")),
        {"qid": "a b"},
        *({"history": value} for value in (5, "who?", {}, [5], [["a"]], [["a", 5]], [[None, "a"]], [["\ud800", "a"]])),
        *({"manual_rewrite": value} for value in (5, [], "\ud800")),
    ],
)
def test_turns_of_wrong_values_are_named(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / "turns.jsonl").write_text(json.dumps({**TURN, **change}) + "\n")
    with pytest.raises(InputError, match=r"turns\.jsonl"):
        read_turns(tmp_path / "turns.jsonl")


@pytest.mark.parametrize(
    "line", ["[" * 100_000, "null", "[]", '{"qid": ' + "9" * 5000 + "}", '{"history": ' + "[" * 5000]
)
def test_lines_that_are_no_turns_are_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "turns.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"turns\.jsonl:1: "):
        read_turns(tmp_path / "turns.jsonl")
