//! Makes chat exports from a seed: `coffer-generate KIND …`, see the usage below.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use coffer_chats::generate::{
    Age, Container, Phone, Truth, write_archive_corpus, write_imessage, write_iphone_backup,
    write_messenger_download, write_samples, write_signal_backup, write_signal_export, write_slack_export,
    write_sms_backup, write_telegram, write_telegram_account, write_whatsapp_android, write_whatsapp_backup,
    write_whatsapp_ios, write_whatsapp_text,
};
use coffer_chats::model::{Conversation, Message};
use coffer_chats::source::{Cancel, MediaOpener, ReadOptions, Sink, Zone, read};
use coffer_chats::{AppKey, ChatError, Workroom};
use coffer_secret::Entropy;

const USAGE: &str = "usage:
  coffer-generate whatsapp-text --out FILE [--messages N] [--seed N] [--phone android|android-us|android-de|ios|ios-es]
  coffer-generate messenger-download|slack-export --out FOLDER [--messages N] [--seed N]
  coffer-generate sms-backup --out FILE [--messages N] [--seed N]
  coffer-generate signal-export|signal-backup --out FOLDER [--messages N] [--seed N]
  coffer-generate telegram|telegram-account --out FOLDER [--messages N] [--seed N]
  coffer-generate whatsapp-android --out FOLDER [--messages N] [--seed N] [--age new|old|moving] [--backup crypt12|crypt14|crypt15]
  coffer-generate archive --out FOLDER [--seed N]   chats, media and their plain twin, to measure backups with
  coffer-generate whatsapp-ios --out FOLDER [--messages N] [--seed N] [--iphone-backup FOLDER]
  coffer-generate imessage --out FOLDER [--messages N] [--seed N]
  coffer-generate samples --out FOLDER
  coffer-generate count --in PATH [--app-key-file FILE]   reads a source and counts, to measure the reader alone
The true counts are written beside: FILE.truth.json, FOLDER/truth.json.
";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "coffer-generate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> io::Result<()> {
    let Some((what, rest)) = arguments.split_first() else { return Err(usage()) };
    if what == "count" {
        let key = value(rest, "--app-key-file").map(Path::new);
        return count(Path::new(value(rest, "--in").ok_or_else(usage)?), key);
    }
    let out = value(rest, "--out").map(PathBuf::from).ok_or_else(usage)?;
    let messages = number(rest, "--messages", 1000)?;
    let seed = number(rest, "--seed", 1)?;
    if let Some(write) = writer_of(what) {
        let truth = write(&out, messages, seed)?;
        return tell(&truth, &out.join("truth.json"));
    }
    match what.as_str() {
        "whatsapp-text" => {
            let word = value(rest, "--phone").unwrap_or("android");
            let phone = Phone::ALL.into_iter().find(|phone| phone.word() == word).ok_or_else(usage)?;
            if let Some(folder) = out.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = io::BufWriter::with_capacity(1 << 20, fs::File::create(&out)?);
            let truth = write_whatsapp_text(&mut file, phone, messages, seed)?;
            tell(&truth, &beside(&out))
        }
        "sms-backup" => tell(&write_sms_backup(&out, messages, seed)?, &beside(&out)),
        "whatsapp-android" => {
            let age = Age::from_word(value(rest, "--age").unwrap_or("new")).ok_or_else(usage)?;
            let truth = write_whatsapp_android(&out, age, messages, seed)?;
            if let Some(word) = value(rest, "--backup") {
                let container =
                    Container::ALL.into_iter().find(|one| one.word() == word).ok_or_else(usage)?;
                write_whatsapp_backup(&out.join("msgstore.db"), container, seed)?;
            }
            tell(&truth, &out.join("truth.json"))
        }
        "archive" => tell(&write_archive_corpus(&out, seed)?, &out.join("truth.json")),
        "whatsapp-ios" => {
            let truth = write_whatsapp_ios(&out, messages, seed)?;
            if let Some(backup) = value(rest, "--iphone-backup") {
                write_iphone_backup(&out, Path::new(backup))?;
            }
            tell(&truth, &out.join("truth.json"))
        }
        "imessage" => {
            let truth = write_imessage(&out, messages, seed)?;
            tell(&truth, &out.join("truth.json"))
        }
        "samples" => write_samples(&out),
        _ => Err(usage()),
    }
}

/// Writes a folder with so many entries from a seed.
type Writer = fn(&Path, u64, u64) -> io::Result<Truth>;

/// What makes a folder of this kind, where nothing else is to be chosen.
fn writer_of(what: &str) -> Option<Writer> {
    Some(match what {
        "telegram" => write_telegram,
        "telegram-account" => write_telegram_account,
        "signal-export" => write_signal_export,
        "signal-backup" => write_signal_backup,
        "messenger-download" => write_messenger_download,
        "slack-export" => write_slack_export,
        _ => return None,
    })
}

fn tell(truth: &Truth, path: &Path) -> io::Result<()> {
    truth.write(path)?;
    writeln!(io::stdout(), "{} entries, {} people; counts in {}", truth.entries, truth.people, path.display())
}

/// Takes everything and keeps nothing.
#[derive(Default)]
struct Counter {
    bytes: u64,
}

impl Sink for Counter {
    fn conversation(&mut self, _: &Conversation) -> Result<(), ChatError> {
        Ok(())
    }
    fn message(&mut self, message: Message, _: &mut dyn MediaOpener) -> Result<(), ChatError> {
        self.bytes += u64::try_from(message.text.len()).unwrap_or(0);
        Ok(())
    }
    fn conversation_end(&mut self, _: &Conversation) -> Result<(), ChatError> {
        Ok(())
    }
}

/// Keys of sealed copies; only for measuring.
struct System;

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) {
        let file =
            fs::File::open("/dev/urandom").and_then(|mut random| io::Read::read_exact(&mut random, bytes));
        file.expect("a computer for measuring has /dev/urandom");
    }
}

fn count(path: &Path, key: Option<&Path>) -> io::Result<()> {
    let mut counter = Counter::default();
    let key = key.map(fs::read).transpose()?.map(|key| AppKey::from_file(&key)).transpose();
    let options = ReadOptions {
        zone: Zone::Known("Europe/Lisbon".to_owned()),
        app_key: key.map_err(io::Error::other)?.map(Arc::new),
        workroom: Some(Workroom::new(&std::env::temp_dir().join("coffer-generate"), Arc::new(System))),
        ..ReadOptions::default()
    };
    let report = read(path, &options, &mut counter, &Cancel::default()).map_err(io::Error::other)?;
    writeln!(
        io::stdout(),
        "{} entries, {} system, {} bytes of text",
        report.read,
        report.system,
        counter.bytes
    )
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".truth.json");
    PathBuf::from(name)
}

fn value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).map(String::as_str)
}

fn number(arguments: &[String], name: &str, default: u64) -> io::Result<u64> {
    match value(arguments, name) {
        Some(text) => text.parse().map_err(|_| usage()),
        None => Ok(default),
    }
}

fn usage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, USAGE)
}
