"""Graph: the statements of a release by path, and quotes from them; what documents are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from markupsafe import Markup

from assaymark.core.document import sha256
from assaymark.core.plain import read_plain, read_toml
from assaymark.errors import IntegrityError
from assaymark.release.drawing.marks import figure, percent
from assaymark.release.envelope import payload_of
from assaymark.release.pages.report_words import listed, spoken_subject, spoken_use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import JsonValue

    from assaymark.core.measurement import Measurement

__all__ = ["STYLES", "Files", "Graph", "Quote", "anchor"]

_SHORT = {
    "provenance": ("attestations/provenance.dsse.json", "/predicate"),
    "decision": ("attestations/decision.dsse.json", "/predicate"),
    "release": ("attestations/release.dsse.json", "/predicate"),
    "roles": ("people/roles.dsse.json", "/predicate"),
    "threat": ("threat.json", ""),
    "policy": ("policy.toml", ""),
    "sketch": ("sketch.json", ""),
}
_READ = re.compile(r".*\.dsse\.json|evidence/[a-z-]+\.json|threat\.json|sketch\.json|policy\.toml")


class Files(Protocol):
    """The files of a release by path: in memory, or a folder that reads them as they are asked."""

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, path: object, /) -> bool: ...

    def __getitem__(self, path: str, /) -> bytes: ...


def _plain(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return figure(value) if isinstance(value, float) else str(value)


def _pairs(value: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{k} = {_plain(v)}" for k, v in value.items())


def _required(rules: list[dict[str, JsonValue]]) -> str:
    return str(sum(r.get("severity", "block") == "block" for r in rules))


def _uses(uses: Mapping[str, str], *, approved: bool) -> str:
    return listed([spoken_use(u) for u, s in uses.items() if (s == "approved") is approved])


STYLES: dict[str, Callable[[Any], str]] = {
    "plain": _plain,
    "figure": lambda x: figure(float(x)),
    "minus": lambda x: figure(-abs(float(x))),
    "digits": lambda x: str(int(x)),
    "percent": lambda x: percent(float(x)),
    "date": lambda x: str(x)[:10],
    "time": lambda x: f"{str(x)[:16].replace('T', ' ')} UTC",
    "use": lambda x: spoken_use(str(x)),
    "subject": lambda x: spoken_subject(str(x)),
    "list": lambda xs: listed([spoken_use(str(x)) for x in xs]),
    "comma": lambda xs: ", ".join(str(x) for x in xs),
    "names": lambda xs: listed([str(x) for x in xs]),
    "pairs": _pairs,
    "count": lambda xs: f"{len(xs):,}",
    "required": _required,
    "approved": lambda uses: _uses(uses, approved=True),
    "refused": lambda uses: _uses(uses, approved=False),
    "code": lambda x: str(x)[:16],
}
"""How a value of a statement is shown; nothing else may come between a statement and a page.

Pages of old releases are held against these: add a style, never change one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A value of one statement as shown: its text, and the statement that it is read from.

    ``pointer`` (RFC 6901) leads to the value in the statement at ``path``, whose bytes have the
    SHA-256 ``digest``; of a DSSE envelope it is the payload that it points into.
    """

    text: str
    path: str
    pointer: str
    style: str
    digest: str

    @property
    def source(self) -> str:
        """The statement and the place in it."""
        return f"{self.path}#{self.pointer}"

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        said = f"{self.source}, SHA-256 {self.digest[:16]}…"
        return Markup(
            '<a class="quote" href="#{}" data-source="{}" data-as="{}" title="{}">{}</a>'
        ).format(anchor(self.path), self.source, self.style, said, self.text)


def anchor(path: str) -> str:
    """Return the name of the place on a page where a statement is listed."""
    return "of-" + re.sub(r"[^a-z0-9]+", "-", path.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The statements of a release, read once: plain values and digests by path."""

    plain: Mapping[str, Any]
    digests: Mapping[str, str]
    _at: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Files) -> Graph:
        """Read the statements among the files of a release.

        Raises
        ------
        IntegrityError
            When one of them cannot be read.
        """
        read = {path: files[path] for path in sorted(files) if _READ.fullmatch(path)}
        plain = {path: _value(path, raw) for path, raw in read.items()}
        return cls(
            plain=plain,
            digests={path: sha256(raw) for path, raw in read.items()},
            _at=dict(_measurements(plain)),
        )

    @property
    def stage(self) -> str:
        """The path of the evidence that the decision rests on last."""
        stages = self.value("decision:/stages") or [{"stage": ""}]
        return f"evidence/{stages[-1]['stage']}.json"

    def where(self, reference: str) -> tuple[str, str]:
        """Return path and pointer of ``NAME:/pointer`` or ``PATH#/pointer``."""
        if "#" in reference:
            path, _, pointer = reference.partition("#")
            return path, pointer
        name, _, pointer = reference.partition(":")
        if name == "evidence":
            return self.stage, pointer
        path, inside = _SHORT.get(name, (name, ""))
        return path, inside + pointer

    def value(self, reference: str) -> Any:  # noqa: ANN401
        """Return the value at a reference, ``None`` where there is none."""
        path, pointer = self.where(reference)
        found = self.plain.get(path)
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found

    def quote(self, reference: str, style: str = "plain") -> Quote | None:
        """Return what a statement says, or ``None`` where it says nothing there."""
        value = self.value(reference)
        if value is None or value in ("", [], {}):
            return None
        path, pointer = self.where(reference)
        text = STYLES[style](value)
        if not text:
            return None
        return Quote(text=text, path=path, pointer=pointer, style=style, digest=self.digests[path])

    def measurement(self, m: Measurement, stage: str) -> str:
        """Return the reference of a measurement of one stage, empty where it is in no statement."""
        return self._at.get((f"evidence/{stage}.json", m.metric, m.subject), "")

    def rule(self, name: str) -> str:
        """Return the reference of a rule of the policy, empty where it has none of this name."""
        rules = self.value("policy:/rule") or []
        return next((f"policy:/rule/{i}" for i, r in enumerate(rules) if r["id"] == name), "")

    def texts(self) -> dict[str, str]:
        """Return where each text is said word by word, but for evidence; the first place counts.

        What the run itself vouches for comes last: another statement that says it is nearer.
        """
        found: dict[str, str] = {}
        last: dict[str, str] = {}
        for path, plain in self.plain.items():
            if not path.startswith(("evidence/", "sketch")):
                for text, pointer in _leaves(plain, ""):
                    late = pointer.startswith(("/predicate/account", "/predicate/parameters"))
                    (last if late else found).setdefault(text, f"{path}#{pointer}")
        return last | found

    def names(self, pattern: str) -> tuple[str, ...]:
        """Return the paths of the statements that match a pattern, in order."""
        found = [p for p in self.plain if re.fullmatch(pattern, p)]
        return tuple(sorted(found, key=lambda p: (len(p), p)))


def _value(path: str, raw: bytes) -> Any:  # noqa: ANN401
    try:
        if path.endswith(".toml"):
            return read_toml(raw)
        return read_plain(payload_of(raw) if path.endswith(".dsse.json") else raw, path)
    except ValueError as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from error


def _measurements(plain: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], str]]:
    for path, found in plain.items():
        if path.startswith("evidence/"):
            for i, m in enumerate(found["measurements"]):
                yield (path, m["metric"], m["subject"]), f"{path}#/measurements/{i}"


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(value, str):
        yield value, pointer
    elif isinstance(value, dict):
        for key, inner in value.items():
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from _leaves(inner, f"{pointer}/{step}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _leaves(inner, f"{pointer}/{i}")
