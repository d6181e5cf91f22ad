"""Generator: the version that a recipe would use, and who approved it in a workspace."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import textwrap
from datetime import UTC, datetime
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
)
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark import __version__
from assaymark.core.actor import Actor
from assaymark.core.document import Document, sha256
from assaymark.core.generator import (
    GENERATOR_ROLES,
    GeneratorApproval,
    GeneratorVersion,
    Package,
)
from assaymark.core.installed import package_of
from assaymark.core.recipe import GenerateSpec, parse_recipe
from assaymark.errors import InputError, IntegrityError, NotApprovedError, RecipeError
from assaymark.flow.decide.people import author_of, check_may_sign, current
from assaymark.flow.generate.fit import named
from assaymark.generate import generators
from assaymark.generate.extras import EXTRAS
from assaymark.release.generator import generator_bytes, read_generator
from assaymark.release.logged import STATEMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.people import Person
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = [
    "GeneratorLine",
    "approval_of",
    "approve",
    "listed",
    "spec_of",
    "unapproved",
    "version_of",
]

_OURS = ("assaymark.generate", "assaymark.core")
_BENEATH = ("numpy", "numba", "polars", "scipy")
_LOCAL = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


class GeneratorLine(Document):
    """One approval or rejection as shown; ``current`` says that this version is installed now."""

    name: str
    parameters: str
    package: str
    code: str
    outcome: str
    role: str
    by: str
    at: str
    current: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as a row of a table."""
        now = "yes" if self.current else "no"
        asked = textwrap.shorten(self.parameters, 40, placeholder=" ...")
        return self.name, asked, self.package, self.code[:16], self.outcome, self.by, now


def spec_of(name: str, recipe: Path | None) -> GenerateSpec:
    """Return the generator called ``name`` with its defaults, or as a recipe asks for it."""
    if recipe is None:
        return GenerateSpec(generator=name)
    try:
        found = parse_recipe(recipe.read_bytes()).generate
    except OSError as error:
        raise RecipeError(f"cannot read {str(recipe)!r}: {error.strerror}") from error
    if found.generator != name:
        raise InputError(f"the recipe asks for generator {found.generator!r}, not {name!r}")
    return found


def version_of(spec: GenerateSpec) -> GeneratorVersion:
    """Return the version that ``spec`` would use here and now."""
    plain = named(spec)
    module = generators.load(spec.generator).__module__
    ours = module.startswith("assaymark.")
    roots = _OURS if ours else (module.partition(".")[0],)
    extra = EXTRAS.get(spec.generator, ("", "", ""))[2]
    return GeneratorVersion.model_validate(
        {
            "name": spec.generator,
            "parameters": json.loads(json.dumps(plain["parameters"])),
            "packages": tuple(_packages(roots[0], extra)),
            "code": _code(roots),
        }
    )


