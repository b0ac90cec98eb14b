//! A second reader, in another language and from the two texts alone, restores what this crate wrote.

use crate::small::{Content, Small, content, fill, info};
use coffer_archive::{ChunkKind, Counts, Entry, MemoryStore, Repository, SnapshotId, WriterId};
use coffer_keys::{Argon2Params, PasskeyCredential, Reach, RecoveryKey, SlotDetails, UnlockSecret};
use coffer_secret::testing::SeededEntropy;
use coffer_secret::{Entropy, Secret, SecretString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

const PASSWORD: &str = "six words\u{a0}of caf\u{65}\u{301}";

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/reader/coffer_reader.py")
}

/// The Python with the packages of `tests/reader/requirements.txt`; `None`, with the reason printed, without one.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("COFFER_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!(
            "skipped: COFFER_PYTHON names no Python with the packages of tests/reader/requirements.txt"
        );
    }
    python
}

fn run(python: &Path, arguments: &[&str], secret: &str) -> Output {
    let mut child = Command::new(python)
        .arg(script())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{secret}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn write_out(store: &MemoryStore) -> TempDir {
    let place = TempDir::new().unwrap();
    for (name, bytes) in store.files() {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    place
}

fn digits(secret: &UnlockSecret) -> String {
    match secret {
        UnlockSecret::RecoveryKey(key) => {
            key.groups().iter().map(|group| group.expose().to_owned()).collect::<Vec<_>>().join(" ")
        }
        UnlockSecret::Password(_) | UnlockSecret::Keychain(_) | UnlockSecret::Passkey(_) => {
            panic!("not the 64 digits")
        }
    }
}

fn file_name(name: &[u8]) -> String {
    name.iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(*byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn assert_restored(folder: &Path, id: &SnapshotId, content: &Content) {
    let folder = folder.join(id.to_string());
    for (name, (meta, bytes)) in content {
        let file = file_name(name);
        assert!(fs::read(folder.join(&file)).unwrap() == *bytes, "{file}");
        assert!(fs::read(folder.join(format!("{file}.meta"))).unwrap() == *meta, "{file}.meta");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), content.len() * 2);
}

fn way(name: &str) -> SlotDetails {
    SlotDetails { name: name.into(), added: 0, proved: None, reach: Reach::Anywhere }
}

/// What a real repository holds: long lists, deep trees, large media, no padding left out.
fn large_content() -> Content {
    let noise = |seed: u64, length: usize| {
        let mut bytes = vec![0; length];
        SeededEntropy::new(seed).fill(&mut bytes);
        bytes
    };
    let mut entries = Content::new();
    for n in 0..700_u64 {
        entries.insert(format!("media/{n:04}").into_bytes(), (Vec::new(), noise(n, 40)));
    }
    entries.insert(b"media/film".to_vec(), (b"video".to_vec(), noise(9999, 9_000_000)));
    entries.insert(b"chat/long".to_vec(), (b"t".to_vec(), b"one line of a long chat\n".repeat(20_000)));
    entries.insert("chat/\u{e9}\u{0}/../x".as_bytes().to_vec(), (Vec::new(), Vec::new()));
    entries
}

fn store_large(repository: &Repository<coffer_archive::Unlocked>, entropy: &Arc<dyn Entropy>) -> SnapshotId {
    let mut run = repository.begin(info(WriterId([8; 16]), None), -1, Arc::clone(entropy)).unwrap();
    for (name, (meta, bytes)) in large_content() {
        let (kind, (chunks, length)) = if name.starts_with(b"chat/") {
            // Segments of 1,000 bytes: enough of them that their list becomes a tree.
            let chunks = bytes
                .chunks(1_000)
                .zip(0_u32..)
                .map(|(piece, n)| {
                    let segment = [piece, &n.to_be_bytes()].concat();
                    run.put_chunk(ChunkKind::Messages, &segment[..piece.len()]).unwrap()
                })
                .collect();
            (ChunkKind::Messages, (chunks, u64::try_from(bytes.len()).unwrap()))
        } else {
            (ChunkKind::Media, run.put_stream(ChunkKind::Media, &mut bytes.as_slice()).unwrap())
        };
        run.add_entry(Entry { name, kind, length, chunks, meta }).unwrap();
    }
    run.commit(Counts::default()).unwrap().id
}

#[test]
fn the_second_reader_restores_every_byte_with_the_digits_and_with_the_password() {
    let Some(python) = python() else { return };
    let small = Small::make();
    let repository = small.open();
    let password = UnlockSecret::Password(SecretString::new(PASSWORD.to_owned()));
    repository
        .open_keyslots_mut()
        .add(&password, way("password"), Argon2Params::FLOOR, &*small.entropy)
        .unwrap();
    repository.save_keyslots(&*small.entropy).unwrap();
    let large = store_large(&repository, &small.entropy);
    let place = write_out(&small.store);
    let at = place.path().to_str().unwrap();

    // Typed on a system that composes letters otherwise, with a plain space.
    for secret in [digits(&small.secret), "six words of caf\u{e9}".to_owned()] {
        let out = TempDir::new().unwrap();
        let done = run(&python, &["restore", at, out.path().to_str().unwrap()], &secret);

        assert!(done.status.success(), "{}", text(&done.stderr));
        assert_eq!(text(&done.stderr), "");
        assert_restored(out.path(), &small.first.id, &content(1));
        assert_restored(out.path(), &small.second.id, &content(2));
        assert_restored(out.path(), &large, &large_content());
    }
}

#[test]
fn the_second_reader_lists_the_backups() {
    let Some(python) = python() else { return };
    let small = Small::make();
    let place = write_out(&small.store);

    let done = run(&python, &["list", place.path().to_str().unwrap()], &digits(&small.secret));

    let mut lines: Vec<String> = text(&done.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    let line = |id: &SnapshotId, chats: u64| format!("{id} 1000 kitchen {chats} 0 0");
    let mut expected = [line(&small.first.id, 1), line(&small.second.id, 2)];
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn the_second_reader_reads_across_a_change_of_the_data_key() {
    let Some(python) = python() else { return };
    let small = Small::make();
    let repository = small.open();
    let other = UnlockSecret::RecoveryKey(RecoveryKey::make(&SeededEntropy::new(3)));
    {
        let mut keys = repository.open_keyslots_mut();
        keys.add(&other, way("kept"), Argon2Params::FLOOR, &*small.entropy).unwrap();
        keys.change_data_key(&*small.entropy).unwrap();
    }
    repository.save_keyslots(&*small.entropy).unwrap();
    let mut run_three = repository
        .begin(info(small.writer, Some(small.second.head())), 0, Arc::clone(&small.entropy))
        .unwrap();
    let mut third = content(2);
    third.insert(b"chat/new".to_vec(), (Vec::new(), b"under the second data key".to_vec()));
    let counts = fill(&mut run_three, &third).unwrap();
    let third_snapshot = run_three.commit(counts).unwrap();
    let place = write_out(&small.store);

    assert_eq!((small.second.generation, third_snapshot.generation), (1, 2));
    for secret in [&small.secret, &other] {
        let out = TempDir::new().unwrap();
        let arguments = ["restore", place.path().to_str().unwrap(), out.path().to_str().unwrap()];
        let done = run(&python, &arguments, &digits(secret));
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert_restored(out.path(), &small.second.id, &content(2));
        assert_restored(out.path(), &third_snapshot.id, &third);
    }
}

#[test]
fn the_second_reader_needs_no_index_and_names_what_is_damaged() {
    let Some(python) = python() else { return };
    let small = Small::make();
    for name in small.store.files().into_keys().filter(|name| name.starts_with("index/")) {
        small.store.vanish(&name);
    }
    let whole = write_out(&small.store);
    let pack = small.store.files().into_keys().find(|name| name.starts_with("packs/")).unwrap();
    let mut bytes = small.store.files()[&pack].clone();
    bytes[90] ^= 1;
    small.store.replace(&pack, bytes);
    let damaged = write_out(&small.store);
    let (out, part) = (TempDir::new().unwrap(), TempDir::new().unwrap());

    let restored = |place: &TempDir, out: &TempDir| {
        let arguments = ["restore", place.path().to_str().unwrap(), out.path().to_str().unwrap()];
        run(&python, &arguments, &digits(&small.secret))
    };
    let all = restored(&whole, &out);
    let some = restored(&damaged, &part);

    assert!(all.status.success(), "{}", text(&all.stderr));
    assert_restored(out.path(), &small.second.id, &content(2));
    assert!(!some.status.success());
    assert!(text(&some.stderr).contains(pack.get(9..73).unwrap()), "{}", text(&some.stderr));
}

#[test]
fn the_second_reader_refuses_a_wrong_secret() {
    let Some(python) = python() else { return };
    let small = Small::make();
    let place = write_out(&small.store);
    let wrong = digits(&UnlockSecret::RecoveryKey(RecoveryKey::make(&SeededEntropy::new(99))));

    let done = run(&python, &["list", place.path().to_str().unwrap()], &wrong);

    assert!(!done.status.success());
    assert_eq!(text(&done.stderr).trim(), "wrong password, digits or passkey");
}

#[test]
fn the_second_reader_names_the_passkey_and_opens_with_what_it_gave() {
    let Some(python) = python() else { return };
    let small = Small::make();
    let repository = small.open();
    let output = Secret::<32>::make(&SeededEntropy::new(5));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let passkey = PasskeyCredential::new(1, vec![0xab; 40], 3).unwrap();
    let secret = UnlockSecret::Passkey(output.duplicate());
    repository
        .open_keyslots_mut()
        .add_passkey(&secret, &passkey, way("Security key"), &*small.entropy)
        .unwrap();
    repository.save_keyslots(&*small.entropy).unwrap();
    let place = write_out(&small.store);
    let (out, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (right, wrong) = (files.path().join("right"), files.path().join("wrong"));
    fs::write(&right, hex(output.expose())).unwrap();
    fs::write(&wrong, hex(&[7; 32])).unwrap();
    let at = place.path().to_str().unwrap();
    let restore = |file: &Path| {
        let arguments = ["restore", at, out.path().to_str().unwrap(), "--passkey", file.to_str().unwrap()];
        run(&python, &arguments, "")
    };

    let named = run(&python, &["input", at], "");
    let refused = restore(&wrong);
    let restored = restore(&right);

    let input = hex(&repository.repository_id().derive_passkey_input());
    let expected = format!("{input} coffer.invalid {} 3", hex(passkey.id()));
    assert_eq!(text(&named.stdout).trim(), expected, "{}", text(&named.stderr));
    assert_eq!(text(&refused.stderr).trim(), "wrong password, digits or passkey");
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    assert_restored(out.path(), &small.second.id, &content(2));
}
