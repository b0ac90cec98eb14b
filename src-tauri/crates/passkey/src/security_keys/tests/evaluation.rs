use super::*;

#[test]
fn the_same_input_gives_the_same_bytes_and_another_gives_others() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);

    let first = used(&provider, &made.credential).unwrap();
    let again = used(&provider, &made.credential).unwrap();
    let other = provider
        .evaluate(&to_use(&[&made.credential], [8; 32]), &ScriptedPerson::with(&[PIN]).ceremony())
        .unwrap();

    assert!(first.prf.matches(&again.prf));
    assert!(!first.prf.matches(&other.prf), "another repository's input");
}

#[test]
fn two_passkeys_give_different_bytes() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let one = made(&provider);
    // One more for the same account would replace the first.
    let request = CreateRequest { user_id: [2; 32], ..to_create(&[]) };
    let other = provider.create(&request, &ScriptedPerson::with(&[PIN]).ceremony()).unwrap();

    let first = used(&provider, &one.credential).unwrap();
    let second = used(&provider, &other.credential).unwrap();

    assert!(!first.prf.matches(&second.prf));
}

#[test]
fn a_key_keeps_its_passkey_when_it_is_pulled_out() {
    let key = VirtualAuthenticator::usb(1);
    let ports = Ports::with(&[&key]);
    let provider = provider(&ports);
    let made = made(&provider);
    let before = used(&provider, &made.credential).unwrap();

    ports.unplug(&key);
    ports.plug(&key);

    assert!(used(&provider, &made.credential).unwrap().prf.matches(&before.prf));
}

#[test]
fn the_passkey_that_answered_is_named() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let request = to_use(&[&unknown(8), &made.credential, &unknown(9)], INPUT);

    let used = provider.evaluate(&request, &ScriptedPerson::with(&[PIN]).ceremony()).unwrap();

    assert_eq!(used.credential_id, made.credential.id);
}

#[test]
fn a_key_without_the_passkey_says_so_without_a_touch() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let me = ScriptedPerson::with(&[PIN]);
    made(&provider);

    let used = provider.evaluate(&to_use(&[&unknown(9)], INPUT), &me.ceremony());

    assert!(matches!(used, Err(PasskeyError::NoCredential)));
    assert!(me.seen().is_empty());
}

#[test]
fn a_key_without_secrets_does_not_hold_the_passkey() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(says(2, &["credProtect"]));

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::NoCredential)));
}

#[test]
fn passkeys_of_phones_and_computers_are_not_looked_for() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let elsewhere =
        Credential { transports: Transports::HYBRID.with(Transports::INTERNAL), ..made.credential };
    let before = count(&key, GET_ASSERTION);

    let used = used(&provider, &elsewhere);

    assert!(matches!(used, Err(PasskeyError::NoCredential)));
    assert_eq!(count(&key, GET_ASSERTION), before);
}

#[test]
fn an_output_without_verification_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::Unverified);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::NotVerified)));
}

#[test]
fn an_output_without_a_touch_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::Untouched);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::NotVerified)));
}

#[test]
fn an_output_for_another_relying_party_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::WrongRelyingParty);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::Malformed)));
}

#[test]
fn an_output_of_another_passkey_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::WrongCredential);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::Malformed)));
}

#[test]
fn an_output_of_the_wrong_length_is_thrown_away() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::ShortOutput);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::Malformed)));
}

#[test]
fn an_answer_without_the_secret_says_so() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::NoOutput);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::NoPrf)));
}

#[test]
fn an_answer_that_is_no_answer_says_so() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(Fault::Garbage(CLIENT_PIN));

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::Malformed)));
}

#[test]
fn a_status_without_a_sentence_keeps_its_code() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.answer_next(CLIENT_PIN, 0x7F);

    assert!(matches!(used(&provider, &made.credential), Err(PasskeyError::Refused { code: 0x7F })));
}

/// KEYS, attacks: a passkey evaluated for another site.
#[test]
fn another_relying_party_gets_nothing_from_the_passkey() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let silently = |relying_party: &str| {
        let mut message = vec![GET_ASSERTION];
        message.extend(
            cbor(|w| {
                w.map(4)?.u8(1)?.str(relying_party)?.u8(2)?.bytes(&[0; 32])?;
                w.u8(3)?.array(1)?.map(2)?.str("id")?.bytes(&made.credential.id)?;
                w.str("type")?.str("public-key")?.u8(5)?.map(1)?.str("up")?.bool(false)?.ok()
            })
            .unwrap(),
        );
        key.ctap2(&message).first().copied()
    };

    assert_eq!(silently("example.com"), Some(0x2E));
    assert_eq!(silently("coffer.invalid"), Some(0));
    assert_eq!(RelyingParty::from_index(2), None, "and no keyslot can name one");
}
