//! The command line, as clap reads it: the names of CLI.md.

mod ways;

pub use ways::{AddWay, Fate, NewWay, RemoveWay, ReplaceWay, Ways, WaysCommand};

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// Keeps your chats, backs them up end-to-end encrypted, and brings them back: the same Coffer without a window.
#[derive(Debug, Parser)]
#[command(name = "coffer-cli", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Arguments {
    /// Everything of this "computer" lives there; two homes are two computers [default: COFFER_HOME, else the platform's folder]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub home: Option<PathBuf>,
    /// Results and errors as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress on stderr
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(flatten)]
    pub unlock: UnlockOptions,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 error, 2 usage, 3 partial (something named was skipped or damaged), \
4 wrong secret, 5 damaged or tampered, 6 no such place or backup, 7 cancelled, 8 newer format";

/// UNLOCK: a way to unlock. Without one: this computer's keychain, else a question on the terminal.
#[derive(Args, Clone, Debug, Default)]
pub struct UnlockOptions {
    /// UNLOCK with the password in this file (also COFFER_PASSWORD_FILE)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "key_file")]
    pub password_file: Option<PathBuf>,
    /// UNLOCK with the 64-digit key in this file (also COFFER_KEY_FILE)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// UNLOCK with a passkey, as on a security key: you are asked to touch it
    #[arg(long, global = true, action = ArgAction::Count)]
    pub passkey: u8,
    /// The PIN of the security key is in this file, and is given once; without it, the terminal asks
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pin_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds chats from files that chat apps export
    Import(Import),
    /// Lists the chats
    Chats,
    /// Prints the messages of a chat as JSON lines
    Read(Read),
    /// Searches all chats
    Search(Search),
    /// Writes chats as plain files, which are not encrypted
    Export(Export),
    /// Makes an end-to-end encrypted backup in a folder, and its ways to unlock
    Protect(Protect),
    /// Lists, adds, removes, replaces and tests ways to unlock
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Ways(Ways),
    /// Backs up now
    Backup(Backup),
    /// Lists the backups in a place
    Backups(Place),
    /// Reads a place back and says what is damaged
    Check(Check),
    /// Shows and settles a place that went back in time
    Rollback(Rollback),
    /// Reads a backup in place; nothing is written
    Look(Look),
    /// Brings chats back from a backup
    Restore(Restore),
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page
    Man,
}

impl Command {
    /// `--passkey` names a way to make, not a way to unlock with.
    pub fn makes_by_passkey_option(&self) -> bool {
        matches!(self, Self::Protect(_)) || self.new_way().is_some_and(NewWay::is_by_passkey_option)
    }

    /// What `ways add` and `ways replace` make.
    pub fn new_way(&self) -> Option<&NewWay> {
        let Self::Ways(ways) = self else { return None };
        match &ways.change {
            Some(WaysCommand::Add(add)) => Some(&add.new),
            Some(WaysCommand::Replace(replace)) => Some(&replace.new),
            Some(WaysCommand::List(_) | WaysCommand::Remove(_) | WaysCommand::Test(_)) | None => None,
        }
    }
}

#[derive(Args, Debug)]
pub struct Import {
    /// Files or folders that chat apps exported
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Zone of the phone that made a text export, as "Europe/Lisbon" [default: this computer's]
    #[arg(long, value_name = "IANA")]
    pub zone: Option<String>,
    /// The name that is you
    #[arg(long, value_name = "NAME")]
    pub me: Option<String>,
    /// How a text export writes its dates, where it could be read in several ways
    #[arg(long, value_enum, value_name = "ORDER")]
    pub date_order: Option<DateOrder>,
    /// The app's own key for its backup: WhatsApp's key file, or a file with its 64 digits
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "app_passphrase_file")]
    pub app_key_file: Option<PathBuf>,
    /// A file with the passphrase the app gave for its backup
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub app_passphrase_file: Option<PathBuf>,
    /// Do not keep the imported files themselves
    #[arg(long)]
    pub no_originals: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DateOrder {
    /// Day, month, year
    Dmy,
    /// Month, day, year
    Mdy,
    /// Year, month, day
    Ymd,
}

