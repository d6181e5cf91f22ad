import base64
import json
from pathlib import Path

import pytest

from assaymark.errors import IntegrityError
from assaymark.release.envelope import fingerprint_of, open_envelope, pae, seal_envelope
from assaymark.store.keys import SigningKey

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "dsse.json").read_text())
KEY = SigningKey.parse(bytes(range(32)))
KEYS = {KEY.fingerprint: KEY.public}


def sealed(payload=b"{}"):
    return seal_envelope(payload, KEY.sign, KEY.fingerprint)


def test_the_signed_bytes_are_those_of_the_dsse_protocol():
    signed = pae(VECTOR["payload_type"], VECTOR["payload"].encode())
    assert signed == VECTOR["pae"].encode()


def test_what_was_sealed_opens_with_its_key_only():
    assert fingerprint_of(KEY.public) == KEY.fingerprint
    assert open_envelope(sealed(b"hello"), KEYS) == (b"hello", KEY.fingerprint)
    other = SigningKey.new()
    with pytest.raises(IntegrityError, match="does not carry"):
        open_envelope(sealed(), {other.fingerprint: other.public})
    with pytest.raises(IntegrityError, match="does not match"):
        open_envelope(sealed(), {KEY.fingerprint: other.public})


def test_one_flipped_bit_anywhere_is_found():
    raw = sealed(b'{"a":1}')
    for i in range(len(raw)):
        with pytest.raises(IntegrityError):
            open_envelope(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :], KEYS)


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(payloadType="text/plain"),
        lambda e: e.update(extra=1),
        lambda e: e.update(signatures=[]),
        lambda e: e.update(signatures=e["signatures"] * 2),
        lambda e: e.update(payload=base64.b64encode(b"x").decode()),
        lambda e: e.pop("payload"),
    ],
)
def test_another_shape_is_refused(change):
    envelope = json.loads(sealed())
    change(envelope)
    with pytest.raises(IntegrityError):
        open_envelope((json.dumps(envelope, indent=1) + "\n").encode(), KEYS)
