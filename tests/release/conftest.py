"""Four realistic contents of reports: release, refusal, evaluation and draft; nasty names too."""

from __future__ import annotations

import math
import random

import pytest

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.threat import Profile, threat_of
from assaymark.release.pages.report_content import (
    AttackPicture,
    AttemptLine,
    ColumnPicture,
    ControlLine,
    FitnessLine,
    GroupLevel,
    GroupPicture,
    PairLine,
    ReportContent,
    StageLine,
    TransformLine,
    UseLine,
    VerdictLine,
)

NASTY = ("<script>alert(1)</script>", "a\"b'c&d", "数据·列", "x" * 140, "http://example.org/x.js")
NAMES = (
    *("age", "sex", "race", "admission_type", "discharge_disposition", "admission_source"),
    *("time_in_hospital", "payer_code", "medical_specialty", "num_lab_procedures"),
    *("num_procedures", "num_medications", "number_outpatient", "number_emergency"),
    *("number_inpatient", "diag_1", "diag_2", "diag_3", "number_diagnoses", "max_glu_serum"),
    *("A1Cresult", "metformin", "repaglinide", "glipizide", "glyburide", "pioglitazone"),
    *("rosiglitazone", "insulin", "change", "diabetesMed", "readmitted"),
    *NASTY,
)
TV = Quantity(
    name="marginals.distance",
    title="Distance of one column's shares",
    unit="share",
    better="lower",
    meaning="Total variation distance of pooled bins; 0.1 means a tenth of the rows would have "
    "to move to another bin.",
)
AUC = Quantity(
    name="membership.excess",
    title="Members found beyond strangers",
    unit="share",
    better="lower",
    meaning="Share of members named minus share of strangers wrongly named.",
)
SCORE = Quantity(
    name="usefulness.ratio",
    title="Model trained on synthetic rows against one trained on real rows",
    unit="ratio",
    better="higher",
    meaning="1 means equally good on rows that neither has seen.",
)
GROUP = Quantity(
    name="representation.log_ratio",
    title="Over- or under-representation of a group",
    unit="log ratio of odds",
    better="zero",
    meaning="0 means the group has the same odds as in the real rows.",
)


def measured(quantity, subject, value, half, *, n=4000, **more) -> Measurement:
    return Measurement(
        metric=quantity.name,
        subject=subject,
        value=round(value, 6),
        low=round(value - half, 6),
        high=round(value + half, 6),
        n=n,
        **more,
    )


def fidelity_lines(rng, uses, failing) -> list[VerdictLine]:
    lines = []
    for i, name in enumerate(NAMES):
        value = 0.09 + 0.02 * rng.random() if i in failing else 0.008 + 0.02 * rng.random()
        if i == 9 and failing:
            value = 0.048
        m = measured(TV, f"column:{name}", value, 0.007, floor=0.011, baseline=0.012)
        state = "FAIL" if value - 0.007 > 0.05 else "INCONCLUSIVE" if value > 0.043 else "PASS"
        reason = {
            "FAIL": "the whole interval is on the wrong side of the threshold",
            "INCONCLUSIVE": "the interval reaches across the threshold",
            "PASS": "the whole interval is on the good side of the threshold",
        }[state]
        lines += [
            VerdictLine(
                rule="columns-keep-their-shares",
                title="Each column keeps its shares",
                use=use,
                verdict=state,
                measurement=m,
                quantity=TV,
                threshold=0.05,
                direction="at_most",
                reason=reason,
                why="A count or a mean of one column taken from these rows is about what the "
                "real rows give.",
                remedy="Drop or generalise the columns listed, or give the generator more rows.",
                stage="confirmation",
                minimum_n=500,
            )
            for use in uses
        ]
    return lines


