from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from word_vectors import SPACE, VOCABULARY, Document, documents, encode, files, write

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.impacts import ImpactVector, Quantiser
from disco_pyserini.vectors import Manifest, vocabulary_hash
from disco_pyserini.vectors.duplicates import SeenIds
from disco_pyserini.vectors.parts import read_parts

SCRIPT = Path(__file__).with_name("word_vectors.py")


def run(folder: Path, count: int, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(SCRIPT), str(folder), str(count), *options])


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run of 45 passages that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "vectors"
    write(folder, documents(45))
    return files(folder)


def broken_after(calls: int) -> Any:
    def encode_some(texts: list[str]) -> list[ImpactVector]:
        nonlocal calls
        calls -= 1
        if calls < 0:
            raise RuntimeError("broken")
        return encode(texts)

    return encode_some


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    passages = documents(45)
    manifest = write(tmp_path / "new" / "vectors", passages, store_raw=True)
    source = read_parts(tmp_path / "new" / "vectors")
    assert (source.space, source.vocabulary, source.total) == (SPACE, VOCABULARY, 45)
    assert [part.passages for part in manifest.parts] == [10, 10, 10, 10, 5]
    read = [vector for batch in source.batches() for vector in batch]
    assert [docid for docid, _, _ in read] == [passage.id for passage in passages]
    assert [text for batch in source.batches() for text in batch.raw or []] == [
        passage.contents for passage in passages
    ]
    for (_, terms, impacts), vector in zip(read, encode([passage.contents for passage in passages]), strict=True):
        assert terms.dtype == np.int32 and impacts.dtype == np.uint16
        np.testing.assert_array_equal(terms, vector.terms)
        np.testing.assert_array_equal(impacts, vector.impacts)
    assert sum(part.postings for part in manifest.parts) == sum(len(terms) for _, terms, _ in read)


def test_texts_are_stored_unless_they_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "with", documents(3))
    [batch] = read_parts(tmp_path / "with").batches()
    assert batch.raw == [document.contents for document in documents(3)]
    write(tmp_path / "without", documents(3), store_raw=False)
    assert [batch.raw for batch in read_parts(tmp_path / "without").batches()] == [None]


def test_a_passage_without_terms_is_kept(tmp_path: Path) -> None:
    nothing = ImpactVector(np.empty(0, np.int32), np.empty(0, np.uint16))
    write(tmp_path, documents(2), encode=lambda texts: [nothing] * len(texts))
    [batch] = read_parts(tmp_path).batches()
    assert (batch.ids, batch.offsets.tolist(), batch.terms.tolist()) == (["doc0", "doc1"], [0, 0, 0], [])


def test_progress_counts_every_passage_once(tmp_path: Path) -> None:
    counts: list[int] = []
    write(tmp_path, documents(2500), part_size=2200, progress=counts.append)
    assert counts == [1000, 1000, 200, 300]


@pytest.mark.parametrize("delay", [0.05, 0.4])
def test_a_killed_run_is_continued_to_the_same_bytes(tmp_path: Path, expected: dict[str, bytes], delay: float) -> None:
    folder = tmp_path / "vectors"
    process = run(folder, 45, "--delay", "0.3")
    while not (folder / "manifest.json").exists():
        time.sleep(0.01)
    time.sleep(delay)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    manifest = Manifest.read(folder)
    assert manifest is not None and not manifest.complete
    assert run(folder, 45).wait() == 0
    assert files(folder) == expected


