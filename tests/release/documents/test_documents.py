"""Datasheet and page in plain words: every number is a statement's, and nothing else is said."""

import html
import re
from dataclasses import replace

import pytest

from assaymark.core.measurement import Measurement
from assaymark.core.rights import Rights
from assaymark.errors import IntegrityError
from assaymark.flow.release.documents import documents_of, judged_of
from assaymark.release.boundary.linter import leaks_of
from assaymark.release.documents.filled import fill
from assaymark.release.documents.graph import Graph
from assaymark.release.documents.lay import lay
from assaymark.release.documents.pack import pack_called, packs
from assaymark.release.documents.quoted import check_quoted, quotes_of, typed_of, unlinked
from assaymark.release.documents.written import DATASHEET, LAY, lay_page, pack_page

PAGES = (DATASHEET, LAY)


def words_of(page):
    """Return what a page says to its readers, without the list of sources."""
    text = page.decode()
    text = text[text.index("<main") : text.index('<section class="sources"')]
    text = re.sub(r"</(p|li|h\d)>", ". ", text)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def grade(text):
    """Return the Flesch-Kincaid grade, syllables counted as groups of vowels."""
    sentences = [s for s in re.split(r"[.!?](?:\s|$)", text) if re.search(r"[a-z]", s)]
    words = re.findall(r"[A-Za-z]+", text)
    said = [re.sub(r"(?<=[^aeiou])e\b|(?<=[^td])ed\b", "", w.lower()) for w in words]
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", w))) for w in said)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


@pytest.mark.parametrize("name", PAGES)
def test_no_number_is_typed(files, name):
    assert typed_of(files[name]) == ()
    assert check_quoted(files[name], Graph.of(files)) > 20


@pytest.mark.parametrize("name", packs())
def test_no_number_is_typed_in_a_pack(files, name):
    graph = Graph.of(files)
    page = pack_page(fill(pack_called(name), graph, judged_of(files)), graph)
    assert typed_of(page) == ()
    assert check_quoted(page, graph) > 20


@pytest.mark.parametrize("name", PAGES)
def test_a_changed_statement_changes_the_page(made, files, name):
    other = made(rows=15_000, source_persons="about 7,000")
    assert b"14,000" in files[name]
    assert b"14,000" not in other[name]
    assert b"15,000" in other[name]
    assert b"about 7,000" in other[name]


def test_a_changed_measurement_changes_the_page(made, files):
    m = Measurement(
        metric="singling_out.excess", value=0.0123, low=-0.02, high=0.0456, n=7_777,
        limit_of_detection=0.03,
    )  # fmt: skip
    other = made(measurements=(m,))
    for said in (b"0.0123", b"0.0456", b"7,777"):
        assert said in other[DATASHEET]
        assert said not in files[DATASHEET]
    assert b"1.2\xc2\xa0%" in other[LAY]
    assert b"4.6\xc2\xa0%" in other[LAY]


@pytest.mark.parametrize("name", PAGES)
def test_an_edited_number_is_found(files, name):
    quote = next(q for q in quotes_of(files[name]) if q.text == "14,000")
    page = files[name].replace(b">14,000<", b">14,001<")
    with pytest.raises(IntegrityError, match=f"'14,001' is not what {quote.source} says"):
        check_quoted(page, Graph.of(files))


def test_a_quote_of_nothing_is_found(files):
    page = files[LAY].replace(b"/predicate/rows", b"/predicate/nothing")
    with pytest.raises(IntegrityError, match="is not what"):
        check_quoted(page, Graph.of(files))


def test_same_statements_same_bytes(made, files):
    again = made()
    assert documents_of(again) == {n: files[n] for n in documents_of(files)}


def test_a_release_with_documents_gives_nothing_away_by_accident(made):
    assert leaks_of(made(sealed=True)) == ()


def test_the_datasheet_has_every_heading_and_says_what_no_evidence_answers(files):
    page = files[DATASHEET].decode()
    headings = re.findall(r'<h2 id="part-\w">([^<]+)</h2>', page)
    assert headings == [
        *("Motivation", "Composition", "Collection", "Preprocessing", "Uses"),
        *("Distribution", "Maintenance"),
    ]
    assert re.search(r"Who funded it\?</h3>\s*<p class=\"none\">Nothing in the evidence", page)
    assert page.count("Nothing in the evidence answers this.") > 3


