"""Names of columns are taken as they are, whatever is in them."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.reliance import Reliance
from assaymark.flow.monitor.watch import Batch, Timeline, look_at, watched
from assaymark.monitor.sketch import sketch

OF = Timeline(release="0" * 64, against="released", tolerance=0.05)


def found(layout, frame):
    batch = Batch(frame=frame, name="today", digest="1" * 64, at="2026-05-02T00:00:00+00:00")
    look = look_at(layout, batch, OF, [])
    return watched(layout, [look], tolerance=OF.tolerance, layout=layout)


@pytest.fixture
def numbers():
    return np.arange(2_000), np.random.default_rng(1).permutation(2_000)


def test_a_relation_of_a_column_whose_name_has_a_comma_is_told_by_its_values(numbers):
    together, apart = numbers
    made = sketch(pl.DataFrame({"Income, total": together, "age": together}))
    rests = (Reliance(by="claim pay", columns=("Income, total",)),)
    layout = made.model_copy(update={"relied": rests})
    (alarm,) = found(layout, pl.DataFrame({"Income, total": together, "age": apart})).alarms
    assert alarm.subject == "pair:Income, total,age"
    # of a quarter by income, all or none were in the same by age; now a quarter of each is
    assert alarm.what in {
        "age below 499.75, where Income, total is below 499.75",
        "age below 1499.25, where Income, total is 1499.25 or more",
    }
    assert alarm.before in {0.0, 1.0}
    assert abs(alarm.after - alarm.before) == pytest.approx(0.75, abs=0.05)
    assert alarm.rests == ("claim pay",)
    moved = found(layout, pl.DataFrame({"Income, total": together + 900, "age": apart})).alarms
    assert [a.subject for a in moved] == ["column:Income, total"]


def test_two_relations_that_are_spelt_alike_are_two_lines(numbers):
    together, apart = numbers
    layout = sketch(pl.DataFrame({"a": together, "b,c": together, "a,b": apart, "c": apart}))
    batch = pl.DataFrame({"a": together, "b,c": apart, "a,b": together, "c": apart})
    alike = [a for a in found(layout, batch).alarms if a.subject == "pair:a,b,c"]
    assert sorted(a.what.split(" ")[0] for a in alike) == ["b,c", "c"]
