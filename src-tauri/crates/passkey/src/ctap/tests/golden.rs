use super::*;
use crate::RelyingParty;
use coffer_secret::SecretString;

fn pin(text: &str) -> Pin {
    Pin::new(&SecretString::new(text.to_owned()), 4).unwrap()
}

const OLD: &str = "4711";
const NEW: &str = "ein längeres Wort";

#[test]
fn the_key_agreement_gives_the_same_secret() {
    let secrets = PROTOCOLS.map(|protocol| agreed(protocol).keys_in_order());

    assert_eq!(secrets, vectors("shared_secret"));
}

#[test]
fn a_pin_is_set_with_the_same_message() {
    let messages = PROTOCOLS.map(|protocol| PinCommand::set_pin(&agreed(protocol), &pin(NEW), &Fixed));

    assert_eq!(messages, vectors("set_pin"));
}

#[test]
fn a_pin_is_changed_with_the_same_message() {
    let messages =
        PROTOCOLS.map(|protocol| PinCommand::change_pin(&agreed(protocol), &pin(OLD), &pin(NEW), &Fixed));

    assert_eq!(messages, vectors("change_pin"));
}

#[test]
fn tokens_are_asked_for_with_the_same_messages() {
    let id = RelyingParty::CURRENT.id();
    let older = PROTOCOLS.map(|protocol| PinCommand::token(&agreed(protocol), &pin(OLD), &Fixed));
    let by_pin = PROTOCOLS.map(|protocol| {
        PinCommand::token_by_pin(&agreed(protocol), &pin(OLD), Permissions::CREATE, id, &Fixed)
    });
    let by_uv =
        PROTOCOLS.map(|protocol| PinCommand::token_by_uv(&agreed(protocol), Permissions::EVALUATE, id));

    assert_eq!(older, vectors("token"));
    assert_eq!(by_pin, vectors("token_by_pin"));
    assert_eq!(by_uv, vectors("token_by_uv"));
}

#[test]
fn tries_and_keys_are_asked_for_with_the_same_messages() {
    assert_eq!(PROTOCOLS.map(PinCommand::retries), vectors("retries"));
    assert_eq!(PROTOCOLS.map(PinCommand::uv_retries), vectors("uv_retries"));
    assert_eq!(PROTOCOLS.map(PinCommand::key_agreement), vectors("key_agreement"));
}

#[test]
fn a_passkey_is_made_with_the_same_message() {
    let (one, other) = (hashed("credential 0"), hashed("credential 1"));
    let messages = PROTOCOLS.map(|protocol| {
        CreationRequest {
            client_data_hash: &hashed("client data"),
            relying_party: RelyingParty::CURRENT,
            user_id: &hashed("a user"),
            user_name: "laptop",
            display_name: "Coffer chat backups",
            exclude: &[&one, &other],
            is_resident: true,
            salt: Some(&salt(protocol)),
            token: Some(&token(protocol)),
        }
        .encode()
    });

    assert_eq!(messages, vectors("create"));
}

#[test]
fn a_passkey_is_used_with_the_same_message() {
    let (one, other) = (hashed("credential 0"), hashed("credential 1"));
    let message = |salt: Option<&SaltSession>, token: Option<&PinToken>| {
        AssertionRequest {
            client_data_hash: &hashed("client data"),
            relying_party: RelyingParty::CURRENT,
            allow: &[&one, &other],
            salt,
            token,
        }
        .encode()
    };

    let used = PROTOCOLS.map(|protocol| message(Some(&salt(protocol)), Some(&token(protocol))));
    let looked_for = PROTOCOLS.map(|_| message(None, None));
    let used_with_built_in = PROTOCOLS.map(|protocol| message(Some(&salt(protocol)), None));

    assert_eq!(used, vectors("evaluate"));
    assert_eq!(looked_for, vectors("look"));
    assert_eq!(used_with_built_in, vectors("evaluate_with_built_in"));
}

#[test]
fn the_answer_to_a_use_is_understood() {
    let id = hashed("credential 0");

    let answers = vectors("evaluate_answer").map(|answer| Assertion::decode(&answer).unwrap());

    let outputs = PROTOCOLS.map(salt);
    let opened = answers.iter().zip(&outputs).map(|(answer, salt)| {
        let output = answer.auth_data.output.as_ref().unwrap();
        *salt.open(output).unwrap().expose()
    });
    assert_eq!(opened.collect::<Vec<_>>(), [hashed("an output"); 2]);
    assert!(answers.iter().all(|answer| answer.auth_data.believe(RelyingParty::CURRENT).is_ok()));
    assert!(answers.iter().all(|answer| answer.credential(&[&[1], &id]) == Some(&id)));
}

#[test]
fn the_answer_to_a_creation_is_understood() {
    let answers = vectors("create_answer").map(|answer| Creation::decode(&answer).unwrap().auth_data);

    let sessions = PROTOCOLS.map(salt);
    let opened = answers.iter().zip(&sessions).map(|(data, salt)| {
        let output = data.output.as_ref().unwrap();
        *salt.open(output).unwrap().expose()
    });
    assert_eq!(opened.collect::<Vec<_>>(), [hashed("an output"); 2]);
    let believed = answers[1].believe(RelyingParty::CURRENT).unwrap();
    let made = believed.made.unwrap();
    assert_eq!(made.aaguid, *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
    assert_eq!(made.id, hashed("credential 0"));
    assert!(believed.backup_eligible && believed.backed_up);
    assert!(answers.iter().all(|data| data.has_hmac_secret));
}

/// WebAuthn level 3, 10.1.4: what a browser's `prf` would send for the same input.
#[test]
fn the_salt_is_the_one_of_webauthn() {
    let expected = Sha256::digest([b"WebAuthn PRF\0".as_slice(), &hashed("a repository")].concat());

    let salt = Salt::of(&hashed("a repository"));

    assert_eq!(salt.bytes(), expected.as_slice());
}
