"""ReportContent: what a report and a card say, as plain values; every number is measured before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from assaymark.core.measurement import Measurement, Quantity
    from assaymark.core.opening import Opening
    from assaymark.core.threat import ThreatModel
    from assaymark.release.drawing.learning import LearningPicture
    from assaymark.release.drawing.privacy import PrivacyPicture

__all__ = [
    "AttackPicture",
    "AttemptLine",
    "BreachLine",
    "ChainLine",
    "ColumnPicture",
    "ControlLine",
    "FitnessLine",
    "GapLine",
    "GroupLevel",
    "GroupPicture",
    "PairLine",
    "ReportContent",
    "SecretLine",
    "StageLine",
    "TransformLine",
    "UseLine",
    "VerdictLine",
]

Mode = Literal["release", "refusal", "evaluation", "draft"]
Status = Literal["approved", "refused", "inconclusive", "not asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLine:
    """What the policy says of one use; reasons and next action are derived where left empty."""

    use: str
    status: Status
    reasons: tuple[str, ...] = ()
    next_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitnessLine:
    """Whether one use is fit for the study of one group, and why not where it is not."""

    use: str
    group: str
    fitness: Literal["fit", "not fit", "not enough evidence"]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLine:
    """One rule on one measurement for one use.

    ``verdict`` is one of PASS, FAIL, INCONCLUSIVE, NOT_RUN, STALE, WAIVED. ``quantity`` is what
    the metric declares; without it the full metric name stands in for the title.
    """

    rule: str
    title: str
    use: str
    verdict: str
    measurement: Measurement
    threshold: float
    direction: Literal["at_most", "at_least", "within"]
    severity: Literal["block", "warn", "info"] = "block"
    quantity: Quantity | None = None
    reason: str = ""
    why: str = ""
    remedy: str = ""
    origin: str = "proposal"
    stage: str = ""
    minimum_n: int = 0
    detect: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPicture:
    """Shares of one column's bins or categories in the real and in the synthetic rows.

    Shares lie in [0, 1]. ``real`` is empty where real shares are not shown at all, and holds
    ``None`` where one is withheld (few persons). ``labels`` name bins (``ordered``) in order, or
    categories. ``missing_*`` are shares of rows without a value.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    synthetic: tuple[float | None, ...]
    real: tuple[float | None, ...] = ()
    missing_real: float | None = None
    missing_synthetic: float | None = None
    ordered: bool = False
    roles: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        lengths = {len(self.labels), len(self.synthetic)} | (
            {len(self.real)} if self.real else set()
        )
        if len(lengths) != 1:
            raise ValueError(f"column {self.name!r}: labels and shares differ in length: {lengths}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """How far a pair of columns is off: ``distance`` in [0, 1], 0 is the same as real."""

    first: str
    second: str
    distance: float
    floor: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLevel:
    """One group: its share (or another figure) in the real and in the synthetic rows."""

    name: str
    real: float | None
    synthetic: float | None
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPicture:
    """One figure for every group of a declared column, real beside synthetic."""

    title: str
    levels: tuple[GroupLevel, ...]
    unit: str = "share of rows"
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLine:
    """The gap of a group in an outcome, in standard deviations: real, synthetic, brought in.

    ``level`` says by which limit it is judged, if any; ``crossing``, that several columns define
    the group; ``stands_out``, that it is a discovery among all that were looked at;
    ``intended`` says which correction was declared.
    """

    group: str
    crossing: bool
    outcome: str
    rate: bool
    real: float
    real_low: float
    real_high: float
    synthetic: float
    introduced: float
    low: float
    high: float
    level: Literal["judged", "judged widely", "looked at", "corrected"]
    stands_out: bool
    n: int
    intended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachLine:
    """How many synthetic rows break a plausibility rule, of those that it is about.

    ``high`` is the exact upper end of the rate, ``real`` the rate among real rows where it points
    at nobody.
    """

    rule: str
    hard: bool
    rows: int
    n: int
    rate: float
    high: float
    real: float | None
    excess: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLine:
    """One control of an attack: a planted leak it must find, or clean data it must not accuse."""

    name: str
    kind: Literal["planted", "null"]
    caught: int
    of: int
    size: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureLine:
    """How much more often an attack hits people of one group than people it never saw."""

    group: str
    value: float
    low: float
    high: float
    n: int
    exposed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLine:
    """Guesses about one secret, shares of people of train and of people never seen.

    ``guessed`` is the share of people about whom a guess was made, ``precision`` that of the
    guesses that are right, ``recall`` that of the people guessed rightly. ``loss`` is the anonymity
    loss coefficient.
    """

    secret: str
    guessed: float
    precision: float
    recall: float
    guessed_of_unseen: float
    precision_of_unseen: float
    recall_of_unseen: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackPicture:
    """One attack: its curve on the candidate, on a planted leak and on clean data.

    ``hit`` says what the attack does to people, as a participle. Curves are points (share of
    strangers wrongly named, share of members found), both in [0, 1]. ``chance`` is what the attack
    reaches without any leak; ``exposure`` says what it reached on these rows alone and together
    with earlier releases, where there are any.
    """

    name: str
    title: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float = 0.0
    exposed: tuple[ExposureLine, ...] = ()
    hit: str = "hit"
    secret: SecretLine | None = None
    meaning: str = ""
    exposure: str = ""
    curve: tuple[tuple[float, float], ...] = ()
    planted_curve: tuple[tuple[float, float], ...] = ()
    null_curve: tuple[tuple[float, float], ...] = ()
    controls: tuple[ControlLine, ...] = ()
    limit_of_detection: float | None = None
    records: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """One evaluation: on the development part, the confirmation part, or given files."""

    name: str
    result: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One earlier try for the same persons and use, failed and interrupted ones too."""

    number: int
    when: str
    candidate: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLine:
    """How one column is drawn: from which others, out of how many pools, what is held back.

    ``drawn_from`` has each column it depends on with its share of the branches, most first.
    ``pools`` is ``None`` where the generator has none. ``hidden`` says how many values never come
    out. ``derived`` is a column that follows from those in ``drawn_from``, by ``formula`` if it is
    a sum; ``near`` has columns that it is drawn near, ``same`` those that it is the same as, if
    ``often`` is set not always; ``told`` has columns that say a part of a date, and which part.
    """

    column: str
    drawn_from: tuple[tuple[str, float], ...] = ()
    pools: float | None = None
    codes: int = 0
    missing: bool = False
    hidden: str = ""
    derived: bool = False
    formula: str = ""
    near: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    often: bool = False
    told: tuple[tuple[str, str], ...] = ()
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformLine:
    """One declared change of the source before the fit."""

    what: str
    columns: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """Everything a report, a refusal, an evaluation or a draft page says.

    Attributes
    ----------
    made_at
        Time as text, ISO 8601 in UTC; a parameter so that same content gives same bytes.
    must_know
        Plain sentences for the first screen; sentences that the mode itself demands are added.
    self_attested
        Whether one person alone decided and signed.
    measurements
        What was measured and no rule judges.
    pictured
        Estimates and claims with the details that their pages need; sealed numbers are not here.
    workspace
        Where refused rows stay, in words that finish "quarantined in"; empty: the workspace.
    opened
        How often whom was given which part of the real rows.
    chain, chain_words
        How each column is drawn, in the order they are drawn, and a sentence on the generator.
    quantities
        Titles and meanings of measured quantities, used for ``measurements``.
    """

    mode: Mode
    title: str
    made_at: str
    threat: ThreatModel | None = None
    policy_name: str = ""
    policy_origin: str = ""
    policy_digest: str = ""
    candidate: str = ""
    rows: int | None = None
    uses: tuple[UseLine, ...] = ()
    fitness: tuple[FitnessLine, ...] = ()
    must_know: tuple[str, ...] = ()
    self_attested: bool = False
    verdicts: tuple[VerdictLine, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    columns: tuple[ColumnPicture, ...] = ()
    pictured: tuple[Measurement, ...] = ()
    pairs: tuple[PairLine, ...] = ()
    groups: tuple[GroupPicture, ...] = ()
    gaps: tuple[GapLine, ...] = ()
    breaches: tuple[BreachLine, ...] = ()
    attacks: tuple[AttackPicture, ...] = ()
    learning: LearningPicture | None = None
    privacy: PrivacyPicture | None = None
    stages: tuple[StageLine, ...] = ()
    attempts: tuple[AttemptLine, ...] = ()
    transformations: tuple[TransformLine, ...] = ()
    chain: tuple[ChainLine, ...] = ()
    chain_words: str = ""
    provenance: tuple[tuple[str, str], ...] = ()
    opened: tuple[Opening, ...] = ()
    limits: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    next_actions: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    verify_command: str = "assaymark verify ."
    workspace: str = ""
