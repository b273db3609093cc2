from __future__ import annotations

import gzip
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import FileServer
from resource_files import CONTENT, SCRIPT, everything, md5, resource, tar_of, zip_of

from disco_pyserini.datasets.download import fetch
from disco_pyserini.errors import DiscoError

pytestmark = pytest.mark.usefixtures("pauses")

FILES = {"top.txt": b"top", "deep/er/inside.json": b"{}" * 1000, "empty": b""}


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("f.zip", zip_of(FILES)),
        ("f.zip", zip_of(FILES, zipfile.ZIP_STORED)),
        ("f.tar", tar_of(FILES, "w")),
        ("f.tar.gz", tar_of(FILES)),
        ("f.tgz", tar_of(FILES)),
    ],
)
def test_archives_are_unpacked(tmp_path: Path, server: FileServer, name: str, archive: bytes) -> None:
    one = resource(server.add(name, archive), path=f"sub/{name}", content=archive, archive=True)
    assert fetch([one], tmp_path) == [one]
    found = {path: (tmp_path / "sub" / path).read_bytes() for path in everything(tmp_path / "sub")}
    assert found.pop(f".{name}.unpacked")
    assert found == FILES
    assert fetch([one], tmp_path) == []
    (tmp_path / "sub/top.txt").unlink()
    assert fetch([one], tmp_path) == [one]
    assert fetch([replace(one, checksum=None)], tmp_path) != []


def test_the_receipt_of_an_archive_does_not_depend_on_the_file_system(tmp_path: Path, server: FileServer) -> None:
    archive = zip_of({f"{number}/x": b"x" for number in range(30)})
    fetch([resource(server.add("f", archive), path="f.zip", content=archive, archive=True)], tmp_path)
    files = list(json.loads((tmp_path / ".f.zip.unpacked").read_text())["files"])
    assert len(files) == 30 and files == sorted(files)


def test_a_gzip_file_is_unpacked_to_its_name_without_the_ending(tmp_path: Path, server: FileServer) -> None:
    packed = gzip.compress(CONTENT)
    one = resource(server.add("f", packed), path="sub/file.tsv.gz", content=packed, archive=True)
    fetch([one], tmp_path)
    assert (tmp_path / "sub/file.tsv").read_bytes() == CONTENT
    assert everything(tmp_path) == {"sub/file.tsv", "sub/.file.tsv.gz.unpacked"}
    assert fetch([one], tmp_path) == []


def device(member: tarfile.TarInfo) -> None:
    member.type, member.devmajor, member.devminor = tarfile.CHRTYPE, 1, 3


def link(kind: bytes, target: str) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname, member.size = kind, target, 0

    return change


def zip_link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        member = zipfile.ZipInfo("link")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(member, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "receipt",
    ["", "null", "[]", "[" * 100_000, '{"checksum": null}', '{"checksum": null, "files": []}', "\xff"]
    + [f'{{"checksum": null, "files": {files}}}' for files in ('{"a": "1"}', '{"a": 1e999}', '{"a\\u0000": 1}', "[3]")],
)
def test_an_archive_with_an_odd_receipt_is_unpacked_again(tmp_path: Path, receipt: str) -> None:
    (tmp_path / "f.zip").write_bytes(zip_of({"a": b"1"}))
    one = resource(path="f.zip", content=None, archive=True)
    assert fetch([one], tmp_path / "to", local=tmp_path / "f.zip") == [one]
    (tmp_path / "to" / ".f.zip.unpacked").write_text(receipt, encoding="latin-1")
    assert fetch([one], tmp_path / "to", local=tmp_path / "f.zip") == [one]
    assert fetch([one], tmp_path / "to", local=tmp_path / "f.zip") == []