def attack_lines(uses, *, leak) -> list[VerdictLine]:
    value, half = (0.31, 0.05) if leak else (0.008, 0.017)
    common = {
        "direction": "at_most",
        "quantity": AUC,
        "why": "Somebody who has a person's record cannot tell whether it was used to make "
        "these rows.",
        "remedy": "Declare the patient as privacy unit and group rare codes, then run again.",
        "origin": "proposal; see validity note 1",
    }
    lines = []
    for use in uses:
        isolated = measured(
            AUC, "records:isolated", value, half, n=300, floor=0.002, limit_of_detection=0.04
        )
        lines.append(
            VerdictLine(
                rule="isolated-people-stay-hidden",
                title="People with rare records stay hidden",
                use=use,
                verdict="FAIL" if leak else "PASS",
                measurement=isolated,
                threshold=0.05,
                detect=0.05,
                minimum_n=300,
                reason="the whole interval is on the "
                + ("wrong" if leak else "good")
                + " side of the threshold",
                **common,
            )
        )
        everyone = measured(AUC, "table", 0.004, 0.012, limit_of_detection=0.02)
        lines.append(
            VerdictLine(
                rule="members-stay-hidden",
                title="Nobody's participation can be recognised",
                use=use,
                verdict="PASS",
                measurement=everyone,
                threshold=0.05,
                detect=0.05,
                reason="the whole interval is on the good side of the threshold",
                **common,
            )
        )
    return lines


def other_lines(uses) -> list[VerdictLine]:
    """One INCONCLUSIVE, NOT_RUN, STALE and WAIVED rule, and groups within and outside."""
    lines = []
    for use in uses:
        rows = [
            (
                "models-work",
                "A model trained on these rows works on real ones",
                SCORE,
                "at_least",
                0.95,
                measured(
                    SCORE,
                    "model:gradient_boosting",
                    0.962,
                    0.021,
                    n=9000,
                    baseline=0.61,
                    details={"top": [{"column": NASTY[0], "auc_lost": 0.04}, {"column": 3}, "x"]},
                ),
                ("INCONCLUSIVE", "the interval reaches across the threshold", "block"),
            ),
            (
                "models-work",
                "A model trained on these rows works on real ones",
                SCORE,
                "at_least",
                0.95,
                measured(SCORE, "model:logistic", 0.991, 0.012, n=9000, baseline=0.63),
                ("PASS", "the whole interval is on the good side of the threshold", "block"),
            ),
            (
                "refit-attack",
                "An attacker who refits the generator learns nothing",
                AUC,
                "at_most",
                0.05,
                Measurement.missing("shadow.excess", "no refit was given", "table"),
                ("NOT_RUN", "no refit was given", "warn"),
            ),
            (
                "copies",
                "No record is copied",
                AUC,
                "at_most",
                0.01,
                measured(AUC, "records:near copies", 0.001, 0.001),
                ("STALE", "the evidence is about other bytes", "info"),
            ),
            (
                "weights",
                "Rare codes are plausible",
                TV,
                "at_most",
                0.02,
                measured(TV, "pair:diag_1,sex", 0.031, 0.004, floor=0.01),
                ("WAIVED", "was FAIL: the whole interval is on the wrong side", "block"),
            ),
        ]
        rows += [
            (
                "groups",
                "No group is over- or under-represented",
                GROUP,
                "within",
                0.223,
                measured(GROUP, f"group:{g}", x, 0.09, n=800),
                (("INCONCLUSIVE", "the interval reaches across the threshold", "warn"))
                if abs(x) > 0.13
                else ("PASS", "the whole interval is on the good side", "warn"),
            )
            for g, x in (
                ("race=AfricanAmerican", -0.04),
                ("race=Asian", -0.19),
                ("sex=Female", 0.01),
                ("race=<b>Other</b>", 0.05),
            )
        ]
        lines += [
            VerdictLine(
                rule=rule,
                title=title,
                use=use,
                verdict=verdict,
                measurement=m,
                quantity=quantity,
                threshold=threshold,
                direction=direction,
                severity=severity,
                reason=reason,
                why="Plain words about what the rule is for, in one sentence.",
                remedy="Run again with more rows, or declare a wider margin in the policy.",
            )
            for rule, title, quantity, direction, threshold, m, (verdict, reason, severity) in rows
        ]
    return lines


