"""What encoder names mean, and that an encoder which does not fit an index is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from checkpoints import WORDS, make_checkpoint
from small_indexes import Tiny

from disco_pyserini.cards import PUBLISHED_ENCODER, ModelReference, cards
from disco_pyserini.encoding.locate import checksum
from disco_pyserini.errors import InputError
from disco_pyserini.search import encoder_names
from disco_pyserini.search.index_manifest import FILE_NAME, read_index_manifest


def test_which_names_are_ours() -> None:
    assert all(encoder_names.is_disco_name(name) for name in ["disco", "disco:some/path", "disco:hub/id", *cards()])
    others = ["naver/splade-v3", "castorini/unicoil-msmarco-passage", "discourse", "Disco", "", None, object()]
    assert not any(encoder_names.is_disco_name(name) for name in others)


def test_disco_is_the_encoder_of_the_index(tiny: Tiny) -> None:
    assert encoder_names.query_encoder_for(tiny.index, "disco").model_name == str(tiny.model)
    assert encoder_names.query_encoder_for(tiny.index, f"disco:{tiny.model}").encode("king")


def test_an_index_of_unknown_origin_gets_the_default(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = copy(tiny.index, tmp_path)
    (foreign / FILE_NAME).unlink()
    asked = []
    monkeypatch.setattr("disco_pyserini.encoding.query_encoder", lambda name, *options: asked.append(name))
    for _ in range(2):
        encoder_names.query_encoder_for(foreign, "disco")
    assert asked == [PUBLISHED_ENCODER] * 2
    expected = f"{foreign} does not say which encoder it belongs to: --encoder disco means {PUBLISHED_ENCODER}"
    assert [(record.levelname, record.message) for record in caplog.records] == [("WARNING", expected)]


@pytest.mark.parametrize("name", ["disco:", "nonsense"])
def test_unknown_names(tiny: Tiny, name: str) -> None:
    with pytest.raises(InputError, match=f"unknown encoder '{name}': expected disco, disco:PATH-or-hub-id, or one of"):
        encoder_names.query_encoder_for(tiny.index, name)


def test_another_vocabulary_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", words=[*WORDS, "queen"])
    with pytest.raises(InputError, match=f"query encoder {other} does not fit the index {tiny.index}: its vocabulary"):
        encoder_names.query_encoder_for(tiny.index, f"disco:{other}")


def test_a_query_encoder_of_another_document_encoder_is_noted(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    index, other = copy(tiny.index, tmp_path), make_checkpoint(tmp_path / "other", seed=7)
    record = json.loads((index / FILE_NAME).read_text())
    record["space"]["revision"] = checksum(tiny.model)
    (index / FILE_NAME).write_text(json.dumps(record))
    for name, document in (("mine", tiny.model), ("another", other)):
        reference = {"model": str(document), "max_length": 256}
        card = cards()["disco-tiny"].model_copy(
            update={"name": name, "query": ModelReference(**reference), "document": ModelReference(**reference)}
        )
        for module in ("search.encoder_names", "encoding.splade_encoders"):
            monkeypatch.setattr(f"disco_pyserini.{module}.cards", lambda name=name, card=card: {name: card})
        encoder_names.query_encoder_for(index, name)
        assert ["was distilled from" in record.message for record in caplog.records] == [True] * (name == "another")
    assert f"another was distilled from {other}" in caplog.text


def test_another_quantiser_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    index = copy(tiny.index, tmp_path)
    record = json.loads((index / FILE_NAME).read_text())
    record["space"]["quantiser"]["quant_range"] = 100
    (index / FILE_NAME).write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"quant_range=256\), the documents were encoded .* quant_range=100"):
        encoder_names.query_encoder_for(index, "disco")


def test_folders_that_are_no_index(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of an index, found nothing"):
        read_index_manifest(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="expected the folder of an index, found a file"):
        read_index_manifest(tmp_path / "file")
    with pytest.raises(InputError, match=r"found neither disco\.json nor a file segments_N in it"):
        read_index_manifest(tmp_path)
    index = copy(tiny.index, tmp_path)
    for content, message in [
        ("{", "expected JSON"),
        ('{"format": 9}', "format: expected 1, found 9: update disco-pyserini"),
    ]:
        (index / FILE_NAME).write_text(content)
        with pytest.raises(InputError, match=message):
            read_index_manifest(index)


def copy(index: Path, folder: Path) -> Path:
    return Path(shutil.copytree(index, folder / "index"))
