//! Golden vectors: what other implementations of `KEYSLOTS.md` must read and refuse, byte for byte.
//!
//! `tests/vectors/keys/make.py` wrote them from the text of the format, not from this code. A vector is a text: what
//! goes in, an empty line, what must come out. Adding a text adds a test.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use coffer_keys::{
    ChunkIdKey, DamagedKeyslotFile, DataKey, FileKind, KeyError, KeyslotSet, OpenKeyslots, Reach,
    RecoveryKey, RepositoryId, SlotInfo, SlotKind, Subkey, UnlockSecret, Way,
};
use coffer_secret::{Secret, SecretString};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A text out of `tests/vectors/keys`.
struct Vector {
    name: String,
    /// `expect`, `what`, `secret`.
    given: BTreeMap<String, String>,
    files: Vec<(String, Vec<u8>)>,
    then: Vec<String>,
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let vectors = read_vectors();

    let failures: Vec<String> = vectors.iter().filter_map(failure).collect();

    assert!(vectors.len() >= 60, "only {} vectors were found", vectors.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn plain_aes_gcm_opens_the_forged_slot_under_both_keys() {
    let vectors = read_vectors();
    let forged = vectors.iter().find(|vector| vector.name == "forged-two-key-slot").unwrap();

    let opened = ["1", "2"].map(|number| open_in_plain_aes_gcm(forged, number));

    assert_eq!(opened[0], value(forged, "opens to 1"));
    assert_eq!(opened[1], value(forged, "opens to 2"));
    assert_ne!(opened[0], opened[1]);
}

#[test]
fn the_forged_slot_answers_its_second_key_like_any_wrong_secret() {
    let vectors = read_vectors();
    let forged = vectors.iter().find(|vector| vector.name == "forged-two-key-slot").unwrap();
    let wrong = vectors.iter().find(|vector| vector.name == "wrong-digits").unwrap();

    let answers = [forged, wrong].map(|vector| set(vector).unlock(&secret(vector)).unwrap_err());

    assert_eq!(answers[0].to_string(), answers[1].to_string());
    assert_eq!(answers, [KeyError::WrongSecret, KeyError::WrongSecret]);
}

#[test]
fn versions_are_ordered_by_generation_before_counter() {
    let vectors = read_vectors();
    let vector = vectors.iter().find(|vector| vector.name == "generation-first").unwrap();
    let [root, grandchild, later] = [0, 1, 2].map(|index| vector.files[index].0.clone());

    assert_eq!(set(vector).versions(), [later, grandchild, root]);
}

/// What is wrong with the outcome of a vector; `None` when it is as expected.
fn failure(vector: &Vector) -> Option<String> {
    let expect = vector.given["expect"].as_str();
    let (outcome, lines) = match expect {
        "digits" => ("digits", digits_lines(vector)),
        "damaged" => ("damaged", damaged_lines(&set(vector))),
        "ways" => ("ways", set(vector).ways().iter().flat_map(way_lines).collect()),
        _ => match set(vector).unlock(&secret(vector)) {
            Ok(open) => ("opened", opened_lines(&open)),
            Err(error) => (code(&error), vector.then.clone()),
        },
    };
    (outcome != expect || lines != vector.then).then(|| {
        let Vector { name, given, files: _, then } = vector;
        format!(
            "{name} ({}): expected {expect}\n{}\ngot {outcome}\n{}",
            given["what"],
            then.join("\n"),
            lines.join("\n")
        )
    })
}

fn set(vector: &Vector) -> KeyslotSet {
    KeyslotSet::read(vector.files.clone())
}

fn secret(vector: &Vector) -> UnlockSecret {
    let (kind, text) = vector.given["secret"].split_once(' ').unwrap();
    match kind {
        "digits" => {
            UnlockSecret::RecoveryKey(RecoveryKey::parse(&SecretString::new(text.to_owned())).unwrap())
        }
        "password" => UnlockSecret::Password(SecretString::new(text.to_owned())),
        "keychain" => UnlockSecret::Keychain(Secret::copy_from(&from_hex(text)).unwrap()),
        "passkey" => UnlockSecret::Passkey(Secret::copy_from(&from_hex(text)).unwrap()),
        other => panic!("no kind of secret is called {other}"),
    }
}

fn digits_lines(vector: &Vector) -> Vec<String> {
    let (_, typed) = vector.given["secret"].split_once(' ').unwrap();
    let typed = SecretString::new(typed.to_owned());
    let seen = RecoveryKey::inspect(&typed);
    assert_eq!(RecoveryKey::parse(&typed).is_ok(), seen.is_complete, "{}", vector.name);
    vec![
        format!("wrong rows: {:?}", seen.wrong_rows),
        format!("digits: {}", seen.digits),
        format!("complete: {}", seen.is_complete),
    ]
}

fn damaged_lines(set: &KeyslotSet) -> Vec<String> {
    assert!(set.is_empty() && set.ways().is_empty(), "nothing of a refused file may be used");
    set.damaged().iter().map(damaged_line).collect()
}

fn damaged_line(DamagedKeyslotFile { name, reason }: &DamagedKeyslotFile) -> String {
    format!("{name}: {}", code(reason))
}

fn opened_lines(open: &OpenKeyslots) -> Vec<String> {
    let keyring = open.keyring();
    let newest = keyring.newest();
    let (generation, counter) = open.state();
    let mut lines = vec![
        format!("repository {}", open.repository()),
        format!("opened by {}", open.opened_by()),
        format!("generation {generation}, counter {counter}, key id {}", newest.key_id()),
    ];
    let earlier = keyring.data_keys().skip(1);
    lines.extend(
        earlier.map(|key| format!("earlier generation {}, key id {}", key.generation(), key.key_id())),
    );
    lines.extend(open.slots().iter().map(slot_line));
    let report = open.report();
    lines.extend(report.merged.iter().map(|name| format!("merged {name}")));
    lines.extend(report.refused.iter().map(|file| format!("refused {}", damaged_line(file))));
    lines.extend(report.unverified_newer.iter().map(|name| format!("unverified {name}")));
    lines.extend(report.left_behind.iter().map(|name| format!("left behind {name}")));
    lines.extend(derived_lines(newest, keyring.chunk_id_key(), &open.repository()));
    lines
}

fn way_lines(way: &Way) -> Vec<String> {
    let named = way.passkey.as_ref().map(|passkey| {
        let asked = if passkey.is_askable() { "asked for" } else { "not asked for" };
        let (relying_party, id, transports) =
            (passkey.relying_party(), hex(passkey.id()), passkey.transports());
        format!("  relying party {relying_party}, credential {id}, transports {transports}: {asked}")
    });
    [format!("way {} {}", way.id, kind_word(way.kind))].into_iter().chain(named).collect()
}

const fn kind_word(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Password => "password",
        SlotKind::RecoveryKey => "recovery_key",
        SlotKind::Keychain => "keychain",
        SlotKind::Passkey => "passkey",
        SlotKind::Vault => "vault",
    }
}

fn slot_line(slot: &SlotInfo) -> String {
    let proved = slot.details.proved.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let kind = kind_word(slot.kind);
    let reach = match slot.details.reach {
        Reach::ThisComputer => "this_computer",
        Reach::ThisKey => "this_key",
        Reach::Synced => "synced",
        Reach::Anywhere => "anywhere",
    };
    format!(
        "slot {} {kind} '{}' added {} proved {proved} {reach}",
        slot.id, slot.details.name, slot.details.added
    )
}

fn derived_lines(data_key: &DataKey, chunk_id_key: &ChunkIdKey, repository: &RepositoryId) -> Vec<String> {
    let salt: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let kinds = [
        ("pack", FileKind::Pack),
        ("index", FileKind::Index),
        ("snapshot", FileKind::Snapshot),
        ("intent", FileKind::Intent),
    ];
    let subkeys = [
        ("library database", Subkey::LibraryDatabase),
        ("library media", Subkey::LibraryMedia),
        ("library door", Subkey::LibraryDoor),
        ("pins", Subkey::Pins),
    ];
    let files = kinds.map(|(name, kind)| {
        let file = data_key.derive_file_key(repository, kind, &salt);
        format!(
            "file key {name}: {} {} {}",
            hex(file.key.expose()),
            hex(&file.base_nonce),
            hex(&file.commitment)
        )
    });
    let subkeys = subkeys.map(|(name, purpose)| {
        format!("subkey {name}: {}", hex(data_key.derive_subkey(purpose, repository).expose()))
    });
    let chunk = format!("chunk id 1 'hello': {}", hex(&chunk_id_key.derive_chunk_id(1, b"hello")));
    let input = format!("passkey input: {}", hex(&repository.derive_passkey_input()));
    files.into_iter().chain(subkeys).chain([chunk, input]).collect()
}

/// The word a vector uses for an error.
#[expect(clippy::wildcard_enum_match_arm, reason = "a code no vector expects fails the vector")]
fn code(error: &KeyError) -> &'static str {
    match error {
        KeyError::WrongSecret => "wrong_secret",
        KeyError::Tampered => "tampered",
        KeyError::RemovedWay { .. } => "removed_way",
        KeyError::OtherRepository => "other_repository",
        KeyError::NameMismatch => "name_mismatch",
        KeyError::Malformed { .. } => "malformed",
        KeyError::Newer { .. } => "newer",
        KeyError::TooExpensive { .. } => "too_expensive",
        KeyError::TooWeak { .. } => "too_weak",
        _ => "another error",
    }
}

