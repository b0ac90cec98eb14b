use super::*;

/// A key of 2018: CTAP 2.0, one protocol, no permissions, no word about its limits.
fn old(seed: u64) -> VirtualAuthenticator {
    let key = VirtualAuthenticator::usb(seed);
    key.fault(says(1, &["U2F_V2", "FIDO_2_0"]));
    key.fault(says(2, &["hmac-secret"]));
    key.fault(says_options(&[("rk", true), ("up", true), ("clientPin", false)]));
    for unknown in [5, 6, 7, 8, 9, 10, 13, 20] {
        key.fault(Fault::Field(GET_INFO, unknown, None));
    }
    key
}

/// The same after its PIN was set.
fn old_with_pin(seed: u64) -> VirtualAuthenticator {
    let key = old(seed);
    key.fault(says_options(&[("rk", true), ("up", true), ("clientPin", true)]));
    key
}

#[test]
fn a_key_of_2018_gives_the_same_secret_each_time() {
    let key = old(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[PIN]);
    me.when("new pin 4", {
        let key = key.clone();
        move || key.fault(says_options(&[("rk", true), ("up", true), ("clientPin", true)]))
    });

    let made = provider.create(&to_create(&[]), &me.ceremony()).unwrap();
    let first = used(&provider, &made.credential).unwrap();
    let again = used(&provider, &made.credential).unwrap();

    assert!(made.prf.is_none());
    assert!(first.prf.matches(&again.prf));
    assert_eq!(me.seen(), ["new pin 4", "touch"]);
}

#[test]
fn a_key_of_2018_is_asked_for_a_token_without_permissions() {
    let key = old_with_pin(1);
    key.set_pin(PIN);
    let provider = provider(&Ports::with(&[&key]));

    let made = made(&provider);

    // getPinToken and getPinUvAuthTokenUsingPinWithPermissions (CTAP 2.1, 6.5.5.7).
    let subcommands: Vec<_> = key.messages().iter().filter(|m| m[0] == CLIENT_PIN).map(|m| m[5]).collect();
    assert!(subcommands.contains(&0x05) && !subcommands.contains(&0x09), "{subcommands:?}");
    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn of_two_keys_of_2018_the_one_that_is_touched_is_used() {
    let (one, other) = (old_with_pin(1), old_with_pin(2));
    one.set_pin(PIN);
    other.set_pin(PIN);
    one.touch(Touch::Awaited);
    let provider = provider(&Ports::with(&[&one, &other]));
    let me = ScriptedPerson::with(&[PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(made.is_ok(), "{made:?}");
    assert_eq!(me.seen(), ["touch one", "pin 8", "touch"]);
    one.wait_until_calm();
}

#[test]
fn a_key_that_speaks_only_u2f_is_refused() {
    let key = VirtualAuthenticator::usb(1);
    key.fault(says(1, &["U2F_V2"]));
    let provider = provider(&Ports::with(&[&key]));

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoPrfAtCreation)));
}

#[test]
fn a_key_that_speaks_only_protocols_to_come_is_refused() {
    let key = VirtualAuthenticator::usb(1);
    key.fault(says_protocols(&[3, 4]));
    let provider = provider(&Ports::with(&[&key]));

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoPrfAtCreation)));
}

#[test]
fn a_key_that_hides_its_passkeys_is_asked_again_after_the_pin() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    // CTAP2_ERR_PUAT_REQUIRED to the silent question.
    key.answer_next(GET_ASSERTION, 0x36);

    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn a_key_that_always_verifies_works_the_same() {
    let key = VirtualAuthenticator::usb(1);
    key.set_pin(PIN);
    key.always_verify(PIN);
    let provider = provider(&Ports::with(&[&key]));

    let made = made(&provider);

    assert!(used(&provider, &made.credential).is_ok());
    let again = provider.create(&to_create(&[&made.credential]), &ScriptedPerson::with(&[PIN]).ceremony());
    assert!(matches!(again, Err(PasskeyError::AlreadyRegistered)));
}

#[test]
fn a_key_that_keeps_no_passkeys_is_not_asked_to() {
    let key = VirtualAuthenticator::usb(1);
    key.set_pin(PIN);
    key.fault(says_options(&[("up", true), ("clientPin", true), ("pinUvAuthToken", true)]));
    let provider = provider(&Ports::with(&[&key]));

    let made = made(&provider);

    let has_option = |message: &Vec<u8>| message.windows(3).any(|part| part == b"\x62rk");
    assert!(!key.messages().iter().any(has_option));
    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn a_passkey_that_the_key_hides_from_strangers_is_found_after_the_pin() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let first = made(&provider);
    key.answer_next(GET_ASSERTION, 0x2E);

    let second = provider.create(&to_create(&[&first.credential]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(second, Err(PasskeyError::AlreadyRegistered)));
    assert_eq!(count(&key, MAKE_CREDENTIAL), 1, "only the first");
}
