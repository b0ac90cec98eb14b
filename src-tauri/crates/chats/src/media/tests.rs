use super::*;
use coffer_secret::testing::SeededEntropy;
use std::io::Cursor;

fn key(byte: u8) -> Secret<32> {
    Secret::take(&mut [byte; 32])
}

fn store() -> (tempfile::TempDir, MediaStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = MediaStore::open(folder.path(), &key(1), Arc::new(SeededEntropy::new(1))).unwrap();
    (folder, store)
}

fn content(length: usize) -> Vec<u8> {
    (0_u32..).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).take(length).collect()
}

fn sealed_file(store: &MediaStore, hash: &BlobHash) -> PathBuf {
    store.path(hash)
}

fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(every_file(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_content_comes_back_whole_at_every_edge() {
    let (_folder, store) = store();
    let lengths = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_001];

    let back: Vec<Vec<u8>> = lengths
        .iter()
        .map(|length| store.put(&mut content(*length).as_slice()).unwrap())
        .map(|stored| store.read_range(&stored.hash, 0, u64::MAX).unwrap())
        .collect();

    assert_eq!(back, lengths.map(content));
}

#[test]
fn any_range_can_be_read() {
    let (_folder, store) = store();
    let whole = content(300_000);
    let hash = store.put(&mut whole.as_slice()).unwrap().hash;

    let across = store.read_range(&hash, 65_530, 70_000).unwrap();
    let past = store.read_range(&hash, 299_990, 100).unwrap();
    let after = store.read_range(&hash, 300_000, 1).unwrap();

    assert_eq!(
        (across, past, after),
        (whole[65_530..135_530].to_vec(), whole[299_990..].to_vec(), Vec::new())
    );
}

#[test]
fn reading_and_seeking_give_the_content() {
    let (_folder, store) = store();
    let whole = content(150_000);
    let hash = store.put(&mut whole.as_slice()).unwrap().hash;
    let mut reader = store.open_blob(&hash).unwrap();

    reader.seek(SeekFrom::End(-100_000)).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();

    assert_eq!((rest, reader.size()), (whole[50_000..].to_vec(), 150_000));
}

#[test]
fn the_same_content_is_kept_once() {
    let (folder, store) = store();
    let first = store.put(&mut content(1000).as_slice()).unwrap();
    let before = fs::read(sealed_file(&store, &first.hash)).unwrap();

    let second = store.put(&mut content(1000).as_slice()).unwrap();

    assert_eq!((first.is_new, second.is_new, first.hash), (true, false, second.hash));
    assert_eq!(every_file(folder.path()).len(), 1);
    assert_eq!(fs::read(sealed_file(&store, &first.hash)).unwrap(), before);
}

#[test]
fn names_tell_nothing_without_the_key() {
    let (folder, store) = store();
    let other = MediaStore::open(folder.path(), &key(2), Arc::new(SeededEntropy::new(2))).unwrap();
    let hash = store.put(&mut content(10).as_slice()).unwrap().hash;

    let name = sealed_file(&store, &hash);

    assert!(!name.display().to_string().contains(&hash.to_hex()));
    assert_ne!(name, sealed_file(&other, &hash));
    assert!(matches!(other.read_range(&hash, 0, 1), Err(MediaError::Missing(_))));
}

#[test]
fn the_type_is_told_from_the_content() {
    let (_folder, store) = store();

    let picture = store.put(&mut b"\x89PNG\r\n\x1a\n0000".as_slice()).unwrap();
    let unknown = store.put(&mut b"hello".as_slice()).unwrap();

    assert_eq!((picture.mime.as_str(), unknown.mime.as_str()), ("image/png", "application/octet-stream"));
}

#[test]
fn every_flipped_byte_is_refused() {
    let (_folder, store) = store();
    let hash = store.put(&mut content(300).as_slice()).unwrap().hash;
    let path = sealed_file(&store, &hash);
    let sealed = fs::read(&path).unwrap();

    let opened: Vec<usize> = (0..sealed.len())
        .filter(|at| {
            let mut bytes = sealed.clone();
            bytes[*at] ^= 1;
            fs::write(&path, bytes).unwrap();
            !matches!(store.read_range(&hash, 0, 300), Err(MediaError::Damaged { .. }))
        })
        .collect();

    assert_eq!(opened, Vec::<usize>::new());
}

#[test]
fn cut_and_extended_files_are_refused() {
    let (_folder, store) = store();
    let hash = store.put(&mut content(131_072).as_slice()).unwrap().hash;
    let path = sealed_file(&store, &hash);
    let sealed = fs::read(&path).unwrap();
    let refuses = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        matches!(store.read_range(&hash, 0, 10), Err(MediaError::Damaged { .. })) && !store.has(&hash)
    };

    assert!(refuses(&sealed[..sealed.len() - 1]));
    assert!(refuses(&sealed[..112 + 65_552]));
    assert!(refuses(&sealed[..50]));
    assert!(refuses(&[]));
    assert!(refuses(&[sealed.as_slice(), b"x"].concat()));
}

