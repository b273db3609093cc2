from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import FileServer
from resource_files import CONTENT, SCRIPT, everything, md5, resource, zip_of
from typer.testing import CliRunner

from disco_pyserini.cli.fetching import fetch_and_tell
from disco_pyserini.cli.main import app
from disco_pyserini.datasets.download import fetch, select
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.errors import DiscoError, InputError

pytestmark = pytest.mark.usefixtures("pauses")

# Getting a file


@pytest.mark.parametrize("checksum", ["md5", "sha256", "none", "size"])
def test_a_file_is_fetched_once(tmp_path: Path, server: FileServer, checksum: str) -> None:
    url = server.add("f", CONTENT)
    digest = None if checksum in ("none", "size") else f"{checksum}:{hashlib.new(checksum, CONTENT).hexdigest()}"
    one = Resource("data/file.bin", (url,), digest, len(CONTENT) if checksum == "size" else None)
    assert fetch([one], tmp_path) == [one]
    assert (tmp_path / "data" / "file.bin").read_bytes() == CONTENT
    assert everything(tmp_path) == {"data/file.bin"}
    assert fetch([one], tmp_path) == []
    assert len(server.asked) == 1


def test_progress_says_what_is_here_of_what_will_be(tmp_path: Path, server: FileServer) -> None:
    seen: list[tuple[str, int, int | None]] = []
    fetch([resource(server.add("f", CONTENT))], tmp_path, progress=lambda *now: seen.append(now))
    assert seen[0] == ("data/file.bin", 0, len(CONTENT))
    assert seen[-1] == ("data/file.bin", len(CONTENT), len(CONTENT))


