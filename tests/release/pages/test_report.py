"""The report says what was found, in plain words, in one file that loads and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from assaymark.core.measurement import Measurement
from assaymark.core.opening import Opening
from assaymark.release.pages.report import _opened, render
from assaymark.release.pages.report_content import ColumnPicture, PairLine, UseLine, VerdictLine

VOID = {"meta", "br", "link", "img", "input", "hr"}
LOADS = {"script", "img", "iframe", "object", "embed", "link", "video", "audio", "source", "base"}


class Page(HTMLParser):
    """A page as a person or a screen reader meets it: tags in order, text, attributes."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.style = ""
        self.headings: list[str] = []
        self.feed(raw.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(any_content) -> Page:
    return Page(render(any_content))


def test_same_content_same_bytes(any_content):
    assert render(any_content) == render(any_content)


def test_every_tag_is_closed(page):
    assert page.open == []


def test_nothing_is_loaded_or_run(page):
    assert not LOADS & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("href", "src", "xlink:href", "action"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_the_security_policy_allows_the_one_style_sheet_by_its_digest(page):
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_forty_columns_and_hundred_verdicts_stay_small(any_content):
    assert len(render(any_content)) < 400_000


def test_many_columns_and_pairs_stay_under_two_megabytes(release):
    names = [f"a rather long column name {i}" for i in range(600)]
    shares = tuple(1 / 20 for _ in range(20))
    labels = tuple(f"category number {i}" for i in range(20))
    line = release.verdicts[0]
    big = replace(
        release,
        columns=tuple(
            ColumnPicture(name=n, kind="category", labels=labels, real=shares, synthetic=shares)
            for n in names
        ),
        pairs=tuple(
            PairLine(first=a, second=b, distance=0.01) for a in names for b in names if a < b
        ),
        verdicts=tuple(
            replace(line, use=use, measurement=replace(line.measurement, subject=f"column:{n}"))
            for n in names
            for use in ("analytics", "pretraining", "policy_simulation")
        ),
        measurements=tuple(
            Measurement(metric="pairs.distance", subject=f"pair:{a},{b}", value=0.1, n=10)
            for a in names[:80]
            for b in names[:80]
        ),
    )
    assert len(render(big)) < 2_000_000


def test_every_verdict_is_on_the_page(release, refusal, evaluation):
    words = {
        "PASS": "Pass",
        "FAIL": "Fail",
        "INCONCLUSIVE": "Inconclusive",
        "NOT_RUN": "Not run",
        "STALE": "Stale",
        "WAIVED": "Waived",
    }
    assert {v.verdict for v in refusal.verdicts} == set(words)
    for content in (release, refusal, evaluation):
        text = Page(render(content)).text
        for line in content.verdicts:
            assert line.title in text
            assert words[line.verdict] in text
            name = line.measurement.subject.partition(":")[2]
            assert name.partition("=")[2][:70].replace("_", " ") in text.replace("_", " ")


def test_what_failed_is_open_and_what_passed_is_one_closed_row(refusal):
    rules = [d for d in Page(render(refusal)).all("details") if "rule" in (d.get("class") or "")]
    assert [("bad" in d["class"], "open" in d) for d in rules[:2]] == [(True, True)] * 2
    assert all(("good" in d["class"]) != ("open" in d) for d in rules)


def test_names_are_shown_and_never_become_markup(any_content, page):
    raw = render(any_content).decode()
    assert "<script>" not in raw
    assert "<b>" not in raw
    if any_content.columns:
        assert "<script>alert(1)</script>" in page.text
        assert "a\"b'c&d" in page.text


def test_hostile_text_in_every_field_is_escaped(release):
    bad = "</style></svg><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    line = replace(
        release.verdicts[0], title=bad, why=bad, remedy=bad, reason=bad, origin=bad, verdict="FAIL"
    )
    content = replace(
        release,
        title=bad,
        made_at=bad,
        policy_name=bad,
        candidate=bad,
        must_know=(bad,),
        notices=(bad,),
        next_actions=(bad,),
        provenance=((bad, bad),),
        uses=(UseLine(use=bad, status="refused", reasons=(bad,), next_action=bad),),
        verdicts=(line, replace(line, use=bad)),
    )
    page = Page(render(content))
    assert not LOADS & {tag for tag, _ in page.tags}
    assert page.open == []


@pytest.mark.parametrize(
    ("mode", "sentences"),
    [
        (
            "release",
            [
                "Released for analytics. Not proven for pretraining.",
                "3 required rules passed.",
                "Passed policy “controlled” for analytics under threat model “controlled”.",
                "Not proven either way: policy “controlled” for pretraining",
                "not proven for gradient boosting model, since the interval reaches across",
                "Not asked for, so nothing is claimed for it.",
                "Self-attested, no second person",
                "Waived, that is let through without proof: Rare codes are plausible.",
            ],
        ),
        (
            "refusal",
            [
                "Nothing was released.",
                "The synthetic rows stay quarantined in the workspace.",
                "Did not pass policy “controlled” for pretraining under threat model “controlled”.",
                "fails for diag_1 and 2 others, measured 0.1",
                "allowed is at most 0.05. 2 more required rules did not pass either.",
                "What to change Drop or generalise",
            ],
        ),
        (
            "evaluation",
            ["Not proven for analytics.", "at development grade: it releases nothing"],
        ),
        ("draft", ["Ungated draft: nobody has checked the privacy of these rows."]),
    ],
)
def test_the_first_screen_answers(mode, sentences, request):
    text = Page(render(request.getfixturevalue(mode))).text
    first = text.split("Rules, one by one")[0]
    for sentence in sentences:
        assert sentence in first


def test_no_forbidden_promise(page):
    assert not re.search(
        r"\b(safe|anonymous|compliant|guarantee[sd]?|you may|may be used)\b",
        page.text,
        re.IGNORECASE,
    )


def test_readable_with_keyboard_and_screen_reader(page):
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("title")) >= 1
    assert [len(page.all(t)) for t in ("main", "nav", "header", "footer", "h1")] == [1] * 5
    links = [a["href"] for a in page.all("a")]
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert links[0] == "#main"
    assert {link[1:] for link in links} <= set(ids)
    assert len(ids) == len(set(ids))
    for name in [a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a]:
        assert name in ids
    levels = [int(h[1]) for h in page.headings]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_every_picture_has_words_and_every_table_a_caption(page):
    for svg in page.all("svg"):
        assert svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-label"])
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(th.get("scope") in {"col", "row"} for th in page.all("th"))


