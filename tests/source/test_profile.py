import time

import numpy as np
import polars as pl
import pytest

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Kind, Role
from assaymark.errors import DataError, UnknownNameError
from assaymark.source.load import load
from assaymark.source.profile import profile

N = 200


def one(values, name="x", **spec):
    """Profile one column beside a harmless one."""
    beside = pl.Series("beside", [0.5 + (i % 7) for i in range(len(values))])
    frame = pl.DataFrame([pl.Series(name, values, strict=False), beside])
    return profile(frame, {name: ColumnSpec(**spec)} if spec else {}).column(name)


def numbers(seed=0, n=N):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "-3"], Kind.INTEGER),
        (["1.0", "2.0", ""], Kind.INTEGER),
        (["1.5", "2", "1e3"], Kind.DECIMAL),
        (["1,5", "2,25"], Kind.DECIMAL),
        (["1,234.5", "999"], Kind.DECIMAL),
        (["$1,200", "$900"], Kind.INTEGER),
        (["12 %", "7.5 %"], Kind.DECIMAL),
        (["007", "012"], Kind.CATEGORY),
        (["true", "FALSE"], Kind.BOOLEAN),
        (["yes", "no"], Kind.CATEGORY),
        (["2024-01-31", "1599-12-01"], Kind.DATE),
        (["31.12.1600", "01.02.2000"], Kind.DATE),
        (["2024-01-31 10:20", "2024-02-01T11:00:00Z"], Kind.DATETIME),
        (["18446744073709551616", "2"], Kind.CATEGORY),
        ([2**53 + 1, 5], Kind.CATEGORY),
        ([1.0, 2.0, None], Kind.INTEGER),
        ([20240131, 19991231], Kind.DATE),
        ([None, None], Kind.CATEGORY),
        (["a", "b"], Kind.CATEGORY),
    ],
)
def test_kind_is_told_from_the_values(values, kind):
    assert one(values).column.kind is kind


def test_numbers_that_code_groups_without_order_are_categories():
    assert one([1, 2, 9, 3], "RAC1P").column.kind is Kind.CATEGORY
    assert one([1, 2, 1, 2], "sex").column.kind is Kind.CATEGORY
    assert one([1, 2, 1, 2], "sex", kind=Kind.INTEGER).column.kind is Kind.INTEGER
    assert one([1, 2, 1, 2], "rooms").column.kind is Kind.INTEGER


@pytest.mark.parametrize(
    "name", ["itemid", "first_wardid", "SITEID", "fromwardid", "LBTESTCD", "barcode", "productid"]
)
def test_codes_glued_to_what_they_are_of_are_categories(name):
    found = one([50 + 7 * (i % 9) for i in range(90)], name)
    assert found.column.kind is Kind.CATEGORY
    assert "codes" in found.kind_reason
    # where every number in between is one, none is made that is none
    assert one([50 + i % 9 for i in range(90)], name).column.kind is Kind.INTEGER


@pytest.mark.parametrize(
    "name",
    ["paid", "valid", "humid", "fluid", "covid", "thyroid", "steroid", "acid", "rapid", "unpaid",
     "lipid", "bid", "ocd", "lcd", "itemid_count", "amount_paid", "prepaid", "carotid"],
)  # fmt: skip
def test_a_word_that_ends_like_a_code_is_none(name):
    assert one([50 + 7 * (i % 9) for i in range(90)], name).column.kind is Kind.INTEGER


def test_free_text_is_told_from_categories():
    said = [f"The patient number {i} came in the morning with some complaint." for i in range(60)]
    assert one(said).column.roles == (Role.TEXT,)
    assert one(["Aspirin 81 MG Oral Tablet, once every day"] * 60).column.kind is Kind.CATEGORY


def test_unmistakable_missing_codes_are_found_and_others_pointed_out():
    found = one(["1", "2", "?", "NA", "", "3"])
    assert (found.column.kind, found.column.missing) == (Kind.INTEGER, ("?", "NA"))
    assert found.missing == pytest.approx(0.5)
    coded = one([-8] * 10 + list(range(90)))
    assert coded.column.missing == ()
    assert coded.notes == ("-8 may stand for missing: if so, declare missing = ['-8']",)
    assert one(["None", "Steady", "Up"]).column.missing == ()
    assert one(["unknown", "1.5", "2.5"]).column.missing == ("unknown",)


