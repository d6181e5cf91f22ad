"""Croissant 1.1: what a machine reads of a release; held against mlcroissant where it is there."""

import json

import pytest

from assaymark.core.document import sha256
from assaymark.core.measurement import Measurement
from assaymark.core.rights import Rights
from assaymark.release.documents.croissant import CROISSANT


@pytest.fixture
def found(files, plain):
    return plain(files, CROISSANT)


def test_every_file_of_rows_is_there_with_its_digest_and_size(files, found):
    assert {d["@id"]: (d["sha256"], d["contentSize"]) for d in found["distribution"]} == {
        path: (sha256(files[path]), f"{len(files[path])} B")
        for path in ("data/synthetic.parquet", "data/synthetic.csv")
    }


def test_every_column_has_its_type_and_its_source(found):
    (rows,) = found["recordSet"]
    assert {f["name"]: f["dataType"] for f in rows["field"]} == {
        "age": "sc:Integer",
        "sex": "sc:Text",
        "cost": "sc:Float",
        "read me": "sc:Boolean",
    }
    assert [f["@id"] for f in rows["field"]] == [
        *("rows/age", "rows/sex", "rows/cost", "rows/read-me-3"),
    ]
    for field in rows["field"]:
        assert field["source"] == {
            "fileObject": {"@id": "data/synthetic.parquet"},
            "extract": {"column": field["name"]},
        }
    assert "2 different values" in rows["field"][1]["description"]


def test_it_says_which_specifications_it_follows(found):
    assert found["conformsTo"] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    assert found["@context"]["prov"] == "http://www.w3.org/ns/prov#"


def test_what_the_specification_requires_is_there(found):
    for name in ("@context", "@type", "name", "description", "license", "url", "creator"):
        assert found[name], name
    assert found["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert found["datePublished"] == "2026-11-25T11:07:07+00:00"


def test_a_licence_that_is_no_single_one_is_said_as_it_is(made, plain):
    for licence, basis, said in (
        ("MIT OR CC-BY-4.0", "", "MIT OR CC-BY-4.0"),
        ("LicenseRef-own", "", "LicenseRef-own"),
        ("", "consent of 2019", "consent of 2019"),
        ("", "", "not given"),
    ):
        files = made(rights=Rights(licence=licence, basis=basis))
        assert plain(files, CROISSANT)["license"] == said


def test_rows_derive_from_a_source_that_is_named_by_its_keyed_commitment(found):
    source = found["prov:wasDerivedFrom"]
    assert source["@id"] == "urn:assaymark:source:" + "a" * 64
    assert source["prov:label"] == "Stays of 2019"
    labels = [a["prov:label"] for a in found["prov:wasGeneratedBy"]]
    assert labels == ["Change before the fit: top_code (age)", "Generation by tree_chain"]
    agents = [a["prov:label"] for a in found["prov:wasAttributedTo"]]
    assert agents == ["assaymark 0.1.0", "the university hospital"]


def test_responsible_ai_fields_say_what_the_statements_say(found):
    assert found["rai:hasSyntheticData"] is True
    assert "assaymark 0.1.0" in found["rai:syntheticDataExplanation"]
    assert "about 28,000 rows of about 20,000 persons" in found["rai:dataCollection"]
    assert found["rai:dataPreprocessingProtocol"] == [
        "top code (age): values held at most 95; The 2 oldest stand out."
    ]
    assert found["rai:personalSensitiveInformation"] == ["Column sex (protected)"]
    assert found["rai:dataUseCases"] == "analytics and pretraining"
    assert any(s.startswith("Not covered: linkage") for s in found["rai:dataLimitations"])
    assert found["rai:dataBiases"][0].startswith("sex = f: log ratio of odds")


def test_a_group_too_small_to_be_measured_is_said(made, plain):
    lost = Measurement.missing("representation.log_disparity", "fewer than ten", "group:sex=f")
    biases = plain(made(measurements=(lost,)), CROISSANT)["rai:dataBiases"]
    assert "sex = f: fewer than ten" in biases


def test_uses_are_odrl_and_duo(made, plain):
    found = plain(made(uses={"analytics": "approved", "pretraining": "refused"}), CROISSANT)
    term, offer = found["usageInfo"]
    assert (term["termCode"], term["url"]) == ("DUO_0000042", "duo:0000042")
    purposes = {
        kind: [r.get("odrl:constraint", {}).get("odrl:rightOperand") for r in offer[f"odrl:{kind}"]]
        for kind in ("permission", "prohibition")
    }
    assert purposes == {
        "permission": [{"@id": "assaymark:use/analytics"}],
        "prohibition": [{"@id": "assaymark:use/pretraining"}, None],
    }
    assert offer["odrl:prohibition"][1]["odrl:action"] == {"@id": "odrl:sell"}


def test_every_statement_is_listed_with_its_digest(files, found):
    listed = {s["name"]: s["sha256"] for s in found["assaymark:statement"]}
    assert set(listed) >= {"threat.json", "policy.toml", "evidence/confirmation.json"}
    assert all(sha256(files[path]) == digest for path, digest in listed.items())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mlcroissant_finds_nothing_wrong_and_reads_the_rows(files, tmp_path):
    mlc = pytest.importorskip("mlcroissant")
    for path in (CROISSANT, "data/synthetic.parquet", "data/synthetic.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(files[path])
    data = mlc.Dataset(jsonld=str(tmp_path / CROISSANT))
    issues = data.metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())
    rows = list(data.records("rows"))
    assert [r["rows/age"] for r in rows] == [40, 51, 60]
    given, back = json.loads(files[CROISSANT]), data.metadata.to_json()
    assert set(given) <= set(back)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mlcroissant_refuses_rows_that_were_altered(files, tmp_path):
    mlc = pytest.importorskip("mlcroissant")
    (tmp_path / "data").mkdir()
    (tmp_path / CROISSANT).write_bytes(files[CROISSANT])
    (tmp_path / "data/synthetic.csv").write_bytes(files["data/synthetic.csv"])
    raw = bytearray(files["data/synthetic.parquet"])
    raw[40] ^= 1
    (tmp_path / "data/synthetic.parquet").write_bytes(bytes(raw))
    with pytest.raises(mlc.GenerationError):
        list(mlc.Dataset(jsonld=str(tmp_path / CROISSANT)).records("rows"))
