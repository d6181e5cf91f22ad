"""Demo: the main job twice on real encounters, first naively, then with care."""

from __future__ import annotations

import importlib.resources
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.decide.verdict import UseStatus
from assaymark.errors import WorkspaceError
from assaymark.flow.progress import silent
from assaymark.flow.run import Options, read_job, run
from assaymark.flow.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assaymark.flow.outcome import Outcome, VerdictRow
    from assaymark.flow.progress import Progress

__all__ = ["Story", "demo"]

_MARK = ".assaymark-demo"
_FILES = ("diabetes130.parquet", "naive.toml", "careful.toml", "LICENSE-DATA.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the two acts came to."""

    naive: Outcome
    careful: Outcome
    seconds: float


def demo(
    out: Path,
    *,
    say: Callable[[str], None],
    progress: Progress = silent,
    program: str = "assaymark",
) -> Story:
    """Run both acts in ``out`` with a fresh workspace; the words follow what was computed.

    Raises
    ------
    WorkspaceError
        When ``out`` holds something that no demo made; nothing is deleted then.
    """
    begun = time.monotonic()
    _stage(out)
    say("Real data: 28,472 hospital encounters of 20,000 patients with diabetes (CC BY 4.0).\n")
    say("Act 1. The naive recipe: rows instead of patients, identifiers and rare codes left in.")
    naive = _act(out, "naive.toml", progress)
    _tell(naive, say)
    say("\nAct 2. The careful recipe: the patient is the unit, columns are generalised or dropped.")
    careful = _act(out, "careful.toml", progress)
    _tell(careful, say)
    if careful.release is not None:
        _prove(out, careful.release, say)
    story = Story(naive=naive, careful=careful, seconds=time.monotonic() - begun)
    say(f"\nBoth acts took {story.seconds:.0f} s. Open these in a browser:\n")
    say(f"  Act 1  {naive.report}")
    say(f"  Act 2  {careful.report}")
    if careful.release is not None:
        say(f"\nThe release:  {careful.release}")
        say(f"Verify it:    {program} verify {careful.release}")
    return story


def _stage(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise WorkspaceError(
            f"{str(out)!r} is not empty and was not made by the demo; nothing was touched\n\n"
            "Hint: assaymark demo --out ANOTHER_FOLDER"
        )
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / _MARK).write_text("made by `assaymark demo`; the next demo here replaces it\n")
    folder = importlib.resources.files("assaymark.data")
    for name in _FILES:
        (out / name).write_bytes((folder / name).read_bytes())


def _act(out: Path, recipe: str, progress: Progress) -> Outcome:
    return run(read_job(out / recipe), Options(workspace=out / "workspace"), progress)


def _tell(outcome: Outcome, say: Callable[[str], None]) -> None:
    for use, status in outcome.uses.items():
        word = use.replace("_", " ")
        if status is UseStatus.APPROVED:
            say(f"  {word}: approved under policy {outcome.policy!r}")
            continue
        blocking = _blocking(outcome, use)
        say(f"  {word}: {status.value}, by {len(blocking)} of the rules that must pass")
        for v in blocking[:4]:
            say(f"    {_sentence(v)}")
    for line in outcome.blocked:
        say(f"  not released: {line}")
    if outcome.release is None:
        say("  Nothing was released; the rows stay quarantined in the workspace.")
    else:
        say("  Signed and released for what was approved, and for nothing else.")


def _blocking(outcome: Outcome, use: str) -> list[VerdictRow]:
    rows = [
        v
        for v in outcome.verdicts
        if v.use == use and v.severity == "block" and v.verdict not in {"PASS", "WAIVED"}
    ]
    return sorted(rows, key=lambda v: v.verdict != "FAIL")


def _sentence(v: VerdictRow) -> str:
    about = "" if v.subject in {"table", "*"} else f" on {v.subject}"
    if v.value is None:
        return f"{v.verdict.value}: {v.rule}{about}: {v.reason}"
    return (
        f"{v.verdict.value}: {v.rule}{about} is {v.value:.3g}, 95 % interval "
        f"[{v.low:.3g}, {v.high:.3g}], and the policy allows {v.threshold:g}"
    )


def _prove(out: Path, release: str, say: Callable[[str], None]) -> None:
    """Verify the release as a stranger would, from a copy far from the workspace."""
    copy = out / "received"
    shutil.copytree(release, copy)
    found = verify(copy)
    shutil.rmtree(copy)
    held = sum(s.outcome == "OK" for s in found.steps)
    apart = sum(s.outcome == "NOT APPLICABLE" for s in found.steps)
    word = "holds" if found.ok else "DOES NOT HOLD"
    say(f"  Verified offline from a copy: it {word} ({held} steps; {apart} do not apply).")