@pytest.mark.parametrize(
    ("name", "negative"),
    [("day", [-7, -1]), ("day", [-7, -3]), ("day", [-14, -7, -1]), ("VISITDY", [-7])],
)
def test_days_before_something_are_no_codes_of_missing(name, negative):
    assert one([*negative * 10, *[1, 2, 14, 28, 56] * 20], name).notes == ()


@pytest.mark.parametrize("codes", [[-1], [-9, -8], [-9, -8, -7, -1], [-99, -9]])
def test_codes_of_missing_side_by_side_are_pointed_out(codes):
    (note,) = one([*codes * 10, *range(90)]).notes
    assert note.endswith(f"declare missing = {[str(c) for c in sorted(codes)]}")


def test_declared_missing_codes_are_used_as_they_are():
    found = one([-8] * 10 + list(range(90)), missing=("-8",))
    assert found.missing == pytest.approx(0.1)
    assert found.notes == ()


def test_a_few_strays_among_numbers_are_missing_and_said_to_be():
    found = one([str(i % 90) for i in range(999)] + ["<5"])
    assert found.column.kind is Kind.INTEGER
    assert found.notes == ("values that are not integer are read as missing (fewer than 50)",)


def test_a_mixture_is_kept_as_categories():
    found = one([str(i % 9) for i in range(80)] + ["low"] * 20)
    assert (found.column.kind, found.kind_reason) == (Kind.CATEGORY, "a mixture")
    assert found.notes == ("80% numbers and 20% other values: kept as categories",)


def test_a_value_that_ten_rows_share_is_a_level_and_not_deleted():
    codes = [str(100 + i % 40) for i in range(2000)]
    shared = one([*codes, *["K92.2"] * 15])  # 0.74 % of the rows
    assert (shared.column.kind, shared.n_unique) == (Kind.CATEGORY, 41)
    assert shared.kind_reason == "a mixture: 10 rows or more share a value that is no number"
    assert shared.notes == ("99% numbers and 1% other values: kept as categories",)
    assert shared.missing == 0.0
    top = one([*[str(i % 90) for i in range(2000)], *["90+"] * 12], "age")
    assert (top.column.kind, top.n_unique) == (Kind.CATEGORY, 91)
    rare = one([*codes, *["K92.2"] * 9])
    assert (rare.column.kind, rare.notes) == (
        Kind.INTEGER,
        ("values that are not integer are read as missing (fewer than 50)",),
    )


def test_a_few_strays_make_no_level_of_a_large_table():
    ages = [str(18 + i % 72) for i in range(20_000)]
    wrong = one([*ages, *["err"] * 10], "age")
    assert wrong.column.kind is Kind.INTEGER
    assert wrong.notes == ("values that are not integer are read as missing (fewer than 50)",)
    half = one([*ages, *["90+"] * 99], "age")  # less than half a percent
    assert half.column.kind is Kind.INTEGER
    # as many as the median number has, of many codes
    codes = [str(1000 + i % 500) for i in range(20_000)]
    rare = one([*codes, *["K92.2"] * 40])
    assert rare.column.kind is Kind.CATEGORY
    assert rare.notes == ("nearly all are numbers, and a level is not: kept as categories",)
    warm = [f"{36 + i % 30 / 10:.1f}" for i in range(2000)]
    assert one([*warm, *["LOW"] * 15]).column.kind is Kind.DECIMAL


def test_amounts_stay_numbers_beside_words():
    codes = [str(100 + i % 40) for i in range(2000)]
    assert one([*codes, *["not done"] * 15]).column.missing == ("not done",)
    # numbers that few rows share are no levels, whatever stands among them
    prices = [f"{x:.2f}" for x in np.random.default_rng(0).lognormal(4, 1, 2000)]
    assert one([*prices, *["on request"] * 12]).column.kind is Kind.DECIMAL


