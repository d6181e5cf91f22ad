"""Write docs/reference from the code; `--check` fails where a page is out of date.

python docs/make_reference.py [--check]
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import typer

from assaymark.cli.app import app
from assaymark.core.comparison import Comparison
from assaymark.core import recipe
from assaymark.core.constraint import CONSTRAINTS
from assaymark.core.rights import Rights
from assaymark.core.schema import Kind, Role
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.fixture import Fixture, Sample
from assaymark.decide.lifecycle import NEEDS, TRANSITIONS
from assaymark.decide.policy import Policy, Rule, parse_policy, profile_bytes
from assaymark.decide.watch import Watch
from assaymark.evaluate import metrics
from assaymark.flow.outcome import Outcome
from assaymark.generate import generators

HERE = Path(__file__).parent / "reference"


def commands() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    lines = ["# Commands", "", "Generated from the program itself.", ""]
    lines += [
        "| exit code | means |",
        "|---|---|",
        "| 0 | every requested use is approved; the command did what was asked |",
        "| 1 | an internal error: please report it |",
        "| 2 | bad input: the message says what was found, what is valid and what to do |",
        "| 3 | a requested use is refused or inconclusive, rights block the release, or one that "
        "holds is not to be used by now |",
        "| 4 | integrity broken: bytes, signatures or the ledger disagree |",
        "| 130 | interrupted; start the same command again |",
        "",
    ]
    for name, command in sorted(group.commands.items()):
        inner = getattr(command, "commands", None)
        for path, c in sorted(inner.items()) if inner else [("", command)]:
            lines += _command(f"{name} {path}".strip(), c)
    return "\n".join(lines)


def _command(path: str, command: object) -> list[str]:
    lines = [f"## `assaymark {path}`", "", inspect.cleandoc(command.help or ""), ""]
    rows = []
    for p in command.params:
        if p.name == "help":
            continue
        names = ", ".join(f"`{o}`" for o in p.opts) if p.opts[0].startswith("-") else f"`{p.name}`"
        default = "" if p.default in (None, False, ()) or p.required else f"`{p.default}`"
        rows.append(f"| {names} | {getattr(p, 'help', '') or ''} | {default} |")
    return [*lines, "| argument or option | what it does | default |", "|---|---|---|", *rows, ""]


def quantities() -> str:
    """Every quantity that a metric can yield."""
    lines = ["# Metrics", "", "Generated. One file a metric under `src/assaymark/evaluate/`.", ""]
    for name in metrics.names():
        cls = metrics.load(name)
        lines += [f"## `{name}` ({metrics.family(name)})", "", inspect.getdoc(cls) or "", ""]
        lines += ["| quantity | title | unit | good | a rule may use it |", "|---|---|---|---|---|"]
        for q in cls.quantities:
            gate = "yes" if q.gate else f"no: {q.why_not}"
            lines.append(
                f"| `{q.name}` | {q.title}: {q.meaning} | {q.unit} | {q.better} | {gate} |"
            )
        lines.append("")
    return "\n".join(lines)


def generators_() -> str:
    """Every generator with its docstring."""
    lines = [
        "# Generators",
        "",
        "Generated. One file a generator under `src/assaymark/generate/`.",
        "",
    ]
    for name in generators.names():
        lines += [
            f"## `{name}`",
            "",
            "```text",
            inspect.getdoc(generators.load(name)) or "",
            "```",
            "",
        ]
    return "\n".join(lines)


def rules() -> str:
    """Every rule of the shipped policies."""
    lines = ["# Shipped policies", "", "Generated from `src/assaymark/decide/profiles`.", ""]
    for profile in Profile:
        policy, threat = parse_policy(profile_bytes(profile)), threat_of(profile)
        lines += [f"## `{profile.value}`", ""]
        lines += [
            f"Recipients: {threat.recipient}. Adversary {threat.rung}: {threat.knowledge}.",
            "",
        ]
        lines += [f"Not covered: {threat.not_covered}.", ""]
        lines += ["| rule | good is | on | uses | severity | origin |", "|---|---|---|---|---|---|"]
        lines += [_rule(r) for r in policy.rule]
        lines += ["", "| watch | seen | held against | then | rules that become STALE |"]
        lines += ["|---|---|---|---|---|"]
        lines += [_watch(w) for w in policy.watch]
        lines.append("")
    return "\n".join(lines)


def _rule(r: Rule) -> str:
    side = {"at_most": "at most", "at_least": "at least", "within": "within ±"}[r.direction]
    return (
        f"| `{r.id}` {r.title} | `{r.metric}` {side} {r.threshold:g} | `{r.subject}` "
        f"| {', '.join(r.uses)} | {r.severity} | {r.origin} |"
    )


def _watch(w: Watch) -> str:
    size = f" of {w.at_least:g} or more" if w.at_least else ""
    then, rules = w.then.replace("_", " "), ", ".join(w.rules)
    return f"| `{w.id}` {w.title} | {w.observe}{size} | {w.against} | {then} | {rules} |"


def settings() -> str:
    """Every key of recipe.toml and policy.toml."""
    lines = ["# Settings", "", "Generated. Unknown keys are errors with a suggestion.", ""]
    lines += [f"Roles: {', '.join(f'`{r.value}`' for r in Role)}.", ""]
    lines += [f"Kinds: {', '.join(f'`{k.value}`' for k in Kind)}.", ""]
    models = [recipe.Recipe, recipe.SourceSpec, Rights, recipe.ColumnSpec, recipe.SplitSpec]
    models += [recipe.GenerateSpec, recipe.UseSpec, recipe.ThreatSpec]
    models += CONSTRAINTS.values()
    models += [recipe.Drop, recipe.Generalise, recipe.TopCode, recipe.BucketDate, recipe.GroupRare]
    for model in [*models, Policy, Rule, Watch, Fixture, Sample]:
        lines += [f"## {model.__name__}", "", inspect.getdoc(model) or "", ""]
        lines += ["| key | type | default |", "|---|---|---|"]
        for name, f in model.model_fields.items():
            kind = (
                "tables"
                if name == "constraint"
                else str(f.annotation).replace("typing.", "").replace("assaymark.core.recipe.", "")
            )
            kind = kind.replace("|", "\\|").removeprefix("<class '").removesuffix("'>")
            default = (
                "required" if f.is_required() else f"`{f.get_default(call_default_factory=True)!r}`"
            )
            default = default.replace("|", "\\|")
            lines.append(
                f"| `{name}` | `{kind.rpartition('.')[2] if '[' not in kind else kind}` | {default} |"
            )
        lines.append("")
    return "\n".join(lines)


def lifecycle() -> str:
    """The states of a release as a picture."""
    arrows = [f"    {a.value} --> {b.value}" for a, to in TRANSITIONS.items() for b in sorted(to)]
    lines = ["# Lifecycle of a release", "", "Generated from `decide/lifecycle.py`.", ""]
    lines += ["```mermaid", "stateDiagram-v2", *arrows, "```", ""]
    lines += ["| status | what must have been said before |", "|---|---|"]
    return "\n".join([*lines, *(f"| {s.value} | {words} |" for s, words in NEEDS.items()), ""])


def outcome_schema() -> str:
    """The JSON schema of `--json`."""
    return json.dumps(Outcome.model_json_schema(), indent=2) + "\n"


def comparison_schema() -> str:
    """The JSON schema of what `compare --json` prints."""
    return json.dumps(Comparison.model_json_schema(), indent=2) + "\n"


PAGES = {
    "commands.md": commands,
    "metrics.md": quantities,
    "generators.md": generators_,
    "policies.md": rules,
    "settings.md": settings,
    "lifecycle.md": lifecycle,
    "outcome.schema.json": outcome_schema,
    "comparison.schema.json": comparison_schema,
}


def main() -> int:
    """Write or check every page."""
    stale = []
    HERE.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        text, path = make().rstrip() + "\n", HERE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    print(f"{len(PAGES)} pages, {len(stale)} {'stale' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
