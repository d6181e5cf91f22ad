"""A small hospital table on disk, a recipe for it, and a policy that rows like it can pass."""

import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.core.threat import Profile, threat_of
from assaymark.flow.job import Options, read_job
from assaymark.flow.run import run
from assaymark.store.workspace import Workspace

POLICY = """
name = "lenient"
profile = "controlled"

[[rule]]
id = "looks-like-it"
metric = "two_sample.auc"
direction = "at_most"
threshold = 0.9
uses = ["analytics", "pretraining"]
title = "Looks like the real rows"
why = "Rows that a machine tells apart at once are of little use."
remedy = "Fewer columns, or another generator."

[[rule]]
id = "columns"
metric = "one_way.distance"
subject = "column:*"
direction = "at_most"
threshold = 0.4
uses = ["analytics"]
title = "Each column"
why = "Shares must be about right."
remedy = "Group rare categories."
"""

POLICY += "".join(
    f"""
[[rule]]
id = "{metric}"
metric = "{metric}"
direction = "at_most"
threshold = 1.0
uses = ["analytics", "pretraining"]
title = "{metric}"
why = "The threat model requires it; 900 rows prove nothing."
remedy = "None."
"""
    for metric in threat_of(Profile.CONTROLLED).attacks
)

RECIPE = """
name = "stays"

[source]
path = "stays.csv"

[source.rights]
owner = "the hospital"
licence = "CC BY 4.0"

[columns]
patient = "person_key"
sex = ["protected", "quasi_identifier"]
ill = "target"

[split]
cross_fit = false
"""


def stays_of(n=900, seed=0):
    rng = np.random.default_rng(seed)
    patient = rng.integers(0, n * 2 // 3, n)
    age = 20 + patient % 60
    ill = rng.random(n) < 1 / (1 + np.exp(3 - 0.05 * age))
    return pl.DataFrame(
        {
            "patient": [f"p{p:05d}" for p in patient],
            "age": age,
            "sex": np.where(patient % 2, "f", "m"),
            "days": rng.poisson(1 + age / 20),
            "ill": np.where(ill, "yes", "no"),
        }
    )


@pytest.fixture
def plugin(tmp_path_factory, monkeypatch):
    """Return an installer of a plug-in: ``plugin("generators", "leaky", source_with_Plugin)``."""

    def install(kind, name, source):
        site, module = tmp_path_factory.mktemp("site"), f"plugin_{name}"
        (site / f"{module}.py").write_text(source)
        info = site / f"{module}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[assaymark.{kind}]\n{name} = {module}:Plugin\n")
        monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(site)

    return install


@pytest.fixture(scope="session")
def stays():
    """Return the maker of the table."""
    return stays_of


@pytest.fixture(scope="session")
def small():
    """Return a writer of about 630 people with up to six stays each, whose recipe cross-fits."""

    def write(folder):
        folder.mkdir(exist_ok=True)
        stays_of(1_200, seed=3).write_csv(folder / "stays.csv")
        recipe = RECIPE.replace("cross_fit = false", 'cross_fit = "auto"')
        (folder / "recipe.toml").write_text(recipe)
        (folder / "policy.toml").write_text(POLICY)
        return read_job(folder / "recipe.toml")

    return write


@pytest.fixture(scope="session")
def split_in_two():
    """Return a writer of stays.csv, recipe.toml and policy.toml; who is held out in ws is fixed."""

    def write(folder):
        Workspace.open(folder / "ws").seal("split", bytes([7]) * 32)
        stays_of().write_csv(folder / "stays.csv")
        (folder / "recipe.toml").write_text(RECIPE)
        (folder / "policy.toml").write_text(POLICY)
        return read_job(folder / "recipe.toml")

    return write


@pytest.fixture
def folder(tmp_path, monkeypatch, split_in_two):
    """The current folder: stays.csv, recipe.toml, policy.toml; who is held out in ws is fixed."""
    monkeypatch.chdir(tmp_path)
    split_in_two(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def issued(tmp_path_factory, split_in_two):
    """Return a folder whose workspace issued a release of both uses, and the outcome of the run."""
    folder = tmp_path_factory.mktemp("issued")
    outcome = run(split_in_two(folder), Options(workspace=folder / "ws"))
    assert outcome.uses == {"analytics": "approved", "pretraining": "approved"}
    assert outcome.approved
    return folder, outcome


@pytest.fixture
def first(issued, tmp_path, monkeypatch):
    """The current folder is one as ``folder`` after a run; return what came of that."""
    made, outcome = issued
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    paths = {"release": outcome.release, "report": outcome.report}
    return outcome.model_copy(
        update={name: str(Path(path).relative_to(made)) for name, path in paths.items()}
    )
