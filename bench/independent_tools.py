"""Independent tools: do securesystemslib and mlcroissant read what assaymark writes?

    python -m venv indep
    indep/bin/pip install securesystemslib cryptography mlcroissant pyarrow
    python bench/independent_tools.py --python indep/bin/python [RELEASE ...]

Without a release: two of a small table, one attested by oneself and one that a second person
approved with a waiver, with a finding, an answer, a withdrawal and a receipt; and every golden
release. Their Croissant is the one that `assaymark release documents` writes, if they carry none.

What reads them is this same file, in the other environment, where assaymark is not installed. It
takes keys from the files (`keys/`, the role file, what a finding or a receipt names), checks every
signature of every DSSE envelope with securesystemslib, and that none holds where one byte of the
payload is altered; and reads each croissant.json with mlcroissant: errors, warnings, all rows.
Ends with 1 if anything fails; writes ``results/independent_tools.json``.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "tests/golden"


def main() -> int:
    """Make or take releases, have the other environment read them, print and write a table."""
    ask = argparse.ArgumentParser()
    ask.add_argument("releases", nargs="*", type=Path)
    ask.add_argument("--python", type=Path, help="the environment with the independent tools")
    ask.add_argument("--read", action="store_true", help="read FOLDER/*, and print JSON")
    asked = ask.parse_args()
    if asked.read:
        print(json.dumps(read_all(asked.releases[0])))
        return 0
    with tempfile.TemporaryDirectory() as place:
        gather(Path(place), asked.releases)
        done = subprocess.run(
            [asked.python or sys.executable, __file__, "--read", place],
            stdout=subprocess.PIPE,
            check=True,
        )
    found = json.loads(done.stdout)
    if not asked.releases:
        raw = json.dumps(found, indent=1, sort_keys=True) + "\n"
        (HERE / "results/independent_tools.json").write_text(raw)
    print(table(found))
    for name, x in sorted(found["releases"].items()):
        for why in (*x["refused"], *x["errors"]):
            print(f"{name}: {why}")
    bad = [x for x in found["releases"].values() if x["refused"] or x["altered"] or x["errors"]]
    return 1 if bad else 0


def table(found: dict) -> str:
    """Return the table of docs/figures.md."""
    said = ", ".join(f"{name} {v}" for name, v in sorted(found["versions"].items()))
    lines = [
        said,
        "",
        "| release | envelopes | signatures that hold | altered that hold | Croissant |",
    ]
    lines.append("|---|---|---|---|---|")
    for name, x in sorted(found["releases"].items()):
        rows = "none" if x["rows"] is None else f"{x['rows']:,} rows, "
        rows += "" if x["rows"] is None else f"{len(x['errors'])} errors, {x['warnings']} warnings"
        held = f"{x['signatures'] - len(x['refused'])} of {x['signatures']}"
        kinds = f"{x['envelopes']} ({', '.join(x['kinds'])})"
        lines.append(f"| `{name}` | {kinds} | {held} | {x['altered']} | {rows} |")
    return "\n".join(lines)


def gather(place: Path, given: list[Path]) -> None:
    """Copy what is to be read to ``place``, each release with its Croissant in it."""
    from assaymark.flow.release.documents import documents

    releases = [(p.resolve().name, p) for p in given]
    if not given:
        releases = [(f"golden {p.name}", p) for p in sorted((GOLDEN / "releases").iterdir())]
        releases += made(place.with_name(f"{place.name}-made"))
    for name, release in releases:
        shutil.copytree(release, place / name)
        beside = release.with_name(f"{release.name}.notices")
        if beside.is_dir():
            shutil.copytree(beside, place / name / "notices beside it")
        if (release / "manifest.json").is_file() and not (release / "croissant.json").exists():
            with tempfile.TemporaryDirectory() as out:
                documents(release, out=Path(out))
                shutil.copy(Path(out) / "croissant.json", place / name)
    shutil.rmtree(place.with_name(f"{place.name}-made"), ignore_errors=True)


def made(folder: Path) -> list[tuple[str, Path]]:
    """Make two releases of a small table, and all that may be said of one since."""
    import importlib.util

    from assaymark.core.document import sha256
    from assaymark.flow.release.recall import answer, challenge, take_in, withdraw
    from assaymark.flow.release.receipts import destroyed
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

    spec = importlib.util.spec_from_file_location("make_release", GOLDEN / "make_release.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    other = SigningKey.parse(bytes(range(1, 33)))
    alone, reviewed = Workspace.open(folder / "one"), Workspace.open(folder / "two")
    first, second = make.release(alone), make.reviewed(reviewed)
    raw = challenge(first, other, "closeness", "counted again")
    take_in(alone, first.name, raw)
    answer(alone, first.name, sha256(raw), "refuted", "counted by both")
    told = withdraw(alone, first.name, "quality", "practice", instruct="destroy")
    beside = first.with_name(f"{first.name}.notices")
    shutil.copytree(Path(told.notice).parent, beside)
    receipt = destroyed(Path(told.notice), other, ["copy"], "deleted")
    (beside / "receipt.dsse.json").write_bytes(receipt)
    return [("made, self-attested", first), ("made, reviewed", second)]


def read_all(folder: Path) -> dict:
    """Read every release in a folder with tools that know nothing of assaymark."""
    return {
        "versions": {name: version(name) for name in ("securesystemslib", "mlcroissant")},
        "releases": {p.name: read(p) for p in sorted(folder.iterdir())},
    }


def read(release: Path) -> dict:
    """Return what the tools say of one release."""
    envelopes = sorted(release.rglob("*.dsse.json"))
    publics = {p.read_text().strip() for p in release.rglob("keys/*.pub")}
    for path in envelopes:
        publics |= publics_in(predicate_of(path))
    checked = [check(path, publics) for path in envelopes]
    return {
        "envelopes": len(envelopes),
        "kinds": sorted({kind_of(p) for p in envelopes}),
        "signatures": sum(n for n, _, _ in checked),
        "refused": [
            f"{p.name}: {why}" for p, (_, r, _) in zip(envelopes, checked, strict=True) for why in r
        ],
        "altered": sum(a for _, _, a in checked),
        **croissant(release),
    }


def kind_of(path: Path) -> str:
    """Return what kind of statement an envelope holds."""
    plain = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    return plain["predicateType"].removeprefix("https://assaymark.dev/").rpartition("/")[0]


def predicate_of(path: Path) -> dict:
    """Return what a statement says, before anything is verified."""
    return json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))["predicate"]


def publics_in(predicate: dict) -> set[str]:
    """Return the keys that a role file lists, or that a finding or a receipt names."""
    people = [k["public"] for p in predicate.get("persons", ()) for k in p["keys"]]
    return {*people, *([predicate["public"]] if "public" in predicate else [])}


def check(path: Path, publics: set[str]) -> tuple[int, list[str], int]:
    """Return how many signatures there are, why any is refused, and how many hold when altered."""
    import hashlib

    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    keys = [
        SSlibKey(hashlib.sha256(bytes.fromhex(p)).hexdigest(), "ed25519", "ed25519", {"public": p})
        for p in sorted(publics)
    ]
    plain = json.loads(path.read_bytes())
    n, refused, altered = len(plain["signatures"]), [], 0
    try:
        Envelope.from_dict(json.loads(path.read_bytes())).verify(keys, n)
    except (VerificationError, ValueError) as error:
        refused.append(str(error))
    raw = bytearray(base64.b64decode(plain["payload"]))
    raw[len(raw) // 2] ^= 1
    other = Envelope.from_dict({**plain, "payload": base64.b64encode(raw).decode()})
    try:
        other.verify(keys, 1)
        altered = 1
    except VerificationError:
        pass
    return n, refused, altered


def croissant(release: Path) -> dict:
    """Return errors and warnings of a release's Croissant, and how many rows it leads to."""
    if not (release / "croissant.json").exists():
        return {"rows": None, "errors": [], "warnings": 0}
    warnings.simplefilter("ignore")
    import mlcroissant

    try:
        data = mlcroissant.Dataset(jsonld=str(release / "croissant.json"))
        issues = data.metadata.ctx.issues
        rows = sum(1 for _ in data.records("rows"))
        return {"rows": rows, "errors": sorted(issues.errors), "warnings": len(issues.warnings)}
    except (mlcroissant.ValidationError, mlcroissant.GenerationError) as error:
        why = f"{error}: {error.__cause__}" if error.__cause__ else str(error)
        return {"rows": 0, "errors": [why], "warnings": 0}


if __name__ == "__main__":
    sys.exit(main())
