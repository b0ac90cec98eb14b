//! A second opinion: python-fido2 makes and uses the same passkeys, and the secrets are the same.

use crate::passkeys::OPEN;
use crate::rig::{PIN, Rig};
use crate::scene::{Scene, text};
use coffer_keys::{KeyslotSet, UnlockSecret};
use coffer_passkey::{
    Ceremony, Credential, EvaluateRequest, PasskeyProvider, Prompt, Prompts, RelyingParty, SecurityKeys,
    Transports,
};
use coffer_secret::testing::SeededEntropy;
use coffer_secret::{Secret, SecretString};
use coffer_virtual_key::in_namespaces;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

const RELYING_PARTY: &str = "coffer.invalid";

/// Runs the other client; `COFFER_PYTHON` names a Python with the packages of `tests/passkey/requirements.txt`.
fn other_client(arguments: &[&str]) -> Output {
    let python = std::env::var_os("COFFER_PYTHON")
        .expect("COFFER_PYTHON names a Python with tests/passkey/requirements.txt: run `cargo xtask test`");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/passkey/other_client.py");
    Command::new(python).arg(script).args(arguments).args(["--pin", PIN]).output().unwrap()
}

/// A member of the JSON that the other client printed, in bytes.
fn told(output: &Output, name: &str) -> Vec<u8> {
    let told: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    unhex(told[name].as_str().unwrap())
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The keyslot files of a scene's place, and what they say in clear: the credential id, and the input made of the
/// repository id as KEYSLOTS.md writes it.
pub fn keyslots(scene: &Scene) -> (KeyslotSet, Vec<u8>, [u8; 32]) {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = scene.files("place/keyslots").into_iter().map(|(path, bytes)| (name(&path), bytes));
    let set = KeyslotSet::read(files.collect());
    let repository = set.repository_id().unwrap();
    let credential = set.passkeys(&repository, 8).remove(0).id().to_vec();
    let input = Sha256::new().chain_update(b"coffer/1/prf\0").chain_update(repository.as_bytes()).finalize();
    (set, credential, input.into())
}

/// The output of a passkey of the scene's key, by the other client.
fn evaluated(credential: &[u8], input: &[u8; 32]) -> Vec<u8> {
    let (credential, input) = (hex(credential), hex(input));
    let output =
        other_client(&["evaluate", "--rp", RELYING_PARTY, "--credential", &credential, "--input", &input]);
    told(&output, "prf")
}

/// The output of a passkey of the key in the reader, by our own client.
pub fn evaluated_by_us(credential: Vec<u8>, input: [u8; 32]) -> Secret<32> {
    let credential = Credential { id: credential, transports: Transports::NFC };
    let request = EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: vec![credential], input };
    let person = Ceremony { prompts: Arc::new(Typist), cancel: Default::default() };
    SecurityKeys::new(Arc::new(SeededEntropy::new(1))).evaluate(&request, &person).unwrap().prf
}

#[test]
fn the_other_client_gets_the_bytes_that_open_the_backup_out_of_our_passkey() {
    in_namespaces(|| {
        let (rig, _blue) = Rig::protected();
        let (set, credential, input) = keyslots(&rig.scene);

        let bytes = evaluated(&credential, &input);
        let opened = set.unlock(&UnlockSecret::Passkey(Secret::copy_from(&bytes).unwrap()));

        assert!(opened.is_ok(), "{:?}", opened.err());
        rig.scene.done("new", &[&["restore", "place"], OPEN].concat());
    });
}

#[test]
fn a_passkey_of_the_other_client_gives_us_the_same_bytes() {
    in_namespaces(|| {
        let (_rig, _blue) = Rig::protected();
        let input = [7; 32];

        let made = other_client(&["create", "--rp", RELYING_PARTY, "--input", &hex(&input)]);
        let ours = evaluated_by_us(told(&made, "credential"), input);

        assert_eq!(hex(ours.expose()), hex(&told(&made, "prf")));
    });
}

#[test]
fn another_app_gets_nothing_out_of_our_passkey() {
    in_namespaces(|| {
        let (rig, _blue) = Rig::protected();
        let (_, credential, input) = keyslots(&rig.scene);

        let (credential, input) = (hex(&credential), hex(&input));
        let line = ["evaluate", "--rp", "other.invalid", "--credential", &credential, "--input", &input];
        let other = other_client(&line);

        assert!(!other.status.success());
        assert_eq!(text(&other.stdout), "");
        assert!(text(&other.stderr).contains("NO_CREDENTIALS"), "{}", text(&other.stderr));
    });
}

/// A person who types the PIN.
struct Typist;

impl Prompts for Typist {
    fn show(&self, prompt: Prompt) {
        if let Prompt::Pin { answer, .. } = prompt {
            answer.give(SecretString::new(PIN.to_owned()));
        }
    }
}