def test_sealed_numbers_leave_the_verdict(release):
    why = "measured on the sealed confirmation holdout; a verdict is all it gives"
    line = release.verdicts[0]
    sealed = Measurement.missing(line.measurement.metric, why, "column:age", n=4000)
    content = replace(release, verdicts=(replace(line, measurement=sealed),))
    text = Page(render(content)).text
    assert "✓ Pass Each column keeps its shares" in text
    assert "Measured on the sealed confirmation holdout; a verdict is all it gives" in text


def test_a_measurement_shows_value_interval_limit_floor_and_n(refusal):
    line = next(v for v in refusal.verdicts if v.rule == "isolated-people-stay-hidden")
    only = replace(refusal, verdicts=(line,), measurements=())
    text = Page(render(only)).text
    for words in (
        "0.31",
        "0.26 to 0.36",
        "300",
        "allowed at most 0.05",
        "Measured 0.31 (between 0.26 and 0.36). Allowed is at most 0.05. "
        "Sampling noise alone gives 0.002.",
        "smallest caught: 0.04",
        "n at least 300",
    ):
        assert words in text


def test_what_no_rule_judges_is_shown_apart(draft):
    text = Page(render(draft)).text
    assert "Measured, with no rule on it" in text
    assert "would have to move to another bin. 0.012 0.011 to 0.013 0.008 0.01" in text


def test_numbers_of_two_stages_are_both_shown(release):
    line = release.verdicts[0]
    first = replace(
        line, use="pretraining", stage="development", measurement=replace(line.measurement, n=77)
    )
    first = replace(first, measurement=replace(first.measurement, value=0.02))
    text = Page(render(replace(release, verdicts=(line, first)))).text
    assert "Judged on the confirmation holdout and the development holdout." in text
    assert "77" in text


def test_commands_are_set_as_code_and_stay_escaped(draft):
    content = replace(draft, next_actions=("Run `assaymark init <b>` now.",))
    assert "Run <code>assaymark init &lt;b&gt;</code> now." in render(content).decode()


def test_a_reason_keeps_its_capitals(release):
    line = replace(
        release.verdicts[0], verdict="INCONCLUSIVE", reason="the DP budget of HbA1c is spent"
    )
    assert (
        "The DP budget of HbA1c is spent." in Page(render(replace(release, verdicts=(line,)))).text
    )


def test_the_columns_that_give_it_away_are_named(release):
    assert (
        "Columns that give it away most: <script>alert(1)</script>." in Page(render(release)).text
    )


def test_the_appendix_holds_numbers_as_published(release):
    text = Page(render(release)).text
    assert "0.012346" in text  # 0.0123456 is published to six decimals by the fixture


def test_a_verdict_that_differs_between_uses_is_shown_for_each(release):
    line = release.verdicts[0]
    lines = (replace(line, use="analytics"), replace(line, use="pretraining", verdict="WAIVED"))
    text = Page(render(replace(release, verdicts=lines))).text
    assert "(pretraining only, confirmation)" in text
    assert "(analytics only, confirmation)" in text


def test_shares_and_labels_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        ColumnPicture(name="a", kind="integer", labels=("x",), synthetic=(0.5, 0.5))


def test_a_verdict_without_a_quantity_or_a_value_is_shown(release):
    line = VerdictLine(
        rule="r",
        title="Rule of one",
        use="analytics",
        verdict="NOT_RUN",
        measurement=Measurement.missing("a.b", "no holdout", "column:*"),
        threshold=0.1,
        direction="within",
    )
    content = replace(
        release, verdicts=(line,), uses=(UseLine(use="analytics", status="inconclusive"),)
    )
    text = Page(render(content)).text
    assert "could not be judged for every column, no holdout." in text


def test_how_often_each_part_of_the_real_rows_was_looked_at_is_counted(release):
    looks = (
        Opening(who="shadow", part="train", times=3),
        Opening(who="shadow", part="holdout", times=1),
    )
    assert _opened(replace(release, opened=looks)) == {"shadow": {"train": 3, "holdout": 1}}
    assert "shadow" in Page(render(replace(release, opened=looks))).text
