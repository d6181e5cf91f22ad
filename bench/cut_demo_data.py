"""Cut the Diabetes 130-US hospitals table to the part that ships with the package.

    python bench/cut_demo_data.py ENCOUNTERS.parquet src/assaymark/data/diabetes130.parquet

Whole patients only: 20,000 of the 71,518, those whose patient number has the smallest SHA-256.
Values and column names are untouched.
"""

import hashlib
import sys
from pathlib import Path

import polars as pl

PATIENTS = 20_000


def main(source: Path, out: Path) -> None:
    table = pl.read_parquet(source)
    patients = table["patient_nbr"].unique().to_list()
    chosen = sorted(patients, key=lambda p: hashlib.sha256(str(p).encode()).hexdigest())[:PATIENTS]
    cut = table.filter(pl.col("patient_nbr").is_in(chosen))
    cut.write_parquet(out, compression="zstd", compression_level=22)
    print(f"{cut.height:,} encounters of {PATIENTS:,} patients, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
