"""Kill a run, fill its disk, start two at once, set its clock back: is anything lost?

    python bench/kill.py [--points 200] [--full 20] [--two 10] [--clock 5] [--real]

A run here is a whole one (read, split, fit, sample, evaluate, decide, sign, enter) on 300 rows of
three columns, but for the metrics, which are replaced by measurements that pass, so that a run
takes a second and not a minute; ``--real`` leaves them as they are. Half of the kills are at a
random moment, half at a random one of the run's file events in its workspace (open, rename,
chmod, unlink, mkdir, connect), so that short steps are hit as often as long ones. A kill is
SIGKILL, by a timer or from an audit hook. After it the ledger must verify, hold at least
what was seen before, and every release folder that is there must verify; the same run again must
end in a release of the same rows, with the same verdicts, one attempt and one opening.

The disk is a tmpfs of a random size. Needs ``mount``; where that is not permitted it is said so.
Points are drawn until as many as were asked for were hit during the run. Raw results are kept in
bench/results/kill.json, and points that are there are not run again.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np

import assaymark.flow.evaluate.assess
import assaymark.flow.run
import assaymark.release.verify
from assaymark.core.measurement import Measurement
from assaymark.core.threat import Profile, threat_of
from assaymark.errors import WorkspaceError
from assaymark.evaluate import metrics
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import check_ledger, entries_of

RESULTS = Path(__file__).parent / "results" / "kill.json"
EVENTS = ("open", "os.rename", "os.chmod", "os.remove", "os.mkdir", "sqlite3.connect")
ATTACKS = threat_of(Profile.ENCLAVE).attacks
POLICY = 'name = "p"\nprofile = "enclave"\n' + "".join(
    f'\n[[rule]]\nid = "{m}"\nmetric = "{m}"\ndirection = "at_most"\nthreshold = 1.0\n'
    'uses = ["analytics"]\ntitle = "t"\nwhy = "w"\nremedy = "r"\n'
    for m in ATTACKS
)
RECIPE = """
name = "small"

[source]
path = "small.csv"

[source.rights]
owner = "the bench"
licence = "CC0-1.0"

[split]
cross_fit = false

[generate]
replicates = 1

[use]
requested = ["analytics"]

[threat]
profile = "enclave"
"""


def template(folder: Path) -> None:
    """Write table, recipe, policy, and a workspace whose secrets are drawn already."""
    rng = np.random.default_rng(0)
    rows = zip(
        rng.integers(20, 90, 300), rng.choice(list("abc"), 300), rng.random(300), strict=True
    )
    lines = [f"{a},{b},{c:.3f}" for a, b, c in rows]
    folder.mkdir()
    (folder / "small.csv").write_text("\n".join(["age,ward,score", *lines]) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "policy.toml").write_text(POLICY)
    (folder / "ws" / "sealed").mkdir(parents=True, mode=0o700)
    (folder / "ws" / "sealed" / "split").write_bytes(bytes([7]) * 32)


def passing(*_, record, **__):
    """Stand in for the metrics: look at the rows as they would, and find nothing."""
    for name in metrics.names():
        record(name, ("train", "holdout"))
    return tuple(Measurement(metric=m, value=0.0, low=0.0, high=0.01, n=300) for m in ATTACKS)


def child(folder: Path, *, event: int = 0, clock: bool = False) -> int:
    """Run in a process of its own, which ends itself at file event number ``event``.

    At event -1, which never comes, it leaves the number of its events in ``events``.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        sys.stderr = words_of(folder).open("w")
        left = _arm(event) if event else [0]
        if clock:
            _set_back()
        os.chdir(folder)
        outcome = run(read_job(Path("recipe.toml")), Options(workspace=Path("ws"), seed=1))
        (folder / "outcome.json").write_text(outcome.model_dump_json())
        if event < 0:
            (folder / "events").write_text(str(event - left[0]))
            (folder / "modules").write_text("\n".join(sys.modules))
        code = 0
    except WorkspaceError as error:
        print(error, file=sys.stderr)
        code = error.exit_code
    except BaseException:  # noqa: BLE001 - what ends a child is written down
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _arm(event: int) -> list[int]:
    left = [event]

    def hook(name: str, said: tuple) -> None:
        if name in EVENTS and "ws/" in str(said[0]):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return left


def _set_back() -> None:
    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=tz)

    for module in list(sys.modules.values()):
        ours = getattr(module, "__name__", "").startswith("assaymark.")
        if ours and getattr(module, "datetime", None) is datetime:
            module.datetime = Earlier


def ended(pid: int) -> int:
    """Wait for a child; its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def looked_at(folder: Path) -> dict:
    """Check a workspace in a process of its own; say what is in it, or what is wrong."""
    out = folder / "looked"
    pid = os.fork()
    if pid:
        code = ended(pid)
        return json.loads(out.read_text()) if code == 0 else {"wrong": f"{code}: {out.read_text()}"}
    code = 1
    try:
        ws = folder / "ws"
        check_ledger(ws)
        made = [p for p in ws.glob("releases/*") if not p.name.startswith(".")]
        bad = [p.name for p in made if not verify(p).ok]
        out.write_text(json.dumps({"entries": entries_of(ws), "releases": len(made), "bad": bad}))
        code = 0
    except BaseException:  # noqa: BLE001 - what ends a child is written down
        out.write_text(traceback.format_exc()[-400:])
    finally:
        os._exit(code)


def goes_on(folder: Path, reference: dict) -> str:
    """Check what a run that was ended left behind, run it again, and say what is wrong."""
    before = looked_at(folder) if (folder / "ws" / "ledger.db").exists() else {"entries": []}
    if before.get("wrong") or before.get("bad"):
        return f"after the end: {before}"
    code = ended(child(folder))
    if code:
        return f"the same run again ended with {code}: {words_of(folder).read_text()[-300:]}"
    after = looked_at(folder)
    if after.get("wrong") or after["bad"] or after["releases"] != 1:
        return f"after the second run: {after.get('wrong') or after['bad']} {after.get('releases')}"
    if after["entries"][: len(before["entries"])] != before["entries"]:
        return "entries were lost"
    found = said(folder, after["entries"])
    return "" if found == reference else f"another outcome: {found}"


def words_of(folder: Path) -> Path:
    """Return where a run's words go: beside its folder, which may be full."""
    return folder.with_name(f"{folder.name}.said")


