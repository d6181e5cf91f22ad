import base64
import io
import json

import pandas as pd
import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.release.boundary import leaks_of

FRAME = pl.DataFrame({"age": [40, 51], "sex": ["f", "m"]})


def parquet(frame=FRAME, **more):
    raw = io.BytesIO()
    frame.write_parquet(raw, **more)
    return raw.getvalue()


def pandas_parquet(frame):
    raw = io.BytesIO()
    frame.to_parquet(raw, engine="pyarrow")
    return raw.getvalue()


def envelope(predicate):
    payload = base64.b64encode(json.dumps({"predicate": predicate}).encode()).decode()
    return json.dumps({"payload": payload, "signatures": []}).encode()


def release(**changes):
    """Return a small release; keys are paths with two underscores for a slash."""
    files = {
        "data/synthetic.parquet": parquet(),
        "data/synthetic.csv": FRAME.write_csv().encode(),
        "policy.toml": b'name = "p"\n',
        "threat.json": b'{"profile": "controlled"}',
        "evidence/development.json": json.dumps(
            {"candidate": "a" * 64, "measurements": [{"metric": "m", "value": "0.1", "n": 400}]}
        ).encode(),
        "attestations/provenance.dsse.json": envelope(
            {
                "source_rows": "1,000 to 2,000",
                "source_commitment": "b" * 64,
                "randomness": "public seed 7",
                "made_at": "2026-11-25T09:00:00+00:00",
            }
        ),
        "card.md": f"# Card\n\nPolicy `{sha256(b'x')}`\n".encode(),
    }
    files["policy.toml"] = b"x"
    return {**files, **changes}


def evidence(**more):
    return json.dumps(
        {"measurements": [{"metric": "m", "value": "0.1", "n": 400}], **more}
    ).encode()


def provenance(**more):
    return envelope({"source_rows": "1,000 to 2,000", **more})


DEVELOPMENT, PROVENANCE = "evidence/development.json", "attestations/provenance.dsse.json"
NOTE = "a patient who came in the night after a fall from a ladder at the old mill by the river"

LEAKS = {
    "a seed in a document": ("seed", {DEVELOPMENT: evidence(seed=7)}),
    "a seed in words": ("seed", {"card.md": b"Made with seed = 12345.\n"}),
    "a generator state": ("seed", {PROVENANCE: provenance(parameters={"random_state": "99"})}),
    "an exact count": ("exact count", {PROVENANCE: provenance(source_rows="1234")}),
    "an exact count as a number": ("exact count", {DEVELOPMENT: evidence(holdout_rows=311)}),
    "the hash of a private file": ("bare hash", {DEVELOPMENT: evidence(file=sha256(b"real"))}),
    "an MD5 of a person": ("bare hash", {"card.md": b"0cc175b9c0f1b6a831c399e269772661\n"}),
    "a pandas index": (
        "row index",
        {"data/synthetic.parquet": pandas_parquet(pd.DataFrame({"a": [1, 2]}, index=[7, 9]))},
    ),
    "pandas metadata": (
        "pandas metadata",
        {"data/synthetic.parquet": pandas_parquet(pd.DataFrame({"a": [1, 2]}))},
    ),
    "a row number in a CSV": ("row index", {"data/synthetic.csv": b"row_nr,age\n0,40\n1,51\n"}),
    "an unnamed index in a CSV": ("row index", {"data/synthetic.csv": b",age\n0,40\n1,51\n"}),
    "a file time": ("file time", {DEVELOPMENT: evidence(mtime=1_700_000_000)}),
    "a time to the millisecond": (
        "file time",
        {PROVENANCE: provenance(made_at="2026-11-25T09:00:00.123456")},
    ),
    "a path of a home folder": ("embedded path", {"card.md": b"From /home/ada/ward7/stays.csv\n"}),
    "a path of Windows": (
        "embedded path",
        {DEVELOPMENT: evidence(source="C:\\Users\\ada\\stays.csv")},
    ),
    "a path in a Parquet footer": (
        "embedded path",
        {"data/synthetic.parquet": parquet(metadata={"from": "/home/ada/ward7/stays.csv"})},
    ),
    "ids of the holdout": ("person ids", {DEVELOPMENT: evidence(holdout_ids=["p1", "p2"])}),
    "row numbers of members": ("person ids", {DEVELOPMENT: evidence(indices=[3, 17, 20])}),
    "free text": ("free text", {"data/synthetic.csv": f"age,note\n40,{NOTE}\n".encode()}),
    "a small cell": (
        "small cell",
        {DEVELOPMENT: json.dumps({"m": [{"metric": "rate", "value": "0.5", "n": 4}]}).encode()},
    ),
    "weights of a model": ("file kind", {"model.pt": b"PK"}),
    "a pickle": ("file kind", {"data/model.pkl": b"\x80\x04"}),
    "notes": ("file kind", {"NOTES.md": b"todo"}),
}


def test_a_clean_release_has_no_leak():
    assert leaks_of(release()) == ()


@pytest.mark.parametrize("name", LEAKS)
def test_each_known_leak_is_found(name):
    rule, changes = LEAKS[name]
    found = leaks_of(release(**changes))
    assert rule in {leak.rule for leak in found}
    assert {leak.path for leak in found} <= set(changes)


def test_words_about_seeds_and_roots_are_no_leaks():
    words = (
        b"Made with the public seed 7. Read and/or cite; 1/2/3 of the rows; see https://a.b/c/d.\n"
    )
    assert leaks_of(release(**{"card.md": words})) == ()
