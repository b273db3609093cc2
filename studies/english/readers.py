"""Reads the files of a source as sections: a title, which may be empty, and paragraphs of prose."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from subprocess import PIPE, Popen

type Section = tuple[str, list[str]]
"""A title and paragraphs."""

_SPACE = re.compile(r"\s+")


def open_files(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of an archive's files whose path matches, sorted by path.

    Args:
        archive: a Debian package, a wheel, or an npm package.
        wanted: searched in the path.
    """
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for name in sorted(opened.namelist()):
                if wanted.search(name):
                    yield name, opened.read(name)
        return
    if archive.suffix == ".deb":
        with Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=PIPE) as unpacking:
            with tarfile.open(fileobj=unpacking.stdout, mode="r|") as opened_tar:
                found = _members(opened_tar, wanted)
            if unpacking.stdout:
                unpacking.stdout.read()
    else:
        with tarfile.open(archive) as opened_tar:
            found = _members(opened_tar, wanted)
    for name, content in sorted(found):
        yield name, gzip.decompress(content) if name.endswith((".gz", ".dz")) else content


def _members(opened: tarfile.TarFile, wanted: re.Pattern[str]) -> list[tuple[str, bytes]]:
    found = []
    for member in opened:
        if member.isfile() and wanted.search(member.name) and (file := opened.extractfile(member)):
            found.append((member.name, file.read()))
    return found


class _Prose(HTMLParser):
    """Collects headings and paragraphs of HTML, DocBook or Mallard; leaves out code, tables and navigation."""

    titles = frozenset({"h1", "h2", "h3", "h4", "title", "dt"})
    blocks = frozenset(
        {"p", "li", "dd", "para", "blockquote", "div", "section", "item", "td", "body", "article", "page"}
    )
    outside = frozenset(
        {"script", "style", "pre", "table", "nav", "footer", "head", "code-block", "screen", "info", "media", "svg"}
    )
    empty = frozenset({"br", "hr", "img", "meta", "link", "input", "wbr", "col", "area", "base", "source"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[Section] = [("", [])]
        self._skipping: list[str] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.outside and tag not in self.empty:
            self._skipping.append(tag)
        if tag in self.blocks or tag in self.titles:
            self._flush("")
        elif tag == "br":
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._skipping and tag == self._skipping[-1]:
            self._skipping.pop()
        if tag in self.blocks or tag in self.titles:
            self._flush(tag)

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._text.append(data)

    def _flush(self, tag: str) -> None:
        text = _SPACE.sub(" ", "".join(self._text)).strip(" ¶")
        self._text.clear()
        if not text:
            return
        if tag in self.titles:
            self.sections.append((re.sub(r"^([A-Z]?\d+|[A-Z])(\.\d+)*\.?\s+", "", text), []))
        else:
            self.sections[-1][1].append(text)


def html(content: bytes) -> Iterator[Section]:
    """Read an HTML, DocBook or Mallard page."""
    prose = _Prose()
    prose.feed(content.decode("utf-8", errors="replace"))
    prose.close()
    yield from prose.sections


def dictd(content: bytes) -> Iterator[Section]:
    """Read a dictd dictionary with entries that start at the margin and are indented (FOLDOC, the Jargon File)."""
    title, lines = "", list[str]()
    for line in content.decode("utf-8", errors="replace").splitlines():
        if line and not line[0].isspace():
            yield title, _paragraphs(lines)
            title, lines = line.strip(), []
        else:
            lines.append(re.sub(r"[{}]", "", line))
    yield title, _paragraphs(lines)


def _paragraphs(lines: Iterable[str]) -> list[str]:
    blocks = "\n".join(line.strip() for line in lines).split("\n\n")
    return [text for block in blocks if (text := _SPACE.sub(" ", block).strip())]


def text(content: bytes) -> Iterator[Section]:
    """Read plain text with blank lines between paragraphs."""
    yield "", _paragraphs(content.decode("utf-8", errors="replace").splitlines())


def summaries(content: bytes) -> Iterator[Section]:
    """Read encyclopedia summaries: JSON records with ``title`` and ``extract``."""
    for record in json.loads(content).values():
        yield record["title"], [record["extract"]]


def recipes(content: bytes) -> Iterator[Section]:
    """Read recipes: JSON records with ``title``, ``ingredients`` and ``steps``."""
    for record in json.loads(content).values():
        if record["steps"]:
            made_of = ", ".join(record["ingredients"] or [])
            yield record["title"], [f"{record['title']}. {made_of}. {' '.join(record['steps'])}"]


def factbook(content: bytes) -> Iterator[Section]:
    """Read a country of the World Factbook: nested JSON fields with HTML texts."""
    record = json.loads(content)
    country = ""
    try:
        names = record["Government"]["Country name"]
        country = (names.get("conventional short form") or names["conventional long form"])["text"]
    except (KeyError, TypeError):
        return
    for topic, fields in record.items():
        yield (
            f"{topic} of {country}",
            [f"{country}, {topic}."]
            + [f"{name}: {value}" for name, field in fields.items() if (value := _leaf_texts(field))],
        )


def _leaf_texts(field: object) -> str:
    if not isinstance(field, dict):
        return ""
    if isinstance(found := field.get("text"), str):
        return _SPACE.sub(" ", re.sub(r"<[^>]+>", " ", found)).strip()
    return "; ".join(f"{name}: {value}" for name, inner in field.items() if (value := _leaf_texts(inner)))


READERS: dict[str, Callable[[bytes], Iterator[Section]]] = {
    "html": html,
    "dictd": dictd,
    "text": text,
    "summaries": summaries,
    "recipes": recipes,
    "factbook": factbook,
}
