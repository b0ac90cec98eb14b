use super::*;
use crate::error::ChatError;
use crate::model::{Conversation, Message, MessageKind};
use crate::source::{Cancel, MediaOpener, ReadOptions, Sink, SkipReason, SourceKind, Zone, read};
use coffer_secret::testing::SeededEntropy;
use std::collections::BTreeSet;

/// Counts what a reader finds.
#[derive(Default)]
struct Count(Truth, BTreeSet<String>);

impl Sink for Count {
    fn conversation(&mut self, _: &Conversation) -> Result<(), ChatError> {
        Ok(())
    }
    fn message(&mut self, message: Message, _: &mut dyn MediaOpener) -> Result<(), ChatError> {
        let truth = &mut self.0;
        truth.entries += 1;
        truth.edited += u64::from(message.is_edited());
        truth.deleted += u64::from(message.deleted.is_some());
        truth.reacted += u64::from(!message.reactions.is_empty());
        truth.replies += u64::from(message.reply_to.is_some());
        truth.calls += u64::from(matches!(message.kind, MessageKind::Call(_)));
        truth.polls += u64::from(matches!(message.kind, MessageKind::Poll(_)));
        truth.unsupported += u64::from(matches!(message.kind, MessageKind::Unsupported(_)));
        truth.places += u64::from(matches!(message.kind, MessageKind::Location(_)));
        Ok(())
    }
    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        self.1.extend(conversation.participants.iter().map(|person| person.key.clone()));
        self.0.people = u64::try_from(self.1.len()).unwrap();
        Ok(())
    }
}

fn found(path: &Path) -> Truth {
    found_with(path, &ReadOptions { zone: Zone::Known("Europe/Lisbon".into()), ..ReadOptions::default() })
}

fn found_with(path: &Path, options: &ReadOptions) -> Truth {
    let mut count = Count::default();
    let mut report = read(path, options, &mut count, &Cancel::default()).unwrap();
    let hidden = [SkipReason::Placeholder, SkipReason::Repeated].map(|reason| report.skipped.remove(&reason));
    let hidden: u64 = hidden.iter().flatten().map(|counted| counted.count).sum();
    // Every database of Android begins with a row for nobody.
    count.0.hidden = if report.source == SourceKind::WhatsAppAndroid { 0 } else { hidden };
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    assert!(report.undecided.is_empty(), "{:?}", report.undecided);
    count.0.system = report.system;
    count.0.media_found = report.media_found;
    count.0.media_missing = report.media_missing;
    count.0.media_omitted = report.media_omitted;
    count.0
}

fn whatsapp_is_read_as_written(phone: Phone) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("WhatsApp Chat with Everyone.txt");
    let truth = write_whatsapp_text(&mut create(&path).unwrap(), phone, 5000, 7).unwrap();

    assert_eq!(found(&path), truth, "{}", phone.word());
    assert!(truth.polls > 0 && truth.places > 0 && truth.calls > 0, "{truth:?}");
}

#[test]
fn android_texts_are_read_as_written() {
    whatsapp_is_read_as_written(Phone::Android);
}

#[test]
fn american_android_texts_are_read_as_written() {
    whatsapp_is_read_as_written(Phone::AndroidAmerican);
}

#[test]
fn german_android_texts_are_read_as_written() {
    whatsapp_is_read_as_written(Phone::AndroidGerman);
}

#[test]
fn ios_texts_are_read_as_written() {
    whatsapp_is_read_as_written(Phone::Ios);
}

#[test]
fn spanish_ios_texts_are_read_as_written() {
    whatsapp_is_read_as_written(Phone::IosSpanish);
}

#[test]
fn the_same_seed_makes_the_same_text() {
    let text = |seed| {
        let mut bytes = Vec::new();
        write_whatsapp_text(&mut bytes, Phone::Ios, 300, seed).unwrap();
        bytes
    };

    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}

#[test]
fn civil_dates_are_those_of_the_calendar() {
    assert_eq!(civil(0), (1970, 1, 1, 0, 0, 0));
    assert_eq!(civil(951_782_399), (2000, 2, 28, 23, 59, 59));
    assert_eq!(civil(951_782_400), (2000, 2, 29, 0, 0, 0));
    assert_eq!(civil(-1), (1969, 12, 31, 23, 59, 59));
}

#[test]
fn telegram_folders_are_read_as_written() {
    let folder = tempfile::tempdir().unwrap();

    let truth = write_telegram(folder.path(), 3000, 5).unwrap();

    assert_eq!(found(folder.path()), truth);
    assert!(truth.media_found > 0 && truth.replies > 0 && truth.reacted > 0, "{truth:?}");
}

