use super::*;

#[test]
fn a_touch_that_never_comes_ends_when_the_key_gives_up() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.touch(Touch::Never);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::TimedOut)));
}

#[test]
fn a_key_that_waits_for_ever_is_stopped() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    let made = made(&provider(&ports));
    key.touch(Touch::Awaited);

    let used = used(&impatient(&ports), &made.credential);

    assert!(matches!(used, Err(PasskeyError::TimedOut)));
    key.wait_until_calm();
    assert_eq!(key.cancels(), 1);
}

#[test]
fn a_refusal_on_the_key_is_a_cancel() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.touch(Touch::Denied);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::Cancelled)));
}

#[test]
fn a_cancel_while_the_key_waits_stops_the_key() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let me = ScriptedPerson::with(&[PIN]);
    key.touch(Touch::Awaited);
    me.cancel_when("touch");

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(matches!(used, Err(PasskeyError::Cancelled)));
    key.wait_until_calm();
}

#[test]
fn a_cancel_before_anything_happens_is_heard() {
    let provider = provider(&Ports::with(&[]));
    let me = ScriptedPerson::with(&[]);
    me.ceremony().cancel.cancel();

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::Cancelled)));
}

#[test]
fn of_two_keys_the_one_that_is_touched_is_used() {
    let (one, other) = (VirtualAuthenticator::usb(1), VirtualAuthenticator::usb(2));
    one.touch(Touch::Awaited);
    let provider = provider(&Ports::with(&[&one, &other]));
    let me = ScriptedPerson::with(&[PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony()).unwrap();

    assert_eq!(me.seen(), ["touch one", "new pin 4", "touch"]);
    assert_eq!((count(&one, MAKE_CREDENTIAL), count(&other, MAKE_CREDENTIAL)), (0, 1));
    one.wait_until_calm();
    assert!(used(&provider, &made.credential).is_ok(), "and only the key that holds it is asked now");
}

#[test]
fn of_two_keys_that_hold_a_passkey_the_one_that_is_touched_is_used() {
    let (one, other) = (VirtualAuthenticator::usb(1), VirtualAuthenticator::usb(2));
    let first = made(&provider(&Ports::with(&[&one])));
    let second = made(&provider(&Ports::with(&[&other])));
    other.touch(Touch::Awaited);
    let me = ScriptedPerson::with(&[PIN]);
    let both = provider(&Ports::with(&[&one, &other]));

    let used =
        both.evaluate(&to_use(&[&second.credential, &first.credential], INPUT), &me.ceremony()).unwrap();

    assert_eq!(used.credential_id, first.credential.id);
    assert_eq!(me.seen(), ["touch one", "pin 8", "touch"]);
    other.wait_until_calm();
}

#[test]
fn when_no_key_of_two_is_touched_both_are_stopped() {
    let (one, other) = (VirtualAuthenticator::usb(1), VirtualAuthenticator::usb(2));
    one.touch(Touch::Awaited);
    other.touch(Touch::Awaited);
    let provider = impatient(&Ports::with(&[&one, &other]));

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::TimedOut)));
    one.wait_until_calm();
    other.wait_until_calm();
}

#[test]
fn a_refusal_on_one_key_leaves_the_other() {
    let (one, other) = (VirtualAuthenticator::usb(1), VirtualAuthenticator::usb(2));
    one.answer_next(0x0B, 0x27);
    other.touch(Touch::Given);
    let provider = provider(&Ports::with(&[&one, &other]));

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(made.is_ok());
    assert_eq!(count(&other, MAKE_CREDENTIAL), 1);
}

#[test]
fn a_key_on_the_reader_is_not_asked_for_a_touch() {
    let (lying, plugged) = (VirtualAuthenticator::nfc(1), VirtualAuthenticator::usb(2));
    let provider = provider(&Ports::with(&[&plugged, &lying]));
    let me = ScriptedPerson::with(&[PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony()).unwrap();

    assert_eq!(me.seen(), ["new pin 4"], "who lays a key on the reader has chosen");
    assert!(made.credential.transports.contains(Transports::NFC));
    assert_eq!(count(&plugged, MAKE_CREDENTIAL), 0);
}
