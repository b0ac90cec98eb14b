use super::*;

/// The messages that looked for passkeys, and how long each is.
fn searches(key: &VirtualAuthenticator) -> Vec<usize> {
    key.messages().iter().filter(|m| m.first() == Some(&GET_ASSERTION)).map(Vec::len).collect()
}

#[test]
fn a_long_list_is_cut_to_the_keys_messages() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let others: Vec<_> = (10..26).map(unknown).collect();
    let allow: Vec<_> = others.iter().chain([&made.credential]).collect();

    let used = provider.evaluate(&to_use(&allow, INPUT), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(used.is_ok());
    assert!(searches(&key).iter().all(|length| *length <= 1200), "{:?}", searches(&key));
    assert!(searches(&key).len() > 4);
}

#[test]
fn a_key_that_takes_one_at_a_time_is_asked_one_at_a_time() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    key.fault(says_number(7, 1));
    let before = searches(&key).len();

    let used = provider.evaluate(
        &to_use(&[&unknown(8), &unknown(9), &made.credential], INPUT),
        &ScriptedPerson::with(&[PIN]).ceremony(),
    );

    assert!(used.is_ok());
    assert_eq!(searches(&key).len() - before, 3 + 3 + 1, "before the pin, after it, and the use");
}

#[test]
fn ids_that_are_too_long_for_the_key_are_not_sent() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let made = made(&provider);
    let long = Credential { id: vec![5; 1023], transports: Transports::USB };

    let used = provider
        .evaluate(&to_use(&[&long, &made.credential], INPUT), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(used.is_ok());
    assert!(!key.messages().iter().any(|message| message.windows(256).any(|part| part == [5; 256])));
}

#[test]
fn a_long_list_does_not_hide_a_passkey_that_exists() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let first = made(&provider);
    let others: Vec<_> = (10..26).map(unknown).collect();
    let exclude: Vec<_> = others.iter().chain([&first.credential]).collect();

    let second = provider.create(&to_create(&exclude), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(matches!(second, Err(PasskeyError::AlreadyRegistered)));
}

#[test]
fn a_creation_with_a_long_list_fits_into_a_message() {
    let key = VirtualAuthenticator::usb(1);
    let provider = provider(&Ports::with(&[&key]));
    let others: Vec<_> = (10..26).map(unknown).collect();
    let exclude: Vec<_> = others.iter().collect();

    let made = provider.create(&to_create(&exclude), &ScriptedPerson::with(&[PIN]).ceremony());

    assert!(made.is_ok());
    assert!(key.messages().iter().all(|message| message.len() <= 1200));
}
