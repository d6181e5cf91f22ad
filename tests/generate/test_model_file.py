import datetime as dt
import io
import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.document import sha256
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.errors import InputError, IntegrityError
from assaymark.generate import generators
from assaymark.generate.model_file import GENERATORS, ModelFile, can_store, read_model, write_model

NAMES = ("independent", "tree_chain")


def visits(n=600):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, n)
    code = rng.integers(0, 12, n)
    columns = {
        "age": (Kind.INTEGER, age.tolist()),
        "spent": (Kind.DECIMAL, rng.lognormal(3, 1, n).tolist()),
        "höhe, m": (Kind.DECIMAL, [None if a < 25 else round(a / 7, 2) for a in age.tolist()]),
        "code": (Kind.CATEGORY, [f"c{c}" for c in code]),
        "group": (Kind.CATEGORY, [f"g{c // 4}" for c in code]),
        "ill": (Kind.BOOLEAN, (age > 60).tolist()),
        "born": (Kind.DATE, [dt.date(1900, 1, 1) + dt.timedelta(days=int(a) * 30) for a in age]),
    }
    schema = Schema(
        columns=tuple(Column(name=c, kind=k, roles=(Role.OTHER,)) for c, (k, _) in columns.items())
    )
    frame = pl.DataFrame({c: pl.Series(c, v, POLARS_TYPES[k]) for c, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame)


def fitted(name, seed=1, **parameters):
    source = PrivateSource(_rows=visits(), record=lambda *_: None)
    return generators.build(name, parameters).fit(source, Streams.from_seed(seed))


def held(name, salt="5a17", **parameters):
    model = fitted(name, **parameters)
    return ModelFile(model=model, generator={"name": name, "parameters": parameters}, salt=salt)


@pytest.fixture(scope="module", params=NAMES)
def stored(request):
    return held(request.param)


def test_a_model_that_was_read_back_samples_the_same_bytes(stored):
    raw = write_model(stored)
    back = read_model(raw)
    assert back.model.sample(range(500), Streams.from_seed(2)).frame.equals(
        stored.model.sample(range(500), Streams.from_seed(2)).frame
    )
    assert back.model.summary == stored.model.summary
    assert (back.generator, back.salt) == (stored.generator, stored.salt)


def test_the_same_model_has_the_same_bytes_and_another_salt_another_digest(stored):
    name = str(stored.generator["name"])
    raw = write_model(stored)
    assert raw == write_model(held(name)) == write_model(read_model(raw))
    assert sha256(raw) != sha256(write_model(replace(stored, salt="5a18")))


def test_the_file_opens_with_numpy_and_json_and_holds_no_pickle(stored):
    raw = write_model(stored)
    arrays = np.load(io.BytesIO(raw), allow_pickle=False)
    said = json.loads(zipfile.ZipFile(io.BytesIO(raw)).read("model.json"))
    assert {f"{name}.npy" for name in arrays.files if name != "model.json"} == set(said["arrays"])
    assert said["summary"] == stored.model.summary
    for name, about in said["arrays"].items():
        assert list(arrays[name.removesuffix(".npy")].shape) == about["shape"]


def test_any_altered_byte_is_found(stored):
    raw = write_model(stored)
    header = raw.index(b'"format"')
    places = {0, 1, 4, 6, 8, 10, 26, 30, header, *range(len(raw) - 90, len(raw))}
    places |= set(np.linspace(0, len(raw) - 1, 80).astype(int).tolist())
    for at in places:
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises((IntegrityError, InputError)):
            read_model(altered)
    for cut in (10, len(raw) // 2, len(raw) - 1):
        with pytest.raises(IntegrityError, match="altered"):
            read_model(raw[:cut] if cut > 64 else raw[:-cut])


def test_a_foreign_file_and_another_version_say_what_to_do():
    for foreign in (b"", b"a,b\n1,2\n", b"PAR1" + bytes(100)):
        with pytest.raises(InputError, match="not a model file"):
            read_model(foreign)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("rows.csv", "a,b\n")
    with pytest.raises(InputError, match="ZIP file, but not a model file"):
        read_model(other.getvalue())
    later = io.BytesIO()
    with zipfile.ZipFile(later, "w") as archive:
        archive.writestr("model.json", json.dumps({"format": "assaymark/model/v9"}))
    with pytest.raises(InputError, match=r"v9.*this version reads.*v0"):
        read_model(later.getvalue())


@pytest.mark.parametrize(
    ("name", "digest"), [("dated", "101bbd1e7591f808"), ("same", "02c39b61c4d78001")]
)
def test_a_file_of_an_earlier_version_gives_the_rows_that_it_gave(name, digest):
    raw = (Path(__file__).parents[1] / f"golden/models/{name}.zip").read_bytes()
    made = read_model(raw).model.sample(range(100), Streams.from_seed(2)).frame
    assert sha256(made.write_csv().encode()).startswith(digest)


def test_what_a_file_may_hold_is_listed():
    @dataclass(frozen=True)
    class Stranger:
        rows: tuple[int, ...] = ()
        summary: tuple[int, ...] = ()

    assert can_store(fitted("independent"))
    assert not can_store(Stranger())
    with pytest.raises(InputError, match="Stranger"):
        write_model(ModelFile(model=Stranger(), generator={}, salt=""))


def parts_of(plain, kind):
    """Return what a header says of each part of a kind."""
    if isinstance(plain, list):
        return [p for item in plain for p in parts_of(item, kind)]
    if not isinstance(plain, dict):
        return []
    own = [plain["value"]] if plain.get("is") == kind else []
    return own + [p for item in plain.values() for p in parts_of(item, kind)]


def test_what_joined_later_is_not_written_where_it_is_not_used():
    """So files from before it joined, and lots that are drawn from them, are read as ever."""
    raw = write_model(held("tree_chain", quality="standard"))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        header = json.loads(archive.read("model.json"))
    (recipe,) = parts_of(header["model"], "TreeChain")
    effects = parts_of(header["model"], "Effects")
    assert "quality" not in {*recipe, *header["summary"]}
    assert effects
    assert all("trees" not in e for e in effects)
    # a file that says no quality is of a model that had no small trees, whatever the default is
    assert read_model(raw).model.recipe.quality == "standard"
    assert read_model(write_model(held("tree_chain"))).model.recipe.quality == "high"


@pytest.mark.parametrize("name", ["bootstrap", "gaussian_copula", "independent", "tree_chain"])
def test_which_models_fit_in_a_file_is_known_before_they_are_fitted(name):
    assert can_store(fitted(name)) == (name in GENERATORS)