@pytest.mark.slow
def test_a_run_killed_before_every_touch_of_a_file_ends_with_the_same_bytes(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    folder = tmp_path / "vectors"
    kills = 0
    # Each run continues the one before it and comes a little further, as it has less left to do.
    while (status := run(folder, 45, "--kill-at", str(kills + 1)).wait()) != 0:
        assert status == -signal.SIGKILL
        kills += 1
    assert kills > 10
    assert files(folder) == expected


def test_whole_parts_are_not_encoded_again(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with pytest.raises(RuntimeError):
        write(tmp_path, documents(45), encode=broken_after(3))
    write(tmp_path, documents(45), encode=broken_after(2))
    assert files(tmp_path) == expected


def test_a_complete_folder_is_left_alone(tmp_path: Path, expected: dict[str, bytes]) -> None:
    write(tmp_path, documents(45))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write(tmp_path, documents(45), encode=broken_after(0))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_damaged_part_is_refused_by_readers_and_made_anew_by_the_same_run(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    write(tmp_path, documents(45))
    damaged = tmp_path / "part-00002.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match=r"part-00002\.parquet: expected SHA-256 .* found .* damaged"):
        list(read_parts(tmp_path).batches())
    damaged.unlink()
    with pytest.raises(InputError, match=r"part-00002\.parquet: cannot be read"):
        list(read_parts(tmp_path).batches())
    write(tmp_path, documents(45), encode=broken_after(1))
    assert files(tmp_path) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": SPACE.model_copy(update={"encoder": "other"})}, "encoder was 'words' and is 'other'"),
        ({"space": SPACE.model_copy(update={"revision": "1" * 64})}, "revision was '000.*' and is '111"),
        ({"space": SPACE.model_copy(update={"max_length": 128})}, "max_length was 256 and is 128"),
        ({"space": SPACE.model_copy(update={"quantiser": Quantiser(4.0, 256)})}, "weight_range was 5.0 and is 4.0"),
        ({"part_size": 20}, "part_size was 10 and is 20"),
        ({"store_raw": False}, "store_raw was True and is False"),
        (
            {"space": SPACE.model_copy(update={"vocabulary": vocabulary_hash(["a"])}), "vocabulary": ["a"]},
            "vocabulary was '.*' and is '",
        ),
    ],
)
@pytest.mark.parametrize("finished", [False, True])
def test_another_setting_is_refused(tmp_path: Path, change: dict[str, Any], message: str, finished: bool) -> None:
    begin(tmp_path, finished)
    before = files(tmp_path)
    with pytest.raises(InputError, match=message):
        write(tmp_path, documents(45), **change)
    assert files(tmp_path) == before


def begin(folder: Path, finished: bool, count: int = 45) -> None:
    if finished:
        write(folder, documents(count))
    else:
        with pytest.raises(RuntimeError):
            write(folder, documents(count), encode=broken_after(2))


@pytest.mark.parametrize("finished", [False, True])
def test_another_corpus_is_refused(tmp_path: Path, finished: bool) -> None:
    begin(tmp_path, finished)
    before = files(tmp_path)
    passages = documents(45)
    passages[13] = Document("doc13", "another text")
    with pytest.raises(InputError, match=r"made from another corpus.*: passages 11 to 20 differ"):
        write(tmp_path, passages)
    with pytest.raises(InputError, match=r"made from another corpus.*: it ends after 10 passages"):
        write(tmp_path, documents(10))
    assert files(tmp_path) == before


def test_a_corpus_that_has_grown_is_refused(tmp_path: Path) -> None:
    begin(tmp_path, finished=True, count=40)
    with pytest.raises(InputError, match="passages 41 to 45 differ"):
        write(tmp_path, documents(45))


def test_the_border_between_id_and_text_counts(tmp_path: Path) -> None:
    write(tmp_path, [Document("a", "bc")])
    with pytest.raises(InputError, match="another corpus"):
        write(tmp_path, [Document("ab", "c")])


@pytest.mark.parametrize("name", ["notes.txt", "part-00000.parquet", "vocabulary.json", ".hidden"])
def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"expected an empty folder or vector parts, found {name}"):
        write(tmp_path, documents(3))
    assert files(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"name": "web app"}', "not a manifest of vector parts"),
        (
            '{"format": "disco-vectors", "version": 99}',
            "manifest of vector parts .*: version: expected 1, found 99",
        ),
        ("half a fi", "expected JSON"),
    ],
)
def test_somebody_elses_manifest_is_refused_and_left_alone(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=message):
        write(tmp_path, documents(3))
    assert files(tmp_path) == {"manifest.json": content.encode()}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="found a file"):
        write(tmp_path / "file", documents(3))
    with pytest.raises(DiscoError, match="cannot make the folder"):
        write(tmp_path / "file" / "below", documents(3))


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(InputError, match="another run is writing to it"):
        write(tmp_path, documents(3))
    os.close(held)
    write(tmp_path, documents(3))


