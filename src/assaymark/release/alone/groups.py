"""Alone, groups: for which groups a use is fit, and uses that affect people's rights."""

from __future__ import annotations

import re

from assaymark.release.alone.gate import matching_rows
from assaymark.release.alone.pieces import Plain, need

__all__ = ["check_groups", "check_rights"]

GROUP = re.compile(r"(?:^|,)group:(.+)$", re.DOTALL)
FAIR = ("disparity.", "representation.")


def group_of(subject: str) -> str:
    """Return the group that a subject ends in, empty where it names none."""
    found = GROUP.search(subject)
    return "" if found is None or found[1] == "*" else found[1]


def fitness(status: str, said: list[str]) -> str:
    """Return whether a use with a status is fit for a group with these verdicts."""
    if "FAIL" in said or status == "refused":
        return "not fit"
    fit = status == "approved" and said and set(said) <= {"PASS", "WAIVED"}
    return "fit" if fit else "not enough evidence"


def check_groups(
    policy: Plain, evidence: dict[str, Plain], decided: Plain, waivers: list[Plain]
) -> str:
    """Judge every group again; return in words what was found."""
    if not decided.get("fitness"):
        return ""
    by_use: dict[str, list[tuple[str, str, str]]] = {}
    for s in decided["stages"]:
        gate = decided.get("gate", "1")
        rows = matching_rows(policy, evidence[s["stage"]], list(s["uses"]), waivers, gate)
        for use in s["uses"]:
            by_use[use] = [
                (r.get("severity", "block"), group_of(m["subject"]), said)
                for r, m, said in rows
                if use in r["uses"]
            ]
    groups = sorted({g for rows in by_use.values() for _, g, _ in rows if g})
    again = {
        use: {
            g: fitness(status, [v for sev, of, v in by_use[use] if of == g and sev != "info"])
            for g in groups
        }
        for use, status in decided["uses"].items()
    }
    need(again == decided["fitness"], "the evidence finds other groups fit than the decision says")
    cells = [c for use in again.values() for c in use.values()]
    return ", ".join(f"{cells.count(c)} {c}" for c in dict.fromkeys(cells))


def check_rights(policy: Plain, evidence: dict[str, Plain], decided: Plain) -> str:
    """Hold a decision to what uses need that affect people's rights; return it in words."""
    if not decided.get("affects_rights"):
        return ""
    why = "the use affects people's rights, and"
    need(not decided["self_attested"], f"{why} no second person approved")
    need(not decided.get("waivers"), f"{why} a rule was waived")
    approved = [u for u, status in decided["uses"].items() if status == "approved"]
    for use in approved:
        rules = [r for r in policy["rule"] if use in r["uses"] and r.get("severity") != "info"]
        fair = any(r["metric"].startswith(FAIR) for r in rules)
        need(fair, f"{why} the policy has no rule on disparity or representation for {use}")
    for s in decided["stages"]:
        read, gate = evidence[s["stage"]], decided.get("gate", "1")
        for r, _, said in matching_rows(policy, read, list(decided["uses"]), [], gate):
            weak = r.get("severity") == "warn" and set(r["uses"]) & set(s["uses"]) & set(approved)
            need(not weak or said == "PASS", f"{why} a rule that else only warns is {said}")
    return "uses that affect people's rights have what they need"
