"""A budget follows people: through new names, shuffles, halves, merges, and keys that changed."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.core.privacy_spec import PrivacySpec
from assaymark.core.recipe import parse_recipe
from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import add, init, new_key, read_key, remove
from assaymark.flow.evaluate.compare import Comparing, compare
from assaymark.flow.evaluate.entrants import read_entrants
from assaymark.flow.evaluate.sweep import Sweeping, sweep
from assaymark.flow.generate.draft import draft
from assaymark.flow.source.accounts import matches, separate
from assaymark.flow.source.budget import CHARGED, balance_of, charge, listed
from assaymark.flow.source.queries import asked_of
from assaymark.flow.source.read import prepare
from assaymark.store.workspace import Workspace

SPEC = PrivacySpec(epsilon=1.0, unit="who")
ROW = PrivacySpec(epsilon=1.0, unit="row")


def people(n=400, first=0, seed=0):
    rng = np.random.default_rng([seed, first])
    return pl.DataFrame(
        {
            "who": [f"p{i:06d}" for i in range(first, first + n)],
            "born": rng.integers(0, 30_000, n),
            "cost": rng.lognormal(6, 1, n).round(2),
            "weight": rng.normal(75, 12, n).round(1),
            "sex": rng.choice(["f", "m"], n),
            "ward": rng.choice(list("abcde"), n),
            "ill": rng.choice(["no", "yes"], n),
        }
    )


def recipe(spec, name="people"):
    unit = f'unit = "{spec.unit}"'
    text = f'name = "{name}"\n[source]\npath = "x.csv"\n[privacy]\nepsilon = 1.0\n{unit}\n'
    return parse_recipe(text.encode())


class Desk:
    """A workspace in which tables are charged, without a fit."""

    def __init__(self, path):
        self.workspace = Workspace.open(path)

    def prints(self, frame, spec=SPEC):
        frame = frame.drop("who", strict=False) if spec.unit == "row" else frame
        prepared = prepare(frame, recipe(spec), self.workspace.secret("split"))
        return asked_of(self.workspace, prepared), prepared.prints

    def charge(self, frame, spec=SPEC):
        asked, prints = self.prints(frame, spec)
        return charge(asked, spec, prints, "key")

    def balance(self, frame, spec=SPEC):
        asked, prints = self.prints(frame, spec)
        return balance_of(asked, prints)

    @property
    def entries(self):
        return list(self.workspace.ledger.entries(kind=CHARGED))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "ws")


CHANGES = {
    "renamed": lambda f: f.rename({c: f"x_{c}" for c in f.columns if c != "who"}),
    "shuffled": lambda f: f.sample(fraction=1, shuffle=True, seed=1).select(reversed(f.columns)),
    "half": lambda f: f.sample(fraction=0.5, seed=2),
    "merged": lambda f: pl.concat([f, people(1_000, first=50_000)]),
    "one of them": lambda f: pl.concat([f.head(1), people(1_000, first=50_000)]),
    "new keys": lambda f: f.with_columns(who=pl.Series([f"q{i}" for i in range(f.height)])),
    "no key": lambda f: f.drop("who"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_people_have_one_account_whatever_the_table_is_called(desk, change):
    desk.charge(people())
    spec = ROW if change == "no key" else SPEC
    found = desk.charge(CHANGES[change](people()), spec)
    assert found.charges == 2
    assert found.rho == pytest.approx(2 * rho_of(1.0, 1e-6))
    again = desk.balance(people())  # and the other way round
    assert (again.charges, again.rho) == (2, pytest.approx(found.rho))


def test_others_have_accounts_of_their_own(desk):
    desk.charge(people())
    assert desk.charge(people(first=10_000)).charges == 1
    assert desk.balance(people(first=20_000)).charges == 0


def test_a_merged_table_charges_both_and_nobody_pays_for_what_others_were_in(desk):
    one, other = people(), people(first=10_000)
    for frame, times in ((one, 3), (other, 1)):
        for _ in range(times):
            desk.charge(frame)
    merged = pl.concat([one, other])
    rho = rho_of(1.0, 1e-6)
    assert desk.balance(merged).rho == pytest.approx(3 * rho)  # the most that any of them paid
    found = desk.charge(merged)
    assert found.rho == pytest.approx(4 * rho)
    assert set(found.matched.values()) == {"persons"}
    assert len(desk.entries[-1].body["matched"]) == 2
    assert desk.balance(one).rho == pytest.approx(4 * rho)
    assert desk.balance(other).rho == pytest.approx(2 * rho)


def test_a_table_is_refused_when_one_of_two_accounts_is_spent_and_nothing_is_charged(desk):
    one, other = people(), people(first=10_000)
    capped = SPEC.model_copy(update={"budget": 1.5})
    desk.charge(one, capped)
    desk.charge(one, capped)
    before = len(desk.entries)
    with pytest.raises(NotApprovedError, match="is spent") as refused:
        desk.charge(pl.concat([other, one]))
    assert "shares person keys" in str(refused.value)
    assert len(desk.entries) == before
    assert desk.charge(other).charges == 1


LOW = ["who", "sex", "ward", "ill"]


def test_low_entropy_without_a_key_shares_a_budget_until_privacy_signs_otherwise(desk):
    one, other = (people(first=i).select(LOW) for i in (0, 10_000))
    desk.charge(one, ROW.model_copy(update={"budget": 1.1}))
    with pytest.raises(NotApprovedError, match="cannot tell") as refused:
        desk.charge(other, ROW)
    words = str(refused.value).partition("budget separate ")[2].split()
    assert len(words[:2]) == 2
    folder = desk.workspace.path
    with pytest.raises(NotApprovedError, match="alone"):
        separate(desk.workspace, (words[0], words[1]), "other ward", read_key_of(folder, "x"))
    init(desk.workspace, "Ada", ["ml_owner", "privacy"])
    for name, role in (("grace", "privacy"), ("ben", "domain")):
        add(desk.workspace, name, [role], new_key(folder / name))
    pair = (words[0], words[1])
    for key, said in (
        (desk.workspace.key(), "the one who spends"),
        (read_key(folder / "ben"), "without the role privacy"),
    ):
        with pytest.raises(NotApprovedError, match=said):
            separate(desk.workspace, pair, "other ward", key)
    grace = read_key(folder / "grace")
    with pytest.raises(InputError, match="why"):
        separate(desk.workspace, pair, " ", grace)
    with pytest.raises(UnknownNameError):
        separate(desk.workspace, ("0" * 16, words[1]), "other ward", grace)
    how = ["--reason", "other ward", "--key", str(folder / "grace"), "--workspace", str(folder)]
    said = CliRunner().invoke(app, ["budget", "separate", *pair, *how])
    assert said.exit_code == 0, said.output
    assert desk.charge(other, ROW).charges == 1
    remove(desk.workspace, "grace")  # whose word no longer counts
    assert desk.balance(other, ROW).charges == 2


def read_key_of(folder, name):
    new_key(folder / name)
    return read_key(folder / name)


def test_person_keys_that_agree_cannot_be_talked_away(desk):
    desk.charge(people())
    desk.charge(people().head(200))
    one, other = {str(e.body["people"]) for e in desk.entries}
    init(desk.workspace, "Ada", ["ml_owner"])
    folder = desk.workspace.path
    add(desk.workspace, "grace", ["privacy"], new_key(folder / "grace"))
    with pytest.raises(NotApprovedError, match="person keys of both"):
        separate(desk.workspace, (one, other), "trust me", read_key(folder / "grace"))


def test_prints_that_are_gone_or_altered_keep_the_rows_closed(desk):
    desk.charge(people())
    (name,) = desk.workspace.sealed("prints-")
    raw = desk.workspace.unseal(name)
    desk.workspace.seal(name, raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(IntegrityError, match="altered"):
        desk.charge(people(first=10_000))
    (desk.workspace.path / "sealed" / name).unlink()
    with pytest.raises(IntegrityError, match="not in the sealed tier"):
        desk.charge(people(first=10_000))


def test_the_ledger_holds_no_print_and_the_list_adds_up(desk):
    desk.charge(people())
    desk.charge(people().sample(fraction=0.5, seed=3))
    _asked, prints = desk.prints(people())
    text = Path(desk.workspace.path / "ledger.db").read_bytes()
    assert all(f"{h:016x}".encode() not in text for h in prints.persons.hashes[:50].tolist())
    lines = listed(desk.workspace)
    assert [line.charges for line in lines] == [2, 2]
    assert lines[0].epsilon == pytest.approx(epsilon_of(2 * rho_of(1.0, 1e-6), 2e-6))
    found = matches(desk.workspace, prints, {line.account for line in lines})
    assert {m.by for m in found.values()} == {"itself", "persons"}
    said = CliRunner().invoke(app, ["budget", "list", "--workspace", str(desk.workspace.path)])
    assert said.exit_code == 0, said.output
    assert "by persons" in said.output


def test_a_comparison_charges_every_fit_and_refuses_a_generator_without_a_budget(tmp_path):
    frame = people(600).with_columns(born=pl.col("born").cast(pl.Int64))
    frame.write_csv(tmp_path / "x.csv")
    text = 'name = "people"\n[source]\npath = "x.csv"\n[privacy]\nepsilon = 1.0\nunit = "who"\n'
    (tmp_path / "dp.toml").write_text(text + "budget = 4.0\n")
    how = Comparing(workspace=tmp_path / "ws", repeats=2, rows=300, seed=1, report=None)
    found = compare(read_entrants([tmp_path / "dp.toml"]), how)
    workspace = Workspace.open(tmp_path / "ws")
    (paid,) = workspace.ledger.entries(kind=CHARGED)
    assert paid.body["fits"] == 3
    assert float(str(paid.body["rho"])) == pytest.approx(3 * rho_of(1.0, 1e-6))
    assert any("every fit was charged" in n for n in found.notices)
    for _ in range(6):
        found = compare(read_entrants([tmp_path / "dp.toml"]), how)
    assert "is spent" in found.contenders[0].reason
    free = compare(read_entrants([tmp_path / "x.csv"], ["dp_marginals"]), how)
    assert "none is given" in free.contenders[0].reason
    with pytest.raises(InputError, match="no account"):
        draft(frame, generator="dp_marginals")


def test_a_sweep_says_what_it_costs_charges_it_and_a_proxy_is_free(tmp_path):
    text = 'name = "people"\n[source]\npath = "x.csv"\n[privacy]\nepsilon = 1.0\nunit = "who"\n'
    path, where = tmp_path / "dp.toml", tmp_path / "ws"
    path.write_text(text + "budget = 6.0\n")
    people(600).write_csv(tmp_path / "x.csv")
    people(600, first=5_000).write_csv(tmp_path / "public.csv")
    how = {"workspace": where, "epsilons": (0.5, 2.0), "rows": 300, "report": None, "seed": 1}
    free = sweep(path, Sweeping(**how, proxy=tmp_path / "public.csv"))
    assert (free.cost, free.spent) == (0.0, 0.0)
    assert not list(Workspace.open(where).ledger.entries(kind=CHARGED))
    found = sweep(path, Sweeping(**how))
    rho = 2 * (rho_of(0.5, 1e-6) + rho_of(2.0, 1e-6))
    assert found.cost == pytest.approx(epsilon_of(rho, 4e-6))
    assert found.spent == pytest.approx(found.cost)
    assert [line.epsilon for line in found.lines] == [0.5, 2.0]
    assert all(line.closeness.value is not None for line in found.lines)
    before = len(list(Workspace.open(where).ledger.entries(kind=CHARGED)))
    with pytest.raises(NotApprovedError, match="nothing was fitted"):
        sweep(path, Sweeping(**{**how, "epsilons": (2.0, 5.0)}))
    assert len(list(Workspace.open(where).ledger.entries(kind=CHARGED))) == before
    for wrong in ((), (0.0,), (float("inf"),), (-1.0,)):
        with pytest.raises(InputError):
            sweep(path, Sweeping(**{**how, "epsilons": wrong}))


def test_an_epsilon_is_explained_in_words():
    said = CliRunner().invoke(app, ["budget", "explain", "1"])
    assert said.exit_code == 0, said.output
    assert "73.1%" in said.output
    assert "2.7%" in said.output
    for wrong in ("0", "nan", "inf"):
        assert CliRunner().invoke(app, ["budget", "explain", wrong]).exit_code != 0


def test_other_shares_of_the_split_do_not_begin_a_new_account_of_openings(desk):
    found = set()
    for shares in (
        "",
        "[split]\ntrain = 0.3\ndevelopment = 0.1\nconfirmation = 0.2\nreference = 0.4\n",
    ):
        text = f'name = "x"\n[source]\npath = "x.csv"\n[columns]\nwho = "person_key"\n{shares}'
        parsed = parse_recipe(text.encode())
        prepared = prepare(people(2_400), parsed, desk.workspace.secret("split"))
        found.add(asked_of(desk.workspace, prepared).population)
    assert len(found) == 1
