//! Messages byte for byte as python-fido2 writes them (`tests/vectors/ctap/make.py`), and answers that are none.

mod golden;
mod infos;
mod pins;
mod untrusted;

use super::*;
use coffer_secret::{Entropy, Secret};
use sha2::{Digest, Sha256};

/// Gives the bytes that `make.py` uses as initialisation vector.
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        (0xA0..).zip(bytes).for_each(|(number, byte)| *byte = number);
    }
}

const PROTOCOLS: [PinProtocol; 2] = [PinProtocol::One, PinProtocol::Two];

/// A vector, for protocol 1 and for protocol 2.
fn vectors(name: &str) -> [Vec<u8>; 2] {
    PROTOCOLS.map(|protocol| vector(protocol, name))
}

fn vector(protocol: PinProtocol, name: &str) -> Vec<u8> {
    let file = match protocol {
        PinProtocol::One => include_str!("../../../../../tests/vectors/ctap/protocol-1.txt"),
        PinProtocol::Two => include_str!("../../../../../tests/vectors/ctap/protocol-2.txt"),
    };
    let line = file.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = ")).unwrap();
    (0..line.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(line.get(at..at + 2).unwrap(), 16).unwrap())
        .collect()
}

/// The hash of a text that `make.py` uses.
fn hashed(text: &str) -> [u8; 32] {
    Sha256::digest(format!("coffer vector: {text}")).into()
}

/// What both sides of the vectors agree on.
fn agreed(protocol: PinProtocol) -> SharedSecret {
    let peer = PeerKey::decode_answer(&vector(protocol, "key_agreement_answer")).unwrap();
    SharedSecret::from_scalar(protocol, &peer, &Secret::take(&mut hashed("the platform's key"))).unwrap()
}

fn token(protocol: PinProtocol) -> PinToken {
    PinToken::decode(&vector(protocol, "token_answer"), &agreed(protocol)).unwrap()
}

fn salt(protocol: PinProtocol) -> SaltSession {
    SaltSession::new(agreed(protocol), &Salt::of(&hashed("a repository")), &Fixed)
}
