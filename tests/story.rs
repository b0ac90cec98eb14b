//! What the stories of `flows.rs` and `adversary.rs` share: chat files made by hand, two computers, small looks at disks.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Stands in a message, a file name, a title and in media: must never be readable on a disk.
pub const MARKER: &str = "MARKERquietOtterSings";

/// Messages of [`whatsapp_zip`] that carry only text, beside the fixed ones.
pub fn filler(from: usize, to: usize) -> String {
    let names = ["Anna Reyes", "Ben", "Carla"];
    (from..to)
        .map(|n| {
            let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
            let day = 2 + n / 86_400;
            format!("[{day:02}.11.26, {hour:02}:{minute:02}:{second:02}] {}: note {n} about nothing much\r\n", names[n % 3])
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
pub fn whatsapp_text(extra: usize) -> String {
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

/// Writes the WhatsApp export as a zip: two pictures are in it, the third is named but missing.
pub fn whatsapp_zip(dir: &Path, extra: usize) -> PathBuf {
    let path = dir.join(format!("WhatsApp Chat - {MARKER} family.zip"));
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let plain = zip::write::SimpleFileOptions::default();
    zip.start_file("_chat.txt", plain).unwrap();
    zip.write_all(whatsapp_text(extra).as_bytes()).unwrap();
    zip.start_file("00000004-PHOTO-2026-11-01-09-01-30.jpg", plain).unwrap();
    zip.write_all(&picture(4, 60_000)).unwrap();
    zip.start_file("00000005-PHOTO-2026-11-01-09-02-00.jpg", plain).unwrap();
    zip.write_all(&picture(5, 4_300_000)).unwrap();
    zip.finish().unwrap();
    path
}

/// Writes a Telegram Desktop export of one chat with a picture; returns its `result.json`.
pub fn telegram_folder(dir: &Path, extra: usize) -> PathBuf {
    let folder = dir.join("ChatExport_2026-11-20");
    fs::create_dir_all(folder.join("photos")).unwrap();
    fs::write(folder.join("photos/photo_1@20-11-2026_10-00-20.jpg"), picture(9, 30_000)).unwrap();
    let path = folder.join("result.json");
    fs::write(&path, telegram_text(extra)).unwrap();
    path
}

fn telegram_text(extra: usize) -> String {
    let mut messages = vec![
        r#"{"id":1,"type":"service","date":"2026-11-20T10:00:00","date_unixtime":"1795168800","actor":"Ben","actor_id":"user7","action":"phone_call","duration_seconds":12,"discard_reason":"hangup","text":"","text_entities":[]}"#.to_owned(),
        r#"{"id":2,"type":"message","date":"2026-11-20T10:00:10","date_unixtime":"1795168810","from":"Ben","from_id":"user7","text":["See ",{"type":"bold","text":"you"}," there"],"text_entities":[{"type":"plain","text":"See "},{"type":"bold","text":"you"},{"type":"plain","text":" there"}],"reactions":[{"type":"emoji","count":1,"emoji":"👍","recent":[{"from":"Anna","from_id":"user8","date":"2026-11-20T10:00:12"}]}]}"#.to_owned(),
        r#"{"id":3,"type":"message","date":"2026-11-20T10:00:20","date_unixtime":"1795168820","from":"Anna","from_id":"user8","photo":"photos/photo_1@20-11-2026_10-00-20.jpg","photo_file_size":30000,"width":640,"height":480,"text":"","text_entities":[],"reply_to_message_id":2}"#.to_owned(),
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

/// Copies a folder with everything in it.
pub fn copy_tree(from: &Path, to: &Path) {
    for (name, bytes) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Files below `root` that hold one of `needles` in clear.
pub fn leaks(root: &Path, needles: &[&[u8]]) -> Vec<String> {
    let holds = |bytes: &[u8]| needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == *needle));
    tree(root).into_iter().filter(|(name, bytes)| holds(bytes) || holds(name.as_bytes())).map(|(name, _)| name).collect()
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
    pub fn write(dir: &Path, extra: usize) -> Self {
        Self { whatsapp: whatsapp_zip(dir, extra), telegram: telegram_folder(dir, extra) }
    }
}
