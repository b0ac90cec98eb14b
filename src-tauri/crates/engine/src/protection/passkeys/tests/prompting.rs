//! What the person is shown, and how what they answer arrives.

use super::*;
use coffer_passkey::scripted_provider::{Script, Step};
use coffer_passkey::{
    Ceremony, CreateRequest, EvaluateRequest, Evaluated, PasskeyProvider, Prompt, Registered,
};

#[test]
fn a_ceremony_tells_each_step_and_ends_with_done() {
    let (desk, _) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    let mut prompts = engine.subscribe_prompts();

    engine.add_passkey(PasskeyKind::SecurityKey).unwrap();
    let made = told(&mut prompts);
    engine.fresh_unlock(Unlock::Passkey).unwrap();
    let used = told(&mut prompts);

    assert_eq!(
        made,
        [
            (PromptPurpose::Create, PromptStep::Touch),
            (PromptPurpose::Prove, PromptStep::Touch),
            (PromptPurpose::Prove, PromptStep::Done),
        ]
    );
    assert_eq!(used, [(PromptPurpose::Unlock, PromptStep::Touch), (PromptPurpose::Unlock, PromptStep::Done)]);
}

#[test]
fn every_step_crosses_with_its_facts() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    let script = Script::new()
        .on("Virtual key")
        .then(Step::Insert)
        .then(Step::Touch { several: true })
        .then(Step::Fingerprint { was_wrong: true, tries_left: Some(2) })
        .then(Step::Working)
        .then(Step::PlatformDialog)
        .then(Step::Qr { text: "FIDO:/012" })
        .then(Step::PhoneConnected);
    provider.queue(script);
    let person = person(&engine, &[]);

    engine.fresh_unlock(Unlock::Passkey).unwrap();

    let seen = person.join().unwrap();
    let steps: Vec<_> = seen.iter().map(|prompt| prompt.step).collect();
    assert_eq!(
        steps,
        [
            PromptStep::Insert,
            PromptStep::Touch,
            PromptStep::Fingerprint,
            PromptStep::Working,
            PromptStep::Platform,
            PromptStep::Qr,
            PromptStep::PhoneConnected,
            PromptStep::Done,
        ]
    );
    assert!(seen[1].several && seen[1].device.as_deref() == Some("Virtual key"));
    assert!(seen[2].was_wrong && seen[2].tries_left == Some(2));
    assert_eq!(seen[5].qr.as_deref(), Some("FIDO:/012"));
    assert!(seen.iter().all(|prompt| prompt.ceremony == seen[0].ceremony));
}

#[test]
fn a_typed_pin_arrives_and_a_wrong_one_is_said_with_the_tries_left() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    provider.queue(Script::new().then(Step::Pin { right: "4711", tries: 8 }));
    let person = person(&engine, &["1234", "4711"]);

    let opened = engine.fresh_unlock(Unlock::Passkey);

    let seen = person.join().unwrap();
    assert!(opened.is_ok());
    assert_eq!((seen[0].was_wrong, seen[0].tries_left), (false, Some(8)));
    assert_eq!((seen[1].was_wrong, seen[1].tries_left), (true, Some(7)));
    assert!(seen.iter().all(|prompt| !format!("{prompt:?}").contains("4711")));
}

#[test]
fn a_new_pin_that_is_too_short_is_asked_again() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    provider.queue(Script::new().then(Step::NewPin { min_length: 6 }));
    let person = person(&engine, &["4711", "471100"]);

    engine.add_passkey(PasskeyKind::SecurityKey).unwrap();

    let seen = person.join().unwrap();
    assert_eq!((seen[0].min_length, seen[0].problem), (Some(6), None));
    assert_eq!(seen[1].problem, Some(crate::view::PinProblem::TooShort));
}

#[test]
fn a_cancelled_ceremony_ends_at_once_and_the_next_one_works() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    provider.queue(Script::new().then(Step::Pin { right: "4711", tries: 8 }));
    let person = person(&engine, &[]);

    let cancelled = engine.fresh_unlock(Unlock::Passkey);
    let seen = person.join().unwrap();
    let again = engine.fresh_unlock(Unlock::Passkey);

    assert!(is_passkey_failure(&cancelled, PasskeyError::Cancelled));
    assert_eq!(seen.last().map(|prompt| prompt.step), Some(PromptStep::Done));
    assert!(again.is_ok());
}

