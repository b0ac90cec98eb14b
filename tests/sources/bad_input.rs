//! What cannot be read gets a fact, and nothing is written beside the source.

use std::io::Write;

use super::*;
use zip::write::SimpleFileOptions;

const CHAT: &str =
    "13/06/18, 21:25 - Ann: hello\n14/06/18, 08:00 - Bob: IMG-20180614-WA0001.jpg (file attached)\n";

fn zip_with(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = folder.join("WhatsApp Chat with Ann.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn failure(path: &Path) -> ChatError {
    let names_before = names(path.parent().unwrap());
    let error = read_all(path, &ReadOptions::default()).map(|_| ()).unwrap_err();
    assert_eq!(names(path.parent().unwrap()), names_before, "something was written beside the source");
    error
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

fn failure_of(name: &str, bytes: &[u8]) -> ChatError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    failure(&path)
}

#[test]
fn a_missing_file_is_named() {
    let error = read_all(Path::new("/nowhere/chat.txt"), &ReadOptions::default()).map(|_| ()).unwrap_err();

    assert!(matches!(error, ChatError::NotFound { path } if path == Path::new("/nowhere/chat.txt")));
}

#[test]
fn an_empty_file_is_empty() {
    assert!(matches!(failure_of("chat.txt", b""), ChatError::Empty));
}

#[test]
fn unknown_files_say_what_they_look_like() {
    assert!(matches!(
        failure_of("a.txt", b"just some notes\nof mine\n"),
        ChatError::Unknown { start: "text" }
    ));
    assert!(matches!(failure_of("a.json", br#"{"a": 1}"#), ChatError::Unknown { start: "json" }));
    assert!(matches!(failure_of("a.txt", b"\x7fELF\x00\x00\x00"), ChatError::Unknown { start: "binary" }));
}

#[test]
fn a_log_of_a_program_is_not_a_chat() {
    let log = "2024-01-31 10:00:00 INFO: started\n2024-01-31 10:00:01 ERROR: failed\n";

    assert!(matches!(failure_of("server.log", log.as_bytes()), ChatError::Unknown { start: "text" }));
}

#[test]
fn an_empty_folder_is_unknown() {
    let folder = tempfile::tempdir().unwrap();

    let error = read_all(folder.path(), &ReadOptions::default()).map(|_| ()).unwrap_err();

    assert!(matches!(error, ChatError::Unknown { start: "folder" }));
}

#[test]
fn a_zip_without_a_chat_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip_with(folder.path(), &[("notes.txt", b"hello"), ("a.jpg", b"x")]);

    assert!(matches!(failure(&path), ChatError::Unknown { start: "zip" }));
}

#[test]
fn a_truncated_zip_says_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip_with(folder.path(), &[("_chat.txt", CHAT.as_bytes())]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    let end = u64::try_from(bytes.len() - 30).unwrap();

    assert!(matches!(failure(&path), ChatError::Truncated { what: "zip", at } if at == end));
}

#[test]
fn a_flipped_byte_in_a_zip_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip_with(folder.path(), &[("_chat.txt", CHAT.repeat(50).as_bytes())]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[60] ^= 0x55;
    fs::write(&path, bytes).unwrap();

    assert!(matches!(failure(&path), ChatError::Damaged { what: "zip", .. }));
}

#[test]
fn a_bomb_is_refused_before_anything_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 80 << 20];
    let path = zip_with(folder.path(), &[("_chat.txt", CHAT.as_bytes()), ("bomb.bin", &zeros)]);

    assert!(matches!(failure(&path), ChatError::TooBig { .. }));
}

#[test]
fn many_small_bombs_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 30 << 20];
    let path = zip_with(
        folder.path(),
        &[("_chat.txt", CHAT.as_bytes()), ("1", &zeros), ("2", &zeros), ("3", &zeros)],
    );

    assert!(matches!(failure(&path), ChatError::TooBig { .. }));
}

#[test]
fn a_size_that_lies_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip_with(folder.path(), &[("_chat.txt", CHAT.repeat(1000).as_bytes())]);
    let mut bytes = fs::read(&path).unwrap();
    let entry = find(&bytes, b"PK\x01\x02").unwrap();
    bytes[entry + 24..entry + 28].copy_from_slice(&200_u32.to_le_bytes());
    fs::write(&path, bytes).unwrap();

    assert!(matches!(failure(&path), ChatError::Damaged { what: "zip", .. }));
}

