"""Names of measures: trec_eval's spellings, typos, and what must never reach trec_eval's library."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import evaluate

QRELS = {"a_1": {"x": 1, "y": 2}, "a_2": {"z": 1}, "b_1": {"x": 1}}
RUN = {"a_1": {"w": 3.0, "x": 2.0, "y": 1.0}, "a_2": {"z": 1.0}}


@pytest.mark.parametrize(
    ("trec_eval", "ir_measures"),
    [
        ("ndcg_cut_3", "nDCG@3"),
        ("ndcg_cut.3", "nDCG@3"),
        ("ndcg", "nDCG"),
        ("recip_rank", "RR"),
        ("recall_2", "R@2"),
        ("recall.2", "R@2"),
        ("map", "AP"),
        ("map_cut_2", "AP@2"),
        ("P_5", "P@5"),
        ("success_1", "Success@1"),
        ("Rprec", "Rprec"),
        ("bpref", "Bpref"),
        ("infAP", "infAP"),
        ("set_P", "SetP"),
        ("set_recall", "SetR"),
        ("set_map", "SetAP"),
        ("set_F", "SetF"),
        ("set_relative_P", "SetRelP"),
        ("iprec_at_recall_0.10", "IPrec@0.1"),
    ],
)
def test_the_spellings_of_trec_eval_name_the_same_measures(trec_eval: str, ir_measures: str) -> None:
    spelled = evaluate(RUN, QRELS, [trec_eval, "nDCG@7"]).by_query
    assert list(spelled) == [trec_eval, "nDCG@7"]
    assert spelled[trec_eval] == evaluate(RUN, QRELS, [ir_measures]).by_query[ir_measures]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("nDGC@3", "nDCG@3"),
        ("ndcg@3", "nDCG@3"),
        ("ndgc_cut_3", "ndcg_cut_3"),
        ("recal_100", "recall_100"),
        ("mrr", "MRR"),
        ("p@5", "P@5"),
        ("recip_rnak", "recip_rank"),
        ("nDCG@@3", "nDCG@3"),
        ("recall", "recall_10"),
        ("ndcg_cut", "ndcg_cut_10"),
    ],
)
def test_a_typo_gets_the_nearest_name(name: str, suggestion: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(RUN, QRELS, [name])
    assert str(caught.value).startswith(f"unknown measure {name!r}: ")
    assert f"did you mean {suggestion!r}?" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xyzzy", "unknown measure 'xyzzy': expected one of nDCG"),
        ("(" * 200_000, "unknown measure '((("),
        ("\0", r"unknown measure '\x00'"),
        ("__import__('os')", "unknown measure"),
        ("nDCG(**{})", "unknown measure"),
        ("nDCG(foo=1)@3", "unknown measure"),
        ("nDCG@0", "nDCG@0: expected a cutoff from 1 to 1,000,000, found 0"),
        ("ndcg_cut_0", "ndcg_cut_0: expected a cutoff from 1 to 1,000,000, found 0"),
        ("P@99999999999999", "P@99999999999999: expected a cutoff from 1 to 1,000,000, found 99999999999999"),
        ("nDCG@3.5", "nDCG@3.5: expected a cutoff from 1 to 1,000,000, found 3.5"),
        ("ndcg_cut_3.5", "ndcg_cut_3.5: expected a cutoff from 1 to 1,000,000, found 3.5"),
        ("ndcg_cut_3,10", "unknown measure 'ndcg_cut_3,10'"),
        ("AP(rel=0)", "AP(rel=0): expected a lowest relevant grade from 1 to 10,000, found 0"),
        ("P(rel=99999999999)@5", "P(rel=99999999999)@5: expected a lowest relevant grade from 1 to 10,000"),
        ("nDCG(gains={1:2.5})", "nDCG(gains={1:2.5}): expected gains that are whole numbers from 0 to 10,000"),
        ("IPrec@7.0", "IPrec@7.0: expected a recall from 0 to 1 with at most two decimals, found 7.0"),
        ("IPrec@0.123", "IPrec@0.123: expected a recall from 0 to 1 with at most two decimals, found 0.123"),
        ("SetF(beta=0)", "SetF(beta=0): expected a beta above 0, found 0"),
        ("SetF(beta='x')", "SetF(beta='x'): expected a beta above 0, found x"),
    ],
)
def test_what_is_no_measure_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(RUN, QRELS, [name])
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "name",
    ["INST", "INST(max_rel=2)", "BPM", "BPM(max_rel=2)@3", "alpha_nDCG@3", "Accuracy@3", "ERR@20", "RBP", "NumRel"],
)
def test_measures_that_cannot_be_computed_here_are_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(RUN, QRELS, [name])
    assert re.match(
        rf"({re.escape(name)}: cannot be computed here|unknown measure {re.escape(repr(name))})", str(caught.value)
    )


def test_one_measure_under_two_names_is_refused() -> None:
    for names in (["nDCG@3", "ndcg_cut_3"], ["RR", "MRR"], ["R@2", "AP", "R@2"], ["ndcg_cut_3", "ndcg_cut.3"]):
        with pytest.raises(InputError, match="are the same measure: name it once"):
            evaluate(RUN, QRELS, names)
    with pytest.raises(InputError, match="expected at least one measure"):
        evaluate(RUN, QRELS, [])


def test_the_command_shows_the_spelling_that_was_given_and_never_crashes(tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text("1_1 Q0 a 1 2 t\n1_2 Q0 a 1 2 t\n")
    (tmp_path / "qrels.txt").write_text("1_1 0 a 1\n1_2 0 b 1\n")

    def disco(*measures: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "disco_pyserini", "evaluate", "--run", "run.txt", "--qrels", "qrels.txt"]
        return subprocess.run([*words, "--measures", " ".join(measures)], cwd=tmp_path, capture_output=True, text=True)

    done = disco("ndcg_cut.3", "recip_rank")
    header = next(line for line in done.stdout.splitlines() if line.strip())
    assert header.split() == ["turn", "queries", "ndcg_cut.3", "recip_rank"]
    crashed_before = disco("nDCG@0")
    assert (crashed_before.returncode, crashed_before.stdout) == (2, "")
    assert crashed_before.stderr == "error: nDCG@0: expected a cutoff from 1 to 1,000,000, found 0\n"


def test_whole_numbers_are_accepted_where_ir_measures_wants_fractions() -> None:
    values = evaluate(RUN, QRELS, ["IPrec@1", "SetF(beta=2)"]).by_query
    exact = evaluate(RUN, QRELS, ["IPrec@1.0", "SetF(beta=2.0)"]).by_query
    assert list(values.values()) == list(exact.values())


MANY = ["nDCG@3", "nDCG", "MRR", "R@10", "AP", "AP@5", "infAP", "Bpref", "Rprec", "SetF", "Success@1", "P@5"]


def test_queries_with_negative_grades_alone_score_zero() -> None:
    """pytrec_eval reads memory that is not its own for such queries."""
    draw = random.Random(1)
    for _ in range(20):
        documents = [f"d{number}" for number in range(12)]
        grades = {f"q{number}": (-2, -1) if number % 2 else (-2, 3) for number in range(6)}
        qrels = {
            qid: {docid: draw.randint(*span) for docid in draw.sample(documents, draw.randint(1, 12))}
            for qid, span in grades.items()
        }
        run = {qid: {docid: draw.random() for docid in draw.sample(documents, 6)} for qid in qrels}
        values = evaluate(run, qrels, MANY).by_query
        for measure in MANY:
            for qid in qrels:
                if max(qrels[qid].values()) < 0:
                    assert values[measure][qid] == 0.0
                else:
                    alone = evaluate({qid: run[qid]}, {qid: qrels[qid]}, [measure])
                    assert values[measure][qid] == alone.by_query[measure][qid]


def test_judged_counts_documents_with_negative_grades() -> None:
    qrels = {"1_1": {"a": 1}, "2_1": {"a": -1}}
    run = {"1_1": {"a": 2.0, "b": 1.0}, "2_1": {"a": 2.0, "b": 1.0}}
    assert evaluate(run, qrels, ["Judged@2"]).by_query["Judged@2"] == {"1_1": 0.5, "2_1": 0.5}


def test_unbelievable_grades_are_refused() -> None:
    for grade in (10_001, 2**31 - 1, 2**63, -10_001):
        with pytest.raises(InputError, match=f"query 'a_2', document 'z': expected a grade .*, found {grade:,}"):
            evaluate(RUN, {**QRELS, "a_2": {"z": grade}}, ["MRR"])
