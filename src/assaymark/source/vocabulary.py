"""Vocabulary: what words in a column's name suggest. Suggestions only; the user has the say."""

from __future__ import annotations

import re

__all__ = [
    "AMOUNTS",
    "BEARERS",
    "CLASSES",
    "CLOCK",
    "CODE_WORDS",
    "FLAGS",
    "GROUPINGS",
    "HAPPENED",
    "ID_WORDS",
    "KEY_NAMES",
    "LASTING",
    "LOCATIONS",
    "MEASURES",
    "PERSONAL",
    "PERSONS",
    "PROTECTED",
    "QUASI",
    "RECORDS",
    "SENSITIVE",
    "STAFF",
    "STUDIED",
    "TARGETS",
    "WEIGHTS",
    "first_of",
    "glued_code",
    "is_of_a_person",
    "may_be_firms",
    "says_person",
    "words",
]


def _these(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WHOLE, _STEM = 4, 3  # letters
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# Words that make a measure of what would else be a code: "number of codes", "id count".
MEASURES = _these(
    "count counts amount total mean average avg median score rate ratio share percent pct "
    "price cost days hours minutes months years level index size length height age num"
)
# Words of what is measured or paid, beside MEASURES.
AMOUNTS = _these(
    "amt sum fee fees fare charge charges salary wage wages income pay payment revenue sales "
    "profit population distance duration quantity qty volume weight dose balance budget "
    "capacity area depth speed temperature pressure elevation altitude width power mileage km "
    "miles calories points rank position worth tax discount dosage strength msrp"
)
CODE_WORDS = _these(
    "id npi code codes cd zip zipcode postcode postal plz fips puma icd naics soc isco nace cpt "
    "atc ndc concept region district msa cbsa"
)
ID_WORDS = _these("id ids npi nbr number no key uid uuid guid identifier ref reference nr")
PERSONS = _these(
    "patient subject person participant customer client member user employee student pupil "
    "child respondent beneficiary resident citizen individual donor driver policyholder "
    "borrower applicant household hh family pat subj cust emp voter owner tenant host "
    "worker player author buyer seller passenger guest visitor inmate defendant claimant "
    "taxpayer bene enrollee mother newborn insured debtor account acct"
)
# Persons who act on those a table is about: never its unit, identifying all the same.
STAFF = _these(
    "staff practitioner doctor physician clinician surgeon nurse therapist teacher agent operator "
    "courier provider npi interviewer examiner rater manager supervisor caregiver officer judge"
)
# Words of what rises from row to row without being a key.
CLOCK = _these(
    "year month day week date time timestamp datetime epoch unix hour minute second quarter ts"
)
# Words that say a classification rather than one thing each.
CLASSES = _these("concept type code category class kind source status group plan product")
# As those, where they follow on what they classify: "customer region id", not "district case id".
GROUPINGS = _these(
    "segment sex gender risk region grade tier band level race ethnicity district country state "
    "role cohort arm ward department dept"
)
STUDIED = _these("patient subject person participant individual respondent pat subj bene")
RECORDS = _these(
    "encounter visit admission hadm stay icustay order transaction invoice claim event "
    "episode case record row sample specimen accession prescription booking contract loan "
    "policy session ticket card device serial unique obs observation application receipt "
    "payment report scan occurrence exposure measurement procedure period sequence response "
    "survey interview"
)
# Words that name a key when they stand alone.
BEARERS = _these(
    "ticket invoice order encounter admission patient customer client subject participant member "
    "user record case accession specimen account respondent employee student person"
)
KEY_NAMES = _these(
    "id pid usubjid subjid randid mrn ptid patid patientid custid customerid userid uid "
    "empid employeeid memberid personid clientid studentid participantid subjectid respid "
    "caseid serialno seqn recid idno pidp hhid "
    "kundennr kundennummer kundenid patientennr patientennummer patientenid versichertennr "
    "versichertennummer personalnr personalnummer mitgliedsnr mitgliedsnummer fallnr fallnummer "
    "numerodossier numeropatient numeroclient numeroadherent"
)
# Names of persons and ways to reach or find one: compact names, and single words.
PERSONAL = {
    "name": "a person's name",
    "names": "a person's name",
    "surname": "a person's name",
    "forename": "a person's name",
    "firstname": "a person's name",
    "lastname": "a person's name",
    "fullname": "a person's name",
    "username": "a user name",
    "login": "a user name",
    "vorname": "a person's name",
    "nachname": "a person's name",
    "nom": "a person's name",
    "prenom": "a person's name",
    "prénom": "a person's name",
    "nombre": "a person's name",
    "apellido": "a person's name",
    "apellidos": "a person's name",
    "correo": "an e-mail address",
    "telefon": "a telephone number",
    "telefono": "a telephone number",
    "teléfono": "a telephone number",
    "téléphone": "a telephone number",
    "adresse": "an address",
    "direccion": "an address",
    "dirección": "an address",
    "strasse": "an address",
    "straße": "an address",
    "email": "an e-mail address",
    "mail": "an e-mail address",
    "phone": "a telephone number",
    "telephone": "a telephone number",
    "tel": "a telephone number",
    "mobile": "a telephone number",
    "cellphone": "a telephone number",
    "fax": "a fax number",
    "address": "an address",
    "addr": "an address",
    "street": "an address",
    "ssn": "a social security number",
    "nino": "a national insurance number",
    "nhs": "a health service number",
    "passport": "a passport number",
    "driverlicence": "a driving licence",
    "driverlicense": "a driving licence",
    "driverslicence": "a driving licence",
    "driverslicense": "a driving licence",
    "drivinglicence": "a driving licence",
    "drivinglicense": "a driving licence",
    "iban": "a bank account",
    "mrn": "a medical record number",
    "aadhaar": "a national number",
    "curp": "a national number",
    "bsn": "a national number",
    "vin": "a vehicle number",
    "plate": "a vehicle number",
    "ip": "a network address",
    "password": "a secret",
    "url": "a web address",
}
_OTHERS_NAMES = (
    "product drug item file column variable country state city county region district school "
    "hospital company brand model team course event category class type species dept department "
    "job store shop branch station procedure medication test lab site facility study device "
    "channel campaign page plan program programme game song movie book generic trade group "
    "unit project concept source vocabulary domain clinic ward provider "
    "neighbourhood neighborhood area zone borough airport airline bank breed org organism "
    "organisms microorganism organisation organization ab antibiotic antibacterial antimicrobial "
    "vaccine allergen diagnosis disease condition symptom treatment therapy analyte substance "
    "ingredient specimen material food insurance insurer payer pharmacy laboratory institution "
    "agency"
)
# What an id is of where it is glued to the word: "itemid". A list, since "paid" and "fluid" end so.
_GLUED = _these(
    "item ward site unit arm room bed org organisation organization param parameter location loc "
    "vendor supplier spec specimen reason term rule category store machine analyte sensor"
)
LOCATIONS = _these("latitude longitude lat lon lng geo gps coordinates")
_NOT_OF_A_PERSON = _these(_OTHERS_NAMES)
# Words beside "name" that say a person's, as those for persons and staff do.
_GIVEN = _these(
    "first last full given middle maiden nick birth legal mother father parent spouse husband wife "
    "son daughter sibling guardian kin relative contact attending referring consultant"
)
_GROUPS_OF_PERSONS = _these("household hh account acct host")
# Words for persons that are as often for firms, or for something else altogether.
_FIRMS = _these("contact parent client customer member owner tenant buyer seller")

PROTECTED = {
    "sex": "sex",
    "sexe": "sex",
    "sexo": "sex",
    "geschlecht": "sex",
    "gender": "gender",
    "female": "sex",
    "male": "sex",
    "race": "race",
    "rac": "race",
    "ethnic": "ethnicity",
    "ethnicity": "ethnicity",
    "hisp": "ethnicity",
    "hispanic": "ethnicity",
    "religion": "religion",
    "disability": "disability",
    "disabled": "disability",
    "dis": "disability",
    "deye": "disability",
    "dear": "disability",
    "dphy": "disability",
    "drem": "disability",
    "nationality": "nationality",
    "citizenship": "citizenship",
}
QUASI = {
    **PROTECTED,
    "age": "age",
    "agep": "age",
    "ages": "age",
    "birth": "birth",
    "birthdate": "birth",
    "birthday": "birth",
    "geburtsdatum": "birth",
    "naissance": "birth",
    "nacimiento": "birth",
    "edad": "age",
    "alter": "age",
    "plz": "place",
    "dob": "birth",
    "brthdtc": "birth",
    "brthdt": "birth",
    "born": "birth",
    "zip": "place",
    "zipcode": "place",
    "postcode": "place",
    "postal": "place",
    "city": "place",
    "town": "place",
    "county": "place",
    "municipality": "place",
    "village": "place",
    "neighbourhood": "place",
    "neighborhood": "place",
    "suburb": "place",
    "state": "place",
    "province": "place",
    "region": "place",
    "district": "place",
    "puma": "place",
    "country": "place",
    "native": "origin",
    "language": "language",
    "marital": "family",
    "marriage": "family",
    "married": "family",
    "msp": "family",
    "relationship": "family",
    "household": "family",
    "children": "family",
    "dependents": "family",
    "education": "education",
    "educ": "education",
    "edu": "education",
    "occupation": "work",
    "job": "work",
    "profession": "work",
    "industry": "work",
    "employer": "work",
    "workclass": "work",
    "veteran": "service",
    "dvet": "service",
}
LASTING = {
    **{w: what for w, what in QUASI.items() if what in {"sex", "gender", "race", "ethnicity"}},
    **dict.fromkeys(("birthdate", "birthday", "dob", "born", "brthdtc", "brthdt", "yob"), "birth"),
    "black": "race",
    "white": "race",
}
SENSITIVE = {
    **dict.fromkeys(
        _these(
            "diagnosis diag diagnoses disease icd condition hiv aids cancer tumor tumour stroke "
            "pregnant pregnancy abortion psychiatric mental depression suicide drug drugs "
            "medication alcohol smoking smoker death died dead mortality deceased allergy"
        ),
        "health",
    ),
    **dict.fromkeys(
        _these(
            "income salary wage wages earnings debt credit loan bankruptcy pincp wealth savings "
            "balance welfare benefits poverty"
        ),
        "money",
    ),
    **dict.fromkeys(_these("religion belief faith"), "belief"),
    **dict.fromkeys(_these("political party vote politics union"), "politics"),
    **dict.fromkeys(_these("sexual orientation"), "sexual life"),
    **dict.fromkeys(_these("genetic genome genotype dna biometric"), "genes or biometrics"),
    **dict.fromkeys(_these("crime criminal offence offense arrest convicted recid"), "offences"),
    **dict.fromkeys(_these("disability disabled"), "health"),
}
TARGETS = (
    "target", "label", "class", "outcome", "y", "response", "readmitted", "survived", "churn",
    "default", "exited", "attrition", "deposit", "approved", "status", "result", "diagnosis",
    "recid", "event", "died", "death", "mortality", "fraud", "income", "quality",
)  # fmt: skip
HAPPENED = _these(
    "target outcome readmitted survived churn default exited attrition approved "
    "recid died death mortality fraud"
)
"""What may have happened to somebody or not, also where a name says besides that it is a flag."""
FLAGS = _these("is has was flag ind indicator label yn binary bool")
WEIGHTS = _these(
    "fnlwgt finalwgt finalwt finalweight sampleweight samplingweight surveyweight "
    "personweight householdweight caseweight pweight pwgtp wgtp wtint wtmec wtmecyr wtintyr "
    "pwgt hhwt perwt finlwt asecwt designweight poststratificationweight survwt weightvar"
)


def words(name: str) -> list[str]:
    """Return the words of a column name in lower case: ``"PatientNbr2"`` is patient, nbr, 2."""
    return [w.lower() for w in _WORD.findall(_CAMEL.sub(" ", name))]


def first_of(parts: list[str], known: dict[str, str]) -> str | None:
    """Return what the first known word among ``parts`` (or all of them in one) stands for."""
    return next((known[p] for p in [*parts, "".join(parts)] if p in known), None)


def glued_code(parts: list[str]) -> str | None:
    """Return the word that says codes and what they are of in one: ``itemid``, ``testcd``."""
    for word in parts:
        stem = word.removesuffix("code").removesuffix("cd")
        if (stem != word and len(stem) >= _STEM) or (word.endswith("id") and _of_things(word[:-2])):
            return word
    return None


def _of_things(stem: str) -> bool:
    things = _GLUED | _NOT_OF_A_PERSON | PERSONS | STAFF | RECORDS | CLASSES
    return stem in things or any(len(t) >= _WHOLE and stem.endswith(t) for t in things)


def says_person(parts: list[str]) -> bool:
    """Whether a name such as ``first_name`` or ``surname`` is of persons and nothing else."""
    compact = set(parts) & set(PERSONAL) - {"name", "names"} or PERSONAL.get("".join(parts))
    return bool(set(parts) & (_GIVEN | STAFF | PERSONS - _GROUPS_OF_PERSONS) or compact)


def may_be_firms(parts: list[str]) -> bool:
    """Whether all that a name such as ``parent_name`` says can be firms, or ways of contact."""
    rest = {p for p in parts if not p.isdigit()} - {"name", "names"}
    return bool(rest) and rest <= _FIRMS


def is_of_a_person(parts: list[str]) -> bool:
    """Whether a name such as ``drug_name`` is not about a thing."""
    return not set(parts) & _NOT_OF_A_PERSON
