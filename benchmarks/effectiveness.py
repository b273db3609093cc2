"""What 8 bits cost in effectiveness: disco-tiny on the demo world's test conversations."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ROUNDS
from benchmarks.results_page import Report, Row, Target
from disco_pyserini.datasets.turns import read_turns
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import query_encoder
from disco_pyserini.evaluation import evaluate
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import read_qrels, read_run, write_run
from disco_pyserini.vectors import encode_corpus, open_vectors

ENCODER, MEASURE = "disco-tiny", "nDCG@10"
EXACT, INT8 = "torch", "onnx-int8"


def main(rounds: int = ROUNDS) -> Report:
    """Search exact and 8-bit documents with exact and 8-bit queries. It measures no time, so there are no rounds."""
    world = DemoWorld()
    settings = [(EXACT, EXACT), (INT8, EXACT), (EXACT, INT8), (INT8, INT8)]
    names = {setting: f"queries {setting[0]}, documents {setting[1]}" for setting in settings}
    found, best = {}, {}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        world.write(folder)
        texts = {query.qid: query.text("conversation") for query in read_turns(folder / "turns.test.jsonl")}
        qrels = read_qrels(folder / "qrels.test.txt")
        for backend in (EXACT, INT8):
            vectors = folder / f"vectors.{backend}"
            encode_corpus(world.passages(), vectors, ENCODER, backend=backend)
            build_index(open_vectors(vectors), folder / f"index.{backend}")
        for setting in settings:
            queries, documents = setting
            with DiscoSearcher(folder / f"index.{documents}", query_encoder(ENCODER, backend=queries)) as searcher:
                results = searcher.batch_search(list(texts.values()), list(texts), 10)
            write_run(results, folder / "run.txt")
            found[setting] = evaluate(read_run(folder / "run.txt"), qrels, MEASURE.split()).mean(MEASURE)
            best[setting] = {qid: {hit.docid for hit in hits} for qid, hits in results.items()}
    exact = settings[0]
    overlaps = {
        setting: sum(len(best[setting][qid] & best[exact][qid]) / len(best[exact][qid]) for qid in texts) / len(texts)
        for setting in settings
    }
    rows = [Row(MEASURE, "of 1", names[setting], [value]) for setting, value in found.items()]
    rows += [Row("top-10 overlap", "with exact, of 1", names[setting], [value]) for setting, value in overlaps.items()]
    targets = []
    for setting in settings[1:]:
        lost = 100 * abs(found[setting] - found[exact])
        targets.append(Target(f"{MEASURE}, {names[setting]}", lost, 0.5, at_most=True, unit="points off"))
        targets.append(Target(f"top-10 overlap, {names[setting]}", overlaps[setting], 0.97, unit="of 1"))
    return Report(
        "effectiveness",
        f"{ENCODER} on {len(texts)} test conversations and {world.size:,} passages of the demo world.",
        ("disco-pyserini", "torch", "onnxruntime"),
        rows,
        targets,
    )
