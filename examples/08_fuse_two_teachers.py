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
searchers = {
    "bm25": Bm25Searcher(f"{folder}/index.bm25"),
    "splade": DiscoSearcher(f"{folder}/index", document_encoder("disco-tiny")),
}

for name, searcher in searchers.items():
    with searcher:
        found = searcher.batch_search(list(rewrites.values()), list(rewrites), k=100)
    scores = ((qid, {hit.docid: hit.score for hit in hits}) for qid, hits in found.items())
    write_teacher(scores, f"{folder}/teacher.{name}.json")

# The two score on different scales: "z" gives each teacher's scores mean 0 and deviation 1 before it averages them.
teachers = [read_teacher(f"{folder}/teacher.{name}.json") for name in searchers]
write_teacher(fuse(teachers, "z", weights=[1, 4]), f"{folder}/teacher.fused.json")

for name in (*searchers, "fused"):
    run = dict(read_teacher(f"{folder}/teacher.{name}.json"))
    evaluation = evaluate(run, collection.qrels("dev"), ["nDCG@3", "R@10"])
    print(f"{name:<8} nDCG@3 {evaluation.mean('nDCG@3'):.3f}   R@10 {evaluation.mean('R@10'):.3f}")
