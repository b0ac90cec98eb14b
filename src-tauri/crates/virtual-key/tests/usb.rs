//! One passkey, by USB and by NFC: a key is carried from the reader of this computer to the USB port of an emulated one, and back.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a story stops at the first surprise")]

use coffer_passkey::{
    AuthenticatorKind, Ceremony, CreateRequest, Credential, EvaluateRequest, PasskeyProvider, Prompt,
    Prompts, RelyingParty, SecurityKeys, Transports,
};
use coffer_secret::testing::SeededEntropy;
use coffer_secret::{Secret, SecretString};
use coffer_virtual_key::{KeySettings, PluggedIn, SmartCardService, VirtualKey, in_namespaces, with_guest};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

const INPUT: [u8; 32] = *b"any 32 bytes will do for a test.";

/// A person who types the PIN, and remembers what they were asked.
#[derive(Default)]
struct Person(Mutex<Vec<&'static str>>);

impl Prompts for Person {
    fn show(&self, prompt: Prompt) {
        let pin = || SecretString::new("otter-4711".to_owned());
        let asked = match prompt {
            Prompt::Pin { answer, .. } => {
                answer.give(pin());
                "pin"
            }
            Prompt::NewPin { answer, .. } => {
                answer.give(pin());
                "new pin"
            }
            Prompt::Touch { .. } => "touch",
            Prompt::Insert
            | Prompt::Fingerprint { .. }
            | Prompt::Working
            | Prompt::PlatformDialog
            | Prompt::Qr { .. }
            | Prompt::PhoneConnected => "other",
        };
        self.0.lock().unwrap().push(asked);
    }
}

/// A provider, and somebody who uses it.
fn keys(seed: u64) -> (SecurityKeys, Arc<Person>, Ceremony) {
    let person = Arc::new(Person::default());
    let ceremony = Ceremony { prompts: person.clone(), cancel: Default::default() };
    (SecurityKeys::new(Arc::new(SeededEntropy::new(seed))), person, ceremony)
}

fn create(seed: u64) -> Vec<u8> {
    let (keys, _, ceremony) = keys(seed);
    let request = CreateRequest {
        relying_party: RelyingParty::CURRENT,
        kind: AuthenticatorKind::SecurityKey,
        user_id: [u8::try_from(seed).unwrap(); 32],
        user_name: "rig".to_owned(),
        display_name: "rig".to_owned(),
        exclude: Vec::new(),
        input: INPUT,
    };
    keys.create(&request, &ceremony).unwrap().credential.id
}

fn evaluate(seed: u64, id: &[u8]) -> (Secret<32>, Arc<Person>) {
    let (keys, person, ceremony) = keys(seed);
    let credential = Credential { id: id.to_vec(), transports: Transports::NFC.with(Transports::USB) };
    let request =
        EvaluateRequest { relying_party: RelyingParty::CURRENT, allow: vec![credential], input: INPUT };
    (keys.evaluate(&request, &ceremony).unwrap().prf, person)
}

fn power(memory: &Path) -> VirtualKey {
    VirtualKey::power(&KeySettings::new(memory.to_owned(), 1))
}

#[test]
fn a_passkey_gives_the_same_bytes_by_usb_as_by_nfc() {
    with_guest(by_usb, |guest| {
        in_namespaces(|| {
            let folder = tempfile::tempdir().unwrap();
            let memory = folder.path().join("key");
            let mut service = SmartCardService::start(folder.path()).unwrap();
            let in_reader = service.insert(0, power(&memory)).unwrap();
            let made_by_nfc = create(1);
            let (by_nfc, _) = evaluate(2, &made_by_nfc);
            drop(in_reader);

            let guest = guest.assemble(folder.path()).unwrap();
            guest.put("key", &fs::read(&memory).unwrap()).unwrap();
            guest.put("passkey", &made_by_nfc).unwrap();
            let came_back = guest.tell().unwrap();
            fs::write(&memory, came_back.file("key")).unwrap();
            let _in_reader = service.insert(0, power(&memory)).unwrap();
            let (again_by_nfc, _) = evaluate(5, &came_back.file("new-passkey"));

            assert_eq!(came_back.file("by-usb"), by_nfc.expose());
            assert_eq!(came_back.file("new-by-usb"), again_by_nfc.expose());
            assert_ne!(by_nfc.expose(), again_by_nfc.expose());
        });
    });
}

/// The guest's side: the key is on USB, and no smart card service is anywhere.
fn by_usb() {
    let rig = Path::new("/rig");
    let plugged_in = PluggedIn::plug(power(&rig.join("key"))).unwrap();
    let (by_usb, asked) = evaluate(3, &fs::read(rig.join("passkey")).unwrap());
    let new = create(4);
    let (new_by_usb, _) = evaluate(5, &new);
    drop(plugged_in);

    let asked = asked.0.lock().unwrap();
    assert!(asked.contains(&"pin") && asked.contains(&"touch"), "{asked:?}");
    fs::write(rig.join("out/by-usb"), by_usb.expose()).unwrap();
    fs::write(rig.join("out/new-passkey"), &new).unwrap();
    fs::write(rig.join("out/new-by-usb"), new_by_usb.expose()).unwrap();
    fs::copy(rig.join("key"), rig.join("out/key")).unwrap();
}
