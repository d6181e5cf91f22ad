"""Gaussian copula: columns drawn together from one bell curve of many dimensions, a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.blocks import BLOCK, checked, in_blocks
from assaymark.generate.coding.encoding import encode
from assaymark.generate.constraints.tried import tried

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoded, Encoding

    Floats = NDArray[np.float64]

__all__ = ["GaussianCopula"]

_MOST = 0.99
_LEAST = 1e-6
_SOME = 1e-12


@component
class GaussianCopula:
    """Keep every column's own distribution and one correlation for each pair of columns.

    A code stands for a stretch of the normal distribution as wide as its share; a row's score in
    a column is the mean of its stretch. The correlations of these scores, corrected for what
    the stretches hide and drawn towards none, are all that is kept of relations: what is not a
    steady rise or fall is lost, and so is any relation of three columns. Levels of a category
    stand in order of how often they occur, and "missing" above every number, so that relations
    of these are kept in part.

    Attributes
    ----------
    shrink
        Persons' worth of no correlation at all that is mixed into each correlation.
    protect
        Persons who must share a value or stand behind an interval before it may come out.
    weigh
        ``"person"``: each person weighs 1, so that the synthetic rows are as drawn from a random
        person's rows; ``"row"``: each row weighs 1, a person 10 at most, so that the synthetic
        rows are as the table's rows. The same where a person has one row.

    References
    ----------
    Nelsen (2006), An introduction to copulas; Olsson, Drasgow & Dorans (1982), The polyserial
    correlation coefficient, of which the correction is the first term; Patki, Wedge &
    Veeramachaneni (2016), The synthetic data vault.
    """

    shrink: float = 20.0
    protect: int = 10
    weigh: Literal["person", "row"] = "person"

    def fit(self, source: PrivateSource, streams: Streams) -> GaussianCopulaModel:
        """Take the shares of each column's codes, and the correlations of their scores."""
        dataset = source.open("gaussian_copula", "fit")
        encoded = encode(dataset, self.protect, streams, weigh=self.weigh)
        edges = tuple(_edges(encoded.mass(i)) for i in range(len(encoded.codes)))
        return GaussianCopulaModel(
            encoding=encoded.encoding,
            edges=edges,
            root=_root(_correlations(encoded, edges, self.shrink)),
            recipe=self,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaussianCopulaModel:
    """A fitted copula.

    Attributes
    ----------
    edges
        Per column, where the stretch of each code begins, shape ``(size + 1,)``; the outer ends
        are infinite.
    root
        Lower triangular, shape ``(columns, columns)``; times its transpose it gives the
        correlations.
    """

    encoding: Encoding
    edges: tuple[Floats, ...]
    root: Floats
    recipe: GaussianCopula
    privacy: None = None
    holds_records: bool = False

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted; no record and no exact count."""
        return {
            "shrink": self.recipe.shrink,
            "protect": self.recipe.protect,
            "weigh": self.recipe.weigh,
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        if given is not None:
            frame = tried(checked(rows), streams, given, self._block)
            return Dataset(schema=self.encoding.schema, frame=frame)
        return Dataset(schema=self.encoding.schema, frame=in_blocks(rows, streams, self._block))

    def _block(self, rng: np.random.Generator) -> pl.DataFrame:
        apart = rng.standard_normal((len(self.edges), BLOCK))
        # einsum and not @: the sum has one order, whatever the number of threads
        together = np.einsum("ij,jn->in", self.root, apart, optimize=False)
        codes = np.empty(together.shape, dtype=np.int32)
        inside = np.empty(together.shape)
        for i, (edges, z) in enumerate(zip(self.edges, together, strict=True)):
            at = np.searchsorted(edges[1:-1], z, "right")
            low, high = ndtr(edges[at]), ndtr(edges[at + 1])
            codes[i] = at
            inside[i] = (ndtr(z) - low) / np.maximum(high - low, _SOME)
        return self.encoding.decode(codes, np.clip(inside, 0.0, np.nextafter(1.0, 0.0)))


def _edges(mass: Floats) -> Floats:
    """Return the ends of each code's stretch of the normal distribution."""
    total = np.cumsum(mass) / mass.sum()
    ends: Floats = np.concatenate([[-np.inf], ndtri(np.minimum(total[:-1], 1.0)), [np.inf]])
    return ends


def _scores(edges: Floats) -> Floats:
    """Return the mean of a standard normal number inside each stretch, 0 where it is empty."""
    density = np.exp(-np.square(edges) / 2) / np.sqrt(2 * np.pi)
    share = np.diff(ndtr(edges))
    return np.where(share > _SOME, -np.diff(density) / np.maximum(share, _SOME), 0.0)


def _correlations(encoded: Encoded, edges: tuple[Floats, ...], shrink: float) -> Floats:
    """Return the correlations of the numbers behind the codes, positive definite.

    The covariance of two columns' scores is, to first order, the correlation behind them times
    the two scores' variances, of which coarse columns have little.
    """
    scores = np.stack([_scores(e)[c] for e, c in zip(edges, encoded.codes, strict=True)])
    weight = encoded.weights / encoded.weights.sum()
    centred = scores - (scores @ weight)[:, None]
    cross = (centred * weight) @ centred.T
    variance = np.maximum(np.diag(cross), _SOME)
    behind = np.clip(cross / np.outer(variance, variance), -_MOST, _MOST)
    behind[np.diag(cross) <= _SOME] = 0.0  # a column of one code goes with nothing
    behind[:, np.diag(cross) <= _SOME] = 0.0
    behind *= encoded.n_persons / (encoded.n_persons + shrink)
    np.fill_diagonal(behind, 1.0)
    return _definite(behind)


def _root(correlations: Floats) -> Floats:
    return np.asarray(np.linalg.cholesky(correlations), dtype=np.float64)


def _definite(matrix: Floats) -> Floats:
    """Return the matrix with eigenvalues above 0 and a diagonal of ones.

    References
    ----------
    Rebonato & Jäckel (1999), A general methodology to create a valid correlation matrix.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= _LEAST:
        return np.asarray(matrix, dtype=np.float64)
    whole = (vectors * np.maximum(values, _LEAST)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(whole))
    found: Floats = whole * np.outer(scale, scale)
    np.fill_diagonal(found, 1.0)
    return found
