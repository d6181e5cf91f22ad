"""The gate's rates at the seeds a claim needs: planted leaks that FAIL, clean tables that PASS.

    python bench/gate_rates.py --seeds 400                      # resumes; hours on one core
    python bench/gate_rates.py --kinds "25 outliers" --seeds 400
    python bench/gate_rates.py --quick                          # under five minutes
    python bench/gate_rates.py --agree 4                        # does the whole gate agree?
    python bench/gate_rates.py --again copies                   # forget one metric, after a change

Tables as in ``zoo.py``: train, holdout and synthetic of 5,000 rows, no reference, policy
``controlled``. A leak is judged by the metrics that name it, and every other blocking rule of the
gate stands in with a value that keeps its threshold: Holm's adjustment is then at least as strict
as in the whole gate, where some other rule may be rejected first. So the share that FAILs is a
lower bound of the gate's. Clean tables are judged by all metrics of blocking privacy rules and by
these alone, where Holm's adjustment is milder: their share of FAIL is an upper bound, and PASS is
not adjusted. INCONCLUSIVE is a miss in both. One small file of counts for each kind and metric.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from policy_simulation import LEAKS, rate, worst
from zoo import CLEAN, LEAKY, N, run
from zoo_worlds import SHAPES

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES, parse_policy, profile_bytes
from assaymark.flow.evaluate.measure import measure

if TYPE_CHECKING:
    from collections.abc import Sequence

OUT = Path(__file__).parent / "results" / "gate_rates"
POLICY = parse_policy(profile_bytes(Profile.CONTROLLED))
BLOCKING = [r for r in POLICY.rule if r.severity == "block"]
PRIVACY = sorted(
    {r.metric.partition(".")[0] for r in BLOCKING if r.metric.startswith((*LEAKS, "hygiene."))}
)
ASKED = {
    "25 outliers": ["copies"],
    "25 outliers, jittered 3 %": ["copies"],
    "1 % random copies": ["copies"],
    "5 % random copies": ["copies"],
    "fresh sample": PRIVACY,
}
WANTED = {
    **ASKED,
    "25 people with the rarest codes": ["copies"],
    "1 % copies, jittered 3 %": ["near_copies"],
    "1 % copies, numbers to tenths": ["near_copies"],
    "1 % copies, shifted by 0.1": ["near_copies"],
    **{f"fresh sample: {shape}": PRIVACY for shape in SHAPES},
    "fresh chains of codes": PRIVACY,
}


def case_of(kind: str, seed: int) -> Case:
    """Draw the people and the synthetic rows, the same as ``zoo.py`` draws for this seed."""
    entry, rng = {**LEAKY, **CLEAN}[kind], np.random.default_rng([seed, 77])
    train, holdout, fresh = (entry.draw(N, rng) for _ in range(3))
    made = Dataset(schema=train.schema, frame=entry.make(train, fresh.frame, rng))
    return Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=threat_of(Profile.CONTROLLED),
    )


def verdicts_of(kind: str, seed: int, metrics: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return by metric the verdict of each of its blocking rules, the worst of all subjects."""
    measured = list(measure(case_of(kind, seed), Streams.from_seed(seed), only=metrics))
    mine = [r for r in BLOCKING if r.metric.partition(".")[0] in metrics]
    if kind in LEAKY:
        measured += [
            Measurement(
                metric=r.metric,
                subject=r.subject.replace("*", "x"),
                value=r.threshold,
                n=r.minimum_n,
            )
            for r in BLOCKING
            if r not in mine
        ]
    evidence = Evidence.of(measured, candidate="0" * 64, stage="given files", suite="rates")
    found: dict[str, list[str]] = {}
    for v in judge(POLICY, evidence, USES, candidate="0" * 64).verdicts:
        found.setdefault(v.rule.id, []).append(v.verdict.value)
    by_metric: dict[str, dict[str, str]] = {m: {} for m in metrics}
    for rule in mine:
        by_metric[rule.metric.partition(".")[0]][rule.id] = worst(found[rule.id])
    return by_metric


def path_of(out: Path, kind: str, metric: str) -> Path:
    """Return where the counts of one kind and metric are."""
    plain = "".join(c for c in kind if c.isalnum() or c == " ")
    return out / f"{'_'.join(plain.split())}.{metric}.json"


def cell_of(path: Path) -> dict:
    """Return what is there: seeds 0 to ``seeds`` - 1, and the seeds with another verdict."""
    return json.loads(path.read_text()) if path.exists() else {"seeds": 0, "rules": {}, "not": {}}


