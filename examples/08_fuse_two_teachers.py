"""Fuse two teachers, BM25 and SPLADE on human rewrites, and compare the three on the dev split.

Before: `disco demo`. Then: python examples/08_fuse_two_teachers.py [demo]
"""

import sys

from disco_pyserini import (
    Bm25Searcher,
    DiscoSearcher,
    document_encoder,
    evaluate,
    open_collection,
    read_teacher,
    write_teacher,
)
from disco_pyserini.training.fusion import fuse

[folder] = sys.argv[1:] or ["demo"]

collection = open_collection(folder)
rewrites = {query.qid: query.text("human") for query in collection.queries("dev")}

with (
    Bm25Searcher(f"{folder}/index.bm25") as bm25,
    DiscoSearcher(f"{folder}/index", document_encoder("disco-tiny")) as splade,
):
    for name, searcher in (("bm25", bm25), ("splade", splade)):
        found = searcher.batch_search(list(rewrites.values()), list(rewrites), k=100)
        scores = ((qid, {hit.docid: hit.score for hit in hits}) for qid, hits in found.items())
        write_teacher(scores, f"{folder}/teacher.{name}.json")

# BM25 and SPLADE score on different scales: "z" gives each teacher's scores mean 0 and deviation 1, then averages them.
both = [read_teacher(f"{folder}/teacher.{name}.json") for name in ("bm25", "splade")]
write_teacher(fuse(both, "z", weights=[1, 3]), f"{folder}/teacher.fused.json")

for name in ("bm25", "splade", "fused"):
    run = dict(read_teacher(f"{folder}/teacher.{name}.json"))
    evaluation = evaluate(run, collection.qrels("dev"), ["nDCG@3", "R@10"])
    print(f"{name:<8} nDCG@3 {evaluation.mean('nDCG@3'):.3f}   R@10 {evaluation.mean('R@10'):.3f}")
