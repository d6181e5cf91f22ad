import numpy as np
import pytest

from assaymark.core.schema import Column, Kind, Schema
from assaymark.generate.chain.chain import Chain
from assaymark.generate.coding.levels import LevelCoding
from assaymark.generate.relations.derived import Lookup
from assaymark.generate.trees.branches import Branches
from assaymark.generate.trees.classes import Cut
from assaymark.generate.trees.link import alone, link_of


def ints(*values):
    return np.array(values, dtype=np.int32)


@pytest.fixture(scope="session")
def by_hand():
    """Return a chain a -> b -> c: P(a=x) = 3/4, P(b=u | x) = .9, P(b=u | y) = .2, c follows b."""
    columns = [Column(name=n, kind=Kind.CATEGORY) for n in "abc"]
    levels = (("x", "y"), ("u", "v"), ("one", "two"))
    codings = tuple(
        LevelCoding(column=c, levels=names, missing=False, hidden=0)
        for c, names in zip(columns, levels, strict=True)
    )
    tree = Branches(
        feature=ints(0, -1, -1),
        threshold=ints(0, 0, 0),
        left=ints(1, -1, -1),
        right=ints(2, -1, -1),
        parent=ints(-1, 0, 0),
        places=ints(0, 1),
        start=ints(0),
    )
    shares = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    cut = Cut(classes=ints(0, 1), groups=ints(0, 1))
    links = (
        alone(np.array([3.0, 1.0])),
        link_of((0,), [tree], [shares], cut, np.ones(2), None),
        Lookup(source=1, table=ints(1, 0)),
    )

    chain = Chain(links=links, codings=codings, absent=(None,) * 3, names=("a", "b", "c"))
    return chain, Schema(columns=tuple(columns))
