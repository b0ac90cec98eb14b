use super::*;
use crate::virtual_authenticator::FingerReader;

/// A key with a finger reader, and a passkey on it that was made with the first finger.
fn with_reader(reader: FingerReader, fingers: &[bool]) -> (VirtualAuthenticator, SecurityKeys, Credential) {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.enroll(reader, PIN, &[&[true], fingers].concat());
    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony()).unwrap();
    (key, provider, made.credential)
}

#[test]
fn a_finger_is_enough() {
    let (_key, provider, credential) = with_reader(FingerReader::WithTokens, &[]);
    let me = ScriptedPerson::with(&[]);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &me.ceremony());

    assert!(used.is_ok());
    assert_eq!(me.seen(), ["finger 3", "touch"]);
}

#[test]
fn a_finger_gives_the_same_bytes_as_the_pin() {
    let (key, provider, credential) = with_reader(FingerReader::WithTokens, &[]);
    let by_finger = used(&provider, &credential).unwrap();
    key.repair();

    let by_pin = used(&provider, &credential).unwrap();

    assert!(by_finger.prf.matches(&by_pin.prf));
}

#[test]
fn a_finger_that_is_not_recognised_is_asked_for_again() {
    let (_key, provider, credential) = with_reader(FingerReader::WithTokens, &[false, false, true]);
    let me = ScriptedPerson::with(&[]);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &me.ceremony());

    assert!(used.is_ok());
    assert_eq!(me.seen(), ["finger 3", "finger wrong 2", "finger wrong 1", "touch"]);
}

#[test]
fn when_the_reader_locks_itself_the_pin_is_asked_for() {
    let (_key, provider, credential) = with_reader(FingerReader::WithTokens, &[false, false, false]);
    let me = ScriptedPerson::with(&[PIN]);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &me.ceremony());

    assert!(used.is_ok());
    assert_eq!(me.seen(), ["finger 3", "finger wrong 2", "finger wrong 1", "pin 8", "touch"]);
}

#[test]
fn when_the_reader_locks_itself_and_there_is_no_pin_it_says_so() {
    let (_key, provider, credential) = with_reader(FingerReader::Only, &[false, false, false]);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(used, Err(PasskeyError::FingerprintBlocked)));
}

#[test]
fn an_older_key_asks_for_the_finger_within_the_message() {
    let (_key, provider, credential) = with_reader(FingerReader::Within, &[false, true]);
    let me = ScriptedPerson::with(&[]);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &me.ceremony());

    assert!(used.is_ok(), "{used:?}");
    assert_eq!(me.seen(), ["finger", "finger wrong"]);
}

#[test]
fn when_the_reader_of_an_older_key_locks_itself_the_pin_is_asked_for() {
    let (_key, provider, credential) = with_reader(FingerReader::Within, &[false, false, false]);
    let me = ScriptedPerson::with(&[PIN]);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &me.ceremony());

    assert!(used.is_ok(), "{used:?}");
    assert_eq!(me.seen(), ["finger", "finger wrong", "finger wrong", "finger wrong", "pin 8", "touch"]);
}

#[test]
fn a_touch_that_never_comes_after_the_finger_ends_in_time() {
    let (key, mut provider, credential) = with_reader(FingerReader::WithTokens, &[]);
    provider.limits.person = Duration::from_millis(30);
    key.touch(Touch::Awaited);

    let used = provider.evaluate(&to_use(&[&credential], INPUT), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(used, Err(PasskeyError::TimedOut)));
    key.wait_until_calm();
}
