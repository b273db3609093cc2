"""Use the query encoder in Pyserini's own searcher, and see that `DiscoSearcher` finds the same.

Before: `disco demo`. Then: python examples/10_pyserini.py [demo]
"""

import sys

from pyserini.search.lucene import LuceneImpactSearcher

from disco_pyserini import Conversation, DiscoSearcher, flatten, query_encoder

[folder] = sys.argv[1:] or ["demo"]

conversation = Conversation.from_history(
    "Is it chilly there in winter?",
    history=[("How did Lerduvale come into being?", "Lerduvale was founded in 1381 by salt traders.")],
)
text = flatten(conversation)
print(f"The encoder reads: {text}")

encoder = query_encoder("disco-tiny")
theirs = LuceneImpactSearcher(f"{folder}/index", encoder).search(text, k=5)
for rank, hit in enumerate(theirs, start=1):
    print(f"{rank}. {hit.docid} {hit.score:.4f}")

with DiscoSearcher(f"{folder}/index", encoder) as searcher:
    ours = searcher.search(conversation, k=5)
same = [(hit.docid, hit.score) for hit in ours] == [(hit.docid, hit.score) for hit in theirs]
print(f"DiscoSearcher finds {'the same' if same else 'something else'}")
