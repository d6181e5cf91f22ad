"""Recipe text: a commented ``recipe.toml`` that runs as it is, from what the profile found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.schema import Kind, Role

if TYPE_CHECKING:
    from assaymark.source.profile import ColumnProfile, TableProfile

__all__ = ["recipe_text", "toml_string"]

_LEVELS = 50
_MINIMUM, _MINIMUM_SMALL, _SMALL = 20, 10, 5_000
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

_TAIL = """
# How persons are divided (shares add up to 1). The generator sees train only; development may be
# looked at often; confirmation decides and is opened at most three times; reference is what an
# attacker is granted as background. unit = "row" would ignore the person key.
[split]
unit = "person"
train = 0.5
development = 0.2
confirmation = 0.2
reference = 0.1

[generate]
generator = "tree_chain"  # `assaymark generator list` shows others
rows = 0                  # 0: about as many as the generator saw
replicates = 1

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
licence = ""      # the licence or agreement it is held under
basis = ""        # why it may be used for this (law, consent, contract)
purposes = []     # what it may be used for, e.g. ["research"]
attribution = ""  # a line to be quoted with everything made from it
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
    plain = [c for c in profile.columns if not _left_out(c)]
    blocks: list[str] = []
    weights = [c.column.name for c in plain if c.column.has(Role.WEIGHT)]
    if weights:
        blocks.append(_drop(weights, "weights belong to the sample, not to a person"))
    wide = [
        c.column.name
        for c in plain
        if c.column.kind is Kind.CATEGORY and c.n_unique > _LEVELS and c.column.name not in weights
    ]
    if wide:
        minimum = _MINIMUM if profile.n >= _SMALL else _MINIMUM_SMALL
        blocks.append(
            f'[[transform]]\nkind = "group_rare"\ncolumns = {_names(wide)}\n'
            f'minimum = {minimum}  # persons\nwhy = "rare categories point to persons"\n'
        )
    lead = (
        "\n# Steps that make rows less telling, done in this order before anything is learnt."
        "\n# Direct identifiers, the person key and free text are left out without a step.\n"
    )
    return f"{lead}{''.join(b + chr(10) for b in blocks)}{_examples(plain)}"


def _left_out(c: ColumnProfile) -> bool:
    hidden = {Role.DIRECT_IDENTIFIER, Role.PERSON_KEY}
    return bool(hidden & set(c.column.roles)) or c.column.kind is Kind.TEXT


def _names(names: list[str]) -> str:
    return f"[{', '.join(toml_string(n) for n in names)}]"


def _drop(names: list[str], why: str) -> str:
    return f'[[transform]]\nkind = "drop"\ncolumns = {_names(names)}\nwhy = {toml_string(why)}\n'


def _examples(columns: list[ColumnProfile]) -> str:
    """Comment out one step of each kind that fits some column of the table."""
    steps: list[tuple[Kind, str]] = [
        (Kind.INTEGER, 'kind = "top_code"\nhigh = 90'),
        (Kind.DATE, 'kind = "bucket_date"\nto = "month"  # year, quarter, month, week'),
        (Kind.CATEGORY, 'kind = "generalise"\nprefix = 3  # or map = {...}, or edges = [18, 65]'),
    ]
    out = []
    for kind, body in steps:
        fits = [c.column for c in columns if c.column.kind is kind]
        chosen = next((c for c in fits if c.has(Role.QUASI_IDENTIFIER)), fits[0] if fits else None)
        if chosen is not None:
            text = f"[[transform]]\n{body}\ncolumn = {toml_string(chosen.name)}\n"
            out.append("".join(f"# {line}\n" for line in text.splitlines()))
    return "\n".join(out)
