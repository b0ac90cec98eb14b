"""Writes the golden vectors beside it with python-fido2, an independent implementation of CTAP2.

    pip install fido2==2.2.1 && python tests/vectors/ctap/make.py

Every run writes the same bytes: the platform's key and every initialisation vector are fixed here. A vector file is a list of
`name = hex`; the messages are what python-fido2 hands to its transport.
"""

import hashlib
from pathlib import Path
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.ctap import CtapDevice
from fido2.ctap2 import Ctap2
from fido2.ctap2.pin import ClientPin, PinProtocolV1, PinProtocolV2
from fido2.hid import CAPABILITY

HERE = Path(__file__).parent

OUR_KEY = int.from_bytes(hashlib.sha256(b"coffer vector: the platform's key").digest(), "big")
ITS_KEY = int.from_bytes(hashlib.sha256(b"coffer vector: the authenticator's key").digest(), "big")
VECTOR = bytes(range(0xA0, 0xB0))
TOKEN = hashlib.sha256(b"coffer vector: a token").digest()
OUTPUT = hashlib.sha256(b"coffer vector: an output").digest()
INPUT = hashlib.sha256(b"coffer vector: a repository").digest()
CLIENT_DATA_HASH = hashlib.sha256(b"coffer vector: client data").digest()
USER_ID = hashlib.sha256(b"coffer vector: a user").digest()
IDS = [hashlib.sha256(b"coffer vector: credential %d" % n).digest() for n in range(2)]
PIN, NEW_PIN = "4711", "ein längeres Wort"
RELYING_PARTY = "coffer.invalid"


def cose(private):
    public = ec.derive_private_key(private, ec.SECP256R1()).public_key().public_numbers()
    return {1: 2, 3: -25, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}


class Recorder(CtapDevice):
    """Keeps the last message, and answers as an authenticator would."""

    capabilities = CAPABILITY.CBOR

    def __init__(self, has_permissions):
        self.token = b""
        self.message = b""
        self.has_permissions = has_permissions

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        self.message = data
        return b"\0" + (cbor.encode(self.answer(data)) if self.answer(data) else b"")

    def answer(self, data):
        if data[0] == 0x04:
            options = {"rk": True, "clientPin": True, "uv": True, "pinUvAuthToken": self.has_permissions}
            return {1: ["FIDO_2_1"], 2: ["hmac-secret"], 3: bytes(16), 4: options, 6: [2, 1]}
        if data[0] == 0x06:
            return {1: cose(ITS_KEY)} if cbor.decode(data[1:])[2] == 2 else {2: self.token}
        if data[0] == 0x01:
            return {1: "none", 2: bytes(37), 3: {}}
        return {1: {"id": IDS[0], "type": "public-key"}, 2: bytes(37), 3: b""}

    def close(self):
        pass

    @classmethod
    def list_devices(cls):
        return iter([])


def vectors(protocol):
    with (
        mock.patch("fido2.ctap2.pin.ec.generate_private_key", lambda *_: ec.derive_private_key(OUR_KEY, ec.SECP256R1())),
        mock.patch("fido2.ctap2.pin.os.urandom", lambda _: VECTOR),
    ):
        agreement, secret = protocol.encapsulate(cose(ITS_KEY))
        yield "key_agreement_answer", cbor.encode({1: cose(ITS_KEY)})
        yield "shared_secret", secret
        yield from client_pin(protocol, secret)
        yield from ceremonies(protocol, agreement, secret)


