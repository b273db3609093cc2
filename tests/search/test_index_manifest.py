"""``disco.json`` beside an index: its bytes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser
from disco_pyserini.search.index_manifest import FILE_NAME, IndexManifest, read_index_manifest, write_index_manifest
from disco_pyserini.vectors import VectorSpace

SPACE = VectorSpace(
    encoder="café", document_model="b", revision="r", vocabulary="v", max_length=256, quantiser=Quantiser(5, 256)
)
BYTES = """{
  "format": 1,
  "space": {
    "encoder": "café",
    "document_model": "b",
    "revision": "r",
    "vocabulary": "v",
    "max_length": 256,
    "quantiser": {
      "weight_range": 5,
      "quant_range": 256
    },
    "backend": "torch"
  },
  "documents": 3,
  "postings": 7,
  "raw": true
}
"""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "segments_1").write_bytes(b"")
    return tmp_path


def test_its_bytes_never_change(index: Path) -> None:
    manifest = IndexManifest(space=SPACE, documents=3, postings=7, raw=True)
    write_index_manifest(manifest, index)
    assert (index / FILE_NAME).read_text(encoding="utf-8") == BYTES
    assert read_index_manifest(index) == manifest


def test_the_space_may_be_unknown(index: Path) -> None:
    manifest = IndexManifest(space=None, documents=3, postings=7, raw=False)
    write_index_manifest(manifest, index)
    assert read_index_manifest(index) == manifest


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"format": 1', '"format": 2, "new": 3', "format: expected 1, found 2: update disco-pyserini"),
        ('"documents": 3', '"documents": Infinity', "documents: expected an integer, found inf"),
        ('"documents": 3', '"documents": -1', "documents: expected at least 0, found -1"),
        ('"documents": 3', '"documents": "3"', "documents: expected an integer, found '3'"),
        ('"raw": true', '"raw": "no"', "raw: expected true or false, found 'no'"),
        ('"raw": true', '"raws": true', "raws: unknown field: did you mean 'raw'?"),
        ('"revision": "r"', '"revision": null', "space.revision: expected text, found None"),
        ('"quant_range": 256', '"quant_range": 0', "space.quantiser: expected quant_range to be an integer from 1 to"),
    ],
)
def test_mistakes_are_named(index: Path, before: str, after: str, message: str) -> None:
    assert before in BYTES
    (index / FILE_NAME).write_text(BYTES.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_index_manifest(index)
    assert str(caught.value).startswith(f"{index / FILE_NAME}: {message}")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_manifest_is_refused(index: Path, content: bytes) -> None:
    (index / FILE_NAME).write_bytes(content)
    with pytest.raises(InputError, match=r"disco\.json: "):
        read_index_manifest(index)
