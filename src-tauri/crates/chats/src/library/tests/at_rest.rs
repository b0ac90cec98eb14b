//! What lies on the disk: nothing plain, and nothing that opens with another key.

use super::*;
use std::fs;
use std::path::Path;

const MARKER: &str = "MARKER-7f3a-grün-marker";

fn every_file(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn nothing_plain_reaches_the_disk() {
    let home = Home::new();
    let chat = (0..3000)
        .fold(Chat::text(MARKER), |chat, minute| chat.say(minute, MARKER, &format!("{MARKER} {minute}")));
    let chat = chat.file(4000, &format!("{MARKER}.jpg"), MARKER.repeat(9000).as_bytes());
    let mut run = home.library.begin_import(ImportOptions::default(), Some(&home.media)).unwrap();
    chat.read(&mut run).unwrap();
    let outcome = run.finish().unwrap();
    home.library.remove_conversation(outcome.conversations[0]).unwrap();
    let mut run = home.library.begin_import(ImportOptions::default(), Some(&home.media)).unwrap();
    chat.read(&mut run).unwrap();

    // In the middle of a run the write-ahead log has pages too.
    let mut files = Vec::new();
    every_file(home.folder.path(), &mut files);
    run.finish().unwrap();
    every_file(home.folder.path(), &mut files);

    let utf16: Vec<u8> = MARKER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let plain =
        [MARKER.as_bytes().to_vec(), utf16, MARKER.to_lowercase().into_bytes(), b"SQLite format".to_vec()];
    let seen: Vec<&String> = files
        .iter()
        .filter(|(_, bytes)| plain.iter().any(|marker| memchr::memmem::find(bytes, marker).is_some()))
        .map(|(name, _)| name)
        .collect();
    assert!(
        files.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()),
        "the log is looked at too"
    );
    assert!(files.len() >= 4);
    assert_eq!(seen, Vec::<&String>::new());
}

#[test]
fn another_key_is_refused_by_name() {
    let home = Home::new();
    home.import(&Chat::native("7").talk(0, 10));
    let path = home.folder.path().join("library.db");
    let Home { folder, library, media: _media } = home;
    drop(library);

    let refused = Library::open(&path, &key(9));
    let opened = Library::open(&path, &key(7));

    assert!(matches!(refused.err(), Some(LibraryError::WrongKey)));
    assert_eq!(opened.unwrap().counts().unwrap().messages, 10);
    drop(folder);
}

#[test]
fn a_damaged_file_is_told_from_a_wrong_key() {
    let home = Home::new();
    home.import(&Chat::native("7").talk(0, 10));
    let path = home.folder.path().join("library.db");
    let Home { folder, library, media: _media } = home;
    drop(library);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();

    let refused = Library::open(&path, &key(7));

    assert!(matches!(refused.err(), Some(LibraryError::Damaged { .. })));
    drop(folder);
}

#[test]
fn a_damaged_page_further_on_is_named_when_it_is_read() {
    let home = Home::new();
    let id = home.import(&Chat::native("7").talk(0, 20_000)).conversations[0];
    let path = home.folder.path().join("library.db");
    let Home { folder, library, media: _media } = home;
    drop(library);
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 8192;
    for page in (pages / 4)..(pages * 3 / 4) {
        bytes[page * 8192 + 99] ^= 1;
    }
    fs::write(&path, bytes).unwrap();

    let opened = Library::open(&path, &key(7)).unwrap();
    let read: Vec<_> = (0..20).filter_map(|part| opened.messages(id, part * 1000, 1000).err()).collect();

    assert!(
        !read.is_empty() && read.iter().all(|error| matches!(error, LibraryError::Damaged { .. })),
        "{read:?}"
    );
    drop(folder);
}

#[test]
fn a_newer_file_is_refused() {
    let home = Home::new();
    let path = home.folder.path().join("library.db");
    home.library.0.writer().unwrap().pragma_update(None, "user_version", 99).unwrap();
    let Home { folder, library, media: _media } = home;
    drop(library);

    let refused = Library::open(&path, &key(7));

    assert!(matches!(refused.err(), Some(LibraryError::Newer { found: 99, known: 1 })));
    drop(folder);
}

#[test]
fn everything_is_there_after_reopening() {
    let home = Home::new();
    let id = home.import(&Chat::native("7").talk(0, 500)).conversations[0];
    let (json, row) = (home.json(id), home.only_chat());

    let home = home.reopen();

    assert_eq!((home.json(id), home.only_chat()), (json, row));
    assert_eq!(home.import(&Chat::native("7").talk(0, 510)).added, 10);
}

/// Runs in a process of its own, which kills itself in the middle of an import.
#[test]
#[ignore = "run by a_killed_import_leaves_a_usable_library"]
fn import_and_be_killed() {
    let Ok(path) = std::env::var("COFFER_KILLED_LIBRARY") else { return };
    let library = Library::open(Path::new(&path), &key(7)).unwrap();
    let chat = Chat::native("7").talk(0, 6000);
    let mut run = library.begin_import(ImportOptions::default(), None).unwrap();
    run.conversation(&chat.conversation).unwrap();
    let last: usize = std::env::var("COFFER_KILLED_AFTER").unwrap().parse().unwrap();
    for message in chat.messages.iter().take(last) {
        run.message(message.clone(), &mut Files { chat: &chat, message }).unwrap();
    }
    std::process::abort();
}

fn kill_after(path: &Path, messages: usize) {
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "library::tests::at_rest::import_and_be_killed", "--ignored"])
        .env("COFFER_KILLED_LIBRARY", path)
        .env("COFFER_KILLED_AFTER", messages.to_string())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
}

#[test]
fn a_killed_import_leaves_a_usable_library() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    kill_after(&path, 999);
    let after_first = Library::open(&path, &key(7)).unwrap().counts().unwrap().messages;
    kill_after(&path, 5500);

    let library = Library::open(&path, &key(7)).unwrap();

    assert_eq!((after_first, library.counts().unwrap().messages), (0, 5000));
    let mut run = library.begin_import(ImportOptions::default(), None).unwrap();
    Chat::native("7").talk(0, 6000).read(&mut run).unwrap();
    let outcome = run.finish().unwrap();
    assert_eq!((outcome.added, outcome.present), (1000, 5000));
}
