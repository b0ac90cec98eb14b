//! A failure as the command line tells it: a code, one sentence that says what to do, an exit code.

use crate::{passkey_words, words};
use coffer_engine::view::ErrorView;
use coffer_engine::{Error, ErrorCode};
use std::io;
use std::path::Path;

/// How a run ends; the numbers are CLI.md's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done.
    Done,
    /// It failed.
    Error,
    /// The command line is wrong.
    Usage,
    /// Something named was skipped or is damaged; the rest is done.
    Partial,
    /// The secret opens nothing.
    WrongSecret,
    /// Damaged or tampered.
    Damaged,
    /// No such place or backup.
    NoSuchPlace,
    /// Cancelled by the person.
    Cancelled,
    /// A newer Coffer wrote it.
    NewerFormat,
}

impl Exit {
    /// The number the process ends with.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::WrongSecret => 4,
            Self::Damaged => 5,
            Self::NoSuchPlace => 6,
            Self::Cancelled => 7,
            Self::NewerFormat => 8,
        }
    }

    fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::WrongPassword
            | ErrorCode::WrongKey
            | ErrorCode::WrongSecret
            | ErrorCode::WrongPasskey
            | ErrorCode::DigitsTypo
            | ErrorCode::GroupsMismatch
            | ErrorCode::PasswordMismatch
            | ErrorCode::NeedsAppKey
            | ErrorCode::WrongAppKey => Self::WrongSecret,
            ErrorCode::Damaged | ErrorCode::RolledBack | ErrorCode::TruncatedFile => Self::Damaged,
            ErrorCode::PlaceMissing | ErrorCode::NotABackup | ErrorCode::NoSuchBackup => Self::NoSuchPlace,
            ErrorCode::Cancelled => Self::Cancelled,
            ErrorCode::NewerFormat => Self::NewerFormat,
            ErrorCode::PlaceFull
            | ErrorCode::PlaceReadOnly
            | ErrorCode::PlaceInUse
            | ErrorCode::ExistingBackups
            | ErrorCode::StillSyncing
            | ErrorCode::UnknownFile
            | ErrorCode::EmptyFile
            | ErrorCode::UnsafeFile
            | ErrorCode::BadText
            | ErrorCode::EncryptedPhoneBackup
            | ErrorCode::SourceInUse
            | ErrorCode::FileMissing
            | ErrorCode::Busy
            | ErrorCode::HomeInUse
            | ErrorCode::NotASheet
            | ErrorCode::Locked
            | ErrorCode::NeedsUnlock
            | ErrorCode::NotProtected
            | ErrorCode::LastWay
            | ErrorCode::WeakPassword
            | ErrorCode::SheetInBackup
            | ErrorCode::DiskFull
            | ErrorCode::KeychainUnavailable
            | ErrorCode::Storage
            | ErrorCode::NoSuchChat
            | ErrorCode::ExpiredSession
            | ErrorCode::ZoneUnknown
            | ErrorCode::DateOrderUndecided
            | ErrorCode::Passkey
            | _ => Self::Error,
        }
    }
}

/// Why a run ends early.
#[derive(Debug)]
pub struct Failure {
    /// A stable word: an `ErrorCode`, or `usage`.
    pub code: String,
    /// One line: what failed and what to do.
    pub message: String,
    /// How the run ends.
    pub exit: Exit,
}

impl Failure {
    /// The command line asks for something that cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: "usage".to_owned(), message: message.into(), exit: Exit::Usage }
    }

    /// A known code, told about `subject` (a path as the person typed it, a name).
    pub fn of(code: ErrorCode, detail: Option<&str>, subject: Option<&str>) -> Self {
        let (sentence, exit) = match (code, detail) {
            (ErrorCode::Passkey, Some("cancelled")) => {
                (passkey_words::sentence(detail).to_owned(), Exit::Cancelled)
            }
            (ErrorCode::Passkey, _) => (passkey_words::sentence(detail).to_owned(), Exit::Error),
            (code, detail) => (words::sentence(code, detail), Exit::of(code)),
        };
        let message = subject.map_or_else(|| sentence.clone(), |subject| format!("{subject}: {sentence}"));
        Self { code: code.as_str().to_owned(), message, exit }
    }

    /// A passkey was not used, for a reason of this terminal's.
    pub fn passkey(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::Passkey.as_str().to_owned(), message: message.into(), exit: Exit::Error }
    }

    /// An error of a job, as it crossed.
    pub fn of_view(view: &ErrorView) -> Self {
        let code = ErrorCode::ALL.into_iter().find(|code| code.as_str() == view.code);
        let mut failure = Self::of(code.unwrap_or(ErrorCode::Storage), view.detail.as_deref(), None);
        if let Some(name) = &view.unused_passkey {
            failure.message.push_str(&format!("; delete the passkey \"{name}\", which serves nothing"));
        }
        failure
    }

    /// A file of the person that cannot be read or written.
    pub fn of_file(what: &str, path: &Path, error: &io::Error) -> Self {
        let known = [
            (io::ErrorKind::NotFound, "it is not there; check the path"),
            (io::ErrorKind::AlreadyExists, "it exists already; name a new file"),
            (io::ErrorKind::PermissionDenied, "you may not open it; check its permissions"),
            (io::ErrorKind::StorageFull, "no space is left there; free some"),
        ];
        let why = known.iter().find(|(kind, _)| *kind == error.kind());
        let why =
            why.map_or_else(|| format!("{}; check the path", error.kind()), |(_, why)| (*why).to_owned());
        Self {
            code: "file".to_owned(),
            message: format!("{what} {}: {why}", path.display()),
            exit: Exit::Error,
        }
    }

    /// The reader of stdout went away, as `head` does: there is nobody left to tell.
    pub fn is_closed_pipe(&self) -> bool {
        self.code == CLOSED_PIPE
    }
}

const CLOSED_PIPE: &str = "closed_pipe";

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of_view(&error.view())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            let message = "nobody reads the output any more".to_owned();
            return Self { code: CLOSED_PIPE.to_owned(), message, exit: Exit::Done };
        }
        let message = format!("the output cannot be written: {}; check where it goes", error.kind());
        Self { code: "output".to_owned(), message, exit: Exit::Error }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}
