"""Fill the tables of docs/figures.md that come from bench/results; prints the page's rows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from assaymark.evaluate.statistics import clopper_pearson

RESULTS = Path(__file__).parents[1] / "bench" / "results"


def coverage() -> str:
    """Return one row an interval."""
    rows: dict[str, dict[int, str]] = {}
    for r in json.loads((RESULTS / "interval_coverage.json").read_text())["results"]:
        cell = f"{100 * r['rate']:.1f} [{100 * r['low']:.1f}, {100 * r['high']:.1f}]"
        rows.setdefault(r["claim"], {})[r["n_real"]] = cell
    return "\n".join(
        f"| {claim} | " + " | ".join(cells.get(n, "not run") for n in (200, 1000, 5000)) + " |"
        for claim, cells in rows.items()
    )


def simulation() -> str:
    """Return approval and detection rates, and the rule that passes least often."""
    lines = ["| what | asked | measured |", "|---|---|---|"]
    for name, runs in json.loads((RESULTS / "policy_simulation.json").read_text()).items():
        found, n = list(runs.values()), len(runs)
        if name.startswith("copies"):
            caught = sum(bool(r["caught"]) for r in found)
            lines.append(f"| 25 copied outliers end in FAIL, {name} | 95 % | {_rate(caught, n)} |")
            continue
        for use in ("analytics", "pretraining"):
            hits = sum(r["uses"][use] == "approved" for r in found)
            lines.append(f"| {use} approved, {name} | 80 % | {_rate(hits, n)} |")
        passes = {k: sum(r["rules"][k] == "PASS" for r in found) for k in found[0]["rules"]}
        judged = {k: v for k, v in passes.items() if v}
        worst = min(judged, key=judged.__getitem__)
        lines.append(
            f"| least often passed: `{worst}`, {name} | 90 % | {_rate(passes[worst], n)} |"
        )
        never = sorted(set(passes) - set(judged))
        if never:
            lines.append(f"| never run on this population: {', '.join(never)} | | |")
    return "\n".join(lines)


def zoo() -> str:
    """Return the kinds that were refused every time, then one row for each other kind."""
    caught, lines = [], ["| kind | FAIL | every rule PASSes | not PASS |", "|---|---|---|---|"]
    for name, cells in json.loads((RESULTS / "zoo.json").read_text()).items():
        runs = list(cells.values())
        failed, n = sum(bool(r["FAIL"]) for r in runs), len(runs)
        if failed == n:
            caught.append(f"{name} ({n})")
            continue
        passed = sum(not r["not PASS"] for r in runs)
        rules = Counter(rule for r in runs for rule in r["not PASS"])
        missed = ", ".join(f"`{rule}` {times}" for rule, times in rules.most_common())
        lines.append(f"| {name} | {failed} of {n} | {passed} of {n} | {missed} |")
    return "; ".join(caught) + "\n\n" + "\n".join(lines)


def cross_fit() -> str:
    """Return how often pooled intervals cover, and what the gate says of small tables."""
    found = json.loads((RESULTS / "crossfit.json").read_text())
    lines = [
        "| recipe and n | figure | truth | covered | one fold | width, of one fold's | correlation |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell, figures in found["coverage"].items():
        for name, c in figures.items():
            lines.append(
                f"| {cell} | `{name}` | {c['truth']:.3f} | {_rate(c['covered'], c['of'])} "
                f"| {100 * c['one_fold_covers']:.0f} % "
                f"| {c['width']:.3f}, {c['width_of_one_fold']:.3f} | {c['correlation']:+.2f} |"
            )
    cells = sorted(found["verdicts"], key=lambda c: (int(c.partition("n=")[2]), c))
    runs = {c: list(found["verdicts"][c].values()) for c in cells}
    head = [f"{c}, {len(runs[c])} seeds" for c in cells]
    lines += ["", f"| rule | {' | '.join(head)} |", "|---|" + "---|" * len(cells)]
    for kind in ("rules", "uses"):
        for name in runs[cells[0]][0][kind]:
            said = [_verdicts([r[kind][name] for r in runs[c]]) for c in cells]
            lines.append(f"| {name} | {' | '.join(said)} |")
    return "\n".join(lines)


def _verdicts(said: list[str]) -> str:
    """Return PASS / INCONCLUSIVE / FAIL (uses: approved / inconclusive / refused), and the rest."""
    good, bad = ("PASS", "approved"), ("FAIL", "refused")
    counts = [
        sum(s in good for s in said),
        sum(s.upper() == "INCONCLUSIVE" for s in said),
        sum(s in bad for s in said),
    ]
    rest = len(said) - sum(counts)
    return " / ".join(map(str, counts)) + (f", {rest} not run" if rest else "")


def _rate(hits: int, n: int) -> str:
    found = clopper_pearson(hits, n)
    return (
        f"{hits} of {n}: {100 * found.value:.0f} % [{100 * found.low:.0f}, {100 * found.high:.0f}]"
    )


if __name__ == "__main__":
    print(simulation(), zoo(), coverage(), cross_fit(), sep="\n\n")
