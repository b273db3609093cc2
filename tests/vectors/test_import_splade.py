from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from published_index import Arrays, import_index, random_arrays, write_index
from word_vectors import SPACE, VOCABULARY, files

from disco_pyserini.errors import InputError
from disco_pyserini.vectors import splade_index
from disco_pyserini.vectors.parts import read_parts
from disco_pyserini.vectors.pickled_ids import read_pickled_ids

SCRIPT = Path(__file__).with_name("published_index.py")
PASSAGES = 25_000
IDS = [str(number) for number in range(1, PASSAGES + 1)]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """No postings for the last passages, nor for half of the terms; every seventh weight rounds to an impact of 0."""
    arrays = random_arrays(PASSAGES - 10, 400_000, 2_500)
    for _, weights in arrays.values():
        weights[::7] = 0.004
    return {2 * term: columns for term, columns in arrays.items()}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, arrays: Arrays) -> Path:
    return write_index(tmp_path_factory.mktemp("published"), arrays, IDS)


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splade_index, "_PER_RUN", 2**17)
    monkeypatch.setattr(splade_index, "_PER_READ", 2**12)


def expected_vectors(arrays: Arrays) -> list[dict[int, int]]:
    vectors: list[dict[int, int]] = [{} for _ in range(PASSAGES)]
    for term, (documents, weights) in arrays.items():
        for document, weight in zip(documents.tolist(), weights.tolist(), strict=True):
            if impact := round(weight / 5 * 256):
                vectors[document][term] = impact
    return vectors


def vectors_of(folder: Path) -> dict[str, dict[int, int]]:
    vectors = {}
    for batch in read_parts(folder).batches():
        for docid, terms, impacts in batch:
            assert (np.diff(terms) > 0).all()
            vectors[docid] = dict(zip(terms.tolist(), impacts.tolist(), strict=True))
    return vectors


@pytest.mark.slow
def test_an_index_becomes_vectors(tmp_path: Path, arrays: Arrays, index: Path) -> None:
    manifest = import_index(index, tmp_path / "vectors")
    expected = expected_vectors(arrays)
    assert vectors_of(tmp_path / "vectors") == dict(zip(IDS, expected, strict=True))
    assert (manifest.space, manifest.complete, manifest.passages) == (SPACE, True, PASSAGES)
    assert sum(part.postings for part in manifest.parts) == sum(map(len, expected))
    assert expected[-1] == {}
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


@pytest.mark.slow
def test_the_order_within_an_array_does_not_matter(tmp_path: Path, arrays: Arrays, index: Path) -> None:
    turned = {term: (documents[::-1], weights[::-1]) for term, (documents, weights) in reversed(arrays.items())}
    import_index(write_index(tmp_path / "turned", turned, list(range(1, PASSAGES + 1))), tmp_path / "vectors")
    import_index(index, tmp_path / "other")
    assert vectors_of(tmp_path / "vectors") == vectors_of(tmp_path / "other")


def test_progress_counts_postings_and_passages(tmp_path: Path, arrays: Arrays, index: Path) -> None:
    opened = splade_index.open_splade_index(index)
    sorted_, written = [], []
    splade_index.sort_postings(opened, tmp_path / "vectors", SPACE, VOCABULARY, sorted_.append)
    splade_index.write_vectors(opened, tmp_path / "vectors", SPACE, VOCABULARY, written.append)
    assert sum(sorted_) == opened.postings == sum(len(documents) for documents, _ in arrays.values())
    assert len(sorted_) == 3
    assert sum(written) == opened.passages == PASSAGES


@pytest.mark.slow
def test_a_complete_folder_is_left_alone(tmp_path: Path, index: Path) -> None:
    import_index(index, tmp_path / "vectors")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "vectors").iterdir()}
    opened = splade_index.open_splade_index(index)
    splade_index.write_vectors(opened, tmp_path / "vectors", SPACE, VOCABULARY)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "vectors").iterdir()} == before


@pytest.mark.slow
def test_another_index_is_not_mixed_in(tmp_path: Path, arrays: Arrays, index: Path) -> None:
    import_index(index, tmp_path / "vectors")
    other = write_index(tmp_path / "other", {**arrays, 4999: arrays[0]}, IDS)
    with pytest.raises(InputError, match="another corpus"):
        import_index(other, tmp_path / "vectors")


