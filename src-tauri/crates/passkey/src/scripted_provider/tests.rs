use super::*;
use crate::{Answer, Cancel, Prompt, Prompts};
use coffer_secret::SecretString;
use std::sync::Arc;

const INPUT: [u8; 32] = [7; 32];

/// Answers every question with the next of its answers, and notes what was shown.
#[derive(Default)]
struct Person {
    answers: Mutex<VecDeque<&'static str>>,
    seen: Mutex<Vec<String>>,
}

impl Person {
    fn with(answers: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().copied().collect()), ..Self::default() })
    }

    fn answer(&self, answer: Answer) {
        if let Some(text) = self.answers.lock().unwrap().pop_front() {
            answer.give(SecretString::new(text.to_owned()));
        }
    }

    fn ceremony(self: &Arc<Self>) -> Ceremony {
        let prompts: Arc<dyn Prompts> = self.clone();
        Ceremony { prompts, cancel: Cancel::default() }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Prompts for Person {
    fn show(&self, prompt: Prompt) {
        let word = match prompt {
            Prompt::Touch { .. } => "touch".to_owned(),
            Prompt::Pin { was_wrong, tries_left, answer, .. } => {
                self.answer(answer);
                format!("pin {was_wrong} {tries_left:?}")
            }
            Prompt::NewPin { problem, answer, .. } => {
                self.answer(answer);
                format!("new pin {problem:?}")
            }
            Prompt::Insert
            | Prompt::Fingerprint { .. }
            | Prompt::Working
            | Prompt::PlatformDialog
            | Prompt::Qr { .. }
            | Prompt::PhoneConnected => format!("{prompt:?}"),
        };
        self.seen.lock().unwrap().push(word);
    }
}

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
    let me = Person::default();
    let ceremony = Arc::new(me).ceremony();
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
    assert_eq!(me.seen(), ["pin false Some(8)", "pin true Some(7)", "touch"]);
}

#[test]
fn a_question_without_an_answer_cancels() {
    let provider = ScriptedProvider::new(&[AuthenticatorKind::SecurityKey]);
    let me = Person::with(&["12"]);
    provider.queue(Script::new().then(Step::NewPin { min_length: 4 }));

    let made = provider.create(&to_create(AuthenticatorKind::SecurityKey, vec![]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::Cancelled)));
    assert_eq!(me.seen(), ["new pin None", "new pin Some(TooShort)"]);
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