def columns(rng, *, real=True) -> tuple[ColumnPicture, ...]:
    pictures = []
    for i, name in enumerate(NAMES):
        ordered = i % 3 == 0
        n = 12 if ordered else 2 + i % 9
        raw = [math.exp(-((j - n / 3) ** 2) / n) + 0.1 * rng.random() for j in range(n)]
        near = [x * (1 + 0.2 * (rng.random() - 0.5)) for x in raw]
        labels = (
            tuple(f"{10 * j} to {10 * j + 10}" for j in range(n))
            if ordered
            else tuple(
                ("Emergency", "Urgent", "Elective", "Not available", NASTY[0])[j % 5] + str(j)
                for j in range(n)
            )
        )
        shares = tuple(x / sum(raw) for x in raw)
        pictures.append(
            ColumnPicture(
                name=name,
                kind="integer" if ordered else "category",
                labels=labels,
                real=(*shares[:-1], None) if real else (),
                synthetic=tuple(x / sum(near) for x in near),
                missing_real=0.021 if real else None,
                missing_synthetic=0.019,
                ordered=ordered,
                roles=("quasi_identifier",) if i < 3 else (),
            )
        )
    return tuple(pictures)


def pairs(rng) -> tuple[PairLine, ...]:
    return tuple(
        PairLine(first=a, second=b, distance=0.24 * rng.random() ** 4, floor=0.02)
        for i, a in enumerate(NAMES)
        for b in NAMES[i + 1 :]
    )


def attacks(*, leak) -> tuple[AttackPicture, ...]:
    grid = [i / 40 for i in range(41)]
    weak = tuple((x, min(1.0, x + 0.012 * math.sin(3 * x))) for x in grid)
    strong = tuple((x, x ** (0.35 if leak else 0.97)) for x in grid)
    return (
        AttackPicture(
            name="membership",
            title="Was this person's record used?",
            meaning="The attacker has a person's whole record and a sample of the same "
            "population, and guesses whether the record was used.",
            curve=strong,
            planted_curve=tuple((x, x**0.2) for x in grid),
            null_curve=weak,
            controls=(
                ControlLine(
                    name="25 rare records copied", kind="planted", caught=29, of=30, size=0.04
                ),
                ControlLine(name="1 % of rows copied", kind="planted", caught=30, of=30, size=0.1),
                ControlLine(name="Fresh sample", kind="null", caught=1, of=30),
            ),
            limit_of_detection=0.04,
            records=300,
        ),
        AttackPicture(name="singling_out", title="Can one person be singled out?"),
    )


def groups() -> tuple[GroupPicture, ...]:
    return (
        GroupPicture(
            title="Share of rows by race",
            levels=(
                GroupLevel(name="Caucasian", real=0.748, synthetic=0.751),
                GroupLevel(name="AfricanAmerican", real=0.189, synthetic=0.183),
                GroupLevel(name="Hispanic", real=0.02, synthetic=0.021),
                GroupLevel(name="Asian", real=0.006, synthetic=0.005),
                GroupLevel(name="<b>Other</b>", real=None, synthetic=0.004),
            ),
        ),
        GroupPicture(
            title="Readmitted within 30 days, by sex",
            unit="share of the group",
            levels=(
                GroupLevel(name="Female", real=0.112, synthetic=0.109),
                GroupLevel(name="Male", real=0.110, synthetic=0.111),
            ),
        ),
    )


def base(mode, rng, **more) -> ReportContent:
    return ReportContent(
        mode=mode,
        title="Diabetes hospital encounters, 25,000 patients",
        made_at="2026-11-24T02:30:00Z",
        threat=threat_of(Profile.CONTROLLED),
        policy_name="controlled",
        policy_origin="shipped profile, unmodified",
        policy_digest="3f" * 32,
        candidate="a7" * 32,
        columns=columns(rng),
        pairs=pairs(rng),
        groups=groups(),
        measurements=(
            measured(TV, "table", 0.0123456, 0.001),
            Measurement.missing("shadow.auc", "no refit was given"),
        ),
        quantities=(TV,),
        transformations=(
            TransformLine(what="drop", columns=("encounter_id",), why="identifies a row"),
            TransformLine(
                what="group rare values", columns=("diag_1", "diag_2", NASTY[0]), why="rare codes"
            ),
        ),
        provenance=(
            ("Source", "Diabetes 130-US hospitals, 10,000 to 50,000 persons"),
            ("Privacy unit", "person (patient_nbr)"),
            ("Generator", "tree_chain, leaves of at least 50 persons"),
            ("Software", "assaymark 0.1.0"),
        ),
        attribution=("Strack et al. (2014), BioMed Research International, CC BY 4.0.",),
        limits=("Rows of one person are sampled as independent rows.",),
        **more,
    )


