//! What a key's owner does with another program: set a PIN, demand a longer one.

use super::VirtualAuthenticator;
use crate::ctap::{PeerKey, Permissions, Pin, PinCommand, PinProtocol, PinToken, SharedSecret};
use coffer_secret::SecretString;
use coffer_secret::testing::SeededEntropy;
use minicbor::Encoder;
use std::convert::Infallible;

/// The one protocol that the owner's program speaks.
const PROTOCOL: PinProtocol = PinProtocol::Two;
/// authenticatorConfig (CTAP 2.1, 6.11).
const CONFIG: u8 = 0x0D;
/// toggleAlwaysUv (CTAP 2.1, 6.11.2).
const TOGGLE_ALWAYS_UV: u8 = 0x02;
/// setMinPINLength (CTAP 2.1, 6.11.4).
const SET_MIN_PIN_LENGTH: u8 = 0x03;

impl VirtualAuthenticator {
    /// Sets the first PIN.
    pub fn set_pin(&self, pin: &str) {
        let entropy = SeededEntropy::new(2);
        self.told(&PinCommand::set_pin(&self.agree(&entropy), &parsed(pin), &entropy));
    }

    /// Makes the key demand a new PIN of at least so many characters. Its PIN is `pin` now.
    pub fn demand_new_pin(&self, pin: &str, min_length: u8) {
        self.configure(
            pin,
            SET_MIN_PIN_LENGTH,
            &cbor(|w| w.map(2)?.u8(1)?.u8(min_length)?.u8(3)?.bool(true)?.ok()),
        );
    }

    /// Makes the key verify its owner for everything. Its PIN is `pin`.
    pub fn always_verify(&self, pin: &str) {
        self.configure(pin, TOGGLE_ALWAYS_UV, &[]);
    }

    fn configure(&self, pin: &str, subcommand: u8, parameters: &[u8]) {
        let entropy = SeededEntropy::new(3);
        let secret = self.agree(&entropy);
        let message = PinCommand::token_by_pin(&secret, &parsed(pin), Permissions::CONFIGURE, "-", &entropy);
        let token = PinToken::decode(&self.told(&message), &secret).expect("the PIN is right");
        let proof = token.authenticate(&[&[0xFF; 32][..], &[CONFIG, subcommand], parameters].concat());
        let fields = 3 + u64::from(!parameters.is_empty());
        let mut message = vec![CONFIG];
        message.extend(cbor(|w| w.map(fields)?.u8(1)?.u8(subcommand)?.ok()));
        if !parameters.is_empty() {
            message.push(2);
            message.extend(parameters);
        }
        message.extend(cbor(|w| w.u8(3)?.u8(2)?.u8(4)?.bytes(&proof)?.ok()));
        self.told(&message);
    }

    pub(super) fn agree(&self, entropy: &SeededEntropy) -> SharedSecret {
        let answer = self.told(&PinCommand::key_agreement(PROTOCOL));
        SharedSecret::agree(
            PROTOCOL,
            &PeerKey::decode_answer(&answer).expect("the firmware has a key"),
            entropy,
        )
    }

    /// Sends a message that must be obeyed.
    pub(super) fn told(&self, message: &[u8]) -> Vec<u8> {
        let answer = self.ctap2(message);
        assert_eq!(answer.first(), Some(&0), "the key refuses its owner");
        answer[1..].to_vec()
    }
}

pub(super) fn parsed(pin: &str) -> Pin {
    Pin::new(&SecretString::new(pin.to_owned()), 4).expect("tests use PINs of a possible length")
}

/// Writes into memory.
pub(super) type Writer<'w> = Encoder<&'w mut Vec<u8>>;
/// How writing ends.
pub(super) type Written = Result<(), minicbor::encode::Error<Infallible>>;

pub(super) fn cbor(write: impl FnOnce(&mut Writer<'_>) -> Written) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).expect("memory takes every byte");
    bytes
}
