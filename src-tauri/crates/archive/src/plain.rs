//! The files of a place that anybody can read: what it is, and how to get the backup back (FORMAT.md, section 1).

use crate::aead::MAJOR;
use crate::damage::{Damage, What};
use crate::error::ArchiveError;
use crate::names::{COFFER_JSON, hex, parse_hex};
use crate::store::{Store, StoreError};
use coffer_keys::RepositoryId;

/// The format's minor number: what readers may ignore.
const MINOR: u16 = 0;
/// Largest `coffer.json` that is read.
const JSON_LIMIT: u64 = 64 << 10;
/// Largest text that is read.
const TEXT_LIMIT: u64 = 1 << 20;

/// The texts that travel with every backup.
const TEXTS: [(&str, &str); 3] = [
    ("READ-ME.txt", include_str!("../READ-ME.txt")),
    ("FORMAT.md", include_str!("../FORMAT.md")),
    ("KEYSLOTS.md", include_str!("../../keys/KEYSLOTS.md")),
];

/// What `coffer.json` says. Nothing in it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// There is none.
    Absent,
    /// It is of a format this version can read.
    Readable {
        /// The repository it names.
        repository: Option<RepositoryId>,
    },
    /// It is of a newer format.
    Newer {
        /// Which.
        major: u16,
    },
    /// It is empty, cut short, or its bytes changed.
    Broken(What),
}

/// Reads `coffer.json`.
pub(crate) fn read(store: &dyn Store) -> Result<Plain, ArchiveError> {
    let bytes = match store.get(COFFER_JSON, JSON_LIMIT) {
        Ok(bytes) => bytes,
        Err(StoreError::NotFound) => return Ok(Plain::Absent),
        Err(StoreError::TooLarge { .. } | StoreError::Io { .. }) => return Ok(Plain::Broken(What::Damaged)),
        Err(error) => return Err(error.into()),
    };
    Ok(parse(&bytes))
}

fn parse(bytes: &[u8]) -> Plain {
    if bytes.is_empty() {
        return Plain::Broken(What::Partial);
    }
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return Plain::Broken(What::Damaged);
    };
    let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str);
    let major = value.get("major").and_then(serde_json::Value::as_u64).and_then(|m| u16::try_from(m).ok());
    let (Some("coffer"), Some(major)) = (text("format"), major) else { return Plain::Broken(What::Damaged) };
    let is_whole = text("check").is_some_and(|check| check == check_of(bytes, check));
    if !is_whole {
        return Plain::Broken(What::Damaged);
    }
    if major > MAJOR {
        return Plain::Newer { major };
    }
    Plain::Readable { repository: text("repository").and_then(parse_hex).map(RepositoryId::from_bytes) }
}

