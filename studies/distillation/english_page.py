"""The report of the second part of the study and its plots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev, variance

from disco_pyserini.evaluation.significance import holm, paired_t_test
from studies.distillation.english import (
    BASE,
    BATCH,
    MODELS,
    OBJECTIVES,
    OTHERS,
    PLAIN,
    PLAIN_STEPS,
    STEPS,
    TEACHER_STEPS,
    TEACHERS,
    TESTS,
    EnglishStudy,
    Measured,
)
from studies.distillation.plotting import new_figure
from studies.distillation.students import FOLDER

LEVEL = 0.05
_TURNS = {"1": (1, 1), "2 to 3": (2, 3), "4 to 6": (4, 6), "7 to 9": (7, 9), "10 and later": (10, 99)}
_PERSONAL = "iKAT 2023"
_REGULARISED = [BASE, *(name for name in OTHERS if name.startswith("FLOPS"))]
_CANDIDATES = {4: "4 candidates", 16: "16 candidates", 64: BASE}
_STRATEGIES = ["top", "random"]
_CONTRASTIVE = ["contrastive 0", "contrastive 0.01", "contrastive 0.1"]
_LABELS = {
    BASE: "scores and representation, FLOPS 0.1, 64 candidates (band)",
    "contrastive 0": "judged turns, no contrastive loss",
    "contrastive 0.01": "judged turns, 0.99 KL + 0.01 contrastive",
    "contrastive 0.1": "judged turns, 0.9 KL + 0.1 contrastive",
    **{name: f"64 candidates ({name})" for name in _STRATEGIES},
    **{name: f"student of {name.partition(' ')[2]}" for name in TEACHERS},
    "all four teachers": "student of all four",
    "SPLADE, all four teachers": "SPLADE, all four fused",
    "SPLADE, teachers GPT-4o, LLM4CS and CHIQ": "SPLADE, GPT-4o, LLM4CS and CHIQ fused",
}
_CLAIMS: Mapping[str, tuple[str, str, str]] = {
    "scores > utterance": (BASE, "SPLADE, utterance", "a student is better than SPLADE with the last utterance"),
    "scores > representation": ("scores", "representation", "scores are a better target than the representation"),
    "both > scores": (BASE, "scores", "both together are better than scores alone"),
    "both > representation": (BASE, "representation", "both together are better than the representation alone"),
    "plain scores > representation": (
        "plain, scores",
        "plain, representation",
        "for plain students, scores are a better target than the representation",
    ),
    "plain both > scores": (
        f"plain, {BASE}",
        "plain, scores",
        "for plain students, both together are better than scores alone",
    ),
    "gated > plain": (BASE, f"plain, {BASE}", f"a gated student after {STEPS} steps is better than this plain one"),
    "student > teacher": (BASE, "SPLADE, human", "the student of all human rewrites is better than its teacher"),
    **{
        f"{name} > teacher": (
            f"teacher {name}",
            f"SPLADE, {name}",
            f"the student of {name} on iKAT 2024 is better than its teacher",
        )
        for name in ("human", *MODELS)
    },
    "fused > teacher": (
        "teachers GPT-4o, LLM4CS and CHIQ",
        "SPLADE, teachers GPT-4o, LLM4CS and CHIQ",
        "the student of the three models is better than its teachers",
    ),
    "all > iKAT": (BASE, "teacher human", "the student of all collections is better than that of iKAT 2024 alone"),
    **{
        f"{name} > human": (f"teacher {name}", "teacher human", f"{name} is a better teacher than the human")
        for name in MODELS
    },
    "three > human": (
        "teachers GPT-4o, LLM4CS and CHIQ",
        "teacher human",
        "the three models fused are a better teacher than the human",
    ),
    **{
        f"three > {name}": (
            "teachers GPT-4o, LLM4CS and CHIQ",
            f"teacher {name}",
            f"the three models fused are a better teacher than {name} alone",
        )
        for name in MODELS
    },
    "four > human": ("all four teachers", "teacher human", "all four fused are a better teacher than the human alone"),
    "contrastive 0.01": (
        "contrastive 0.01",
        "contrastive 0",
        "the published mixture is better than no contrastive loss",
    ),
    "contrastive 0.1": ("contrastive 0.1", "contrastive 0", "ten times as much contrastive loss is better than none"),
    "64 > 4": (BASE, "4 candidates", "64 candidates are better than 4"),
    "64 > 16": (BASE, "16 candidates", "64 candidates are better than 16"),
    "band > top": (BASE, "top", "drawing from 200 passages is better than the first 64 of them"),
    "band > random": (BASE, "random", "drawing from 200 passages is better than drawing from all"),
}
"""Each claim's better and worse system, and what it says. All are tested, with Holm's correction over all of them."""


def english_page(study: EnglishStudy) -> str:
    """The second part, as Markdown."""
    compared = _compared(study)
    verdicts = _verdicts(compared)
    sections = (
        _introduction(study, compared),
        _students(study, verdicts),
        _targets(study, verdicts),
        _teachers(study, verdicts),
        _losses_and_candidates(study, verdicts),
        _flops(study),
    )
    return "\n\n".join(sections) + "\n"


def _introduction(study: EnglishStudy, compared: Sequence[tuple[str, _Compared]]) -> str:
    number = sum(map(len, study.students.values()))
    queries = {place: len(turns) for place, turns in study.depths.items()}
    return f"""## On real English

