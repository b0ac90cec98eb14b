//! Whole stories without a window: two homes are two computers.

mod story;

use coffer_engine::testing::{TestComputer, open_engine};
use coffer_engine::view::{
    BackupReport, CheckReport, ImportReport, ImportRequest, JobOutcome, JobView, RestoreReport, RestoreRequest, SearchQuery,
};
use coffer_engine::{Confirmation, Engine, ErrorCode, ExportFormat, Unlock};
use coffer_secret::SecretString;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use story::Fixture;

const PASSWORD: &str = "otter sings under nine quiet lamps";

fn secret(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

fn password() -> Unlock {
    Unlock::Password(secret(PASSWORD))
}

/// Everything a story starts from: chat files, a place, computers.
struct World {
    folder: tempfile::TempDir,
}

/// One computer and its engine.
struct Machine {
    computer: TestComputer,
    engine: Engine,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn place(&self) -> PathBuf {
        self.path("place")
    }

    fn machine(&self, name: &str, seed: u64) -> Machine {
        let computer = TestComputer::new(&self.path(name), name, seed);
        let engine = open_engine(computer.ports.clone()).unwrap();
        Machine { computer, engine }
    }
}

impl Machine {
    /// Stops Coffer and starts it again.
    fn restart(self) -> Self {
        let Self { computer, engine } = self;
        drop(engine);
        let engine = open_engine(computer.ports.clone()).unwrap();
        Self { computer, engine }
    }

    fn import(&self, path: &Path) -> ImportReport {
        let job = self.engine.start_import(import_of(path)).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Import(report) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Sets a password and a 64-digit key up; the digits come back.
    fn protect(&self, place: &Path) -> String {
        self.engine.choose_place(place, false).unwrap();
        self.engine.add_password(secret(PASSWORD)).unwrap();
        self.engine.prove_password(secret(PASSWORD)).unwrap();
        let key = self.engine.make_recovery_key().unwrap();
        let group = |at: u8| secret(&key.groups[usize::from(at) - 1]);
        let view = self.engine.confirm_recovery_key(Confirmation::Groups(group(key.ask.0), group(key.ask.1))).unwrap();
        assert_eq!(view.state, "protected");
        key.groups.concat()
    }

    fn back_up(&self) -> BackupReport {
        let job = self.engine.start_backup(None).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Backup(report) => report,
            other => panic!("{other:?}"),
        }
    }

    fn check(&self, every_byte: bool) -> CheckReport {
        let job = self.engine.start_check(every_byte).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Check(report) => report,
            other => panic!("{other:?}"),
        }
    }

    fn restore(&self, request: RestoreRequest) -> RestoreReport {
        let job = self.engine.start_restore(request).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Restore(report) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Opens a place and unlocks it.
    fn open(&self, place: &Path, unlock: Unlock) -> String {
        let opened = self.engine.open_backup(place).unwrap();
        self.engine.unlock_backup(&opened.session, unlock).unwrap();
        opened.session
    }

    /// The law's left and right side: every chat as comparable JSON, by id.
    fn export(&self) -> BTreeMap<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let chats = self.engine.list_chats().unwrap();
        let export = |id: &str| {
            let files = self.engine.export_chats(Some(id), ExportFormat::Json, folder.path()).unwrap();
            fs::read_to_string(&files[0]).unwrap()
        };
        chats.iter().map(|chat| (chat.id.clone(), export(&chat.id))).collect()
    }

    /// Every media file of every chat, by hash.
    fn media(&self) -> BTreeMap<String, Vec<u8>> {
        let mut media = BTreeMap::new();
        for chat in self.engine.list_chats().unwrap() {
            for item in self.engine.list_media(&chat.id, "photos", 0, 1_000).unwrap() {
                let Some(hash) = item.attachment.hash else { continue };
                let bytes = self.engine.read_media(&hash, 0, item.attachment.size).unwrap();
                media.insert(hash, bytes);
            }
        }
        media
    }
}

fn import_of(path: &Path) -> ImportRequest {
    ImportRequest {
        path: path.to_string_lossy().into_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        me: Some("Ben".to_owned()),
        date_order: None,
        keep_originals: true,
        chats: None,
    }
}

fn everything(session: &str) -> RestoreRequest {
    RestoreRequest {
        session: session.to_owned(),
        backup: None,
        chats: None,
        with_media: true,
        from: None,
        to: None,
    }
}

fn done(job: JobView) -> JobOutcome {
    assert_eq!(job.state, "done", "{:?}", job.error);
    job.outcome.unwrap()
}

fn failed(job: &JobView) -> &str {
    assert_eq!(job.state, "failed", "{:?}", job.outcome);
    &job.error.as_ref().unwrap().code
}

/// A computer with both chats, protected, with one backup.
fn story(world: &World) -> (Machine, String) {
    let laptop = world.machine("laptop", 1);
    let files = Fixture::write(&world.path("files"), 200);
    laptop.import(&files.whatsapp);
    laptop.import(&files.telegram);
    let digits = laptop.protect(&world.place());
    laptop.back_up();
    (laptop, digits)
}

#[test]
fn the_whole_story_with_a_password_on_one_and_the_digits_on_another() {
    let world = World::new();
    let files = Fixture::write(&world.path("files"), 200);
    let laptop = world.machine("laptop", 1);

    let whatsapp = laptop.import(&files.whatsapp);
    let telegram = laptop.import(&files.telegram);
    let digits = laptop.protect(&world.place());
    let backup = laptop.back_up();
    let (chats, media) = (laptop.export(), laptop.media());
    drop(laptop);
    fs::remove_dir_all(world.path("laptop")).unwrap();

    let by_password = world.machine("by password", 2);
    let session = by_password.open(&world.place(), password());
    let first = by_password.restore(everything(&session));
    let by_digits = world.machine("by digits", 3);
    let session = by_digits.open(&world.place(), Unlock::Digits(secret(&digits)));
    let second = by_digits.restore(everything(&session));

    assert_eq!((whatsapp.read, whatsapp.added, whatsapp.media_found, whatsapp.media_missing), (210, 210, 2, 1));
    assert_eq!((telegram.read, telegram.added, telegram.media_found), (204, 204, 1));
    assert!(backup.backup.is_complete);
    assert_eq!((backup.backup.chats, backup.backup.messages, backup.backup.media), (2, 414, 3));
    assert_eq!((first.added, first.present, first.differ, first.media, first.chats), (414, 0, 0, 3, 2));
    assert_eq!(first.missing, []);
    assert_eq!(first, second);
    assert_eq!(by_password.export(), chats);
    assert_eq!(by_digits.export(), chats);
    assert_eq!(by_password.media(), media);
    assert_eq!(media.len(), 3);
    assert!(media.values().any(|bytes| *bytes == story::picture(5, 4_300_000)));
}