#[test]
fn telegram_accounts_are_read_as_written() {
    let folder = tempfile::tempdir().unwrap();

    let truth = write_telegram_account(folder.path(), 4000, 6).unwrap();

    assert_eq!(found(folder.path()), truth);
    assert!(truth.media_found > 0 && truth.unsupported > 0 && truth.media_missing > 0, "{truth:?}");
}

#[test]
fn signal_exports_are_read_as_written() {
    let folder = tempfile::tempdir().unwrap();

    let truth = write_signal_export(folder.path(), 3000, 8).unwrap();

    assert_eq!(found(folder.path()), truth);
    assert!(truth.media_found > 0 && truth.unsupported > 0 && truth.media_missing > 0, "{truth:?}");
    assert!(truth.edited > 0 && truth.replies > 0 && truth.polls > 0, "{truth:?}");
}

/// What an import of a generated source adds the first time and the second.
fn imported_twice(path: &Path, options: &ReadOptions) -> [crate::library::ImportOutcome; 2] {
    use crate::library::{ImportOptions, Library};
    let home = tempfile::tempdir().unwrap();
    let key = |byte: u8| coffer_secret::Secret::take(&mut [byte; 32]);
    let library = Library::open(&home.path().join("library.db"), &key(7)).unwrap();
    let entropy = std::sync::Arc::new(SeededEntropy::new(1));
    let media = crate::MediaStore::open(&home.path().join("media"), &key(8), entropy).unwrap();
    [1, 2].map(|now| {
        let told = ImportOptions { now, source: "test".into(), ..ImportOptions::default() };
        let mut run = library.begin_import(told, Some(&media)).unwrap();
        let report = read(path, options, &mut run, &Cancel::default()).unwrap();
        let outcome = run.finish().unwrap();
        assert_eq!(report.read, outcome.read);
        assert_eq!(outcome.read, outcome.added + outcome.updated + outcome.present, "{outcome:?}");
        outcome
    })
}

fn imports_once(path: &Path, truth: &Truth) {
    let options = ReadOptions { zone: Zone::Known("Europe/Lisbon".into()), ..ReadOptions::default() };

    let [first, second] = imported_twice(path, &options);

    assert_eq!((first.added, first.present, first.system), (truth.entries, 0, truth.system));
    assert_eq!((second.added, second.updated, second.present), (0, 0, truth.entries));
    assert_eq!((first.media_found, first.media_missing), (truth.media_found, truth.media_missing));
}

#[test]
fn backups_of_text_messages_are_read_as_written_and_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sms-20260101000000.xml");

    let truth = write_sms_backup(&path, 2000, 4).unwrap();

    assert_eq!(found(&path), truth);
    assert!(truth.media_found > 10 && truth.media_missing > 0, "{truth:?}");
    imports_once(&path, &truth);
}

#[test]
fn downloads_of_messenger_are_read_as_written_and_imported_once() {
    let folder = tempfile::tempdir().unwrap();

    let truth = write_messenger_download(folder.path(), 2000, 4).unwrap();

    assert_eq!(found(folder.path()), truth);
    assert!(truth.media_found > 5 && truth.media_missing > 0 && truth.deleted > 0, "{truth:?}");
    imports_once(folder.path(), &truth);
}

#[test]
fn exports_of_slack_are_read_as_written_and_imported_once() {
    let folder = tempfile::tempdir().unwrap();

    let truth = write_slack_export(folder.path(), 2000, 4).unwrap();

    assert_eq!(found(folder.path()), truth);
    assert!(truth.replies > 5 && truth.edited > 5 && truth.system > 5, "{truth:?}");
    imports_once(folder.path(), &truth);
}

#[test]
fn backups_of_signal_are_read_as_written_and_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let truth = write_signal_backup(folder.path(), 1500, 5).unwrap();
    let key = crate::AppKey::from_file(&fs::read(folder.path().join("key.txt")).unwrap()).unwrap();
    let room = crate::Workroom::new(&folder.path().join("room"), std::sync::Arc::new(SeededEntropy::new(3)));
    let options = ReadOptions {
        workroom: Some(room),
        app_key: Some(std::sync::Arc::new(key)),
        ..ReadOptions::default()
    };
    let path = folder.path().join("SignalBackups");

    assert_eq!(found_with(&path, &options), truth);
    assert!(truth.media_found > 5 && truth.media_missing > 0, "{truth:?}");
    let [first, second] = imported_twice(&path, &options);
    assert_eq!((first.added, second.added, second.present), (truth.entries, 0, truth.entries));
}

#[test]
fn telegram_accounts_are_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let truth = write_telegram_account(folder.path(), 1500, 3).unwrap();

    imports_once(folder.path(), &truth);
}

#[test]
fn signal_exports_are_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let truth = write_signal_export(folder.path(), 1500, 3).unwrap();

    imports_once(folder.path(), &truth);
}

