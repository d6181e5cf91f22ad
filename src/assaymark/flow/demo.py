"""Demo: the main job on real encounters, first naively, then with care, then with a proof."""

from __future__ import annotations

import importlib.resources
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.zcdp import best_success
from assaymark.decide.verdict import UseStatus
from assaymark.errors import WorkspaceError
from assaymark.flow.job import Options, read_job
from assaymark.flow.progress import silent
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.source.budget import balance_of
from assaymark.flow.source.queries import asked_of
from assaymark.flow.source.read import prepare
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assaymark.flow.outcome import Outcome, VerdictRow
    from assaymark.flow.progress import Progress

__all__ = ["Story", "demo"]

_MARK = ".assaymark-demo"
_FILES = ("diabetes130.parquet", "naive.toml", "careful.toml", "private.toml", "LICENSE-DATA.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the acts came to; ``private`` is there where it was asked for."""

    naive: Outcome
    careful: Outcome
    seconds: float
    private: Outcome | None = None


def demo(
    out: Path,
    *,
    say: Callable[[str], None],
    progress: Progress = silent,
    program: str = "assaymark",
    private: bool = False,
) -> Story:
    """Run both acts in ``out`` with a fresh workspace; the words follow what was computed.

    ``private`` adds the second act once more, under differential privacy.

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
    proved = _proved(out, say, progress) if private else None
    story = Story(naive=naive, careful=careful, seconds=time.monotonic() - begun, private=proved)
    say(f"\nAll acts took {story.seconds:.0f} s. Open these in a browser:\n")
    acts = [("Act 1", naive), ("Act 2", careful), *([("Act 2b", proved)] if proved else [])]
    for name, outcome in acts:
        say(f"  {name:6} {outcome.report}")
    for name, outcome in acts:
        if outcome.release is not None:
            say(f"\nThe release of {name}:  {outcome.release}")
            say(f"Verify it:             {program} verify {outcome.release}")
    return story


def _proved(out: Path, say: Callable[[str], None], progress: Progress) -> Outcome:
    """Run the second act under differential privacy, and ask the account of half the patients."""
    say("\nAct 2b. The same patients with a proof: fewer columns, and noise for each patient.")
    outcome = _act(out, "private.toml", progress)
    _tell(outcome, say)
    job = read_job(out / "private.toml")
    spec = job.recipe.privacy
    assert spec is not None  # noqa: S101
    say(
        f"  Proved: who bets at even odds on whether one patient was in is right at most "
        f"{best_success(spec.epsilon, spec.delta):.1%} of the time (epsilon {spec.epsilon:g}), "
        "whatever he knows. At epsilon 1 it would be "
        f"{best_success(1.0, spec.delta):.1%}; a coin: 50 %."
    )
    workspace = Workspace.open(out / "workspace")
    half = job.frame.sample(fraction=0.5, shuffle=True, seed=1)
    named = job.recipe.model_copy(update={"name": "quite-another-study"})
    prepared = prepare(half, named, workspace.secret("split"))
    assert prepared.prints is not None  # noqa: S101
    spent = balance_of(asked_of(workspace, prepared), prepared.prints)
    say(
        "  Half of the rows, shuffled, under another name: the account knows these patients, and "
        f"says that epsilon {spent.epsilon:.3g} of {spent.cap:g} is spent."
    )
    if outcome.release is not None:
        _prove(out, outcome.release, say)
    return outcome


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
        rules = len({v.rule for v in blocking})
        say(f"  {word}: {status.value}, by {rules} of the rules that must pass")
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
