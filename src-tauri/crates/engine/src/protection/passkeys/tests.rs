//! Stories of passkeys on one computer, with authenticators that follow a script.

mod adding;
mod prompting;
mod reaching;
mod using;

use crate::protection::tests::Desk;
use crate::view::{
    PasskeyKind, PromptPurpose, PromptStep, PromptView, ProtectionView, RemovalReason, WayKind, WayView,
};
use crate::{Engine, Error, Unlock};
use coffer_passkey::scripted_provider::{Call, ScriptedProvider};
use coffer_passkey::{AuthenticatorKind, PasskeyError};
use coffer_secret::SecretString;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::broadcast::Receiver;

/// A computer that can use these kinds of authenticator.
fn desk_with(kinds: &[AuthenticatorKind]) -> (Desk, Arc<ScriptedProvider>) {
    let mut desk = Desk::new();
    let provider = Arc::new(ScriptedProvider::new(kinds));
    desk.computer.ports.passkeys = Arc::<ScriptedProvider>::clone(&provider);
    (desk, provider)
}

/// One with a port for a security key.
fn desk_with_key() -> (Desk, Arc<ScriptedProvider>) {
    desk_with(&[AuthenticatorKind::SecurityKey])
}

/// A computer protected by a security key and 64 digits.
fn protect(engine: &Engine, desk: &Desk) -> String {
    engine.choose_place(&desk.place(), false).unwrap();
    engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
    crate::protection::tests::set_digits(engine).unwrap()
}

/// The first passkey among the ways.
fn passkey_way(view: &ProtectionView) -> WayView {
    view.ways.iter().find(|way| way.kind == WayKind::Passkey).cloned().unwrap()
}

/// The credential of the passkey that was made last.
fn last_credential(provider: &ScriptedProvider) -> Vec<u8> {
    let calls = provider.calls();
    let used = calls.iter().rev().find_map(|call| match call {
        Call::Evaluate { allow, .. } => allow.first(),
        Call::Create { .. } => None,
    });
    used.unwrap().id.clone()
}

/// Why no passkey was used, and the passkey that serves nothing.
fn refusal<T>(ended: Result<T, Error>) -> (String, Option<String>, Option<String>) {
    let view = ended.err().expect("it is refused").view();
    (view.code, view.detail, view.unused_passkey)
}

/// What was told so far.
fn told(prompts: &mut Receiver<PromptView>) -> Vec<(PromptPurpose, PromptStep)> {
    std::iter::from_fn(|| prompts.try_recv().ok()).map(|prompt| (prompt.purpose, prompt.step)).collect()
}

/// A person who answers every question of one ceremony in turn, and cancels it when no answer is left.
fn person(engine: &Engine, answers: &'static [&'static str]) -> JoinHandle<Vec<PromptView>> {
    let mut prompts = engine.subscribe_prompts();
    let engine = engine.clone();
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        let mut seen = Vec::new();
        while let Ok(prompt) = prompts.blocking_recv() {
            seen.push(prompt.clone());
            match (prompt.step, answers.len()) {
                (PromptStep::Done, _) => break,
                (PromptStep::Pin | PromptStep::NewPin, 0) => engine.cancel_ceremony(prompt.ceremony),
                (PromptStep::Pin | PromptStep::NewPin, _) => {
                    let answer = answers.next().copied().unwrap_or_default();
                    engine.answer_prompt(prompt.ceremony, SecretString::new(answer.to_owned()));
                }
                _ => {}
            }
        }
        seen
    })
}

fn is_passkey_failure<T>(ended: &Result<T, Error>, expected: PasskeyError) -> bool {
    matches!(ended, Err(Error::Passkey { failure }) if *failure == expected)
}

#[test]
fn the_keyslots_and_the_authenticators_know_the_same_relying_parties() {
    for index in 0..=u8::MAX {
        let is_known = coffer_passkey::RelyingParty::from_index(index).is_some();

        assert_eq!(coffer_keys::RELYING_PARTIES.contains(&index), is_known, "{index}");
    }
}

#[test]
fn a_computer_without_passkeys_offers_none_and_says_why_none_is_made() {
    let desk = Desk::new();
    let engine = desk.start();

    let nowhere = engine.unlock(Unlock::Passkey);
    engine.choose_place(&desk.place(), false).unwrap();
    let refused = engine.add_passkey(PasskeyKind::SecurityKey);

    assert_eq!(engine.app().unwrap().passkey_kinds, []);
    assert!(matches!(nowhere, Err(Error::NotProtected)));
    assert!(is_passkey_failure(&refused, PasskeyError::NoAuthenticator));
}
