//! What the stories of `flows.rs` and `adversary.rs` share: chat files made by hand, two computers, small looks at disks.

use coffer_engine::ports::{NoPasskeys, PasskeyProvider};
use coffer_engine::testing::{TestComputer, open_engine};
use coffer_engine::view::{
    BackupReport, CheckReport, ImportReport, ImportRequest, JobOutcome, JobView, RestoreRequest,
};
use coffer_engine::{Confirmation, Engine, ExportFormat, Unlock};
use coffer_secret::SecretString;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const PASSWORD: &str = "otter sings under nine quiet lamps";

pub fn secret(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

pub fn password() -> Unlock {
    Unlock::Password(secret(PASSWORD))
}

/// Everything a story starts from: chat files, a place, computers.
pub struct World {
    folder: tempfile::TempDir,
}

/// One computer and its engine.
pub struct Machine {
    /// Its ports, keychain and clock.
    pub computer: TestComputer,
    /// Its Coffer.
    pub engine: Engine,
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    pub fn place(&self) -> PathBuf {
        self.path("place")
    }

    /// The place's path, there or not.
    pub fn place_path(&self) -> PathBuf {
        self.folder.path().join("place")
    }

    pub fn machine(&self, name: &str, seed: u64) -> Machine {
        self.machine_with(name, seed, Arc::new(NoPasskeys))
    }

    /// A computer with authenticators.
    pub fn machine_with(&self, name: &str, seed: u64, passkeys: Arc<dyn PasskeyProvider>) -> Machine {
        let mut computer = TestComputer::new(&self.path(name), name, seed);
        computer.ports.passkeys = passkeys;
        let engine = open_engine(computer.ports.clone()).unwrap();
        Machine { computer, engine }
    }
}

impl Machine {
    pub fn import(&self, path: &Path) -> ImportReport {
        let job = self.engine.start_import(import_of(path)).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Import(report) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Sets a password and a 64-digit key up; the digits come back.
    pub fn protect(&self, place: &Path) -> String {
        self.engine.choose_place(place, false).unwrap();
        self.engine.add_password(secret(PASSWORD)).unwrap();
        self.engine.prove_password(secret(PASSWORD)).unwrap();
        self.add_digits()
    }

    /// Sets a 64-digit key up as the second way; the digits come back.
    pub fn add_digits(&self) -> String {
        let key = self.engine.make_recovery_key().unwrap();
        let group = |at: u8| secret(&key.groups[usize::from(at) - 1]);
        let view = self
            .engine
            .confirm_recovery_key(Confirmation::Groups(group(key.ask.0), group(key.ask.1)))
            .unwrap();
        assert_eq!(view.state, "protected");
        key.groups.concat()
    }

    pub fn back_up(&self) -> BackupReport {
        let job = self.engine.start_backup(None).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Backup(report) => report,
            other => panic!("{other:?}"),
        }
    }

    pub fn check(&self, every_byte: bool) -> CheckReport {
        let job = self.engine.start_check(every_byte).unwrap();
        match done(self.engine.wait_job(job).unwrap()) {
            JobOutcome::Check(report) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Opens a place and unlocks it.
    pub fn open(&self, place: &Path, unlock: Unlock) -> String {
        let opened = self.engine.open_backup(place).unwrap();
        self.engine.unlock_backup(&opened.session, unlock).unwrap();
        opened.session
    }

    /// The law's left and right side: every chat as comparable JSON, by id.
    pub fn export(&self) -> BTreeMap<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let chats = self.engine.list_chats().unwrap();
        let export = |id: &str| {
            let files = self.engine.export_chats(Some(id), ExportFormat::Json, folder.path()).unwrap();
            fs::read_to_string(&files[0]).unwrap()
        };
        chats.iter().map(|chat| (chat.id.clone(), export(&chat.id))).collect()
    }
}

pub fn import_of(path: &Path) -> ImportRequest {
    ImportRequest {
        path: path.to_string_lossy().into_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        me: Some("Ben".to_owned()),
        date_order: None,
        keep_originals: true,
        chats: None,
    }
}

pub fn everything(session: &str) -> RestoreRequest {
    RestoreRequest {
        session: session.to_owned(),
        backup: None,
        chats: None,
        with_media: true,
        from: None,
        to: None,
    }
}

pub fn done(job: JobView) -> JobOutcome {
    assert_eq!(job.state, "done", "{:?}", job.error);
    job.outcome.unwrap()
}

pub fn failed(job: &JobView) -> &str {
    assert_eq!(job.state, "failed", "{:?}", job.outcome);
    &job.error.as_ref().unwrap().code
}

/// A computer with both chats, protected, with one backup; and its 64 digits.
pub fn story(world: &World) -> (Machine, String) {
    let laptop = world.machine("laptop", 1);
    let files = Fixture::write_small(&world.path("files"), 20);
    laptop.import(&files.whatsapp);
    laptop.import(&files.telegram);
    let digits = laptop.protect(&world.place());
    laptop.back_up();
    (laptop, digits)
}

/// The code of a refused call.
pub fn code<T>(refused: Result<T, coffer_engine::Error>) -> &'static str {
    refused.err().map_or("accepted", |error| error.code().as_str())
}

/// The 64 digits as a way to unlock.
pub fn digits_of(digits: &str) -> Unlock {
    Unlock::Digits(secret(digits))
}

/// Stands in a message, a file name, a title and in media: must never be readable on a disk.
pub const MARKER: &str = "MARKERquietOtterSings";

/// Messages of [`whatsapp_zip`] that carry only text, beside the fixed ones.
fn filler(from: usize, to: usize) -> String {
    let names = ["Anna Reyes", "Ben", "Carla"];
    (from..to)
        .map(|n| {
            let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
            let day = 2 + n / 86_400;
            format!(
                "[{day:02}.11.26, {hour:02}:{minute:02}:{second:02}] {}: note {n} about nothing much\r\n",
                names[n % 3]
            )
        })
        .collect()
}

/// Bytes that look like a picture and differ by `seed`.
pub fn picture(seed: u8, size: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0];
    bytes.extend_from_slice(MARKER.as_bytes());
    let mut state = u32::from(seed) + 1;
    while bytes.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// The text of the WhatsApp export: 10 entries and `extra` plain ones.
fn whatsapp_text(extra: usize) -> String {
    let mut text = format!(
        "[01.11.26, 09:00:00] {MARKER} family: \u{200e}Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them.\r\n\
         [01.11.26, 09:00:05] Anna Reyes: Did you keep the photos? {MARKER}\r\n\
         [01.11.26, 09:01:00] Ben: All of them.\r\nOn two lines.\r\n\
         \u{200e}[01.11.26, 09:01:30] Ben: \u{200e}<attached: 00000004-PHOTO-2026-11-01-09-01-30.jpg>\r\n\
         \u{200e}[01.11.26, 09:02:00] Anna Reyes: \u{200e}<attached: 00000005-PHOTO-2026-11-01-09-02-00.jpg>\r\n\
         [01.11.26, 09:02:30] Carla: ok\r\n\
         [01.11.26, 09:02:30] Carla: ok\r\n\
         \u{200e}[01.11.26, 09:03:00] Ben: \u{200e}image omitted\r\n\
         \u{200e}[01.11.26, 09:04:00] Carla: \u{200e}This message was deleted.\r\n\
         \u{200e}[01.11.26, 09:05:00] Anna Reyes: \u{200e}<attached: 00000010-PHOTO-2026-11-01-09-05-00.jpg>\r\n"
    );
    text.push_str(&filler(0, extra));
    text
}

/// Writes the WhatsApp export as a zip: two pictures are in it, one of `large` bytes; the third is named but missing.
fn whatsapp_zip(dir: &Path, extra: usize, large: usize) -> PathBuf {
    let path = dir.join(format!("WhatsApp Chat - {MARKER} family.zip"));
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let plain = zip::write::SimpleFileOptions::default();
    zip.start_file("_chat.txt", plain).unwrap();
    zip.write_all(whatsapp_text(extra).as_bytes()).unwrap();
    zip.start_file("00000004-PHOTO-2026-11-01-09-01-30.jpg", plain).unwrap();
    zip.write_all(&picture(4, 6_000)).unwrap();
    zip.start_file("00000005-PHOTO-2026-11-01-09-02-00.jpg", plain).unwrap();
    zip.write_all(&picture(5, large)).unwrap();
    zip.finish().unwrap();
    path
}

/// Writes a Telegram Desktop export of one chat with a picture; returns its `result.json`.
fn telegram_folder(dir: &Path, extra: usize) -> PathBuf {
    let folder = dir.join("ChatExport_2026-11-20");
    fs::create_dir_all(folder.join("photos")).unwrap();
    fs::write(folder.join("photos/photo_1@20-11-2026_10-00-20.jpg"), picture(9, 3_000)).unwrap();
    let path = folder.join("result.json");
    fs::write(&path, telegram_text(extra)).unwrap();
    path
}

fn telegram_text(extra: usize) -> String {
    let mut messages = vec![
        r#"{"id":1,"type":"service","date":"2026-11-20T10:00:00","date_unixtime":"1795168800","actor":"Ben","actor_id":"user7","action":"phone_call","duration_seconds":12,"discard_reason":"hangup","text":"","text_entities":[]}"#.to_owned(),
        r#"{"id":2,"type":"message","date":"2026-11-20T10:00:10","date_unixtime":"1795168810","from":"Ben","from_id":"user7","text":["See ",{"type":"bold","text":"you"}," there"],"text_entities":[{"type":"plain","text":"See "},{"type":"bold","text":"you"},{"type":"plain","text":" there"}],"reactions":[{"type":"emoji","count":1,"emoji":"👍","recent":[{"from":"Anna","from_id":"user8","date":"2026-11-20T10:00:12"}]}]}"#.to_owned(),
        r#"{"id":3,"type":"message","date":"2026-11-20T10:00:20","date_unixtime":"1795168820","from":"Anna","from_id":"user8","photo":"photos/photo_1@20-11-2026_10-00-20.jpg","photo_file_size":3000,"width":640,"height":480,"text":"","text_entities":[],"reply_to_message_id":2}"#.to_owned(),
        format!(r#"{{"id":4,"type":"message","date":"2026-11-20T10:00:30","date_unixtime":"1795168830","edited":"2026-11-20T10:05:00","edited_unixtime":"1795169100","from":"Anna","from_id":"user8","text":"{MARKER} again","text_entities":[{{"type":"plain","text":"{MARKER} again"}}]}}"#),
    ];
    for n in 0..extra {
        let (id, at) = (10 + n, 1_795_169_200 + n);
        messages.push(format!(
            r#"{{"id":{id},"type":"message","date":"2026-11-20T10:07:00","date_unixtime":"{at}","from":"Ben","from_id":"user7","text":"line {n}","text_entities":[{{"type":"plain","text":"line {n}"}}]}}"#
        ));
    }
    format!(r#"{{"name":"Ben","type":"personal_chat","id":77,"messages":[{}]}}"#, messages.join(",\n"))
}

/// Every file below a folder with its bytes, by relative path.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The chat files of a story.
pub struct Fixture {
    /// A WhatsApp export with media.
    pub whatsapp: PathBuf,
    /// A Telegram chat's `result.json`.
    pub telegram: PathBuf,
}

impl Fixture {
    /// Writes both, each with `extra` plain messages.
    pub fn write_small(dir: &Path, extra: usize) -> Self {
        Self::write_with(dir, extra, 5_000)
    }

    /// The same with one picture of `large` bytes.
    pub fn write_with(dir: &Path, extra: usize, large: usize) -> Self {
        Self { whatsapp: whatsapp_zip(dir, extra, large), telegram: telegram_folder(dir, extra) }
    }
}
