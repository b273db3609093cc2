"""Combine BM25 and DiSCo by reciprocal rank fusion, and evaluate all three runs.

Before: `disco demo`. Then: python examples/11_hybrid_search.py [demo]
"""

import sys
from collections import defaultdict

from disco_pyserini import evaluate, read_qrels, read_run

[folder] = sys.argv[1:] or ["demo"]


def reciprocal_rank_fusion(*runs, k=60):
    """Score each document with the sum of 1 / (k + rank) over the runs that found it."""
    fused = defaultdict(lambda: defaultdict(float))
    for run in runs:
        for qid, scores in run.items():
            for rank, docid in enumerate(sorted(scores, key=scores.get, reverse=True), start=1):
                fused[qid][docid] += 1 / (k + rank)
    return fused


runs = {
    "BM25, last question": read_run(f"{folder}/run.bm25.utterance.txt"),
    "BM25, conversation": read_run(f"{folder}/run.bm25.conversation.txt"),
    "DiSCo, conversation": read_run(f"{folder}/run.disco.conversation.txt"),
}
runs["BM25 and DiSCo"] = reciprocal_rank_fusion(runs["BM25, conversation"], runs["DiSCo, conversation"])

qrels = read_qrels(f"{folder}/qrels.test.txt")
for name, run in runs.items():
    evaluation = evaluate(run, qrels, ["nDCG@3", "R@10", "R@100"])
    print(f"{name:<20}" + "".join(f"  {measure} {evaluation.mean(measure):.3f}" for measure in evaluation.by_query))
