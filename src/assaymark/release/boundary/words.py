"""Boundary words: what gives something away in any text of a release, whatever its format."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from assaymark.release.boundary.leak import Leak
from assaymark.release.boundary.spelt import spelt_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["path_in", "seedy", "words_of"]

_NAME = r"[^\s\"'<>|*?,;:)(\]\[}{\\/\x00]+"
_PATH = re.compile(
    rf"(?<![\w./-])(?:~|/(?:home|Users|root)/{_NAME}|/(?:tmp|mnt|var|work|srv|data|opt|etc|nfs|"
    r"scratch|projects?|media|Volumes|private|gpfs|lustre|dbfs|workspace|app|content|kaggle|"
    rf"export|usr|shared|cluster|lake|storage)/{_NAME})(?:/{_NAME})+"
    rf"|(?<![\w./-])/(?:home|Users|root)/{_NAME}"
    r"|(?<![\w./-])/(?:tmp|mnt|srv|data|opt|nfs|scratch|media|export|lake)/[\w-]+\.\w{2,8}\b"
    r"|(?<![A-Za-z])[A-Za-z]:\\{1,2}[\w -]+\.\w{2,8}\b"
    rf"|(?<![A-Za-z])[A-Za-z]:(?:\\{{1,2}}|/)(?!/){_NAME}(?: {_NAME})*(?:\\{{1,2}}|/){_NAME}"
    rf"|(?<!\\)\\{{2,4}}{_NAME}\\{{1,2}}{_NAME}"
    rf"|file:[/]+{_NAME}|%(?:USERPROFILE|HOMEPATH|APPDATA)%"
    rf"|\$(?:HOME|USERPROFILE|TMPDIR|PWD|\{{HOME\}})/{_NAME}"
    r"|file%3[Aa]%2[Ff]|%2[Ff](?:home|Users|mnt|tmp|root)%2[Ff]\w"
    rf"|(?<![\w/])(?:\.\./)+(?:{_NAME}/)*[\w -]+\."
    r"(?:csv|parquet|xlsx?|sas7bdat|dta|sqlite|feather|pkl)\b"
    rf"|\b(?:postgres(?:ql)?|mysql|mssql|oracle|sqlite|redshift|snowflake)\+\w+://{_NAME}"
    rf"|\b(?:s3a?|gs|hdfs|abfss?|wasbs?|dbfs|smb|nfs|sftp|jdbc:\w+|postgres(?:ql)?|mysql)://{_NAME}"
)
_SEED = re.compile(
    r"""(?:seed|random_?state|default_rng|rng_?state)\w{0,30}
    (?:["'`*]*\s*(?:[=:(]|=>|:=|\bis\b|\bwas\b|\bof\b|\bset\ to\b)\s*["'`*\[(]*\s*
       (?:0x[0-9a-f]+|\d+|[0-9a-f]{8,})
    |["'`*>|\s-]{0,8}(?:value|number|no\.?)?["'`*>|\s:=-]{0,4}(?<![\w.])\d+)""",
    re.VERBOSE,
)
_STARTED = re.compile(
    r"(?:prngkey|seedsequence|mt19937|philox|pcg64|sfc64|randomstate)\s*\(\s*(?:\w+\s*=\s*)?"
    r"(?:0x[0-9a-f]+|\d+)"
    r"|random (?:number )?generator\W{0,3}\s*(?:was|is|[:=]|start(?:ed|s) (?:at|with|from))\s*\d+"
    r"|\b(?:startwert|graine|semilla)\w*[^\n.]{0,40}?[:=]?\s\d+"
)
_BEFORE = re.compile(r"[\w.]*\Z")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_COUNT = re.compile(
    r"(?:(?:rows|records|persons|people|patients|individuals|subjects|participants|size|number|n)"
    r"\s+(?:of|in|from)\s+(?:the\s+)?(?:source|training(?: data| set)?|train|holdout|real data|"
    r"original data|cohort)(?:\s+\w+)?\s*[:=]|"
    r"(?:source|train|training|holdout|original|cohort)[ _-](?:rows|records|persons|people|"
    r"patients|size|count|n)\s*[\"'`*]*\s*[:=])\s*[\"'`*]*(?P<n>\d[\d,. ]*)",
)
_TIMED = re.compile(
    r"(?:modified|created|mtime|ctime|atime|generated|written|saved|started|ended|made|at|time)"
    r"\W{0,12}\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}:\d{2}[.,]\d+",
)
_FRACTION = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}:\d{2}[.,]\d+")
_FILE_TIME = re.compile(
    r"\b(?:st_)?[mca]time(?:_ns)?\b\W{0,4}\d{4}|(?:last[ _-]?modified|file[ _-]?time)\W{1,6}"
    r"(?:\w{3}, )?\d",
)
_LISTED = re.compile(
    r"\b(?:holdout|train(?:ing)?|test|member|non-?member|person|patient|subject|row)s?[ _-]"
    r"?(?:ids?|indices|index|numbers|keys|rows|members)\b[\"'`*]*\s*[:=]?\s*\[?\(?\s*"
    r"(?:[\"'`]?[A-Za-z]{0,4}[-_]?\d+[\"'`]?\s*[,;]\s*){2,}",
)
_HELD = re.compile(
    r"\b(?:held[ -]?(?:out|back)|holdout|excluded)\s+(?:patients|people|persons|subjects|members|"
    r"rows|records)\b\W{0,4}(?:[\"'`]?[A-Za-z]{0,4}[-_]?\d+[\"'`]?\s*[,;]\s*){2,}",
)
_SMALL = re.compile(
    r"(?<![\w.])n\s*=\s*[1-9]\b(?![\d.,]*\d)(?!, and the rule needs)"
    r"|\bamong\s+(?:only\s+)?[1-9]\s+(?:patients|people|persons|individuals|subjects)\b"
)
_MANY = r"(?:\d{1,3}(?:,\d{3})+|\d{3,})"
_SPOKEN = re.compile(
    rf"(?<!about )(?<![\d.,])(?![1-9]\d?[0,]*0\s){_MANY}\s+(?:rows|records|persons|people|patients|"
    r"individuals|subjects|participants)\s+(?:(?:were|are|was)\s+)?(?:(?:included|drawn|sampled|"
    r"taken)\s+)?(?:in|of|from)\s+(?:the\s+)?"
    r"(?:source|training|train|holdout|real|original|cohort)\b"
    r"|\b(?:source|training (?:data|set)|holdout|cohort)\s+(?:has|had|have|holds|contains|"
    rf"contained|comprises|comprised|includes|included|consists of|of)\s+(?:exactly\s+)?{_MANY}\s"
    r"|\b(?:trained|fitted|learnt|learned)\s+(?:on|to|from)\s+(?![1-9]\d?[0,]*0\s)"
    rf"{_MANY}\s+(?:rows|records|persons|people|patients|individuals|subjects|participants)\b"
    rf"|\bheld\s+(?:back|out)\s+(?![1-9]\d?[0,]*0\b){_MANY}\b",
)
_BLOB = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{4000,}"
    r"|(?:gASV|gAOV|gANj|UEsDB|iUhERg|k05VTVB)[A-Za-z0-9+/]{40,})"
)
_BASE85 = re.compile(r"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{4000,}")
_RULES = (
    ("exact count", (_COUNT, _SPOKEN)),
    ("person ids", (_LISTED, _HELD)),
    ("small cell", (_SMALL,)),
)
_DIGIT = re.compile(r"\d")
_SMALL_LETTERS = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_QUOTES = "\u201d\u2019\u00bb\u2026.`"
_TAG = re.compile(r"<[^>]{1,2000}>")
_ATTRIBUTE = re.compile(
    r"\s((?!(?:d|points|class|style|fill|stroke|transform|viewBox|[xyr]\d?|c[xy]|width|height)=)"
    r"[a-z][\w:-]*=(?:\"[^\"]*\"|'[^']*'))"
)
_STYLE = re.compile(r"(?is)<style\b.*?</style>")


