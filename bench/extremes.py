"""How much of each column's extremes do rows of the default generator keep?

    python bench/extremes.py [--table FILE ...] [--rows 5000] [--seeds 3]

Each table (by default the hospital encounters that ship with the package) gets the recipe that
`assaymark init` proposes; train and holdout share no person. For each end of each number and date
the metric ``tails`` says how much of the real rows' outermost 0.5 % is missing or too much. Printed
per table: how many ends, over all seeds, the rule ``extremes-kept`` (policy `controlled`) by itself
and before Holm's adjustment says PASS, INCONCLUSIVE and FAIL of, and the differences.
Raw results in bench/results/extremes.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from generator_quality import SHIPPED, parts_of

from assaymark.core.case import Case
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.flow.evaluate.measure import measure
from assaymark.generate.tree_chain import TreeChain

RESULTS = Path(__file__).parent / "results/extremes.json"
(RULE,) = (
    r for r in parse_policy(profile_bytes(Profile.CONTROLLED)).rule if r.id == "extremes-kept"
)


def measured(path: Path, rows: int, seed: int) -> dict[str, list[float]]:
    """Return value and interval of each end."""
    train, holdout = parts_of(path, rows, seed)
    source = PrivateSource(_rows=train, record=lambda *_: None)
    model = TreeChain().fit(source, Streams.from_seed(seed))
    made = model.sample(range(train.n), Streams.from_seed(seed + 1000))
    case = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=threat_of(Profile.CONTROLLED),
    )
    found = measure(case, Streams.from_seed(seed), only=("tails",), person_weighs_one=True)
    return {m.subject: [m.value, m.low, m.high] for m in found if m.value is not None}


def verdict(low: float, high: float) -> str:
    """Return what the rule says of an interval."""
    if -RULE.threshold <= low and high <= RULE.threshold:
        return "PASS"
    return "FAIL" if high < -RULE.threshold or low > RULE.threshold else "INCONCLUSIVE"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", type=Path, nargs="+", default=[SHIPPED])
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    done = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print("table | ends | PASS | INCONCLUSIVE | FAIL | difference: tenth, median")
    for path in args.table:
        ends = []
        for seed in range(args.seeds):
            key = f"{path.stem} {args.rows} {seed}"
            if key not in done:
                done[key] = measured(path.resolve(), args.rows, seed)
                RESULTS.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            ends += done[key].values()
        said = [verdict(*e[1:]) for e in ends]
        counts = [str(said.count(v)) for v in ("PASS", "INCONCLUSIVE", "FAIL")]
        tenth, middle = np.quantile([e[0] for e in ends], [0.1, 0.5])
        print(" | ".join([path.stem, str(len(ends)), *counts, f"{tenth:.2f}, {middle:.2f}"]))


if __name__ == "__main__":
    main()
