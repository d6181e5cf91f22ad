"""What ``import assaymark`` offers beside drafts: each stage as one function of tables or paths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.core.document import sha256
from assaymark.core.recipe import GenerateSpec
from assaymark.core.time_limit import LIMIT
from assaymark.errors import InputError
from assaymark.flow.evaluate.analysis import analysis_of
from assaymark.flow.evaluate.compare import Comparing
from assaymark.flow.evaluate.compare import compare as _compare
from assaymark.flow.evaluate.entrants import DEFAULT, entrants_of, read_entrants
from assaymark.flow.evaluate.given import Ask, Tables, describe_table, evaluate_tables
from assaymark.flow.evaluate.infer import infer as _infer
from assaymark.flow.evaluate.infer import made_of, of_tables
from assaymark.flow.generate.fit import build
from assaymark.flow.generate.row_files import parquet_of
from assaymark.flow.job import Options, read_job
from assaymark.flow.monitor.batch import read_batch
from assaymark.flow.monitor.batches import Watching
from assaymark.flow.monitor.batches import monitor as _monitor
from assaymark.flow.release.admit import load as _load
from assaymark.flow.release.verify import verify as _verify
from assaymark.flow.run import run as _run
from assaymark.flow.source.claims import read_recipe
from assaymark.flow.source.init import init as _init
from assaymark.source.read import read_frame
from assaymark.source.replicates import read_replicates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.comparison import Comparison
    from assaymark.flow.evaluate.describe import Described
    from assaymark.flow.evaluate.infer import Inferred
    from assaymark.flow.monitor.batches import Monitored
    from assaymark.flow.monitor.timeline import Against
    from assaymark.flow.outcome import Outcome
    from assaymark.flow.release.verify import Verified
    from assaymark.flow.source.init import Initialised

__all__ = [
    "compare",
    "evaluate",
    "infer",
    "init",
    "load",
    "monitor",
    "run",
    "verify",
]


def compare(  # noqa: PLR0913
    *what: Any,  # noqa: ANN401
    generators: Sequence[str] = (),
    target: str | None = None,
    repeats: int = 5,
    shadow: bool = False,
    report: str | Path | None = None,
    workspace: str | Path = ".assaymark",
    seed: int | None = None,
) -> Comparison:
    """Compare recipes (paths) or, on one table (an object or a path), generators by name.

    All are fitted to the same people and held against the same others; the confirmation holdout
    stays closed. See ``docs/compare.md`` for what the figures mean.

    Raises
    ------
    NotApprovedError
        When the holdout shares rows or persons with train beyond the policy's limit.
    """
    if all(isinstance(w, str | Path) for w in what):
        entrants = read_entrants([Path(w) for w in what], generators, target=target)
    elif len(what) == 1:
        names = tuple(dict.fromkeys(generators)) or DEFAULT
        for name in names:
            build(GenerateSpec(generator=name))
        entrants = entrants_of(read_frame(what[0]), names, name="given table", target=target)
    else:
        raise InputError("compare takes recipes, or one table")
    how = Comparing(
        workspace=Path(workspace),
        repeats=repeats,
        shadow=shadow,
        seed=seed,
        report=None if report is None else Path(report),
    )
    return _compare(entrants, how)


def evaluate(  # noqa: PLR0913
    train: Any,  # noqa: ANN401
    synthetic: Any = None,  # noqa: ANN401
    *,
    holdout: Any = None,  # noqa: ANN401
    reference: Any = None,  # noqa: ANN401
    earlier: Any = (),  # noqa: ANN401
    recipe: str | Path | None = None,
    policy: str | Path | None = None,
    uses: Sequence[str] = (),
    only: Sequence[str] = (),
    report: str | Path | None = None,
    seed: int | None = None,
    time_limit: float = LIMIT,
) -> Outcome | Described:
    """Judge synthetic rows that any tool made; ``synthetic`` may be a list of replicates.

    Without any, ``only=["fairness"]`` describes ``train`` by itself, and nothing is judged.

    Without ``holdout``, no verdict is given that needs one. ``earlier`` is a table of an
    earlier release of the same people, or a list of them, which attackers hold too.
    A metric that takes more than ``time_limit`` seconds gives no figure.
    """
    none: list[Any] = [] if synthetic is None else [synthetic]
    replicates = synthetic if isinstance(synthetic, list | tuple) else none
    frames = tuple(read_frame(s) for s in replicates)
    digests = [sha256(parquet_of(f)) for f in frames]
    others = earlier if isinstance(earlier, list | tuple) else [earlier]
    before = tuple(read_frame(e) for e in others)
    tables = Tables(
        name="given tables",
        train=read_frame(train),
        synthetics=frames,
        holdout=None if holdout is None else read_frame(holdout),
        reference=None if reference is None else read_frame(reference),
        earlier=before,
        recipe=None if recipe is None else read_recipe(Path(recipe)),
        candidate=sha256("\n".join(digests).encode()),
        earlier_digests=tuple(sha256(parquet_of(f)) for f in before),
    )
    ask = Ask(
        policy=None if policy is None else Path(policy).read_bytes(),
        uses=tuple(uses),
        only=tuple(only),
        report=None if report is None else Path(report),
        seed=seed,
        time_limit=time_limit,
    )
    return evaluate_tables(tables, ask) if frames else describe_table(tables, ask)


def infer(  # noqa: PLR0913
    what: Any,  # noqa: ANN401
    *,
    mean: str = "",
    share: str = "",
    quantile: tuple[str, float] | None = None,
    model: str = "",
    family: str = "ols",
    event: str = "",
    where: str = "",
    n: int | None = None,
    made: str = "",
    uncertified: bool = False,
    workspace: str | Path | None = None,
) -> Inferred:
    """Return estimates with 95 % intervals from a release (a folder), or from synthetic tables.

    Exactly one of: ``mean`` of a column; ``share`` of the rows that a condition holds for;
    ``quantile``, a column and a share such as 0.5; ``model``, a formula such as
    ``"ill ~ age + sex"``, of ``family`` "ols", "logistic", "poisson" or "cox" (then the outcome is
    a time, and ``event`` a column). ``where`` is a condition on the rows.

    A release says itself how its replicates were made. For tables, say ``n``, the persons that
    the generator was fitted to, and ``made``: "one fit", "refits", "fully synthetic" or
    "partially synthetic". Without, there is no interval: one computed as if the rows were real
    does not hold. See ``docs/analytics.md``.

    Raises
    ------
    InputError
        When nothing says how the rows were made, or the analysis has no answer; it says why.
    NotApprovedError
        When the release is not approved for analytics, or no certificate says that intervals of
        this kind hold; ``uncertified`` gives the latter all the same.
    """
    analysis = analysis_of(
        mean=mean, share=share, quantile=quantile, model=(model, family, event), where=where
    )
    one = [what] if not isinstance(what, list | tuple) else list(what)
    if len(one) == 1 and isinstance(one[0], str | Path) and Path(one[0]).is_dir():
        place = None if workspace is None else Path(workspace)
        rows = made_of(Path(one[0]), workspace=place)
    else:
        rows = of_tables(read_replicates(one), made=made, n=n)
    return _infer(rows, analysis, uncertified=uncertified)


def init(
    source: str | Path, out: str | Path = ".", *, profile: str = "controlled", force: bool = False
) -> Initialised:
    """Profile a CSV or Parquet file and write ``recipe.toml`` and ``policy.toml``."""
    return _init(Path(source), Path(out), profile=profile, force=force)


def run(  # noqa: PLR0913
    recipe: str | Path,
    *,
    data: Any = None,  # noqa: ANN401
    policy: str | Path | None = None,
    uses: Sequence[str] = (),
    workspace: str | Path = ".assaymark",
    confirm: bool = True,
    fresh: bool = False,
    seed: int | None = None,
    time_limit: float = LIMIT,
) -> Outcome:
    """Run a recipe to a signed release or a reasoned refusal; ``data`` replaces its source file.

    A metric that takes more than ``time_limit`` seconds gives no figure.

    Raises
    ------
    AssaymarkError
        On bad input or broken integrity. A refusal is an outcome, not an error.
    """
    job = read_job(
        Path(recipe),
        policy_path=None if policy is None else Path(policy),
        uses=uses,
        data=None if data is None else read_frame(data),
        workspace=Path(workspace),
    )
    options = Options(
        workspace=Path(workspace),
        confirm=confirm,
        fresh=fresh,
        seed=seed,
        time_limit=time_limit,
    )
    return _run(job, options)


def verify(release: str | Path, *, trusted: Sequence[str] = ()) -> Verified:
    """Check a release offline; ``trusted`` are fingerprints of signers that you know."""
    return _verify(Path(release), trusted=trusted)


def load(  # noqa: PLR0913
    release: str | Path,
    *,
    use: str,
    group: str = "",
    into: str = "loaded in Python",
    provenance: str | Path | None = None,
    notices: Sequence[str | Path] = (),
    workspace: str | Path | None = None,
) -> Any:  # noqa: ANN401
    """Return the rows of a release for ``use``: a polars table, a list of them for replicates.

    With a ``group``, named as in the report (``"sex=F"``), it is refused where it is not fit for
    the study of these people; all rows are returned all the same, for comparison with others. A
    refusal says why: the rules that did not pass, or that nobody asked for the use.

    The admission is added to the file ``provenance`` as a line of JSON, and to the ledger of
    ``workspace``; ``into`` names what the rows go into, so that a recall reaches it.

    Raises
    ------
    NotApprovedError
        When the use was not approved, it is not fit for the group, or the release is expired,
        degraded, contested or withdrawn.
    """
    for what, name in (("use", use), ("group", group)):
        if not isinstance(name, str):
            raise InputError(
                f"{what} = {name!r} is not a name\n\nHint: one use, such as 'analytics', and one "
                "group as the report names it, such as 'sex=F'"
            )
    found = _load(
        Path(release),
        use,
        group=group,
        into=into,
        provenance=None if provenance is None else Path(provenance),
        notices=tuple(map(Path, notices)),
        workspace=None if workspace is None else Path(workspace),
    )
    return found[0] if len(found) == 1 else found


def monitor(  # noqa: PLR0913
    release: str | Path,
    batch: Any,  # noqa: ANN401
    *,
    threshold: float = 0.1,
    state: str | Path | None = None,
    against: Against = "released",
    workspace: str | Path | None = None,
    tolerance: float | None = None,
    name: str = "batch",
    trusted: Sequence[str] = (),
    apart: bool = False,
) -> Monitored:
    """Hold a batch (a table, a file, a folder or a release) against what was released.

    With ``state``, the file of a timeline, all batches so far count together, and one may look as
    often as one likes. ``against="source"`` is against the real rows behind the release, and needs
    the ``workspace`` that issued it. ``trusted`` are fingerprints of signers that you know.
    ``apart`` trains a model that tells the batch from released rows, and says by which columns.
    """
    how = Watching(
        state=None if state is None else Path(state),
        against=against,
        workspace=None if workspace is None else Path(workspace),
        tolerance=tolerance,
        name=name,
        trusted=tuple(trusted),
        apart=apart,
    )
    rows = read_batch(Path(batch)) if isinstance(batch, str | Path) else read_frame(batch)
    return _monitor(Path(release), rows, threshold=threshold, watching=how)
