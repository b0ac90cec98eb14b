//! A chat as a table for spreadsheets: RFC 4180, UTF-8 with a byte order mark, because spreadsheets guess without one.

use super::{Pages, time_of};
use crate::error::Error;
use crate::view::MessageView;
use std::io::{self, Write};

const HEAD: &str = "number,time,zone known,from,mine,kind,text,files,answers,reactions,edited,deleted";

/// Writes one line of names, then one line for each message, as [`HEAD`] says.
pub(super) fn write(pages: &Pages<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let failed = super::failed;
    write!(out, "\u{feff}{HEAD}\r\n").map_err(failed)?;
    pages.each(0, u64::MAX, &mut |message| line(message, out).map_err(failed))
}

fn line(message: &MessageView, out: &mut dyn Write) -> io::Result<()> {
    let yes = |is: bool| if is { "yes" } else { "" }.to_owned();
    let files = message.attachments.iter().map(|file| {
        let name = file.name.as_deref().unwrap_or(&file.kind);
        if file.hash.is_some() { name.to_owned() } else { format!("{name} ({})", file.state) }
    });
    let reactions = message.reactions.iter().map(|one| format!("{} {}", one.emoji, one.count));
    let cells = [
        (message.position + 1).to_string(),
        time_of(message),
        yes(message.zone_known),
        message.sender.clone().unwrap_or_default(),
        yes(message.is_me),
        message.kind.clone(),
        super::words_of(message),
        files.collect::<Vec<_>>().join("; "),
        message.reply_to.as_ref().map(|quote| quote.text.clone()).unwrap_or_default(),
        reactions.collect::<Vec<_>>().join("; "),
        yes(message.is_edited),
        yes(message.is_deleted),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// A cell. One that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection): whoever sent it may
/// mean harm. The JSON form has every text as it is.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains(['"', ',', '\n', '\r']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_is_quoted_when_it_has_to_be() {
        assert_eq!(quoted("plain ünd 日本"), "plain ünd 日本");
        assert_eq!(quoted("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(quoted(""), "");
    }

    #[test]
    fn a_formula_somebody_sent_is_text() {
        for start in ["=", "+", "-", "@", "\t"] {
            let cell = format!("{start}HYPERLINK(0)");
            assert_eq!(quoted(&cell), format!("\"'{cell}\""));
        }
    }
}
