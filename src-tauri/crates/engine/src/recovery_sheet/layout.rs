//! Where everything stands on the sheet.

use super::{Paper, SheetFacts};
use crate::error::Error;
use coffer_secret::SecretString;
use deunicode::deunicode_char;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use qrcode::{Color, EcLevel, QrCode};
use zeroize::{Zeroize, Zeroizing};

const REGULAR: Name<'static> = Name(b"R");
const BOLD: Name<'static> = Name(b"B");
const DIGITS: Name<'static> = Name(b"D");
/// Points; 72 to the inch.
const MARGIN: f32 = 60.0;
const CODE_SIDE: f32 = 150.0;
const ROW_HEIGHT: f32 = 27.0;
/// Enough that no buffer grows while the key is written: what grew would leave a copy behind.
const ROOM: usize = 128 * 1024;

const TITLE: &str = "64-digit key for your Coffer chat backups";
const WARNING: &str = "Anyone with this key and your backup can read your chats.";
const AWAY: &str =
    "Keep it away from the backup, from your computer and from pictures of either. It cannot be shown again.";
const STEPS_TITLE: &str = "To get your chats back on any computer";
const STEPS: [&str; 5] = [
    "1.  Install Coffer and start it. No account is needed.",
    "2.  Choose \"Restore a backup\" and point to the folder or drive the backup lies in.",
    "3.  Compare the backup id with the one on this sheet.",
    "4.  Choose \"64-digit key\" and type the groups in order. Spaces do not matter; each row ends in a check digit.",
    "5.  Look inside, choose what to bring back, and restore. Make a new key if others saw this sheet.",
];
const CODE_CAPTION: &str = "The same 64 digits, to scan";
/// A computer's name that is longer would leave the page.
const NAME_LIMIT: usize = 60;
const NOTE: &str = "Note (for example, where the backup lies):";

/// One page.
pub(super) struct Sheet {
    width: f32,
    height: f32,
    content: Content,
}

impl Sheet {
    pub(super) fn new(paper: Paper) -> Self {
        let (width, height) = match paper {
            Paper::A4 => (595.28, 841.89),
            Paper::Letter => (612.0, 792.0),
        };
        Self { width, height, content: Content::with_capacity(ROOM) }
    }

    pub(super) fn draw(
        mut self,
        groups: &[SecretString],
        digits: &str,
        facts: &SheetFacts<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut y = self.draw_head(facts);
        self.draw_code(digits, y)?;
        y = self.draw_groups(groups, y);
        self.draw_foot(y - 18.0);
        Ok(self.finish(facts))
    }

    fn draw_head(&mut self, facts: &SheetFacts<'_>) -> f32 {
        let mut y = self.height - MARGIN - 14.0;
        self.text(BOLD, 18.0, MARGIN, y, TITLE);
        y -= 26.0;
        for (label, value) in
            [("Made on", facts.date), ("Made by", facts.machine), ("Backup id", facts.backup_id)]
        {
            self.text(REGULAR, 10.5, MARGIN, y, label);
            let mut value = to_win_ansi(value);
            value.truncate(NAME_LIMIT);
            self.show(BOLD, 10.5, MARGIN + 64.0, y, &value);
            y -= 15.0;
        }
        y - 14.0
    }

    /// Eight rows of two groups, as on the screen: each row ends in its check digit.
    fn draw_groups(&mut self, groups: &[SecretString], top: f32) -> f32 {
        let mut y = top - 20.0;
        let mut numbers = 1_u8..;
        for row in groups.chunks(2) {
            for (group, x) in row.iter().zip([MARGIN, MARGIN + 116.0]) {
                let number = numbers.next().unwrap_or_default();
                self.text(REGULAR, 9.0, x, y, &format!("{number}."));
                self.text(DIGITS, 20.0, x + 20.0, y, group.expose());
            }
            y -= ROW_HEIGHT;
        }
        y
    }

