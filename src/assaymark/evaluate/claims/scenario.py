"""Scenario: a rule changed, worked out on a table: what each row has before and after."""

from __future__ import annotations

import contextlib
import inspect
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.formula import Formula
from assaymark.core.time_limit import within
from assaymark.errors import TimeUp
from assaymark.evaluate.features import numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from assaymark.core.claim import Scenario
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]

__all__ = ["Change", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """What each row has before and after, shape ``(n,)``, NaN where a value that counts is missing.

    A function that returns a change alone has before 0.
    """

    before: Floats
    after: Floats


def changed(spec: Scenario, data: Dataset, streams: Streams) -> Change | str:
    """Return what ``spec`` makes of ``data``, or why it cannot be worked out.

    Formulas are read, never run. A function is run in this process, with what this process may do:
    a recipe with code is trusted as a program is. It gets a copy of the columns and a generator
    that starts anew for each table, so that real and synthetic rows meet the same draws.
    """
    if not spec.code and not spec.path:
        before, after = (
            Formula.parse(text, data.schema).values(data.frame)
            for text in (spec.before, spec.after)
        )
        return _checked(before, after)
    if not spec.code:
        return f"the code of {spec.path!r} was not read"
    try:
        return within(spec.time_limit, lambda: _called(spec, data, streams))
    except TimeUp:
        return f"{spec.function} did not end within {spec.time_limit:g} s"


def _called(spec: Scenario, data: Dataset, streams: Streams) -> Change | str:
    names: dict[str, object] = {"__name__": "assaymark_scenario"}
    rng = streams.child("scenario", spec.name).generator()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(spec.code, spec.path or "scenario", "exec"), names)  # noqa: S102
        function = names.get(spec.function)
        if not callable(function):
            return f"the file has no function {spec.function!r}"
        if not _takes_two(function):
            return f"{spec.function} must take two things: the rows, and a generator of numbers"
        with contextlib.redirect_stdout(sys.stderr):  # standard output is the report's
            made = function(data.frame.clone(), rng)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it may fail in any way; fail closed
        # the message of the error may quote a row, and reasons are published
        own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == spec.path]
        where = f" in line {own[-1].lineno} of {spec.path}" if own else ""
        return f"{spec.function} failed with {type(error).__name__}{where}"
    return _read(spec, made, data.n)


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # something made in C, which has no signature
        return True
    return True


def _read(spec: Scenario, made: object, n: int) -> Change | str:
    if isinstance(made, np.ndarray) and made.ndim == 1:
        made = pl.Series("change", made)
    if isinstance(made, pl.Series):
        made = made.alias("after").to_frame().with_columns(pl.lit(0.0).alias("before"))
    if not isinstance(made, pl.DataFrame):
        return (
            f"{spec.function} gave a {type(made).__name__}, and a polars frame with before and "
            "after, or a series, is needed"
        )
    if made.height != n:
        lone = " (literals alone make one row)" if made.height == 1 else ""
        return f"{spec.function} gave another number of rows than it was given{lone}"
    for name in ("before", "after"):
        if name not in made.columns:
            return f"what {spec.function} gave has no column {name!r}"
        if not (made[name].dtype.is_numeric() or made[name].dtype == pl.Boolean):
            return f"column {name!r} of what {spec.function} gave holds no numbers"
    return _checked(*(_numbers(made[name]) for name in ("before", "after")))


def _numbers(series: pl.Series) -> Floats:
    """Return floats, NaN where null and infinite where the function gave no finite number."""
    values = np.array(numbers_of(series), dtype=np.float64)
    values[~np.isfinite(values)] = np.inf
    values[series.is_null().to_numpy()] = np.nan
    return values


def _checked(before: Floats, after: Floats) -> Change | str:
    if np.isinf(before).any() or np.isinf(after).any():
        return "it is undefined for some rows (divided by zero, or no finite number)"
    return Change(before=before, after=after)
