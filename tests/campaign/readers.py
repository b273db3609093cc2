"""The readers of foreign bytes, each with whole examples: for fuzzing, and for replaying what it found."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.errors import DiscoError


@dataclass(frozen=True)
class Reader:
    """A reader.

    Attributes:
        read: reads bytes; raises a `DiscoError` if it cannot.
        examples: what it reads.
        longest: how many bytes are tried at most.
    """

    read: Callable[[bytes], object]
    examples: Sequence[bytes]
    longest: int = 4096


def try_bytes(reader: Reader, content: bytes) -> None:
    """Read bytes; any exception but a `DiscoError` comes through."""
    try:
        reader.read(content)
    except DiscoError as problem:
        str(problem).encode()  # a message that cannot be printed is a traceback later


def _of_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """A reader of a file, from bytes; ``read`` gets the file's path in a folder of its own."""
    folder = tempfile.TemporaryDirectory(dir=_memory())
    path = Path(folder.name) / name

    def from_bytes(content: bytes) -> object:
        assert folder  # exists as long as this function
        path.write_bytes(content)
        return read(path)

    return from_bytes


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _all(iterable: object) -> None:
    for _ in iterable:  # type: ignore[attr-defined]
        pass


def _topics() -> Reader:
    from disco_pyserini.trec import read_topics

    return Reader(_of_file("topics.tsv", read_topics), [b"1_1\twho is she?\n1_2\twhere?\n", "\ufeff1\té\n".encode()])


def _topics_packed() -> Reader:
    from disco_pyserini.trec import read_topics

    return Reader(_of_file("topics.tsv.gz", read_topics), [gzip.compress(b"1_1\twho is she?\n")])


def _qrels() -> Reader:
    from disco_pyserini.trec import read_qrels

    return Reader(_of_file("qrels.txt", read_qrels), [b"1_1 0 d1 2\n1_1 0 d2 -2\n", b"q 0 d 4294967297\n"])


def _run() -> Reader:
    from disco_pyserini.trec import read_run

    return Reader(_of_file("run.txt", read_run), [b"1_1 Q0 d1 1 12.5 tag\n1_1 Q0 d2 2 1e-3 tag\n"])


def _turns() -> Reader:
    from disco_pyserini.datasets.turns import read_turns

    turn = {
        "qid": "1_2", "conversation_id": "1", "history": [["who?", "she"], ["and?", None]], "utterance": "where?",
        "manual_rewrite": "where is she?", "rewrites": {"model": "where?"}, "response": "here",
    }  # fmt: skip

    def read(path: Path) -> None:
        for query in read_turns(path):
            for form in ("conversation", "user-turns", "last:2", "utterance"):
                query.text(form)

    return Reader(_of_file("turns.jsonl", read), [json.dumps(turn).encode() + b"\n"])


def _collection_json() -> Reader:
    from disco_pyserini.datasets.json_records import read_array

    records = [{"Conversation_no": 1, "Turn_no": 2, "Context": ["a", "b"], "Question": "c?"}] * 2
    return Reader(_of_file("x.json", lambda path: _all(read_array(path))), [json.dumps(records).encode()])


def _teacher() -> Reader:
    from disco_pyserini.training.teachers import read_teacher

    examples = [b'{"1_1": {"d1": 2.5, "d2": 1},\n"1_2": {"d1": 1e3, "d3": 0}}\n', b"q Q0 d1 1 2.5 t\nq Q0 d2 2 1 t\n"]
    return Reader(_of_file("teacher.json", lambda path: _all(read_teacher(path))), examples)


def _vectors() -> Reader:
    from disco_pyserini.vectors.jsonl import read_jsonl

    lines = [{"id": "d1", "contents": "a b", "vector": {"a": 3, "##b": 65535}}, {"id": 2, "vector": {}}]
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return Reader(_of_file("vectors.jsonl", lambda path: _all(read_jsonl(path).batches())), [whole])


