//! Chats to measure backups with: WhatsApp exports with media, and the same as plain files for programs that back up files.
//!
//! Of the size ARCHIVE.md's table was measured with: 308,000 messages, 4,980 media files, about 1 GB; and a second day with 500
//! messages and 30 files more. Media are bytes that do not shrink, as those of photos and films do not.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::words::{NAMES, sentence};
use super::{Dice, Truth, civil, create};

const CHATS: u64 = 20;
const MESSAGES: u64 = 308_000;
const FILES: u64 = 4_980;
/// The second day: so many chats go on, by so much each.
const CHATS_THAT_GO_ON: u64 = 5;
const NEW_MESSAGES: u64 = 100;
const NEW_FILES: u64 = 6;

/// Writes below `out`: `exports` and `exports-2`, a folder for each chat of the first and of the second day, as WhatsApp exports
/// them; `plain`, one SQLite file of all messages and the media; `plain-2`, what is other or new in `plain` on the second day.
///
/// # Errors
/// When a file cannot be written.
pub fn write_archive_corpus(out: &Path, seed: u64) -> io::Result<Truth> {
    let plain = Plain { database: database(&out.join("plain"))?, folder: out.join("plain/media") };
    let mut truth = Truth { people: u64::try_from(NAMES.len()).unwrap_or(0), ..Truth::default() };
    let mut chats: Vec<Chat> = (0..CHATS).map(|number| Chat::new(number, seed)).collect();
    plain.database.execute_batch("BEGIN").map_err(io::Error::other)?;
    for chat in &mut chats {
        chat.go_on(MESSAGES / CHATS, FILES / CHATS, &out.join("exports"), &plain, &mut truth)?;
    }
    plain.database.execute_batch("COMMIT").map_err(io::Error::other)?;

    let first = out.join("plain/messages.sqlite");
    let second = out.join("plain-2/messages.sqlite");
    fs::create_dir_all(out.join("plain-2"))?;
    fs::copy(first, &second)?;
    let plain = Plain {
        database: Connection::open(second).map_err(io::Error::other)?,
        folder: out.join("plain-2/media"),
    };
    let go_on = usize::try_from(CHATS_THAT_GO_ON).unwrap_or(usize::MAX);
    plain.database.execute_batch("BEGIN").map_err(io::Error::other)?;
    for chat in chats.iter_mut().take(go_on) {
        link_all(&chat.folder(&out.join("exports")), &chat.folder(&out.join("exports-2")))?;
        chat.go_on(NEW_MESSAGES, NEW_FILES, &out.join("exports-2"), &plain, &mut truth)?;
    }
    plain.database.execute_batch("COMMIT").map_err(io::Error::other)?;
    Ok(truth)
}

/// Where the plain form goes.
struct Plain {
    database: Connection,
    folder: PathBuf,
}

/// One chat, as far as it was written.
struct Chat {
    title: String,
    dice: Dice,
    seconds: i64,
    files: u64,
    /// Everything so far, as an export says it anew each time.
    text: String,
}

impl Chat {
    fn new(number: u64, seed: u64) -> Self {
        let number_of_seed = seed.wrapping_mul(CHATS).wrapping_add(number);
        Self {
            title: format!("Chat {number:02}"),
            dice: Dice::new(number_of_seed),
            seconds: 1_420_110_245 + i64::try_from(number).unwrap_or(0),
            files: 0,
            text: String::new(),
        }
    }

    fn folder(&self, exports: &Path) -> PathBuf {
        exports.join(format!("WhatsApp Chat with {}", self.title))
    }

    /// Writes some messages more, every so many of them a file.
    fn go_on(
        &mut self,
        messages: u64,
        files: u64,
        exports: &Path,
        plain: &Plain,
        truth: &mut Truth,
    ) -> io::Result<()> {
        let folder = self.folder(exports);
        fs::create_dir_all(&folder)?;
        let mut insert = plain
            .database
            .prepare("INSERT INTO message (chat, time, sender, text, file) VALUES (?1, ?2, ?3, ?4, ?5)")
            .map_err(io::Error::other)?;
        let (every, last) = (messages / files, self.files + files);
        for number in 0..messages {
            self.seconds += i64::try_from(self.dice.below(1200)).unwrap_or(0);
            let sender = self.dice.pick(NAMES);
            let (mut text, mut file) = (String::new(), None);
            if number % every == 0 && self.files < last {
                let name = self.file(&[&folder, &plain.folder.join(&self.title)])?;
                text = format!("{name} (file attached)");
                file = Some(name);
                truth.media_found += 1;
            } else {
                sentence(&mut self.dice, &mut text);
            }
            let (year, month, day, hour, minute, _) = civil(self.seconds);
            self.text += &format!("{day:02}/{month:02}/{year}, {hour:02}:{minute:02} - {sender}: {text}\n");
            let row = params![self.title, self.seconds, sender, text, file];
            insert.execute(row).map_err(io::Error::other)?;
            truth.entries += 1;
        }
        // Replaced, not written over: it may be a second name of the first day's text.
        let path = folder.join(format!("WhatsApp Chat with {}.txt", self.title));
        if path.exists() {
            fs::remove_file(&path)?;
        }
        fs::write(path, &self.text)
    }

    /// Writes the same file to some folders; its name.
    fn file(&mut self, folders: &[&Path]) -> io::Result<String> {
        self.files += 1;
        let number = self.files;
        let (year, month, day, ..) = civil(self.seconds);
        let (start, least, more): (&str, u64, u64) = match self.dice.below(100) {
            0..3 => ("VID", 1_000_000, 5_000_000),
            3..15 => ("PTT", 10_000, 70_000),
            _ => ("IMG", 30_000, 190_000),
        };
        let ending = match start {
            "VID" => "mp4",
            "PTT" => "opus",
            _ => "jpg",
        };
        let name = format!("{start}-{year}{month:02}{day:02}-WA{number:04}.{ending}");
        let length = least + self.dice.below(more);
        let bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.dice.next().to_le_bytes()).collect();
        for folder in folders {
            let mut file = create(&folder.join(&name))?;
            file.write_all(&bytes)?;
            file.flush()?;
        }
        Ok(name)
    }
}

fn database(folder: &Path) -> io::Result<Connection> {
    fs::create_dir_all(folder)?;
    let database = Connection::open(folder.join("messages.sqlite")).map_err(io::Error::other)?;
    database
        .execute_batch(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, chat TEXT, time INTEGER, sender TEXT, text TEXT, file TEXT)",
        )
        .map_err(io::Error::other)?;
    Ok(database)
}

/// Gives every file of a folder a second name in another.
fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::hard_link(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
