"""Recipe text: a commented ``recipe.toml`` that runs as it is, from what the profile found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.recipe import Drop, GroupRare
from assaymark.core.schema import Kind, Role
from assaymark.source.proposal import propose_steps, reaches_generator
from assaymark.source.vocabulary import QUASI, words

if TYPE_CHECKING:
    from assaymark.source.profile import ColumnProfile, TableProfile

__all__ = ["recipe_text", "toml_string"]

_CODES = 20  # fewer categories have hardly a common beginning
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

_TAIL = """
# How persons are divided (shares add up to 1). The generator sees train only; development may be
# looked at often; confirmation decides and is opened at most three times; reference is what an
# attacker is granted as background. unit = "row" would ignore the person key. A table of fewer
# than 2,000 persons, or with fewer than 1,600 in train (3,200 at these shares), is cross-fitted
# instead: five refits, each tested on a fifth it has not seen.
[split]
unit = "person"
train = 0.5
development = 0.2
confirmation = 0.2
reference = 0.1
cross_fit = "auto"  # true or false: whatever the size

[generate]
# generator = "tree_chain"  # the default, or what [privacy] takes; independent is the baseline
rows = 0                  # 0: about as many as the generator saw
replicates = 10           # tables of that many rows; ten make intervals narrow, 1 is quicker
# [generate.parameters]   # the default is for estimates and for training at once
# quality = "standard"    # without small trees: less close rows, in less time

[use]
requested = ["analytics", "pretraining"]  # also: policy_simulation

[threat]
profile = "controlled"  # named recipients; open: anyone; enclave: inside the institution
"""


def recipe_text(name: str, path: str, profile: TableProfile) -> str:
    """Return the text of a recipe for the table at ``path``, with the reason for each role.

    ``core.recipe.parse_recipe`` accepts it, whatever the columns are called.
    """
    head = (
        "# Recipe: which table, what its columns mean, what is done to them, what is made of them."
        "\n# Everything here was proposed from the table; read it once and correct it. Roles:"
        f"\n# {', '.join(r.value for r in Role)}."
        f"\n\nname = {toml_string(name)}\n\n[source]\npath = {toml_string(path)}\n\n"
    )
    columns = "\n".join(_column_line(c) for c in profile.columns)
    return f"{head}{_RIGHTS}\n[columns]\n{columns}\n{_transforms(profile)}{_TAIL}"


_RIGHTS = """# Who may do what with the source. Needed for a release, never for a draft.
[source.rights]
owner = ""        # who answers for the source
licence = ""      # as SPDX writes it, e.g. "CC-BY-4.0"; LicenseRef-NAME for one of your own
basis = ""        # why it may be used for this (law, consent, contract)
purposes = []     # uses that the owner allows, e.g. ["analytics"]; empty allows all
prohibited = []   # uses that the owner rules out
attribution = ""  # a line to be quoted with everything made from it
# more, where it applies: consent, duo, odrl, tdm_reserved, ip_columns, retention, expires, contact
"""


def toml_string(text: str) -> str:
    """Return ``text`` as a TOML basic string, control characters escaped."""
    named = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    out = [named.get(c) or (c if c.isprintable() else f"\\U{ord(c):08X}") for c in text]
    return f'"{"".join(out)}"'


def _key(name: str) -> str:
    return name if name and set(name) <= _BARE else toml_string(name)


def _column_line(c: ColumnProfile) -> str:
    roles = [toml_string(r.value) for r in c.column.roles]
    value = roles[0] if len(roles) == 1 else f"[{', '.join(roles)}]"
    if c.column.missing:
        codes = ", ".join(toml_string(m) for m in c.column.missing)
        value = f"{{ roles = [{', '.join(roles)}], missing = [{codes}] }}"
    said = "; ".join([c.column.kind.value, c.role_reason, *c.notes])
    return f"{_key(c.column.name)} = {value}  # {_comment(said)}"


def _comment(text: str) -> str:
    return "".join(ch if ch.isprintable() else " " for ch in text)


def _transforms(profile: TableProfile) -> str:
    plain = [c for c in profile.columns if reaches_generator(c)]
    steps = "".join(f"{_step(step)}\n" for step in propose_steps(profile))
    lead = (
        "\n# Steps that make rows less telling, done in this order before anything is learnt."
        "\n# Direct identifiers, the person key and free text are left out without a step.\n"
    )
    return f"{lead}{steps}{_examples(plain)}"


def _step(step: Drop | GroupRare) -> str:
    names = ", ".join(toml_string(n) for n in step.columns)
    lines = ["[[transform]]", f'kind = "{step.kind}"', f"columns = [{names}]"]
    if isinstance(step, GroupRare):
        lines.append(f"minimum = {step.minimum}  # persons")
    return "\n".join([*lines, f"why = {toml_string(step.why)}", ""])


def _examples(columns: list[ColumnProfile]) -> str:
    """Comment out one step of each kind that fits some column of the table."""
    ages = [c for c in columns if c.column.kind is Kind.INTEGER and _is_age(c.column.name)]
    dates = [c for c in columns if c.column.kind is Kind.DATE]
    codes = [c for c in columns if c.column.kind is Kind.CATEGORY and c.n_unique > _CODES]
    steps = [
        (ages, 'kind = "top_code"\nhigh = 90'),
        (dates, 'kind = "bucket_date"\nto = "month"  # year, quarter, month, week'),
        (codes, 'kind = "generalise"\nprefix = 3  # or map = {...}'),
    ]
    out = []
    for some, body in steps:
        fits = [c.column for c in some]
        chosen = next((c for c in fits if c.has(Role.QUASI_IDENTIFIER)), fits[0] if fits else None)
        if chosen is not None:
            text = f"[[transform]]\n{body}\ncolumn = {toml_string(chosen.name)}\n"
            out.append("".join(f"# {line}\n" for line in text.splitlines()))
    return "\n".join(out)


def _is_age(name: str) -> bool:
    return any(QUASI.get(word) == "age" for word in words(name))
