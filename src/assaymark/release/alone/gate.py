"""Alone, gate: evidence judged by a policy, as `assaymark.decide.gate` does, on plain values."""

from __future__ import annotations

import fnmatch
import math
from statistics import NormalDist

from assaymark.release.alone.pieces import Plain, need

__all__ = ["ATTACKS", "agreed", "caught", "matching_rows"]

_K1 = (
    *("copies.exact_excess", "copies.most_repeated", "near_copies.excess", "singling_out.excess"),
    *("copies.isolated_excess", "linkability.excess", "attribute_inference.excess"),
    "inference_suite.excess",
)
_K2 = (
    *_K1,
    *("membership.auc", "membership.excess_tpr", "membership_suite.auc"),
    "membership_suite.excess_tpr",
)
NO_SUBJECT = "none:to judge"
ATTACKS = {"controlled": _K2, "open": (*_K2, "shadow.excess_tpr"), "enclave": _K1}
"""The attacks that each profile requires, in every version of the gate that is known here."""

GATES = ("1", "2")


def number(text: str | None) -> float | None:
    """Return a published decimal as a number; what is none cannot be judged."""
    if text is None:
        return None
    found = float(text)
    need(math.isfinite(found), f"{text!r} is no number")
    return found


def good(rule: Plain, x: float) -> bool:
    """Whether a point is on the good side of a rule's threshold."""
    t = float(rule["threshold"])
    sides = {"at_most": x <= t, "at_least": x >= t, "within": abs(x) <= t}
    return sides[rule["direction"]]


def ends(m: Plain) -> tuple[float, float]:
    """Return the interval of a measurement; its value where it has none."""
    value = float(m["value"])
    low, high = number(m["low"]), number(m["high"])
    return (value if low is None else low), (value if high is None else high)


def bad(rule: Plain, m: Plain) -> bool:
    """Whether the whole interval is on the wrong side."""
    low, high = ends(m)
    if rule["direction"] == "within":
        return low > float(rule["threshold"]) or high < -float(rule["threshold"])
    return not good(rule, low) and not good(rule, high)


def p_value(rule: Plain, m: Plain) -> float:
    """Return the one-sided p-value of "the threshold is kept"."""
    value, (low, high), way = float(m["value"]), ends(m), rule["direction"]
    if good(rule, value):
        return 1.0
    below = way == "at_least" or (way == "within" and value < 0)
    threshold = -rule["threshold"] if way == "within" and below else float(rule["threshold"])
    end = high if below else low
    if way == "at_most" and min(end, threshold) >= 0:
        end, value, threshold = math.sqrt(end), math.sqrt(value), math.sqrt(threshold)
    half = abs(value - end)
    if half <= 0:
        return 0.0
    z = NormalDist().inv_cdf(0.5 + float(m["confidence"]) / 2)
    return 1 - NormalDist().cdf(abs(value - threshold) / (half / z))


def hypothesis(rule: Plain, m: Plain, gate: str) -> str:
    """Return what a measurement tests: its subject, or for a gap the pair of mirrored intervals."""
    if gate == "1" or rule["direction"] != "within" or m["value"] is None:
        return f"{rule['id']} {m['subject']}"
    low, high = ends(m)
    return f"{rule['id']} {min((low, high), (-high, -low))}"


def holm(rows: list[tuple[Plain, Plain]], gate: str) -> set[str]:
    """Return the hypotheses whose failure survives Holm's weighted procedure.

    From version 2 on, p-values above one half are left out, the others doubled.
    """
    tested, times = {}, 1 if gate == "1" else 2
    for r, m in rows:
        p = 1.0 if m["value"] is None else times * p_value(r, m)
        if m["value"] is not None and p <= 1:
            tested[hypothesis(r, m, gate)] = (p, r["id"], 1 - r.get("confidence", 0.95))
    each: dict[str, int] = {}
    for _, rule, _ in tested.values():
        each[rule] = each.get(rule, 0) + 1
    ranked = sorted((p * each[r], key, r, alpha) for key, (p, r, alpha) in tested.items())
    left, rejected = float(len(each)), set()
    for p, key, rule, alpha in ranked:
        if p > alpha / left:
            break
        rejected.add(key)
        left -= 1 / each[rule]
    return rejected


def proven(rule: Plain, m: Plain) -> bool:
    """Whether a measurement that is not bad is good enough for a PASS."""
    low, high = ends(m)
    limit, asked = number(m["limit_of_detection"]), rule.get("detect")
    return (
        good(rule, low)
        and good(rule, high)
        and float(m["confidence"]) >= rule.get("confidence", 0.95)
        and m["n"] >= rule.get("minimum_n", 0)
        and (asked is None or (limit is not None and limit <= asked))
    )


def verdict(rule: Plain, m: Plain, rejected: set[str], gate: str) -> str:
    """Return PASS, FAIL, INCONCLUSIVE or NOT_RUN."""
    if m["value"] is None:
        return "INCONCLUSIVE" if 0 < m["n"] < rule.get("minimum_n", 0) else "NOT_RUN"
    if bad(rule, m):
        certain = hypothesis(rule, m, gate) in rejected or rule.get("severity", "block") != "block"
        return "FAIL" if certain else "INCONCLUSIVE"
    return "PASS" if proven(rule, m) else "INCONCLUSIVE"


