"""Combining: estimates from several synthetic tables as one, with an interval that is wide enough.

Notation of the literature: ``m`` tables of ``k`` rows each, made from ``n`` persons; ``q`` the
estimate in a table and ``v`` its variance as if the table were real; q-bar and v-bar their means,
``b`` the variance of ``q`` between tables.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from assaymark.errors import InputError
from assaymark.evaluate.statistics import quantile_of_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["RULES", "Combined", "Rule", "combine"]

Rule = Literal["one fit", "refits", "fully synthetic", "partially synthetic"]
RULES: tuple[Rule, ...] = get_args(Rule)


class Combined(NamedTuple):
    """Combined estimates, standard errors, degrees of freedom and ends, each of shape ``(p,)``."""

    values: Floats
    errors: Floats
    degrees: Floats
    low: Floats
    high: Floats


def combine(
    estimates: Floats, variances: Floats, *, k: float, n: float, rule: Rule, inflation: float = 1.0
) -> Combined:
    """Return one estimate for each column of ``estimates``, shape ``(m, p)``, with 95 % intervals.

    ``"one fit"``: all tables were drawn from one model that was fitted once, T = v-bar (k/n + 1/m);
    right for one table too. ``"refits"``: each from a model fitted to a resample of the persons,
    T = v-bar (k/n + (1 + k/n)/m). ``"fully synthetic"``: each from a draw of the model's
    posterior, T = (1 + 1/m) b - v-bar, or v-bar k/n where that is negative. ``"partially
    synthetic"``: real records of which some columns were replaced, T = v-bar k/n + b/m.

    ``inflation`` is how much more the estimates of a generator vary from source to source than
    those of the real rows do, 1 for one that wastes nothing; it multiplies v-bar k/n.

    Raises
    ------
    InputError
        When the rule needs several tables, or rows are counted that are not there.

    References
    ----------
    Raghunathan, Reiter & Rubin (2003), Multiple imputation for statistical disclosure limitation.
    Reiter (2002), Satisfying disclosure restrictions with synthetic data sets, for T below zero.
    Reiter (2003), Inference for partially synthetic, public use microdata sets.
    Raab, Nowok & Dibben (2016), Practical data synthesis for large samples.
    """
    m = len(estimates)
    if rule not in RULES:
        raise InputError(f"unknown rule {rule!r}\n\nHint: {', '.join(RULES)}")
    if rule in {"fully synthetic", "partially synthetic"} and m < 2:
        raise InputError(
            f"the rule {rule!r} needs at least two tables: with one, nothing says how much tables "
            "differ\n\nHint: tables drawn from one fitted model follow the rule 'one fit'"
        )
    if min(k, n) < 2:
        raise InputError(f"{k:g} synthetic rows and {n:g} persons: two of each are needed")
    v = variances.mean(axis=0)
    b = estimates.var(axis=0, ddof=1) if m > 1 else np.zeros_like(v)
    degrees = np.full(len(v), max(1.0, min(k, n) - 1.0))
    source = inflation * v * k / n
    if rule == "one fit":
        total = source + v / m
    elif rule == "refits":
        total = source + v * (1 + k / n) / m
    elif rule == "partially synthetic":
        total = source + b / m
        degrees = np.minimum(degrees, _partial(b / m, source, m))
    else:
        total, degrees = _fully(b, v, source, m, degrees)
    values = estimates.mean(axis=0)
    errors = np.sqrt(total)
    wide = np.array([quantile_of_t(d) for d in degrees]) * errors
    return Combined(values, errors, degrees, values - wide, values + wide)


def _partial(between: Floats, within: Floats, m: int) -> Floats:
    with np.errstate(divide="ignore"):
        return np.where(between > 0, (m - 1) * (1 + within / between) ** 2, math.inf)


def _fully(b: Floats, v: Floats, source: Floats, m: int, degrees: Floats) -> tuple[Floats, Floats]:
    total = (1 + 1 / m) * b - v
    negative = total <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        few = (m - 1) * (1 - v / ((1 + 1 / m) * b)) ** 2
    few = np.maximum(1.0, np.where(negative, degrees, few))
    return np.where(negative, source, total), np.minimum(degrees, few)
