"""The harvest of English passages: from an archive to passages, and from conversations to questions."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from disco_pyserini.records import read_yaml
from studies.english.harvest import CONVERSATIONS, LONGEST, SHORTEST, SOURCES, Harvest, Source, cut, held_out, split
from studies.english.readers import READERS, dictd, html

PROSE = "The history of the river is told in the songs of the people who live on the banks of it."

PAGE = f"""<html><head><title>Site</title><style>p {{}}</style></head><body><nav><p>Home</p></nav>
<h2>1.2 The river</h2><p>{PROSE} <b>It is</b> long.</p><pre>make river</pre><p>{PROSE}</p><ul><li>{PROSE}</li></ul>
<h2>Empty</h2></body></html>"""


def test_a_page_becomes_titles_and_paragraphs() -> None:
    sections = [(title, paragraphs) for title, paragraphs in html(PAGE.encode()) if paragraphs]
    assert sections == [("The river", [f"{PROSE} It is long.", PROSE, PROSE])]


def test_a_dictionary_becomes_entries() -> None:
    entries = list(dictd(b"head\n\n     A {word}\n     here.\n\n     More.\nnext\n     Text.\n"))
    assert entries[1:] == [("head", ["A word here.", "More."]), ("next", ["Text."])]


def test_an_archive_becomes_passages(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a-1-py3-none-any.whl", "w") as archive:
        archive.writestr("a/page.html", PAGE)
        archive.writestr("a/other.txt", PROSE * 9)
    source = Source(
        kind="pypi", package="a", version="1", sha256="", licence="MIT", files=r"\.html$", reader="html", most=10
    )
    [(title, [passage])] = cut(source, tmp_path / "a-1-py3-none-any.whl")
    assert title == "The river"
    assert passage == f"{PROSE} It is long. {PROSE} {PROSE}"


def test_passages_are_prose_of_some_length() -> None:
    assert list(split([PROSE])) == []  # too short
    assert list(split(["x = y + 1;"] * 40)) == []  # no prose
    lengths = [len(passage.split()) for passage in split([" ".join([PROSE] * 30)])]
    assert len(lengths) > 1
    assert all(SHORTEST <= length <= LONGEST for length in lengths)


def conversation(number: int) -> Query:
    response = f"{PROSE} This is answer number {number}."
    turns = (Turn("what is the river?", response),)
    return Query(f"{number}_1", str(number), Conversation(turns), {"human": f"what is river {number}?"})


def test_rewrites_of_held_out_conversations_are_not_trained_on() -> None:
    queries = [conversation(number) for number in range(40)]
    harvest = Harvest()
    harvest.add_conversations("cast2019", queries)
    held = [query for query in queries if held_out("cast2019", query.conversation_id)]
    assert 0 < len(held) < 20
    assert set(harvest.dev) == {f"cast2019-{query.qid}" for query in held}
    assert not {query.text("human") for query in held} & harvest.questions.keys()
    assert len(harvest.questions) == 40 - len(held)
    for query in held:
        answer = harvest.passages[harvest.qrels[f"cast2019-{query.qid}"]]
        assert answer == query.conversation.turns[-1].response


def test_sources_are_pinned_and_no_test_collection_is_among_the_conversations() -> None:
    sources = [Source.check(record, "sources.yaml") for record in read_yaml(SOURCES)]
    assert all(len(source.sha256) == 64 and source.reader in READERS for source in sources)
    assert not {"ikat2023", "cast2022"} & {name for name, _ in CONVERSATIONS}


@pytest.mark.parametrize("passage", [PROSE, f"{PROSE} {PROSE}"])
def test_a_passage_is_added_once(passage: str) -> None:
    harvest = Harvest()
    assert harvest.add("a", "The long river", [passage])
    assert not harvest.add("b", "The long river", [passage])
    assert harvest.questions == {"The long river": "titles"}