#[test]
fn records_cannot_change_places() {
    let (_folder, store) = store();
    let hash = store.put(&mut content(262_144).as_slice()).unwrap().hash;
    let path = sealed_file(&store, &hash);
    let mut sealed = fs::read(&path).unwrap();
    let (one, two) = sealed[112..].split_at_mut(65_552);

    one.swap_with_slice(&mut two[..65_552]);
    fs::write(&path, sealed).unwrap();

    assert!(matches!(store.read_range(&hash, 0, 10), Err(MediaError::Damaged { .. })));
    assert_eq!(store.read_range(&hash, 131_072, 10).unwrap(), content(262_144)[131_072..131_082]);
}

#[test]
fn a_file_cannot_stand_in_for_another() {
    let (_folder, store) = store();
    let one = store.put(&mut content(100).as_slice()).unwrap().hash;
    let other = store.put(&mut content(101).as_slice()).unwrap().hash;

    fs::copy(sealed_file(&store, &one), sealed_file(&store, &other)).unwrap();

    assert!(matches!(store.read_range(&other, 0, 10), Err(MediaError::Damaged { what: "header seal", .. })));
}

#[test]
fn a_damaged_file_is_mended_by_the_same_content() {
    let (_folder, store) = store();
    let hash = store.put(&mut content(100).as_slice()).unwrap().hash;
    fs::write(sealed_file(&store, &hash), b"broken").unwrap();

    let again = store.put(&mut content(100).as_slice()).unwrap();

    assert!(again.is_new);
    assert_eq!(store.read_range(&hash, 0, 100).unwrap(), content(100));
}

struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the source went away")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_source_leaves_nothing() {
    let (folder, store) = store();

    let failed = store.put(&mut Failing(Cursor::new(content(100_000))));

    assert!(matches!(failed, Err(MediaError::Source(_))));
    assert_eq!(every_file(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn only_what_is_kept_stays() {
    let (folder, store) = store();
    let kept = store.put(&mut content(10).as_slice()).unwrap().hash;
    let gone = store.put(&mut content(11).as_slice()).unwrap().hash;
    fs::write(folder.path().join(UNFINISHED).join("left"), b"x").unwrap();

    let removed = store.remove_unreferenced(&HashSet::from([kept])).unwrap();
    store.remove_unfinished().unwrap();

    assert_eq!((removed, store.has(&kept), store.has(&gone)), (1, true, false));
    assert_eq!(every_file(folder.path()).len(), 1);
}

#[test]
fn the_plain_content_is_not_on_the_disk() {
    let (folder, store) = store();
    let text = b"a very private picture ".repeat(5000);

    store.put(&mut text.as_slice()).unwrap();

    let found = every_file(folder.path())
        .iter()
        .any(|path| memchr::memmem::find(&fs::read(path).unwrap(), b"private").is_some());
    assert!(!found);
}
