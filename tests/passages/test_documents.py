"""Documents of every kind, made with real tools, become passages that say where they are from."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import pytest

from disco_pyserini.cards import cards
from disco_pyserini.encoding.tokens import Tokens
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages import BadRecordError, Splitter, document_files, read_passages
from disco_pyserini.passages.source import passage_id


def read(path: Path, splitter: Splitter | None = None) -> dict[str, str]:
    return {passage.id: passage.contents for passage in read_passages(path, splitter=splitter)}


def write_pdf(path: Path, *pages: str) -> None:
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    with PdfPages(path) as pdf:
        for page in pages:
            figure = Figure()
            figure.text(0.1, 0.5, page)
            pdf.savefig(figure)


def write_docx(path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Leave", 1)
    document.add_paragraph("Everybody has 28 days of leave.")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Poland", "13"
    document.add_paragraph("After the table.")
    document.save(str(path))


def test_every_kind_of_document(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a b#1.txt").write_text("\ufeffPlain téxt.", encoding="utf-8")
    (tmp_path / "m.md").write_text("# Title\n\nSome *words*.\n")
    (tmp_path / "p.txt.gz").write_bytes(gzip.compress(b"Packed."))
    (tmp_path / "w.html").write_text(
        "<html><head><title>Parking &amp; more</title><style>p{}</style></head><body><script>alert(1)</script>"
        "<p>Level&nbsp;2.<p>Pay:<ul><li>cash<li>card</ul></body></html>"
    )
    (tmp_path / "l.htm").write_bytes('<meta charset="latin-1"><p>café'.encode("latin-1"))
    write_pdf(tmp_path / "s.pdf", "The room is locked.", "Ask for the key.")
    write_docx(tmp_path / "d.docx")
    assert read(tmp_path) == {
        "deep/er/a%20b%231.txt#1": "Plain téxt.",
        "m.md#1": "# Title\n\nSome *words*.",
        "p.txt.gz#1": "Packed.",
        "w.html#1": "Parking & more\nLevel 2.\n\nPay:\n\ncash\ncard",
        "l.htm#1": "café",
        "s.pdf#1": "The room is locked.\n\nAsk for the key.",
        "d.docx#1": "Leave\n\nEverybody has 28 days of leave.\n\nPoland | 13\n\nAfter the table.",
    }
    assert read(tmp_path / "m.md") == {"m.md#1": "# Title\n\nSome *words*."}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"\0\1binary", "expected text, found a binary file"),
        ("a.txt", "café".encode("latin-1"), r"expected UTF-8, found b'\\xe9' at byte 3"),
        ("a.txt", b" \n", "expected text, found none"),
        ("a.md", b"", "expected text, found none"),
        ("a.html", b"", "expected HTML with text"),
        ("a.html", b"<script>only()</script>", "expected text, found none"),
        ("a.pdf", b"%PDF-1.4 nonsense", "expected a PDF file, found what pypdf cannot read"),
        ("a.docx", b"PK nonsense", "expected a Word file"),
        ("a.txt.gz", b"not packed", "expected a whole gzip file"),
        ("a.csv", b"a,b\n1\n", "expected 2 columns, as in the header, found 1"),
    ],
)
def test_what_cannot_be_read_is_named_and_can_be_skipped(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.txt").write_text("good")
    with pytest.raises(BadRecordError, match=rf"{name}.*: {message}"):
        read(tmp_path)
    problems: list[BadRecordError] = []
    assert [passage.id for passage in read_passages(tmp_path, on_error=problems.append)] == ["good.txt#1"]
    assert len(problems) == 1


def test_a_scanned_pdf_says_what_it_needs(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", "")
    with pytest.raises(InputError, match=r"scanned pages need text recognition \(OCR\)"):
        read(tmp_path / "scan.pdf")


def test_a_huge_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_files, "LARGEST", 1000)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"word " * 201))
    with pytest.raises(InputError, match="expected a document of at most"):
        read(tmp_path / "a.txt.gz")


def test_a_vanished_file_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.txt").write_text("text")
    passages = read_passages(tmp_path)
    assert next(passages).id == "a.txt#1"
    (tmp_path / "b.txt").unlink()
    with pytest.raises(BadRecordError, match=r"b\.txt: cannot be read: No such file"):
        next(passages)


def test_rows_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text('question;answer\nWho?;"Your; team\nlead"\n\nWhen?;\n')
    assert read(tmp_path / "faq.csv") == {
        "faq.csv#1": "question: Who?\nanswer: Your; team\nlead",
        "faq.csv#2": "question: When?",
    }
    (tmp_path / "ids.csv").write_text("id,text,title\n7,some text,Title\n")
    assert read(tmp_path / "ids.csv") == {"7": "Title some text"}
    [only] = read_passages(tmp_path / "faq.csv", ["answer"], on_error=lambda problem: None)
    assert only.contents == "Your; team\nlead"


def test_long_documents_fit_the_encoder_and_overlap(tmp_path: Path) -> None:
    tokens = Tokens.load(f"{cards()['english'].document.model}")
    splitter = Splitter(tokens.to_json()["tokenizer"], 254)
    sentences = [f"Sentence number {number} speaks about the {number}th unforgettable thing." for number in range(500)]
    (tmp_path / "long.txt").write_text("\n\n".join(" ".join(sentences[at : at + 100]) for at in range(0, 500, 100)))
    passages = read(tmp_path / "long.txt", splitter)
    assert list(passages) == [f"long.txt#{number}" for number in range(1, len(passages) + 1)]
    lengths = [len(ids) for ids in tokens.ids(list(passages.values()), 512)]
    assert max(lengths) <= 256
    assert sum(lengths) / len(lengths) > 150
    texts = list(passages.values())
    for sentence in sentences:
        assert any(sentence in text for text in texts)  # none is cut in two
    overlapping = [after[:30] in before for before, after in pairwise(texts)]
    assert overlapping.count(False) <= 4  # only where a paragraph begins


def test_ids_never_have_white_space_and_never_clash() -> None:
    names = ["a b", "a%20b", "a#1", "é.txt", "tab\there", "half\udce9", "a\u00a0b"]
    ids = [passage_id(name, 1) for name in names]
    assert ids[3] == "é.txt#1" and len(set(ids)) == len(ids)
    assert all(docid.split() == [docid] and docid.encode() for docid in ids)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import disco_pyserini.extras as extras

    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(DiscoError, match=r"reading PDF files needs pypdf .*disco-pyserini\[documents\]"):
        read(tmp_path / "a.pdf")