@pytest.mark.slow
def test_sorted_postings_of_another_index_are_not_used(tmp_path: Path, arrays: Arrays, index: Path) -> None:
    other = write_index(tmp_path / "other", {**arrays, 4999: arrays[0]}, IDS)
    splade_index.sort_postings(splade_index.open_splade_index(other), tmp_path / "vectors", SPACE, VOCABULARY)
    import_index(index, tmp_path / "vectors")
    assert vectors_of(tmp_path / "vectors") == dict(zip(IDS, expected_vectors(arrays), strict=True))


@pytest.mark.slow
def test_a_damaged_part_whose_postings_are_gone_is_reported(tmp_path: Path, index: Path) -> None:
    import_index(index, tmp_path / "vectors")
    (tmp_path / "vectors" / "part-00001.parquet").write_bytes(b"damaged")
    opened = splade_index.open_splade_index(index)
    with pytest.raises(InputError, match="delete the vectors and import them again"):
        splade_index.write_vectors(opened, tmp_path / "vectors", SPACE, VOCABULARY)


@pytest.mark.slow
def test_an_import_killed_before_every_touch_of_a_file_ends_with_the_same_bytes(tmp_path: Path, index: Path) -> None:
    import_index(index, tmp_path / "undisturbed")
    folder = tmp_path / "disturbed"
    folder.mkdir()

    def run(*options: str) -> int:
        return subprocess.run([sys.executable, str(SCRIPT), str(index), str(folder / "vectors"), *options]).returncode

    kills = 0
    # Each run continues the one before it: the seventh touch is before, in or after the sorting, then in the writing.
    while (status := run("--kill-at", str(5 + 4 * kills))) != 0 and kills < 20:
        assert status == -signal.SIGKILL
        kills += 1
    assert kills > 3
    assert files(folder / "vectors") == files(tmp_path / "undisturbed")
    assert [path.name for path in folder.iterdir()] == ["vectors"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_postings(tmp_path: Path) -> None:
    peaks, postings = [], []
    # The smaller one has several parts already: the allocators keep what the first few took.
    for passages in (60_000, 160_000):
        source = write_index(tmp_path / "index", random_arrays(passages, 100 * passages, 5_000), range_ids(passages))
        postings.append(splade_index.open_splade_index(source).postings)
        command = [sys.executable, str(SCRIPT), str(source), str(tmp_path / str(passages)), "--rss"]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True).stdout))
        shutil.rmtree(source)
    grown, held = peaks[1] - peaks[0], 8 * (postings[1] - postings[0])
    assert held > 60 * 2**20
    assert grown < held / 2, f"{peaks[0]:,} bytes for {postings[0]:,} postings, {peaks[1]:,} for {postings[1]:,}"


def range_ids(passages: int) -> list[int]:
    return list(range(1, passages + 1))


