"""Cut the CPS sample of tax units to what the example needs: python cut.py SAMPLE.parquet.

The sample is that of PSLmodels/taxdata (CC0). Eleven of its columns are kept, under names that can
be read, and states as regions.
"""

import sys

import polars as pl

NAMES = {
    "e00200": "wages",
    "e00900": "business",
    "e02400": "social_security",
    "e01500": "pensions",
    "snap_ben": "food_support",
    "age_head": "age",
    "MARS": "filing",
    "nu18": "children",
    "XTOT": "persons",
    "fips": "state",
    "s006": "weight",
}
FILING = {"1": "single", "2": "joint", "3": "separate", "4": "head"}
REGIONS = {
    "northeast": {9, 23, 25, 33, 34, 36, 42, 44, 50},
    "midwest": {17, 18, 19, 20, 26, 27, 29, 31, 38, 39, 46, 55},
    "west": {2, 4, 6, 8, 15, 16, 30, 32, 35, 41, 49, 53, 56},
}

frame = pl.read_parquet(sys.argv[1]).select(pl.col(k).alias(v) for k, v in NAMES.items())
region = pl.lit("south")
for name, codes in REGIONS.items():
    region = pl.when(pl.col("state").is_in(list(codes))).then(pl.lit(name)).otherwise(region)
frame = frame.with_columns(
    region=region,
    filing=pl.col("filing").cast(pl.String).replace(FILING),
    weight=pl.col("weight") / 100,
)
frame.drop("state").write_parquet("taxunits.parquet", compression="zstd", compression_level=19)