def client_pin(protocol, secret):
    device = Recorder(has_permissions=True)
    client = ClientPin(Ctap2(device), protocol)
    device.token = protocol.encrypt(secret, TOKEN)
    yield "token_answer", cbor.encode({2: device.token})
    client.set_pin(NEW_PIN)
    yield "set_pin", device.message
    client.change_pin(PIN, NEW_PIN)
    yield "change_pin", device.message
    assert client.get_pin_token(PIN, ClientPin.PERMISSION(3), RELYING_PARTY) == TOKEN
    yield "token_by_pin", device.message
    assert client.get_uv_token(ClientPin.PERMISSION(2), RELYING_PARTY) == TOKEN
    yield "token_by_uv", device.message
    older = Recorder(has_permissions=False)
    older.token = device.token
    assert ClientPin(Ctap2(older), protocol).get_pin_token(PIN) == TOKEN
    yield "token", older.message
    client.ctap.client_pin(protocol.VERSION, ClientPin.CMD.GET_PIN_RETRIES)
    yield "retries", device.message
    client.ctap.client_pin(protocol.VERSION, ClientPin.CMD.GET_UV_RETRIES)
    yield "uv_retries", device.message
    client.ctap.client_pin(protocol.VERSION, ClientPin.CMD.GET_KEY_AGREEMENT)
    yield "key_agreement", device.message


def ceremonies(protocol, agreement, secret):
    device = Recorder(has_permissions=True)
    ctap = Ctap2(device)
    salt = hashlib.sha256(b"WebAuthn PRF\0" + INPUT).digest()
    encrypted = protocol.encrypt(secret, salt)
    salts = {1: agreement, 2: encrypted, 3: protocol.authenticate(secret, encrypted)}
    if protocol.VERSION != 1:
        # CTAP 2.1, 12.5: 1 is what an authenticator assumes, and those of CTAP 2.0 do not know the field.
        salts[4] = protocol.VERSION
    proof = protocol.authenticate(TOKEN, CLIENT_DATA_HASH)
    listed = [{"id": id, "type": "public-key"} for id in IDS]
    ctap.make_credential(
        CLIENT_DATA_HASH,
        {"id": RELYING_PARTY, "name": "Coffer"},
        {"id": USER_ID, "name": "laptop", "displayName": "Coffer chat backups"},
        [{"type": "public-key", "alg": alg} for alg in (-7, -8, -257)],
        exclude_list=listed,
        extensions={"hmac-secret": True, "hmac-secret-mc": salts},
        options={"rk": True},
        pin_uv_param=proof,
        pin_uv_protocol=protocol.VERSION,
    )
    yield "create", device.message
    ctap.get_assertion(
        RELYING_PARTY, CLIENT_DATA_HASH, listed, {"hmac-secret": salts}, pin_uv_param=proof, pin_uv_protocol=protocol.VERSION
    )
    yield "evaluate", device.message
    ctap.get_assertion(RELYING_PARTY, CLIENT_DATA_HASH, listed, options={"up": False})
    yield "look", device.message
    ctap.get_assertion(RELYING_PARTY, CLIENT_DATA_HASH, listed, {"hmac-secret": salts}, options={"uv": True})
    yield "evaluate_with_built_in", device.message
    hash = hashlib.sha256(RELYING_PARTY.encode()).digest()
    output = {"hmac-secret": protocol.encrypt(secret, OUTPUT)}
    data = hash + b"\x85" + bytes(4) + cbor.encode(output)
    yield "evaluate_answer", cbor.encode({1: listed[0], 2: data, 3: b"\x30"})
    attested = bytes(range(16)) + len(IDS[0]).to_bytes(2, "big") + IDS[0] + cbor.encode(cose(OUR_KEY))
    extensions = {"hmac-secret": True, "hmac-secret-mc": protocol.encrypt(secret, OUTPUT)}
    data = hash + b"\xDD" + bytes(4) + attested + cbor.encode(extensions)
    yield "create_answer", cbor.encode({1: "packed", 2: data, 3: {"alg": -7, "sig": b"\x30"}})


def main():
    for protocol in (PinProtocolV1(), PinProtocolV2()):
        lines = [f"{name} = {value.hex()}\n" for name, value in vectors(protocol)]
        (HERE / f"protocol-{protocol.VERSION}.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