def approve(
    workspace: Workspace,
    spec: GenerateSpec,
    key: SigningKey,
    *,
    outcome: str = "approve",
    reason: str = "",
    role: str = "",
) -> GeneratorApproval:
    """Sign that this version of a generator may feed releases, or may not; enter it.

    Raises
    ------
    NotApprovedError
        When the key's holder is not registered, has no role for it, or holds the workspace's key.
    """
    people = current(workspace)
    person = None if people is None else people.person_of(key.fingerprint)
    if people is None or person is None:
        raise NotApprovedError(
            "this key is not in the role file\n\nHint: `assaymark people add NAME --role ml_owner "
            "--key PUBLIC`; one person alone needs no approval of generators"
        )
    check_may_sign(people, datetime.now(UTC).date())
    made = GeneratorApproval.model_validate(
        {
            "version": version_of(spec),
            "role": _role(person, role),
            "outcome": outcome,
            "reason": " ".join(reason.split()),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    try:
        made.check(people, author=author_of(workspace), key=key.fingerprint)
    except IntegrityError as error:
        raise NotApprovedError(f"{error}\n\nHint: somebody else approves it") from error
    raw = generator_bytes(made, key.sign, key.fingerprint)
    body = {"statement": "generator", "generator": made.version.digest(), "outcome": outcome}
    workspace.ledger.append(STATEMENT, workspace.put(raw), body, Actor(key=key.fingerprint))
    return made


def approval_of(workspace: Workspace, version: GeneratorVersion) -> bytes:
    """Return the signed approval of exactly this version, empty where there is none in force.

    The last word of each person counts; a rejection stands against it until that person approves.
    """
    people, author = current(workspace), author_of(workspace)
    if people is None:
        return b""
    last: dict[str, tuple[GeneratorApproval, bytes]] = {}
    for e in workspace.ledger.entries(kind=STATEMENT):
        if e.body.get("generator") != version.digest():
            continue
        raw = workspace.get(e.subject)
        try:
            key, made = read_generator(raw, people)
            made.check(people, author=author, key=key)
        except IntegrityError:
            continue  # who signed it has no such role any more
        person = people.person_of(key)
        last["" if person is None else person.id] = (made, raw)
    said = list(last.values())
    if any(made.outcome == "reject" for made, _ in said):
        return b""
    return said[-1][1] if said else b""


def unapproved(workspace: Workspace, spec: GenerateSpec) -> str:
    """Say that a version may not feed a release yet, and what to do; empty where it may."""
    if approval_of(workspace, version_of(spec)):
        return ""
    return (
        f"this version of generator {spec.generator!r} is not approved: an ML owner, privacy "
        "officer or release manager who does not run it signs `assaymark generator approve "
        f"{spec.generator} --recipe RECIPE --key KEY`"
    )


def listed(workspace: Workspace) -> list[GeneratorLine]:
    """Return every approval and rejection in the ledger, oldest first."""
    people = current(workspace)
    found = []
    for e in workspace.ledger.entries(kind=STATEMENT):
        if e.body.get("statement") != "generator" or people is None:
            continue
        made = read_generator(workspace.get(e.subject), None)[1]
        version, person = made.version, people.person_of(e.actor.key)
        now = {}
        if version.name in generators.names():
            now = version_of(
                GenerateSpec(generator=version.name, parameters=version.parameters)
            ).plain()
        package = version.packages[0]
        found.append(
            GeneratorLine(
                name=version.name,
                parameters=", ".join(f"{k} = {v}" for k, v in version.parameters.items()),
                package=f"{package.name} {package.version}",
                code=version.code,
                outcome=made.outcome,
                role=made.role,
                by="not registered any more" if person is None else person.id,
                at=made.made_at,
                current=now == version.plain(),
            )
        )
    return found


def _role(person: Person, asked: str) -> str:
    mine = [r for r in person.roles if r in GENERATOR_ROLES]
    if not mine or (asked and asked not in mine):
        raise NotApprovedError(
            f"the holder of this key is {', '.join(person.roles) or 'in no role'}\n\nHint: one of "
            f"{', '.join(GENERATOR_ROLES)} approves generators"
        )
    return asked or mine[0]


def _code(roots: tuple[str, ...]) -> str:
    made = hashlib.sha256()
    for root in roots:
        for name, path in _sources(root):
            made.update(f"{name} {sha256(path.read_bytes())}\n".encode())
    return made.hexdigest()


def _sources(root: str) -> Iterator[tuple[str, Path]]:
    spec = importlib.util.find_spec(root)
    if spec is None or spec.origin is None:
        raise InputError(f"the source files of {root!r} cannot be found")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        yield origin.name, origin
        return
    for path in sorted(origin.parent.rglob("*.py")):
        yield f"{root}/{path.relative_to(origin.parent).as_posix()}", path


def _packages(module: str, extra: str) -> Iterator[Package]:
    top = module.partition(".")[0]
    name = package_of(top) or top
    yield _package(name, __version__ if top == "assaymark" else "unknown")
    for other in (*_BENEATH, *((extra,) if extra else ())):
        yield _package(other, "unknown")


def _package(name: str, otherwise: str) -> Package:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return Package(name=name, version=otherwise, wheel="")
    return Package(name=name, version=found.version, wheel=_wheel(found))


def _wheel(found: Distribution) -> str:
    record, where = found.read_text("RECORD"), found.read_text("direct_url.json")
    editable = where is not None and json.loads(where).get("dir_info", {}).get("editable", False)
    if record is None or editable:
        return ""
    lines = sorted(
        line
        for line in record.splitlines()
        if not line.startswith("..")
        and ".pyc," not in line
        and not line.split(",")[0].endswith(_LOCAL)
    )
    return sha256("\n".join(lines).encode())
