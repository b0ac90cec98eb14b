//! A finger reader in front of the firmware, which has none: a recognised finger is turned into the PIN that the firmware knows.

use super::answers::Fields;
use super::owner::{cbor, parsed};
use super::{Fault, VirtualAuthenticator};
use crate::ctap::{PeerKey, Permissions, PinCommand, PinProtocol, PinToken, SharedSecret};
use coffer_secret::Secret;
use coffer_secret::testing::SeededEntropy;
use minicbor::Decoder;
use std::collections::{BTreeMap, VecDeque};

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_INFO: u8 = 0x04;
const CLIENT_PIN: u8 = 0x06;
/// CTAP2_ERR_UV_BLOCKED.
const BLOCKED: u8 = 0x3C;
/// CTAP2_ERR_UV_INVALID.
const INVALID: u8 = 0x3F;
/// The reader's half of the key agreement.
const SCALAR: [u8; 32] = [0x11; 32];

/// How a key with a finger reader was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FingerReader {
    /// As CTAP 2.1 has it: the finger gives a token.
    WithTokens,
    /// As CTAP 2.0 has it: the finger is asked for within the message that needs it.
    Within,
    /// With tokens, and it tells of no PIN.
    Only,
}

#[derive(Debug)]
pub(super) struct Reader {
    pin: String,
    fingers: VecDeque<bool>,
    tries_left: u8,
    is_asked_for_finger: bool,
}

impl VirtualAuthenticator {
    /// Enrols a finger on a key whose PIN is set to `pin`. Fingers that are laid on it are recognised or not, in this order; the
    /// reader locks itself after three that are not.
    pub fn enroll(&self, reader: FingerReader, pin: &str, fingers: &[bool]) {
        self.set_pin(pin);
        let mut options = BTreeMap::from([("rk", true), ("up", true), ("uv", true)]);
        if reader != FingerReader::Only {
            options.insert("clientPin", true);
        }
        if reader != FingerReader::Within {
            options.insert("pinUvAuthToken", true);
        }
        let options = minicbor::to_vec(options).expect("memory takes every byte");
        self.fault(Fault::Field(GET_INFO, 4, Some(options)));
        let fingers = fingers.iter().copied().collect();
        let reader = Reader { pin: pin.to_owned(), fingers, tries_left: 3, is_asked_for_finger: false };
        self.switches().reader = Some(reader);
    }

    /// What becomes of a message: the answer to it, or a message for the firmware.
    pub(super) fn by_finger(&self, message: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let Some(mut reader) = self.switches().reader.take() else {
            return Err(message.to_vec());
        };
        let outcome = reader.take(self, message);
        self.switches().reader = Some(reader);
        outcome
    }
}

