//! The sample chats shipped with the app: friendly, small, our own words.

use std::fs;
use std::io;
use std::path::Path;

use super::media::{Scene, draw, pdf, silence};
use super::write_zip;

const CHAT: &str = include_str!("samples/porto.txt");
const TELEGRAM: &str = include_str!("samples/leila.json");

/// The group's pictures, by their names in the text.
const PICTURES: [(&str, Scene); 6] = [
    ("00000009-PHOTO-2024-06-14-19-52-10.jpg", Scene::River),
    ("00000016-PHOTO-2024-06-16-10-12-44.jpg", Scene::Tiles),
    ("00000027-PHOTO-2024-09-01-09-30-02.jpg", Scene::Boat),
    ("00000036-PHOTO-2025-03-22-14-05-31.jpg", Scene::Tulips),
    ("00000045-PHOTO-2025-07-19-20-44-00.jpg", Scene::Cake),
    ("00000057-PHOTO-2026-01-03-08-15-20.jpg", Scene::Mountains),
];

const TELEGRAM_PICTURES: [(&str, Scene); 2] = [
    ("photos/photo_1@02-11-2025_18-30-05.jpg", Scene::Night),
    ("photos/photo_2@15-02-2026_09-12-40.jpg", Scene::Cat),
];

/// Writes `WhatsApp Chat - Summer in Porto.zip` and the folder `ChatExport_2026-05-20` of Telegram.
pub fn write_samples(folder: &Path) -> io::Result<()> {
    let text = CHAT.replace("\r\n", "\n").replace("{m}", "\u{200e}").replace('\n', "\r\n");
    let mut files = vec![("_chat.txt".to_owned(), text.into_bytes())];
    for (name, scene) in PICTURES {
        files.push((name.to_owned(), draw(scene, 480, 360).to_jpeg()));
    }
    files.push(("00000021-AUDIO-2024-06-17-22-31-09.opus".to_owned(), silence(4)));
    files.push(("00000031-Packing list.pdf".to_owned(), pdf("Packing list: towels, hats, the small tent")));
    fs::create_dir_all(folder)?;
    write_zip(&folder.join("WhatsApp Chat - Summer in Porto.zip"), &files)?;

    let telegram = folder.join("ChatExport_2026-05-20");
    for below in ["photos", "voice_messages"] {
        fs::create_dir_all(telegram.join(below))?;
    }
    fs::write(telegram.join("result.json"), TELEGRAM)?;
    for (name, scene) in TELEGRAM_PICTURES {
        fs::write(telegram.join(name), draw(scene, 480, 360).to_jpeg())?;
    }
    fs::write(telegram.join("voice_messages/audio_1@20-12-2025_21-05-33.ogg"), silence(6))
}