/// The hash of the file with its own check replaced by zeros.
fn check_of(bytes: &[u8], check: &str) -> String {
    let text = String::from_utf8_lossy(bytes).replace(check, &"0".repeat(64));
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

fn encode(repository: &RepositoryId) -> String {
    let texts: Vec<String> = TEXTS
        .iter()
        .map(|(name, text)| format!("    \"{name}\": \"{}\"", blake3::hash(text.as_bytes()).to_hex()))
        .collect();
    let draft = format!(
        "{{\n  \"format\": \"coffer\",\n  \"major\": {MAJOR},\n  \"minor\": {MINOR},\n  \"repository\": \"{}\",\n  \
         \"restore\": \"Install Coffer, choose Restore, pick this folder, and unlock with a password, the 64 digits or a passkey.\",\n  \
         \"texts\": {{\n{}\n  }},\n  \"check\": \"{}\"\n}}\n",
        hex(repository.as_bytes()),
        texts.join(",\n"),
        "0".repeat(64),
    );
    let check = check_of(draft.as_bytes(), &"0".repeat(64));
    draft.replace(&"0".repeat(64), &check)
}

/// Writes the texts, then `coffer.json`: what is missing or was left half by a crash. Texts of another version stay.
pub(crate) fn write(store: &dyn Store, repository: &RepositoryId) -> Result<(), ArchiveError> {
    let damaged = check(store, repository)?;
    if damaged.is_empty() {
        return Ok(());
    }
    for (name, text) in TEXTS {
        put(store, name, text.as_bytes())?;
    }
    put(store, COFFER_JSON, encode(repository).as_bytes())
}

fn put(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    match store.put(name, bytes) {
        Err(StoreError::Exists) => {
            store.delete(name)?;
            Ok(store.put(name, bytes)?)
        }
        other => Ok(other?),
    }
}

/// Compares these files with what `coffer.json` says, and that with itself.
pub(crate) fn check(store: &dyn Store, repository: &RepositoryId) -> Result<Vec<Damage>, ArchiveError> {
    let what = match read(store)? {
        Plain::Absent => Some(What::Missing),
        Plain::Broken(what) => Some(what),
        Plain::Newer { .. } => Some(What::Newer),
        Plain::Readable { repository: named } if named != Some(*repository) => Some(What::Foreign),
        Plain::Readable { .. } => None,
    };
    if let Some(what) = what {
        return Ok(vec![Damage::new(COFFER_JSON, what)]);
    }
    let json = store.get(COFFER_JSON, JSON_LIMIT)?;
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap_or_default();
    let mut damaged = Vec::new();
    for (name, _) in TEXTS {
        let hash = value.get("texts").and_then(|texts| texts.get(name)).and_then(serde_json::Value::as_str);
        let what = match store.get(name, TEXT_LIMIT) {
            Ok(text) if hash.and_then(parse_hex).is_some_and(|hash| blake3::hash(&text) == hash) => continue,
            Ok(text) if text.is_empty() => What::Partial,
            Err(StoreError::NotFound) => What::Missing,
            Ok(_) | Err(StoreError::TooLarge { .. } | StoreError::Io { .. }) => What::Damaged,
            Err(error) => return Err(error.into()),
        };
        damaged.push(Damage::new(name, what));
    }
    Ok(damaged)
}

/// The names of these files.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name).chain([COFFER_JSON])
}

/// Says whether a file is one of these.
pub(crate) fn is_plain(name: &str) -> bool {
    names().any(|plain| plain == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const ID: RepositoryId = RepositoryId::from_bytes([0x5a; 16]);

    #[test]
    fn what_is_written_checks_itself() {
        let store = MemoryStore::new();

        write(&store, &ID).unwrap();

        assert_eq!(read(&store).unwrap(), Plain::Readable { repository: Some(ID) });
        assert_eq!(check(&store, &ID).unwrap(), []);
    }

    #[test]
    fn every_flipped_byte_is_found() {
        let store = MemoryStore::new();
        write(&store, &ID).unwrap();

        for (name, bytes) in store.files() {
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x01;
                store.replace(&name, flipped);
                assert_eq!(check(&store, &ID).unwrap().len(), 1, "{name} byte {at}");
            }
            store.replace(&name, bytes);
        }
    }

    #[test]
    fn a_newer_format_is_told_from_a_flipped_number() {
        let flipped = encode(&ID).replace("\"major\": 0", "\"major\": 7");
        let draft =
            format!(r#"{{"format": "coffer", "major": 7, "strange": [1], "check": "{}"}}"#, "0".repeat(64));
        let newer = draft.replace(&"0".repeat(64), &check_of(draft.as_bytes(), &"0".repeat(64)));

        assert_eq!(parse(flipped.as_bytes()), Plain::Broken(What::Damaged));
        assert_eq!(parse(newer.as_bytes()), Plain::Newer { major: 7 });
        assert_eq!(parse(b""), Plain::Broken(What::Partial));
        assert_eq!(parse(br#"{"format": "other"}"#), Plain::Broken(What::Damaged));
    }

    #[test]
    fn half_written_files_are_written_again() {
        let store = MemoryStore::new();
        write(&store, &ID).unwrap();
        let whole = store.files();
        store.replace("coffer.json", whole["coffer.json"][..40].to_vec());
        store.vanish("FORMAT.md");

        write(&store, &ID).unwrap();

        assert_eq!(store.files(), whole);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, text: String) {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }
    }
}