    fn draw_code(&mut self, digits: &str, top: f32) -> Result<(), Error> {
        let code = QrCode::with_error_correction_level(digits, EcLevel::M)
            .map_err(|_| Error::storage("the digits do not fit a QR code"))?;
        let mut colors = code.to_colors();
        let across = f32::from(u16::try_from(code.width()).unwrap_or(u16::MAX));
        let side = CODE_SIDE / across;
        let left = self.width - MARGIN - CODE_SIDE;
        let mut y = top - side;
        for row in colors.chunks(code.width()) {
            let mut x = left;
            // One rectangle a run: rectangles side by side print with hairlines between them.
            for run in row.chunk_by(|one, next| one == next) {
                let width = side * f32::from(u16::try_from(run.len()).unwrap_or(u16::MAX));
                if run.first() == Some(&Color::Dark) {
                    self.content.rect(x, y, width, side);
                }
                x += width;
            }
            y -= side;
        }
        self.content.fill_nonzero();
        self.text(REGULAR, 9.0, left, top - CODE_SIDE - 14.0, CODE_CAPTION);
        colors.fill(Color::Light);
        Ok(())
    }

    fn draw_foot(&mut self, top: f32) {
        let mut y = top;
        self.text(BOLD, 12.0, MARGIN, y, WARNING);
        y -= 16.0;
        self.text(REGULAR, 10.0, MARGIN, y, AWAY);
        y -= 34.0;
        self.text(BOLD, 12.0, MARGIN, y, STEPS_TITLE);
        for step in STEPS {
            y -= 18.0;
            self.text(REGULAR, 10.0, MARGIN, y, step);
        }
        y -= 38.0;
        self.text(REGULAR, 10.0, MARGIN, y, NOTE);
        for _ in 0..2 {
            y -= 26.0;
            self.content.set_line_width(0.5).move_to(MARGIN, y).line_to(self.width - MARGIN, y).stroke();
        }
    }

    fn text(&mut self, font: Name<'_>, size: f32, x: f32, y: f32, text: &str) {
        let mut bytes = to_win_ansi(text);
        self.show(font, size, x, y, &bytes);
        bytes.zeroize();
    }

    fn show(&mut self, font: Name<'_>, size: f32, x: f32, y: f32, bytes: &[u8]) {
        self.content.begin_text().set_font(font, size).next_line(x, y).show(Str(bytes)).end_text();
    }

    fn finish(self, facts: &SheetFacts<'_>) -> Zeroizing<Vec<u8>> {
        let [catalog, pages, page_id, regular, bold, digits, content, info] =
            [1, 2, 3, 4, 5, 6, 7, 8].map(Ref::new);
        let mut pdf = Pdf::with_capacity(ROOM * 2);
        let mut root = pdf.catalog(catalog);
        root.pages(pages).lang(TextStr("en"));
        root.finish();
        pdf.document_info(info).title(TextStr(TITLE)).subject(TextStr(facts.backup_id));
        pdf.pages(pages).kids([page_id]).count(1);
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, self.width, self.height)).parent(pages).contents(content);
        page.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold).pair(DIGITS, digits);
        page.finish();
        for (id, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold"), (digits, "Courier-Bold")] {
            pdf.type1_font(id).base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        let mut drawn = self.content.finish().into_vec();
        pdf.stream(content, &drawn);
        drawn.zeroize();
        Zeroizing::new(pdf.finish())
    }
}

/// The built-in fonts know Latin letters only; others are written with those, as a passport does: "\u{41a}\u{443}\u{445}\u{43d}\u{44f}" is
/// "Kukhnia". Only a computer's name can hold them.
fn to_win_ansi(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match u8::try_from(u32::from(letter)) {
            Ok(byte) if (0x20..0x7f).contains(&byte) || byte >= 0xa0 => bytes.push(byte),
            Ok(_) | Err(_) => bytes.extend(deunicode_char(letter).unwrap_or("?").bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_other_letters_stay_readable() {
        let written = |name: &str| String::from_utf8(to_win_ansi(name)).unwrap();

        assert_eq!(written("\u{41a}\u{443}\u{445}\u{43d}\u{44f}"), "Kukhnia");
        assert_eq!(written("\u{395}\u{3bb}\u{3ad}\u{3bd}\u{3b7}"), "Elene");
        assert_eq!(written("\u{5317}\u{4eac}").trim(), "Bei Jing");
        assert_eq!(to_win_ansi("l\u{e4}ptop"), b"l\xe4ptop");
    }
}
