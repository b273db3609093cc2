"""Query encoders without inference, in the layout of published document-only SPLADE encoders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling
from transformers import AutoTokenizer

from disco_pyserini import Conversation, DiscoDocumentEncoder, DiscoQueryEncoder, InputError, flatten

QUERIES = ["who wrote the album", "the river of the city, the river", "zyx1 [SEP] he", "it"]
QUERY_ROUTE = "query_0_SparseStaticEmbedding"


@pytest.fixture(scope="module")
def idf(checkpoint: Path) -> dict[str, float]:
    """The weight of each token."""
    tokens = AutoTokenizer.from_pretrained(checkpoint).get_vocab()
    return {token: 1 + number / 50 for token, number in tokens.items()}


@pytest.fixture(scope="module")
def router(checkpoint: Path, idf: dict[str, float], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document-only SPLADE encoder, with its transformer at the top of the folder as published encoders have it."""
    folder = tmp_path_factory.mktemp("router")
    (folder / "idf.json").write_text(json.dumps(idf))
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    query = SparseStaticEmbedding.from_json(str(folder / "idf.json"), tokenizer=tokenizer, frozen=True)
    document = [Transformer(str(checkpoint), transformer_task="fill-mask"), SpladePooling("max")]
    modules = [Router.for_query_document([query], document)]
    SparseEncoder(modules=modules, device="cpu").save_pretrained(str(folder))
    for file in (folder / "document_0_Transformer").iterdir():
        file.rename(folder / file.name)
    config = (folder / "router_config.json").read_text().replace("document_0_Transformer", "")
    (folder / "router_config.json").write_text(config)
    return folder


def with_weights(router: Path, folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    """A copy of an encoder with other query weights."""
    shutil.copytree(router, folder, dirs_exist_ok=True)
    file = folder / QUERY_ROUTE / "model.safetensors"
    save_file({"weight": change(load_file(file)["weight"])}, file)
    return folder


def test_weights_equal_those_of_sentence_transformers(router: Path) -> None:
    theirs = SparseEncoder(str(router), device="cpu")
    query, document = DiscoQueryEncoder(str(router)), DiscoDocumentEncoder(str(router))
    queries = [query for query in QUERIES if "[SEP]" not in query]
    for encoder, rows in [(query, theirs.encode_query(queries)), (document, theirs.encode_document(queries))]:
        for (terms, weights), row in zip(encoder.weight_vectors(queries), rows.to_dense(), strict=True):
            assert terms.tolist() == row.nonzero().ravel().tolist()
            assert np.allclose(weights, row[terms], atol=1e-5)
    assert query.vocabulary == document.vocabulary


def test_each_token_counts_once_and_the_encoder_adds_none(router: Path, idf: dict[str, float]) -> None:
    encoder = DiscoQueryEncoder(str(router))
    tokens = ["the", "river", "of", "city", ","]
    assert encoder.weights([QUERIES[1]])[0] == pytest.approx({token: idf[token] for token in tokens})
    assert encoder.encode(QUERIES[1]) == {token: round(idf[token] / 5 * 256) for token in tokens}
    assert encoder.encode_batch(QUERIES) == [encoder.encode(query) for query in QUERIES]
    assert DiscoQueryEncoder(str(router), max_length=3).weights([QUERIES[1]])[0].keys() == {"the", "river", "of"}


def test_a_conversation_is_read_as_its_last_utterance_unless_given_as_text(router: Path) -> None:
    encoder = DiscoQueryEncoder(str(router))
    conversation = Conversation.from_history("when did she die", [("who wrote the album", "the author of the city")])
    assert encoder.encode(conversation) == encoder.encode("when did she die")
    everything = encoder.encode(flatten(conversation))
    assert {"did", "author", "city"} < everything.keys() and "[SEP]" not in everything
    assert encoder.encode(conversation).items() < everything.items()


def test_every_backend_gives_the_same_impacts(router: Path) -> None:
    expected = DiscoQueryEncoder(str(router)).encode_batch(QUERIES)
    for backend in ("torch-bf16", "onnx", "onnx-int8"):
        assert DiscoQueryEncoder(str(router), backend=backend).encode_batch(QUERIES) == expected


def test_the_revision_is_that_of_the_route(router: Path) -> None:
    query, document = DiscoQueryEncoder(str(router)), DiscoDocumentEncoder(str(router))
    assert query.folder == router / QUERY_ROUTE and document.folder == router / ""
    assert query.revision != document.revision


def test_negative_weights_count_nothing(router: Path, tmp_path: Path) -> None:
    folder = with_weights(router, tmp_path, lambda weight: -weight)
    assert DiscoQueryEncoder(str(folder)).encode("who wrote it") == {}


def test_broken_weights_are_refused(router: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected one finite weight for each token"):
        DiscoQueryEncoder(str(with_weights(router, tmp_path / "nan", lambda weight: weight * np.nan)))
    with pytest.raises(InputError, match=r"the tokenizer has \d+ tokens, but the model's head 50"):
        DiscoQueryEncoder(str(with_weights(router, tmp_path / "short", lambda weight: weight[:50])))
    (tmp_path / "short" / QUERY_ROUTE / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"model\.safetensors: expected the token weights of a SparseStaticEmbedding"):
        DiscoQueryEncoder(str(tmp_path / "short"))
