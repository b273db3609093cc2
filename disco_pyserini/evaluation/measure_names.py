"""Parse and check measure names, in the spelling of ir_measures or trec_eval, before computing anything.

trec_eval's library ends the process for a cutoff of 0, and computes nonsense for some other values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeGuard

import ir_measures
from ir_measures.measures import Measure

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import nearest

LARGEST_CUTOFF = 1_000_000
LARGEST_GRADE = 10_000
_LONGEST_NAME = 100

# trec_eval's names for ir_measures' measures; names on the right that end in @ need a number.
_TREC_EVAL = {
    "ndcg": "nDCG",
    "ndcg_cut": "nDCG@",
    "map": "AP",
    "map_cut": "AP@",
    "P": "P@",
    "recall": "R@",
    "recip_rank": "RR",
    "success": "Success@",
    "Rprec": "Rprec",
    "bpref": "Bpref",
    "infAP": "infAP",
    "set_P": "SetP",
    "set_recall": "SetR",
    "set_F": "SetF",
    "set_map": "SetAP",
    "set_relative_P": "SetRelP",
    "iprec_at_recall": "IPrec@",
}
_PLAIN = ("nDCG", "AP", "MAP", "RR", "MRR", "Rprec", "Bpref", "infAP", "SetP", "SetR", "SetF", "SetAP", "SetRelP")
_WITH_CUTOFF = ("nDCG", "AP", "RR", "MRR", "P", "R", "Success", "Judged")
# The measures of ir_measures that run in this process, use single grades, and are means over queries.
_PROVIDERS = (ir_measures.pytrec_eval, ir_measures.judged, ir_measures.msmarco)
_SUMS = ("NumQ", "NumRel", "NumRet", "NumRelRet")


def parse_measures(names: Iterable[str]) -> dict[str, Measure]:
    """Return the ir_measures objects by requested name.

    Raises:
        InputError: a measure is unknown (the message suggests the nearest name), has invalid parameters or cannot be
            computed here, or two names mean the same measure.
    """
    parsed: dict[str, Measure] = {}
    for name in names:
        measure = _parse(name)
        for other, known in parsed.items():
            if known == measure:
                raise InputError(f"{other} and {name} are the same measure: name it once")
        parsed[name] = measure
    if not parsed:
        raise InputError("expected at least one measure, such as nDCG@3, found none")
    return parsed


def _parse(name: str) -> Measure:
    spelled = re.fullmatch(r"([A-Za-z_]+?)(?:[_.](\d[\d.]*))?", name)
    ours = _TREC_EVAL.get(spelled[1]) if spelled else None
    text = ours + (spelled[2] or "") if spelled and ours and ours.endswith("@") == bool(spelled[2]) else name
    hint = nearest(name, _suggestions(name))
    unknown = InputError(f"unknown measure {name[:_LONGEST_NAME]!r}: {hint}")
    if len(name) > _LONGEST_NAME:
        raise unknown
    try:
        measure = ir_measures.parse_measure(text)
    except Exception as problem:  # its parser can raise any error of Python's parser
        raise unknown from problem
    for parameter, value in measure.params.items():
        _check_parameter(name, parameter, value)
    whole = {parameter: value for parameter, value in measure.params.items() if parameter in {"recall", "beta"}}
    measure = measure(**{parameter: float(value) for parameter, value in whole.items()})
    try:
        measure.validate_params()
    except AssertionError as problem:
        raise unknown from problem
    if measure.NAME in _SUMS or not any(provider.supports(measure) for provider in _PROVIDERS):
        raise InputError(f"{name}: cannot be computed here: {hint}")
    return measure


def _check_parameter(name: str, parameter: str, value: object) -> None:
    limits = {"cutoff": LARGEST_CUTOFF, "rel": LARGEST_GRADE}
    if parameter in limits:
        if type(value) is not int or not 1 <= value <= limits[parameter]:
            what = "a cutoff" if parameter == "cutoff" else "a lowest relevant grade"
            raise InputError(f"{name}: expected {what} from 1 to {limits[parameter]:,}, found {value}")
    elif parameter == "recall" and not (_is_number(value) and 0 <= value <= 1 and round(value, 2) == value):
        # trec_eval rounds it, so 0.123 and 0.124 become the same measure.
        raise InputError(f"{name}: expected a recall from 0 to 1 with at most two decimals, found {value}")
    elif parameter == "beta" and not (_is_number(value) and value > 0):
        raise InputError(f"{name}: expected a beta above 0, found {value}")
    elif parameter == "gains" and not (isinstance(value, dict) and all(map(_is_grade, [*value, *value.values()]))):
        raise InputError(f"{name}: expected gains that are whole numbers from 0 to {LARGEST_GRADE:,}, found {value}")


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) in (int, float)


def _is_grade(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_GRADE


def _suggestions(name: str) -> list[str]:
    """Return all known names, with the cutoff of the given name."""
    number = re.search(r"\d+(\.\d+)?", name)
    cutoff = number[0] if number else "10"
    with_cutoff = [f"{each}@{cutoff}" for each in _WITH_CUTOFF]
    with_cutoff += [f"{each}_{cutoff}" for each, ours in _TREC_EVAL.items() if ours.endswith("@")]
    if missing := [each for each in with_cutoff if re.split("[@_](?=\\d)", each)[0] == name]:
        return missing  # only the cutoff is missing
    plain = [*_PLAIN, *(each for each, ours in _TREC_EVAL.items() if not ours.endswith("@"))]
    return [*with_cutoff, *plain] if number else [*plain, *with_cutoff]
