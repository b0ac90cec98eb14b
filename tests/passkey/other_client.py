"""An independent WebAuthn client (python-fido2) for the interoperability test: makes and uses passkeys through PC/SC.

Prints JSON. What it prints is secret: it is for tests with a virtual key only.
"""

import argparse
import json
import os

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.pcsc import CtapPcscDevice
from fido2.webauthn import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialCreationOptions,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRequestOptions,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

PUBLIC_KEY = PublicKeyCredentialType.PUBLIC_KEY
ES256 = -7


class Person(UserInteraction):
    """Types the PIN and touches the key."""

    def __init__(self, pin):
        self.pin = pin

    def request_pin(self, permissions, rp_id):
        return self.pin

    def request_uv(self, permissions, rp_id):
        return True


def client(options):
    devices = list(CtapPcscDevice.list_devices())
    if len(devices) != 1:
        raise SystemExit(f"{len(devices)} keys are here, not one")
    return Fido2Client(
        devices[0],
        client_data_collector=DefaultClientDataCollector(f"https://{options.rp}"),
        user_interaction=Person(options.pin),
        extensions=[HmacSecretExtension()],
    )


def evaluate(client, options, credential):
    """The PRF output of a passkey, by `navigator.credentials.get` as python-fido2 has it."""
    request = PublicKeyCredentialRequestOptions(
        challenge=os.urandom(32),
        rp_id=options.rp,
        allow_credentials=[PublicKeyCredentialDescriptor(type=PUBLIC_KEY, id=credential)],
        user_verification=UserVerificationRequirement.REQUIRED,
        extensions={"prf": {"eval": {"first": options.input}}},
    )
    answer = client.get_assertion(request).get_response(0)
    return answer.client_extension_results.prf.results.first


def create(client, options):
    """A new passkey, by `navigator.credentials.create`."""
    answer = client.make_credential(
        PublicKeyCredentialCreationOptions(
            rp=PublicKeyCredentialRpEntity(id=options.rp, name="Coffer"),
            user=PublicKeyCredentialUserEntity(id=os.urandom(32), name="other client", display_name="other client"),
            challenge=os.urandom(32),
            pub_key_cred_params=[PublicKeyCredentialParameters(type=PUBLIC_KEY, alg=ES256)],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            extensions={"prf": {}},
        )
    )
    if not answer.client_extension_results.prf.enabled:
        raise SystemExit("the key does not offer prf")
    return answer.response.attestation_object.auth_data.credential_data.credential_id


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["create", "evaluate"])
    parser.add_argument("--rp", required=True)
    parser.add_argument("--pin", required=True)
    parser.add_argument("--input", required=True, type=bytes.fromhex, help="the PRF input, before WebAuthn's hashing")
    parser.add_argument("--credential", type=bytes.fromhex)
    options = parser.parse_args()
    here = client(options)
    credential = create(here, options) if options.command == "create" else options.credential
    prf = evaluate(here, options, credential)
    print(json.dumps({"credential": credential.hex(), "prf": prf.hex()}))


main()
