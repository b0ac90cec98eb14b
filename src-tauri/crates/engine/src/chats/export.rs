//! Plain files of chats: for people and for comparing, not encrypted.

use super::message_view::{IsHere, People, message_view};
use crate::chats::ExportFormat;
use crate::error::Error;
use crate::faults;
use crate::session::LibraryRoom;
use crate::view::MessageView;
use coffer_chats::library::ConversationRow;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

mod csv;
mod html;

/// Characters of a title that go into a file name.
const NAME_LENGTH: usize = 60;
/// Messages read at a time.
const STEP: u64 = 500;

/// Writes one chat; a file or folder of an earlier export of the same chat is replaced, whole.
pub(crate) fn write(
    room: &LibraryRoom,
    row: &ConversationRow,
    format: ExportFormat,
    folder: &Path,
) -> Result<PathBuf, Error> {
    fs::create_dir_all(folder).map_err(failed)?;
    let path = folder.join(file_name(row, format));
    let unfinished = folder.join(format!("{}.unfinished", file_name(row, format)));
    // Of a run that was killed: it would be mixed with this one.
    remove(&unfinished).map_err(failed)?;
    let finished =
        write_to(room, row, format, &unfinished).and_then(|()| replace(&unfinished, &path).map_err(failed));
    if let Err(error) = finished {
        // Nothing half-written is left in the person's folder.
        drop(remove(&unfinished));
        return Err(error);
    }
    Ok(path)
}

fn write_to(
    room: &LibraryRoom,
    row: &ConversationRow,
    format: ExportFormat,
    path: &Path,
) -> Result<(), Error> {
    let is_here: IsHere<'_> = &|hash| room.media.has(hash);
    let pages = Pages { room, row, people: People::of(&row.conversation), is_here };
    let id = row.conversation.id;
    match format {
        ExportFormat::Html => html::write(room, row, &pages, path),
        ExportFormat::Csv => to_file(path, |out| csv::write(&pages, out)),
        ExportFormat::Json => to_file(path, |out| Ok(room.library.export_json(id, out)?)),
        ExportFormat::Txt => to_file(path, |out| Ok(room.library.export_text(id, out)?)),
    }
}

fn to_file(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
    let mut out = BufWriter::new(File::create(path).map_err(failed)?);
    fill(&mut out)?;
    out.flush().map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    faults::reading("the export", &error)
}

/// Puts what is finished where an earlier one may be.
fn replace(finished: &Path, path: &Path) -> std::io::Result<()> {
    if finished.is_dir() && path.exists() {
        // A folder cannot be renamed over a full one. The old one stays until the new one is in its place.
        let old = path.with_extension("old");
        remove(&old)?;
        fs::rename(path, &old)?;
        fs::rename(finished, path)?;
        return remove(&old);
    }
    fs::rename(finished, path)
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// The messages of one chat as the screen shows them.
struct Pages<'a> {
    room: &'a LibraryRoom,
    row: &'a ConversationRow,
    people: People<'a>,
    is_here: IsHere<'a>,
}

impl Pages<'_> {
    /// Gives every message from one position to before another, in order.
    fn each(
        &self,
        from: u64,
        to: u64,
        take: &mut dyn FnMut(&MessageView) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut offset = from;
        while offset < to {
            let wanted = STEP.min(to - offset);
            let messages = self.room.library.messages(self.row.conversation.id, offset, wanted)?;
            if messages.is_empty() {
                return Ok(());
            }
            for stored in &messages {
                take(&message_view(stored, &self.people, self.is_here))?;
            }
            offset += u64::try_from(messages.len()).unwrap_or(STEP);
        }
        Ok(())
    }
}

/// `2026-11-20 09:41`, as the source wrote it, else in UTC with a `Z`; empty when it has no time.
fn time_of(message: &MessageView) -> String {
    let utc = || {
        let at = jiff::Timestamp::from_millisecond(message.time?).ok()?;
        Some(at.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
    };
    let local = message.local_time.as_ref().map(|local| local.replace('T', " "));
    local.or_else(utc).unwrap_or_default()
}

/// The text of a message, or what it holds in place of one.
fn words_of(message: &MessageView) -> String {
    let mut lines = Vec::new();
    if let Some(poll) = &message.poll {
        lines.push(poll.question.clone());
        lines.extend(poll.options.iter().map(|(option, votes)| match votes {
            Some(votes) => format!("- {option} ({votes})"),
            None => format!("- {option}"),
        }));
    }
    if let Some(place) = &message.location {
        lines.extend(place.name.clone());
        if let (Some(latitude), Some(longitude)) = (place.latitude, place.longitude) {
            lines.push(format!("{latitude}, {longitude}"));
        }
    }
    lines.extend(message.contact.clone());
    if !message.text.is_empty() && !lines.contains(&message.text) {
        lines.push(message.text.clone());
    }
    lines.join("\n")
}

/// A name every file system takes, told apart by the beginning of the chat's id.
fn file_name(row: &ConversationRow, format: ExportFormat) -> String {
    let kept: String = row
        .conversation
        .title
        .chars()
        .map(
            |letter| if letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_') { letter } else { '_' },
        )
        .take(NAME_LENGTH)
        .collect();
    let id = row.conversation.id.to_hex();
    let short = id.get(..8).unwrap_or(&id);
    let title = kept.trim();
    let ending = match format {
        ExportFormat::Json => ".json",
        ExportFormat::Txt => ".txt",
        ExportFormat::Csv => ".csv",
        // A folder.
        ExportFormat::Html => "",
    };
    if title.is_empty() { format!("{short}{ending}") } else { format!("{title} {short}{ending}") }
}