def damaged_zip(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("f", b"some text " * 99)
    content = bytearray(packed.getvalue())
    content[50:60] = b"\xff" * 10
    return bytes(content)


MALICIOUS = {
    "zip, up": ("f.zip", zip_of({"good": b"", "../../evil": b"x"}), "outside of its folder, to '../../evil'"),
    "zip, hidden up": ("f.zip", zip_of({"a/b/../../../evil": b"x"}), "outside of its folder"),
    "zip, absolute": ("f.zip", zip_of({"/tmp/disco-evil": b"x"}), "outside of its folder, to '/tmp/disco-evil'"),
    "zip, backslashes": ("f.zip", zip_of({"..\\evil": b"x"}), "outside of its folder"),
    "zip, drive": ("f.zip", zip_of({"C:/evil": b"x"}), "outside of its folder"),
    "zip, link": ("f.zip", zip_link(), "'link' in it is a link or a device"),
    "tar, up": ("f.tar.gz", tar_of({"good": b"", "../evil": b"x"}), "outside of its folder, to '../evil'"),
    "tar, absolute": ("f.tar", tar_of({"/tmp/disco-evil": b"x"}, "w"), "outside of its folder"),
    "tar, soft link": ("f.tar", tar_of({"l": b""}, "w", link(tarfile.SYMTYPE, "/etc")), "'l' in it is a link"),
    "tar, link within": ("f.tar", tar_of({"l": b""}, "w", link(tarfile.SYMTYPE, "good")), "'l' in it is a link"),
    "tar, hard link": ("f.tar", tar_of({"l": b""}, "w", link(tarfile.LNKTYPE, "/etc/passwd")), "'l' in it is a link"),
    "tar, device": ("f.tar", tar_of({"null": b""}, "w", device), "'null' in it is a link or a device"),
    "zip, bomb": ("f.zip", zip_of({str(i): bytes(20 * 2**20) for i in range(10)}), "unpacks to more than"),
    "gz, bomb": ("f.gz", gzip.compress(bytes(200 * 2**20)), "unpacks to more than"),
    "tar, bomb": ("f.tar.gz", tar_of({"f": bytes(200 * 2**20)}), "unpacks to more than"),
    "tar, bomb in a header": (
        "f.tar.gz",
        tar_of({"f": bytes(40 * 2**20)}, change=lambda member: setattr(member, "type", tarfile.XHDTYPE)),
        "expected headers of at most 65,536 bytes",
    ),
    "plain tar, large header": (
        "f.tar",
        tar_of({"f": bytes(2**20)}, "w", lambda member: setattr(member, "type", tarfile.XHDTYPE)),
        "expected headers of at most 65,536 bytes",
    ),
    "tar, number of 5,000 digits in a header": (
        "f.tar",
        tar_of({"f": b"9" * 5000 + b" a=b\n"}, "w", lambda member: setattr(member, "type", tarfile.XHDTYPE)),
        "not a whole tar archive",
    ),
    "zip, damaged LZMA": ("f.zip", damaged_zip(zipfile.ZIP_LZMA), "not a whole zip archive"),
    "zip, damaged bzip2": ("f.zip", damaged_zip(zipfile.ZIP_BZIP2), "not a whole zip archive"),
    "zip, no name": ("f.zip", zip_of({"": b"x"}), "expected a name for each file in it"),
    "zip, a point for a name": ("f.zip", zip_of({".": b"x"}), "expected a name for each file in it"),
    "not zip": ("f.zip", b"<html>login</html>", "not a whole zip archive"),
    "cut zip": ("f.zip", zip_of(FILES)[:-30], "not a whole zip archive"),
    "not tar": ("f.tar", b"<html>login</html>", "not a whole tar archive"),
    "not gzip": ("f.tar.gz", b"<html>login</html>", "not a whole gz archive"),
    "cut gzip": ("f.tar.gz", tar_of({"f": CONTENT})[:-10_000], "not a whole gz archive"),
    "damaged gzip": ("f.gz", gzip.compress(b"abc" * 100)[:-8] + bytes(8), "not a whole gz archive"),
    "no archive": ("f.rar", b"Rar!", "expected the name of an archive to end with one of"),
}


@pytest.mark.parametrize("case", MALICIOUS)
def test_archives_that_cannot_be_trusted_are_refused(tmp_path: Path, server: FileServer, case: str) -> None:
    name, archive, message = MALICIOUS[case]
    folder = tmp_path / "a" / "b"
    good = zip_of({"good": b""}) if name == "f.zip" else archive
    one = resource(server.add("bad", archive), path=name, content=None, archive=True)
    with pytest.raises(DiscoError, match=message.replace("(", r"\(")):
        fetch([one], folder)
    assert everything(tmp_path) == {"a/b/.lock"}
    assert not Path("/tmp/disco-evil").exists()
    if good is not archive:  # the next mirror is tried
        fetch([replace(one, urls=(*one.urls, server.add("good", good)))], folder)
        assert everything(folder) == {"good", ".f.zip.unpacked"}


def test_a_bomb_takes_neither_memory_nor_disk(tmp_path: Path) -> None:
    """A header of 1 GiB, which tarfile would read in one piece."""
    header = tarfile.TarInfo("f")
    header.type, header.size = tarfile.XHDTYPE, 2**30
    with gzip.open(tmp_path / "f.tar.gz", "wb", 1) as file:
        file.write(header.tobuf())
        for _ in range(2**10):
            file.write(bytes(2**20))
    script = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))\n{SCRIPT}".replace(
        "fetch([Resource(\"file.bin\", (sys.argv[2],), sys.argv[3])], Path(sys.argv[1]))",
        "fetch([Resource('f.tar.gz', (), archive=True)], Path(sys.argv[1]) / 'to', local=Path(sys.argv[1]))",
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert "InputError" in done.stderr and "expected headers of at most" in done.stderr


def test_a_process_killed_while_unpacking_leaves_nothing_under_the_final_names(
    tmp_path: Path, server: FileServer
) -> None:
    archive = zip_of({f"file{i}": os.urandom(1000) for i in range(2000)})
    one = resource(server.add("f", archive), path="f.zip", content=archive, archive=True)
    script = SCRIPT.replace(
        'Resource("file.bin", (sys.argv[2],), sys.argv[3])',
        'Resource("f.zip", (sys.argv[2],), sys.argv[3], archive=True)',
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), one.urls[0], md5(archive)])
    while not (tmp_path / ".f.zip.unpacking/file50").exists() and process.poll() is None:
        os.sched_yield()
    process.kill()
    process.wait()
    assert not list(tmp_path.glob("file*"))
    assert fetch([one], tmp_path) == [one]
    assert len(everything(tmp_path)) == 2001
    assert len(server.asked) == 1
