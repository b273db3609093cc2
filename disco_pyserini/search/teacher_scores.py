"""Teacher scores: the scores of the documents retrieved for rewrites."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableSequence
from itertools import batched
from pathlib import Path

from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.search.searcher import DiscoSearcher

_DECIMALS = 6


def teacher_scores(
    searcher: DiscoSearcher,
    topics: Mapping[str, str],
    hits: int,
    *,
    batch_size: int = 64,
    threads: int = 1,
    flat: MutableSequence[str] | None = None,
    progress: Callable[[int], None] = lambda queries: None,
) -> Iterator[tuple[str, dict[str, float]]]:
    """Search with each topic's text; yield its id and the scores of the retrieved documents, best first.

    A score is the dot product of two weight vectors (after quantisation), as the student computes it. The index scores
    with impacts, whose products are ``(quant_range / weight_range)²`` times those of the weights: the softmax over such
    scores puts all its mass on one document. As in every search, terms that occur in all documents do not count.

    Args:
        searcher: the index and the topics' encoder (an encoder without a ``quantiser`` gets Pyserini's).
        topics: texts by query id.
        hits: documents per query.
        batch_size: queries that are encoded and searched at once.
        threads: search threads.
        flat: collects the ids of skipped queries, whose hits all have the same score (or which have fewer than two).
        progress: called with the number of queries done since the last call.
    """
    unit = weight_product(getattr(searcher.encoder, "quantiser", None) or Quantiser())
    for batch in batched(topics.items(), batch_size):
        qids, texts = zip(*batch, strict=True)
        for qid, found in searcher.batch_search(texts, qids, hits, threads).items():
            # Products of impacts are whole numbers; Anserini lowers equal scores by millionths to keep their order.
            scores = {hit.docid: round(round(hit.score) * unit, _DECIMALS) for hit in found}
            if len(set(scores.values())) > 1:
                yield qid, scores
            elif flat is not None:
                flat.append(qid)
        progress(len(batch))


def weight_product(quantiser: Quantiser) -> float:
    """Return the factor that turns the product of two impacts into the product of the two weights."""
    return (quantiser.weight_range / quantiser.quant_range) ** 2


def document_encoder_of(index: Path) -> DiscoDocumentEncoder:
    """Open the document encoder that encoded an index; SPLADE encodes rewrites with it.

    Raises:
        InputError: the index does not record its encoder, or that encoder's weights have changed.
    """
    manifest = read_impact_manifest(index)
    if manifest is None or manifest.space is None:
        raise InputError(
            f"{index}: does not say which document encoder its vectors are of: name the encoder of the topics "
            "with --encoder"
        )
    space = manifest.space
    encoder = document_encoder(space.encoder, max_length=space.max_length)
    if encoder.revision != space.revision:
        raise InputError(
            f"{index}: was encoded by weights with SHA-256 {space.revision[:12]}…, but {space.encoder} has "
            f"{encoder.revision[:12]}… now: encode the collection again, or name another encoder with --encoder"
        )
    return encoder