impl Reader {
    fn take(&mut self, key: &VirtualAuthenticator, message: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let Some((&command, parameters)) = message.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return Err(message.to_vec());
        };
        let fields = Fields::read(parameters);
        if command == CLIENT_PIN {
            let subcommand = fields.number(2);
            let is_asked_for_finger = std::mem::replace(&mut self.is_asked_for_finger, subcommand == 0x07);
            return match subcommand {
                0x07 => Ok(answer(|w| w.map(1)?.u8(5)?.u8(self.tries_left)?.ok())),
                0x02 if is_asked_for_finger => Ok(our_half()),
                0x06 => Ok(self.look().map_or_else(|status| vec![status], |()| self.token_for(key, &fields))),
                _ => Err(message.to_vec()),
            };
        }
        let (options, proof) = if command == MAKE_CREDENTIAL { (7, 8) } else { (5, 6) };
        if fields.has_option(options, "uv") {
            return match self.look() {
                Ok(()) => Err(self.with_proof(key, command, fields, options, proof)),
                Err(status) => Ok(vec![status]),
            };
        }
        Err(message.to_vec())
    }

    /// The next finger.
    fn look(&mut self) -> Result<(), u8> {
        if self.tries_left == 0 {
            return Err(BLOCKED);
        }
        if self.fingers.pop_front().unwrap_or(true) {
            self.tries_left = 3;
            return Ok(());
        }
        self.tries_left -= 1;
        Err(INVALID)
    }

    /// A token of the firmware, for its half of a fresh key agreement.
    fn token(&self, key: &VirtualAuthenticator, permissions: Permissions) -> PinToken {
        let entropy = SeededEntropy::new(5);
        let secret = key.agree(&entropy);
        let message =
            PinCommand::token_by_pin(&secret, &parsed(&self.pin), permissions, "coffer.invalid", &entropy);
        PinToken::decode(&key.told(&message), &secret).expect("the PIN is right")
    }

    /// The answer to getPinUvAuthTokenUsingUvWithPermissions.
    fn token_for(&self, key: &VirtualAuthenticator, fields: &Fields) -> Vec<u8> {
        let peer = PeerKey::decode_answer(&cbor(|w| {
            w.map(1)?.u8(1)?;
            w.writer_mut().extend_from_slice(fields.raw(3));
            Ok(())
        }));
        let protocol = if fields.number(1) == 1 { PinProtocol::One } else { PinProtocol::Two };
        let secret = SharedSecret::from_scalar(protocol, &peer.expect("the platform has a key"), &scalar());
        let token = self.token(key, Permissions::of_bits(fields.number(9)));
        let encrypted = secret.expect("the reader's scalar is one").wrap(&token, &SeededEntropy::new(6));
        answer(|w| w.map(1)?.u8(2)?.bytes(&encrypted)?.ok())
    }

    /// The message as if the platform had asked for the PIN.
    fn with_proof(
        &self,
        key: &VirtualAuthenticator,
        command: u8,
        mut fields: Fields,
        options: u8,
        proof: u8,
    ) -> Vec<u8> {
        fields.remove_option(options, "uv");
        let hash = fields.bytes(if command == MAKE_CREDENTIAL { 1 } else { 2 });
        let token = self.token(key, Permissions::CREATE);
        fields.set(proof, cbor(|w| w.bytes(&token.authenticate(&hash))?.ok()));
        fields.set(proof + 1, cbor(|w| w.u8(2)?.ok()));
        [vec![command], fields.write()].concat()
    }
}

fn scalar() -> Secret<32> {
    Secret::take(&mut SCALAR.clone())
}

/// The reader's public key, as an answer to getKeyAgreement.
fn our_half() -> Vec<u8> {
    let point = p256::SecretKey::from_slice(&SCALAR).expect("it is a scalar").public_key().to_sec1_bytes();
    answer(|w| {
        w.map(1)?.u8(1)?.map(5)?.u8(1)?.u8(2)?.u8(3)?.i8(-25)?.i8(-1)?.u8(1)?;
        let uncompressed = p256::PublicKey::from_sec1_bytes(&point).map(p256::Sec1Point::from);
        let uncompressed = uncompressed.expect("it is a point");
        let (x, y) = uncompressed.x().zip(uncompressed.y()).expect("both coordinates");
        w.i8(-2)?.bytes(x)?.i8(-3)?.bytes(y)?.ok()
    })
}

/// An answer that goes well.
fn answer(write: impl FnOnce(&mut super::owner::Writer<'_>) -> super::owner::Written) -> Vec<u8> {
    [vec![0], cbor(write)].concat()
}

impl Fields {
    fn number(&self, key: u8) -> u8 {
        Decoder::new(self.raw(key)).u8().expect("a small number")
    }

    fn has_option(&self, key: u8, name: &str) -> bool {
        self.options(key).contains_key(name)
    }

    fn remove_option(&mut self, key: u8, name: &str) {
        let mut options = self.options(key);
        options.remove(name);
        match options.is_empty() {
            true => self.unset(key),
            false => self.set(key, minicbor::to_vec(options).expect("memory takes every byte")),
        }
    }

    fn options(&self, key: u8) -> BTreeMap<String, bool> {
        self.get(key).map(|raw| minicbor::decode(raw).expect("options are yes and no")).unwrap_or_default()
    }
}
