//! Makes exports of any size from a seed, with the true counts beside them: sample chats, benchmarks, tests.
//!
//! A generator and a reader by one hand can share a mistake: the readers are also tested against samples made by
//! others.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

mod archive_corpus;
mod imessage;
pub mod media;
mod samples;
mod signal;
mod signal_backup;
mod sms;
mod telegram;
mod trees;
mod whatsapp;
mod whatsapp_android;
mod whatsapp_backup;
mod whatsapp_ios;
mod words;

pub use archive_corpus::write_archive_corpus;
pub use imessage::write_imessage;
pub use samples::write_samples;
pub use signal::write_signal_export;
pub use signal_backup::write_signal_backup;
pub use sms::write_sms_backup;
pub use telegram::{write_telegram, write_telegram_account};
pub use trees::{write_messenger_download, write_slack_export};
pub use whatsapp::{Phone, write_whatsapp_text};
pub use whatsapp_android::{Age, write_whatsapp_android};
pub use whatsapp_backup::{Container, write_whatsapp_backup};
pub use whatsapp_ios::{write_iphone_backup, write_whatsapp_ios};

/// What a generated export really holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Entries of every kind.
    pub entries: u64,
    /// System entries and calls.
    pub system: u64,
    /// Calls among them.
    pub calls: u64,
    /// Files that are in the export.
    pub media_found: u64,
    /// Files named but not in the export.
    pub media_missing: u64,
    /// Files the app left out.
    pub media_omitted: u64,
    /// Edited entries.
    pub edited: u64,
    /// Deleted entries.
    pub deleted: u64,
    /// Polls.
    pub polls: u64,
    /// Places.
    pub places: u64,
    /// Entries with reactions.
    pub reacted: u64,
    /// Entries that answer another.
    pub replies: u64,
    /// Entries of a kind that has no fields yet.
    pub unsupported: u64,
    /// Everyone who writes.
    pub people: u64,
    /// Rows of a database that are no entries: shown to nobody, or kept twice.
    pub hidden: u64,
}

impl Truth {
    /// Writes the counts as JSON.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        fs::write(path, text + "\n")
    }
}

/// Reproducible numbers: SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x5eed_c0ff_e4c0_ffe4)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `sides - 1`.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides.max(1)
    }

    /// One of the items.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let at = usize::try_from(self.below(u64::try_from(items.len()).unwrap_or(1))).unwrap_or(0);
        *items.get(at).expect("nothing is picked from nothing")
    }

    /// True in `parts` of 1000 cases.
    pub(crate) fn chance(&mut self, parts: u64) -> bool {
        self.below(1000) < parts
    }
}

/// Year, month, day, hour, minute, second of seconds since 1970, without a zone.
pub(crate) fn civil(seconds: i64) -> (i64, i64, i64, i64, i64, i64) {
    let days = seconds.div_euclid(86_400);
    let of_day = seconds.rem_euclid(86_400);
    // Civil from days, Howard Hinnant.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// Makes a file and its folders, buffered.
pub(crate) fn create(path: &Path) -> io::Result<BufWriter<fs::File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(BufWriter::with_capacity(1 << 20, fs::File::create(path)?))
}

/// Writes a zip of named bytes, in this order, without dates, so that it is the same every time.
pub(crate) fn write_zip(path: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let mut zip = zip::ZipWriter::new(create(path)?);
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for (name, bytes) in files {
        zip.start_file(name.as_str(), options).map_err(io::Error::other)?;
        zip.write_all(bytes)?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

#[cfg(test)]
mod tests;
