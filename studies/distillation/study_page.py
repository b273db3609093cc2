"""The study's report and its plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev, variance

from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.evaluation import Estimate
from disco_pyserini.evaluation.plots import plot_by_depth
from disco_pyserini.files import write_aside
from studies.distillation.english import EnglishStudy
from studies.distillation.english_page import english_page, write_english_plots
from studies.distillation.plotting import new_figure
from studies.distillation.students import (
    BASE,
    BATCH,
    DEPTH,
    FOLDER,
    MEASURES,
    SEEDS,
    STEPS,
    VARIANTS,
    WORLD,
    Study,
)

PAGE = FOLDER.with_suffix(".md")

_TEACHERS = ("teacher A", "teacher B", "teachers A and B fused")
_DIGITS = {"dimensions": 1, "flops": 2}


def write_report(study: Study, english: EnglishStudy) -> None:
    """Write the page and its plots."""
    FOLDER.mkdir(exist_ok=True)
    _plot_candidates(study)
    _plot_flops(study)
    lines = {
        name: {depth: Estimate(value, _questions()[depth]) for depth, value in zip(_depths(study), values, strict=True)}
        for name, values in _lines(study).items()
    }
    plot_by_depth("Students and references on the demo world (synthetic)", {"nDCG@3": lines}, FOLDER / "depth.png")
    with write_aside(PAGE) as file:
        file.write(page(study, english))
    if english.references:
        write_english_plots(english)


def page(study: Study, english: EnglishStudy) -> str:
    """The report, as Markdown."""
    sections = [_introduction(study), _losses_and_teachers(study), _candidates(study), _flops(study), _by_turn(study)]
    return "\n\n".join([*sections, english_page(english) if english.references else ""])


def _introduction(study: Study) -> str:
    names = [name for name in study.references if name not in _TEACHERS]
    return f"""# See which distillation settings pay off

