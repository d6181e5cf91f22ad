"""Formulas: the design of a regression from text, on tables that must all have the same design."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from assaymark.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Design", "columns_of", "designs"]

_CALLS = {"C", "I", "Q", "abs", "exp", "log", "log1p", "sqrt"}
_NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult, ast.UAdd, ast.USub),
)
_HINT = (
    "\n\nHint: a formula reads like  ill ~ age + sex + age:sex;  there are + - : * ** and "
    f"{', '.join(sorted(_CALLS))}; a column whose name is not one word is Q('its name')"
)


class Design(NamedTuple):
    """Outcome ``y``, shape ``(n,)``, and regressors ``x``, shape ``(n, k)``, with their names.

    ``rows`` are the rows of the table that nothing is missing in.
    """

    y: Floats
    x: Floats
    names: tuple[str, ...]
    rows: NDArray[np.int64]


def columns_of(formula: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that ``formula`` is about, outcome first; nothing of it is run.

    Raises
    ------
    InputError
        When it cannot be read, or names a column that is not among ``known``.
    """
    sides = formula.split("~")
    if len(sides) != 2 or not all(s.strip() for s in sides):
        raise InputError(f"formula {formula!r} needs one ~ between outcome and regressors{_HINT}")
    found: list[str] = []
    for side in sides:
        for name in _names(side, formula):
            if name not in known:
                raise UnknownNameError("column", name, known, f"formula {formula!r}")
            found.append(name)
    return tuple(dict.fromkeys(found))


def designs(
    formula: str, frames: Sequence[pl.DataFrame], *, extra: Sequence[str] = ()
) -> list[Design]:
    """Return the design of each table, all with the same regressors in the same order.

    Categories have the levels of all tables together. Rows that miss a value of the formula or of
    ``extra`` are left out. A yes/no column is 0 and 1; an outcome of two categories is 1 for the
    later one in the alphabet.

    Raises
    ------
    InputError
        When the formula cannot be read, or its outcome is no number and has not two categories.
    """
    columns = columns_of(formula, frames[0].columns)
    levels = {c: _levels(c, frames) for c in columns if _is_text(c, frames[0])}
    outcome, _, regressors = formula.partition("~")
    target = outcome.strip()
    coded = target if target in levels else ""
    needed = list(dict.fromkeys([*columns, *extra]))
    if coded and len(levels[coded]) != 2:
        raise InputError(
            f"the outcome {coded!r} has {len(levels[coded])} categories, and a regression needs a "
            "number, a yes/no column or two categories"
        )
    return [
        _design((outcome, regressors), frame.select(needed).with_row_index("__row"), levels, coded)
        for frame in frames
    ]


def _design(
    sides: tuple[str, str],
    frame: pl.DataFrame,
    levels: dict[str, list[str]],
    coded: str,
) -> Design:
    import patsy

    whole = frame.drop_nulls()
    rows = whole["__row"].to_numpy().astype(np.int64)
    data = {
        c: _values(c, whole, levels, coded)
        for c in whole.columns
        if c in levels or _number(whole, c)
    }
    space = {"log": np.log, "log1p": np.log1p, "exp": np.exp, "sqrt": np.sqrt, "abs": np.abs}
    env = patsy.EvalEnvironment([space])
    try:
        with np.errstate(all="ignore"):
            y = patsy.dmatrix(f"0 + {sides[0].strip()}", data, eval_env=env, NA_action="raise")
            x = patsy.dmatrix(sides[1].strip(), data, eval_env=env, NA_action="raise")
    except (patsy.PatsyError, ValueError, TypeError) as error:
        said = str(error).splitlines()[0]
        raise InputError(f"formula {'~'.join(sides)!r}: {said}{_HINT}") from error
    values = np.asarray(y, dtype=np.float64)
    if values.shape[1] != 1:
        raise InputError(f"formula {'~'.join(sides)!r} has more than one outcome{_HINT}")
    matrix = np.asarray(x, dtype=np.float64)
    finite = np.isfinite(values[:, 0]) & np.isfinite(matrix).all(axis=1)
    return Design(
        values[finite, 0], matrix[finite], tuple(x.design_info.column_names), rows[finite]
    )


def _values(name: str, frame: pl.DataFrame, levels: dict[str, list[str]], coded: str) -> Any:  # noqa: ANN401
    if name not in levels:
        return frame[name].to_physical().cast(pl.Float64).to_numpy()
    words = frame[name].cast(pl.String)
    if name == coded:
        return (words == levels[name][1]).cast(pl.Float64).to_numpy()
    import pandas as pd

    return pd.Categorical(words.to_list(), categories=levels[name])


def _levels(name: str, frames: Sequence[pl.DataFrame]) -> list[str]:
    return sorted({v for f in frames for v in f[name].cast(pl.String).drop_nulls().unique()})


def _number(frame: pl.DataFrame, name: str) -> bool:
    return not _is_text(name, frame)


def _is_text(name: str, frame: pl.DataFrame) -> bool:
    return frame.schema[name] in {pl.String, pl.Categorical, pl.Enum}


def _names(side: str, formula: str) -> list[str]:
    text = re.sub(r":(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", "@", side.strip())
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise InputError(f"formula {formula!r} cannot be read{_HINT}") from error
    names = []
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    quoted = {id(a) for n in ast.walk(tree) if _quotes(n) for a in n.args}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise InputError(f"formula {formula!r}: {type(node).__name__} is not allowed{_HINT}")
        if isinstance(node, ast.Call) and (
            not isinstance(node.func, ast.Name) or node.func.id not in _CALLS or node.keywords
        ):
            raise InputError(f"formula {formula!r} calls what it may not{_HINT}")
        if isinstance(node, ast.Constant):
            if id(node) in quoted and isinstance(node.value, str):
                names.append(node.value)
            elif isinstance(node.value, bool) or not isinstance(node.value, int | float):
                raise InputError(f"formula {formula!r}: {node.value!r} is no number{_HINT}")
        if isinstance(node, ast.Name) and id(node) not in called:
            names.append(node.id)
    return names


def _quotes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Q"
