"""CIFF files, read by others: protobuf with the published schema, and bmp, which searches them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bmp
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from small_indexes import ODD_TOKENS, Vectors

from disco_pyserini.errors import InputError
from disco_pyserini.exports import ciff
from disco_pyserini.vectors import open_vectors

# The published schema: fields in the order of their numbers.
SCHEMA = {
    "Header": [
        ("version", "INT32"),
        ("num_postings_lists", "INT32"),
        ("num_docs", "INT32"),
        ("total_postings_lists", "INT32"),
        ("total_docs", "INT32"),
        ("total_terms_in_collection", "INT64"),
        ("average_doclength", "DOUBLE"),
        ("description", "STRING"),
    ],
    "Posting": [("docid", "INT32"), ("tf", "INT32")],
    "PostingsList": [("term", "STRING"), ("df", "INT64"), ("cf", "INT64"), ("postings", ".ciff.Posting")],
    "DocRecord": [("docid", "INT32"), ("collection_docid", "STRING"), ("doclength", "INT32")],
}


def messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="ciff.proto", package="ciff", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            if kind.startswith("."):
                message.field.add(
                    name=field, number=number, type=kinds.TYPE_MESSAGE, type_name=kind, label=kinds.LABEL_REPEATED
                )
            else:
                message.field.add(
                    name=field, number=number, type=getattr(kinds, f"TYPE_{kind}"), label=kinds.LABEL_OPTIONAL
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"ciff.{name}")) for name in SCHEMA}


def delimited(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        size = shift = 0
        while True:
            byte = content[place]
            place += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        yield content[place : place + size]
        place += size


@pytest.fixture
def source(vectors: Vectors) -> Vectors:
    """Documents with impacts of 1 to 3 bytes, and terms in documents far apart."""
    documents = {docid: dict(vector) for docid, vector in list(vectors.documents.items())[:700]}
    ids = list(documents)
    documents[ids[0]] |= {"rare": 65_535, "rarer": 16_384}
    documents[ids[-1]] |= {"rare": 127}
    documents[ids[3]] = {}
    return Vectors(documents)


@pytest.mark.parametrize("in_memory", [2**26, 15_000])
def test_the_postings_are_those_of_the_vectors(
    source: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(ciff, "POSTINGS_IN_MEMORY", in_memory)
    counts: list[int] = []
    assert ciff.export(source, tmp_path / "index.ciff", counts.append) == sum(counts) == len(source.documents) - 1
    kinds, contents = messages(), list(delimited((tmp_path / "index.ciff").read_bytes()))
    header = kinds["Header"].FromString(contents[0])
    lists = [kinds["PostingsList"].FromString(one) for one in contents[1 : 1 + header.num_postings_lists]]
    records = [kinds["DocRecord"].FromString(one) for one in contents[1 + header.num_postings_lists :]]
    ids = [docid for docid, vector in source.documents.items() if vector]
    assert [(one.docid, one.collection_docid) for one in records] == list(enumerate(ids))
    assert [one.doclength for one in records] == [sum(source.documents[docid].values()) for docid in ids]
    terms = [one.term for one in lists]
    assert terms == sorted(source.vocabulary, key=str.encode) and set(ODD_TOKENS) <= set(terms)
    read: dict[str, dict[str, int]] = {docid: {} for docid in source.documents}
    for one in lists:
        places = np.cumsum([posting.docid for posting in one.postings])
        assert (one.df, one.cf) == (len(places), sum(posting.tf for posting in one.postings))
        for place, posting in zip(places.tolist(), one.postings, strict=True):
            read[ids[place]][one.term] = posting.tf
    assert read == source.documents
    total = sum(one.doclength for one in records)
    assert (header.version, header.num_docs, header.total_docs) == (1, len(ids), len(ids))
    assert (header.total_terms_in_collection, header.average_doclength) == (total, total / len(ids))


def test_bmp_reads_and_searches_it(vectors: Vectors, tmp_path: Path) -> None:
    """Queries with equal weights, which bmp does not round; it keeps one byte for an impact."""
    some = list(vectors.documents.items())[:500]
    documents = {docid: {token: min(impact, 255) for token, impact in vector.items()} for docid, vector in some}
    ciff.export(Vectors(documents), tmp_path / "index.ciff")
    bmp.ciff2bmp(str(tmp_path / "index.ciff"), str(tmp_path / "index.bmp"), 32, False)
    searcher = bmp.Searcher(str(tmp_path / "index.bmp"))
    for tokens in (["tok1"], ["tok2", "tok5", "é"], ["tok7", "tok30", "tok31", "[unused1]"]):
        ids, scores = searcher.search(dict.fromkeys(tokens, 1), 10, 1.0, 1.0)
        wanted = {docid: sum(vector.get(token, 0) for token in tokens) for docid, vector in documents.items()}
        # It multiplies by its own 32, and may miss a document after the first ones.
        assert [wanted[docid] for docid in ids] == [score / 32 for score in scores]
        assert len(ids) >= 5 and wanted[ids[0]] == max(wanted.values())


def test_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a name that ends with \.ciff"):
        ciff.export(Vectors({"d1": {"a": 1}}), tmp_path / "index.bin")


def as_tokens(path: Path) -> dict[str, dict[str, int]]:
    source = open_vectors(path)
    return {
        docid: {source.vocabulary[term]: int(impact) for term, impact in zip(terms, impacts, strict=True)}
        for batch in source.batches()
        for docid, terms, impacts in batch
    }


def test_it_is_read_again(source: Vectors, tmp_path: Path) -> None:
    ciff.export(source, tmp_path / "index.ciff")
    wanted = {docid: vector for docid, vector in source.documents.items() if vector}
    assert as_tokens(tmp_path / "index.ciff") == wanted
    content = (tmp_path / "index.ciff").read_bytes()
    (tmp_path / "packed.ciff.gz").write_bytes(gzip.compress(content))
    assert list(as_tokens(tmp_path / "packed.ciff.gz")) == list(wanted)


def test_what_protobuf_writes_is_read(tmp_path: Path) -> None:
    """It leaves out zeros: the number of the first document."""
    kinds = messages()
    lists = [
        kinds["PostingsList"](term="é", df=2, cf=400, postings=[{"tf": 100}, {"docid": 2, "tf": 300}]),
        kinds["PostingsList"](term="b", df=1, cf=7, postings=[{"docid": 1, "tf": 7}]),
        kinds["PostingsList"](term="none"),
    ]
    records = [kinds["DocRecord"](docid=number, collection_docid=f"d{number}") for number in range(3)]
    header = kinds["Header"](version=1, num_postings_lists=3, num_docs=3, average_doclength=135.7, description="hand")

    def write(parts: list[Any]) -> Path:
        contents = [part.SerializeToString() for part in parts]
        assert all(len(one) < 128 for one in contents)
        path = tmp_path / "index.ciff"
        path.write_bytes(b"".join(bytes([len(one)]) + one for one in contents))
        return path

    path = write([header, *lists, *records])
    assert as_tokens(path) == {"d0": {"é": 100}, "d1": {"b": 7}, "d2": {"é": 300}}
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="expected a whole CIFF file"):
            open_vectors(path)
    bad: list[tuple[Any, str]] = [
        (kinds["PostingsList"](term="a b", postings=[{"tf": 1}]), "the term 'a b' is empty or has white space"),
        (kinds["PostingsList"](term="a", postings=[{"tf": 70_000}]), "not from 1 to 65,535"),
        (kinds["PostingsList"](term="a", postings=[{"docid": 3, "tf": 1}]), "are not those of the file"),
        (kinds["PostingsList"](term="a", postings=[{"docid": 1}]), "of the term 'a'|reshape"),
    ]
    for one, message in bad:
        with pytest.raises(InputError, match=message):
            open_vectors(write([header, one, *lists[1:], *records]))
    with pytest.raises(InputError, match="the id '' is empty"):
        open_vectors(write([header, *lists, *records[:2]]))
