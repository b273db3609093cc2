"""See why a document was found: the terms of its score, and the earlier turns that they come from.

Before: `disco demo`. Then: python examples/04_explain_a_hit.py [demo]
"""

import sys

from disco_pyserini import Conversation, DiscoSearcher

[folder] = sys.argv[1:] or ["demo"]

conversation = Conversation.from_history(
    "Is it chilly there in winter?",
    history=[("How did Lerduvale come into being?", "Lerduvale was founded in 1381 by salt traders.")],
)

with DiscoSearcher(f"{folder}/index") as searcher:
    [best] = searcher.search(conversation, k=1)
    explanation = searcher.explain(conversation, best.docid)
    alone = searcher.query_terms(conversation.utterance)
    print(f"{best.docid} has the score {explanation.score}: {best.text}\n")

print(f"{'term':<12}{'query':>7}{'document':>10}{'product':>9}")
for term in explanation.terms:
    note = "" if term.token in alone else "   from the earlier turns"
    print(f"{term.token:<12}{term.query_impact:>7}{term.document_impact:>10}{term.score:>9}{note}")
