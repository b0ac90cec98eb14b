use super::*;

#[test]
fn a_wrong_pin_is_asked_again_with_the_tries_that_are_left() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let me = ScriptedPerson::with(&["0000", "1111", PIN]);

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(used.is_ok());
    assert_eq!(me.seen(), ["pin 8", "pin wrong 7", "pin wrong 6", "touch"]);
}

#[test]
fn what_cannot_be_a_pin_costs_no_try() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let me = ScriptedPerson::with(&["", "123", &"9".repeat(64), PIN]);

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(used.is_ok());
    assert_eq!(me.seen(), ["pin 8", "pin wrong 8", "pin wrong 8", "pin wrong 8", "touch"]);
}

#[test]
fn after_three_wrong_pins_the_key_has_to_be_taken_out() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    let provider = provider(&ports);
    let made = made(&provider);
    let me = ScriptedPerson::with(&["0000", "0000", "0000"]);

    let third = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());
    let fourth = used(&provider, &made.credential);
    ports.unplug(&key);
    ports.plug(&key);

    assert!(matches!(third, Err(PasskeyError::PinPaused)));
    assert!(matches!(fourth, Err(PasskeyError::PinPaused)));
    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn a_pin_that_cannot_be_tried_is_not_asked_for() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let me = ScriptedPerson::with(&[PIN]);
    // powerCycleState (CTAP 2.1, 6.5.5.2).
    key.fault(Fault::Field(CLIENT_PIN, 4, Some(minicbor::to_vec(true).unwrap())));

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(matches!(used, Err(PasskeyError::PinPaused)));
    assert!(me.seen().is_empty());
}

#[test]
fn after_eight_wrong_pins_the_key_is_locked() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    let provider = provider(&ports);
    let made = made(&provider);
    let wrong = || {
        let me = ScriptedPerson::with(&["0000", "0000", "0000"]);
        let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());
        ports.unplug(&key);
        ports.plug(&key);
        used.map(drop)
    };

    let ends = [wrong(), wrong(), wrong(), wrong()];

    let paused = Err(PasskeyError::PinPaused);
    assert_eq!(ends, [paused, paused, Err(PasskeyError::PinBlocked), Err(PasskeyError::PinBlocked)]);
}

#[test]
fn a_pin_that_is_not_given_cancels() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let me = ScriptedPerson::with(&[]);

    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());

    assert!(matches!(used, Err(PasskeyError::Cancelled)));
}

#[test]
fn a_new_pin_is_asked_until_the_key_takes_it() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&["12", &"9".repeat(64), &"é".repeat(32), PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(made.is_ok());
    assert_eq!(
        me.seen(),
        ["new pin 4", "new pin 4 too short", "new pin 4 too long", "new pin 4 too long", "touch"],
        "63 bytes at most, not characters"
    );
}

#[test]
fn a_new_pin_that_the_key_refuses_is_asked_again() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&["0000", PIN]);
    me.when("new pin 4", {
        let key = key.clone();
        move || {
            // The key agreement goes through, the new PIN does not.
            key.answer_next(CLIENT_PIN, 0);
            key.answer_next(CLIENT_PIN, 0x37);
        }
    });

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(made.is_ok());
    assert_eq!(me.seen(), ["new pin 4", "new pin 4 refused", "touch"]);
}

#[test]
fn without_a_new_pin_there_is_no_passkey() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::PinNotSet)));
}

#[test]
fn cancelling_while_a_new_pin_is_asked_for_says_that_there_is_none() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[PIN]);
    me.cancel_when("new pin 4");

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::PinNotSet)));
    assert_eq!(count(&key, MAKE_CREDENTIAL), 0);
}

#[test]
fn one_pin_in_two_unicode_forms_is_one_pin() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let made =
        provider.create(&to_create(&[]), &ScriptedPerson::with(&[composed]).ceremony()).unwrap().credential;

    let used = provider.evaluate(&to_use(&[&made], INPUT), &ScriptedPerson::with(&[decomposed]).ceremony());

    assert!(used.is_ok());
}

#[test]
fn a_key_that_demands_another_pin_gets_one() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.demand_new_pin(PIN, 6);
    let me = ScriptedPerson::with(&["0000", "123456", PIN, "12345", "123456"]);
    let again = ScriptedPerson::with(&["123456"]);

    let changed = provider.evaluate(&to_use(&[&made.credential], INPUT), &me.ceremony());
    let after = provider.evaluate(&to_use(&[&made.credential], INPUT), &again.ceremony());

    assert!(changed.is_ok(), "{changed:?}");
    assert_eq!(
        me.seen(),
        ["pin 8", "new pin 6", "pin wrong 7", "new pin 6", "new pin 6 too short", "touch"],
        "the old pin, and then the new one"
    );
    assert!(after.is_ok());
}

#[test]
fn a_key_that_demands_another_pin_and_gets_none_says_so() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.demand_new_pin(PIN, 6);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::PinPolicy)));
}

#[test]
fn both_protocols_give_the_same_bytes() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(says_protocols(&[1]));
    let made = made(&provider);
    let one = used(&provider, &made.credential).unwrap();
    key.repair();
    key.fault(says_protocols(&[9, 2]));

    let two = used(&provider, &made.credential).unwrap();

    assert!(one.prf.matches(&two.prf));
    assert!(made.prf.is_some_and(|prf| prf.matches(&one.prf)));
}
