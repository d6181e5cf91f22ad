import numpy as np
import polars as pl
import pytest

from assaymark.errors import DataError
from assaymark.monitor.shares import shares_of
from assaymark.monitor.sketch import Sketch, counted, merged, sketch, sketch_of_parts
from assaymark.monitor.watcher import Watcher, _is_kept, _weights

CROSSED = (("kind", "ill"),)


def rows_of(n, seed, change=""):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, n) + (8 if change == "age" else 0)
    kind = np.array(list("abc"))[rng.choice(3, n, p=[0.6, 0.3, 0.1])]
    risk = age / 160 + np.where((change == "group") & (kind == "b"), 0.2, 0.0)
    ill = rng.random(n) < risk
    cost = rng.lognormal(3, 1, n) * (1000 if change == "unit" else 1)
    frame = pl.DataFrame({"age": age, "kind": kind, "ill": ill, "cost": cost})
    if change == "missing":
        gone = pl.Series(rng.random(n) < 0.05)
        frame = frame.with_columns(cost=pl.when(gone).then(None).otherwise(pl.col("cost")))
    if change == "level":
        frame = frame.with_columns(kind=pl.col("kind").replace("c", "d"))
    return frame


def test_counts_of_parts_add_up_to_those_of_the_whole():
    whole = rows_of(3_000, 0)
    layout = sketch(whole.head(1_000), CROSSED)
    parts = [counted(layout, whole.slice(i, 700)) for i in range(0, 3_000, 700)]
    found, expected = merged(parts), counted(layout, whole)
    assert found.n == 3_000
    assert [c.counts for c in found.columns] == [c.counts for c in expected.columns]
    assert [p.counts for p in found.pairs] == [p.counts for p in expected.pairs]
    assert found.crossed == expected.crossed
    assert sketch_of_parts([whole.head(1_000), whole.tail(2_000)], CROSSED).n == 3_000
    other = sketch(rows_of(500, 1), CROSSED)
    with pytest.raises(DataError, match="other cells"):
        merged([layout, other])
    with pytest.raises(DataError, match="lack"):
        counted(layout, whole.drop("age"))


def test_parts_are_counted_on_the_cells_of_the_first_whatever_follows():
    first, later = rows_of(1_000, 0), [rows_of(1_000, i, "age") for i in (1, 2, 3)]
    found = sketch_of_parts([first, *later], CROSSED)
    expected = counted(sketch(first, CROSSED), pl.concat([first, *later]))
    assert [p.counts for p in found.pairs] == [p.counts for p in expected.pairs]


def test_a_sketch_of_before_is_read_and_written_as_it_was():
    plain = sketch(rows_of(100, 0))
    assert b"crossed" not in plain.canonical()
    assert Sketch.parse(plain.canonical()) == plain


def test_shares_count_what_they_say():
    frame = pl.DataFrame(
        {"x": [1, 2, 2, None], "g": ["a", "a", "b", "b"], "y": [True, False, True, True]}
    )
    found = shares_of(sketch(frame, (("g", "y"),)))
    said = {
        (s.subject, s.what): (h, n) for s, h, n in zip(found.of, found.hits, found.n, strict=True)
    }
    assert said["column:x", "missing"] == (1, 4)
    assert said["column:x", "below 2"] == (1, 3)
    assert said["column:g", "a"] == (2, 4)
    assert said["group:g=a", "y = true"] == (1, 2)
    assert said["group:g=b", "y = true"] == (2, 2)


def watch(reference, batches):
    """Return the alarms, and after how many batches the first came."""
    watcher = Watcher(shares_of(reference))
    for i, batch in enumerate(batches, 1):
        watcher.see(shares_of(counted(reference, batch)))
        found = watcher.alarms()
        if found:
            return found, i
    return (), 0


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ("age", "column:age"),
        ("unit", "column:cost"),
        ("missing", "column:cost"),
        ("level", "column:kind"),
        ("group", "group:kind=b"),
    ],
)
def test_each_change_is_found_after_a_quiet_time_and_named(change, subject):
    reference = sketch(rows_of(4_000, 0), CROSSED)
    quiet = [rows_of(400, 100 + i) for i in range(30)]
    assert watch(reference, quiet) == ((), 0)
    found, after = watch(reference, [*quiet, *(rows_of(400, 200 + i, change) for i in range(40))])
    assert found[0].share.subject == subject
    assert 30 < after <= 45
    assert found[0].since >= 29


def test_a_group_of_fewer_than_thirty_people_uses_up_no_false_alarms():
    rows = rows_of(4_000, 0).with_columns(
        kind=pl.when(pl.int_range(pl.len()) < 20).then(pl.lit("few")).otherwise(pl.col("kind"))
    )
    reference = shares_of(sketch(rows, CROSSED))
    weights = dict(zip((s.subject for s in reference.of), _weights(reference), strict=True))
    assert weights["group:kind=few"] == 0
    assert weights["group:kind=b"] > 0
    assert _weights(reference).sum() == pytest.approx(1)


def test_earlier_looks_are_reference_too_while_nothing_changes():
    """A group's outcome that moves by little is found sooner after a longer quiet time."""
    reference = sketch(rows_of(600, 0), CROSSED)
    after = []
    for quiet in (1, 40):
        before = [rows_of(400, 100 + i) for i in range(quiet)]
        later = [rows_of(400, 300 + i, "group") for i in range(40)]
        _, look = watch(reference, [*before, *later])
        after.append(look - quiet)
    assert after[1] < after[0]


def test_a_change_within_the_tolerance_is_none():
    reference = sketch(rows_of(4_000, 0))
    for tolerance, alarmed in ((0.0, True), (0.1, False)):
        watcher = Watcher(shares_of(reference), tolerance=tolerance)
        for i in range(10):
            watcher.see(shares_of(counted(reference, rows_of(500, 50 + i, "missing"))))
        assert bool(watcher.alarms()) is alarmed


@pytest.mark.slow
def test_no_change_raises_no_alarm_in_a_hundred_timelines():
    """5 % over all looks of a timeline: more than 12 of 100 happen once in 300 times."""
    ever = 0
    for seed in range(100):
        reference = sketch(rows_of(1_000, seed))
        found, _ = watch(reference, (rows_of(100, 1_000 * (seed + 1) + i) for i in range(40)))
        ever += bool(found)
    assert ever <= 12


def test_what_was_let_go_stays_so_and_few_starts_are_kept():
    kept = set(range(1, 2))
    for now in range(2, 1_500):
        kept = {s for s in kept if _is_kept(s, now)} | {now}
        assert kept >= {s for s in range(1, now + 1) if _is_kept(s, now)}
    assert len(kept) < 150


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
def test_looks_taken_in_at_once_are_those_taken_in_one_by_one(tolerance):
    reference = sketch(rows_of(1_000, 0), CROSSED)
    batches = [shares_of(counted(reference, rows_of(60, 10 + i))) for i in range(70)]
    batches += [shares_of(counted(reference, rows_of(60, 90 + i, "unit"))) for i in range(20)]
    one, several = (Watcher(shares_of(reference), tolerance=tolerance) for _ in range(2))
    for batch in batches:
        one.see(batch)
    for part in (batches[:3], batches[3:50], [], batches[50:]):
        several.see(*part)
    assert one.surest() == several.surest()
    assert one.alarms() == several.alarms() != ()


def test_a_batch_of_another_layout_is_refused():
    watcher = Watcher(shares_of(sketch(rows_of(500, 0))))
    with pytest.raises(ValueError, match="another layout"):
        watcher.see(shares_of(sketch(rows_of(500, 0, "level"))))
