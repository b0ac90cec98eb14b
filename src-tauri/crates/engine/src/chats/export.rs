//! Plain files of chats: for people and for comparing, not encrypted.

use crate::chats::ExportFormat;
use crate::error::Error;
use crate::faults;
use coffer_chats::Library;
use coffer_chats::library::ConversationRow;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Characters of a title that go into a file name.
const NAME_LENGTH: usize = 60;

/// Writes one chat; a file of an earlier export of the same chat is replaced, whole.
pub(crate) fn write(
    library: &Library,
    row: &ConversationRow,
    format: ExportFormat,
    folder: &Path,
) -> Result<PathBuf, Error> {
    let failed = |error: std::io::Error| faults::reading("the export", &error);
    fs::create_dir_all(folder).map_err(failed)?;
    let path = folder.join(file_name(row, format));
    let unfinished = path.with_extension("unfinished");
    let mut out = BufWriter::new(File::create(&unfinished).map_err(failed)?);
    let written = match format {
        ExportFormat::Json => library.export_json(row.conversation.id, &mut out),
        ExportFormat::Txt => library.export_text(row.conversation.id, &mut out),
    };
    let finished = written
        .map_err(Error::from)
        .and_then(|()| out.flush().map_err(failed))
        .and_then(|()| fs::rename(&unfinished, &path).map_err(failed));
    if let Err(error) = finished {
        // Nothing half-written is left in the person's folder.
        drop(fs::remove_file(&unfinished));
        return Err(error);
    }
    Ok(path)
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
        ExportFormat::Json => "json",
        ExportFormat::Txt => "txt",
    };
    if title.is_empty() { format!("{short}.{ending}") } else { format!("{title} {short}.{ending}") }
}
