//! Backups of text and picture messages as XML.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use super::media::{Scene, draw};
use super::words::sentence;
use super::{Dice, Truth, create};
use crate::base64::encode as base64;

const NUMBERS: u64 = 12;

/// Writes a backup and says what is in it.
pub fn write_sms_backup(path: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let mut out = create(path)?;
    let mut writer = Writer {
        dice: Dice::new(seed),
        truth: Truth::default(),
        ms: 1_577_880_000_000,
        people: BTreeSet::new(),
    };
    writeln!(out, "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>")?;
    writeln!(out, "<smses count=\"{entries}\" backup_set=\"x\" backup_date=\"1\" type=\"full\">")?;
    while writer.truth.entries < entries {
        writer.entry(&mut out)?;
    }
    writeln!(out, "</smses>")?;
    out.flush()?;
    writer.truth.people = u64::try_from(writer.people.len()).unwrap_or(0);
    Ok(writer.truth)
}

struct Writer {
    dice: Dice,
    truth: Truth,
    ms: u64,
    people: BTreeSet<u64>,
}

impl Writer {
    fn entry(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.truth.entries += 1;
        self.ms += self.dice.below(900_000);
        let number = 1 + self.dice.below(NUMBERS);
        let is_mine = self.dice.chance(450);
        self.people.insert(number);
        self.people.extend(is_mine.then_some(0));
        let mut text = String::new();
        sentence(&mut self.dice, &mut text);
        let body = escape(&text);
        let (ms, kind) = (self.ms, if is_mine { 2 } else { 1 });
        if !self.dice.chance(30) {
            return writeln!(
                out,
                "  <sms protocol=\"0\" address=\"+4670{number:06}\" date=\"{ms}\" type=\"{kind}\" subject=\"null\" body=\"{body}\" contact_name=\"Person {number}\" />"
            );
        }
        let part = self.part();
        let from = if is_mine { "insert-address-token".to_owned() } else { format!("+4670{number:06}") };
        writeln!(
            out,
            "  <mms date=\"{ms}\" sub=\"null\" msg_box=\"{kind}\" address=\"+4670{number:06}\" contact_name=\"Person {number}\">\n    <parts>\n      \
             <part seq=\"0\" ct=\"text/plain\" text=\"{body}\" />\n      {part}\n    </parts>\n    \
             <addrs><addr address=\"{from}\" type=\"137\" /></addrs>\n  </mms>"
        )
    }

    fn part(&mut self) -> String {
        if self.dice.chance(100) {
            self.truth.media_missing += 1;
            return "<part seq=\"1\" ct=\"image/jpeg\" name=\"lost.jpg\" text=\"null\" />".to_owned();
        }
        self.truth.media_found += 1;
        // Every tenth is longer than what a reader keeps in memory.
        let copies = if self.truth.media_found.is_multiple_of(10) { 60 } else { 1 };
        let picture = draw(Scene::Tulips, 64, 48).to_jpeg().repeat(copies);
        format!(
            "<part seq=\"1\" ct=\"image/jpeg\" name=\"a.jpg\" text=\"null\" data=\"{}\" />",
            base64(&picture)
        )
    }
}

/// As these backups write it: signs beyond the first plane as two numbers.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            sign if u32::from(sign) > 0xffff => {
                let mut halves = [0; 2];
                for half in sign.encode_utf16(&mut halves) {
                    out.push_str(&format!("&#{half};"));
                }
            }
            sign => out.push(sign),
        }
    }
    out
}
