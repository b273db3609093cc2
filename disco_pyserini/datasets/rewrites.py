"""Join rewrites written by a language model to the turns by query id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from disco_pyserini.datasets.json_records import JsonObject, read_objects
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import open_unpacked, read_text_lines

PREFIX = "llm:"
"""Prefix of a query form whose rewrites come from another source: ``llm:FILE`` or ``llm:hf:OWNER/NAME``."""

_HUB = "hf:"
_KINDS = (".jsonl", ".json", ".tsv", ".txt")


def read_rewrites(source: str | Path) -> dict[str, str]:
    """Read rewrites by query id.

    Args:
        source: a file, gzipped or not: lines of ``qid<TAB>rewrite`` (.tsv, .txt), a JSON object ``{qid: rewrite}``
            (.json), or JSON objects with ``qid`` and ``rewrite``, as `disco rewrite` writes them (.jsonl); or
            ``hf:OWNER/NAME[/FILE]``, a data set on the Hugging Face Hub that contains such a file.

    Raises:
        InputError: there is no such file, a record is malformed, or an id is duplicated.
        DiscoError: the hub did not deliver it.
    """
    name = str(source)
    path = _from_hub(name.removeprefix(_HUB)) if name.startswith(_HUB) else Path(source)
    kind = _kind(path.name)
    if kind not in _KINDS:
        raise InputError(f"{path}: expected rewrites in a file that ends with {', '.join(_KINDS)}, or .gz after it")
    read = {".jsonl": _from_lines, ".json": _from_object}.get(kind, _from_table)
    rewrites: dict[str, str] = {}
    for where, qid, text in read(path):
        if qid in rewrites:
            raise InputError(f"{where}: query id {qid!r} was already rewritten: keep one of the two")
        if not text.strip():
            raise InputError(f"{where}: the rewrite of {qid!r} is empty: take it out, or write it")
        rewrites[qid] = text
    if not rewrites:
        raise InputError(f"{path}: expected rewrites, found none")
    return rewrites


def attach(queries: Iterable[Query], rewrites: Mapping[str, str], name: str) -> tuple[list[Query], list[str]]:
    """Add rewrites to queries, under a name.

    Return the queries (unchanged if they have no rewrite), and the ids of rewrites that match no query.

    Raises:
        InputError: no rewrite matches any of the queries.
    """
    given = [
        replace(query, rewrites={**query.rewrites, name: rewrites[query.qid]}) if query.qid in rewrites else query
        for query in queries
    ]
    known = {query.qid for query in given}
    surplus = [qid for qid in rewrites if qid not in known]
    if len(surplus) == len(rewrites):
        raise InputError(
            f"{name}: none of its {len(rewrites)} rewrites belongs to these turns: its ids are like "
            f"{next(iter(rewrites), None)!r}, theirs like {given[0].qid if given else None!r}"
        )
    return given, surplus


def with_form(queries: Iterable[Query], form: str) -> tuple[list[Query], list[str]]:
    """Return the queries with the rewrites that a query form needs, and the ids of rewrites that match no query."""
    if form.startswith(PREFIX):
        return attach(queries, read_rewrites(form.removeprefix(PREFIX)), form)
    return list(queries), []


def _kind(name: str) -> str:
    return Path(name.lower().removesuffix(".gz")).suffix


def _from_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    for record in read_objects(path):
        yield record.where, record.label("qid"), record.text("rewrite")


def _from_object(path: Path) -> Iterator[tuple[str, str, str]]:
    with open_unpacked(path) as file:
        try:
            # Read pairs: a dictionary would keep only the last of duplicate ids.
            pairs = json.load(file, object_pairs_hook=list)
        except (ValueError, RecursionError) as problem:
            raise InputError(f"{path}: expected a JSON object of rewrites by query id: {problem}") from problem
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise InputError(f"{path}: expected a JSON object of rewrites by query id, found {type(pairs).__name__}")
    for number, (qid, text) in enumerate(pairs, 1):
        where = f"{path}: record {number}"
        yield where, qid, JsonObject(where, {qid: text}).text(qid)


def _from_table(path: Path) -> Iterator[tuple[str, str, str]]:
    for number, text in read_text_lines(path):
        if not text.strip():
            continue
        qid, tab, rewrite = text.partition("\t")
        if not tab or not qid.strip():
            raise InputError(f"{path}:{number}: expected qid<TAB>rewrite, found {text!r:.80}")
        yield f"{path}:{number}", qid.strip(), rewrite


def _from_hub(name: str) -> Path:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    owner, _, rest = name.partition("/")
    dataset, _, file = rest.partition("/")
    if not owner or not dataset:
        raise InputError(
            f"{PREFIX}{_HUB}{name}: expected {PREFIX}{_HUB}OWNER/NAME, and /FILE after it if it has several"
        )
    repository = f"{owner}/{dataset}"
    try:
        if not file:
            file = _only_file(repository, HfApi().list_repo_files(repository, repo_type="dataset"))
        return Path(hf_hub_download(repository, file, repo_type="dataset"))
    except (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        OSError,
        ValueError,
    ) as problem:
        reason = next(iter(str(problem).strip().splitlines()), "")
        raise DiscoError(
            f"the hub did not deliver {file or 'the list of files'} of the data set {repository} "
            f"({type(problem).__name__}: {reason}): check the name, or name a local file with {PREFIX}FILE"
        ) from problem


def _only_file(repository: str, files: Iterable[str]) -> str:
    usable = [file for file in files if _kind(file) in _KINDS]
    if len(usable) != 1:
        raise InputError(
            f"the data set {repository} has {len(usable)} files that may hold rewrites: name one, as in "
            f"{PREFIX}{_HUB}{repository}/{usable[0] if usable else 'FILE'}: {', '.join(usable) or 'none'}"
        )
    return usable[0]
