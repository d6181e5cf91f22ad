import base64
import html
import io
import json

import pandas as pd
import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.core.threat import Profile
from assaymark.decide.policy import profile_bytes
from assaymark.errors import LeakError
from assaymark.release.boundary.leak import REMEDIES
from assaymark.release.boundary.linter import check_boundary, leaks_of
from assaymark.release.boundary.spelt import number_of

FRAME = pl.DataFrame({"age": [40, 51], "sex": ["f", "m"]})


def parquet(frame=FRAME, **more):
    raw = io.BytesIO()
    frame.write_parquet(raw, **{"statistics": False, **more})
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

CARD, REPORT, POLICY, CSV = "card.md", "report.html", "policy.toml", "data/synthetic.csv"
PARQUET = "data/synthetic.parquet"


def page(body):
    return f"<!doctype html><title>r</title><body>{body}</body>".encode()


VARIATIONS = {
    "a seed in English": ("seed", {CARD: b"The random seed was forty-two.\n"}),
    "a count in English": (
        "exact count",
        {CARD: b"Nine hundred and eighty-seven patients in the training set.\n"},
    ),
    "a rate of few as a fraction": (
        "small cell",
        {DEVELOPMENT: json.dumps({"m": [{"metric": "ill", "rate": "3/7"}]}).encode()},
    ),
    "few people in a sentence": ("small cell", {CARD: b"It held for 3 of 7 patients.\n"}),
    "weights in base85": (
        "model weights",
        {DEVELOPMENT: evidence(about=base64.b85encode(bytes(range(256)) * 16).decode())},
    ),
    "a camel-cased seed": ("seed", {DEVELOPMENT: evidence(generatorSeed=7)}),
    "seeds in a list": ("seed", {DEVELOPMENT: evidence(seeds=[3, 4])}),
    "a seed deep inside": ("seed", {PROVENANCE: provenance(parameters={"a": [{"numpy_seed": 5}]})}),
    "a seed in a string of JSON": ("seed", {DEVELOPMENT: evidence(about='{"rng": 12}')}),
    "a state of a generator": ("seed", {DEVELOPMENT: evidence(rng_state={"state": [1, 2]})}),
    "a seed that a page shows": ("seed", {REPORT: page("<dt>Seed</dt><dd>42</dd>")}),
    "a seed in a comment": ("seed", {REPORT: page("<!-- random_state=42 -->")}),
    "a seed in a script": ("seed", {REPORT: page('<script>{"rootSeed": 99}</script>')}),
    "a seed in an attribute": ("seed", {REPORT: page('<p data-seed="42">x</p>')}),
    "a seed in a comment of the policy": (
        "seed",
        {CARD: b"", POLICY: b"# seed: 1234\nname = 'p'\n"},
    ),
    "a seed in a key of the policy": ("seed", {CARD: b"", POLICY: b"[a]\nseed = 1234\n"}),
    "a seed in a Parquet footer": ("seed", {PARQUET: parquet(metadata={"seed": "1234"})}),
    "a call": ("seed", {CARD: b"rng = np.random.default_rng(42)\n"}),
    "a hexadecimal seed": ("seed", {CARD: b"SEED=0xdeadbeef\n"}),
    "a seed in a sentence": ("seed", {CARD: b"The random seed was 42.\n"}),
    "an exact count in words": ("exact count", {CARD: b"- Rows of the source: 12,345\n"}),
    "a count on a page": ("exact count", {REPORT: page("<dt>Holdout rows</dt><dd>: 311</dd>")}),
    "an exact count as a band": ("exact count", {PROVENANCE: provenance(source_rows="about 901")}),
    "another key of a count": ("exact count", {DEVELOPMENT: evidence(nTrain=4000)}),
    "persons counted": ("exact count", {PROVENANCE: provenance(n_patients="460")}),
    "a count in a sentence": ("exact count", {CARD: b"The source has 12,345 rows.\n"}),
    "a count of people in a sentence": (
        "exact count",
        {REPORT: page("<p>4,711 patients were in the training data</p>")},
    ),
    "patients": ("exact count", {DEVELOPMENT: evidence(patients=460)}),
    "rows in a source": ("exact count", {DEVELOPMENT: evidence(rows_in_source="12 345")}),
    "a seed in bold": ("seed", {CARD: b"**Seed:** 42\n"}),
    "a seed in a table": ("seed", {CARD: b"| seed | 42 |\n"}),
    "a seed in a form": ("seed", {REPORT: page('<input name="seed" value="42">')}),
    "a short path with a file": ("embedded path", {CARD: b"Read from /data/raw.csv\n"}),
    "a drive with a file": ("embedded path", {CARD: b"Read from D:\\ward7.csv\n"}),
    "a time stamp": ("file time", {DEVELOPMENT: evidence(timestamp=1764061234)}),
    "a short pickle": (
        "model weights",
        {DEVELOPMENT: evidence(about=base64.b64encode(b"\x80\x04\x95" + bytes(60)).decode())},
    ),
    "row numbers": ("person ids", {DEVELOPMENT: evidence(rows=[3, 17, 20])}),
    "a SHA-1": ("bare hash", {DEVELOPMENT: evidence(of="0" * 39 + "a")}),
    "a SHA-512": ("bare hash", {CARD: b"0f" * 64}),
    "a hash in capitals": ("bare hash", {CARD: sha256(b"real").upper().encode()}),
    "a hash in base64": (
        "bare hash",
        {CARD: base64.b64encode(bytes.fromhex(sha256(b"real")))},
    ),
    "a hash under a name that others use": (
        "bare hash",
        {"threat.json": json.dumps({"id": sha256(b"patient 7")}).encode()},
    ),
    "a hash on a page": ("bare hash", {REPORT: page(sha256(b"real"))}),
    "a hash of each person": (
        "bare hash",
        {CSV: f"who,age\n{sha256(b'1')},40\n{sha256(b'2')},51\n".encode()},
    ),
    "an unnamed column": ("row index", {CSV: b"Unnamed: 0,age\n7,40\n9,51\n"}),
    "an original row number": ("row index", {CSV: b"orig_row,age\n17,40\n9,51\n"}),
    "a named pandas index": (
        "row index",
        {PARQUET: pandas_parquet(pd.DataFrame({"a": [1, 2]}, index=[7, 9]))},
    ),
    "modified": ("file time", {DEVELOPMENT: evidence(lastModified="2026-11-25")}),
    "a time of a file in words": ("file time", {CARD: b"st_mtime: 1764061234\n"}),
    "a time on a page": ("file time", {REPORT: page("<p>Written 2026-11-25 09:00:00.12</p>")}),
    "a home folder with spaces and accents": (
        "embedded path",
        {CARD: "See /home/jos\u00e9/d\u00e9partement/x.csv\n".encode()},
    ),
    "a path with forward slashes": ("embedded path", {CARD: b"Read C:/Users/ada/x.csv\n"}),
    "a share": ("embedded path", {CARD: b"\\\\server01\\ward7\\x.csv\n"}),
    "a tilde": ("embedded path", {CARD: b"~/ward7/x.csv\n"}),
    "a bucket": ("embedded path", {DEVELOPMENT: evidence(about="s3://ward7/x.parquet")}),
    "a database": ("embedded path", {CARD: b"postgresql://ada@db/ward\n"}),
    "a path in a page": ("embedded path", {REPORT: page('<a href="file:///home/ada/x">x</a>')}),
    "a path in a key": ("embedded path", {PROVENANCE: provenance(parameters={"/home/ada/x": 1})}),
    "a path in the policy": (
        "embedded path",
        {CARD: b"", POLICY: b"# from /srv/ward7/policy.toml\n"},
    ),
    "a path in the header of a CSV": ("embedded path", {CSV: b"/home/ada/x,age\n7,40\n9,51\n"}),
    "statistics": ("parquet statistics", {PARQUET: parquet(statistics=True)}),
    "metadata of its own": ("parquet metadata", {PARQUET: parquet(metadata={"from": "ward"})}),
    "bytes between columns": (
        "file kind",
        {PARQUET: parquet()[:4] + b"x" * 4096 + parquet()[4:]},
    ),
    "members": ("person ids", {DEVELOPMENT: evidence(split={"holdout": [3, 17, 20]})}),
    "a map of members": ("person ids", {DEVELOPMENT: evidence(folds={"p1": 0, "p2": 1})}),
    "ids in words": ("person ids", {CARD: b"Holdout ids: P0012, P0044, P0071\n"}),
    "free text late in a file": (
        "free text",
        {CSV: b"age,note\n" + b"40,\n" * 20_000 + f"40,{NOTE}\n".encode()},
    ),
    "a small cell in words": ("small cell", {CARD: b"| Asian | 0.5 | n = 3 |\n"}),
    "a small cell of a group": (
        "small cell",
        {DEVELOPMENT: json.dumps({"m": [{"group": "race=Asian", "count": 3}]}).encode()},
    ),
    "a small cell in a string": (
        "small cell",
        {DEVELOPMENT: json.dumps({"m": [{"rate": "0.5", "n": "4"}]}).encode()},
    ),
    "coefficients": ("model weights", {DEVELOPMENT: evidence(coef=[[0.5] * 60])}),
    "a pickle in a document": (
        "model weights",
        {DEVELOPMENT: evidence(about=base64.b64encode(bytes(4000)).decode())},
    ),
    "a pickle under another name": ("file kind", {CARD: b"\x80\x04\x95\x00"}),
    "a pickle as rows": ("file kind", {PARQUET: b"\x80\x04\x95\x00"}),
    "a key twice": ("file kind", {"threat.json": b'{"a": 1, "a": 2}'}),
    "JSON without end": ("file kind", {"threat.json": b"[" * 200_000}),
    "a program of another name": ("file kind", {"run.py": b"print(1)\n"}),
}