#[test]
fn the_sample_group_has_a_bit_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    write_samples(folder.path()).unwrap();

    let found = found(&folder.path().join("WhatsApp Chat - Summer in Porto.zip"));

    let expected = Truth {
        entries: 63,
        system: 6,
        calls: 2,
        media_found: 8,
        media_missing: 1,
        media_omitted: 2,
        edited: 1,
        deleted: 2,
        polls: 1,
        places: 1,
        people: 4,
        ..Truth::default()
    };
    assert_eq!(found, expected);
}

#[test]
fn the_sample_friend_has_a_bit_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    write_samples(folder.path()).unwrap();

    let found = found(&folder.path().join("ChatExport_2026-05-20"));

    let expected = Truth {
        entries: 23,
        system: 2,
        calls: 2,
        media_found: 3,
        media_missing: 1,
        edited: 1,
        places: 1,
        reacted: 5,
        replies: 3,
        people: 2,
        ..Truth::default()
    };
    assert_eq!(found, expected);
}

#[test]
fn the_shipped_samples_are_what_the_generator_makes() {
    let folder = tempfile::tempdir().unwrap();
    write_samples(folder.path()).unwrap();
    let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples"));

    for name in [
        "WhatsApp Chat - Summer in Porto.zip",
        "ChatExport_2026-05-20/result.json",
        "ChatExport_2026-05-20/photos/photo_1@02-11-2025_18-30-05.jpg",
        "ChatExport_2026-05-20/photos/photo_2@15-02-2026_09-12-40.jpg",
        "ChatExport_2026-05-20/voice_messages/audio_1@20-12-2025_21-05-33.ogg",
    ] {
        let made = fs::read(folder.path().join(name)).unwrap();
        assert!(fs::read(shipped.join(name)).is_ok_and(|shipped| shipped == made), "{name} is stale");
    }
}

/// What a reader finds in a generated database.
fn found_in_database(path: &Path, key: Option<crate::AppKey>) -> Truth {
    let folder = tempfile::tempdir().unwrap();
    let room = crate::Workroom::new(folder.path(), std::sync::Arc::new(SeededEntropy::new(3)));
    let options =
        ReadOptions { workroom: Some(room), app_key: key.map(std::sync::Arc::new), ..ReadOptions::default() };
    found_with(path, &options)
}

#[test]
fn databases_of_every_age_are_read_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for age in [Age::New, Age::Old, Age::Moving] {
        let place = folder.path().join(format!("{age:?}"));

        let truth = write_whatsapp_android(&place, age, 4000, 9).unwrap();

        assert_eq!(found_in_database(&place, None), truth, "{age:?}");
        assert!(truth.media_found > 0 && truth.replies > 0 && truth.deleted > 0, "{truth:?}");
    }
}

#[test]
fn backups_of_every_kind_open_with_the_key_beside_them() {
    for container in Container::ALL {
        let folder = tempfile::tempdir().unwrap();
        let truth = write_whatsapp_android(folder.path(), Age::New, 300, 2).unwrap();
        let database = folder.path().join("msgstore.db");
        write_whatsapp_backup(&database, container, 5).unwrap();
        fs::remove_file(&database).unwrap();
        let key = if container == Container::Crypt15 { "digits.txt" } else { "key" };
        let key = crate::AppKey::from_file(&fs::read(folder.path().join(key)).unwrap()).unwrap();

        assert_eq!(found_in_database(folder.path(), Some(key)), truth, "{container:?}");
    }
}

#[test]
fn databases_of_iphones_are_read_as_written_in_their_folder_and_in_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (place, backup) = (folder.path().join("shared"), folder.path().join("Backup/0000"));

    let truth = write_whatsapp_ios(&place, 4000, 9).unwrap();
    write_iphone_backup(&place, &backup).unwrap();

    assert_eq!(found_in_database(&place, None), truth);
    assert_eq!(found_in_database(&backup, None), truth);
    assert_eq!(found_in_database(&folder.path().join("Backup"), None), truth, "the folder of backups");
    assert!(truth.media_found > 0 && truth.replies > 0 && truth.deleted > 0 && truth.polls > 0, "{truth:?}");
    assert!(truth.reacted > 0 && truth.places > 0 && truth.hidden > 0 && truth.calls > 0, "{truth:?}");
}

#[test]
fn messages_of_a_mac_are_read_as_written() {
    let folder = tempfile::tempdir().unwrap();

    let truth = write_imessage(folder.path(), 4000, 9).unwrap();

    assert_eq!(found_in_database(folder.path(), None), truth);
    assert!(truth.media_found > 0 && truth.replies > 0 && truth.deleted > 0 && truth.edited > 0, "{truth:?}");
    assert!(truth.reacted > 0 && truth.system > 0, "{truth:?}");
}