@pytest.mark.slow
def test_an_index_of_a_real_encoder_gives_the_vectors_that_encoding_gives(warm_python: str, tmp_path: Path) -> None:
    from disco_pyserini.demo_world import DemoWorld
    from disco_pyserini.encoding import document_encoder
    from disco_pyserini.passages import read_passages
    from disco_pyserini.vectors import encode_corpus

    DemoWorld(size=60).write(tmp_path / "world")
    passages = list(read_passages(str(tmp_path / "world/corpus.jsonl")))
    encoder = document_encoder("disco-tiny", device="cpu")
    columns: dict[int, list[tuple[int, float]]] = {}
    for position, passage in enumerate(passages):
        [(terms, weights)] = encoder.weight_vectors([passage.contents])
        for term, weight in zip(terms.tolist(), weights.tolist(), strict=True):
            columns.setdefault(term, []).append((position, weight))
    arrays = {
        term: (np.array([at for at, _ in column], np.int32), np.array([weight for _, weight in column], np.float32))
        for term, column in columns.items()
    }
    source = write_index(tmp_path / "published", arrays, [passage.id for passage in passages])
    command = ["vectors", "import-splade", str(source), "--output", "imported", "--encoder", "disco-tiny"]
    done = subprocess.run(
        [warm_python, "-m", "disco_pyserini", *command], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout == "60 passages in imported\n"
    encode_corpus(passages, tmp_path / "encoded", encoder)
    assert vectors_of(tmp_path / "imported") == vectors_of(tmp_path / "encoded")
    assert read_parts(tmp_path / "imported").space == read_parts(tmp_path / "encoded").space


# Files that are not as they should be


def column(documents: list[int], weights: list[float]) -> tuple[Any, Any]:
    return np.array(documents, np.int32), np.array(weights, np.float32)


@pytest.mark.parametrize(
    ("arrays", "ids", "message"),
    [
        ({}, ["a"], "expected arrays index_doc_id_TERM, found none"),
        ({5000: column([0], [1])}, ["a"], "a vocabulary of 5,000 tokens, found term 5000: --encoder must name"),
        ({1: column([0, 1], [1, 1])}, ["a"], "at most 1 postings for each term, .* found 2 for term 1"),
        ({1: column([1], [1])}, ["a"], r"term 1: expected documents 0 to 0, .* found 1 to 1: the two files"),
        ({1: column([-1], [1])}, ["a"], "found -1 to -1"),
        ({1: column([0], [float("nan")])}, ["a"], "expected finite weights"),
        ({1: column([0], [-1])}, ["a"], "expected finite weights that are not negative"),
        ({1: column([0], [1e6])}, ["a"], r"term 1: expected weights up to 1279\.98, .* found 1e\+06"),
        ({1: (np.array([0]), np.array([1e300]))}, ["a"], r"term 1: expected weights up to 1279\.98, .* found 1e\+300"),
        ({1: column([0, 1], [1])}, ["a", "b"], "as many documents as weights for each term, found 2 and 1 for term 1"),
        ({1: column([0, 0], [1, 2])}, ["a", "b"], "document 0 has term 1 twice"),
        ({1: column([0], [1])}, ["a1", "b1", "".join(["a", "1"])], "'a1' is used twice"),
        ({1: (np.array([0.0]), np.array([1.0]))}, ["a"], "expected index_doc_id_1 to be a row of numbers"),
        ({1: (np.array([[0]]), np.array([1.0]))}, ["a"], "expected index_doc_id_1 to be a row of numbers"),
    ],
)
def test_a_damaged_index_is_refused(tmp_path: Path, arrays: Arrays, ids: list[str], message: str) -> None:
    write_index(tmp_path / "index", arrays, ids)
    with pytest.raises(InputError, match=message):
        import_index(tmp_path / "index", tmp_path / "vectors")


def test_missing_and_cut_files_are_named(tmp_path: Path) -> None:
    folder = write_index(tmp_path / "above" / "index", {1: column([0], [1])}, ["a"])
    with pytest.raises(InputError, match=r"found no array_index\.h5py: it is in .*above/index"):
        splade_index.open_splade_index(tmp_path / "above")
    content = (folder / "array_index.h5py").read_bytes()
    (folder / "array_index.h5py").write_bytes(content[:700])
    with pytest.raises(InputError, match="not a whole HDF5 file"):
        splade_index.open_splade_index(folder)
    (folder / "doc_ids.pkl").unlink()
    with pytest.raises(InputError, match=r"found no doc_ids\.pkl: name the folder with both"):
        splade_index.open_splade_index(folder)


def test_a_file_that_claims_to_be_larger_than_it_is_takes_no_memory(tmp_path: Path) -> None:
    """The HDF5 library takes as much as a block with information of a driver claims."""
    folder = write_index(tmp_path / "index", {1: column([0], [1])}, ["a"])
    content = bytearray((folder / "array_index.h5py").read_bytes())
    content[48:56] = len(content).to_bytes(8, "little")  # where the block begins
    content += bytes(4) + (2**31).to_bytes(4, "little") + bytes(8)  # version, size, name
    (folder / "array_index.h5py").write_bytes(content)
    with pytest.raises(InputError, match=r"not a whole HDF5 file: it has .* bytes, and claims to have 2,147,48"):
        splade_index.open_splade_index(folder)


@pytest.mark.parametrize("how", ["link", "external", "virtual"])
def test_an_index_that_points_to_another_file_is_refused(tmp_path: Path, how: str) -> None:
    folder = write_index(tmp_path / "index", {1: column([0], [1])}, ["a"])
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(4))
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.zeros(1, np.int32)
    with h5py.File(folder / "array_index.h5py", "a") as file:
        del file["index_doc_id_1"]
        if how == "link":
            file["index_doc_id_1"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")
        elif how == "external":
            file.create_dataset("index_doc_id_1", (1,), np.int32, external=[(str(secret), 0, 4)])
        else:
            layout = h5py.VirtualLayout((1,), np.int32)
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (1,))
            file.create_virtual_dataset("index_doc_id_1", layout)
    with pytest.raises(InputError, match="index_doc_id_1"):
        splade_index.open_splade_index(folder)


