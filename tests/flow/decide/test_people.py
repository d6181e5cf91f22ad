import json
from datetime import UTC, datetime, timedelta

import pytest

from assaymark.core.recipe import GenerateSpec
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import (
    add,
    current,
    init,
    listed,
    new_key,
    read_key,
    remove,
    renew,
    second_person,
    sign_pending,
)
from assaymark.flow.generate.generator import approve
from assaymark.release.approved import read_roles
from assaymark.store.workspace import Workspace


@pytest.fixture
def book(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    init(workspace, "Ada Lovelace", ["ml_owner"])
    return workspace


@pytest.fixture
def keys(tmp_path):
    return [read_key(tmp_path / n) for n in "abc" if new_key(tmp_path / n)]


def test_one_person_alone_is_legal_and_two_are_reviewed(book, keys):
    assert not second_person(book)
    add(book, "Grace Hopper", ["privacy"], keys[0].public.hex())
    assert second_person(book)
    assert [p.name for p in listed(book)] == ["Ada Lovelace", "Grace Hopper"]


def test_names_are_in_the_directory_only_and_can_be_erased(book, keys):
    add(book, "Grace Hopper", ["privacy"], keys[0].public.hex())
    written = b"".join(e.canonical() for e in book.ledger.entries())
    written += (book.path / "people" / "roles.dsse.json").read_bytes()
    assert b"Hopper" not in written
    assert b"SG9wcGVy" not in written
    remove(book, "Grace Hopper")
    everything = b"".join(p.read_bytes() for p in book.path.rglob("*") if p.is_file())
    assert b"Hopper" not in everything
    with pytest.raises(UnknownNameError):
        remove(book, "Grace Hopper")


def test_a_second_key_belongs_to_the_same_person(book, keys):
    add(book, "Grace Hopper", ["privacy"], keys[0].public.hex())
    file = add(book, "grace hopper", ["domain"], keys[1].public.hex())
    assert len(file.persons) == 2
    assert file.persons[1].roles == ("privacy", "domain")
    with pytest.raises(InputError, match="held by grace"):
        add(book, "Somebody Else", ["domain"], keys[1].public.hex())


def test_a_threshold_of_root_persons_signs(book, keys):
    add(book, "Grace", ["privacy"], keys[0].public.hex(), root=True)
    with pytest.raises(NotApprovedError, match="signed by 1 root persons, and 2 must"):
        add(book, "Barbara", ["domain"], keys[1].public.hex(), threshold=2)
    assert len(current(book).persons) == 2
    with pytest.raises(IntegrityError):
        sign_pending(book, keys[2])
    assert len(sign_pending(book, keys[0]).persons) == 3
    with pytest.raises(InputError, match="no change"):
        sign_pending(book, keys[0])
    with pytest.raises(NotApprovedError):
        renew(book)
    assert renew(book, sign_with=[keys[0]]).version == 4


def test_a_root_person_can_be_removed_by_another(book, keys):
    add(book, "Rita", ["auditor"], keys[0].public.hex(), root=True)
    remove(book, "Ada Lovelace", sign_with=[keys[0]])
    assert [p.name for p in listed(book)] == ["Rita"]
    with pytest.raises(InputError, match="none of the keys given is a root person's"):
        renew(book)
    renew(book, sign_with=[keys[0]])
    assert current(book).version == 4


def test_a_role_file_that_was_altered_replaced_or_taken_away_is_found(book, keys):
    path = book.path / "people" / "roles.dsse.json"
    old = path.read_bytes()
    add(book, "Grace", ["privacy"], keys[0].public.hex())
    raw = path.read_bytes()
    path.write_bytes(old)
    with pytest.raises(IntegrityError, match="not the role file"):
        current(book)
    path.unlink()
    with pytest.raises(IntegrityError, match="not the role file"):
        current(book)
    for place in range(len(raw)):
        with pytest.raises(IntegrityError):
            read_roles(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])


def test_an_expired_role_file_is_not_in_force(book):
    file = renew(book, days=1)
    file.check_in_force(datetime.now(UTC).date())
    with pytest.raises(IntegrityError, match="expired"):
        file.check_in_force(datetime.now(UTC).date() + timedelta(days=2))


@pytest.mark.parametrize(
    "name", ["数据所有者", "Ñandú O'Néill", "محمد", "a\x1b[31mb", "long " * 60]
)
def test_names_in_every_script_are_kept(book, keys, name):
    add(book, name, ["privacy"], keys[0].public.hex())
    assert listed(book)[1].name.isprintable()


def test_what_cannot_be_is_refused_with_what_to_do(book, keys, tmp_path):
    with pytest.raises(InputError, match="registered here already"):
        init(book, "Eve", ["privacy"])
    with pytest.raises(InputError, match="64 hexadecimal"):
        add(book, "Eve", ["privacy"], "abc")
    with pytest.raises(UnknownNameError, match="privacy"):
        add(book, "Eve", ["privcy"], keys[0].public.hex())
    with pytest.raises(InputError, match="needs a name"):
        add(book, " \n", ["privacy"], keys[0].public.hex())
    with pytest.raises(InputError, match="hold together"):
        remove(book, "Ada Lovelace")
    with pytest.raises(InputError, match="cannot write"):
        new_key(tmp_path / "a")
    (tmp_path / "bad").write_text("zz")
    with pytest.raises(InputError, match="not a private key"):
        read_key(tmp_path / "bad")
    assert oct((tmp_path / "a").stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("days", [0, -5, 99_999_999])
def test_a_role_file_lasts_for_some_days(book, days):
    with pytest.raises(InputError, match="in force for 1 to"):
        renew(book, days=days)


@pytest.mark.parametrize("public", ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "ff"])
def test_a_key_that_anybody_can_sign_for_is_refused(book, public):
    with pytest.raises(InputError, match="anybody can sign for"):
        add(book, "Ben", ["domain"], public)


def test_files_that_are_no_keys_or_names_are_said_plainly(book, tmp_path):
    (tmp_path / "key").write_text("a" * 5_000)
    with pytest.raises(InputError, match="more than 4096 bytes, and a key is 64"):
        read_key(tmp_path / "key")
    with pytest.raises(InputError, match="--key takes the file"):
        read_key(tmp_path)
    for raw, said in ((b"[1, 2", "not JSON"), (b"[1, 2]", "is not one"), (b'{"a": 1}', "not one")):
        book.seal("people-directory", raw)
        with pytest.raises(IntegrityError, match=said):
            listed(book)


def test_an_expired_role_file_approves_no_generator(book, keys, monkeypatch):
    add(book, "Ben", ["ml_owner"], keys[0].public.hex())
    with monkeypatch.context() as patch:
        patch.setattr("assaymark.flow.decide.people._in", lambda _: "2020-01-01")
        renew(book)
    with pytest.raises(NotApprovedError, match="expired on 2020-01-01"):
        approve(book, GenerateSpec(generator="tree_chain"), keys[0])


def test_the_commands_register_and_list(tmp_path, monkeypatch, keys):
    from typer.testing import CliRunner

    from assaymark.cli.app import app

    monkeypatch.chdir(tmp_path)

    def do(*said):
        return CliRunner().invoke(app, ["people", *said, "--workspace", "w"])

    Workspace.open(tmp_path / "w")
    assert "self-attested" in do("init", "Ada").output
    key = CliRunner().invoke(app, ["people", "key", "--out", "mine"]).output.strip()
    assert "2 registered" in do("add", "Grace", "--role", "privacy", "--key", key).output
    assert "Grace" in do("list").output
    assert json.loads(do("list", "--json").output)["version"] == 2