def test_redirects_are_followed(tmp_path: Path, server: FileServer) -> None:
    there = server.add("there", CONTENT, cuts=[1000])
    fetch([resource(server.add("here", b"", redirect=there))], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert server.statuses() == [302, 200, 302, 206]


def test_a_redirect_in_a_circle_ends_at_once(tmp_path: Path, server: FileServer, pauses: list[float]) -> None:
    url = server.add("f", b"", redirect="/f")
    with pytest.raises(DiscoError, match="TooManyRedirects"):
        fetch([resource(url)], tmp_path)
    assert pauses == []


def test_a_file_without_stated_length(tmp_path: Path, server: FileServer) -> None:
    fetch([resource(server.add("f", CONTENT, length=False))], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT


def test_an_empty_file(tmp_path: Path, server: FileServer) -> None:
    fetch([resource(server.add("f", b""), content=b"")], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == b""


def test_a_changed_file_is_fetched_again(tmp_path: Path, server: FileServer) -> None:
    one = resource(server.add("f", CONTENT))
    fetch([one], tmp_path)
    (tmp_path / "data/file.bin").write_bytes(b"cut")
    assert fetch([one], tmp_path) == [one]
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT


# Files without a published checksum


@pytest.mark.parametrize("archive", [False, True])
def test_a_file_without_a_checksum_is_trusted_when_it_is_first_fetched(
    tmp_path: Path, server: FileServer, archive: bool
) -> None:
    first, other = (zip_of({"x": content}) if archive else content for content in (b"first", b"other"))
    one = resource(server.add("f", first), path="f.zip", content=None, archive=archive)
    fetch([one], tmp_path)
    fetched = tmp_path / ("x" if archive else "f.zip")
    fetched.unlink()
    server.add("f", other)
    with pytest.raises(
        DiscoError, match=r"expected sha256 .*has changed since it was first fetched: if that is meant, rem"
    ):
        fetch([one], tmp_path)
    assert not fetched.exists()
    server.add("f", first)
    assert fetch([one], tmp_path) == [one]
    assert fetch([one], tmp_path) == []
    if not archive:  # bytes that change on the disk are noticed, too
        fetched.write_bytes(b"thrif")
        assert fetch([one], tmp_path) == [one]
    (tmp_path / ".fetched.json").unlink()
    fetched.unlink()
    server.add("f", other)
    assert fetch([one], tmp_path) == [one]


# Interruptions


def test_a_dropped_connection_is_continued(tmp_path: Path, server: FileServer, pauses: list[float]) -> None:
    fetch([resource(server.add("f", CONTENT, cuts=[2**20, 2**20]))], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert server.ranges() == [None, f"bytes={2**20}-", f"bytes={2**21}-"]
    assert server.statuses() == [200, 206, 206]
    assert pauses == [1.0, 1.0]


def test_a_server_that_ignores_ranges_never_gives_a_second_copy(tmp_path: Path, server: FileServer) -> None:
    fetch([resource(server.add("f", CONTENT, ranges=False, cuts=[2**20, 2**20 + 5]), content=None)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert server.statuses() == [200, 200, 200]


def test_a_server_that_ignores_ranges_and_always_drops_is_given_up(
    tmp_path: Path, server: FileServer, pauses: list[float]
) -> None:
    url = server.add("f", CONTENT, ranges=False, cuts=[2**20] * 50)
    with pytest.raises(DiscoError, match=r"6 times in a row, at 1,048,576 bytes"):
        fetch([resource(url)], tmp_path)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert everything(tmp_path) == {"data/.file.bin.part", "data/.file.bin.part.json"}


def test_a_file_that_changes_at_the_server_is_not_mixed(tmp_path: Path, server: FileServer) -> None:
    url = server.add("f", CONTENT, cuts=[2**20] + [0] * 5)
    with pytest.raises(DiscoError):
        fetch([resource(url, content=None)], tmp_path)
    newer = bytes(reversed(CONTENT))
    server.add("f", newer)
    fetch([resource(url, content=None)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == newer
    assert server.asked[-1] == ("/f", f"bytes={2**20}-", 200)


@pytest.mark.parametrize("changed", [CONTENT + b"more", CONTENT[: 2**20], CONTENT[:1000]])
@pytest.mark.parametrize("known", [True, False])
def test_without_etags_another_length_shows_the_change(
    tmp_path: Path, server: FileServer, changed: bytes, known: bool
) -> None:
    url = server.add("f", CONTENT, etag=False, cuts=[2**20] + [0] * 5)
    with pytest.raises(DiscoError):
        fetch([resource(url)], tmp_path)
    server.add("f", changed, etag=False)
    fetch([resource(url, content=changed if known else None)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == changed


def test_without_etags_the_date_is_held_against_the_file(tmp_path: Path, server: FileServer) -> None:
    dates = ["Tue, 01 Jul 2025 10:00:00 GMT", "Wed, 02 Jul 2025 10:00:00 GMT"]
    url = server.add("f", CONTENT, etag=False, date=dates[0], cuts=[2**20, 2**20] + [0] * 5)
    with pytest.raises(DiscoError):
        fetch([resource(url, content=None)], tmp_path)
    assert 206 in server.statuses()
    newer = bytes(reversed(CONTENT))
    server.add("f", newer, etag=False, date=dates[1])
    fetch([resource(url, content=None)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == newer


def test_what_was_begun_and_has_wrong_bytes_is_fetched_from_the_start(tmp_path: Path, server: FileServer) -> None:
    url = server.add("f", CONTENT, cuts=[2**20] + [0] * 5)
    with pytest.raises(DiscoError):
        fetch([resource(url)], tmp_path)
    with (tmp_path / "data/.file.bin.part").open("r+b") as part:
        part.write(b"damaged")
    fetch([resource(url)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert server.statuses()[-2:] == [206, 200]


def test_a_part_without_its_note_is_not_trusted(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/.file.bin.part").write_bytes(b"something else")
    fetch([resource(server.add("f", CONTENT), content=None)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert everything(tmp_path) == {"data/file.bin"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_process_leaves_a_part_that_is_continued(tmp_path: Path, server: FileServer, how: int) -> None:
    stopped: list[subprocess.Popen[bytes]] = []

    def stop() -> None:
        part = tmp_path / ".file.bin.part"
        while not part.exists() or part.stat().st_size < 2**20:
            os.sched_yield()
        if not stopped[0].returncode:
            stopped[0].send_signal(how)
            stopped[0].wait()

    url = server.add("f", CONTENT, during=stop)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), url, md5(CONTENT)]
    stopped.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
    assert stopped[0].wait() != 0
    assert everything(tmp_path) == {".file.bin.part", ".file.bin.part.json"}
    begun = (tmp_path / ".file.bin.part").stat().st_size
    server.add("f", CONTENT)
    assert subprocess.run(command).returncode == 0
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.asked[-1] == ("/f", f"bytes={begun}-", 206)


@pytest.mark.parametrize("note", ["", "[" * 100_000, '{"url": 3}', '{"url": "", "validator": [], "total": "x"}'])
def test_a_part_with_an_odd_note_is_not_continued(tmp_path: Path, server: FileServer, note: str) -> None:
    one = resource(server.add("f", CONTENT))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/.file.bin.part").write_bytes(b"other")
    (tmp_path / "data/.file.bin.part.json").write_text(note)
    fetch([one], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert server.statuses() == [200]


def test_two_processes_at_once_are_refused(tmp_path: Path, server: FileServer) -> None:
    def second() -> None:
        with pytest.raises(InputError, match="another process is fetching"):
            fetch([one], tmp_path)
        refused.append(True)

    refused: list[bool] = []
    one = resource(server.add("f", CONTENT, during=second))
    fetch([one], tmp_path)
    assert refused == [True]


# Servers that fail


def test_errors_that_may_pass_are_waited_for(tmp_path: Path, server: FileServer, pauses: list[float]) -> None:
    fetch([resource(server.add("f", CONTENT, statuses=[503, 429, 500], retry_after="3"))], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert pauses == [3.0, 3.0, 4.0]


def test_a_server_asks_for_no_pause_without_end(tmp_path: Path, server: FileServer, pauses: list[float]) -> None:
    fetch([resource(server.add("f", CONTENT, statuses=[503], retry_after="86400"))], tmp_path)
    assert pauses == [60.0]


@pytest.mark.parametrize("status", [404, 403, 410, 401])
def test_mirrors_are_tried_in_turn(tmp_path: Path, server: FileServer, pauses: list[float], status: int) -> None:
    urls = server.add("a", b"", statuses=[status]), server.add("b", CONTENT)
    fetch([resource(*urls)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert server.statuses() == [status, 200]
    assert pauses == []


def test_wrong_bytes_are_removed_and_the_next_mirror_tried(tmp_path: Path, server: FileServer) -> None:
    wrong = bytes(len(CONTENT))
    fetch([resource(server.add("a", wrong), server.add("b", CONTENT))], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT
    assert [path for path, _, _ in server.asked] == ["/a", "/b"]


def test_a_mirror_that_died_half_way_is_not_mixed_with_the_next(tmp_path: Path, server: FileServer) -> None:
    urls = server.add("a", bytes(len(CONTENT)), cuts=[2**20] + [0] * 5), server.add("b", CONTENT)
    fetch([resource(*urls, content=None)], tmp_path)
    assert (tmp_path / "data/file.bin").read_bytes() == CONTENT


def test_when_all_fail_each_is_named_with_its_reason(tmp_path: Path, server: FileServer) -> None:
    urls = (
        server.add("wrong", b"wrong"),
        f"{server.url}/missing",
        "http://127.0.0.1:9/refused",
        "gopher://nowhere/file",
    )
    with pytest.raises(DiscoError) as failed:
        fetch([resource(*urls)], tmp_path)
    message = str(failed.value)
    for expected in (
        f"/wrong: not the publisher's data/file.bin: {tmp_path}/data/.file.bin.part: expected md5 ",
        "its bytes were removed",
        "/missing: status 404 Not Found",
        "9/refused: ConnectionError",
        "gopher://nowhere/file: InvalidSchema",
        "--from PATH",
    ):
        assert expected in message
    assert everything(tmp_path) == set()
    assert failed.value.exit_code == 1


def test_another_length_than_the_publisher_states_is_refused_before_it_is_fetched(
    tmp_path: Path, server: FileServer
) -> None:
    seen: list[int] = []
    one = resource(server.add("f", b"a login page"), content=None, bytes=len(CONTENT))
    with pytest.raises(DiscoError, match="expected 3,145,745 bytes, the server has 12"):
        fetch([one], tmp_path, progress=lambda path, done, total: seen.append(done))
    assert seen == []


def test_a_file_that_the_server_packs_on_its_way_is_refused(tmp_path: Path, server: FileServer) -> None:
    url = server.add("f", gzip.compress(CONTENT), encoding="gzip")
    with pytest.raises(DiscoError, match=r"packed the file on its way \(gzip\)"):
        fetch([resource(url)], tmp_path)


def test_a_gzip_file_that_the_server_calls_packed_is_taken_as_it_is(tmp_path: Path, server: FileServer) -> None:
    packed = gzip.compress(CONTENT)
    one = resource(server.add("f.gz", packed, encoding="gzip"), path="f.gz", content=packed)
    fetch([one], tmp_path)
    assert (tmp_path / "f.gz").read_bytes() == packed


# Disks


def test_too_small_a_disk_is_noticed_before_anything_is_asked_for(tmp_path: Path, server: FileServer) -> None:
    one = resource(server.add("f", CONTENT), bytes=10**18)
    with pytest.raises(DiscoError, match=r"not enough disk to fetch it: 1,000,000,000,000,000,000 bytes needed"):
        fetch([one], tmp_path)
    assert server.asked == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_a_length_that_the_server_states_is_held_against_the_disk(small_disk: Path, server: FileServer) -> None:
    one = resource(server.add("f", CONTENT))
    with pytest.raises(DiscoError, match=r"not enough disk to fetch data/file.bin: 3,145,745 bytes needed"):
        fetch([one], small_disk)
    resize(small_disk, "4m")
    fetch([one], small_disk)
    assert (small_disk / "data/file.bin").read_bytes() == CONTENT


def test_what_fitted_on_a_full_disk_is_continued(small_disk: Path, server: FileServer) -> None:
    resize(small_disk, "4m")
    part = small_disk / "data/.file.bin.part"

    def fill() -> None:
        """Write a file as another program would, once the room was checked."""
        while not part.exists():
            time.sleep(0.01)
        (small_disk / "filler").write_bytes(bytes(2**20))

    one = resource(server.add("f", CONTENT, during=fill))
    with pytest.raises(DiscoError, match=r"No space left on device: what was fetched is kept"):
        fetch([one], small_disk)
    kept = part.stat().st_size
    assert kept > 2**20 and not (small_disk / "data/file.bin").exists()
    resize(small_disk, "8m")
    server.files["/f"].during = lambda: None
    fetch([one], small_disk)
    assert (small_disk / "data/file.bin").read_bytes() == CONTENT
    assert server.asked[-1][1:] == (f"bytes={kept}-", 206)


def test_a_disk_too_small_to_unpack_on_keeps_the_archive(small_disk: Path, server: FileServer) -> None:
    archive = zip_of({"a.txt": bytes(1_500_000), "b.txt": bytes(1_500_000)})
    one = resource(server.add("f", archive), path="f.zip", content=archive, archive=True)
    with pytest.raises(DiscoError, match="not enough disk to unpack"):
        fetch([one], small_disk)
    assert everything(small_disk) == {".f.zip.part", ".f.zip.part.json"}
    resize(small_disk, "8m")
    fetch([one], small_disk)
    assert (small_disk / "b.txt").read_bytes() == bytes(1_500_000)
    assert len(server.asked) == 1


def test_a_limit_on_file_sizes_is_reported(tmp_path: Path, server: FileServer) -> None:
    url = server.add("f", CONTENT)
    script = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n{SCRIPT}"
    command = [sys.executable, "-c", script, str(tmp_path), url, md5(CONTENT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "File too large: what was fetched is kept" in done.stderr
    assert not (tmp_path / "file.bin").exists()
    fetch([Resource("file.bin", (url,), md5(CONTENT))], tmp_path)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


# Local copies


@pytest.mark.parametrize("place", ["data/file.bin", "file.bin"])
@pytest.mark.parametrize("as_file", [True, False])
def test_a_local_copy_is_taken(tmp_path: Path, place: str, as_file: bool) -> None:
    copy = tmp_path / "from" / place
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    fetch([resource("http://127.0.0.1:9/")], tmp_path / "to", local=copy if as_file else tmp_path / "from")
    assert (tmp_path / "to/data/file.bin").read_bytes() == CONTENT
    assert copy.read_bytes() == CONTENT


def test_a_local_file_with_another_name_is_taken_for_the_only_one_asked_for(tmp_path: Path) -> None:
    (tmp_path / "downloaded (1)").write_bytes(CONTENT)
    fetch([resource()], tmp_path / "to", local=tmp_path / "downloaded (1)")
    with pytest.raises(InputError, match=r"expected a copy of a, found none: .* --only"):
        fetch([resource(path="a"), resource(path="b")], tmp_path / "more", local=tmp_path / "downloaded (1)")


def test_a_local_copy_is_checked_alike(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"wrong")
    with pytest.raises(InputError, match=r"not the publisher's data/file.bin: .*/file.bin: expected md5 .* found "):
        fetch([resource()], tmp_path / "to", local=tmp_path)
    assert everything(tmp_path / "to") == set()
    assert (tmp_path / "file.bin").read_bytes() == b"wrong"


def test_with_a_local_copy_of_one_file_nothing_else_is_downloaded(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from/file.bin").write_bytes(CONTENT)
    other = resource(server.add("f", CONTENT), path="other")
    with pytest.raises(InputError, match="expected a copy of other, found none"):
        fetch([resource(), other], tmp_path / "to", local=tmp_path / "from")
    fetch([resource()], tmp_path / "to", local=tmp_path / "from")
    assert fetch([resource(), other], tmp_path / "to") == [other]


def test_a_local_archive_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "f.zip").write_bytes(zip_of({"a": b"1"}))
    fetch([Resource("f.zip", (), archive=True)], tmp_path / "to", local=tmp_path)
    assert everything(tmp_path / "to") == {"a", ".f.zip.unpacked"}
    assert (tmp_path / "f.zip").exists()


KILLED_AT_THE_END = """
import os, pickle, signal, sys
from pathlib import Path
from disco_pyserini.datasets import download

install = download._install
def install_and_die(*arguments):
    install(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

download._install = install_and_die
download.fetch([pickle.loads(bytes.fromhex(sys.argv[2]))], Path(sys.argv[1]))
"""


def test_what_a_process_killed_at_its_last_step_left_is_removed(tmp_path: Path, server: FileServer) -> None:
    archive = zip_of({"inside.txt": b"text"})
    plain = resource(server.add("f", CONTENT))
    packed = resource(server.add("z", archive), path="f.zip", content=archive, archive=True)
    for one in (plain, packed):
        words = [str(tmp_path), pickle.dumps(one).hex()]
        done = subprocess.run([sys.executable, "-c", KILLED_AT_THE_END, *words], cwd=Path(__file__).parents[2])
        assert done.returncode == -signal.SIGKILL
    assert everything(tmp_path) >= {"data/.file.bin.part.json", ".f.zip.part", ".f.zip.part.json"}
    fetch([plain, packed], tmp_path)
    assert everything(tmp_path) == {"data/file.bin", "inside.txt", ".f.zip.unpacked"}


# Choosing


def test_large_files_are_fetched_when_asked_for() -> None:
    turns, passages = resource(path="turns/dev.json"), resource(path="passages.tsv.gz", required=False)
    assert select([turns, passages], []) == [turns]
    assert select([turns, passages], ["passages*"]) == [passages]
    assert select([turns, passages], ["*"]) == [turns, passages]
    assert select([turns, passages], ["dev.json"]) == [turns]
    assert select([turns, passages], ["turns/*", "passages.tsv.gz"]) == [turns, passages]
    with pytest.raises(InputError, match=r"no file 'qrels' to fetch: there are: turns/dev.json, passages.tsv.gz"):
        select([turns, passages], ["qrels"])


# The command


def test_the_terms_are_shown_before_anything_is_fetched(
    tmp_path: Path, server: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    turns = resource(server.add("f", CONTENT, during=lambda: shown.append(capsys.readouterr().out)))
    passages = resource("http://127.0.0.1:9/", path="passages.tsv", required=False, bytes=13_000_000)
    terms = Terms("CC BY-SA 4.0", "https://example.org/data", "Ask NIST for the newspapers.")
    fetch_and_tell(terms, [turns, passages], tmp_path, [], None)
    assert shown == [
        "licence: CC BY-SA 4.0\nsource: https://example.org/data\nnot downloadable: Ask NIST for the newspapers.\n"
    ]
    assert capsys.readouterr().out == (
        f"{tmp_path}: 1 fetched, 0 already complete\noptional, not fetched: --only passages.tsv, 13,000,000 bytes\n"
    )
    fetch_and_tell(terms, [turns, passages], tmp_path, ["data/*"], None)
    assert f"{tmp_path}: 0 fetched, 1 already complete\n" in capsys.readouterr().out


def test_the_command_fetches_into_the_cache_folder(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = pytest.importorskip("disco_pyserini.datasets.registry")
    one = resource(server.add("f", CONTENT))
    record = replace(registry.benchmark("topiocqa"), resources=(one,))
    monkeypatch.setattr(registry, "benchmark", lambda name: record)
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    done = CliRunner().invoke(app, ["data", "get", "mine"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "disco/mine/data/file.bin").read_bytes() == CONTENT
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies/file.bin").write_bytes(b"wrong")
    (tmp_path / "disco/mine/data/file.bin").unlink()
    failed = CliRunner().invoke(app, ["data", "get", "mine", "--only", "*.bin", "--from", str(tmp_path / "copies")])
    assert isinstance(failed.exception, InputError) and "expected md5" in str(failed.exception)
