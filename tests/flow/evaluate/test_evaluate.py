"""Measuring: a metric that fails blocks its own rules and says nothing about anybody."""

from typing import ClassVar

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.flow.evaluate.measure import measure


class Broken:
    quantities: ClassVar = (
        Quantity(name="copies.exact_excess", title="t", unit="u", better="lower", meaning="m"),
    )

    def measure(self, case, streams):
        yield Measurement(metric="copies.exact_excess", value=0.0, n=10)
        raise ValueError("Smith, 57")


def test_an_attack_that_fails_midway_gives_a_reason_without_the_message(
    monkeypatch, population, make_case
):
    build = metrics.build
    monkeypatch.setattr(
        type(metrics), "build", lambda self, n, p=None: Broken() if n == "copies" else build(n, p)
    )
    case = make_case(population(400, 1), population(400, 2), population(400, 3))
    found = measure(case, Streams.from_seed(1), only=["copies", "hygiene"])
    copies = [m for m in found if m.metric.startswith("copies.")]
    assert [(m.value, m.subject, m.reason) for m in copies] == [
        (None, "*", "copies failed with ValueError")
    ]
    assert any(m.metric.startswith("hygiene.") and m.value is not None for m in found)
