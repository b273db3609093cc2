"""Making a teacher: the scores of the documents that a search finds for rewrites."""

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
    """Search with each topic's text, and yield its id and the documents found with their scores, best first.

    A score is the product of two weight vectors (after quantisation), as the student computes it: the index counts in
    impacts, and the product of two impacts is ``(quant_range / weight_range)²`` times that of the weights, which would
    make of every teacher's distribution a single document. As in every search, terms that stand in all documents do
    not count.

    Args:
        searcher: the index, and who encodes the topics (one that does not say its quantiser has Pyserini's).
        topics: texts by query id.
        hits: how many documents for each.
        batch_size: queries that are encoded and searched together.
        threads: threads that search.
        flat: gets the ids of the queries that are left out since what was found is scored alike (or is one document,
            or nothing).
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
    """What a product of two impacts must be multiplied with to be the product of the two weights."""
    return (quantiser.weight_range / quantiser.quant_range) ** 2


def document_encoder_of(index: Path) -> DiscoDocumentEncoder:
    """Open the document encoder that encoded an index: what SPLADE encodes rewrites with.

    Raises:
        InputError: the index does not say by what it was encoded, or that encoder has other weights now.
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
