"""Tree chain: each column drawn from trees of the columns before it (the default generator)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.chain.abreast import Job, abreast
from assaymark.generate.chain.chain import Chain, Rows
from assaymark.generate.chain.grown import Growing
from assaymark.generate.chain.model import TreeChainModel
from assaymark.generate.chain.plan import plan_of
from assaymark.generate.coding.alike import drawn_alike
from assaymark.generate.coding.encoding import encode
from assaymark.generate.relations.anchored import Anchored, Gap, gap_of
from assaymark.generate.relations.anchors import apart, cells_of
from assaymark.generate.relations.edges import find_edges
from assaymark.generate.relations.same_as import find_same
from assaymark.generate.relations.wording import Wording, find_numerals, wording, words_alone
from assaymark.generate.trees.forest import Growth, linked
from assaymark.generate.trees.known import Known, known_of
from assaymark.generate.trees.said import MOST_SEEN
from assaymark.generate.trees.shelter import sheltered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.chain.chain import Part
    from assaymark.generate.chain.plan import Plan
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.derived import Absent
    from assaymark.generate.relations.same_as import Equal
    from assaymark.generate.trees.known import Target
    from assaymark.generate.trees.link import Link

__all__ = ["TreeChain"]

_MADE = 2000, 20_000  # rows made while fitting: as many as persons, within these
_MOST_ABREAST = 100_000  # rows: a column of more holds much, and keeps all cores busy by itself
_FEW = 24  # codes of a target that is drawn first
_ROUNDS, _SMALL_TREES = (8, 100), 2_400  # small trees tried for a column, and for all of them
_CELLS = 4_000_000  # that corrections are fitted to: a table of more has no small trees


@component
class TreeChain:
    """Draw column after column, each from trees grown on the columns before it.

    The branches of a tree are decided by some of the persons and its pools filled by the others
    (honest); a branch must be worth its parameters; a pool speaks for at least ``k`` persons and
    borrows from the pools above it. What each column by itself says of the next, the trees
    together miss a little of: a correction makes up for it, so that means, variances and
    covariances, and every regression with them, come out as they were seen. A value comes out
    only if ``protect`` persons share it or stand behind the interval it is drawn from. A column
    that follows from another, such as a group from a code or a total from its parts, is worked
    out; one that lies near another, such as a bill near the last one less what was paid, is drawn
    by its difference where that says more. There is no theorem in this: what it leaks is measured
    by the attacks.

    Attributes
    ----------
    k
        Persons in a pool, on either side of a branch too; smaller is closer to the source and
        leaks more.
    trees
        Trees per column, each on its own halves; a row uses one of them at random.
    honest
        Whether branches and pools come from different persons.
    penalty
        How much log-likelihood a branch must add for each parameter that it adds; 1 is Akaike's
        criterion, 0 grows trees as far as ``k`` lets them, which leaks.
    shrink
        Persons' worth of the pool above that is mixed into each pool, and of what was expected
        into each correction.
    effects
        Whether what each column by itself says of the next is corrected, where that is more than
        chance; it needs honest trees.
    slopes
        Whether means, variances and covariances are corrected; it needs honest trees.
    shelter
        Share of the persons, those whom fewest are like, who count for less the more alone they
        stand; 0 lets everybody count alike, which leaks them. It needs honest trees.
    relations
        Which rules between columns are looked for: ``"codes"``, a column's code follows from
        another's, or it is missing because of another; ``"all"``, also that its values lie at or
        near sums and differences of others.
    classes
        Classes of an ordered column that pools tell apart; inside a class, values are drawn
        alike everywhere.
    protect
        See above; 1 switches the protection off.
    weigh
        ``"person"``: each person weighs 1, so that the synthetic rows are as drawn from a random
        person's rows; ``"row"``: each row weighs 1, a person 10 at most, so that the synthetic
        rows are as the table's rows. The same where a person has one row.
    order
        ``"target"``: columns with few codes first, but the declared target before all others, so
        that each is drawn knowing it, or after all others if it has more than 24 codes or may be
        missing; ``"target_last"``: the same, but always after; ``"cardinality"``: columns with
        few codes first; ``"schema"``: as in the table.
    quality
        ``"high"``: what the trees of a column have missed together is learnt by up to 100
        small trees more, one after the other (:mod:`assaymark.generate.trees.boosting`), and by
        fewer where a table has more than 24 columns, by none where columns times rows (at most
        100,000) are more than four million; it needs honest trees. ``"standard"``: without them,
        in less time.

    References
    ----------
    Reiter (2005), Using CART to generate partially synthetic public use microdata; Nowok, Raab &
    Dibben (2016), synthpop; Wager & Athey (2018), honest trees; Akaike (1974); Agarwal et al.
    (2022), Hierarchical shrinkage.
    """

    LATER: ClassVar = {"quality": "standard"}

    k: int = 20
    trees: int = 10
    honest: bool = True
    penalty: float = 0.8
    shrink: float = 5.0
    effects: bool = True
    slopes: bool = True
    shelter: float = 0.1
    relations: Literal["all", "codes", "none"] = "all"
    classes: int = 64
    protect: int = 10
    weigh: Literal["person", "row"] = "person"
    order: Literal["cardinality", "schema", "target", "target_last"] = "target"
    quality: Literal["standard", "high"] = "high"

    def __post_init__(self) -> None:
        """Refuse settings that no model can have."""
        least = {"k": 1, "trees": 1, "classes": 2, "protect": 1, "penalty": 0, "shrink": 0}
        for name, low in least.items():
            if not low <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} is {getattr(self, name)}, and must be {low} or more")
        if not 0 <= self.shelter <= 1:
            raise ValueError(f"shelter is {self.shelter}, and must be a share, from 0 to 1")

    def fit(self, source: PrivateSource, streams: Streams) -> TreeChainModel:
        """Fit the chain, column after column."""
        dataset = source.open("tree_chain", "fit")
        encoded, plan = self._planned(dataset, streams)
        growth = self._growth(len(plan.order), encoded.codes.shape[1])
        known: list[Known] = []
        gaps: list[Gap] = []
        links: list[Part] = []
        place = plan.order.index
        absent = {j: replace(r, source=place(r.source)) for j, r in plan.absent.items()}
        size = 2 * len(plan.order), int(np.clip(encoded.n_persons, *_MADE))
        made = Rows.begun(streams.child("made").words(), 0, size)

        def grown(column: int, before: Sequence[Known], wait: Callable[[], None]) -> Part:
            tree = streams.child("tree", dataset.schema.names[column])
            there = partial(_there, wait, made, absent.get(column))
            return Growing(
                encoded=encoded,
                plan=plan,
                column=column,
                known=before,
                links=links,
                how=(self.protect, self.classes),
                grow=partial(linked, made=there, how=growth, streams=tree),
            ).part()

        def jobs() -> Iterator[Job[Part]]:
            for row, column in enumerate(plan.free):
                before = tuple(known)
                if column not in plan.looked_up:
                    coding, mass = encoded.encoding.codings[column], encoded.mass(column)
                    known.append(known_of(coding, mass, encoded.codes[column], row=row))
                yield Job(partial(grown, column, before), alone=column in plan.anchors)

        def finish(link: Part) -> None:
            row = len(links)
            links.append(link)
            if isinstance(link, Anchored):
                self._add_gap(encoded, plan, plan.free[row], (gaps, known))
            chain = self._begun(dataset, encoded, plan, (links, absent, gaps))
            chain.draw(made, row)
            chain.settle(made, row)

        abreast(jobs(), finish, 1 + (dataset.n <= _MOST_ABREAST))
        links.extend(replace(r, source=place(r.source)) for r in plan.derived.values())
        for text, number in plan.texts.items():
            chain = self._begun(dataset, encoded, plan, (links, absent, gaps))
            for i in range(len(plan.free), len(links)):
                chain.draw(made, i)
            of = encoded.encoding.codings[number]
            alone = made.codes[place(number)] >= of.size - of.missing
            there = made.codes[:, alone if alone.any() else slice(None)]
            tree = streams.child("tree", dataset.schema.names[text])
            grow = partial(linked, made=partial(np.asarray, there), how=growth, streams=tree)
            links.append(self._wording(dataset, encoded, plan, (text, number), known, grow))
            coding, mass = encoded.encoding.codings[text], encoded.mass(text)
            known.append(known_of(coding, mass, encoded.codes[text], row=len(links) - 1))
        return TreeChainModel(
            encoding=encoded.encoding,
            order=plan.order,
            links=tuple(links),
            absent=tuple(absent.get(column) for column in plan.order),
            gaps=tuple(gaps),
            recipe=self,
        )

    def _planned(self, dataset: Dataset, streams: Streams) -> tuple[Encoded, Plan]:
        """Return the table as codes, and what of it is worked out and drawn in which order."""
        edges = find_edges(dataset, self.protect) if self.relations != "none" else {}
        numerals = find_numerals(dataset, self.protect) if self.relations == "all" else {}
        words = words_alone(dataset, tuple(numerals))
        encoded = encode(words, self.protect, streams, weigh=self.weigh, edges=edges)
        if self.relations != "none":
            encoded = drawn_alike(encoded, streams)
        order = self._ordered(encoded, dataset.target)
        same: Mapping[int, Equal] = {}
        if self.relations == "all":
            encoded, same = find_same(words, encoded, order, self.protect)
        plan = plan_of(dataset, encoded, order, (self.protect, self.relations), numerals, same)
        alone = streams.child("shelter").generator()
        return sheltered(encoded, self.shelter if self.honest else 0.0, alone), plan

    def _growth(self, columns: int, rows: int) -> Growth:
        few = columns * min(rows, MOST_SEEN) <= _CELLS
        high = self.quality == "high" and self.honest and few
        return Growth(
            k=self.k,
            trees=self.trees,
            honest=self.honest,
            penalty=self.penalty,
            shrink=self.shrink,
            effects=self.effects and self.honest,
            slopes=self.slopes and self.honest,
            rounds=int(np.clip(_SMALL_TREES // columns, *_ROUNDS)) if high else 0,
            protect=self.protect,
        )

    def _begun(
        self,
        dataset: Dataset,
        encoded: Encoded,
        plan: Plan,
        so_far: tuple[list[Part], Mapping[int, Absent], list[Gap]],
    ) -> Chain:
        """Return the chain as far as it goes: of the links that it lacks none can be drawn."""
        links, absent, gaps = so_far
        rest = len(plan.order) - len(links)
        return Chain(
            links=(*links, *rest * links[-1:]),
            codings=tuple(encoded.encoding.codings[i] for i in plan.order),
            absent=tuple(absent.get(i) for i in plan.order),
            names=dataset.schema.names,
            gaps=tuple(gaps),
        )

    def _wording(
        self,
        dataset: Dataset,
        encoded: Encoded,
        plan: Plan,
        columns: tuple[int, int],
        known: Sequence[Known],
        grow: Callable[[Encoded, Target, Sequence[Known]], Link],
    ) -> Wording:
        """Return what writes a number out as text."""

        def words(here: Encoded, target: Target, rows: NDArray[np.bool_]) -> Link:
            return grow(here, target, [k.only(rows) for k in known])

        limits = self.protect, self.classes
        before = *plan.free, *plan.derived
        return wording(dataset, encoded, columns, before, limits, words)

    def _add_gap(
        self, encoded: Encoded, plan: Plan, column: int, to: tuple[list[Gap], list[Known]]
    ) -> None:
        """Let later columns be drawn from how far an anchored column is from its anchor."""
        anchor = plan.anchors[column][0]
        own = cells_of(encoded.encoding, column), plan.numbers[column]
        steps = apart(*own, anchor.at(plan.numbers))
        place = plan.order.index(column)
        found = gap_of(encoded, place, anchor.moved(plan.order), steps, self.protect)
        if found is None:
            return
        gap, codes = found
        mass = np.bincount(codes, encoded.weights, minlength=gap.coding.size).astype(np.float64)
        to[1].append(known_of(gap.coding, mass, codes, row=len(plan.order) + len(to[0])))
        to[0].append(gap)

    def _ordered(self, encoded: Encoded, target: str | None) -> tuple[int, ...]:
        codings = encoded.encoding.codings
        columns = list(range(len(codings)))
        if self.order != "schema":
            columns.sort(key=lambda i: codings[i].size)
        at = next((i for i in columns if codings[i].column.name == target), None)
        if self.order in ("target", "target_last") and at is not None:
            columns.remove(at)
            small = codings[at].size <= _FEW and not codings[at].missing
            first = self.order == "target" and small
            columns = [at, *columns] if first else [*columns, at]
        return tuple(columns)


def _there(wait: Callable[[], None], made: Rows, absent: Absent | None) -> NDArray[np.int32]:
    """Return the rows drawn so far, once they are, in which a column is not said to be missing."""
    wait()
    codes = made.codes
    return codes if absent is None else codes[:, ~absent.table[codes[absent.source]]]
