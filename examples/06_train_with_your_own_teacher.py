"""Train a query encoder further with your own teacher scores: here, the rare words that passage and rewrite share.

Before: `disco demo`. Then: python examples/06_train_with_your_own_teacher.py [demo]
"""

import re
import sys
from collections import Counter
from math import log

from disco_pyserini import open_collection, train, write_teacher

[folder] = sys.argv[1:] or ["demo"]
output = f"{folder}/my-encoder"


def words(text):
    return set(re.findall(r"\w+", text.lower()))


collection = open_collection(folder)
passages = {passage.id: words(passage.contents) for passage in collection.passages("train")}
frequencies = Counter(word for found in passages.values() for word in found)
idf = {word: log(len(passages) / frequency) for word, frequency in frequencies.items()}


def teacher_scores(query):
    """Score the 50 best passages for a query. Any model of yours may do it."""
    wanted = words(query.text("human"))
    scores = {docid: sum(idf[word] for word in wanted & found) for docid, found in passages.items()}
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:50])


queries = [(query.qid, teacher_scores(query)) for query in collection.queries("train")]
print(f"{write_teacher(queries, f'{output}/teacher.json')} queries have teacher scores")

trained = train(
    {
        "model": {"document_encoder": "disco-tiny", "query_encoder": "disco-tiny"},
        "data": {
            "turns": f"{folder}/turns.train.jsonl",
            "qrels": f"{folder}/qrels.train.txt",
            "vectors": f"{folder}/vectors",
        },
        "teacher": {"files": [f"{output}/teacher.json"]},
        "sampling": {"candidates": 8, "skip": 0, "depth": 50},
        "dev": {"turns": f"{folder}/turns.dev.jsonl", "qrels": f"{folder}/qrels.dev.txt"},
        # 20 steps show that it works; for more, set num_train_epochs instead.
        "arguments": {
            "output_dir": output,
            "max_steps": 20,
            "per_device_train_batch_size": 16,
            "learning_rate": 1e-4,
            "eval_strategy": "no",
            "save_strategy": "no",
            "load_best_model_at_end": False,
            "disable_tqdm": True,
        },
    }
)
print(f"nDCG@3 on the dev split: {trained.scores['nDCG@3']:.3f}")
print(f"Search with it: DiscoSearcher('{folder}/index', encoder='disco:{trained.folder}')")
