"""The program: its commands, and what it ends with when one of them fails."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from assaymark import __version__
from assaymark.cli import (
    budget,
    compare,
    demo,
    dial,
    evaluate,
    generate,
    generator,
    impute,
    infer,
    init,
    ledger,
    monitor,
    people,
    policy,
    release,
    review,
    run,
    show,
    source,
    verify,
)
from assaymark.cli.say import complain, misused
from assaymark.errors import AssaymarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main"]

_INTERRUPTED = 130

app = typer.Typer(
    name="assaymark",
    help="Make synthetic data, hold it against a policy, and issue a signed release that anyone "
    "can verify offline, or refuse and say why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.command)
app.command("run")(run.command)
app.command("generate")(generate.command)
app.command("evaluate")(evaluate.command)
app.command("compare")(compare.command)
app.command("impute")(impute.command)
app.command("dial")(dial.command)
app.command("infer")(infer.command)
app.command("verify")(verify.command)
app.command("review")(review.command)
app.command("monitor")(monitor.command)
app.command("show")(show.command)
app.command("demo")(demo.command)
app.add_typer(source.app, name="source")
app.add_typer(policy.app, name="policy")
app.add_typer(generator.app, name="generator")
app.add_typer(release.app, name="release")
app.add_typer(people.app, name="people")
app.add_typer(ledger.app, name="ledger")
app.add_typer(budget.app, name="budget")


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and end it with the exit code of ``interfaces.md``.

    0 approved, 1 internal error, 2 bad input, 3 refused or inconclusive, 4 integrity broken,
    130 interrupted.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait leave the cores free
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(args=given, standalone_mode=False, prog_name="assaymark")
    except AssaymarkError as error:
        complain(error, as_json="--json" in given)
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except typer.TyperException as error:
        code = misused(error, as_json="--json" in given)
    if code == _INTERRUPTED:  # typer ends with it by itself
        typer.echo("\ninterrupted; start the same command again to go on", err=True)
    sys.exit(code if isinstance(code, int) else 0)