This study tests the claims of the DiSCo papers ([SIGIR 2025](https://arxiv.org/abs/2410.14609) and
[arXiv 2606.04650](https://arxiv.org/abs/2606.04650), 2026) on a small scale: first on synthetic conversations, then
[on real English](#on-real-english).

## On the demo world

All data of this part is **synthetic**. The students
are trained on a generated world of {WORLD.size:,} passages, and tested on the test split of the demo world
({_questions().total()} turns), which shares no names with it. They start from disco-tiny's document encoder and
take {STEPS} steps of {BATCH} conversations. They are far from converged, so that many of them can be compared.

Teachers A and B are SPLADE with disco-tiny's document encoder and two kinds of flawed rewrites. Each training query has
{DEPTH} passages, scored by the teacher. Half are the teacher's best; half are the best for the unrewritten
conversation. Unless a row says otherwise, a student learns with KL divergence from teacher A (and the anti-zero term),
with 16 candidates drawn from rank 11 on, and without regularisation.

Each student was trained with the seeds {", ".join(map(str, SEEDS))}, which determine the batches and the draws.
Tables give mean ± standard deviation over the seeds. Baselines and teachers have no seed. Searches are exhaustive, over
impacts. A claim *holds* if the means differ in its direction by more than two standard errors of the difference.

This command trains missing students, and writes this page and its plots:

```text
python -m studies.distillation
```

It took {study.seconds / 60:.0f} minutes on {study.machine}, which had other work to do. All values are in
[results.json](distillation-study/results.json).

{_table(study, names)}"""


def _losses_and_teachers(study: Study) -> str:
    mixed, without = "0.9 KL + 0.1 contrastive", "0.9 KL without the positive + 0.1 contrastive"
    students = {name: study.mean(name, "nDCG@3") for name in ("KL, teacher A", "KL, teacher B")}
    better = max(students, key=students.__getitem__)
    return f"""### Distil scores, or representations?

DiSCo's first claim: learning a teacher's scores (KL) is better than learning its representation of the rewrite (MSE).

{_table(study, [BASE, "MSE, rewrite A", "teacher A"])}

The MSE student has a learning rate of 2e-4: with 5e-4 or more it collapses to empty vectors, and with 1e-4 its scores
are lower. All other students have 1e-3.

{_verdict(study, BASE, "MSE, rewrite A", "KL over scores is better than MSE between representations")}

### One teacher, or two?

DiSCo's second claim: several teachers are better than one, and a student may surpass its teacher.

{_table(study, ["KL, teacher A", "KL, teacher B", "KL, A and B fused", *_TEACHERS])}

{_verdict(study, "KL, A and B fused", better, "the student of both teachers is better than the best student of one")}
{_verdict(study, "KL, teacher A", "teacher A", "the student of A is better than teacher A")}
{_verdict(study, "KL, teacher B", "teacher B", "the student of B is better than teacher B")}
{_verdict(study, "KL, A and B fused", "teachers A and B fused", "the student of both is better than its teachers")}

Training is too short here to test whether a student can surpass its teacher. disco-tiny itself learned from 40 times as
many conversations. It comes within 5 points of its teacher, SPLADE with human rewrites, and does not surpass it either
([training](training.md)).

### Add a contrastive loss?

{_table(study, [BASE, "0.99 KL + 0.01 contrastive", mixed, without])}

{_verdict(study, "0.99 KL + 0.01 contrastive", BASE, "the published mixture is better than KL alone")}
{_verdict(study, mixed, BASE, "ten times as much contrastive loss is better than KL alone")}
{_verdict(study, mixed, without, "the positive helps in the KL divergence as well as in the contrastive loss")}

The table leaves out KL without the positive and without a contrastive loss. Nothing tells such a student what is
relevant: its vectors became empty with one of three seeds, and nearly empty with the other two."""


def _candidates(study: Study) -> str:
    candidates = ["1 candidates", "4 candidates", BASE, "64 candidates", "128 candidates"]
    strategies = [BASE, "band, nothing skipped", "top", "stratified", "proportional", "random", "mixed"]
    return f"""### Which candidates, and how many?

A claim of the 2026 paper: it matters how candidates are drawn.

{_table(study, strategies)}

{_spread(study, strategies)}

{_table(study, candidates)}

{_verdict(study, "128 candidates", BASE, "128 candidates are better than 16")}
{_verdict(study, BASE, "1 candidates", "16 candidates are better than 1")}

![nDCG@3 by number of candidates](distillation-study/candidates.png)"""


def _flops(study: Study) -> str:
    regularised = [BASE, *(name for name in VARIANTS if name.startswith("FLOPS"))]
    return f"""### Reduce FLOPS

{_table(study, regularised, flops=True)}

{_halved(study, regularised)}

![R@100 by expected FLOPS](distillation-study/flops.png)"""


def _by_turn(study: Study) -> str:
    questions = _questions()
    return f"""### Results by turn

![nDCG@3 by turn](distillation-study/depth.png)

| nDCG@3 at turn | {" | ".join(map(str, _depths(study)))} |
| --- | {" | ".join("---:" for _ in _depths(study))} |
| questions | {" | ".join(str(questions[depth]) for depth in _depths(study))} |
{_rows_by_depth(_lines(study))}"""


def _table(study: Study, names: Sequence[str], flops: bool = False) -> str:
    columns = [*MEASURES, "dimensions", *(["flops"] if flops else [])]
    titles = [*MEASURES, "active dimensions", *(["FLOPS"] if flops else [])]
    rows = [f"| | {' | '.join(titles)} |", f"| --- | {' | '.join('---:' for _ in titles)} |"]
    for name in names:
        cells = [_cell(study.all(name, column), _DIGITS.get(column, 3)) for column in columns]
        rows.append(f"| {_label(name)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(values: Sequence[float], digits: int) -> str:
    if not any(values):
        return "–"
    mean = f"{fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {stdev(values):.{digits}f}"


def _label(name: str) -> str:
    if name == BASE:
        return f"{name}, 16 candidates (band)"
    return "1 candidate" if name == "1 candidates" else name


def _verdict(study: Study, better: str, worse: str, claim: str) -> str:
    ours, theirs = study.all(better, "nDCG@3"), study.all(worse, "nDCG@3")
    difference = fmean(ours) - fmean(theirs)
    noise = 2 * sqrt(sum(variance(runs) / len(runs) for runs in (ours, theirs) if len(runs) > 1))
    what = (
        "**holds**" if difference > noise else "is **contradicted**" if -difference > noise else "is **not confirmed**"
    )
    return f"- The claim that {claim} {what} here: {difference:+.3f} nDCG@3."


def _spread(study: Study, names: Sequence[str]) -> str:
    ranked = sorted(names, key=lambda name: study.mean(name, "nDCG@3"))
    worst, best = ranked[0], ranked[-1]
    return _verdict(study, best, worst, f"it matters (best: {_label(best)}, worst: {_label(worst)})")


def _halved(study: Study, names: Sequence[str]) -> str:
    base, *others = names
    whole, recall = study.mean(base, "flops"), study.mean(base, "R@100")
    reached = [name for name in others if study.mean(name, "flops") <= whole / 2]
    if not reached:
        return f"No weight halves the {whole:.1f} FLOPS of the student without regularisation."
    name = max(reached, key=lambda name: study.mean(name, "flops"))
    loss = 1 - study.mean(name, "R@100") / recall
    return (
        f"The smallest weight that halves the FLOPS, {name.removeprefix('FLOPS ')}, leaves "
        f"{study.mean(name, 'flops') / whole:.0%} of them and loses {loss:.1%} of R@100.\n"
        f"The paper's claim of at most 2 % {'**holds**' if loss <= 0.02 else 'is **not confirmed**'} here."
    )


def _questions() -> Counter[int]:
    """How many questions of the test split each turn has."""
    return Counter(query.depth for query in DemoWorld().queries("test"))


def _depths(study: Study) -> list[int]:
    return [int(depth) for depth in next(iter(study.references.values())).by_depth]


def _lines(study: Study) -> dict[str, list[float]]:
    references = ("SPLADE, utterance", "SPLADE, human rewrite", "teacher A")
    return {name: _by_depth(study, name) for name in (*references, "MSE, rewrite A", BASE, "KL, A and B fused")}


def _by_depth(study: Study, name: str) -> list[float]:
    runs = list(study.students[name].values()) if name in study.students else [study.references[name]]
    return [fmean(run.by_depth[depth]["nDCG@3"] for run in runs) for depth in runs[0].by_depth]


def _rows_by_depth(lines: Mapping[str, Sequence[float]]) -> str:
    return "\n".join(
        f"| {_label(name)} | {' | '.join(f'{value:.3f}' for value in line)} |" for name, line in lines.items()
    )


def _plot_candidates(study: Study) -> None:
    names = {1: "1 candidates", 4: "4 candidates", 16: BASE, 64: "64 candidates", 128: "128 candidates"}
    figure, axis = new_figure()
    values = [study.all(name, "nDCG@3") for name in names.values()]
    axis.errorbar(
        list(names), [fmean(runs) for runs in values], [stdev(runs) for runs in values], marker="o", capsize=3
    )
    axis.set_xscale("log", base=2)
    axis.set_xticks(list(names), list(map(str, names)))
    axis.set_xlabel("candidates for each query")
    axis.set_ylabel("nDCG@3")
    figure.savefig(FOLDER / "candidates.png", dpi=150)


def _plot_flops(study: Study) -> None:
    names = [BASE, *(name for name in VARIANTS if name.startswith("FLOPS"))]
    figure, axis = new_figure()
    flops = [study.mean(name, "flops") for name in names]
    axis.plot(flops, [study.mean(name, "R@100") for name in names], marker="o")
    for name, x in zip(names, flops, strict=True):
        label = "no regularisation" if name == BASE else name.removeprefix("FLOPS ")
        axis.annotate(label, (x, study.mean(name, "R@100")), xytext=(4, -12), textcoords="offset points", fontsize=8)
    axis.axvline(flops[0] / 2, linestyle="--", color="grey", label="half of the FLOPS")
    axis.axhline(0.98 * study.mean(BASE, "R@100"), linestyle=":", color="grey", label="2 % of R@100 lost")
    axis.margins(x=0.15)
    axis.set_xlabel("expected FLOPS")
    axis.set_ylabel("R@100")
    axis.legend(loc="lower right")
    figure.savefig(FOLDER / "flops.png", dpi=150)
