import numpy as np
import polars as pl
import pytest

from assaymark.source.opaque import find_keys
from assaymark.source.profile import profile

N = 200
RNG = np.random.default_rng(0)
NUMBERS = RNG.permutation(90_000)[:N] + 10_000
CODES = [f"A{x}" for x in NUMBERS]
WORDS = ["".join(RNG.choice(list("abcdefghij"), 7)) for _ in range(N)]
HEXES = [RNG.bytes(16).hex() for _ in range(N)]


def keys(**columns):
    frame = pl.DataFrame({"age": RNG.integers(20, 90, N), **columns})
    found = find_keys(frame, profile(frame, {}))
    return [s.name for s in found.opaque], list(found.join)


@pytest.mark.parametrize(
    "name",
    ["encounter_id", "hadm_id", "row_id", "sample_no", "MRN", "patient_id", "id", "USUBJID",
     "CaseNo", "specimen_barcode", "order_number", "invoice", "accession", "patientid"],
)  # fmt: skip
def test_keys_of_a_tables_own_making_are_found_by_name(name):
    assert keys(**{name: CODES}) == ([name], [])


@pytest.mark.parametrize(
    "name",
    ["ssn", "nhs_number", "passport_no", "iban", "driving_licence_no", "card_no", "account_number",
     "national_id", "tax_id", "phone_number", "telephonenumber", "versichertennr", "npi_id",
     "surname", "user_name", "postcode_id", "icd_code_id", "voter_id", "device_serial_no", "vin"],
)  # fmt: skip
def test_numbers_of_the_outside_world_are_not(name):
    assert keys(**{name: CODES}) == ([], [])


def test_a_health_service_number_called_an_id_is_not():
    made = []
    while len(made) < N:
        body = RNG.integers(0, 10, 9)
        check = -int((body * np.arange(10, 1, -1)).sum()) % 11
        if check < 10:
            made.append("".join(map(str, body)) + str(check))
    assert keys(patient_id=made) == ([], [])


def test_uuids_and_digests_are_found_under_any_name_words_and_unnamed_codes_are_not():
    uuids = [f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}" for h in HEXES]
    assert keys(person_source_value=uuids, token=HEXES) == (["person_source_value", "token"], [])
    assert keys(nickname=WORDS, thing=CODES) == ([], [])


def test_numbers_that_count_rows_are_found():
    assert keys(nn=np.arange(N)) == (["nn"], [])
    assert keys(nn=np.sort(NUMBERS)) == (["nn"], [])
    assert keys(nn=NUMBERS) == ([], [])


def test_keys_that_rows_share_or_that_refer_to_other_rows_join():
    shared = [CODES[i // 3] for i in range(N)]
    assert keys(encounter_id=CODES, order_id=shared) == (["encounter_id"], ["order_id"])
    assert keys(preceding_visit_id=CODES) == ([], ["preceding_visit_id"])
    visits = [CODES[i // 2] for i in range(N)]
    assert keys(patient_id=visits) == ([], [])  # the person key


def test_values_are_texts_without_the_codes_for_missing():
    numbers = [None if i % 9 == 0 else float(x) for i, x in enumerate(NUMBERS)]
    frame = pl.DataFrame({"visit_id": numbers})
    (found,) = find_keys(frame, profile(frame, {})).opaque
    assert found.null_count() == 23
    assert found.drop_nulls().str.contains(r"^\d{5}$").all()