def test_an_id_used_twice_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'doc4' is used twice, the second time among passages 1 to 6"):
        write(tmp_path / "near", [*documents(5), Document("doc4", "again")])
    with pytest.raises(InputError, match="'doc4' is used twice, the second time among passages 31 to 36"):
        write(tmp_path / "far", [*documents(35), Document("doc4", "again")])


def test_after_removing_the_duplicate_the_run_continues(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match="used twice"):
        write(tmp_path, [*documents(35), Document("doc4", "again"), *documents(45)[35:]])
    write(tmp_path, documents(45), encode=broken_after(2))
    assert files(tmp_path) == expected


def test_equal_hashes_of_different_ids_are_no_duplicates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, bytes]
) -> None:
    monkeypatch.setattr(SeenIds, "add", lambda self, ids: set(ids))
    write(tmp_path, documents(45))
    assert files(tmp_path) == expected


def test_seen_ids_are_exact() -> None:
    seen = SeenIds()
    assert not any(seen.add([f"id{i}" for i in range(start, start + 1000)]) for start in range(0, 20_000, 1000))
    assert seen.add(["id0", "new", "id19999", "id7777"]) == {"id0", "id19999", "id7777"}
    assert seen.add(["new", "newer"]) == {"new"}


def test_an_encoder_that_misbehaves_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(DiscoError, match="returned 2 vectors for 3 passages"):
        write(tmp_path / "few", documents(3), encode=lambda texts: encode(texts)[:2])
    outside = ImpactVector(np.array([len(VOCABULARY)], np.int32), np.array([1], np.uint16))
    with pytest.raises(DiscoError, match="passage 'doc0' outside its vocabulary"):
        write(tmp_path / "outside", documents(3), encode=lambda texts: [outside] * len(texts))
    with pytest.raises(DiscoError, match="not the one that the description"):
        write(tmp_path / "vocabulary", documents(3), vocabulary=["a"])


def test_a_passage_of_five_megabytes(tmp_path: Path) -> None:
    text = "word " * 1_000_000
    write(tmp_path, [Document("large", text), *documents(3)], store_raw=True)
    [batch] = read_parts(tmp_path).batches()
    assert batch.raw is not None and batch.raw[0] == text


def test_large_passages_make_smaller_parts(tmp_path: Path) -> None:
    text = "word " * 6_000_000
    manifest = write(
        tmp_path, [Document(f"large{i}", text) for i in range(4)], encode=lambda texts: encode(["x"] * len(texts))
    )
    assert [part.passages for part in manifest.parts] == [3, 1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True)
    if mount.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_the_run_which_can_be_continued(small_disk: Path, tmp_path: Path) -> None:
    passages = [Document(f"doc{i}", " ".join(str(i * j) for j in range(200))) for i in range(1200)]
    folder = small_disk / "vectors"
    with pytest.raises(
        DiscoError, match=r"No space left on device.* parts are whole.* the same command continues"
    ) as stop:
        write(folder, passages, part_size=100)
    assert stop.value.exit_code == 1
    manifest = Manifest.read(folder)
    assert manifest is not None and 0 < len(manifest.parts) < 12 and not manifest.complete
    assert not list(folder.glob(".*"))
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    write(folder, passages, part_size=100)
    write(tmp_path / "roomy", passages, part_size=100)
    assert files(folder) == files(tmp_path / "roomy")


def test_nothing_of_the_place_is_written_down(tmp_path: Path, expected: dict[str, bytes]) -> None:
    write(tmp_path, documents(45))
    assert files(tmp_path) == expected
    assert str(tmp_path) not in (tmp_path / "manifest.json").read_text()
    assert json.loads((tmp_path / "manifest.json").read_text())["passages"] == 45