def words_of(
    path: str, text: str, names: Collection[str], own: Callable[[str], bool]
) -> Iterator[Leak]:
    """Yield what ``text`` gives away.

    ``names`` are the columns of the rows; ``own`` says whether something stands in the rows, and
    is therefore no secret.
    """
    shown = _shown(text) if path.endswith(".html") else text.replace("\\/", "/")
    yield from _paths(path, shown, own)
    low = _lower(shown)
    yield from _seeds(path, shown, low, names)
    timed = (_FILE_TIME, _TIMED if _drawn(path) else _FRACTION)
    for rule, patterns in (*_RULES, ("file time", timed)):
        found = (m for p in patterns for m in p.finditer(low) if not _banded(rule, low, m))
        said = (shown[m.start() : m.end()] for m in found)
        leak = next((s for s in said if not (_named(s, names) or own(s))), None)
        if leak:
            yield Leak(rule, path, repr(leak[:60]))
    yield from spelt_of(path, shown, low)
    if _BLOB.search(text) or _BASE85.search(text):
        yield Leak("model weights", path, "a block of encoded binary data")


def _lower(text: str) -> str:
    """Return the text in lower case, letter for letter."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_SMALL_LETTERS)


def _shown(page: str) -> str:
    """Return the text of a page, with its comments and what its attributes say."""
    plain = _STYLE.sub(" ", page).replace("<!--", " ").replace("-->", " ")
    said = " ".join(m[1] for m in _ATTRIBUTE.finditer(plain))
    return html.unescape(f"{_TAG.sub(' ', plain)} {said}")


def _named(found: str, names: Collection[str]) -> bool:
    """Whether what was found is a value of a column that is called like a leak."""
    return _letters(found) in {_letters(name) for name in names}


def _letters(text: str) -> str:
    return "".join(c for c in _DIGIT.split(text.lower(), maxsplit=1)[0] if c.isalpha())


def _banded(rule: str, text: str, found: re.Match[str]) -> bool:
    """Whether a count is the start of a range."""
    return rule == "exact count" and text[found.end() : found.end() + 8].lstrip().startswith("to ")


def path_in(text: str, own: Callable[[str], bool] = lambda _: False) -> str:
    """Return the first path of a file system in ``text`` that is not in the rows; empty if none."""
    found = (m.group().rstrip(_QUOTES) for m in _PATH.finditer(text))
    return next((name[:60] for name in found if not own(name)), "")


def seedy(word: str) -> bool:
    """Whether a word names the start of a random stream."""
    lower = word.lower()
    return lower.startswith(("seed", "rng", "prng")) or (lower.endswith("seed") and len(lower) <= 8)


def _seeds(path: str, text: str, low: str, names: Collection[str]) -> Iterator[Leak]:
    started = _STARTED.search(low)
    if started:
        yield Leak("seed", path, repr(text[started.start() : started.end()][:60]))
        return
    for found in _SEED.finditer(low):
        before = text[max(0, found.start() - 40) : found.start()]
        said = text[found.start() : found.end()]
        start = _BEFORE.search(before)
        key = (start.group() if start else "") + re.split(r"\W", said, maxsplit=1)[0]
        known = before.lower().endswith("public ") or key.lower() in names
        random = any(seedy(w) for w in _WORD.findall(key)) or "random" in key.lower()
        if random and not known:
            yield Leak("seed", path, repr(said[:60]))
            return


def _paths(path: str, text: str, own: Callable[[str], bool]) -> Iterator[Leak]:
    found = path_in(text, own)
    if found:
        yield Leak("embedded path", path, repr(found))


def _drawn(path: str) -> bool:
    """Whether a file shows values of the rows, which may be times themselves."""
    return path.endswith((".html", ".md", "sketch.json"))
