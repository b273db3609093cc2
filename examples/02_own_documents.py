"""Index your own documents, and search them: from a JSONL file to hits with texts.

python examples/02_own_documents.py [documents.jsonl]    (one {"id": …, "contents": …} a line)
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from disco_pyserini import Conversation, DiscoSearcher, build_index, read_passages

DOCUMENTS = {
    "returns": "You can return a lamp within 30 days. We refund the price, but not the postage.",
    "warranty": "Every lamp has a warranty of two years. It covers the battery, but not the glass.",
    "delivery": "We deliver lamps within three days. Delivery to islands takes a week.",
    "opening": "The shop in the harbour is open from Monday to Friday. The workshop is closed in August.",
}

with TemporaryDirectory() as folder:
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder, "documents.jsonl")
    if len(sys.argv) == 1:
        lines = (json.dumps({"id": docid, "contents": text}) for docid, text in DOCUMENTS.items())
        corpus.write_text("\n".join(lines), encoding="utf-8")

    # disco-tiny ships with the package and knows little English: choose a better encoder from `disco encoders`.
    summary = build_index(read_passages(corpus), f"{folder}/index", encoder="disco-tiny")
    print(f"{summary.documents} documents, {summary.postings} postings")

    question = Conversation.from_history(
        "Does that cover the battery?", [("How long is the warranty of a lamp?", None)]
    )
    with DiscoSearcher(f"{folder}/index") as searcher:
        for hit in searcher.search(question, k=2):
            print(f"{hit.docid}: {hit.text}")
