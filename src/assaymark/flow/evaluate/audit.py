"""Audit: canaries committed to before a fit, guessed at after it, and revealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.audit import Audit, lower_bound
from assaymark.core.dataset import Dataset
from assaymark.errors import IntegrityError, NotApprovedError
from assaymark.flow.generate.fit import read_rows
from assaymark.generate.dp.canaries import Canaries, Domain, guesses_of
from assaymark.generate.dp.ground import Terms
from assaymark.generate.model_file import read_model

if TYPE_CHECKING:
    from assaymark.core.privacy_spec import PrivacySpec
    from assaymark.core.streams import Streams
    from assaymark.flow.generate.fit import Candidate
    from assaymark.flow.source.queries import Asked

__all__ = ["COMMITTED", "REVEALED", "begun", "check_declared"]

COMMITTED, REVEALED = "canaries.committed", "canaries.revealed"
_DRAWN = 200_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Test:
    """The rows to fit to, and the canaries among them, if any."""

    asked: Asked
    rows: Dataset
    canaries: Canaries | None = None
    domain: Domain | None = None

    def ended(self, candidate: Candidate, streams: Streams) -> Candidate:
        """Return the candidate with what the canaries say of its guarantee.

        Raises
        ------
        NotApprovedError
            When they refute it: the candidate is not kept, and stays charged.
        """
        claim = candidate.privacy
        if self.canaries is None or self.domain is None or claim is None:
            return candidate
        made = _many(candidate, self.rows, streams)
        guesses, right = guesses_of(made, self.canaries, self.domain)
        found = lower_bound(self.canaries.rows.n, guesses, right, float(claim.delta))
        audit = Audit(
            canaries=self.canaries.rows.n,
            guesses=guesses,
            right=right,
            lower_bound=repr(found),
            commitment=self.canaries.commitment,
        )
        workspace = self.asked.workspace
        body = {
            "reveal": workspace.put(self.canaries.reveal),
            "audit": audit.plain(),
            "epsilon": claim.epsilon,
        }
        workspace.ledger.append(REVEALED, audit.commitment, body, self.asked.actor)
        try:
            audit.check(float(claim.epsilon), float(claim.delta))
        except IntegrityError as error:
            raise NotApprovedError(
                f"{error}. What made these rows does not keep what it claims; nothing of it is "
                "kept, and the people stay charged\n\nHint: report it; do not use this generator"
            ) from error
        return replace(candidate, privacy=claim.model_copy(update={"audit": audit}))


def check_declared(spec: PrivacySpec, train: Dataset) -> None:
    """Raise where what the recipe declares does not fit the table; looks at no row.

    A wrong word in a recipe must not cost anybody's budget.
    """
    domain = Domain(bounds=spec.bounds, categories=spec.categories)
    domain.check_columns(train.schema)
    Terms(
        epsilon=spec.epsilon,
        delta=spec.delta,
        unit="row" if spec.unit == "row" else "person",
        cap=spec.rows_per_person,
        bounds=spec.bounds,
        categories=spec.categories,
    ).check(train.schema)
    if spec.canaries:
        domain.check(train.schema)


def begun(asked: Asked, spec: PrivacySpec | None, train: Dataset) -> _Test:
    """Put canaries among the rows where the recipe wants them, and commit to them first."""
    if spec is None or not spec.canaries:
        return _Test(asked=asked, rows=train)
    domain = Domain(bounds=spec.bounds, categories=spec.categories)
    canaries = Canaries.flip(train.schema, domain, spec.canaries)
    body = {"canaries": canaries.rows.n, "population": asked.population}
    asked.workspace.ledger.append(COMMITTED, canaries.commitment, body, asked.actor)
    return _Test(asked=asked, rows=canaries.among(train), canaries=canaries, domain=domain)


def _many(candidate: Candidate, train: Dataset, streams: Streams) -> Dataset:
    """Return as many rows of the model as help to guess; more of them cost no privacy."""
    if candidate.model:
        model = read_model(candidate.model).model
        return model.sample(range(_DRAWN), streams.child("audit"))
    tables = [read_rows(raw, train.schema) for raw in candidate.files]
    return Dataset(schema=train.schema, frame=pl.concat(t.frame for t in tables))