def test_the_page_in_plain_words_is_plain(files):
    text = words_of(files[LAY])
    assert grade(text) < 7.0
    assert len(re.findall(r"[A-Za-z]+", text)) < 1_000
    jargon = "holdout threshold membership attribute linkab quasi epsilon metric statement policy "
    for word in jargon.split():
        assert word not in text.lower(), word


def test_the_measure_of_plainness_knows_hard_words():
    hard = "Membership inference probabilities necessitate multiplicity-controlled evaluation."
    assert grade(hard) > 15 > 4 > grade("The cat sat on the mat. It was warm.")


def test_a_test_that_failed_or_was_not_run_is_said_in_plain_words(made):
    bad = Measurement(
        metric="linkability.excess", value=0.3, low=0.25, high=0.35, n=2_000,
        limit_of_detection=0.005,
    )  # fmt: skip
    lost = Measurement.missing("singling_out.excess", "too few people")
    page = words_of(made(measurements=(bad, lost))[LAY])
    assert re.search(r"join two parts of a person's record\?\s+✕\s+Failed", page)
    assert re.search(r"point at one person\?\s+–\s+Not tested", page)


def test_a_cross_fit_says_what_its_figures_are_about(made):
    files = made(crossed=True)
    assert "trial runs of the same program" in words_of(files[LAY])
    assert "the recipe, measured on refits; not these exact rows" in words_of(files[DATASHEET])
    assert typed_of(files[LAY]) == typed_of(files[DATASHEET]) == ()


def test_earlier_releases_of_the_same_people_are_said(made, files):
    assert "What they could learn with both was not tested." in words_of(files[LAY])
    page = words_of(made(earlier=2)[LAY])
    assert "Such sets tested together with these: 2." in page


def test_whom_to_ask_is_said_as_far_as_it_is_known(made, files):
    assert "Ask data@hospital.example." in words_of(files[LAY])
    assert "give no address" in words_of(made(rights=Rights(owner="the clinic"))[LAY])
    assert "do not say whom to ask" in words_of(made(rights=Rights())[LAY])


def test_a_card_without_links_reads_as_before():
    card = "at most [0.05](policy.toml#/rule/1/threshold), [see](https://example.org)"
    assert unlinked(card) == "at most 0.05, [see](https://example.org)"


def test_uses_that_were_not_approved_are_said(made):
    page = made(uses={"analytics": "approved", "pretraining": "refused"})[LAY].decode()
    assert re.search(r"may <strong>not</strong> be used.*training computer programs", page, re.S)


def test_names_cannot_break_out_of_the_pages(made):
    bad = '<script>alert(1)</script>" onload="x'
    for name, page in made(title=bad, unit=bad).items():
        if name in PAGES:
            assert b"<script" not in page
            assert b'" onload="' not in page


def test_no_forbidden_promise(files):
    for name in PAGES:
        text = words_of(files[name]).lower()
        for word in ("anonymous", "compliant", " safe", "guarantee", "no risk."):
            assert word not in text, word


def test_the_page_in_plain_words_says_when_nobody_did_better_than_luck(made):
    def page(**more):
        m = Measurement(value=-0.01, low=-0.02, high=0.01, n=7_777, **more)
        return words_of(made(measurements=(m,))[LAY])

    attack = page(metric="singling_out.excess", limit_of_detection=0.03)
    assert "The best attack did no better than luck would give" in attack
    assert attack.count("The smallest hidden leak that it found") > 1
    copies = page(metric="copies.exact_excess")
    assert "There are no more copies than luck would give" in copies


def test_a_figure_that_is_in_no_statement_is_not_said(files):
    graph = Graph.of(files)
    judged = [
        replace(v, measurement=replace(v.measurement, subject="elsewhere"))
        for v in judged_of(files)
    ]
    said = lay(graph, judged)
    assert said.tests
    assert not any(t.lines for t in said.tests)


def test_the_lay_page_counts_every_table(files):
    graph, path = Graph.of(files), "attestations/provenance.dsse.json"
    said = graph.plain[path] | {"predicate": graph.plain[path]["predicate"] | {"replicates": 2}}
    more = replace(graph, plain={**graph.plain, path: said})
    one, two = words_of(files[LAY]), words_of(lay_page(more, judged_of(files)))
    assert "It then made up 14,000 new rows. Each row" in one
    assert "It then made up 2 tables of 14,000 new rows each. Each row" in two
