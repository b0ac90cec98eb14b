use super::*;

#[test]
fn a_new_key_gets_a_pin_a_passkey_and_a_secret() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[PIN]);
    let again = ScriptedPerson::with(&[PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony()).unwrap();
    let used = provider.evaluate(&to_use(&[&made.credential], INPUT), &again.ceremony()).unwrap();

    assert_eq!(me.seen(), ["new pin 4", "touch"]);
    assert_eq!(again.seen(), ["pin 8", "touch"]);
    assert!(made.prf.is_some_and(|prf| prf.matches(&used.prf)), "the firmware gives it with the creation");
}

#[test]
fn what_was_made_is_described() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));

    let made = made(&provider);

    assert_eq!(made.kind, AuthenticatorKind::SecurityKey);
    assert_eq!(&made.aaguid, b"AAGUID0123456789");
    assert!(made.credential.transports.contains(Transports::USB));
    assert!(!made.backup_eligible && !made.backed_up);
}

#[test]
fn backup_flags_are_told_as_the_key_gives_them() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::Flags { eligible: true, backed_up: true });

    let made = made(&provider);
    let used = used(&provider, &made.credential).unwrap();

    assert!(made.backup_eligible && made.backed_up);
    assert!(used.backup_eligible && used.backed_up);
}

#[test]
fn backed_up_without_being_eligible_is_no_answer() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::Flags { eligible: false, backed_up: true });

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::Malformed)));
}

#[test]
fn a_key_without_secrets_is_refused_before_any_touch() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[]);
    key.fault(says(2, &["credProtect"]));

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::NoPrfAtCreation)));
    assert!(me.seen().is_empty());
}

#[test]
fn a_key_that_cannot_verify_anybody_is_refused_before_any_touch() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[]);
    key.fault(says_options(&[("rk", true), ("up", true)]));

    let made = provider.create(&to_create(&[]), &me.ceremony());

    assert!(matches!(made, Err(PasskeyError::NotVerified)));
    assert!(me.seen().is_empty());
}

#[test]
fn a_key_that_promised_secrets_and_gives_none_is_refused() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::NoOutput);

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoPrfAtCreation)));
}

#[test]
fn a_creation_that_verified_nobody_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::Unverified);

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NotVerified)));
}

#[test]
fn a_creation_for_another_relying_party_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::WrongRelyingParty);

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::Malformed)));
}

#[test]
fn an_output_of_the_wrong_length_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::ShortOutput);

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::Malformed)));
}

#[test]
fn another_output_at_creation_than_at_use_is_passed_on_to_be_compared() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(Fault::OtherOutputAtCreation);

    let made = made(&provider);
    let used = used(&provider, &made.credential).unwrap();

    assert!(made.prf.is_some_and(|prf| !prf.matches(&used.prf)));
}

#[test]
fn a_key_that_holds_a_passkey_already_is_left_alone() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let first = made(&provider);
    let me = ScriptedPerson::with(&[PIN]);

    let second = provider.create(&to_create(&[&unknown(9), &first.credential]), &me.ceremony());

    assert!(matches!(second, Err(PasskeyError::AlreadyRegistered)));
    assert!(me.seen().is_empty(), "nobody is asked for a touch that changes nothing");
}

#[test]
fn the_key_without_a_passkey_is_taken_of_two() {
    let (old, new) = (VirtualAuthenticator::usb(1), VirtualAuthenticator::usb(2));
    let first = made(&provider(&Ports::with(&[&old])));
    let both = provider(&Ports::with(&[&old, &new]));
    let me = ScriptedPerson::with(&[PIN]);

    let second = both.create(&to_create(&[&first.credential]), &me.ceremony()).unwrap();

    assert_eq!(me.seen(), ["new pin 4", "touch"], "there was nothing to choose");
    assert!(used(&provider(&Ports::with(&[&new])), &second.credential).is_ok());
}

#[test]
fn the_firmware_is_asked_about_old_passkeys_too() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.answer_next(MAKE_CREDENTIAL, 0x19);

    let made = provider.create(&to_create(&[&unknown(9)]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::AlreadyRegistered)));
}

#[test]
fn a_full_key_keeps_the_passkey_outside_of_itself() {
    let key = VirtualAuthenticator::with_room(1, 0);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[PIN]);

    let made = provider.create(&to_create(&[]), &me.ceremony()).unwrap();

    assert_eq!(count(&key, MAKE_CREDENTIAL), 2, "discoverable first");
    assert_eq!(me.seen(), ["new pin 4", "touch", "touch"], "the pin is not asked twice");
    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn a_key_that_tells_it_is_full_is_not_asked_twice() {
    let key = VirtualAuthenticator::with_room(1, 0);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(says_number(0x14, 0));

    let made = made(&provider);

    assert_eq!(count(&key, MAKE_CREDENTIAL), 1);
    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn a_key_without_any_room_says_so() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.answer_next(MAKE_CREDENTIAL, 0x28);
    key.answer_next(MAKE_CREDENTIAL, 0x28);

    let made = provider.create(&to_create(&[]), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(made, Err(PasskeyError::KeyFull)));
}

#[test]
fn a_key_that_does_not_give_the_secret_at_once_is_fine() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    key.fault(says(2, &["hmac-secret"]));

    let made = made(&provider);

    assert!(made.prf.is_none());
    assert!(used(&provider, &made.credential).is_ok());
}

#[test]
fn other_kinds_of_authenticators_are_not_made_here() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let request = CreateRequest { kind: AuthenticatorKind::Platform, ..to_create(&[]) };

    let made = provider.create(&request, &ScriptedPerson::with(&[]).ceremony());

    assert!(matches!(made, Err(PasskeyError::NoAuthenticator)));
    assert_eq!(provider.kinds(), [AuthenticatorKind::SecurityKey]);
}
