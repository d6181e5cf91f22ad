import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.merkle import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_hash,
)
from assaymark.errors import IntegrityError

VECTORS = Path(__file__).parents[1] / "vectors" / "merkle"
INCLUSION = json.loads((VECTORS / "inclusion.json").read_text())
CONSISTENCY = json.loads((VECTORS / "consistency.json").read_text())
leaves = st.lists(st.binary(max_size=4).map(leaf_hash), min_size=1, max_size=40)


def raw(text):
    return base64.b64decode(text or "")


def proof_of(case):
    return [raw(p) for p in case["proof"] or ()]


def refused(check, *arguments):
    try:
        check(*arguments)
    except IntegrityError:
        return True
    return False


@pytest.mark.parametrize("case", INCLUSION, ids=lambda c: c["case"])
def test_inclusion_vectors_of_transparency_dev(case):
    given_ = (raw(case["leafHash"]), case["leafIdx"], case["treeSize"])
    assert refused(check_inclusion, *given_, proof_of(case), raw(case["root"])) == case["wantErr"]


@pytest.mark.parametrize("case", CONSISTENCY, ids=lambda c: c["case"])
def test_consistency_vectors_of_transparency_dev(case):
    sizes = (case["size1"], case["size2"])
    roots = (raw(case["root1"]), raw(case["root2"]))
    assert refused(check_consistency, *sizes, proof_of(case), *roots) == case["wantErr"]


@given(leaves, st.data())
def test_every_proof_holds_and_holds_for_nothing_else(entries, data):
    n, root = len(entries), tree_hash(entries)
    index = data.draw(st.integers(0, n - 1))
    proof = inclusion_proof(entries, index)
    check_inclusion(entries[index], index, n, proof, root)
    assert refused(check_inclusion, leaf_hash(b"other one"), index, n, proof, root)
    first = data.draw(st.integers(1, n))
    proof = consistency_proof(entries, first)
    check_consistency(first, n, proof, tree_hash(entries[:first]), root)
    assert refused(check_consistency, first, n, proof, leaf_hash(b"no root"), root)
