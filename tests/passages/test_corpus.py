from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages import BadRecordError, Passage, RejectsFile, count_passages, read_passages


def saved(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def read(path: Path, *fields: str) -> list[tuple[str, str]]:
    return [(passage.id, passage.contents) for passage in read_passages(str(path), fields)]


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.json", "corpus.jsonl.gz", "CORPUS.JSONL"])
def test_jsonl(tmp_path: Path, name: str) -> None:
    lines = [
        '{"id": "a", "contents": "one"}',
        '{"docid": "b", "text": "two", "title": "Title"}',
        "",
        '{"_id": 3, "text": "thrée", "title": ""}',
        '{"id": "d", "text": "four", "title": null}',
        '{"id": "e", "text": "", "title": "only a title"}',
        '{"id": "f", "contents": "contents win", "text": "no", "url": ["ignored"]}',
    ]
    path = saved(tmp_path, name, "\ufeff" + "\r\n".join(lines))
    assert read(path) == [
        ("a", "one"),
        ("b", "Title two"),
        ("3", "thrée"),
        ("d", "four"),
        ("e", "only a title"),
        ("f", "contents win"),
    ]
    assert next(read_passages(str(path))) == Passage("a", "one")


def test_fields_are_joined_in_the_order_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jsonl", '{"id": "a", "body": "b", "head": "h", "foot": "", "contents": "no"}')
    assert read(path, "head", "foot", "body") == [("a", "h b")]
    with pytest.raises(
        InputError, match=r"a\.jsonl:1: expected the fields that were asked for, found no 'tail' among: id"
    ):
        read(path, "tail")


def test_fields_name_columns(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.tsv", "docid\thead\tbody\n1\th\tb\n")
    assert read(path, "body", "head") == [("1", "b h")]


@pytest.mark.parametrize("name", ["corpus.tsv", "corpus.tsv.gz"])
@pytest.mark.parametrize(
    "content",
    [
        "1\tsome text\tTitle\n2\tmore\tOther\n",
        "id\ttext\ttitle\n1\tsome text\tTitle\n2\tmore\tOther\n",
        "title\ttext\tdocid\nTitle\tsome text\t1\nOther\tmore\t2",
        '"id"\t"text"\t"title"\r\n"1"\t"some text"\t"Title"\r\n"2"\t"more"\t"Other"\r\n',
        '"1"\t"some text"\t"Title"\n\n"2"\t"more"\t"Other"\n',
    ],
)
def test_tsv(tmp_path: Path, name: str, content: str) -> None:
    assert read(saved(tmp_path, name, content)) == [("1", "Title some text"), ("2", "Other more")]


TEXTS = [
    "plain",
    'with "quotes" inside',
    '"begins" with quotes',
    'ends with "quotes"',
    "it's 5\" wide",
    "two\nlines",
    'a\n\n"paragraph"\n',
    'a "mark',
    '"',
    '""',
    "tab\tinside",
]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("first", range(len(TEXTS)))
def test_whatever_csv_libraries_write_is_read_back(tmp_path: Path, quoting: int, header: bool, first: int) -> None:
    texts = TEXTS[first:] + TEXTS[:first]
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t", quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows([["id", "text"]] if header else [])
    writer.writerows([f"p{i}", text] for i, text in enumerate(texts))
    assert read(saved(tmp_path, "a.tsv", file.getvalue())) == [(f"p{i}", text) for i, text in enumerate(texts)]


@pytest.mark.parametrize("header", ["", "id\ttext\n"])
def test_quotation_marks_of_an_unquoted_file_are_kept(tmp_path: Path, header: str) -> None:
    texts = [text for text in TEXTS if "\n" not in text and "\t" not in text and text != '""']
    texts += ['"all of it"', '"open', 'and "closed"']
    for first in range(len(texts)):
        turned = texts[first:] + texts[:first]
        content = header + "".join(f"p{i}\t{text}\n" for i, text in enumerate(turned))
        assert [text for _, text in read(saved(tmp_path, "a.tsv", content))] == turned


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    saved(tmp_path, "2.tsv", "c\tthree\n")
    saved(tmp_path, "1.jsonl.gz", '{"id": "b", "text": "two"}')
    saved(tmp_path, "0.jsonl", '{"id": "a", "text": "one"}')
    assert [docid for docid, _ in read(tmp_path)] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["README.rst", "corpus.zip", "corpus.gz"])
def test_unknown_files_are_not_ignored(tmp_path: Path, name: str) -> None:
    saved(tmp_path, "a.jsonl", '{"id": "a", "text": "one"}')
    path = saved(tmp_path, name, "")
    for source in (tmp_path, path):
        with pytest.raises(InputError, match=rf"{name}: expected a file whose name ends with \.jsonl"):
            read(source)
    skipped: list[BadRecordError] = []
    assert [passage.id for passage in read_passages(tmp_path, on_error=skipped.append)] == ["a"]
    assert [problem.where for problem in skipped] == [str(path)]


def test_folders_are_read_with_those_in_them_but_nothing_hidden(tmp_path: Path) -> None:
    for folder in ("b/c", ".git", "a.jsonl"):
        (tmp_path / folder).mkdir(parents=True)
    saved(tmp_path / "b" / "c", "2.jsonl", '{"id": "2", "text": "two"}')
    saved(tmp_path / "a.jsonl", "1.tsv", "1\tone")
    saved(tmp_path / ".git", "3.jsonl", '{"id": "3", "text": "three"}')
    saved(tmp_path, ".DS_Store", "")
    assert [docid for docid, _ in read(tmp_path)] == ["1", "2"]


BAD = [
    ('{"contents": "x"}', r"expected an id \(id, docid, _id\), found only: contents"),
    ('{"id": "", "contents": "x"}', "expected id to be a string that is not empty, found ''"),
    ('{"id": null, "contents": "x"}', "found None"),
    ('{"id": true, "contents": "x"}', "found True"),
    ('{"id": 1.5, "contents": "x"}', r"found 1\.5"),
    ('{"id": "a b", "contents": "x"}', "expected an id without white space, .*TREC run files, found 'a b'"),
    ('{"id": "a\\u00a0", "contents": "x"}', "expected an id without white space"),
    ('{"id": "a"}', "expected contents or text, found no 'text' among: id"),
    ('{"id": "a", "title": "x"}', "found no 'text' among: id, title"),
    ('{"id": "a", "contents": ""}', "expected a text in contents, found it empty"),
    ('{"id": "a", "text": " \\n", "title": ""}', r"expected a text in title \+ text, found it empty"),
    ('{"id": "a", "contents": null}', "found it empty"),
    ('{"id": "a", "contents": ["x"]}', "expected contents to be a string, found list"),
    ('{"id": "a", "contents": "\\ud800"}', r"found half a character \('\\ud800'\)"),
    ('{"id": "a", "contents": "x"', "found what is not JSON: Expecting ',' delimiter"),
    ("[" * 100_000, "found what is not JSON"),
    ("3", "found a JSON value of type int"),
    (b'{"id": "a", "contents": "caf\xe9"}', r"expected UTF-8, found b'\\xe9' at byte 28 of the line"),
]


@pytest.mark.parametrize(("line", "message"), BAD)
def test_a_bad_record_stops_the_reading_and_says_where(tmp_path: Path, line: str | bytes, message: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    path = saved(tmp_path, "a.jsonl", b'{"id": "good", "contents": "x"}\n' + line + b"\n")
    with pytest.raises(BadRecordError, match=rf"a\.jsonl:2: .*{message}") as stop:
        read(path)
    assert stop.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\tone\nonly one column\n", r"a\.tsv:2: expected id<TAB>text<TAB>title, found 1 columns"),
        ("1\tone\n2\ta\tb\tc\n", r"a\.tsv:2: .*found 4 columns: replace tabs"),
        ("id\ttext\n1\tone\n2\ta\tb\n", r"a\.tsv:3: expected id<TAB>text, found 3 columns"),
        ("1\tone\n\ttwo\n", r"a\.tsv:2: expected id to be a string that is not empty"),
        ("1\tone\n2\t\n", r"a\.tsv:2: expected a text in title \+ text, found it empty"),
        ("1\tone\n2 3\tx\n", r"a\.tsv:2: expected an id without white space"),
        (
            '1\t"a ""good"" one"\n2\t"never closed\n3\tthree',
            r"a\.tsv:2: .*a quotation mark opens a field that is never",
        ),
        (b"1\tone\n2\tcaf\xe9\n", r"a\.tsv:2: expected UTF-8"),
    ],
)
def test_bad_rows(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(BadRecordError, match=message):
        read(saved(tmp_path, "a.tsv", content))


def test_bad_records_can_be_skipped_and_are_listed(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    lines = [line.encode() if isinstance(line, str) else line for line, _ in BAD]
    saved(tmp_path / "corpus", "a.jsonl", b'\n{"id": "good", "contents": "x"}\n'.join([*lines, b""]))
    saved(tmp_path / "corpus", "b.tsv", b'1\t"a ""quoted"" text"\n2\t"open\n3\tthree\n4\t\xff\n5\n6\tsix')
    with RejectsFile(tmp_path / "out" / "rejects.jsonl") as rejects:
        ids = [passage.id for passage in read_passages(str(tmp_path / "corpus"), on_error=rejects)]
    assert ids == ["good"] * len(BAD) + ["1", "3", "6"]
    listed = [json.loads(line) for line in rejects.path.read_text().splitlines()]
    assert rejects.count == len(listed) == len(BAD) + 3
    assert listed[1]["where"] == f"{tmp_path / 'corpus' / 'a.jsonl'}:3"
    assert listed[1]["reason"] == "expected id to be a string that is not empty, found ''"
    assert [entry["where"].rpartition("b.tsv:")[2] for entry in listed[-3:]] == ["2", "4", "5"]


def test_the_rejects_file_belongs_to_the_last_whole_reading(tmp_path: Path) -> None:
    path = saved(tmp_path, "rejects.jsonl", "of an earlier run\n")
    with pytest.raises(RuntimeError), RejectsFile(path) as rejects:
        rejects(BadRecordError("here", "why"))
        raise RuntimeError
    assert path.read_text() == "of an earlier run\n"
    with RejectsFile(path):
        pass
    assert list(tmp_path.iterdir()) == []


def ignore(problem: BadRecordError) -> None:
    pass


def test_what_cannot_be_skipped(tmp_path: Path) -> None:
    whole = gzip.compress("".join(f'{{"id": "{i}", "contents": "text {i * i}"}}\n' for i in range(5000)).encode())
    cases = {
        "cut.jsonl.gz": (whole[:-2000], "expected a whole gzip file, found a cut or damaged one"),
        "tail.jsonl.gz": (whole[:-4], "expected a whole gzip file"),
        "damaged.jsonl.gz": (whole[:2000] + b"????" + whole[2004:], "expected a whole gzip file"),
        "plain.jsonl.gz": (b'{"id": "a", "contents": "x"}', "expected a whole gzip file"),
        "empty.jsonl": (b"", "expected at least one passage, found none"),
        "blank.jsonl": (b"\n \n", "expected at least one passage"),
        "all-bad.jsonl": (b"?\n", "expected at least one passage"),
        "header.tsv": (b"id\ttext\n", "expected at least one passage"),
    }
    for name, (content, message) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name}: {message}") as stop:
            list(read_passages(str(tmp_path / name), on_error=ignore))
        assert not isinstance(stop.value, BadRecordError)
    (tmp_path / "empty").mkdir()
    for name, message in {"missing.jsonl": "no such file or folder", "empty": "found nothing in it"}.items():
        with pytest.raises(InputError, match=f"{name}: .*{message}"):
            list(read_passages(str(tmp_path / name), on_error=ignore))


@pytest.mark.parametrize("name", ["a.jsonl", "a.tsv", "a.jsonl.gz"])
def test_a_passage_of_five_megabytes(tmp_path: Path, name: str) -> None:
    text = 'a "word" ' * 600_000
    content = f'1\t"{text.strip()}\n' if name == "a.tsv" else json.dumps({"id": "1", "contents": text})
    [(docid, contents)] = read(saved(tmp_path, name, content))
    assert docid == "1" and len(contents) > 5_000_000


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"id": i, "contents": f"{i} " * 100}) + "\n" for i in range(20_000))
    path = saved(tmp_path, "a.jsonl", lines)
    tracemalloc.start()
    assert sum(1 for _ in read_passages(str(path))) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000 < len(lines)