@pytest.mark.parametrize(
    "values", [["inf", "1.5", "-Infinity", "2.5"], [float("inf"), 1.5, -np.inf, 2.5]]
)
def test_infinities_become_missing_with_a_note(values):
    found = one(values)
    assert found.column.kind is Kind.DECIMAL
    assert found.missing == pytest.approx(0.5)
    assert found.notes == ("infinite values are read as missing (fewer than 50)",)


def test_constant_and_all_missing_columns_are_noted():
    assert one([5, 5, 5]).notes == ("one value only",)
    assert one(["x", None]).notes == ("one value only, or missing",)
    assert one(["", "?", None]).notes == ("every value is missing",)


def test_ambiguous_days_are_said():
    assert "day first" in one(["1/2/2020", "3/4/2021"]).notes[0]
    assert one(["13/2/2020", "3/4/2021"]).notes == ()
    assert one(["2/13/2020", "3/4/2021"]).column.kind is Kind.DATE


def test_ten_thousand_categories_are_no_trouble():
    found = one([f"code {i % 10_000}" for i in range(30_000)])
    assert (found.n_unique, found.column.kind) == (10_000, Kind.CATEGORY)
    assert found.suspected_identifier is None


IDENTIFIERS = {
    "email": [f"u{i}@example.org" for i in range(N)],
    "reach": [f"+44 20 7946 {i:04d}" for i in range(N)],
    "Full Name": [f"Anna {chr(65 + i % 26)}{i}" for i in range(N)],
    "first_name": [f"N{i % 40}" for i in range(N)],
    "ssn": [f"{100 + i}-12-{1000 + i}" for i in range(N)],
    "token": [f"{i:08x}-0000-4000-8000-{i:012x}" for i in range(N)],
    "host": [f"10.0.{i}.7" for i in range(N)],
    "encounter_id": [7 * i + 1 for i in range(N)],
    "Kundennummer": [f"{i:06d}" for i in range(N)],
    "n": list(range(N)),
    "hh_serial": [i // 3 for i in range(N)],
    "rb030": sorted(np.random.default_rng(1).choice(10**6, N, replace=False).tolist()),
    "phone": [5550000000 + 7919 * i % 10**7 for i in range(N)],
    "registration": np.random.default_rng(2).choice(9 * 10**9, N, False) + 10**9,
}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_what_tells_who_it_is_is_suspected(name):
    found = one(IDENTIFIERS[name], name)
    assert found.suspected_identifier
    assert found.column.roles == (Role.DIRECT_IDENTIFIER,)


FIRST = ["Anna", "Ben", "Carla", "Dirk", "Eva", "Fritz"]
LAST = ["Meyer", "O'Neill", "de la Cruz", "Smith-Jones", "Yilmaz", "von Berg", "Roe"]
WHOLE = [f"{a} {b}" for a in FIRST for b in LAST]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("first_name", FIRST),
        ("surname", LAST),
        ("patient_name", WHOLE[:12]),
        ("patient_name", [w.upper() for w in WHOLE]),
        ("name.family", LAST),
        ("attending_name", WHOLE),
        ("name", WHOLE),
        ("signed_name", WHOLE),  # whose, the name does not say: written as persons' names are
        ("provider_name", [f"Dr. {b}" for b in LAST]),
        ("doctor", [f"Dr {b}" for b in FIRST]),
        ("whose", [f"Mrs {w}" for w in WHOLE[:7]]),
        ("whose", [f"Sr. {b}" for b in FIRST]),
        ("contact_name", WHOLE[:12]),
        ("parent_name", WHOLE),
        ("requester.display", [f"Dr. {b}" for b in LAST]),
    ],
)
def test_names_of_persons_are_left_out_however_few(name, values):
    found = one([values[i % len(values)] for i in range(4000)], name)
    assert found.column.roles == (Role.DIRECT_IDENTIFIER,)


THINGS = ["Staph. aureus (MRSA)", "E. coli O157", "group B strep", "yeast, not identified"]


@pytest.mark.parametrize("name", ["org_name", "ab_name", "drug_name", "product_name",
                                  "hospital_name", "test_name", "mineral_name"])  # fmt: skip
