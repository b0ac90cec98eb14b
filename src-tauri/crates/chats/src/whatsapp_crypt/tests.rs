use super::*;
use crate::app_key::tests::{device_file, java};
use crate::sealed_copy::tests::workroom;
use aes_gcm::aead::{Aead, KeyInit, consts::U16};
use coffer_secret::SecretString;
use std::fs;
use std::path::PathBuf;

/// A folder with a backup in it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn backup(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("msgstore.db.crypt");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn open(&self, bytes: &[u8], key: Option<&AppKey>) -> Result<Vec<u8>, ChatError> {
        let room = workroom(&self.folder.path().join("room"));
        let opened = open(&self.backup(bytes), key, &room, &mut |_, _| {}, &Cancel::default());
        let left = fs::read_dir(self.folder.path().join("room")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "no file is left, opened or not");
        let copy = opened?;
        let mut content = vec![0; usize::try_from(copy.length()).unwrap()];
        copy.read_at(0, &mut content)?;
        Ok(content)
    }
}

fn database() -> Vec<u8> {
    let mut bytes = b"SQLite format 3\0".to_vec();
    bytes.extend((0..200_000_u32).flat_map(|n| (n / 7).to_le_bytes()));
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn sealed(key: [u8; 32], plain: &[u8]) -> Vec<u8> {
    aes_gcm::AesGcm::<aes::Aes256, U16>::new(&key.into()).encrypt(&[5; 16].into(), plain).unwrap()
}

fn with_sum(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = Md5::digest(&bytes);
    bytes.extend(sum);
    bytes
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
    out.extend(bytes);
    out
}

fn message(fields: &[Vec<u8>]) -> Vec<u8> {
    let body = fields.concat();
    let mut out = vec![u8::try_from(body.len()).unwrap()];
    out.extend(body);
    out
}

fn fifteen(root: [u8; 32], plain: &[u8]) -> Vec<u8> {
    let key = keys::tests_only_content_key(root);
    let mut file = message(&[vec![8, 1], field(3, &field(1, &[5; 16])), field(4, &field(1, b"2.24.1.1"))]);
    file.extend(sealed(key, plain));
    file
}

fn fourteen(key: [u8; 32], plain: &[u8]) -> Vec<u8> {
    let parts =
        [field(1, &[0, 1]), field(2, b"2"), field(3, &[3; 32]), field(4, &[9; 16]), field(5, &[5; 16])];
    let mut file = message(&[vec![8, 0], field(2, &parts.concat())]);
    file.extend(sealed(key, plain));
    with_sum(file)
}

fn twelve(key: [u8; 32], plain: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 1, 2];
    file.extend([3; 32]);
    file.extend([9; 16]);
    file.extend([5; 16]);
    file.extend(sealed(key, plain));
    let mut file = with_sum(file);
    file.extend(b"--67");
    file
}

fn digits(byte: u8) -> AppKey {
    AppKey::from_text(&SecretString::new(format!("{byte:02x}").repeat(32)))
}

fn device(salt: u8, key: [u8; 32]) -> AppKey {
    AppKey::from_file(&device_file(salt, key)).unwrap()
}

#[test]
fn crypt15_opens_with_the_digits_and_with_the_key_file() {
    let (bench, content) = (Bench::new(), database());
    let file = with_sum(fifteen([0xab; 32], &packed(&content)));

    assert_eq!(bench.open(&file, Some(&digits(0xab))).unwrap(), content);
    assert_eq!(bench.open(&file, Some(&AppKey::from_file(&java(&[0xab; 32])).unwrap())).unwrap(), content);
}

#[test]
fn crypt15_without_its_md5_opens() {
    let (bench, content) = (Bench::new(), database());

    assert_eq!(bench.open(&fifteen([1; 32], &packed(&content)), Some(&digits(1))).unwrap(), content);
}

#[test]
fn crypt14_and_crypt12_open_with_the_phones_key_file() {
    let (bench, content) = (Bench::new(), database());
    let key = device(3, [7; 32]);

    assert_eq!(bench.open(&fourteen([7; 32], &packed(&content)), Some(&key)).unwrap(), content);
    assert_eq!(bench.open(&twelve([7; 32], &packed(&content)), Some(&key)).unwrap(), content);
}

#[test]
fn a_database_that_was_not_packed_opens() {
    let (bench, content) = (Bench::new(), database());

    assert_eq!(bench.open(&fourteen([7; 32], &content), Some(&device(3, [7; 32]))).unwrap(), content);
}

