"""Names of measures, as ir_measures or as trec_eval spells them, checked before anything is computed.

pytrec_eval, which computes most measures, ends the whole process when it meets a cutoff of 0, and other mistakes come
out of ir_measures as all kinds of exceptions. So everything that can be wrong with a name is found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import ir_measures
from ir_measures import Measure
from ir_measures.providers import FallbackProvider
from ir_measures.providers import registry as providers

from disco_pyserini.errors import InputError

MAX_CUTOFF = 1_000_000
MAX_GRADE = 10_000
"""trec_eval reserves memory for every grade up to the highest one, and wraps around at 2,147,483,647."""

PIPELINE = FallbackProvider([providers[name] for name in ("pytrec_eval", "judged", "msmarco", "compat")])
"""The providers that return a value for every judged query, whatever its id."""

# Sums over queries, not means.
_COUNTS = frozenset({"NumQ", "NumRel", "NumRet"})

# The measures of trec_eval as ir_measures spells them. A name that ends with @ needs a cutoff.
_TREC_EVAL = {
    "P": "P@",
    "Rprec": "Rprec",
    "bpref": "Bpref",
    "infAP": "infAP",
    "iprec_at_recall": "IPrec@",
    "map": "AP",
    "map_cut": "AP@",
    "ndcg": "nDCG",
    "ndcg_cut": "nDCG@",
    "recall": "R@",
    "recip_rank": "RR",
    "set_F": "SetF",
    "set_P": "SetP",
    "set_map": "SetAP",
    "set_recall": "SetR",
    "set_relative_P": "SetRelP",
    "success": "Success@",
}
_TREC_EVAL_ONLY = frozenset(
    {"11pt_avg", "G", "Rndcg", "Rprec_mult", "binG", "gm_bpref", "gm_map", "ndcg_rel", "num_nonrel_judged_ret"}
    | {"num_q", "num_rel", "num_rel_ret", "num_ret", "relative_P", "utility"}
)
_TREC_EVAL_NAME = re.compile(r"(?P<name>.+?)[._](?P<cutoff>\d[\d.,]*)")

_LONGEST_NAME = 200


def _is_whole(value: Any, lowest: int, highest: int) -> bool:
    return type(value) is int and lowest <= value <= highest


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


# What each parameter has to be.
_PARAMETERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "cutoff": (lambda value: _is_whole(value, 1, MAX_CUTOFF), f"a cutoff from 1 to {MAX_CUTOFF:,}"),
    "rel": (lambda value: _is_whole(value, 1, MAX_GRADE), f"a lowest relevant grade (rel) from 1 to {MAX_GRADE:,}"),
    "gains": (
        lambda value: isinstance(value, dict) and all(_is_whole(gain, 0, MAX_GRADE) for gain in value.values()),
        f"gains that are whole numbers from 0 to {MAX_GRADE:,}",
    ),
    "recall": (
        lambda value: isinstance(value, float) and 0 <= value <= 1 and round(value, 2) == value,
        "a recall from 0.00 to 1.00 with at most two decimals",
    ),
    "beta": (lambda value: isinstance(value, float) and 0 < value < 1000, "a number for beta"),
    "p": (lambda value: isinstance(value, float) and 0 < value < 1, "p between 0 and 1"),
    "dcg": (lambda value: value in ("log2", "exp-log2"), "a dcg of 'log2'"),
    "judged_only": (_is_bool, "True or False for judged_only"),
    "relative": (_is_bool, "True or False for relative"),
    "normalize": (_is_bool, "True or False for normalize"),
}
_FRACTIONS = frozenset({"recall", "beta", "p"})
_EXAMPLES = {"cutoff": "10", "recall": "0.10"}


def parse_measures(names: Sequence[str]) -> dict[str, Measure]:
    """Return the measure of ir_measures that each name means.

    Raises:
        InputError: a name is unknown, its measure cannot be computed here, or two names mean the same measure.
    """
    if not names:
        raise InputError("expected at least one measure, such as nDCG@3, found none")
    measures: dict[str, Measure] = {}
    spelled: dict[Measure, str] = {}
    for name in names:
        measure = _parse(name)
        if measure in spelled:
            raise InputError(f"{spelled[measure]} and {name} are the same measure: name it once")
        measures[name] = measure
        spelled[measure] = name
    return measures


def _parse(name: str) -> Measure:
    spelled = _in_ir_measures(name)
    try:
        measure = ir_measures.parse_measure(spelled) if len(name) <= _LONGEST_NAME else None
    except (NameError, TypeError, ValueError):
        measure = None
    if measure is None:
        raise InputError(f"unknown measure {name[:_LONGEST_NAME]!r}: {_hint(name)}")
    if measure.NAME not in _computable():
        raise _not_computable(name)
    fractions = {key: value for key, value in measure.params.items() if key in _FRACTIONS and type(value) is int}
    measure = measure(**{key: float(value) for key, value in fractions.items()})
    _check_parameters(name, measure)
    if not PIPELINE.supports(measure):
        raise _not_computable(name)
    return measure


def _in_ir_measures(name: str) -> str:
    """Translate a name of trec_eval; any other name stays as it is."""
    if name in _TREC_EVAL_ONLY:
        raise _not_computable(name)
    if name in _TREC_EVAL:
        if _TREC_EVAL[name].endswith("@"):
            key = "recall" if name == "iprec_at_recall" else "cutoff"
            raise InputError(f"{name}: needs a {key}, such as {name}_{_EXAMPLES[key]}")
        return _TREC_EVAL[name]
    found = _TREC_EVAL_NAME.fullmatch(name)
    if not found or not _TREC_EVAL.get(found["name"], "").endswith("@"):
        return name
    if "," in found["cutoff"]:
        raise InputError(f"{name}: expected one cutoff, found {found['cutoff']}: name a measure for each")
    return _TREC_EVAL[found["name"]] + found["cutoff"]


def _check_parameters(name: str, measure: Measure) -> None:
    for key, value in measure.params.items():
        if key not in measure.SUPPORTED_PARAMS:
            raise InputError(
                f"{name}: unknown parameter {key!r}: expected one of {', '.join(sorted(measure.SUPPORTED_PARAMS))}"
            )
        is_valid, expected = _PARAMETERS[key]
        if not is_valid(value):
            raise InputError(f"{name}: expected {expected}, found {value!r}")
    for key, info in measure.SUPPORTED_PARAMS.items():
        if info.required and key not in measure.params:
            raise InputError(f"{name}: needs a {key}, such as {name}@{_EXAMPLES[key]}")


def _computable() -> set[str]:
    """The measures that the providers compute, by the name that ir_measures gives them."""
    supported = {measure.NAME for provider in PIPELINE.providers for measure in provider.SUPPORTED_MEASURES}
    return supported - _COUNTS


def _not_computable(name: str) -> InputError:
    return InputError(
        f"{name}: cannot be computed here: expected one of {', '.join(sorted(_computable()))}, or a measure of "
        f"trec_eval: {', '.join(sorted(_TREC_EVAL))}"
    )


def _hint(name: str) -> str:
    """The nearest name, with the cutoff that was given."""
    found = re.search(r"\d+", name)
    cutoff = found[0] if found else "10"
    known = []
    for each, measure in ir_measures.measures.registry.items():
        if measure.NAME in _computable():
            known += [each, f"{each}@{cutoff}"] if "cutoff" in measure.SUPPORTED_PARAMS else [each]
    known += [f"{each}_{cutoff}" if meant.endswith("@") else each for each, meant in _TREC_EVAL.items()]
    # The case is a difference too, but a small one.
    by_lower_case = {each.lower(): each for each in reversed(known)}  # nDCG before its alias NDCG
    near = get_close_matches(name[:_LONGEST_NAME].lower(), by_lower_case, n=1)
    if near:
        return f"did you mean {by_lower_case[near[0]]}?"
    return "expected a measure of ir_measures such as nDCG@3, MRR or R@100, or of trec_eval such as ndcg_cut_3"
