import pytest

from assaymark.source.band import band, rounded_rows


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "fewer than 50"),
        (49, "fewer than 50"),
        (50, "about 50"),
        (24_421, "about 24,000"),
        (25_500, "about 26,000"),
        (1_234_567, "about 1,200,000"),
    ],
)
def test_counts_are_published_in_two_digits(n, said):
    assert band(n) == said


def test_rows_are_at_least_one_and_two_digits():
    assert [rounded_rows(n) for n in (0, 1, 9, 10, 94, 995, 24_421)] == [
        1, 1, 9, 10, 94, 1000, 24_000,
    ]  # fmt: skip
