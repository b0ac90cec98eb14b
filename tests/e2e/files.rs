//! The chat files of the stories: small, made here, in the shape the apps export them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// A real picture, 256 x 256.
const PHOTO: &[u8] = include_bytes!("../../icons/128x128@2x.png");

/// Two seconds of film without sound, 96 x 64: `gst-launch-1.0 videotestsrc num-buffers=30 pattern=ball !
/// video/x-raw,width=96,height=64,framerate=15/1 ! vp8enc target-bitrate=60000 ! webmmux ! filesink`.
const FILM: &[u8] = include_bytes!("media/clip.webm");
/// The voice note of the sample chats: Opus, made by our own generator.
const VOICE: &[u8] = include_bytes!(
    "../../src-tauri/samples/ChatExport_2026-05-20/voice_messages/audio_1@20-12-2025_21-05-33.ogg"
);

const RECORDINGS: &str = "[20/11/2026, 13:58:01] Anna Reyes: Listen to the sea
[20/11/2026, 14:00:12] Anna Reyes: \u{200e}<attached: 00000002-AUDIO-2026-11-20-14-00-12.opus>
[20/11/2026, 14:01:00] Sam: \u{200e}<attached: 00000003-VIDEO-2026-11-20-14-01-00.webm>
[20/11/2026, 14:02:30] Sam: And look at it!
";

const ANNA: &str = "[20/11/2026, 13:58:01] Anna Reyes: Did you keep the photos?
[20/11/2026, 14:00:12] Sam: All of them.
[20/11/2026, 14:01:00] Anna Reyes: \u{200e}<attached: 00000003-PHOTO-2026-11-20-14-01-00.png>
[20/11/2026, 14:02:30] Sam: That is the chest from the attic!
[21/11/2026, 09:15:44] Anna Reyes: See you at the old lighthouse.
Bring the blue umbrella
";

const CLUB: &str = r#"{"name": "Book club", "type": "private_group", "id": 77, "messages": [
 {"id": 1, "type": "message", "date": "2026-11-19T20:00:00", "date_unixtime": "1795118400", "from": "Mira", "from_id": "user1",
  "text": "Shall we read Middlemarch?", "text_entities": [{"type": "plain", "text": "Shall we read Middlemarch?"}]},
 {"id": 2, "type": "message", "date": "2026-11-19T20:01:00", "date_unixtime": "1795118460", "from": "Sam", "from_id": "user2",
  "reply_to_message_id": 1, "photo": "photos/photo_1.png", "width": 256, "height": 256, "text": "Found this edition", "text_entities": [{"type": "plain", "text": "Found this edition"}]}]}"#;

/// The sample chats that come with Coffer: a group with every kind of message, and a chat in Arabic and English.
pub fn samples() -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/samples");
    (folder.join("WhatsApp Chat - Summer in Porto.zip"), folder.join("ChatExport_2026-05-20/result.json"))
}

/// Writes a WhatsApp zip with a voice note and a film.
pub fn write_recordings(folder: &Path) -> PathBuf {
    let path = folder.join("WhatsApp Chat - The sea.zip");
    let files = [
        ("_chat.txt", RECORDINGS.as_bytes()),
        ("00000002-AUDIO-2026-11-20-14-00-12.opus", VOICE),
        ("00000003-VIDEO-2026-11-20-14-01-00.webm", FILM),
    ];
    write_zip(&path, &files);
    path
}

fn write_zip(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// Writes `WhatsApp Chat - Anna Reyes.zip` and `club/result.json` with a photo each.
pub fn write(folder: &Path) -> (PathBuf, PathBuf) {
    let zip_path = folder.join("WhatsApp Chat - Anna Reyes.zip");
    write_zip(
        &zip_path,
        &[("_chat.txt", ANNA.as_bytes()), ("00000003-PHOTO-2026-11-20-14-01-00.png", PHOTO)],
    );
    fs::create_dir_all(folder.join("club/photos")).unwrap();
    fs::write(folder.join("club/photos/photo_1.png"), PHOTO).unwrap();
    let result = folder.join("club/result.json");
    fs::write(&result, CLUB).unwrap();
    (zip_path, result)
}