# The pickle


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", [str, int])
@pytest.mark.parametrize("size", [0, 1, 2, 999, 1000, 1001, 70_000])
def test_lists_of_every_protocol_are_read(tmp_path: Path, protocol: int, kind: Callable[[int], Any], size: int) -> None:
    ids = [kind(number) for number in range(size)]
    (tmp_path / "ids").write_bytes(pickle.dumps(ids, protocol))
    assert list(read_pickled_ids(tmp_path / "ids")) == [str(docid) for docid in ids]


def test_ids_of_all_sizes_are_read(tmp_path: Path) -> None:
    ids = ["ä" * 300, "clueweb22-en0025-83-04467:13", 2**31, 2**40, 255, 256, 65536]
    (tmp_path / "ids").write_bytes(pickle.dumps(ids))
    assert list(read_pickled_ids(tmp_path / "ids")) == [str(docid) for docid in ids]


class Malicious:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("first", [True, False])
def test_nothing_in_a_pickle_is_executed(tmp_path: Path, protocol: int, first: bool) -> None:
    trap = tmp_path / "trap"
    content = Malicious(trap) if first else ["1", "2", Malicious(trap)]
    (tmp_path / "ids").write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(InputError, match=r"found the instruction \w+ at byte \d+: nothing of it was executed"):
        list(read_pickled_ids(tmp_path / "ids"))
    assert not trap.exists()
    pickle.loads(pickle.dumps(content, protocol))
    assert trap.exists()  # the trap works


@pytest.mark.parametrize(
    "content", [{"0": "a"}, ("a", "b"), ["a", ["b"]], ["a", None], ["a", 1.5], [b"a"], [np.int64(1)], "a"]
)
def test_other_pickles_are_refused(tmp_path: Path, content: object) -> None:
    (tmp_path / "ids").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="expected a pickled list of texts or integers, found the instruction"):
        list(read_pickled_ids(tmp_path / "ids"))


def test_damaged_lists_are_refused(tmp_path: Path) -> None:
    whole = pickle.dumps([str(number) for number in range(3000)])
    for content in (whole[:5000], whole[:-1], b"", b"<html>"):
        (tmp_path / "ids").write_bytes(content)
        with pytest.raises(InputError, match="not a whole pickle"):
            list(read_pickled_ids(tmp_path / "ids"))
    (tmp_path / "ids").write_bytes(pickle.dumps(["a", "b c"]))
    with pytest.raises(InputError, match="without white space, found 'b c'"):
        list(read_pickled_ids(tmp_path / "ids"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(["a", "\ud800"]), r"expected ids of Unicode text, found '\\ud800' at byte"),
        (b"\x80\x04]\x8d" + (2**62).to_bytes(8, "little") + b"a", "not a whole pickle"),
        (b"\x80\x02]X\xff\xff\xff\x7fa", "not a whole pickle"),
        (b"\x80\x02]\x8b\xff\xff\xff\x7fa", "not a whole pickle"),
        (b"\x80\x02(]\x8a\xff" + b"\x7f" * 254, "not a whole pickle"),
    ],
)
def test_impossible_ids_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "ids").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_pickled_ids(tmp_path / "ids"))


def test_a_claim_of_more_postings_than_passages_is_refused_at_once(tmp_path: Path) -> None:
    """HDF5 takes a few bytes to claim any number of them."""
    write_index(tmp_path / "index", {1: column([0], [1])}, ["a"])
    with h5py.File(tmp_path / "index" / "array_index.h5py", "a") as file:
        for name, kind in (("index_doc_id_2", "int32"), ("index_doc_value_2", "float32")):
            file.create_dataset(name, (2**40,), kind, chunks=(2**16,))
    with pytest.raises(InputError, match=r"at most 1 postings .* found 1,099,511,627,776 for term 2"):
        import_index(tmp_path / "index", tmp_path / "vectors")
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
