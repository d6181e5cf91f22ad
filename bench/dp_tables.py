"""Tables of the bench of differential privacy, with what is known of each without its rows.

Adult (UCI): bounds and categories of the census' own description. NIST's Diverse Community Data
Excerpts, national 2019 (American Community Survey): bounds and codes of its data dictionary.
Diabetes 130-US hospitals (UCI): bounds of its description; diagnoses, specialties and payers, which
have hundreds of codes, are not declared but bought; a patient has several stays, and the patient is
protected. Each is cut into a half to fit to and a half that is held out, person by person.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.schema import Column, Kind, Role, Schema


@dataclass(frozen=True)
class Table:
    """Two halves of a table, what is declared of it, and what a model is trained to tell."""

    train: Dataset
    holdout: Dataset
    bounds: dict
    categories: dict
    target: str
    unit: str
    hidden: tuple[str, ...] = ()  # what would give the target away

    def label(self, data: Dataset) -> np.ndarray:
        """Return what is to be told of each row."""
        values = data.frame[self.target]
        if self.target == "PINCP_DECILE":
            return (values.cast(pl.Int64) >= 7).fill_null(value=False).to_numpy()
        return values.is_in([">50K", "<30"]).fill_null(value=False).to_numpy()


def dataset(frame, numeric, target=None, persons=None) -> Dataset:
    """Return a frame with kinds and target declared."""
    columns = tuple(
        Column(
            name=c,
            kind=(Kind.DECIMAL if frame[c].dtype.is_float() else Kind.INTEGER)
            if c in numeric
            else Kind.CATEGORY,
            roles=(Role.TARGET,) if c == target else (Role.OTHER,),
        )
        for c in frame.columns
    )
    typed = frame.with_columns(pl.col(c.name).cast(POLARS_TYPES[c.kind]) for c in columns)
    return Dataset(schema=Schema(columns=columns), frame=typed, persons=persons)


def halves(frame, numeric, target, key=None) -> tuple[Dataset, Dataset]:
    """Return the rows of one half of the persons, and those of the other."""
    rng = np.random.default_rng(7)
    if key is None:
        order = rng.permutation(frame.height)
        parts = order[: frame.height // 2], order[frame.height // 2 :]
        return tuple(dataset(frame[o], numeric, target) for o in parts)
    _, person = np.unique(frame[key].to_numpy(), return_inverse=True)
    first = rng.random(person.max() + 1) < 0.5
    plain = frame.drop(key)
    return tuple(
        dataset(plain[o], numeric, target, person[o])
        for o in (np.flatnonzero(first[person]), np.flatnonzero(~first[person]))
    )


ADULT = {
    "age": [17, 90],
    "fnlwgt": [10_000, 1_500_000],
    "education_num": [1, 16],
    "capital_gain": [0, 99_999],
    "capital_loss": [0, 5000],
    "hours_per_week": [1, 99],
}


def adult(folder: Path) -> Table:
    frame = pl.read_parquet(folder / "adult.parquet")
    levels = {
        c: sorted(frame[c].drop_nulls().unique().to_list()) for c in frame.columns if c not in ADULT
    }
    train, holdout = halves(frame, ADULT, "income")
    return Table(train, holdout, ADULT, levels, "income", "row")


NIST = {
    "AGEP": [0, 99],
    "NOC": [0, 19],
    "NPF": [2, 20],
    "DENSITY": [0, 60_000, 0.1],
    "INDP": [0, 9999],
    "PINCP": [-20_000, 2_000_000],
    "POVPIP": [0, 501],
    "WGTP": [0, 9999],
    "PWGTP": [1, 9999],
}


def nist(folder: Path) -> Table:
    frame = pl.read_parquet(folder / "nist_acs" / "national2019.parquet")
    said = json.loads((folder / "nist_acs" / "data_dictionary.json").read_text())
    levels = {
        c: sorted(k for k in said[c]["values"] if k != "N") for c in frame.columns if c not in NIST
    }
    train, holdout = halves(frame, NIST, "PINCP_DECILE")
    hidden = ("PINCP", "POVPIP")
    return Table(train, holdout, NIST, levels, "PINCP_DECILE", "row", hidden)


DIABETES = {
    "time_in_hospital": [1, 14],
    "num_lab_procedures": [0, 150],
    "num_procedures": [0, 10],
    "num_medications": [0, 100],
    "number_outpatient": [0, 50],
    "number_emergency": [0, 80],
    "number_inpatient": [0, 30],
    "number_diagnoses": [1, 16],
}
BOUGHT = ("diag_1", "diag_2", "diag_3", "medical_specialty", "payer_code")


def diabetes(folder: Path) -> Table:
    frame = pl.read_parquet(folder / "diabetes130" / "encounters.parquet").drop("encounter_id")
    levels = {
        c: sorted(map(str, frame[c].drop_nulls().unique().to_list()))
        for c in frame.columns
        if c not in {*DIABETES, *BOUGHT, "patient_nbr"}
    }
    train, holdout = halves(frame, DIABETES, "readmitted", "patient_nbr")
    return Table(train, holdout, DIABETES, levels, "readmitted", "person")


TABLES = {"adult": adult, "nist": nist, "diabetes": diabetes}