@pytest.fixture(scope="session")
def release() -> ReportContent:
    rng = random.Random(1)
    uses = ("analytics", "pretraining")
    return base(
        "release",
        rng,
        rows=25000,
        self_attested=True,
        uses=(
            UseLine(use="analytics", status="approved"),
            UseLine(use="pretraining", status="inconclusive"),
            UseLine(use="policy_simulation", status="not asked"),
        ),
        fitness=tuple(
            FitnessLine(use="analytics", group=f"race={name}", fitness=fitness, why=why)
            for i, name in enumerate((*NASTY, *map(str, range(20))))
            for fitness, why in [(("fit", ""), ("not fit", f"{name} fails"))[i % 2]]
        ),
        verdicts=(
            *fidelity_lines(rng, uses, ()),
            *attack_lines(uses, leak=False),
            *other_lines(("pretraining",)),
        ),
        attacks=attacks(leak=False),
        must_know=("Several rows of one person are independent here.",),
        stages=(
            StageLine(name="development", result="all required rules pass", note="3 attempts"),
            StageLine(name="confirmation", result="all required rules pass", note="opening 1 of 3"),
        ),
        attempts=(
            AttemptLine(number=1, when="2026-11-23", candidate="b1" * 32, result="refused"),
            AttemptLine(number=2, when="2026-11-24", candidate="a7" * 32, result="approved"),
        ),
        next_actions=("Verify the folder offline: assaymark verify .",),
        notices=("Formats are version 0 and may change.",),
    )


@pytest.fixture(scope="session")
def refusal() -> ReportContent:
    rng = random.Random(2)
    uses = ("analytics", "pretraining")
    return base(
        "refusal",
        rng,
        uses=(
            UseLine(use="analytics", status="refused"),
            UseLine(use="pretraining", status="refused"),
        ),
        verdicts=(
            *fidelity_lines(rng, uses, (15, 16, 17)),
            *attack_lines(uses, leak=True),
            *other_lines(uses),
        ),
        attacks=attacks(leak=True),
    )


@pytest.fixture(scope="session")
def evaluation() -> ReportContent:
    rng = random.Random(3)
    uses = ("analytics",)
    return base(
        "evaluation",
        rng,
        uses=(UseLine(use="analytics", status="inconclusive"),),
        verdicts=(*fidelity_lines(rng, uses, ()), *other_lines(uses)),
        must_know=("No holdout was given, so no attack can be judged.",),
    )


@pytest.fixture(scope="session")
def draft() -> ReportContent:
    rng = random.Random(4)
    return ReportContent(
        mode="draft",
        title="my.csv",
        made_at="2026-11-24T02:30:00Z",
        rows=50000,
        columns=columns(rng),
        pairs=pairs(rng),
        must_know=("The column “name” looks like a direct identifier and was left out.",),
        next_actions=("assaymark init my.csv", "assaymark run recipe.toml"),
        provenance=(("Generator", "tree_chain"), ("Rows", "50,000")),
        measurements=(measured(TV, "table", 0.012, 0.001, floor=0.008, baseline=0.01),),
        quantities=(TV,),
    )


@pytest.fixture(scope="session")
def empty() -> ReportContent:
    return ReportContent(mode="draft", title="", made_at="")


@pytest.fixture(scope="session", params=["release", "refusal", "evaluation", "draft", "empty"])
def any_content(request) -> ReportContent:
    return request.getfixturevalue(request.param)
