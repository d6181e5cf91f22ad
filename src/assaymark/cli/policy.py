"""``assaymark policy``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table, wrapped
from assaymark.core.threat import Profile

__all__ = ["app"]

app = typer.Typer(
    help="Read what the rules of a policy say and rest on, test them, and compare policies.",
    no_args_is_help=True,
)
_Profile = Annotated[Profile | None, typer.Option(help="The shipped policy of this profile.")]
_Policy = Annotated[Path | None, typer.Option(help="A policy file instead of a shipped one.")]
_WHICH = "A policy file, or the name of a profile: controlled, open, enclave."
_EFFECTS = {
    "looser": "looser: more may pass than before",
    "tighter": "tighter: less may pass than before",
    "both": "looser in some things and tighter in others",
    "other": "different; whether more or less may pass depends on the rows",
    "none": "the same in everything that decides",
}
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(profile: _Profile = None, policy: _Policy = None, json: _Json = False) -> None:
    """List the rules of a policy; the shipped one for named recipients by default."""
    from assaymark.flow.decide.policy import policy_named, rules_of

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
    from assaymark.flow.decide.policy import explain as explained
    from assaymark.flow.decide.policy import policy_named

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
        ("If not proven", found.unproven),
        ("Limit from", f"{found.origin}."),
        ("Uses", ", ".join(u.replace("_", " ") for u in found.uses)),
        ("Threat model", "requires this attack" if found.required else "does not require it"),
        ("Source", found.source or "own definition"),
    ):
        typer.echo(wrapped(head, text))


@app.command("test")
def try_out(
    policy: Annotated[str, typer.Argument(help=_WHICH)] = "controlled",
    json: _Json = False,
) -> None:
    """Hold a policy against its own fixtures, and mutate every rule to see that it can block.

    Ends with 3 where a fixture or a mutation does not end as it must.
    """
    from assaymark.flow.decide.policy import tested

    found = tested(policy)
    if json:
        print_json(found.plain())
    else:
        mutations = sum(len(r.outcomes) for r in found.rules)
        typer.echo(
            f"policy {found.policy}: {len(found.fixtures)} fixtures, {len(found.rules)} rules, "
            f"{mutations} mutations\n"
        )
        rows = [(f.name, f.expected, ", ".join(set(f.uses.values()))) for f in found.fixtures]
        typer.echo(table(rows, ("fixture", "must be", "is")))
        heads = ("rule", "severity", "mutations stopped", "not asked for")
        typer.echo("\n" + table([r.cells for r in found.rules], heads) + "\n")
        if found.watches:
            seen = ("watch", "then", "at its limit", "below", "of another kind")
            typer.echo(table([w.cells for w in found.watches], seen) + "\n")
        for problem in found.problems:
            typer.echo(f"  - {problem}")
        for note in found.notes:
            typer.echo(f"  - know: {note}")
        said = (
            f"{len(found.problems)} problems" if found.problems else "each rule can block, or warn"
        )
        typer.echo(f"{'FAILED' if found.problems else 'ok'}: {said}")
    if found.problems:
        raise typer.Exit(3)


@app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(help=_WHICH)],
    after: Annotated[str, typer.Argument(help=_WHICH)],
    json: _Json = False,
) -> None:
    """Say what changed from one policy to another, and whether more or less may pass."""
    from assaymark.flow.decide.policy import difference

    found = difference(before, after)
    if json:
        print_json(found.plain())
        return
    typer.echo(f"{found.before} -> {found.after}: {_EFFECTS[found.effect]}")
    if found.changes:
        heads = ("effect", "rule", "what", "before", "after")
        typer.echo("\n" + table([c.cells for c in found.changes], heads))
    typer.echo(
        "\nAnother policy is no new attempt, and refills neither holdout nor openings: evidence "
        "that is there is judged again."
    )