def test_counting(tmp_path: Path) -> None:
    saved(tmp_path, "a.jsonl", '{"id": "a"}\n' * 1000)
    saved(tmp_path, "b.tsv", "1\tx\n2\ty\n")
    assert count_passages(str(tmp_path)) == 1002
    saved(tmp_path, "c.jsonl.gz", "{}\n")
    assert count_passages(str(tmp_path)) is None
    with pytest.raises(InputError, match="no such file"):
        count_passages(str(tmp_path / "missing"))


class Document(NamedTuple):
    doc_id: str
    title: str
    body: str

    def default_text(self) -> str:
        return f"{self.title} {self.body}"


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A data set that ir_datasets serves without a network."""
    import ir_datasets
    from ir_datasets.formats import BaseDocs

    class Docs(BaseDocs):  # type: ignore[misc]
        def docs_iter(self) -> Iterator[Document]:
            yield Document("d1", "One", "first")
            yield Document("d 2", "Two", "second")
            yield Document("d3", "Three", "third")
            raise OSError("the download broke")

        def docs_cls(self) -> Any:
            return Document

        def docs_count(self) -> int:
            return 3

    monkeypatch.setitem(ir_datasets.registry._registered, "test-world", ir_datasets.Dataset(Docs()))
    yield "irds:test-world"


def test_ir_datasets(registered: str) -> None:
    assert count_passages(registered) == 3
    passages = read_passages(registered)
    assert next(passages) == Passage("d1", "One first")
    with pytest.raises(BadRecordError, match="irds:test-world, passage 2: expected an id without white space"):
        next(passages)
    passages = read_passages(registered, ["body"], ignore)
    assert [next(passages), next(passages)] == [Passage("d1", "first"), Passage("d3", "third")]
    with pytest.raises(DiscoError, match="irds:test-world: ir_datasets failed after 3 passages: the download broke"):
        next(passages)


def test_unknown_ir_datasets() -> None:
    with pytest.raises(InputError, match="irds:nonesuch: ir_datasets knows no such data set"):
        next(read_passages("irds:nonesuch"))