#[test]
fn without_a_key_it_says_which_one_is_missing() {
    let bench = Bench::new();
    let word = |bytes: &[u8]| match bench.open(bytes, None) {
        Err(ChatError::NeedsAppKey { kind }) => kind,
        other => panic!("{:?}", other.map(|_| ())),
    };

    assert_eq!(word(&fifteen([1; 32], &[0; 99])), "whatsapp_digits");
    assert_eq!(word(&fourteen([1; 32], &[0; 99])), "whatsapp_key_file");
    assert_eq!(word(&twelve([1; 32], &[0; 99])), "whatsapp_key_file");
}

#[test]
fn a_wrong_key_is_said_to_be_wrong() {
    let bench = Bench::new();
    let plain = packed(&database());
    let refused = |bytes: &[u8], key: &AppKey| bench.open(bytes, Some(key)).map(|_| ()).unwrap_err();

    assert!(matches!(refused(&with_sum(fifteen([1; 32], &plain)), &digits(2)), ChatError::WrongAppKey));
    assert!(matches!(refused(&fifteen([1; 32], &plain), &digits(2)), ChatError::WrongAppKeyOrDamaged));
    assert!(matches!(refused(&fourteen([1; 32], &plain), &device(3, [2; 32])), ChatError::WrongAppKey));
    assert!(matches!(refused(&fourteen([1; 32], &plain), &device(4, [1; 32])), ChatError::WrongAppKey));
    assert!(matches!(refused(&twelve([1; 32], &plain), &device(3, [2; 32])), ChatError::WrongAppKey));
    assert!(matches!(
        refused(&with_sum(fifteen([1; 32], &plain)), &device(3, [1; 32])),
        ChatError::WrongAppKey
    ));
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let bench = Bench::new();
    let file = with_sum(fifteen([1; 32], &packed(&database()[..3000])));

    for at in 0..file.len() - 16 {
        let mut changed = file.clone();
        changed[at] ^= 0x10;
        // Facts beside the initial value (version, kind of key) are not sealed, so such a change may open; never as something else.
        match bench.open(&changed, Some(&digits(1))) {
            Ok(content) => assert_eq!(content, database()[..3000], "byte {at}"),
            Err(
                ChatError::WrongAppKey
                | ChatError::WrongAppKeyOrDamaged
                | ChatError::Unknown { .. }
                | ChatError::NeedsAppKey { .. },
            ) => {}
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused_at_every_length() {
    let bench = Bench::new();
    let file = with_sum(fifteen([1; 32], &packed(&database()[..3000])));

    for length in 0..file.len() {
        // Without all of its MD5 it is a backup in several files, whose last 16 bytes are the tag.
        let opened = bench.open(&file[..length], Some(&digits(1)));
        assert_eq!(opened.is_ok(), length == file.len() - 16, "{length}");
    }
}

#[test]
fn a_backup_that_unpacks_to_too_much_is_refused() {
    let bench = Bench::new();
    let bomb = packed(&vec![0; 1 << 20]);
    let unpack = |limit| {
        let mut unpacker = Unpacker::new(workroom(bench.folder.path()).begin().unwrap(), limit);
        bomb.chunks(100).for_each(|piece| unpacker.take(piece).unwrap());
        unpacker.finish().map(|copy| copy.length())
    };

    assert_eq!(unpack(1 << 20).unwrap(), 1 << 20);
    assert!(matches!(unpack((1 << 20) - 1), Err(ChatError::TooBig { .. })));
}

#[test]
fn a_stream_that_ends_too_early_is_damaged() {
    let bench = Bench::new();
    let mut plain = packed(&database());
    plain.truncate(plain.len() / 2);

    let opened = bench.open(&with_sum(fifteen([1; 32], &plain)), Some(&digits(1)));

    assert!(matches!(opened, Err(ChatError::Damaged { .. })));
}

#[test]
fn cancelling_leaves_nothing() {
    let bench = Bench::new();
    let path = bench.backup(&with_sum(fifteen([1; 32], &packed(&database()))));
    let cancel = Cancel::default();
    cancel.cancel();
    let room = workroom(&bench.folder.path().join("room"));

    let opened = open(&path, Some(&digits(1)), &room, &mut |_, _| {}, &cancel);

    assert!(matches!(opened.map(|_| ()), Err(ChatError::Cancelled)));
    assert_eq!(fs::read_dir(bench.folder.path().join("room")).unwrap().count(), 0);
}
