"""Train a query encoder on scores of your own: here, how many words a passage shares with the human rewrite.

Before: `disco demo`. Then: python examples/06_train_with_your_own_teacher.py [demo [output]]
"""

import re
import sys
from pathlib import Path

from disco_pyserini import open_collection, train
from disco_pyserini.training.teachers import write_teacher

folder, output = [*sys.argv[1:], "demo", "my-encoder"][:2] if len(sys.argv) < 3 else sys.argv[1:]


def words(text):
    return set(re.findall(r"\w{4,}", text.lower()))


collection = open_collection(folder)
passages = {passage.id: words(passage.contents) for passage in collection.passages("train")}


def my_scores(query):
    """Score the 50 best passages: any model of yours may do this, as long as it tells good from bad passages."""
    wanted = words(query.text("human"))
    scores = {docid: float(len(wanted & found)) for docid, found in passages.items()}
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:50])


teacher = Path(output, "teacher.json")
queries = write_teacher(((query.qid, my_scores(query)) for query in collection.queries("train")), teacher)
print(f"{teacher}: scores for {queries} queries")

trained = train(
    {
        "model": {"document_encoder": "disco-tiny"},
        "data": {
            "turns": f"{folder}/turns.train.jsonl",
            "qrels": f"{folder}/qrels.train.txt",
            "vectors": f"{folder}/vectors",
        },
        "teacher": {"files": [str(teacher)]},
        "sampling": {"candidates": 8, "skip": 0, "depth": 50},
        "dev": {"turns": f"{folder}/turns.dev.jsonl", "qrels": f"{folder}/qrels.dev.txt"},
        # Only a few steps, for a first look: leave max_steps out for three epochs.
        "arguments": {"output_dir": output, "max_steps": 20, "learning_rate": 1e-3, "disable_tqdm": True},
    }
)
print(f"nDCG@3 on the dev split: {trained.scores['nDCG@3']:.3f}")
print(f"search with it: disco search --impact --encoder disco:{trained.folder} --index {folder}/index …")