ODD = pl.DataFrame(
    {
        "seed": [1, 2, 1],
        "index": [5, 5, 7],
        "n": [3, 4, 3],
        "holdout_rows": [311, 12, 311],
        "pandas": ["a", "b", "a"],
        "mtime": ["2020-01-01T00:00:00.123456"] * 3,
        "path": ["/home/ada/x", "C:\\Users\\ada\\x", "s3://ward/x"],
        "hash": [sha256(b"1"), sha256(b"1"), sha256(b"1")],
        "id": [17, 3, 20],
    }
)


def odd():
    """Return a release whose columns are called like leaks."""
    named = [f"group:{c}={v}" for c in ODD.columns for v in ODD[c].to_list()]
    levels = [str(v) for c in ODD.columns for v in ODD[c].to_list()]
    measured = [{"metric": "m", "subject": s, "value": "0.1", "n": 400} for s in named]
    shown = "".join(f"<td>{html.escape(s)}</td>" for s in (*named, *levels))
    return release(
        **{
            CSV: ODD.write_csv().encode(),
            PARQUET: parquet(ODD),
            DEVELOPMENT: json.dumps({"measurements": measured}).encode(),
            "sketch.json": json.dumps({"n": 3, "levels": levels}).encode(),
            CARD: "\n".join(f"- {c}: {ODD[c][0]}" for c in ODD.columns).encode(),
            REPORT: page(shown),
        }
    )