#[test]
fn one_ceremony_runs_at_a_time_and_answers_for_another_are_not_heard() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    provider.queue(Script::new().then(Step::Touch { several: false }).then(Step::UntilCancelled));
    let mut prompts = engine.subscribe_prompts();
    let waiting = {
        let engine = engine.clone();
        std::thread::spawn(move || engine.fresh_unlock(Unlock::Passkey).map(drop))
    };
    let running = prompts.blocking_recv().unwrap();

    let second = engine.fresh_unlock(Unlock::Passkey);
    let other = engine.add_passkey(PasskeyKind::SecurityKey);
    engine.answer_prompt(running.ceremony + 1, SecretString::new("4711".to_owned()));
    engine.cancel_ceremony(running.ceremony + 1);
    engine.answer_prompt(running.ceremony, SecretString::new("nobody asked".to_owned()));
    let is_still_running = matches!(engine.fresh_unlock(Unlock::Passkey), Err(Error::Busy));
    engine.cancel_ceremony(running.ceremony);

    assert!(matches!(second, Err(Error::Busy)));
    assert!(matches!(other, Err(Error::Busy)));
    assert!(is_still_running);
    assert!(is_passkey_failure(&waiting.join().unwrap(), PasskeyError::Cancelled));
}

#[test]
fn a_ceremony_blocks_nothing_else() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    provider.queue(Script::new().then(Step::Touch { several: false }).then(Step::UntilCancelled));
    let mut prompts = engine.subscribe_prompts();
    let waiting = {
        let engine = engine.clone();
        std::thread::spawn(move || engine.fresh_unlock(Unlock::Passkey).map(drop))
    };
    let running = prompts.blocking_recv().unwrap();

    let view = engine.get_protection().unwrap();
    let renamed = engine.rename_way(&passkey_way(&view).id, "Blue key");
    let app = engine.app();
    engine.cancel_ceremony(running.ceremony);

    assert!(renamed.is_ok() && app.is_ok());
    assert!(waiting.join().unwrap().is_err());
}

#[test]
fn locking_stops_the_ceremony() {
    let (desk, provider) = desk_with_key();
    let engine = desk.start();
    protect(&engine, &desk);
    provider.queue(Script::new().then(Step::Touch { several: false }).then(Step::UntilCancelled));
    let mut prompts = engine.subscribe_prompts();
    let waiting = {
        let engine = engine.clone();
        std::thread::spawn(move || engine.fresh_unlock(Unlock::Passkey).map(drop))
    };
    prompts.blocking_recv().unwrap();

    engine.lock();

    assert!(is_passkey_failure(&waiting.join().unwrap(), PasskeyError::Cancelled));
    assert!(engine.app().unwrap().is_locked);
}

/// Shows a step, lets it be shown again after its end, and panics.
struct Panicking;

impl PasskeyProvider for Panicking {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        vec![AuthenticatorKind::SecurityKey]
    }

    fn create(&self, _: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        ceremony.prompts.show(Prompt::Touch { device: None, several: false });
        panic!("made by the test");
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Ceremony) -> Result<Evaluated, PasskeyError> {
        Err(PasskeyError::NoCredential)
    }
}

#[test]
fn a_provider_that_panics_is_an_error_and_the_ceremony_is_over() {
    let mut desk = Desk::new();
    desk.computer.ports.passkeys = Arc::new(Panicking);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    let mut prompts = engine.subscribe_prompts();

    let first = engine.add_passkey(PasskeyKind::SecurityKey);
    let second = engine.add_passkey(PasskeyKind::SecurityKey);

    assert!(is_passkey_failure(&first, PasskeyError::Malformed));
    assert!(is_passkey_failure(&second, PasskeyError::Malformed), "not busy for ever");
    let steps: Vec<_> = told(&mut prompts).into_iter().map(|(_, step)| step).collect();
    assert_eq!(steps, [PromptStep::Touch, PromptStep::Done, PromptStep::Touch, PromptStep::Done]);
}

/// Keeps the way to show steps, for after the end.
#[derive(Default)]
struct Late(std::sync::Mutex<Option<Ceremony>>);

impl PasskeyProvider for Late {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        vec![AuthenticatorKind::SecurityKey]
    }

    fn create(&self, _: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        *self.0.lock().unwrap() = Some(ceremony.clone());
        Err(PasskeyError::TimedOut)
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Ceremony) -> Result<Evaluated, PasskeyError> {
        Err(PasskeyError::NoCredential)
    }
}

#[test]
fn nothing_is_shown_after_done() {
    let mut desk = Desk::new();
    let late = Arc::new(Late::default());
    desk.computer.ports.passkeys = Arc::<Late>::clone(&late);
    let engine = desk.start();
    engine.choose_place(&desk.place(), false).unwrap();
    let mut prompts = engine.subscribe_prompts();

    engine.add_passkey(PasskeyKind::SecurityKey).unwrap_err();
    late.0.lock().unwrap().as_ref().unwrap().prompts.show(Prompt::Working);

    assert_eq!(told(&mut prompts), [(PromptPurpose::Create, PromptStep::Done)]);
}
