"""The section for economists: estimates real beside synthetic, and what nobody can resolve."""

from dataclasses import replace

from assaymark.core.measurement import Measurement
from assaymark.release.drawing.forest import Effect, draw_effect, effect_words
from assaymark.release.pages.claims import claim_blocks
from assaymark.release.pages.report import render
from assaymark.release.pages.report_content import ReportContent, VerdictLine

EFFECT = Effect(
    title="claim:reform",
    unit="share",
    real=(0.2, 0.15, 0.25),
    synthetic=(0.3, 0.25, 0.35),
    margin=0.05,
)


def measurement(subject="claim:<b>reform</b>", **details):
    said = {
        "claim": "<b>reform</b>",
        "claim_kind": "scenario",
        "unit": "mean change per row",
        "real": [-38.5, -40.9, -36.1],
        "synthetic": [-20.0, -23.0, -17.0],
        "margin": 10.0,
        "declared_margin": True,
        "proposed": False,
        "resolved": True,
        "where": "age >= 18",
        "part": "",
        "group": "",
        **details,
    }
    return Measurement(
        metric="claims.difference", subject=subject, value=1.8, low=1.5, high=2.1, n=9, details=said
    )


def content(*found, verdict="FAIL"):
    lines = tuple(
        VerdictLine(
            rule="claims-hold",
            title="Claims hold",
            use="policy_simulation",
            verdict=verdict,
            measurement=m,
            threshold=1.0,
            direction="within",
        )
        for m in found
    )
    return ReportContent(mode="evaluation", title="x", made_at="now", verdicts=lines)


def test_a_claim_is_told_in_its_own_unit():
    (block,) = claim_blocks(content(measurement()))
    (row,) = block.rows
    assert (block.kind, block.where, block.open) == ("scenario", "age >= 18", ())
    assert (row.name, row.verdict, row.margin) == ("mean change", "FAIL", "10")
    assert row.real == "\u221238.5 (\u221240.9 to \u221236.1)"
    assert row.effect is not None


def test_what_the_real_data_cannot_resolve_is_named():
    open_ = measurement("claim:a,group:g=1", group="g=1", resolved=False, declared_margin=False)
    (block,) = claim_blocks(content(measurement(), open_))
    assert block.open == ("g = 1: mean change",)
    assert block.groups[0].margin == "10 (default)"
    page = render(content(measurement(), open_)).decode()
    assert "What the real data itself cannot resolve" in page


def test_names_are_escaped_and_sealed_numbers_are_not_there():
    page = render(content(measurement())).decode()
    assert "<b>reform</b>" not in page
    assert "&lt;b&gt;reform&lt;/b&gt;" in page
    sealed = Measurement.missing("claims.difference", "sealed", "claim:reform")
    assert claim_blocks(content(sealed)) == ()


def test_a_sealed_look_gives_its_verdict_beside_the_numbers_of_development():
    """Where one use passed and another did not, nothing is released and nothing is unsealed."""
    m = measurement()
    sealed = Measurement.missing(m.metric, "sealed", m.subject)
    (block,) = claim_blocks(replace(content(sealed, verdict="PASS"), pictured=(m,)))
    assert [(r.verdict, r.margin) for r in block.rows] == [("PASS", "10")]


def test_winners_losers_and_the_spread_of_changes_are_shown():
    lines = [{"quantile": 0.05, "real": [-300.0, -300.0, -300.0], "synthetic": [0.0, 0.0, 0.0]}]
    losers = measurement("claim:a:losers", part="losers", unit="share", real=[0.1, 0.09, 0.11])
    (block,) = claim_blocks(content(measurement(quantiles=lines), losers))
    assert block.rows[1].name == "share who lose"
    assert block.rows[1].real == "10\u00a0% (9\u00a0% to 11\u00a0%)"
    assert block.spread[0].name == "5 of 100 change by at most"


def test_an_order_of_groups_has_no_picture():
    m = measurement(claim_kind="ranking", pairs=6, real=[1.0, 1.0, 1.0], synthetic=[0.5, 0.2, 0.9])
    (block,) = claim_blocks(content(m))
    assert block.rows[0].effect is None
    assert (block.rows[0].real, block.rows[0].synthetic) == ("6 clear pairs", "50\u00a0%")


def test_the_picture_says_the_same_in_words():
    assert effect_words(EFFECT).replace("\u00a0", " ") == (
        "Real 20 %, 15 % to 25 %; synthetic 30 %, 25 % to 35 %; margin 5 %."
    )
    drawn = str(draw_effect(EFFECT))
    assert drawn.count("<circle") == 2
    assert "margin" in drawn