def test_names_of_things_that_many_rows_share_stay(name):
    held = [f"{THINGS[i % 4]} {i % 40}" for i in range(4000)]
    found = one(held, name)
    assert (found.suspected_identifier, found.column.kind) == (None, Kind.CATEGORY)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("job_title", ["Sr Engineer", "Sr Analyst", "Engineer"]),
        ("job_title", ["Sr. Engineer", "Sr. Analyst", "Engineer"]),
        ("level_held", ["Sr Software Engineer", "Sr Data Analyst"]),
        ("brand", ["Dr Pepper", "Mr Clean", "Mrs Butterworth", "Coke"]),
        ("contact_name", ["phone", "email"]),
    ],
)
def test_brands_jobs_and_firms_are_no_names_of_persons(name, values):
    assert one([values[i % len(values)] for i in range(4000)], name).suspected_identifier is None


def test_names_of_unknown_things_that_few_rows_share_are_left_out():
    held = [f"{THINGS[i % 4]} {i % 40}" for i in range(400)]
    assert one(held, "mineral_name").suspected_identifier == "the name says a person's name"


RNG = np.random.default_rng(3)
ORDINARY = {
    "creatinine": RNG.gamma(3, 20, N),
    "amount": np.round(RNG.lognormal(5, 1, N), 2),
    "population": RNG.integers(1000, 10**7, N),
    "fnlwgt": RNG.integers(12_000, 1_400_000, N),
    "salary": RNG.choice(np.arange(20_000, 99_999), N, replace=False),
    "balance_cents": RNG.choice(9 * 10**7, N, replace=False),
    "address": np.where(RNG.random(N) < 0.5, "U", "R"),
    "contact": np.where(RNG.random(N) < 0.5, "cellular", "telephone"),
    "phone_calls": RNG.integers(0, 50, N),
    "cell_size": RNG.integers(1, 11, N),
    "year": list(range(1820, 1820 + N)),
    "name_length": RNG.integers(2, 30, N),
    "price": [f"${x:,.2f}" for x in RNG.lognormal(8, 1, N)],
    "dose": [f"{x:.2f} mg" for x in RNG.lognormal(3, 1, N)],
    "visit_date": [f"{y}-{m:02d}-{d:02d}" for y, m, d in zip(
        RNG.integers(1990, 2020, N), RNG.integers(1, 13, N), RNG.integers(1, 29, N), strict=True)],
    "seen_at": [f"2024-01-01T{h:02d}:{m:02d}:{i % 60:02d}" for i, (h, m) in enumerate(zip(
        RNG.integers(0, 24, N), RNG.integers(0, 60, N), strict=True))],
    "drug_name": [f"drug {i % 60}" for i in range(N)],
    "admission_type_id": RNG.integers(1, 9, N),
    "uric_acid": RNG.integers(100, 900, N),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_measurement_is_no_identifier(name):
    found = one(ORDINARY[name], name)
    assert found.suspected_identifier is None
    assert Role.DIRECT_IDENTIFIER not in found.column.roles


@pytest.mark.parametrize(
    ("name", "values", "roles"),
    [
        ("patient_nbr", [9 * (i // 2) for i in range(N)], (Role.PERSON_KEY,)),
        ("USUBJID", [f"S-{i // 4}" for i in range(N)], (Role.PERSON_KEY,)),
        ("race", ["a", "b"] * 100, (Role.PROTECTED, Role.QUASI_IDENTIFIER)),
        ("SEX", [1, 2] * 100, (Role.PROTECTED, Role.QUASI_IDENTIFIER)),
        ("age", list(range(100)) * 2, (Role.QUASI_IDENTIFIER,)),
        ("age_group", ["young", "old"] * 100, (Role.PROTECTED, Role.QUASI_IDENTIFIER)),
        ("ZipCode", [10_000 + 7 * (i % 90) for i in range(N)], (Role.QUASI_IDENTIFIER,)),
        ("diag_1", [f"D{i % 30}" for i in range(N)], (Role.SENSITIVE,)),
        ("readmitted", ["yes", "no"] * 100, (Role.TARGET,)),
        ("default_flag", [0, 1, 0, 0] * 50, (Role.TARGET,)),
        ("churn_label", ["yes", "no"] * 100, (Role.TARGET,)),
        ("default_days", [0, 1, 0, 0] * 50, (Role.OTHER,)),
        ("quality_flag", ["good", "bad"] * 100, (Role.OTHER,)),
        ("PWGTP", list(range(1, 101)) * 2, (Role.WEIGHT,)),
        ("dob", ["1950-01-02", "1960-02-03"] * 100, (Role.QUASI_IDENTIFIER, Role.TIME)),
        ("admitted", ["2020-01-02", "2021-02-03"] * 100, (Role.TIME,)),
    ],
)
def test_roles_are_proposed_with_a_reason(name, values, roles):
    found = one(values, name)
    assert found.column.roles == roles
    assert found.role_reason


def test_weight_in_kilograms_is_not_a_survey_weight():
    rng = np.random.default_rng(0)
    body = profile(
        pl.DataFrame({"height": rng.normal(170, 9, 50), "weight": rng.normal(75, 9, 50)}), {}
    )
    survey = profile(
        pl.DataFrame({"x": rng.normal(size=50), "weight": rng.gamma(9, 1 / 9, 50)}), {}
    )
    assert body.column("weight").column.roles == (Role.OTHER,)
    assert survey.column("weight").column.roles == (Role.WEIGHT,)


def test_what_is_declared_wins():
    frame = pl.DataFrame({"email": ["a@b.cd"] * 3, "id": ["1", "1", "2"], "y": ["0", "1", "0"]})
    declared = {
        "email": ColumnSpec(roles=(Role.OTHER,)),
        "id": ColumnSpec(roles=(Role.PERSON_KEY,)),
        "y": ColumnSpec(kind=Kind.CATEGORY),
    }
    found = profile(frame, declared)
    assert found.column("email").column.roles == (Role.OTHER,)
    assert found.column("email").suspected_identifier == "values look like an e-mail address"
    assert found.column("id").column.kind is Kind.CATEGORY
    assert found.column("y").column.kind is Kind.CATEGORY
    assert found.column("y").kind_reason == "as declared"


def test_a_second_person_key_is_not_proposed():
    frame = pl.DataFrame(
        {"patient_id": [i // 2 for i in range(80)], "key": [i // 4 for i in range(80)]}
    )
    declared = {"key": ColumnSpec(roles=(Role.PERSON_KEY,))}
    roles = profile(frame, declared).column("patient_id").column.roles
    assert Role.PERSON_KEY not in roles


def test_a_key_that_rows_lack_is_not_proposed_as_one():
    ids = [str(i // 2) if i % 9 else "" for i in range(100)]
    found = one(ids, "patient_id")
    assert found.column.roles == (Role.DIRECT_IDENTIFIER,)
    assert "some rows have none" in found.role_reason


def keys(**columns):
    """Return the person key proposed among these columns, and all suspected."""
    found = profile(pl.DataFrame(columns), {})
    return (
        [c.name for c in found.schema.with_role(Role.PERSON_KEY)],
        [c.column.name for c in found.columns if c.suspected_identifier],
    )


def test_the_unit_is_who_the_table_is_about():
    rows = np.arange(300)
    twice, often = rows // 2, rows % 60
    assert keys(patient_id=twice, doctor_id=often) == (["patient_id"], ["doctor_id"])
    # one row a patient: the patients are the rows, whoever treats several of them
    assert keys(patient_id=rows * 7, doctor_id=often) == ([], ["patient_id", "doctor_id"])
    assert keys(id=rows * 7, user_id=often) == (["user_id"], ["id"])
    assert keys(employee_id=often, subject_id=twice) == (["subject_id"], ["employee_id"])
    assert keys(product_id=rows % 40, amount=rows / 7) == ([], [])
    assert keys(USERID=often, InvoiceNo=rows // 3) == (["USERID"], ["InvoiceNo"])


def test_persons_are_found_however_many_rows_each_has():
    rows = np.arange(30_000)
    assert keys(subject_id=rows % 25, itemid=rows % 40, x=rows / 7) == (["subject_id"], [])
    assert keys(user_id=rows % 30, x=rows / 7) == (["user_id"], [])
    # a bare "id" says less, and so do few values
    assert keys(id=rows % 25, x=rows / 7) == ([], [])
    assert keys(subject=rows % 12, x=rows / 7) == ([], [])


PERSONS = [f"{i:08x}-1bcd-4000-8000-{i:012x}" for i in range(13)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("patient", [f"Patient/{p}" for p in PERSONS]),
        ("subject.reference", [f"Patient/{p}" for p in PERSONS]),
        ("whose", [f"Patient/{p}" for p in PERSONS]),
        ("whose", [f"Patient/{i}" for i in range(13)]),
        ("patient", PERSONS),
        ("person_source_value", PERSONS),
        ("USUBJID", [f"01-701-{i}" for i in range(13)]),
        ("patient", [f"P{i:02d}" for i in range(13)]),
        ("patient", list(range(1001, 1014))),
        ("subject", [f"01-701-{i}" for i in range(13)]),
        ("user_id", list(range(3))),
        ("customerid", list(range(3))),
        ("student_ref", list(range(3))),
        ("patient_id", list(range(2))),
        ("patient", [f"Patient/{PERSONS[0]}"]),
    ],
)
def test_few_persons_are_persons_all_the_same(name, values):
    whose = [values[i * i % len(values)] for i in range(600)]
    assert keys(**{name: whose, "x": np.arange(600) / 7}) == ([name], [])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("patient", ["yes", "no"]),
        ("patient", [0, 1]),
        ("patient_sex", ["f", "m"]),
        ("patient", ["in-patient", "out-patient", "day case"]),
        ("customer", ["18-25", "26-40", "41-65"]),
        ("member_no", [1, 2, 3, 4]),
        ("subject", ["arts", "history", "physics"]),
        ("customer_type", ["gold", "silver"]),
        ("patient_unit", ["mg/m2", "mg/l2"]),
        ("customer_type_id", [1, 2, 3]),
        ("customer_segment_id", [1, 2, 3]),
        ("client_region_id", [1, 2, 3, 4]),
        ("borrower_class_id", [1, 2, 3]),
        ("user_group_id", [1, 2, 3, 4, 5]),
        ("user_store_id", [1, 2, 3]),
        ("student_grade_key", [1, 2, 3]),
        ("patient_risk_ref", ["lo", "hi"]),
        ("customer_region_id", list(range(3001, 3051))),
        ("account", [4000, 4010, 4020, 4100, 5000, 5100]),
        ("account_id", [4000, 4010, 4020, 4100, 5000, 5100]),
        ("subject", ["MATH101", "BIO202", "CHEM110"]),
        ("client", ["ACME01", "GLOB02", "INIT03"]),
        ("member", ["M100", "M200"]),
    ],
)
def test_what_is_said_about_persons_is_no_key(name, values):
    said = [values[i * 7 % len(values)] for i in range(600)]
    assert keys(**{name: said, "x": np.arange(600) / 7}) == ([], [])


@pytest.mark.parametrize("name", ["patient_sex_id", "person_gender_concept_id"])
def test_codes_of_the_sex_of_persons_are_protected(name):
    found = one([[8507, 8532][i * i % 7 % 2] for i in range(600)], name)
    assert found.column.roles == (Role.PROTECTED, Role.QUASI_IDENTIFIER)


def test_what_classifies_persons_stays_beside_their_key():
    rows = np.arange(4000)
    said = {"patient_type_id": rows % 3, "student_grade_key": rows % 4}
    firms = np.array(["ACME01", "GLOB02", "INIT03"])[rows % 3]
    assert keys(patient_id=10_001 + rows % 400, **said, client=firms) == (["patient_id"], [])


@pytest.mark.parametrize("name", ["person_source_value", "patient", "customer_code", "subject_id"])
@pytest.mark.parametrize("nothing", [None, "NA", ""])
def test_a_column_of_persons_without_a_value_is_no_error(name, nothing):
    held = pl.DataFrame({name: pl.Series([nothing] * 60, dtype=pl.String), "x": np.arange(60) / 7})
    assert profile(held, {}).column(name).column.roles == (Role.OTHER,)


def test_references_that_rows_share_are_identifiers():
    rows = range(600)
    location = [f"Location?identifier=urn:x|{PERSONS[i % 13]}" for i in rows]
    doctor = [f"Practitioner/{i % 9}" for i in rows]
    subject = [f"Patient/{PERSONS[i % 7]}" for i in rows]
    held = {"participant.reference": doctor, "location.reference": location, "subject": subject}
    assert keys(**held) == (["subject"], ["participant.reference", "location.reference"])


def test_an_admission_of_hundreds_of_rows_is_left_out_too():
    rows = np.arange(6000)
    assert keys(hadm_id=100_000 + rows % 40, x=rows / 7) == ([], ["hadm_id"])
    assert keys(visit_type_id=100_000 + rows % 40, x=rows / 7) == ([], [])


def test_a_record_of_a_district_is_no_class_of_records():
    rows = np.arange(6000)
    assert keys(district_case_id=100_000 + rows % 40, x=rows / 7) == ([], ["district_case_id"])
    assert keys(case_district_id=100_000 + rows % 40, x=rows / 7) == ([], [])
    # nor is a student of a state one of the classes of students
    assert keys(state_student_id=rows % 40, x=rows / 7) == (["state_student_id"], [])


def test_persons_who_are_not_the_unit_are_left_out_however_few():
    rows = np.arange(600)
    held = {"subject_id": rows % 80, "user_id": rows % 12, "x": rows / 7}
    assert keys(**held) == (["subject_id"], ["user_id"])
    # of two that say persons as surely, the many are the unit
    held = {"member_id": rows % 3, "user_id": rows % 80, "x": rows / 7}
    assert keys(**held) == (["user_id"], ["member_id"])
    # three tenants are rather firms
    held = {"tenant_id": rows % 3, "x": rows / 7}
    assert keys(**held) == ([], [])


def test_one_repeat_is_enough_for_a_person_key():
    assert keys(patient_id=[0, *range(299)], x=[0.5] * 300) == (["patient_id"], [])


def test_a_declared_text_column_is_free_text():
    found = one(["a", "b"], roles=(Role.TEXT,))
    assert found.column.kind is Kind.TEXT


def test_unknown_and_unusable_columns_are_named():
    frame = pl.DataFrame({"age": [1, 2]})
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        profile(frame, {"agee": ColumnSpec()})
    with pytest.raises(DataError, match="no rows"):
        profile(frame.clear(), {})


def test_one_row_is_profiled():
    found = profile(pl.DataFrame({"a": ["1"], "b": ["x"], "c": [None]}), {})
    assert [c.column.kind for c in found.columns] == [Kind.INTEGER, Kind.CATEGORY, Kind.CATEGORY]
    assert load(pl.DataFrame({"a": ["1"], "b": ["x"], "c": [None]}), found.schema).n == 1


@pytest.mark.slow
def test_fifty_thousand_by_twenty_takes_under_three_seconds():
    rng = np.random.default_rng(0)
    n = 50_000
    frame = pl.DataFrame(
        {f"d{i}": rng.normal(size=n).astype(str) for i in range(8)}
        | {f"i{i}": rng.integers(0, 10**6, n).astype(str) for i in range(6)}
        | {f"c{i}": rng.choice(["a", "b", "c"], n) for i in range(4)}
        | {"when": np.datetime64("2000-01-01") + rng.integers(0, 9999, n), "key": np.arange(n)}
    ).with_columns(pl.col("when").dt.to_string("%d/%m/%Y"))
    start = time.process_time()
    profile(frame, {})
    assert time.process_time() - start < 3


def test_a_clock_that_rises_is_no_key_and_a_place_no_outcome():
    n = 200
    frame = pl.DataFrame(
        {
            "timestamp": np.arange(n) * 60 + 1_600_000_000,
            "plate": [f"AB-{i % 170}" for i in range(n)],
            "provider_npi": [1_234_567_000 + i % 9 for i in range(n)],
            "country": ["x", "y"] * (n // 2),
        }
    )
    found = profile(frame, {})
    assert found.column("timestamp").suspected_identifier is None
    assert found.column("plate").suspected_identifier == "the name says a vehicle number"
    assert found.column("provider_npi").column.kind is Kind.CATEGORY
    assert found.schema.with_role(Role.TARGET) == ()
