//! Backups of others' making, and backups somebody tampered with.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coffer_secret::SecretString;
use coffer_secret::testing::SeededEntropy;

use super::*;
use crate::generate::write_signal_backup;
use crate::model::Conversation;
use crate::{AppKey, Workroom, source};

#[derive(Default)]
struct Messages(Vec<Message>);

impl Sink for Messages {
    fn conversation(&mut self, _: &Conversation) -> Result<(), ChatError> {
        Ok(())
    }
    fn message(&mut self, message: Message, _: &mut dyn MediaOpener) -> Result<(), ChatError> {
        self.0.push(message);
        Ok(())
    }
    fn conversation_end(&mut self, _: &Conversation) -> Result<(), ChatError> {
        Ok(())
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "says when it has nothing to test")]
fn every_item_of_the_official_tests_is_kept() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples/Signal-Message-Backup-Tests");
    let Ok(entries) = fs::read_dir(folder) else { return eprintln!("samples not present") };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "binproto"));
    let mut read = 0;

    for path in &paths {
        let twin = fs::read_to_string(path.with_extension("txtproto")).unwrap();
        let items = twin
            .lines()
            .filter(|line| line.starts_with("  chatItem = ") || line.starts_with("  adHocCall = "));
        let wanted = u64::try_from(items.count()).unwrap();
        let frames = twin.lines().filter(|line| line.starts_with("Frame {")).count();
        let main = MainFile::Disk(path.clone());
        let mut report = ReadReport::new(source::SourceKind::SignalBackup);
        let mut seen = Messages::default();

        let mut counted = 0;
        let mut whole = Frames::new(Spans::open(&main, None).unwrap(), Form::Delimited);
        whole.each(&Cancel::default(), &mut |_, _| counted += 1).unwrap();
        let opened = Frames::new(Spans::open(&main, None).unwrap(), Form::Delimited);
        let store = Store::open(&main, true).unwrap();
        read_frames(opened, store, &ReadOptions::default(), &mut seen, &Cancel::default(), &mut report)
            .unwrap();

        let name = path.display();
        assert_eq!(counted, frames, "{name}");
        assert_eq!((report.read, report.skipped.len()), (wanted, 0), "{name}: {:?}", report.skipped);
        assert!(report.damage.is_none(), "{name}");
        for word in report.unsupported.keys() {
            assert!(["payment", "giftBadge"].contains(&word.as_str()), "{name}: {word}");
        }
        let unnamed = seen
            .0
            .iter()
            .any(|one| matches!(&one.kind, MessageKind::System(event) if event.event.starts_with("field")));
        assert!(!unnamed, "{name}: an update whose kind is not known");
        read += report.read;
    }

    assert!(paths.is_empty() || read > 200, "only {read} items in {} files", paths.len());
}

/// A generated backup, its key, and options with a room.
fn backup(folder: &Path) -> (PathBuf, ReadOptions) {
    write_signal_backup(folder, 300, 9).unwrap();
    let key = AppKey::from_file(&fs::read(folder.join("key.txt")).unwrap()).unwrap();
    let room = Workroom::new(&folder.join("room"), Arc::new(SeededEntropy::new(3)));
    let options =
        ReadOptions { app_key: Some(Arc::new(key)), workroom: Some(room), ..ReadOptions::default() };
    (folder.join("SignalBackups"), options)
}

fn read_it(path: &Path, options: &ReadOptions) -> Result<Messages, ChatError> {
    let mut seen = Messages::default();
    source::read(path, options, &mut seen, &Cancel::default())?;
    Ok(seen)
}

#[test]
fn a_backup_asks_for_its_key_and_takes_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (path, right) = backup(folder.path());
    let with = |key: Option<&str>| {
        let key = key.map(|key| Arc::new(AppKey::from_text(&SecretString::new(key.to_owned()))));
        read_it(&path, &ReadOptions { app_key: key, ..right.clone() }).map(|seen| seen.0.len())
    };

    assert!(matches!(with(None), Err(ChatError::NeedsAppKey { kind: "signal_recovery_key" })));
    assert!(matches!(with(Some(&"q".repeat(64))), Err(ChatError::WrongAppKeyOrDamaged)));
    assert!(matches!(with(Some("hunter2")), Err(ChatError::WrongAppKey)));
    assert_eq!(read_it(&path, &right).unwrap().0.len(), 300);
    assert_eq!(fs::read_dir(folder.path().join("room")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_flipped_bit_anywhere_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, options) = backup(folder.path());
    let main = backup::main_in(&path).unwrap();
    let whole = fs::read(&main).unwrap();

    for at in [0, 15, 16, whole.len() / 2, whole.len() - 33, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&main, &bytes).unwrap();
        assert!(matches!(read_it(&path, &options), Err(ChatError::WrongAppKeyOrDamaged)), "flip at {at}");
    }
    fs::write(&main, &whole[..whole.len() - 16]).unwrap();
    assert!(matches!(read_it(&path, &options), Err(ChatError::WrongAppKeyOrDamaged)));
}

#[test]
fn a_tampered_picture_is_not_taken_in() {
    use crate::library::{ImportOptions, Library};
    let folder = tempfile::tempdir().unwrap();
    let (path, options) = backup(folder.path());
    let mut pictures = Vec::new();
    for below in fs::read_dir(path.join("files")).unwrap() {
        pictures.extend(fs::read_dir(below.unwrap().path()).unwrap().map(|entry| entry.unwrap().path()));
    }
    for picture in &pictures {
        let mut bytes = fs::read(picture).unwrap();
        bytes[40] ^= 1;
        fs::write(picture, bytes).unwrap();
    }
    let key = |byte: u8| coffer_secret::Secret::take(&mut [byte; 32]);
    let library = Library::open(&folder.path().join("library.db"), &key(7)).unwrap();
    let media =
        crate::MediaStore::open(&folder.path().join("media"), &key(8), Arc::new(SeededEntropy::new(1)))
            .unwrap();
    let told = ImportOptions { now: 1, source: "test".into(), ..ImportOptions::default() };

    let mut run = library.begin_import(told, Some(&media)).unwrap();
    source::read(&path, &options, &mut run, &Cancel::default()).unwrap();
    let outcome = run.finish().unwrap();

    assert!(!pictures.is_empty());
    assert_eq!(outcome.added, 300);
    let all = outcome.conversations.iter().flat_map(|id| library.messages(*id, 0, 1000).unwrap());
    let files: Vec<_> = all.flat_map(|stored| stored.message.attachments).collect();
    assert!(files.iter().all(|file| file.blob.is_none()));
    let corrupt = files.iter().filter(|file| file.state == AttachmentState::Corrupt).count();
    assert_eq!(corrupt, pictures.len());
}
