"""Pictures of attacks: what is missing in the details is left out, never shown as nothing."""

import math

from assaymark.core.measurement import Measurement
from assaymark.flow.report.attacks import attacks_of


def picture(**details):
    measured = Measurement(
        metric="a.b", value=0.6, low=0.55, high=0.65, n=100, baseline=0.5, details=details
    )
    (found,) = attacks_of([measured])
    return found


def test_a_control_without_a_count_is_left_out():
    whole = {"name": "copies", "kind": "planted", "caught": 14, "of": 14, "size": 0.01}
    lines = [whole, {**whole, "caught": None}, {k: v for k, v in whole.items() if k != "of"}, 3]
    found = picture(controls=lines)
    assert [(c.caught, c.of, c.size) for c in found.controls] == [(14, 14, 0.01)]


def test_points_that_are_no_numbers_are_left_out():
    found = picture(curve=[[0.0, 0.1], [0.5, None], ["x", 1.0], [math.nan, 0.2], [1.0, 1.0]])
    assert found.curve == ((0.0, 0.1), (1.0, 1.0))


def test_groups_are_shown_with_their_intervals():
    line = {"group": "sex=f", "value": 0.1, "low": 0.0, "high": 0.2, "n": 120, "exposed": True}
    found = picture(controls=[], groups=[line, {"group": "sex=m", "value": None}])
    assert [(g.group, g.value, g.n, g.exposed) for g in found.exposed] == [
        ("sex = f", 0.1, 120, True)
    ]
    assert (found.value, found.chance) == (0.6, 0.5)


def test_a_measurement_without_curve_and_controls_is_no_attack():
    assert attacks_of([Measurement(metric="a.b", value=0.1, n=3)]) == ()


def test_a_secret_is_shown_where_all_of_it_is_there():
    shares = {"guessed": 0.2, "precision": 0.9, "recall": 0.18}
    whole = {**shares, **{f"{k}_of_unseen": v / 2 for k, v in shares.items()}, "alc": 0.4}
    found = picture(controls=[], secret="ill", hit="guessed rightly", **whole)
    assert (found.secret.secret, found.secret.precision, found.secret.loss) == ("ill", 0.9, 0.4)
    assert found.secret.recall_of_unseen == 0.09
    assert found.hit == "guessed rightly"
    assert picture(controls=[], secret="ill", **{**whole, "alc": None}).secret is None
    assert picture(controls=[], **whole).secret is None