fn open_in_plain_aes_gcm(vector: &Vector, number: &str) -> String {
    let bytes = |name: &str| from_hex(&value(vector, name));
    let key = bytes(&format!("wrapping key {number}"));
    let (nonce, aad, msg) = (bytes("nonce"), bytes("associated data"), bytes("ciphertext and tag"));
    let cipher = Aes256Gcm::new_from_slice(&key).unwrap();
    hex(&cipher.decrypt(&Nonce::try_from(&nonce[..]).unwrap(), Payload { msg: &msg, aad: &aad }).unwrap())
}

fn value(vector: &Vector, name: &str) -> String {
    let prefix = format!("{name}: ");
    vector.then.iter().find_map(|line| line.strip_prefix(&prefix)).unwrap().to_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors/keys")
}

fn read_vectors() -> Vec<Vector> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths.iter().map(|path| read_vector(path)).collect()
}

fn read_vector(path: &Path) -> Vector {
    let text = std::fs::read_to_string(path).unwrap();
    let (head, then) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let head: Vec<(&str, &str)> = head.lines().map(|line| line.split_once(": ").unwrap()).collect();
    let (files, given): (Vec<_>, Vec<_>) = head.into_iter().partition(|(name, _)| *name == "file");
    Vector {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        given: given.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
        files: files.into_iter().map(|(_, name)| read_file(name)).collect(),
        then: then.lines().map(str::to_owned).collect(),
    }
}

fn read_file(name: &str) -> (String, Vec<u8>) {
    (name.to_owned(), std::fs::read(folder().join("files").join(name)).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
