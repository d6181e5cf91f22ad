import polars as pl

from assaymark.flow.generate.row_files import csv_of, draft_csv, parquet_of

CAME = ["2024-03-01T09:30:00", None]
LEFT = ["2024-03-01T09:30:00", "2024-03-01T09:30:05.250"]
MOMENT = pl.col("came", "left").str.to_datetime(time_unit="us")
FRAME = pl.DataFrame({"came": CAME, "left": LEFT, "n": [1, 2]}).with_columns(MOMENT)


def test_moments_of_whole_seconds_have_no_zeros_after_these_in_a_draft():
    assert draft_csv(FRAME).decode() == (
        "came,left,n\n"
        "2024-03-01T09:30:00,2024-03-01T09:30:00.000000,1\n"
        ",2024-03-01T09:30:05.250000,2\n"
    )


def test_a_release_is_written_as_its_verifier_writes_it():
    assert b"2024-03-01T09:30:00.000000,2024" in csv_of(parquet_of(FRAME))
