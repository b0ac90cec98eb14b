//! The provider against real firmware: every failure is made on the authenticator's side.

use super::*;
use crate::scripted_person::ScriptedPerson;
use crate::virtual_authenticator::{Fault, Ports, Touch, VirtualAuthenticator};
use crate::{Credential, RelyingParty};
use coffer_secret::testing::SeededEntropy;

const INPUT: [u8; 32] = [7; 32];
const PIN: &str = "4711";

fn provider(ports: &Ports) -> SecurityKeys {
    ports.provider(Arc::new(SeededEntropy::new(1)))
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

fn to_use(credential: &Credential, input: [u8; 32]) -> EvaluateRequest {
    EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: vec![credential.clone()], input }
}

/// A passkey on a key whose PIN is [`PIN`].
fn made(provider: &SecurityKeys) -> Registered {
    provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony()).unwrap()
}

#[test]
fn a_new_key_gets_a_pin_a_passkey_and_a_secret() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[PIN]);
    let again = ScriptedPerson::with(&[PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony()).unwrap();
    let used = provider.evaluate(&to_use(&made.credential, INPUT), &again.ceremony()).unwrap();

    assert_eq!(me.seen(), ["new pin 4", "touch"]);
    assert_eq!(again.seen(), ["pin 8", "touch"]);
    assert!(made.prf.is_some_and(|prf| prf.matches(&used.prf)), "the firmware gives it with the creation");
}
