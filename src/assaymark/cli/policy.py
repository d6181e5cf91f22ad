"""``assaymark policy``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table, wrapped
from assaymark.core.threat import Profile

__all__ = ["app"]

app = typer.Typer(help="Read what the rules of a policy say and rest on.", no_args_is_help=True)
_Profile = Annotated[Profile | None, typer.Option(help="The shipped policy of this profile.")]
_Policy = Annotated[Path | None, typer.Option(help="A policy file instead of a shipped one.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(profile: _Profile = None, policy: _Policy = None, json: _Json = False) -> None:
    """List the rules of a policy; the shipped one for named recipients by default."""
    from assaymark.flow.policy import policy_named, rules_of

    rules = rules_of(policy_named(profile, policy))
    if json:
        print_json([r.plain() for r in rules])
        return
    typer.echo(table([r.cells for r in rules], ("rule", "severity", "condition", "title")))
    typer.echo("\nassaymark policy explain RULE says what a rule rests on.")


@app.command("explain")
def explain(
    rule: Annotated[str, typer.Argument(help="Name of the rule, as `policy list` prints it.")],
    profile: _Profile = None,
    policy: _Policy = None,
    json: _Json = False,
) -> None:
    """Say what a rule measures, from which source, when it passes, and what it does not show."""
    from assaymark.flow.policy import explain as explained
    from assaymark.flow.policy import policy_named

    found = explained(policy_named(profile, policy), rule)
    if json:
        print_json(found.plain())
        return
    typer.echo(f"{found.rule} ({found.severity}, policy {found.policy})\n{found.title}.\n")
    for head, text in (
        ("Why", found.why),
        ("Condition", f"{found.condition} ({found.unit})"),
        ("Measured", found.meaning),
        ("How", found.definition),
        ("Verdict", f"{found.passes}."),
        ("Pitfalls", found.pitfalls or "none are recorded."),
        ("If it fails", found.remedy),
        ("Limit from", f"{found.origin}."),
        ("Uses", ", ".join(u.replace("_", " ") for u in found.uses)),
        ("Threat model", "requires this attack" if found.required else "does not require it"),
        ("Source", found.source or "own definition"),
    ):
        typer.echo(wrapped(head, text))
