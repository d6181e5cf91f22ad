"""Magnitude: how large the numbers are that a formula is made of, by which rounding is judged."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["magnitude", "tolerance"]

_CLOSE, _BITS, _FLOOR = 1e-9, 2.0**-50, 1e-24


def magnitude(node: ast.expr, value: Callable[[ast.expr], pl.Expr]) -> pl.Expr:
    """Return the size of what ``node`` is worked out from: ``a + b - c`` is as large as all three.

    Where terms cancel, what is left may be rounding of the terms, however small it is itself.
    ``value`` gives the number that a part stands for.
    """
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            made = magnitude(left, value) + magnitude(right, value)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            made = magnitude(left, value) * magnitude(right, value)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            by = value(right).abs()
            made = magnitude(left, value) / by * (magnitude(right, value) / by)
        case ast.UnaryOp(operand=part) | ast.Call(func=ast.Name(id="abs"), args=[part]):
            made = magnitude(part, value)
        case ast.Call(func=ast.Name(id="min" | "max" | "clip"), args=parts):
            made = pl.max_horizontal(magnitude(p, value) for p in parts)
        case ast.Call(func=ast.Name(id="log"), args=[part]):
            made = value(node).abs() + magnitude(part, value) / value(part).abs()
        case _:
            made = value(node).abs()
    return made


def tolerance(size: pl.Expr) -> pl.Expr:
    """Return how far apart two numbers of this size together may lie and be equal.

    That is a billionth of the size, a billionth at most, or what floats leave of larger sizes.
    """
    return (size * _CLOSE).clip(upper_bound=_CLOSE) + _BITS * size + _FLOOR
