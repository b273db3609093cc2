"""Documents: plain text, Markdown, HTML, PDF and Word. Each is split into passages."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.files import open_unpacked
from disco_pyserini.passages.passage import BadRecordError, Passage
from disco_pyserini.passages.source import Found, Reading, passage_id
from disco_pyserini.storage import AnyPath

LARGEST = 64 * 2**20
"""The largest document, in bytes (after unpacking). Larger files are not documents that anybody reads."""


def read_plain_text(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read UTF-8 text; see `disco_pyserini.passages.source.FileFormat`."""
    with _skipped(file, reading):
        yield from _passages(file, name, reading, _decoded(_content(file)))


def read_markdown(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read Markdown, as it is written."""
    with _skipped(file, reading):
        yield from _passages(file, name, reading, _decoded(_content(file)), markdown=True)


def read_html(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read the text of a web page, with its title before every passage."""
    with _skipped(file, reading):
        title, text = _html_text(_content(file))
        yield from _passages(file, name, reading, text, title=title)


def read_pdf(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read the text of a PDF file; a file of scanned pages has none."""
    with _skipped(file, reading):
        yield from _passages(file, name, reading, _pdf_text(_content(file)))


def read_docx(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read the paragraphs and tables of a Word file."""
    with _skipped(file, reading):
        yield from _passages(file, name, reading, _docx_text(_content(file)))


def _passages(
    file: AnyPath, name: str, reading: Reading, text: str, markdown: bool = False, title: str = ""
) -> Iterator[Found]:
    pieces = reading.splitter.split(text, markdown=markdown, title=title)
    if not pieces:
        raise _Unreadable("expected text, found none")
    for number, piece in enumerate(pieces, 1):
        yield str(file), Passage(passage_id(name, number), piece)


class _Unreadable(Exception):
    """Why a document cannot be read."""


@contextmanager
def _skipped(file: AnyPath, reading: Reading) -> Iterator[None]:
    try:
        yield
    except _Unreadable as problem:
        reading.on_error(BadRecordError(str(file), str(problem)))
    except BadRecordError:
        raise
    except InputError as problem:  # says which file
        reading.on_error(BadRecordError(str(file), str(problem).removeprefix(f"{file}: ")))


def _content(file: AnyPath) -> bytes:
    with open_unpacked(file) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _Unreadable(f"expected a document of at most {LARGEST >> 20} MB, found a larger one: split it")
    return content


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise _Unreadable("expected text, found a binary file (it has zero bytes)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        found = f"{problem.object[problem.start : problem.end]!r} at byte {problem.start}"
        raise _Unreadable(f"expected UTF-8, found {found}: convert the file to UTF-8") from problem


_INVISIBLE = ("script", "style", "noscript", "template", "svg", "nav")
_PARAGRAPHS = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "blockquote", "ul", "ol", "dl", "table")
_LINES = ("br", "dd", "div", "dt", "li", "section", "tr")


def _html_text(content: bytes) -> tuple[str, str]:
    from lxml import etree, html

    if b"\0" in content:
        raise _Unreadable("expected HTML, found a binary file (it has zero bytes)")
    try:
        # The page's own encoding, which a <meta> names, or UTF-8.
        encoding = None if b"charset" in content[:2048].lower() else "utf-8"
        page = html.document_fromstring(content, parser=html.HTMLParser(encoding=encoding))
    except (etree.ParserError, ValueError, LookupError) as problem:
        raise _Unreadable(f"expected HTML with text, found what cannot be parsed: {problem}") from problem
    title = " ".join((page.findtext(".//title") or "").split())
    for element in page.xpath("|".join(f"//{name}" for name in (*_INVISIBLE, "head"))):
        element.drop_tree()
    for block in page.xpath("|".join(f"//{name}" for name in (*_PARAGRAPHS, *_LINES))):
        block.tail = f"\n{block.tail or ''}"
        if block.tag in _PARAGRAPHS:
            block.text = f"\n{block.text or ''}"
    lines = [" ".join(line.split()) for line in str(page.text_content()).splitlines()]
    return title, _without_runs_of_empty_lines(lines)


def _without_runs_of_empty_lines(lines: list[str]) -> str:
    kept = [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
    return "\n".join(kept)


def _pdf_text(content: bytes) -> str:
    check_extra("documents", "reading PDF files")
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns about every flaw that it can mend
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _Unreadable("expected a PDF file that opens without a password")
        pages = [page.extract_text() for page in reader.pages]
    except _Unreadable:
        raise
    except Exception as problem:  # damaged files make pypdf raise anything
        raise _Unreadable(f"expected a PDF file, found what pypdf cannot read: {_reason(problem)}") from problem
    text = "\n\n".join(pages)
    if not text.strip():
        raise _Unreadable("expected text, found none in its pages: scanned pages need text recognition (OCR) first")
    return text


def _docx_text(content: bytes) -> str:
    check_extra("documents", "reading Word files")
    import docx
    from docx.table import Table

    def text(block: Any) -> str:
        if isinstance(block, Table):
            return "\n".join(" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows)
        return str(block.text)

    try:
        document = docx.Document(io.BytesIO(content))
        return "\n\n".join(filter(str.strip, map(text, document.iter_inner_content())))
    except Exception as problem:  # damaged files make python-docx, zipfile and lxml raise anything
        raise _Unreadable(f"expected a Word file (.docx), found what cannot be read: {_reason(problem)}") from problem


def _reason(problem: Exception) -> str:
    if isinstance(problem, DiscoError):
        raise problem
    return " ".join(f"{type(problem).__name__}: {problem}".split())[:200]
