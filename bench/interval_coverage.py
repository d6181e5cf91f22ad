"""How often do the intervals of the evaluation contain the truth? Simulated, since it is known.

    .venv/bin/python bench/interval_coverage.py            # 2,000 simulations each, about 5 minutes
    .venv/bin/python bench/interval_coverage.py --quick    # 200 simulations each

Prints the rate with its Clopper-Pearson bounds and writes ``bench/results/coverage.json``. Exits
with 1 where an interval that claims 95 % is shown to hold less than 93 % (the upper bound of its
rate is below 0.93). Distances have one-sided bounds by construction and may hold more than 95 %.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.binning import Sample, compare_cells, mean_gap
from assaymark.evaluate.fairness.disparity import Disparity
from assaymark.evaluate.fairness.representation import Representation
from assaymark.evaluate.features import encoder_of
from assaymark.evaluate.fidelity.estimates import Estimates
from assaymark.evaluate.fidelity.two_sample import TwoSample
from assaymark.evaluate.models.predictors import Predictor, Task, score
from assaymark.evaluate.statistics import (
    auc_of,
    clopper_pearson,
    mean_variance,
    quantile_of_t,
)

SIZES = ((200, 500), (1000, 2500), (5000, 12500))  # holdout, synthetic
CHECKS = {}


def check(claim):
    def keep(function):
        CHECKS[claim] = function
        return function

    return keep


def case_of(train, holdout, synthetic):
    return Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(synthetic,),
        threat=threat_of(Profile.CONTROLLED),
    )


def table(persons=None, **columns):
    schema = Schema(
        columns=tuple(Column(name=n, kind=k, roles=r) for n, (k, r, _) in columns.items())
    )
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, _, v) in columns.items()})
    return Dataset(schema=schema, frame=frame, persons=persons)


# --- distances -------------------------------------------------------------------------------


def distance(cells, shift, where="everywhere", visits=1):
    def run(rng, n, m):
        p = np.arange(1, cells + 1.0) / np.arange(1, cells + 1.0).sum()
        q = p.copy()
        if where == "one cell":
            move = min(shift, p[-1])
            q[-1] -= move
            q[0] += move
        else:
            half = cells // 2
            move = p[half:] / p[half:].sum() * shift
            q[half:] -= move
            q[:half] += shift * p[:half] / p[:half].sum()
        who = np.repeat(np.arange(-(-n // visits)), visits)[:n]
        real = rng.choice(cells, who.max() + 1, p=p)[who]
        again = rng.random(n) < 0.5  # half of a person's visits say the same
        real = np.where(again, real, rng.choice(cells, n, p=p))
        made = rng.choice(cells, m, p=q)
        persons = who if visits > 1 else None
        gap = compare_cells(Sample(real, persons), Sample(made, None), cells)
        return gap.interval, np.abs(p - q).sum() / 2

    return run


for cells in (2, 10, 80):
    for shift in (0.0, 0.03, 0.15):
        CHECKS[f"distance, {cells} cells, true {shift}"] = distance(cells, shift)
CHECKS["distance, 20 cells, true 0.03 in one cell"] = distance(20, 0.03, "one cell")
CHECKS["distance, 10 cells, true 0.05, 4 visits a person"] = distance(10, 0.05, visits=4)


def mean_of_distances(shifts):
    def run(rng, n, m):
        k, cells = len(shifts), 10
        edges = np.array([math.sqrt(2) * _inverse(i / cells) for i in range(1, cells)])
        real = _correlated(rng, n, k, np.zeros(k))
        made = _correlated(rng, m, k, np.array(shifts))
        rows = np.zeros(n), np.zeros(m)
        gaps, truth = [], []
        for j in range(k):
            a, b = np.searchsorted(edges, real[:, j]), np.searchsorted(edges, made[:, j])
            gap = compare_cells(Sample(a, None), Sample(b, None), cells)
            gaps.append(gap)
            rows[0][:] += gap.signs[a] / k
            rows[1][:] += gap.signs[b] / k
            p, q = (np.diff([0, *(_below(e - s) for e in edges), 1]) for s in (0, shifts[j]))
            truth.append(np.abs(p - q).sum() / 2)
        none = Sample(np.zeros(0, dtype=np.int64), None)
        return mean_gap(gaps, none, none, rows), float(np.mean(truth))

    return run


def _correlated(rng, n, k, shift):
    """Columns that share half of their variance; each has variance 2."""
    return rng.normal(size=(n, 1)) + rng.normal(size=(n, k)) + shift


def _inverse(p):
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _below(x):
    return 0.5 * (1 + math.erf(x / 2))


CHECKS["mean distance, 12 columns, all right"] = mean_of_distances([0.0] * 12)
CHECKS["mean distance, 12 columns, all a little off"] = mean_of_distances([0.1] * 12)
CHECKS["mean distance, 12 columns, two far off"] = mean_of_distances([0.8] * 2 + [0.0] * 10)


# --- means and shares ------------------------------------------------------------------------


@check("mean difference, log-normal")
def mean_difference(rng, n, m):
    draw = lambda k, mean: rng.lognormal(mean, 0.75, k)  # noqa: E731
    x = (Kind.DECIMAL, (Role.OTHER,))
    real, made, train = draw(n, 0.0), draw(m, 0.1), draw(m, 0.0)
    case = case_of(table(x=(*x, train)), table(x=(*x, real)), table(x=(*x, made)))
    (found,) = Estimates().measure(case, Streams.from_seed(0))
    scale = np.concatenate([real, train]).std()
    return found, (math.exp(0.1) - 1) * math.exp(0.75**2 / 2) / scale


@check("mean difference, 4 visits a person")
def mean_difference_of_persons(rng, n, m):
    who = np.repeat(np.arange(n // 4), 4)
    x = (Kind.DECIMAL, (Role.OTHER,))
    real = rng.normal(size=n // 4)[who] + rng.normal(size=len(who))
    train, made = (rng.normal(scale=math.sqrt(2), size=m) for _ in range(2))
    case = case_of(table(x=(*x, train)), table(who, x=(*x, real)), table(x=(*x, made)))
    (found,) = Estimates().measure(case, Streams.from_seed(0))
    return found, 0.0


def representation(share, ratio, visits=1):
    odds = share / (1 - share) * ratio
    other = odds / (1 + odds)

    def run(rng, n, m):
        g = (Kind.BOOLEAN, (Role.PROTECTED,))
        who = np.repeat(np.arange(n // visits), visits)
        real = (rng.random(n // visits) < share)[who]
        train, made = rng.random(m) < share, rng.random(m) < other
        held = table(who if visits > 1 else None, g=(*g, real))
        case = case_of(table(g=(*g, train)), held, table(g=(*g, made)))
        found = Representation().measure(case, Streams.from_seed(0))
        # the group is pooled by itself where few of it are expected in the holdout
        (one,) = [x for x in found if x.subject in {"group:g=true", "group:g=rare or new"}]
        return one, math.log(ratio)

    return run


CHECKS["representation, a group of 30 %"] = representation(0.3, 1.0)
CHECKS["representation, a group of 5 %, a quarter too many"] = representation(0.05, 1.25)
CHECKS["representation, a group of 20 %, 4 visits a person"] = representation(0.2, 1.0, visits=4)


@check("Clopper-Pearson, 7 %")
def exact(rng, n, m):  # noqa: ARG001
    return clopper_pearson(int(rng.binomial(n, 0.07)), n), 0.07


# --- scores ----------------------------------------------------------------------------------


def _wide(value, influence, persons, n):
    error = math.sqrt(mean_variance(influence, persons))
    wide = quantile_of_t(n - 1) * error
    return value, value - wide, value + wide


@check("AUC of a fixed score, 20 % positive")
def auc(rng, n, m):  # noqa: ARG001
    labels = rng.random(n) < 0.2
    scores = rng.normal(size=n) + 1.2 * labels
    found = auc_of(scores, labels)
    return _wide(found.value, found.influence, None, labels.sum()), _below(1.2)


@check("loss of AUC, paired, 20 % positive")
def loss(rng, n, m):  # noqa: ARG001
    labels = rng.random(n) < 0.2
    shared = rng.normal(size=n)
    first = 0.8 * shared + 0.6 * rng.normal(size=n) + 1.4 * labels
    second = 0.8 * shared + 0.6 * rng.normal(size=n) + 1.2 * labels
    a, b = auc_of(first, labels), auc_of(second, labels)
    found = _wide(a.value - b.value, a.influence - b.influence, None, labels.sum())
    return found, _below(1.4) - _below(1.2)


@check("AUC, 4 visits a person")
def auc_of_persons(rng, n, m):  # noqa: ARG001
    who = np.repeat(np.arange(n // 4), 4)
    labels = (rng.random(n // 4) < 0.3)[who]
    scores = 0.8 * rng.normal(size=n // 4)[who] + 0.6 * rng.normal(size=len(who)) + labels
    found = auc_of(scores, labels)
    fewest = min(labels.sum(), (~labels).sum()) // 4
    return _wide(found.value, found.influence, who, fewest), _below(1.0)


@check("R squared of a fixed prediction")
def r_squared(rng, n, m):  # noqa: ARG001
    x, noise = rng.normal(size=n), rng.normal(size=n)
    task = Task(target="y", classes=(), encoder=encoder_of([], []))
    found = score(task, Predictor(predicted=x[:, None] * 0.9), x + noise)
    return _wide(found.value, found.influence, None, n), 1 - (0.01 + 1) / 2


# --- whole metrics, fewer simulations -----------------------------------------------------------


@check("slow: two-sample AUC, nothing to tell apart")
def two_sample(rng, n, m):
    def rows(k):
        a = rng.normal(size=k)
        return table(
            a=(Kind.DECIMAL, (Role.OTHER,), a),
            b=(Kind.DECIMAL, (Role.OTHER,), a + rng.normal(size=k)),
            c=(Kind.BOOLEAN, (Role.OTHER,), rng.random(k) < 0.3),
        )

    (found,) = TwoSample().measure(
        case_of(rows(m), rows(n), rows(m)), Streams.from_seed(int(rng.integers(2**31)))
    )
    return found, 0.5


@check("slow: disparity introduced, exchangeable models")
def disparity(rng, n, m):
    def rows(k):
        x, g = rng.normal(size=k), rng.random(k) < 0.4
        y = rng.random(k) < 1 / (1 + np.exp(-2 * x))
        return table(
            x=(Kind.DECIMAL, (Role.OTHER,), x),
            g=(Kind.BOOLEAN, (Role.PROTECTED,), g),
            y=(Kind.BOOLEAN, (Role.TARGET,), y),
        )

    case = case_of(rows(m), rows(n), rows(m))
    found = Disparity().measure(case, Streams.from_seed(int(rng.integers(2**31))))
    (one,) = [f for f in found if f.subject == "group:g=true" and f.metric.endswith("introduced")]
    return one, 0.0


def covered(claim, run, n, m, times):
    """Return how many of ``times`` intervals hold the truth, and their mean width."""
    held, widths = 0, []
    for i in range(times):
        found, truth = run(Streams.from_seed(i).child(claim, n).generator(), n, m)
        low, high = (found.low, found.high) if hasattr(found, "low") else found[1:]
        held += low - 1e-12 <= truth <= high + 1e-12
        widths.append(high - low)
    return held, float(np.mean(widths))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 simulations each")
    parser.add_argument("--only", default="", help="claims that contain this text")
    folder = Path(__file__).parent / "results"
    parser.add_argument("--out", type=Path, default=folder / "interval_coverage.json")
    options = parser.parse_args()
    results, bad = [], 0
    options.out.parent.mkdir(exist_ok=True)
    for claim, run in sorted(CHECKS.items(), key=lambda c: ("distance" in c[0], "slow" in c[0])):
        if options.only not in claim:
            continue
        for n, m in SIZES:
            slow = claim.startswith("slow")
            times = (20 if slow else 200) if options.quick else (200 if slow else 2000)
            if slow and n > 1000:
                continue
            held, width = covered(claim, run, n, m, times)
            rate = clopper_pearson(held, times)
            wrong = rate.high < 0.93
            bad += int(wrong)
            results.append(
                {
                    "claim": claim,
                    "n_real": n,
                    "n_synthetic": m,
                    "simulations": times,
                    "held": int(held),
                    "rate": round(rate.value, 4),
                    "low": round(rate.low, 4),
                    "high": round(rate.high, 4),
                    "mean_width": round(width, 5),
                }
            )
            written = json.dumps({"nominal": 0.95, "results": results}, indent=1)
            options.out.write_text(written + "\n")
            print(
                f"{claim:60} n={n:5} {rate.value:6.1%} [{rate.low:.1%}, {rate.high:.1%}] "
                f"width {width:.4f}{'  BELOW 93 %' if wrong else ''}",
                flush=True,
            )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