impl DateOrder {
    /// The word the engine knows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dmy => "dmy",
            Self::Mdy => "mdy",
            Self::Ymd => "ymd",
        }
    }
}

/// From when to when.
#[derive(Args, Clone, Debug, Default)]
pub struct Span {
    /// Only from this day or time on, as 2026-11-20 or 2026-11-20T14:00
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only up to this day, or before this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

#[derive(Args, Debug)]
pub struct Read {
    /// Id or name of a chat
    pub chat: String,
    #[command(flatten)]
    pub span: Span,
    /// At most so many messages
    #[arg(long)]
    pub limit: Option<u64>,
}

#[derive(Args, Debug)]
pub struct Search {
    /// The words, with filters written in: from: in: app: before: after: has:
    pub query: String,
    /// Only this chat, by id or name
    #[arg(long)]
    pub chat: Option<String>,
    /// Only this app
    #[arg(long)]
    pub app: Option<String>,
    #[command(flatten)]
    pub span: Span,
    /// At most so many hits
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

#[derive(Args, Debug)]
pub struct Export {
    /// Id or name of a chat
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub chat: Option<String>,
    /// Every chat
    #[arg(long)]
    pub all: bool,
    /// What the files are
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Folder the files go to
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExportFormat {
    /// One JSON file per chat, complete
    Json,
    /// One text file per chat, to read
    Txt,
    /// One table per chat, for spreadsheets
    Csv,
    /// One folder per chat, with a page a month and the media, for any browser
    Html,
}

impl ExportFormat {
    /// The word the engine knows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Txt => "txt",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
}

/// New ways to unlock. `--password-file` and `--passkey` name new ones here, for `protect` has none to unlock with yet.
/// `--passkey` may stand once for every security key.
#[derive(Args, Debug)]
pub struct Protect {
    /// Folder the backups go to
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// Make a 64-digit key and write it to this new file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub new_key_file: Option<PathBuf>,
    /// Go on with a single way to unlock: if it is lost, the backups stay closed for good
    #[arg(long)]
    pub acknowledge_one_way: bool,
}

/// Where backups are.
#[derive(Args, Debug)]
pub struct Place {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
}

#[derive(Args, Debug)]
pub struct Backup {
    /// Folder the backups go to [default: the one `protect` chose]
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Check {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// Read every byte, not names and sizes only
    #[arg(long)]
    pub every_byte: bool,
}

#[derive(Args, Debug)]
pub struct Rollback {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// What this computer saw counts: put back the ways to unlock it holds
    #[arg(long, conflicts_with = "it_is_right")]
    pub keep_newer: bool,
    /// What the place shows counts: forget what was seen; needs an UNLOCK that opens the place as it is now
    #[arg(long)]
    pub it_is_right: bool,
}

#[derive(Args, Debug)]
pub struct Look {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// Id of a backup [default: the newest]
    #[arg(long, value_name = "ID")]
    pub backup: Option<String>,
    #[command(subcommand)]
    pub what: LookCommand,
}

#[derive(Debug, Subcommand)]
pub enum LookCommand {
    /// Lists the chats in the backup
    Chats,
    /// Prints the messages of a chat in the backup as JSON lines
    Read(Read),
    /// Searches the backup
    Search(Search),
}

#[derive(Args, Debug)]
pub struct Restore {
    /// Folder the backups are in
    #[arg(value_hint = ValueHint::DirPath, value_parser = absolute())]
    pub place: PathBuf,
    /// Id of a backup [default: the newest of each computer]
    #[arg(long, value_name = "ID")]
    pub backup: Option<String>,
    /// Only this chat, by id or name; may stand several times
    #[arg(long, value_name = "ID")]
    pub chat: Vec<String>,
    #[command(flatten)]
    pub span: Span,
    /// Leave photos, films and files out
    #[arg(long)]
    pub no_media: bool,
    /// Only count what would be restored
    #[arg(long)]
    pub dry_run: bool,
}

/// A place is remembered beyond this run, so it may not depend on the folder the command was started in.
fn absolute() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| std::path::absolute(&path).unwrap_or(path))
}