def add(path: Path, kind: str, seed: int, rules: dict[str, str]) -> None:
    """Count one seed, and save; by name the seeds that miss: no FAIL of a leak, not all PASS."""
    cell = cell_of(path)
    for rule, verdict in rules.items():
        counts = cell["rules"].setdefault(rule, {})
        counts[verdict] = counts.get(verdict, 0) + 1
    missed = {r: v for r, v in rules.items() if v != "PASS"} if kind in CLEAN else rules
    if missed and not (kind in LEAKY and "FAIL" in rules.values()):
        cell["not"][str(seed)] = missed
    cell["seeds"] = seed + 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(cell, indent=0, sort_keys=True) + "\n")


def fill(out: Path, kinds: Sequence[str], metrics: Sequence[str], seeds: int) -> None:
    """Run the seeds that are not there yet, seed by seed for all kinds."""
    for seed in range(seeds):
        for kind in kinds:
            asked = [m for m in WANTED[kind] if m in metrics]
            todo = [m for m in asked if cell_of(path_of(out, kind, m))["seeds"] == seed]
            found = verdicts_of(kind, seed, todo) if todo else {}
            for metric, rules in found.items():
                add(path_of(out, kind, metric), kind, seed, rules)


def show(out: Path, kind: str) -> None:
    """Print the rates of one kind, over the seeds that all of its metrics have."""
    cells = [cell_of(path_of(out, kind, m)) for m in WANTED[kind]]
    n = min(c["seeds"] for c in cells)
    if not any(c["seeds"] for c in cells):
        return
    missed = [{int(s): v for s, v in c["not"].items() if int(s) < n} for c in cells]
    if kind in LEAKY:
        lost = set.intersection(*map(set, missed))
        print(f"{kind:30s} FAIL {rate(n - len(lost), n)}")
    elif n:
        without = set().union(*missed)
        failed = {s for m in missed for s, v in m.items() if "FAIL" in v.values()}
        print(f"{kind:30s} every rule PASSes {rate(n - len(without), n)}")
        print(f"{kind:30s} any FAIL {rate(len(failed), n)}")
    for metric, cell in zip(WANTED[kind], cells, strict=True):
        if kind in CLEAN:
            passed = rate(cell["seeds"] - len(cell["not"]), cell["seeds"])
            print(f"    {metric:30s} every rule PASSes {passed}")
        for rule, counts in cell["rules"].items():
            if kind in LEAKY or set(counts) != {"PASS"}:
                print(f"    {rule:30s} of {cell['seeds']} seeds {counts}")


def agree(out: Path, kinds: Sequence[str], seeds: int) -> None:
    """Run the whole gate on some seeds; say where its verdicts are not those found here."""
    path = out / "whole_gate.json"
    done = json.loads(path.read_text()) if path.exists() else {}
    for seed in range(seeds):
        for kind in kinds:
            cells = done.setdefault(kind, {})
            if str(seed) not in cells:
                found = run({**LEAKY, **CLEAN}[kind], seed, N)
                cells[str(seed)] = {"FAIL": found["FAIL"], "not PASS": sorted(found["not PASS"])}
                out.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    for kind, cells in done.items():
        parts = [cell_of(path_of(out, kind, m)) for m in WANTED[kind]]
        known = [s for s in cells if all(int(s) < c["seeds"] for c in parts)]
        same = Counter()
        for s in known:
            missed = [s in c["not"] for c in parts]
            here = not all(missed) if kind in LEAKY else any(missed)
            whole = bool(cells[s]["FAIL"] if kind in LEAKY else cells[s]["not PASS"])
            same["same" if here == whole else f"seed {s}: here {here}, whole gate {whole}"] += 1
        print(f"{kind:30s} the whole gate on {len(known)} of these seeds: {dict(same)}")


def main() -> None:
    """Fill what is not there yet, then print rates with exact intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="eight seeds of every kind")
    parser.add_argument("--kinds", nargs="+", choices=list(WANTED), default=list(ASKED))
    parser.add_argument("--metrics", nargs="+", choices=PRIVACY, default=PRIVACY)
    parser.add_argument("--agree", type=int, default=0, help="seeds to run the whole gate on")
    parser.add_argument("--again", nargs="+", choices=PRIVACY, default=(), help="forget these")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    for metric in wanted.again:
        for kind in wanted.kinds:
            path_of(wanted.out, kind, metric).unlink(missing_ok=True)
    fill(wanted.out, wanted.kinds, wanted.metrics, 8 if wanted.quick else wanted.seeds)
    for kind in wanted.kinds:
        show(wanted.out, kind)
    if wanted.agree:
        agree(wanted.out, wanted.kinds, wanted.agree)


if __name__ == "__main__":
    main()
