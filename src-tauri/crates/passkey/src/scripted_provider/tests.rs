use super::*;
use crate::scripted_person::ScriptedPerson as Person;

const INPUT: [u8; 32] = [7; 32];

fn to_create(kind: AuthenticatorKind, exclude: Vec<Credential>) -> CreateRequest {
    CreateRequest {
        relying_party: RelyingParty::CURRENT,
        kind,
        user_id: [1; 32],
        user_name: "laptop".to_owned(),
        display_name: "Coffer chat backups".to_owned(),
        exclude,
        input: INPUT,
    }
}

fn to_use(credential: &Credential, input: [u8; 32]) -> EvaluateRequest {
    EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: vec![credential.clone()], input }
}

#[test]
fn the_same_passkey_gives_the_same_bytes_and_another_input_gives_others() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let ceremony = Person::with(&[]).ceremony();
    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony).unwrap();

    let first = provider.evaluate(&to_use(&made.credential, INPUT), &ceremony).unwrap();
    let again = provider.evaluate(&to_use(&made.credential, INPUT), &ceremony).unwrap();
    let other = provider.evaluate(&to_use(&made.credential, [8; 32]), &ceremony).unwrap();

    assert!(first.prf.matches(&again.prf));
    assert!(!first.prf.matches(&other.prf));
    assert_eq!(provider.calls().len(), 4);
}

#[test]
fn a_passkey_that_was_deleted_is_not_held() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let ceremony = Person::with(&[]).ceremony();
    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony).unwrap();

    assert!(provider.forget(&made.credential.id));
    let used = provider.evaluate(&to_use(&made.credential, INPUT), &ceremony);

    assert!(matches!(used, Err(PasskeyError::NoCredential)));
}

#[test]
fn an_authenticator_holds_one_passkey_of_the_list() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey, AuthenticatorKind::Platform]);
    let ceremony = Person::with(&[]).ceremony();
    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony).unwrap();
    let exclude = vec![made.credential];

    let again = provider.create(&to_create(AuthenticatorKind::SecurityKey, exclude.clone()), &ceremony);
    let elsewhere = provider.create(&to_create(AuthenticatorKind::Platform, exclude), &ceremony);

    assert!(matches!(again, Err(PasskeyError::AlreadyRegistered)));
    assert!(elsewhere.is_ok());
}

#[test]
fn a_wrong_pin_is_asked_again_with_one_try_less() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let me = Person::with(&["0000", "1234"]);
    provider.queue(
        Script::new().then(Step::Pin { right: "1234", tries: 8 }).then(Step::Touch { several: false }),
    );

    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &me.ceremony());

    assert!(made.is_ok());
    assert_eq!(me.seen(), ["pin 8", "pin wrong 7", "touch"]);
}

#[test]
fn a_question_without_an_answer_cancels() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let me = Person::with(&["12"]);
    provider.queue(Script::new().then(Step::NewPin { min_length: 4 }));

    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::Cancelled)));
    assert_eq!(me.seen(), ["new pin 4", "new pin 4 too short"]);
}

#[test]
fn a_ceremony_that_waits_ends_when_it_is_cancelled() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let ceremony = Person::with(&[]).ceremony();
    provider.queue(Script::new().then(Step::UntilCancelled));

    let made = std::thread::scope(|threads| {
        let waiting = threads.spawn(|| {
            provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony).map(drop)
        });
        ceremony.cancel.cancel();
        waiting.join().unwrap()
    });

    assert_eq!(made, Err(PasskeyError::Cancelled));
}

#[test]
fn a_failure_comes_once_and_in_its_turn() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let ceremony = Person::with(&[]).ceremony();
    provider.queue(Script::new().fails(PasskeyError::KeyFull));

    let first = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony);
    let second = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony);

    assert!(matches!(first, Err(PasskeyError::KeyFull)));
    assert!(second.is_ok());
}

#[test]
fn a_creation_may_give_another_output_than_a_use() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let ceremony = Person::with(&[]).ceremony();
    provider.at_creation(AtCreation::OtherOutput);

    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &ceremony).unwrap();
    let used = provider.evaluate(&to_use(&made.credential, INPUT), &ceremony).unwrap();

    assert!(made.prf.is_some_and(|at_creation| !at_creation.matches(&used.prf)));
}