def matching(rule: Plain, measured: list[Plain], required: tuple[str, ...]) -> list[Plain]:
    """Return the measurements that a rule is about, or one that says there is none.

    Nothing where the metric itself says that there is nothing to judge, and no attack requires it.
    """
    own = [m for m in measured if m["metric"] == rule["metric"]]
    found = [
        m
        for m in own
        if m["subject"] != NO_SUBJECT
        and fnmatch.fnmatchcase(m["subject"], rule.get("subject", "*"))
    ]
    alone = len(own) == 1 and own[0]["subject"] == NO_SUBJECT
    if not found and alone and rule["metric"] not in required:
        return []
    return found or [{"value": None, "n": 0, "subject": rule.get("subject", "*")}]


def waived(policy: Plain, rule: Plain, said: str, m: Plain, waivers: list[Plain]) -> bool:
    """Whether a verdict is waived, and may be."""
    attack = rule["metric"] in ATTACKS[policy["profile"]] and said in {"FAIL", "NOT_RUN"}
    never = rule["id"] in policy.get("never_waived", ()) or attack or said == "STALE"
    covered = any(
        w["rule"] == rule["id"] and fnmatch.fnmatchcase(m["subject"], w.get("subject", "*"))
        for w in waivers
    )
    return said != "PASS" and covered and not never


def matching_rows(
    policy: Plain, evidence: Plain, uses: list[str], waivers: list[Plain], gate: str
) -> list[tuple[Plain, Plain, str]]:
    """Return each rule of the uses with a measurement that it is about, and the verdict."""
    need(gate in GATES, f"judged by version {gate!r} of the gate, which this file does not know")
    for m in evidence["measurements"]:
        for key in ("value", "low", "high", "confidence", "limit_of_detection"):
            number(m[key])
    for rule in policy["rule"]:
        for key in ("threshold", "confidence", "detect"):
            need(rule.get(key) is None or math.isfinite(rule[key]), f"{key} is no number")
    if len({w["rule"] for w in waivers}) > policy.get("waivers_at_most", 2):
        waivers = []
    rows = [
        (rule, m)
        for rule in policy["rule"]
        if set(rule["uses"]) & set(uses)
        for m in matching(rule, evidence["measurements"], ATTACKS[policy["profile"]])
    ]
    rejected = holm([(r, m) for r, m in rows if r.get("severity", "block") == "block"], gate)
    said = [(r, m, verdict(r, m, rejected, gate)) for r, m in rows]
    return [(r, m, "WAIVED" if waived(policy, r, v, m, waivers) else v) for r, m, v in said]


def judge(
    policy: Plain, evidence: Plain, uses: list[str], waivers: list[Plain], gate: str
) -> dict[str, str]:
    """Return the status of each use."""
    rows = matching_rows(policy, evidence, uses, waivers, gate)
    blocking, found = [x for x in rows if x[0].get("severity", "block") == "block"], {}
    for use in uses:
        said = [v for r, _, v in blocking if use in r["uses"]]
        asked = {r["metric"] for r, _, _ in blocking if use in r["uses"]}
        said += ["NOT_RUN" for metric in ATTACKS[policy["profile"]] if metric not in asked]
        passed = bool(said) and set(said) <= {"PASS", "WAIVED"}
        found[use] = "refused" if "FAIL" in said else "approved" if passed else "inconclusive"
    return found


def agreed(
    policy: Plain, evidence: dict[str, Plain], decided: Plain, waivers: list[Plain]
) -> dict[str, str]:
    """Return what each use comes to, if the evidence, judged again, gives what was decided."""
    final: dict[str, str] = {}
    confirmed: set[str] = set()
    for s in decided["stages"]:
        read = evidence[s["stage"]]
        need(read["candidate"] == decided["candidate"], f"{s['stage']}: evidence on other rows")
        again = judge(policy, read, list(s["uses"]), waivers, decided.get("gate", "1"))
        need(again == s["uses"], f"judging the {s['stage']} evidence again gives {again}")
        final |= again
        confirmed |= set(s["uses"]) if s["stage"] != "development" else set()
    for use, status in final.items():
        if status == "approved" and use not in confirmed:
            final[use] = "inconclusive"
    need(final == decided["uses"], f"the evidence gives {final}, not {decided['uses']}")
    return final


def caught(policy: Plain, evidence: dict[str, Plain], decided: Plain) -> tuple[int, int]:
    """Return how many planted leaks blocking rules ask for, and how many were caught."""
    limits = []
    for s in decided["stages"]:
        for rule in policy["rule"]:
            asked = rule.get("detect")
            needed = asked is not None and rule.get("severity", "block") == "block"
            if not needed or not set(rule["uses"]) & set(s["uses"]):
                continue
            measured = evidence[s["stage"]]["measurements"]
            for m in matching(rule, measured, ATTACKS[policy["profile"]]):
                limit = number(m.get("limit_of_detection"))
                if m["value"] is not None:
                    limits.append(limit is not None and limit <= asked)
    return len(limits), sum(limits)