def _manifest() -> Reader:
    from disco_pyserini.vectors.manifest import Manifest

    part = {"file": "part-00000.parquet", "passages": 3, "postings": 7, "sha256": "a", "passages_digest": "b"}
    space = {
        "encoder": "e", "document_model": "m", "revision": "r", "vocabulary": "v", "max_length": 256,
        "quantiser": {"weight_range": 5.0, "quant_range": 256}, "backend": "torch",
    }  # fmt: skip
    manifest = {
        "format": "disco-vectors", "version": 1, "complete": True, "space": space, "part_size": 10, "store_raw": True,
        "passages": 3, "postings": 7, "parts": [part],
    }  # fmt: skip
    read = _of_file("manifest.json", lambda path: Manifest.read(path.parent))
    return Reader(read, [json.dumps(manifest).encode()])


def _index_manifest() -> Reader:
    from disco_pyserini.search.index_manifest import read_impact_manifest

    example = {"format": 1, "space": None, "documents": 3, "postings": 9, "raw": True, "kind": "impact"}
    return _checkpoint("disco.json", example, lambda path: read_impact_manifest(path.parent))


def _card() -> Reader:
    from disco_pyserini.cards import read_card

    root = Path(__file__).parents[2]
    read = _of_file("disco-tiny.yaml", read_card)
    return Reader(read, [(root / "encoders" / "disco-tiny.yaml").read_bytes()])


def _recipe() -> Reader:
    from disco_pyserini.reproduction.recipe import find_recipe

    root = Path(__file__).parents[2]
    read = _of_file("recipe.yaml", lambda path: find_recipe(str(path)))
    return Reader(read, [(root / "runs" / "demo-world.yaml").read_bytes()], 8192)


def _archive(name: str, examples: Sequence[bytes]) -> Reader:
    from disco_pyserini.datasets.archives import unpack

    def read(content: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            archive, target = Path(folder) / name, Path(folder) / "a" / "b"
            archive.write_bytes(content)
            target.mkdir(parents=True)
            before = set(Path(folder).rglob("*"))
            try:
                unpack(archive, name, target)
            finally:
                escaped = [path for path in set(Path(folder).rglob("*")) - before if not path.is_relative_to(target)]
                assert not escaped, escaped

    return Reader(read, examples)


def _zip() -> Reader:
    examples = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", method) as file:
            file.writestr("a/x.txt", b"some text " * 9)
            file.writestr("é.txt", b"")
        examples.append(packed.getvalue())
    return _archive("x.zip", examples)


def _tar_bytes() -> list[bytes]:
    examples = []
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=kind) as file:
            for name in ("a/x.txt", "é" * 60):
                member = tarfile.TarInfo(name)
                member.size = 20
                file.addfile(member, io.BytesIO(b"x" * 20))
        examples.append(packed.getvalue()[:6144])
    return examples


def _tar() -> Reader:
    return _archive("x.tar", _tar_bytes())


def _tar_packed() -> Reader:
    return _archive("x.tar.gz", [gzip.compress(example, mtime=0) for example in _tar_bytes()])


def _pickle() -> Reader:
    from disco_pyserini.vectors.pickled_ids import read_pickled_ids

    examples = [pickle.dumps(ids, kind) for ids in (["d1", "é", "d" * 300], [1, 70_000, 2**40]) for kind in (2, 4)]
    return Reader(_of_file("doc_ids.pkl", lambda path: _all(read_pickled_ids(path))), examples)


