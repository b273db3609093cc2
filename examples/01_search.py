"""Ask a follow-up question: the query encoder reads the whole conversation, not only the last question.

Before: `disco demo`, which writes the folder demo/. Then: python examples/01_search.py [demo]
"""

import sys

from disco_pyserini import Conversation, DiscoSearcher

[folder] = sys.argv[1:] or ["demo"]

conversation = Conversation.from_history(
    "Is it chilly there in winter?",
    history=[("How did Lerduvale come into being?", "Lerduvale was founded in 1381 by salt traders.")],
)

with DiscoSearcher(f"{folder}/index") as searcher:
    for name, query in (("the last question alone", conversation.utterance), ("the conversation", conversation)):
        print(f"Found with {name}:")
        for rank, hit in enumerate(searcher.search(query, k=3), start=1):
            print(f"  {rank}. {hit.docid} ({hit.score:.0f}) {hit.text}")
