//! A repository that an earlier build wrote: it must open for as long as its major version is supported.
//!
//! `UPDATE_EXPECTED=1` writes it anew; while the major version is 0 that is allowed.

use crate::small::{Content, Small, as_store};
use coffer_archive::{CheckDepth, MemoryStore, Repository, SnapshotId, Store};
use coffer_keys::{RecoveryKey, UnlockSecret};
use coffer_secret::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors/archive/format-0")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What must come out, byte for byte.
fn expectation(small: &Small) -> Value {
    let UnlockSecret::RecoveryKey(key) = &small.secret else { panic!("not the 64 digits") };
    let digits: Vec<String> = key.groups().iter().map(|group| group.expose().to_owned()).collect();
    let entries = |content: &Content| -> BTreeMap<String, Value> {
        let one = |(name, (meta, bytes)): (&Vec<u8>, &(Vec<u8>, Vec<u8>))| {
            (String::from_utf8(name.clone()).unwrap(), json!({"meta": hex(meta), "content": hex(bytes)}))
        };
        content.iter().map(one).collect()
    };
    let backups: BTreeMap<String, Value> =
        small.expected.iter().map(|(id, content)| (id.to_string(), json!(entries(content)))).collect();
    json!({
        "expect": "opens with the digits; both backups give exactly these entries; a check of every byte finds nothing",
        "digits": digits.join(" "),
        "backups": backups,
    })
}

fn write_anew() {
    let small = Small::make();
    drop(fs::remove_dir_all(folder()));
    for (name, bytes) in small.store.files() {
        let path = folder().join("place").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(folder().join("expect.json"), format!("{:#}\n", expectation(&small))).unwrap();
}

fn read_into(store: &MemoryStore, folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read_into(store, &entry.path(), &format!("{name}/"));
        } else {
            store.put(&name, &fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

#[test]
fn the_golden_repository_of_format_0_opens_and_gives_every_byte() {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        write_anew();
    }
    let expected: Value = serde_json::from_slice(&fs::read(folder().join("expect.json")).unwrap()).unwrap();
    let store = Arc::new(MemoryStore::new());
    read_into(&store, &folder().join("place"), "");
    let digits = SecretString::new(expected["digits"].as_str().unwrap().to_owned());
    let secret = UnlockSecret::RecoveryKey(RecoveryKey::parse(&digits).unwrap());

    let repository = Repository::open(as_store(&store)).unwrap().unlock(&secret).unwrap();
    let outcome = repository.check(CheckDepth::EveryByte, &mut |_, _| ControlFlow::Continue(())).unwrap();

    assert!(outcome.is_ok(), "{:?}", outcome.damaged);
    assert_eq!(outcome.snapshots, 2);
    for (id, entries) in expected["backups"].as_object().unwrap() {
        let reader = repository.read(&SnapshotId::parse(id).unwrap()).unwrap();
        assert_eq!(reader.entries().len(), entries.as_object().unwrap().len());
        for entry in reader.entries() {
            let wanted = &entries[std::str::from_utf8(&entry.name).unwrap()];
            let mut content = Vec::new();
            reader.read_entry(entry, &mut content).unwrap();
            assert_eq!(wanted["content"], hex(&content));
            assert_eq!(wanted["meta"], hex(&entry.meta));
        }
    }
}
