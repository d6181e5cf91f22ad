import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.checkpoint import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    log_key,
    open_checkpoint,
)
from assaymark.core.merkle import (
    Tree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    grown,
    inclusion_proof,
    leaf_hash,
    tree_hash,
)
from assaymark.core.note import NoteKey, open_note, sign_note
from assaymark.errors import IntegrityError

VECTORS = Path(__file__).parents[1] / "vectors"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = log_key(PRIVATE.public_key().public_bytes_raw(), "f" * 64)
LEAVES = [leaf_hash(b"%d" % i) for i in range(21)]


def test_the_published_note_opens_and_its_key_reads_back():
    vector = json.loads((VECTORS / "signed-note.json").read_text())
    key = NoteKey.parse(vector["key"])
    assert key.text == vector["key"]
    assert open_note(vector["note"].encode(), [key]) == vector["text"]


def test_a_note_is_opened_by_any_known_signer_and_strangers_are_passed_over():
    note = sign_note("a\n\nb\n", KEY, PRIVATE.sign)
    other = Ed25519PrivateKey.generate()
    witness = NoteKey("witness.example/w1", other.public_key().public_bytes_raw())
    both = note + sign_note("a\n\nb\n", witness, other.sign).split(b"\n\n")[-1]
    assert open_note(both, [KEY]) == open_note(both, [witness]) == "a\n\nb\n"
    with pytest.raises(IntegrityError, match="no key that is known"):
        open_note(note, [witness])
    with pytest.raises(IntegrityError, match="does not match"):
        open_note(both.replace(b"a\n", b"c\n"), [KEY, witness])


@pytest.mark.parametrize(
    "raw", [b"", b"text\n", b"a\n\n- x y\n", b"a\tb\n\n\xe2\x80\x94 x y\n", b"\xff\n\n"]
)
def test_what_is_no_note_is_said_to_be_none(raw):
    with pytest.raises(IntegrityError, match="note"):
        open_note(raw, [KEY])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b"])
def test_names_that_a_note_cannot_carry_are_refused(name):
    with pytest.raises(IntegrityError, match="cannot name"):
        NoteKey(name, bytes(32))


def proofs():
    tree = Checkpoint(KEY.name, 21, tree_hash(LEAVES)).signed(KEY, PRIVATE.sign)
    inclusion = InclusionProof(7, tuple(inclusion_proof(LEAVES, 7)), tree)
    consistency = ConsistencyProof(13, tuple(consistency_proof(LEAVES, 13)), tree)
    return inclusion, consistency


def test_proofs_survive_their_text_and_lead_to_the_checkpoint():
    inclusion, consistency = proofs()
    held = Checkpoint(KEY.name, 13, tree_hash(LEAVES[:13]))
    assert InclusionProof.parse(inclusion.raw()) == inclusion
    assert inclusion.raw().startswith(b"c2sp.org/tlog-proof@v1\nindex 7\n")
    assert inclusion.check(b"7", KEY).size == 21
    assert ConsistencyProof.parse(consistency.raw()).check(held, KEY).size == 21
    with pytest.raises(IntegrityError):
        inclusion.check(b"8", KEY)
    with pytest.raises(IntegrityError, match="13 entries"):
        consistency.check(Checkpoint(KEY.name, 12, tree_hash(LEAVES[:12])), KEY)
    with pytest.raises(IntegrityError, match="roots"):
        consistency.check(Checkpoint(KEY.name, 13, tree_hash(LEAVES[1:14])), KEY)


def test_every_flipped_bit_of_a_checkpoint_and_a_proof_is_found():
    inclusion, consistency = proofs()
    held = Checkpoint(KEY.name, 13, tree_hash(LEAVES[:13]))

    def flips(raw):
        for i in range(len(raw)):
            for bit in (1, 2, 32):
                yield raw[:i] + bytes([raw[i] ^ bit]) + raw[i + 1 :]

    for raw in flips(inclusion.raw()):
        with pytest.raises(IntegrityError):
            InclusionProof.parse(raw).check(b"7", KEY)
    for raw in flips(consistency.raw()):
        with pytest.raises(IntegrityError):
            ConsistencyProof.parse(raw).check(held, KEY)


@pytest.mark.parametrize("size", ["01", "-1", "+1", "1e3", "", "1" * 30])
def test_a_size_that_is_no_plain_decimal_is_refused(size):
    text = f"{KEY.name}\n{size}\n{'A' * 43}=\n"
    with pytest.raises(IntegrityError, match="leading zeroes"):
        open_checkpoint(sign_note(text, KEY, PRIVATE.sign), KEY)


@given(st.integers(1, 70), st.data())
def test_kept_subtrees_give_the_roots_and_proofs_of_the_specification(n, data):
    leaves = [leaf_hash(b"%d" % i) for i in range(n)]
    nodes = {}
    for i, leaf in enumerate(leaves):
        nodes[0, i] = leaf
        for level, found in enumerate(grown(i, leaf, lambda k, j: nodes[k, j]), 1):
            nodes[level, i >> level] = found
    tree = Tree(n, lambda k, j: nodes[k, j])
    index, first = data.draw(st.integers(0, n - 1)), data.draw(st.integers(1, n))
    assert tree.root(first) == tree_hash(leaves[:first])
    check_inclusion(leaves[index], index, n, tree.inclusion(index), tree_hash(leaves))
    proof = tree.consistency(first)
    check_consistency(first, n, proof, tree_hash(leaves[:first]), tree_hash(leaves))
