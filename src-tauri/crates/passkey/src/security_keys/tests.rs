//! The provider against real firmware: every failure is made on the authenticator's side.

mod creation;
mod evaluation;
mod finger;
mod limits;
mod older_keys;
mod pin;
mod plugging;
mod silence;
mod touch;

use super::*;
use crate::scripted_person::ScriptedPerson;
use crate::virtual_authenticator::{Fault, Ports, Touch, VirtualAuthenticator};
use crate::{Credential, RelyingParty, Transports};
use coffer_secret::testing::SeededEntropy;
use minicbor::Encoder;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

const INPUT: [u8; 32] = [7; 32];
const PIN: &str = "4711";

/// Commands of CTAP2.
const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
const GET_INFO: u8 = 0x04;
const CLIENT_PIN: u8 = 0x06;

fn provider(ports: &Ports) -> SecurityKeys {
    ports.provider(Arc::new(SeededEntropy::new(1)))
}

/// One that waits for the person no longer than it must.
fn impatient(ports: &Ports) -> SecurityKeys {
    let mut provider = provider(ports);
    provider.limits.person = Duration::from_millis(30);
    provider
}

fn to_create(exclude: &[&Credential]) -> CreateRequest {
    CreateRequest {
        relying_party: RelyingParty::CURRENT,
        kind: AuthenticatorKind::SecurityKey,
        user_id: [1; 32],
        user_name: "laptop".to_owned(),
        display_name: "Coffer chat backups".to_owned(),
        exclude: exclude.iter().map(|&credential| credential.clone()).collect(),
        input: INPUT,
    }
}

fn to_use(allow: &[&Credential], input: [u8; 32]) -> EvaluateRequest {
    let allow = allow.iter().map(|&credential| credential.clone()).collect();
    EvaluateRequest { relying_party: RelyingParty::CURRENT, allow, input }
}

/// A passkey of that id which nobody here holds.
fn unknown(fill: u8) -> Credential {
    Credential { id: vec![fill; 200], transports: Transports::USB }
}

/// A passkey on the key that is plugged in; its PIN is [`PIN`] from then on.
fn made(provider: &SecurityKeys) -> Registered {
    provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony()).unwrap()
}

/// The passkey's output.
fn used(provider: &SecurityKeys, credential: &Credential) -> Result<Evaluated, PasskeyError> {
    provider.evaluate(&to_use(&[credential], INPUT), &ScriptedPerson::with(&[PIN]).ceremony())
}

fn cbor(
    write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<Infallible>>,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).unwrap();
    Some(bytes)
}

/// What it says of itself, a list of texts.
fn says(key: u8, texts: &[&str]) -> Fault {
    Fault::Field(GET_INFO, key, Some(minicbor::to_vec(texts).unwrap()))
}

/// What it says of itself, its options.
fn says_options(options: &[(&str, bool)]) -> Fault {
    let options: BTreeMap<_, _> = options.iter().copied().collect();
    Fault::Field(GET_INFO, 4, Some(minicbor::to_vec(options).unwrap()))
}

/// What it says of itself, a number.
fn says_number(key: u8, number: u64) -> Fault {
    Fault::Field(GET_INFO, key, Some(minicbor::to_vec(number).unwrap()))
}

/// The protocols it says it speaks.
fn says_protocols(numbers: &[u8]) -> Fault {
    Fault::Field(GET_INFO, 6, Some(minicbor::to_vec(numbers).unwrap()))
}

/// How many messages of a command it got.
fn count(key: &VirtualAuthenticator, command: u8) -> usize {
    key.messages().iter().filter(|message| message.first() == Some(&command)).count()
}