def test_columns_that_are_called_like_leaks_are_none():
    assert leaks_of(odd()) == ()


@pytest.mark.parametrize("name", VARIATIONS)
def test_variations_of_leaks_are_found(name):
    rule, changes = VARIATIONS[name]
    found = leaks_of(release(**changes))
    assert rule in {leak.rule for leak in found}
    assert {leak.path for leak in found} <= set(changes)


def test_what_is_refused_says_what_and_where_and_what_to_do():
    files = release(**LEAKS["a path of a home folder"][1])
    with pytest.raises(LeakError, match=r"card\.md: embedded path: '/home/ada") as raised:
        check_boundary(files)
    assert REMEDIES["embedded path"] in str(raised.value)
    assert raised.value.exit_code == 3
    check_boundary(release())


def test_a_clean_release_has_no_leak():
    assert leaks_of(release()) == ()


@pytest.mark.parametrize("name", LEAKS)
def test_each_known_leak_is_found(name):
    rule, changes = LEAKS[name]
    found = leaks_of(release(**changes))
    assert rule in {leak.rule for leak in found}
    assert {leak.path for leak in found} <= set(changes)


@pytest.mark.parametrize(
    "said",
    [
        "About nine hundred people in the training set.",
        "Nine hundred people of the source.",  # a band: two digits and noughts
        "One thousand two hundred patients in the source.",
        "Two people of the source were asked.",
        "The seed is one secret of the workspace.",
        "The public seed was seven.",
        "Rules held in 3 of 7 replicates, for 12 of 400 people.",
        "1/2 of the people",
    ],
)
def test_bands_and_figures_in_words_are_no_leaks(said):
    assert leaks_of(release(**{CARD: said.encode()})) == ()


@pytest.mark.parametrize(
    ("words", "n"),
    [
        ("zero", 0),
        ("nineteen", 19),
        ("forty-two", 42),
        ("nine hundred and eighty-seven", 987),
        ("twelve thousand three hundred", 12_300),
        ("two million five", 2_000_005),
    ],
)
def test_numbers_in_words(words, n):
    assert number_of(words) == n


def test_words_about_seeds_and_roots_are_no_leaks():
    words = (
        b"Made with the public seed 7. Read and/or cite; 1/2/3 of the rows; see https://a.b/c/d.\n"
    )
    assert leaks_of(release(**{"card.md": words})) == ()


@pytest.mark.parametrize("profile", Profile)
def test_a_policy_that_is_shipped_gives_nothing_away(profile):
    assert leaks_of({"policy.toml": profile_bytes(profile)}) == ()