#[test]
fn names_that_leave_the_zip_are_refused() {
    let folder = tempfile::tempdir().unwrap();

    for (name, reason) in [
        ("../evil.txt", "leaves the folder"),
        ("/etc/evil", "is absolute"),
        ("a/../../b", "leaves the folder"),
    ] {
        let path = zip_with(folder.path(), &[("_chat.txt", CHAT.as_bytes()), (name, b"x")]);
        assert!(matches!(failure(&path), ChatError::UnsafeName { why, .. } if why == reason), "{name}");
    }
}

#[test]
fn links_in_a_zip_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    writer.start_file("_chat.txt", SimpleFileOptions::default()).unwrap();
    writer.write_all(CHAT.as_bytes()).unwrap();
    writer.add_symlink("IMG-20180614-WA0001.jpg", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();

    assert!(matches!(failure(&path), ChatError::UnsafeName { why: "is a link", .. }));
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip_with(folder.path(), &[("_chat.txt", CHAT.as_bytes()), ("_chbt.txt", CHAT.as_bytes())]);
    let bytes = fs::read(&path).unwrap();
    let mut patched = bytes.clone();
    let mut from = 0;
    while let Some(at) = find(&patched[from..], b"_chbt.txt") {
        patched[from + at + 3] = b'a';
        from += at + 1;
    }
    fs::write(&path, patched).unwrap();

    assert!(matches!(failure(&path), ChatError::UnsafeName { why: "stands twice", .. }));
}

#[test]
fn an_unknown_zone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.txt");
    fs::write(&path, CHAT).unwrap();
    let options = ReadOptions { zone: Zone::Known("Mars/Base".to_owned()), ..ReadOptions::default() };

    let error = read_all(&path, &options).map(|_| ()).unwrap_err();

    assert!(matches!(error, ChatError::UnknownZone { name } if name == "Mars/Base"));
}

#[test]
fn deep_json_is_refused() {
    let deep = format!(r#"{{"name":"x","type":"personal_chat","messages":[{}"#, "[".repeat(100_000));

    assert!(matches!(failure_of("result.json", deep.as_bytes()), ChatError::TooDeep { .. }));
}

#[test]
fn json_cut_off_before_its_first_message_is_truncated() {
    let text = r#"{"name":"x","type":"personal_chat","id":7,"messa"#;
    let known = format!("{text}ges\"");

    assert!(matches!(failure_of("result.json", known.as_bytes()), ChatError::Truncated { what: "json", .. }));
}

#[test]
fn cancelling_keeps_what_was_read() {
    struct Stopper(Cancel, u64);
    impl Sink for Stopper {
        fn conversation(&mut self, _: &Conversation) -> Result<(), ChatError> {
            Ok(())
        }
        fn message(&mut self, _: Message, _: &mut dyn MediaOpener) -> Result<(), ChatError> {
            self.1 += 1;
            self.0.cancel();
            Ok(())
        }
        fn conversation_end(&mut self, _: &Conversation) -> Result<(), ChatError> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.txt");
    fs::write(&path, CHAT.repeat(20_000)).unwrap();
    let cancel = Cancel::default();
    let mut sink = Stopper(cancel.clone(), 0);

    let report = read(&path, &ReadOptions::default(), &mut sink, &cancel).unwrap();

    assert!(report.is_cancelled);
    assert_eq!(report.read, sink.1);
    assert!(report.read < 40_000);
}

#[test]
fn an_unpacked_folder_is_read_with_its_media() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("WhatsApp Chat with Ann.txt"), CHAT).unwrap();
    fs::write(folder.path().join("IMG-20180614-WA0001.jpg"), b"jpeg").unwrap();

    let (report, all) = read_all(folder.path(), &ReadOptions::default()).unwrap();

    assert_eq!((report.source, report.media_found), (SourceKind::WhatsAppExport, 1));
    assert_eq!(all.files, [(1, 0, b"jpeg".to_vec())]);
    assert_eq!(all.chats[0].0.title, "Ann");
}
