"""Statements of a small release, made by hand: every rule of the shipped policy passes."""

import io
import json

import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.rights import OdrlRule, Rights
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.flow.release.documents import documents_of
from assaymark.monitor.sketch import sketch
from assaymark.release.build import ReleaseContents, build, contents
from assaymark.release.predicates import (
    RECIPE_ONLY,
    CrossFitDecided,
    Decided,
    Provenance,
    StageDecided,
    Step,
)
from assaymark.store.keys import SigningKey

FRAME = pl.DataFrame(
    {"age": [40, 51, 60], "sex": ["f", "m", "f"], "cost": [1.5, 2.0, None], "read me": [True] * 3}
)
KEY = SigningKey.parse(bytes(range(32)))
SUBJECTS = {
    "column:*": "column:age",
    "attack:*": "attack:density",
    "records:isolated,attack:*": "records:isolated,attack:density",
    "group:*": "group:sex=f",
    "model:*": "model:boosting",
}


def parquet_of(frame):
    raw = io.BytesIO()
    frame.write_parquet(raw, statistics=False)
    return raw.getvalue()


def passing(rule):
    """Return a measurement with which a rule passes."""
    at = {"at_most": 0.3, "at_least": 1.2, "within": 0.1}[rule.direction] * rule.threshold
    half = abs(rule.threshold) * 0.2
    subject = SUBJECTS.get(rule.subject, rule.subject)
    return Measurement(
        metric=rule.metric,
        subject="table" if subject == "*" else subject,
        value=at,
        low=at - half,
        high=at + half,
        n=max(rule.minimum_n, 1_234),
        limit_of_detection=None if rule.detect is None else rule.detect * 0.9,
    ).rounded()


def rights_of(**more):
    return Rights(
        owner="the university hospital",
        licence="CC-BY-4.0",
        duo=("DUO:0000042",),
        odrl=(OdrlRule(rule="prohibition", action="sell"),),
        contact="data@hospital.example",
        **more,
    )


@pytest.fixture(scope="session")
def made():
    """Return a maker of a release's files, before it is sealed; what is given is replaced."""

    def make(
        *, measurements=(), uses=None, rights=None, sealed=False, earlier=0, crossed=False, **more
    ):
        policy = profile_bytes(Profile.CONTROLLED)
        found = {(m.metric, m.subject): m for m in map(passing, parse_policy(policy).rule)}
        found |= {(m.metric, m.subject): m for m in measurements}
        parquet = parquet_of(FRAME)
        candidate = sha256(sha256(parquet).encode())
        evidence = {
            stage: Evidence.of(
                found.values(), candidate=candidate, stage=stage, suite="assaymark"
            ).canonical()
            for stage in (("cross-fit",) if crossed else ("development", "confirmation"))
        }
        said = uses or {"analytics": "approved", "pretraining": "approved"}
        threat = threat_of(Profile.CONTROLLED, earlier=earlier).canonical()
        fields = {
            "name": "stays",
            "title": "Stays of 2019",
            "rights": rights or rights_of(),
            "source_commitment": "a" * 64,
            "source_rows": "about 28,000",
            "source_persons": "about 20,000",
            "unit": "person",
            "split_commitment": "b" * 64,
            "transformations": (
                Step(
                    kind="top_code",
                    columns=("age",),
                    parameters="values held at most 95",
                    changed="about 51",
                    why="The 2 oldest stand out.",
                ),
            ),
            "generator": "tree_chain",
            "parameters": {"k": 20, "honest": True},
            "rows": 14_000,
            "replicates": 1,
            "randomness": "secret root",
            "candidate": candidate,
            "attempts": 3,
            "openings": 1,
            "software": "assaymark 0.1.0",
            "ledger_size": 74,
            "ledger_root": "c" * 64,
        }
        decided = Decided(
            candidate=candidate,
            policy=sha256(policy),
            threat=sha256(threat),
            uses=said,
            stages=tuple(
                CrossFitDecided(
                    stage=stage, evidence=sha256(raw), uses=said, refits=5, about=RECIPE_ONLY
                )
                if crossed
                else StageDecided(stage=stage, evidence=sha256(raw), uses=said)
                for stage, raw in evidence.items()
            ),
            self_attested=True,
            made_at="2026-11-25T11:07:07+00:00",
        )
        content = ReleaseContents(
            parquet=(parquet,),
            csv=(FRAME.write_csv().encode(),),
            policy=policy,
            threat=threat,
            evidence=evidence,
            sketch=sketch(FRAME).canonical(),
            documents=documents_of,
            report=b"",
            provenance=Provenance(**(fields | more)),
            decision=decided,
            public=KEY.public,
            sign=KEY.sign,
        )
        return build(content) if sealed else contents(content)

    return make


@pytest.fixture(scope="session")
def files(made):
    return made()


@pytest.fixture(scope="session")
def plain():
    """Return the reader of a JSON file of a release."""
    return lambda files, path: json.loads(files[path])


@pytest.fixture(scope="session")
def key():
    return KEY