def _hdf5() -> Reader:
    import h5py
    import numpy as np

    from disco_pyserini.impacts import Quantiser
    from disco_pyserini.vectors.manifest import VectorSpace, vocabulary_hash
    from disco_pyserini.vectors.splade_index import IDS, POSTINGS, open_splade_index, sort_postings, write_vectors

    packed = io.BytesIO()
    with h5py.File(packed, "w") as file:
        for term in (0, 2):
            file.create_dataset(f"index_doc_id_{term}", data=np.arange(3, dtype=np.int32))
            file.create_dataset(f"index_doc_value_{term}", data=np.ones(3, np.float32))
    space = VectorSpace(
        encoder="e", document_model="m", revision="r", vocabulary=vocabulary_hash(_TOKENS), max_length=9,
        quantiser=Quantiser(),
    )  # fmt: skip

    def read(path: Path) -> None:
        for other in path.parent.iterdir():
            if other.is_dir():
                shutil.rmtree(other)
        (path.parent / IDS).write_bytes(pickle.dumps(["a", "b", "c"]))
        index = open_splade_index(path.parent)
        sort_postings(index, path.parent / "out", space, _TOKENS)
        write_vectors(index, path.parent / "out", space, _TOKENS)

    return Reader(_of_file(POSTINGS, read), [packed.getvalue()], 16384)


_TOKENS = ["x", "y", "z"]


def _checkpoint(name: str, example: object, read: Callable[[Path], object]) -> Reader:
    return Reader(_of_file(name, read), [json.dumps(example).encode()])


def _modules() -> Reader:
    from disco_pyserini.encoding.checkpoint_files import read_modules

    example = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.sparse_encoder.models.MLMTransformer"}
    ]
    return _checkpoint("modules.json", example, lambda path: read_modules(path.parent))


def _router() -> Reader:
    from disco_pyserini.encoding.checkpoint_files import read_router

    example = {"types": {"query_0": "x.Y", "document_0": "x.Z"}, "structure": {"query": ["query_0"], "document": []}}
    return _checkpoint("router_config.json", example, lambda path: read_router(path.parent))


def _settings() -> Reader:
    from disco_pyserini.encoding.checkpoint_files import read_pooling, read_settings

    def read(path: Path) -> None:
        read_pooling(path.parent)
        for name in ("modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"):
            (path.parent / name).write_bytes(path.read_bytes())
        read_settings(path.parent, path.parent, "query")

    example = {"prompts": {"query": "q: "}, "max_seq_length": 256, "pooling_strategy": "max"}
    return _checkpoint("config.json", example, read)


def _rewrites() -> Reader:
    from disco_pyserini.rewriting.store import continue_rewrites

    def read(path: Path) -> None:
        with continue_rewrites(path, "m", "p"):
            pass

    line = {"qid": "1_1", "rewrite": "who?", "model": "m", "prompt": "p", "time": "2025-01-01T00:00:00+00:00"}
    return Reader(_of_file("rewrites.jsonl", read), [json.dumps(line).encode() + b"\n"])


def _messages() -> Reader:
    from disco_pyserini.cli.answering import read_messages
    from disco_pyserini.conversation import Conversation, flatten

    def read(path: Path) -> None:
        flatten(Conversation.from_messages(read_messages(path)))

    example = [{"role": "user", "content": "who?"}, {"role": "assistant", "content": [{"type": "text", "text": "she"}]}]
    return Reader(_of_file("messages.json", read), [json.dumps(example).encode()])


def _server() -> Reader:
    from campaign.in_process import server_reader

    read, examples = server_reader()
    return Reader(read, examples)


READERS: dict[str, Callable[[], Reader]] = {
    "topics": _topics,
    "topics-gz": _topics_packed,
    "qrels": _qrels,
    "run": _run,
    "turns": _turns,
    "collection-json": _collection_json,
    "teacher": _teacher,
    "vectors": _vectors,
    "manifest": _manifest,
    "index-manifest": _index_manifest,
    "card": _card,
    "recipe": _recipe,
    "zip": _zip,
    "tar": _tar,
    "tar-gz": _tar_packed,
    "pickle": _pickle,
    "hdf5": _hdf5,
    "modules": _modules,
    "router": _router,
    "checkpoint": _settings,
    "rewrites": _rewrites,
    "messages": _messages,
    "server": _server,
}
