//! A chat as pages for any browser: an index, a page a month, the media beside them. No script, nothing from the net.

use super::{Pages, failed, time_of, words_of};
use crate::error::Error;
use crate::session::LibraryRoom;
use crate::view::{AttachmentView, MessageView};
use coffer_chats::library::ConversationRow;
use coffer_chats::model::BlobHash;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const STYLE: &str = include_str!("style.css");
/// Bytes of a file copied at a time.
const PIECE: u64 = 1 << 20;
/// Characters of a file's own name that are kept.
const NAME_LENGTH: usize = 80;

/// What the pages say. One place, so that another language is another value of it.
struct Words {
    language: &'static str,
    warning: &'static str,
    all_months: &'static str,
    earlier: &'static str,
    later: &'static str,
    messages: &'static str,
    edited: &'static str,
    before: &'static str,
    deleted: &'static str,
    forwarded: &'static str,
    missing: &'static str,
    unreadable: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    warning: "This copy is not encrypted. Anyone who has it can read it.",
    all_months: "All months",
    earlier: "Earlier",
    later: "Later",
    messages: "messages",
    edited: "edited",
    before: "Before:",
    deleted: "This message was deleted.",
    forwarded: "Forwarded",
    missing: "not in this copy",
    unreadable: "could not be read",
};

/// A month of the chat: its page's name, and the positions it holds.
struct Month {
    name: String,
    from: u64,
    to: u64,
}

/// Writes the folder of one chat.
pub(super) fn write(
    room: &LibraryRoom,
    row: &ConversationRow,
    pages: &Pages<'_>,
    folder: &Path,
) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(folder.join("style.css"), STYLE).map_err(failed)?;
    let months = months(room, row)?;
    let mut media = Media { room, folder: folder.join("media"), made: BTreeMap::new() };
    for (at, month) in months.iter().enumerate() {
        let mut out = BufWriter::new(File::create(folder.join(page(&month.name))).map_err(failed)?);
        let earlier = at.checked_sub(1).and_then(|at| months.get(at));
        let nav = navigation(earlier, months.get(at + 1));
        let head = head(&format!("{}, {}", row.conversation.title, month.name));
        write!(
            out,
            "{head}<header><h1 dir=\"auto\">{}</h1>{nav}</header><main>",
            escaped(&row.conversation.title)
        )
        .map_err(failed)?;
        let mut day = String::new();
        pages.each(month.from, month.to, &mut |message| {
            let written = entry(message, &mut day, &mut media)?;
            out.write_all(written.as_bytes()).map_err(failed)
        })?;
        write!(out, "</main><footer>{nav}</footer></body></html>").map_err(failed)?;
        out.flush().map_err(failed)?;
    }
    fs::write(folder.join("index.html"), index(row, &months)).map_err(failed)
}

/// The months, in the order of the messages. Messages without a date stand with those before them.
fn months(room: &LibraryRoom, row: &ConversationRow) -> Result<Vec<Month>, Error> {
    let mut months: Vec<Month> = Vec::new();
    for day in room.library.days(row.conversation.id)? {
        let name = day.day.get(..7).unwrap_or(&day.day);
        if months.last().is_none_or(|last| last.name != name) {
            months.push(Month { name: name.to_owned(), from: day.position, to: row.messages });
        }
    }
    if months.is_empty() && row.messages > 0 {
        months.push(Month { name: "messages".to_owned(), from: 0, to: row.messages });
    }
    let starts: Vec<u64> = months.iter().skip(1).map(|month| month.from).collect();
    for (month, next) in months.iter_mut().zip(starts) {
        month.to = next;
    }
    if let Some(first) = months.first_mut() {
        first.from = 0;
    }
    Ok(months)
}

fn page(month: &str) -> String {
    format!("{month}.html")
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>{}</title><link rel=\"stylesheet\" href=\"style.css\"></head><body>\n",
        ENGLISH.language,
        escaped(title)
    )
}

fn navigation(earlier: Option<&Month>, later: Option<&Month>) -> String {
    let link = |month: Option<&Month>, word| {
        month.map(|month| format!("<a href=\"{}\">{word}</a>", page(&month.name))).unwrap_or_default()
    };
    format!(
        "<nav>{}<a href=\"index.html\">{}</a>{}</nav>",
        link(earlier, ENGLISH.earlier),
        ENGLISH.all_months,
        link(later, ENGLISH.later)
    )
}

fn index(row: &ConversationRow, months: &[Month]) -> String {
    let title = &row.conversation.title;
    let mut text = format!(
        "{}<header><h1 dir=\"auto\">{}</h1><p>{} {}</p><p class=\"warning\">{}</p></header><main><ul>",
        head(title),
        escaped(title),
        row.messages,
        ENGLISH.messages,
        ENGLISH.warning
    );
    for month in months {
        let count = month.to.saturating_sub(month.from);
        let _ = write!(text, "<li><a href=\"{}\">{}</a> {count}</li>", page(&month.name), month.name);
    }
    text + "</ul></main></body></html>\n"
}