def said(folder: Path, entries: list) -> dict:
    """Return what must not depend on how often a run was ended."""
    outcome = json.loads((folder / "outcome.json").read_text())
    kinds = Counter(e["kind"] for e in entries)
    manifest = json.loads((Path(folder / outcome["release"]) / "manifest.json").read_text())
    rows = {
        f["path"]: f["sha256"] for f in manifest["files"] if f["path"].startswith(("data/", "pol"))
    }
    return {
        **{k: outcome[k] for k in ("candidate", "uses", "attempts", "policy_digest")},
        "rows": rows,
        "candidates": len({e["subject"] for e in entries if e["kind"] == "candidate"}),
        "opened": kinds["confirmation.opened"],
    }


TOO_LATE = "not hit: the run had ended"


def point(kind: str, number: int, made: Path, reference: dict, limits: tuple) -> str:
    """Try one point, by a run's seconds and events; return what is wrong, or nothing."""
    seconds, events = limits
    rng = random.Random(f"{kind} {number}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        if kind == "full":
            return _full(folder, made, reference, rng.randrange(150, 580))
        shutil.copytree(made, folder)
        if kind == "two":
            return _two(folder, reference)
        if kind == "clock":
            ended(child(folder, event=rng.randrange(1, events)))
            code = ended(child(folder, clock=True))
            return (
                f"with the clock set back it ended with {code}"
                if code
                else goes_on(folder, reference)
            )
        if number % 2:
            code = ended(child(folder, event=rng.randrange(1, events)))
        else:
            pid = child(folder)
            time.sleep(rng.uniform(0.0, seconds))
            os.kill(pid, signal.SIGKILL)
            code = ended(pid)
        return goes_on(folder, reference) or (TOO_LATE if code == 0 else "")


def _two(folder: Path, reference: dict) -> str:
    codes = sorted(ended(p) for p in [child(folder), child(folder)])
    return (
        f"two at once ended with {codes}"
        if codes not in ([0, 2], [0, 0])
        else goes_on(folder, reference)
    )


def _full(folder: Path, made: Path, reference: dict, kilobytes: int) -> str:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        return f"not run: {mounted.stderr.strip()}"
    try:
        shutil.copytree(made, folder, dirs_exist_ok=True)
        code = ended(child(folder))
        words = words_of(folder).read_text()
        if code not in {0, 2} or (code == 2 and "make room" not in words):
            return f"on a full disk it ended with {code}: {words[-200:]}"
        subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
        return goes_on(folder, reference)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def landed(runs: dict) -> int:
    """Return how many points were hit while the run was going on."""
    return sum(s != TOO_LATE for s in runs.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--full", type=int, default=20)
    parser.add_argument("--two", type=int, default=10)
    parser.add_argument("--clock", type=int, default=5)
    parser.add_argument("--real", action="store_true", help="leave the metrics as they are")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    if not asked.real:
        assaymark.flow.evaluate.assess.measure = passing
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "made"
        template(made)
        first = Path(place) / "first"
        shutil.copytree(made, first)
        code = ended(child(first, event=-1))
        if code:
            sys.exit(f"the reference run ended with {code}: {words_of(first).read_text()}")
        reference = said(first, looked_at(first)["entries"])
        for name in (first / "modules").read_text().split("\n"):
            with contextlib.suppress(ImportError, AttributeError):
                importlib.import_module(name)
        second = Path(place) / "second"
        shutil.copytree(made, second)
        begun = time.monotonic()
        ended(child(second))
        seconds = time.monotonic() - begun
        limits = (seconds, int((first / "events").read_text()))
        print(f"a run that nothing disturbs: {seconds:.1f} s, {limits[1]} events", flush=True)
        suffix = ", real metrics" if asked.real else ""
        for kind in ("kill", "full", "two", "clock"):
            wanted = asked.points if kind == "kill" else getattr(asked, kind)
            runs = done.setdefault(kind + suffix, {})
            for number in itertools.count():
                if landed(runs) >= wanted or number >= 3 * wanted:
                    break
                if str(number) not in runs:
                    runs[str(number)] = point(kind, number, made, reference, limits)
                    asked.out.write_text(json.dumps(done, indent=0) + "\n")
            late = sum(s == TOO_LATE for s in runs.values())
            bad = {n: s for n, s in runs.items() if s not in {"", TOO_LATE}}
            good, all_ = len(runs) - late - len(bad), len(runs) - late
            print(f"{kind}: {good} of {all_} lost nothing and went on; {late} not hit", flush=True)
            for n, words in bad.items():
                print(f"  {kind} {n}: {words}")


if __name__ == "__main__":
    main()
