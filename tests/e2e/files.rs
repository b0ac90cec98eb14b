//! The chat files of the stories: small, made here, in the shape the apps export them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// A real picture, 256 x 256.
const PHOTO: &[u8] = include_bytes!("../../icons/128x128@2x.png");

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

/// Writes `WhatsApp Chat - Anna Reyes.zip` and `club/result.json` with a photo each.
pub fn write(folder: &Path) -> (PathBuf, PathBuf) {
    let zip_path = folder.join("WhatsApp Chat - Anna Reyes.zip");
    let mut zip = zip::ZipWriter::new(File::create(&zip_path).unwrap());
    for (name, bytes) in [("_chat.txt", ANNA.as_bytes()), ("00000003-PHOTO-2026-11-20-14-01-00.png", PHOTO)] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    fs::create_dir_all(folder.join("club/photos")).unwrap();
    fs::write(folder.join("club/photos/photo_1.png"), PHOTO).unwrap();
    let result = folder.join("club/result.json");
    fs::write(&result, CLUB).unwrap();
    (zip_path, result)
}
