"""The manifest beside vector parts: its bytes, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser
from disco_pyserini.vectors import Manifest, VectorSpace
from disco_pyserini.vectors.manifest import Part

SPACE = VectorSpace(
    encoder="café", document_model="b", revision="r", vocabulary="v", max_length=256, quantiser=Quantiser(5, 256)
)
PART = Part(file="part-00000.parquet", passages=3, postings=7, sha256="aa", passages_digest="bb")
MANIFEST = Manifest(space=SPACE, part_size=10, store_raw=True).with_parts([PART], complete=True)

BYTES = """{
 "format": "disco-vectors",
 "version": 1,
 "complete": true,
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
 "part_size": 10,
 "store_raw": true,
 "passages": 3,
 "postings": 7,
 "parts": [
  {
   "file": "part-00000.parquet",
   "passages": 3,
   "postings": 7,
   "sha256": "aa",
   "passages_digest": "bb"
  }
 ]
}
"""


def test_its_bytes_never_change(tmp_path: Path) -> None:
    """Runs of earlier versions are continued, and equal runs compared, byte by byte."""
    MANIFEST.write(tmp_path)
    assert (tmp_path / "manifest.json").read_text(encoding="utf-8") == BYTES
    read = Manifest.read(tmp_path)
    assert read == MANIFEST
    read.write(tmp_path)
    assert (tmp_path / "manifest.json").read_text(encoding="utf-8") == BYTES


def test_a_range_keeps_its_point(tmp_path: Path) -> None:
    Manifest(space=SPACE.model_copy(update={"quantiser": Quantiser()}), part_size=10, store_raw=True).write(tmp_path)
    assert '"weight_range": 5.0,' in (tmp_path / "manifest.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"version": 1', '"version": 2, "new": 3', "version: expected 1, found 2: update disco-pyserini"),
        ('"version": 1', '"version": null', "version: expected an integer, found None"),
        ('"version": 1', '"version": true', "version: expected an integer, found True"),
        ('"disco-vectors"', '"other", "new": 3', "format: expected 'disco-vectors', found 'other'"),
        ('"part-00000.parquet"', '"../x"', "parts[../x].file: expected a name of letters, digits and "),
        ('"part-00000.parquet"', '"/etc/passwd"', "parts[/etc/passwd].file: expected a name of letters, digits and "),
        ('"part-00000.parquet"', "null", "parts[1].file: expected text, found None"),
        ('"passages": 3,\n   "postings": 7', '"passages": -3,\n   "postings": 7', "].passages: expected at least 0"),
        ('"passages": 3,\n "postings"', '"passages": 1e999,\n "postings"', "passages: expected an integer, found inf"),
        ('"passages": 3,\n "postings"', '"passages": 4,\n "postings"', "expected 3 passages and 7 postings, "),
        ('"part_size": 10', '"part_size": "many"', "part_size: expected an integer, found 'many'"),
        ('"part_size": 10', '"part_sise": 10', "part_sise: unknown field: did you mean 'part_size'?"),
        ('"store_raw": true', '"store_raw": 1', "store_raw: expected true or false, found 1"),
        ('"max_length": 256', '"max_length": NaN', "space.max_length: expected an integer, found nan"),
        ('"quant_range": 256', '"quant_range": 65536', "space.quantiser: expected quant_range to be an integer from 1"),
        ('"weight_range": 5', '"weight_range": -Infinity', "space.quantiser: expected weight_range to be a number"),
        ('"encoder": "café"', '"encoder": ["café"]', "space.encoder: expected text, found ['café']"),
        ('"parts": [', '"parts": [[],', "parts[1]: expected fields such as file, found []"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in BYTES
    path = tmp_path / "manifest.json"
    path.write_text(BYTES.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Manifest.read(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"format": 3}', b"\xff\xfe", b"3"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(InputError, match=r"manifest\.json: "):
        Manifest.read(tmp_path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(InputError, match=r"manifest\.json: cannot be read: Is a directory"):
        Manifest.read(tmp_path)


def test_there_may_be_none(tmp_path: Path) -> None:
    assert Manifest.read(tmp_path) is None


@pytest.mark.parametrize("field", json.loads(BYTES)["space"])
def test_every_difference_of_the_space_is_a_setting(field: str) -> None:
    value: Any = {"quantiser": Quantiser(4.0), "max_length": 99}.get(field, "other")
    other = MANIFEST.model_copy(update={"space": SPACE.model_copy(update={field: value})})
    assert other.settings() != MANIFEST.settings()