/// One message, after the head of its day where that begins.
fn entry(message: &MessageView, day: &mut String, media: &mut Media<'_>) -> Result<String, Error> {
    let time = time_of(message);
    let (date, clock) = time.split_once(' ').unwrap_or((&time, ""));
    let mut text = String::new();
    if date != day {
        let _ = write!(text, "<h2>{}</h2>", escaped(date));
        date.clone_into(day);
    }
    let class = match (message.kind.as_str(), message.is_me) {
        ("system" | "call", _) => "note",
        (_, true) => "mine",
        (_, false) => "theirs",
    };
    let _ = write!(text, "<article id=\"m{}\" class=\"{class}\">", message.position + 1);
    if let Some(sender) = message.sender.as_ref().filter(|_| !message.is_me) {
        let _ = write!(text, "<h3 dir=\"auto\">{}</h3>", escaped(sender));
    }
    if let Some(from) = &message.forwarded_from {
        let _ = write!(text, "<p class=\"small\" dir=\"auto\">{} {}</p>", ENGLISH.forwarded, escaped(from));
    }
    if let Some(quote) = &message.reply_to {
        let who = quote.sender.as_deref().unwrap_or_default();
        let _ = write!(
            text,
            "<blockquote dir=\"auto\"><b>{}</b> {}</blockquote>",
            escaped(who),
            escaped(&quote.text)
        );
    }
    for file in &message.attachments {
        text += &media.part(file, message.position)?;
    }
    let words = words_of(message);
    if !words.is_empty() {
        let _ = write!(text, "<p dir=\"auto\">{}</p>", escaped(&words));
    }
    text += &marks(message);
    let _ = write!(text, "<time>{}</time></article>", escaped(clock));
    Ok(text)
}

/// What became of a message: deleted, edited and how it read before, reactions.
fn marks(message: &MessageView) -> String {
    let mut text = String::new();
    if message.is_deleted {
        let _ = write!(text, "<p class=\"small\">{}</p>", ENGLISH.deleted);
    }
    for older in &message.revisions {
        let _ =
            write!(text, "<p class=\"small\" dir=\"auto\">{} {}</p>", ENGLISH.before, escaped(&older.text));
    }
    if message.is_edited {
        let _ = write!(text, "<p class=\"small\">{}</p>", ENGLISH.edited);
    }
    if !message.reactions.is_empty() {
        let signs = message.reactions.iter().map(|one| format!("{} {}", escaped(&one.emoji), one.count));
        let _ = write!(text, "<p class=\"small\">{}</p>", signs.collect::<Vec<_>>().join(" · "));
    }
    text
}

/// The files beside the pages; the same content is written once.
struct Media<'a> {
    room: &'a LibraryRoom,
    folder: PathBuf,
    /// Where a content is, or that it could not be read.
    made: BTreeMap<String, Option<String>>,
}

impl Media<'_> {
    /// What the page shows of a file.
    fn part(&mut self, file: &AttachmentView, position: u64) -> Result<String, Error> {
        let name = escaped(file.name.as_deref().unwrap_or(&file.kind));
        let Some(hash) = &file.hash else {
            return Ok(format!("<p class=\"missing\">{name}, {}</p>", ENGLISH.missing));
        };
        if !self.made.contains_key(hash) {
            let made = self.copy(hash, file, position)?;
            self.made.insert(hash.clone(), made);
        }
        let Some(path) = self.made.get(hash).and_then(Option::as_ref) else {
            return Ok(format!("<p class=\"missing\">{name}, {}</p>", ENGLISH.unreadable));
        };
        let path = format!("media/{}", addressed(path));
        Ok(match file.mime.split('/').next() {
            Some("image") => {
                format!("<a href=\"{path}\"><img loading=\"lazy\" src=\"{path}\" alt=\"{name}\"></a>")
            }
            Some("video") => format!("<video controls preload=\"none\" src=\"{path}\"></video>"),
            Some("audio") => format!("<audio controls preload=\"none\" src=\"{path}\"></audio>"),
            _ => format!("<p><a href=\"{path}\" download>{name}</a></p>"),
        })
    }

    /// Copies a content out; `None` when it is damaged here, which must not cost the rest.
    fn copy(&self, hash: &str, file: &AttachmentView, position: u64) -> Result<Option<String>, Error> {
        let hash = BlobHash::from_hex(hash).ok_or(Error::FileMissing)?;
        let name = format!("{:06}-{}", position + 1, file_name(file));
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let path = self.folder.join(&name);
        let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
        let mut offset = 0;
        loop {
            let Ok(piece) = self.room.media.read_range(&hash, offset, PIECE) else {
                drop(out);
                fs::remove_file(&path).map_err(failed)?;
                return Ok(None);
            };
            if piece.is_empty() {
                break;
            }
            out.write_all(&piece).map_err(failed)?;
            offset += u64::try_from(piece.len()).unwrap_or(PIECE);
        }
        out.flush().map_err(failed)?;
        Ok(Some(name))
    }
}

/// A file's own name, as every file system takes it; never one a browser would open as a page of its own.
fn file_name(file: &AttachmentView) -> String {
    let name = file.name.as_deref().unwrap_or(&file.kind);
    let kept = |letter: char| {
        if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') { letter } else { '_' }
    };
    let mut kept: String =
        name.chars().rev().take(NAME_LENGTH).collect::<Vec<_>>().into_iter().rev().map(kept).collect();
    let ending = Path::new(&kept).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    if matches!(
        ending.as_deref(),
        Some("htm" | "html" | "xhtml" | "xht" | "svg" | "xml" | "shtml" | "mht" | "mhtml")
    ) {
        kept += ".txt";
    }
    kept
}

/// Text between tags or in an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            other => safe.push(other),
        }
    }
    safe
}

/// A file name in an address: letters beyond ASCII and signs as their bytes (RFC 3986, 2.1).
fn addressed(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            safe.push(char::from(byte));
        } else {
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{addressed, escaped};

    #[test]
    fn what_somebody_sent_is_never_markup() {
        assert_eq!(
            escaped("<img src=x onerror='a' b=\"c\"> & more"),
            "&lt;img src=x onerror=&#39;a&#39; b=&quot;c&quot;&gt; &amp; more"
        );
    }

    #[test]
    fn a_name_is_an_address_of_one_part() {
        assert_eq!(addressed("a b/ü?.jpg"), "a%20b%2F%C3%BC%3F.jpg");
    }
}
