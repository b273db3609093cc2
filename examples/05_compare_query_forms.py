"""Compare what a query is made of: the last question, the user's turns, the whole conversation, a human rewrite.

Before: `disco demo`. Then: python examples/05_compare_query_forms.py [demo]
"""

import sys

from disco_pyserini import DiscoSearcher, evaluate, open_collection

[folder] = sys.argv[1:] or ["demo"]

collection = open_collection(folder)
queries = list(collection.queries("test"))
qrels = collection.qrels("test")
qids = [query.qid for query in queries]

print(f"{len(queries)} questions\n{'query':<14}{'nDCG@3':>8}{'R@10':>8}   nDCG@3 by turn")
with DiscoSearcher(f"{folder}/index") as searcher:
    for form in ("utterance", "user-turns", "last:2", "conversation", "human"):
        found = searcher.batch_search([query.text(form) for query in queries], qids, k=100, threads=2)
        run = {qid: {hit.docid: hit.score for hit in hits} for qid, hits in found.items()}
        evaluation = evaluate(run, qrels, ["nDCG@3", "R@10"])
        by_turn = evaluation.by_depth({query.qid: query.depth for query in queries})
        turns = "  ".join(f"{depth}: {part.mean('nDCG@3'):.2f}" for depth, part in by_turn.items())
        print(f"{form:<14}{evaluation.mean('nDCG@3'):>8.3f}{evaluation.mean('R@10'):>8.3f}   {turns}")
