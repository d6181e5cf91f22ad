"""What a report says to somebody who trains models."""

from assaymark.core.measurement import Measurement
from assaymark.flow.report.learning import leaking, learning_of
from assaymark.release.drawing.learning import draw_family, draw_learning


def of(metric, subject="table", value=0.1, **details):
    return Measurement(
        metric=metric,
        subject=subject,
        value=value,
        low=value - 0.05,
        high=value + 0.05,
        n=100,
        floor=0.9 if metric == "tstr.importance" else None,
        details=details,
    )


MEASURED = (
    of("tstr.loss", "model:mlp", 0.02, target="ill", score="AUC"),
    of("tstr.synthetic", "model:mlp", 0.7),
    of("tstr.real", "model:mlp", 0.72),
    of("tstr.rare_loss"),
    of("labels.error_excess"),
    of("tstr.ranking", value=1.0),
    of("tstr.importance", value=0.8),
    of("augmentation.gain", "rows:1 of 2", rows=30, added=500, real=0.6, both=0.7),
    of("augmentation.gain", "rows:2 of 2", 0.0, rows=90, added=500, real=0.65, both=0.7),
    of("augmentation.real_rows", "rows:1 of 2", 60.0, rows=30, at_most=60),
    of("augmentation.finetuned", rows=30),
    of("augmentation.control", "control:smote", 0.01),
)


def test_families_curve_worth_and_controls_are_said():
    found = learning_of(MEASURED)
    assert (found.target, found.score) == ("ill", "AUC")
    assert [(f.name, f.real, f.synthetic) for f in found.families] == [("network", 0.72, 0.7)]
    assert [(p.rows, p.both) for p in found.points] == [(30, 0.7), (90, 0.7)]
    assert found.worth[0].startswith("Beside 30 real rows, 500 synthetic rows are worth 60 more")
    assert "may be more" in found.worth[0]
    assert found.controls[0][:2] == ("SMOTE", 0.01)
    assert len(found.sentences) == 4
    assert "0.72" in draw_family(found.families[0], found.ends)
    assert "30 real rows: 0.6 alone" in draw_learning(found.points)


def test_groups_are_told_with_both_scores_and_those_too_small_by_name():
    scored = of("tstr.group_loss", "group:sex=f", 0.03, real=0.8, synthetic=0.77)
    few = Measurement.missing("tstr.group_loss_small", "too few", "group:sex=x", n=10)
    found = learning_of([*MEASURED, scored, few])
    assert [(g.group, g.real, g.synthetic, g.loss) for g in found.groups] == [
        ("sex=f", 0.8, 0.77, 0.03)
    ]
    assert found.unscored == ("sex=x",)


def test_without_a_learnt_target_there_is_no_section():
    assert learning_of([Measurement.missing("tstr.loss", "no target", "model:*")]) is None


def test_a_target_that_leaks_through_a_real_column_is_said():
    told = Measurement(
        metric="shortcuts.real", subject="column:bill", value=0.995, low=0.99, high=1.0, n=500
    )
    (said,) = leaking([told, of("shortcuts.real", "column:age", 0.6)])
    assert "'bill'" in said


def test_columns_that_tell_the_target_together_are_said_where_none_does_alone():
    alone = [of("shortcuts.real", f"column:{c}", v) for c, v in (("a", 0.6), ("b", 0.9))]
    sure = Measurement(
        metric="tstr.real",
        subject="model:mlp",
        value=0.995,
        low=0.99,
        high=1.0,
        n=500,
        details={"score": "AUC"},
    )
    (said,) = leaking([*alone, sure])
    assert "may leak" in said
    assert "'b', 'a'" in said
    assert leaking([*alone, of("tstr.real", "model:mlp", 0.9, score="AUC")]) == ()
