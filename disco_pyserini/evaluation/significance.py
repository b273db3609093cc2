"""Whether two systems differ significantly: paired t-tests, corrected for multiple comparisons."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from disco_pyserini.errors import InputError


def paired_t_test(values: Mapping[str, float], baseline: Mapping[str, float]) -> float:
    """Return the two-sided p-value of a paired t-test over queries.

    It is 1 for fewer than two queries or without any difference, and 0 if all queries differ by the same amount.

    Raises:
        InputError: the two systems were measured on different queries.
    """
    if values.keys() != baseline.keys():
        raise InputError(
            f"expected values of the same queries to compare, found {len(values)} and {len(baseline)} queries, "
            f"{len(values.keys() & baseline.keys())} of them in both"
        )
    differences = [value - baseline[qid] for qid, value in values.items()]
    if len(differences) < 2 or not any(differences):
        return 1.0
    if len(set(differences)) == 1:
        return 0.0
    from scipy.stats import ttest_rel

    return float(ttest_rel(list(values.values()), [baseline[qid] for qid in values]).pvalue)


def holm[Name: Hashable](p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Correct p-values for multiple comparisons (Holm, 1979), so that they can be compared with the usual level."""
    corrected: dict[Name, float] = {}
    floor = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        floor = max(floor, min(1.0, p * (len(p_values) - rank)))
        corrected[name] = floor
    return corrected
