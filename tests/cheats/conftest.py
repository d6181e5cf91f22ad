"""A quick workshop for cheats: whole runs in a second, since the metrics are played by a stub."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from assaymark.core.measurement import Measurement
from assaymark.core.recipe import parse_recipe
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate import metrics
from assaymark.flow.decide.people import add, init, new_key, read_key
from assaymark.flow.generate.generator import approve
from assaymark.flow.job import Options, read_job
from assaymark.flow.run import run
from assaymark.store.workspace import Workspace

ATTACKS = threat_of(Profile.ENCLAVE).attacks
POLICY = 'name = "p"\nprofile = "enclave"\n' + "".join(
    f'\n[[rule]]\nid = "{m}"\nmetric = "{m}"\ndirection = "at_most"\nthreshold = 0.1\n'
    'uses = ["analytics"]\ntitle = "t"\nwhy = "w"\nremedy = "r"\n'
    for m in (*ATTACKS, "one_way.mean")
)
RECIPE = """
name = "wards"
[source]
path = "wards.csv"
[source.rights]
owner = "the hospital"
licence = "CC0-1.0"
expires = 2040-01-01
[columns]
patient = "person_key"
[split]
cross_fit = false
[generate]
replicates = 1

[use]
requested = ["analytics"]
[threat]
profile = "enclave"
"""
HIGH = {}
"""Upper ends of what the stub measures, by metric; 0.05 where nothing is said."""


def played(*_, record, **__):
    for name in metrics.names():
        record(name, ("train", "holdout"))
    return tuple(
        Measurement(metric=m, value=0.0, low=0.0, high=HIGH.get(m, 0.05), n=300)
        for m in (*ATTACKS, "one_way.mean")
    )


class Workshop:
    """A folder with a table, a recipe, a policy and a workspace."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def workspace(self):
        return Workspace.open(self.folder / "ws")

    def edit(self, name, old, new):
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def run(self, **options):
        job = read_job(self.folder / "recipe.toml", workspace=self.folder / "ws")
        return run(job, Options(workspace=self.folder / "ws", **options))

    def entries(self, kind):
        return self.workspace.ledger.entries(kind=kind)

    def key(self, name):
        return read_key(self.folder / name)


def table(folder, n=300, seed=0, name="wards.csv", prefix="p"):
    rng = np.random.default_rng(seed)
    rows = zip(rng.integers(20, 90, n), rng.choice(list("abc"), n), rng.random(n), strict=True)
    lines = [f"{prefix}{i:04d},{a},{w},{s:.3f}" for i, (a, w, s) in enumerate(rows)]
    (folder / name).write_text("\n".join(["patient,age,ward,score", *lines]) + "\n")


@pytest.fixture(autouse=True)
def play(monkeypatch):
    HIGH.clear()
    monkeypatch.setattr("assaymark.flow.evaluate.assess.measure", played)


@pytest.fixture
def high():
    """Return the upper ends that the stub measures, to be changed."""
    return HIGH


@pytest.fixture
def write_table():
    return table


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "policy.toml").write_text(POLICY)
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return a folder whose workspace issued one release, attested by its one person.

    600 rows are released: 150 are told from others at the edge of chance.
    """
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assaymark.flow.evaluate.assess.measure", played)
        table(folder, 1_200)
        (folder / "recipe.toml").write_text(RECIPE)
        (folder / "policy.toml").write_text(POLICY)
        assert Workshop(folder).run(seed=1).release
    return folder


@pytest.fixture
def issued(made, tmp_path, monkeypatch):
    """Return a copy of that workshop, and the folder of its release."""
    shutil.copytree(made, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    found = Workshop(tmp_path / "shop")
    (release,) = (found.folder / "ws" / "releases").iterdir()
    return found, release


@pytest.fixture(scope="session")
def waiting(tmp_path_factory):
    """Return a folder in which a decision waits for Grace (privacy) or Ben (domain)."""
    folder = tmp_path_factory.mktemp("waiting")
    workspace = Workspace.open(folder / "ws")
    init(workspace, "Ada", ["ml_owner", "privacy"])
    for name, role in (("grace", "privacy"), ("ben", "domain")):
        add(workspace, name, [role], new_key(folder / name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assaymark.flow.evaluate.assess.measure", played)
        table(folder)
        (folder / "recipe.toml").write_text(RECIPE)
        (folder / "policy.toml").write_text(POLICY)
        spec = parse_recipe(RECIPE.encode()).generate
        approve(workspace, spec, read_key(folder / "grace"))
        assert Workshop(folder).run(seed=1).release is None
    return folder


@pytest.fixture
def desk(waiting, tmp_path, monkeypatch):
    """Return a copy of that workshop and the name of the decision."""
    shutil.copytree(waiting, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    found = Workshop(tmp_path / "desk")
    (name,) = (p.name for p in Path("ws/ready").iterdir())
    return found, name