This part asks the same questions on real conversations, with the document encoder that ships
([english](encoders.md#the-english-encoders)). The students are trained on the conversations of CANARD (dev), CAsT 2019,
2020 and 2021, and iKAT 2024 and 2025. The passages are the answers in them. Two collections are only tested on: iKAT
2023 ({queries[_PERSONAL]} judged turns; the 889 passages that the organisers' responses cite) and CAsT 2022
({queries["CAsT 2022"]} judged turns; the organisers' 203 responses).

The students are gated encoders like `english-tiny`, with the same configuration and trainer
([training](training.md#how-the-english-encoders-were-trained)), but without made conversations and MS MARCO questions,
and with fewer steps: {STEPS} of {BATCH} conversations. Unless a row says otherwise, a student learns the scores of
human rewrites (KL divergence) and, with weight 0.1, their vectors. It has 64 candidates, drawn from 200 passages (half
of them the best for the rewrite, half for the conversation), and FLOPS weight 0.1. Gated students are used because
they need few steps. They are not fully converged: the encoders "as shipped" had many more steps and more data. All
{number} students together took {_minutes(study)} minutes of processor time.

Students with three seeds answer the questions about targets and teachers. Those with one seed are a first look: their
other two were not trained. Tables give the mean over the seeds, ± their standard deviation. "terms" are the active
terms of a query. Tests compare nDCG@3 query by query: the mean over the seeds of one system with that of the other, by
a paired t-test. The p-values are corrected for all {len(compared)} tests of this part (Holm). A claim **shows** if
p < {LEVEL:g} and the difference is more than two standard errors over the seeds (of a student with one seed: those of
the base student). It is *contradicted* if the same is true in the other direction. The test sets are small: of two
students that differ only in their objective, a single test without correction finds a difference of
{_smallest(study)} in four of five cases. One or two points are noise here. "Does not show"
means no more than that.

What shows, and what does not:

{_summary(compared)}

The rewrites by language models have no licence, so nothing of them is in this repository, only the scores of the
students: [english.json](distillation-study/english.json). To train missing students, name the folder of the collections
(one folder each, and `llm-rewrites`):

```text
python -m studies.distillation DATA
```"""


def _students(study: EnglishStudy, verdicts: Callable[..., str]) -> str:
    names = ["SPLADE, utterance", "SPLADE, conversation", "SPLADE, human", BASE]
    names += ["english-tiny, as shipped", "english, as shipped"]
    return f"""{_table(study, names)}

{verdicts("scores > utterance")}"""


def _targets(study: EnglishStudy, verdicts: Callable[..., str]) -> str:
    return f"""### Scores, representations, or both?

{_table(study, OBJECTIVES)}

{verdicts("scores > representation", "both > scores", "both > representation")}

The representation is mostly learned faster. With 750 steps of 32 conversations, it is ahead at first only
([training](training.md#settings-on-more-held-out-conversations)).

The papers train plain students: copies of the document encoder, without gates. With {PLAIN_STEPS} steps and learning
rate 5e-4, they reach:

{_table(study, PLAIN)}

{verdicts("plain scores > representation", "plain both > scores", "gated > plain")}

A likely reason, which was not tested: the vector of the rewrite says directly which words count, so it teaches in fewer
steps. With many more steps, scores may catch up."""


def _teachers(study: EnglishStudy, verdicts: Callable[..., str]) -> str:
    models = sum(value is not None for value in study.references["SPLADE, GPT-4o"][_PERSONAL].ndcg)
    teachers = [f"SPLADE, {name}" for name in ("human", *MODELS)]
    teachers += [f"SPLADE, {name}" for name, several in TEACHERS.items() if len(several) > 1]
    return f"""### Which teacher, and can a student surpass it?

These students learn from iKAT 2024 alone, the only training collection that has rewrites of all four teachers: 218
turns, {TEACHER_STEPS} steps (the students of all collections have 4,770 turns). Several teachers are fused by the mean
of their scores.

{_table(study, TEACHERS)}

On iKAT 2023, {models} of the judged turns have rewrites of the language models. Teachers and students on these turns:

{_table(study, [*teachers, *TEACHERS], [_PERSONAL], only="SPLADE, GPT-4o")}

![Teachers and their students](distillation-study/english-teachers.png)

{verdicts("student > teacher", *(f"{name} > teacher" for name in ("human", *MODELS)), "fused > teacher")}
{verdicts(*(f"{name} > human" for name in (*MODELS, "three", "four")), *(f"three > {name}" for name in MODELS))}
{verdicts("all > iKAT")}"""


def _losses_and_candidates(study: EnglishStudy, verdicts: Callable[..., str]) -> str:
    return f"""### Add a contrastive loss on real English?

A contrastive loss needs a relevant document. These students learn only from turns that have an answer of their own,
which is the relevant document; the KL divergence contains it.

{_table(study, _CONTRASTIVE)}

{verdicts("contrastive 0.01", "contrastive 0.1")}

### Candidates on real English

{_table(study, [BASE, "16 candidates", "4 candidates", *_STRATEGIES])}

{verdicts("64 > 16", "64 > 4", "band > top", "band > random")}"""


def _flops(study: EnglishStudy) -> str:
    utterance = "SPLADE, utterance"
    return f"""### FLOPS, and R@100 by turn

{_table(study, _REGULARISED, flops=True)}

R@100 on iKAT 2023 by turn (on CAsT 2022 it says little: 100 documents are half of the collection):

{_recall_by_turn(study)}

{_two_percent(study)}

SPLADE with the last utterance has {_mean(study, utterance, "flops"):.2f} FLOPS and R@100
{_recall(study, utterance):.3f}: a student with as few FLOPS hardly reads the history. With weight 100, all query
vectors become empty, and training stops with an error.

![R@100 by expected FLOPS](distillation-study/english-flops.png)"""


def write_english_plots(study: EnglishStudy) -> None:
    """Draw R@100 by FLOPS, and teachers beside their students."""
    _plot_recall_by_flops(study)
    _plot_teachers(study)


def _plot_recall_by_flops(study: EnglishStudy) -> None:
    figure, axis = new_figure()
    for low, high, label in (
        (1, 1, "first turns"),
        (2, 5, "turns 2 to 5"),
        (6, 99, "turn 6 and later"),
        (1, 99, "all"),
    ):
        names = _by_flops(study)
        values = [_recall(study, name, low, high) for name in names]
        axis.plot([_mean(study, name, "flops") for name in names], values, marker="o", label=label)
    axis.axhline(0.98 * _recall(study, BASE, 1, 99), linestyle=":", color="grey", label="2 % below FLOPS weight 0.1")
    axis.set_xlabel("expected FLOPS")
    axis.set_ylabel("R@100, iKAT 2023")
    axis.legend()
    figure.savefig(FOLDER / "english-flops.png", dpi=110)


def _plot_teachers(study: EnglishStudy) -> None:
    figure, axis = new_figure()
    names = [name for name in TEACHERS if name in study.students]
    titles = ["human", *MODELS, "three\nmodels", "all four"]
    common = study.references["SPLADE, GPT-4o"][_PERSONAL].ndcg
    teachers, students = [], []
    for name in names:
        reference = "SPLADE, " + name.removeprefix("teacher ")
        teachers.append(fmean(_restricted(study.references[reference][_PERSONAL].ndcg, common)))
        students.append([fmean(_restricted(run[_PERSONAL].ndcg, common)) for run in study.students[name].values()])
    axis.plot(range(len(names)), teachers, "s", label="teacher: SPLADE with the rewrite")
    for place, values in enumerate(students):
        axis.plot([place] * len(values), values, "o", color="C1", label="its students, one of each seed" * (not place))
    axis.set_xticks(range(len(names)), [titles[list(TEACHERS).index(name)] for name in names])
    axis.set_ylabel("nDCG@3, iKAT 2023")
    axis.set_ylim(0, 0.5)
    axis.legend(loc="lower right")
    figure.savefig(FOLDER / "english-teachers.png", dpi=110)


def _table(
    study: EnglishStudy,
    names: Iterable[str],
    places: Sequence[str] = tuple(TESTS),
    flops: bool = False,
    only: str = "",
) -> str:
    """Return a table of those systems that were measured; ``only`` names a reference whose queries alone count."""
    columns = [(place, measure) for place in places for measure in ("nDCG@3", "R@100", "terms", *["FLOPS"] * flops)]
    rows = [
        f"| | seeds | {' | '.join(f'{place}: {measure}' for place, measure in columns)} |",
        f"| --- | ---: | {' | '.join('---:' for _ in columns)} |",
    ]
    for name in names:
        if runs := _runs(study, name):
            kept = {place: study.references[only][place].ndcg if only else None for place in places}
            cells = [_cell([run[place] for run in runs], measure, kept[place]) for place, measure in columns]
            seeds = str(len(runs)) if name in study.students else ""
            rows.append(f"| {_LABELS.get(name, name)} | {seeds} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(runs: Sequence[Measured], measure: str, only: Sequence[float | None] | None) -> str:
    if measure in ("nDCG@3", "R@100"):
        kept = [run.ndcg if measure == "nDCG@3" else run.recall for run in runs]
        values, digits = [fmean(_restricted(run, only or run)) for run in kept], 3
    else:
        values, digits = [run.dimensions if measure == "terms" else run.flops for run in runs], 1
    if not any(values):
        return "–"
    mean = f"{fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {stdev(values):.{digits}f}"


def _runs(study: EnglishStudy, name: str) -> list[Mapping[str, Measured]]:
    if name in study.references:
        return [study.references[name]]
    return list(study.students.get(name, {}).values())


def _restricted(values: Sequence[float | None], only: Sequence[float | None]) -> list[float]:
    return [value for value, kept in zip(values, only, strict=True) if value is not None and kept is not None]


def _by_query(study: EnglishStudy, name: str, place: str) -> dict[str, float]:
    """Return nDCG@3 of each query that all runs have: its mean over the seeds."""
    runs = [run[place].ndcg for run in _runs(study, name) if place in run]
    found = {}
    for number, values in enumerate(zip(*runs, strict=True)):
        known = [value for value in values if value is not None]
        if len(known) == len(runs):
            found[str(number)] = fmean(known)
    return found


@dataclass(frozen=True)
class _Compared:
    """A claim on a test collection: the difference, its corrected p-value, and two standard errors over the seeds."""

    place: str
    difference: float
    p: float
    noise: float

    @property
    def verdict(self) -> str:
        if self.p >= LEVEL or abs(self.difference) <= self.noise:
            return "does not show"
        return "**shows**" if self.difference > 0 else "is *contradicted*"

    def __str__(self) -> str:
        p = "< .001" if self.p < 0.001 else f"= {self.p:.3f}".replace("0.", ".")
        return f"{self.verdict} on {self.place} ({self.difference:+.3f}, p {p})"


def _compared(study: EnglishStudy) -> list[tuple[str, _Compared]]:
    """Return each claim on each test collection where both of its systems were measured."""
    differences, p_values, noise = {}, {}, {}
    for claim, (better, worse, _) in _CLAIMS.items():
        for place in TESTS:
            ours, theirs = _by_query(study, better, place), _by_query(study, worse, place)
            if both := sorted(ours.keys() & theirs.keys()):
                ours, theirs = ({qid: values[qid] for qid in both} for values in (ours, theirs))
                differences[claim, place] = fmean(ours.values()) - fmean(theirs.values())
                p_values[claim, place] = paired_t_test(ours, theirs)
                noise[claim, place] = 2 * sqrt(sum(_seed_variance(study, name, place) for name in (better, worse)))
    corrected = holm(p_values)
    return [
        (claim, _Compared(place, difference, corrected[claim, place], noise[claim, place]))
        for (claim, place), difference in differences.items()
    ]


def _seed_variance(study: EnglishStudy, name: str, place: str) -> float:
    """Return the variance of a student's mean nDCG@3 over its seeds; 0 for a reference."""
    runs = study.students.get(name, {})
    known = runs if len(runs) > 1 else study.students.get(BASE, {})
    means = [fmean(value or 0 for value in run[place].ndcg) for run in known.values()]
    return variance(means) / len(runs) if runs and len(means) > 1 else 0.0


def _verdicts(compared: Sequence[tuple[str, _Compared]]) -> Callable[..., str]:
    """Return a function that says of some claims whether they show."""

    def of(*claims: str) -> str:
        lines = []
        for claim in claims:
            if found := [str(one) for name, one in compared if name == claim]:
                lines.append(f"- The claim that {_CLAIMS[claim][2]}: {'; '.join(found)}.")
        return "\n".join(lines)

    return of


def _summary(compared: Sequence[tuple[str, _Compared]]) -> str:
    """List the claims that show or are contradicted on each test collection, and count the others."""
    lines = []
    for verdict, what in (("**shows**", "shows"), ("is *contradicted*", "is contradicted")):
        places: dict[str, list[str]] = {}
        for claim, one in compared:
            if one.verdict == verdict:
                places.setdefault(claim, []).append(one.place)
        lines += [f"- It {what} that {_CLAIMS[claim][2]} ({' and '.join(on)})." for claim, on in places.items()]
    decided = {claim for claim, one in compared if one.verdict != "does not show"}
    lines.append(f"- Of the other {len({claim for claim, _ in compared} - decided)} claims, nothing shows.")
    return "\n".join(lines)


def _smallest(study: EnglishStudy) -> str:
    """Return the difference that a test at level .05 finds with a probability of .8, from two of the students."""
    found = []
    for place in TESTS:
        ours, theirs = _by_query(study, BASE, place), _by_query(study, "scores", place)
        error = stdev(ours[qid] - theirs[qid] for qid in ours) / len(ours) ** 0.5
        found.append(f"{100 * (1.96 + 0.84) * error:.1f} points on {place}")
    return " and of ".join(found)


def _minutes(study: EnglishStudy) -> str:
    return f"{sum(sum(runs.values()) for runs in study.seconds.values()) / 60:.0f}"


def _mean(study: EnglishStudy, name: str, measure: str) -> float:
    return fmean(getattr(run[_PERSONAL], measure) for run in _runs(study, name))


def _recall(study: EnglishStudy, name: str, first: int = 1, last: int = 99) -> float:
    """Return R@100 on iKAT 2023 of the turns first to last."""
    turns = study.depths[_PERSONAL]
    return fmean(
        value
        for run in _runs(study, name)
        for value, turn in zip(run[_PERSONAL].recall, turns, strict=True)
        if value is not None and first <= turn <= last
    )


def _by_flops(study: EnglishStudy) -> list[str]:
    known = [name for name in _REGULARISED if name in study.students]
    return sorted(known, key=lambda name: _mean(study, name, "flops"))


def _recall_by_turn(study: EnglishStudy) -> str:
    turns = study.depths[_PERSONAL]
    counts = [sum(first <= turn <= last for turn in turns) for first, last in _TURNS.values()]
    rows = [
        f"| turn | {' | '.join(_TURNS)} | all |",
        f"| --- | {' | '.join('---:' for _ in _TURNS)} | ---: |",
        f"| turns | {' | '.join(map(str, counts))} | {len(turns)} |",
    ]
    for name in ("SPLADE, utterance", "SPLADE, human", *reversed(_by_flops(study))):
        values = [_recall(study, name, *bounds) for bounds in (*_TURNS.values(), (1, 99))]
        rows.append(f"| {_regularised(name)} | {' | '.join(f'{value:.3f}' for value in values)} |")
    return "\n".join(rows)


def _two_percent(study: EnglishStudy) -> str:
    """Say which of the regularised students loses less than 2 % of R@100, at what FLOPS."""
    whole, flops = _recall(study, BASE), _mean(study, BASE, "flops")
    said = []
    for name in reversed(_by_flops(study)):
        if name != BASE:
            loss, left = 1 - _recall(study, name) / whole, _mean(study, name, "flops")
            how = f"loses {loss:.1%}" if loss > 0 else f"gains {-loss:.1%}"
            said.append(f"- {name} has {left / flops:.0%} of the FLOPS ({left:.2f}) and {how} of R@100.")
    return "\n".join(["Compared with FLOPS weight 0.1:", "", *said])


def _regularised(name: str) -> str:
    return "FLOPS 0.1" if name == BASE else name
