import pytest

from assaymark.errors import InputError
from assaymark.release.trusted import check_trusted, is_trusted

SIGNER = "f4bae045fed0090c" + "d0" * 24


@pytest.mark.parametrize("said", [SIGNER, SIGNER[:16], SIGNER[:40], f" {SIGNER[:20].upper()}"])
def test_a_signer_is_known_by_its_first_digits(said):
    assert is_trusted(SIGNER, check_trusted([said]))
    assert not is_trusted("e" + SIGNER[1:], check_trusted([said]))


@pytest.mark.parametrize("said", ["", "xyz", SIGNER[:15], SIGNER + "0", SIGNER[:-1] + "g"])
def test_what_is_no_fingerprint_is_refused_and_trusts_nobody(said):
    with pytest.raises(InputError, match="64 hex digits, of which the first 16 are enough"):
        check_trusted(["0" * 64, said])
    assert not is_trusted(SIGNER, [said])
