//! What can go wrong in the engine, and the code a screen has a sentence for.

use crate::ports::KeychainError;
use crate::view::ErrorView;
use coffer_keys::KeyError;
use coffer_passkey::PasskeyError;

/// A failure of a use case.
///
/// Holds facts, never a secret: no password, no digits, no message text, no name of a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The password opens nothing here.
    #[error("no password slot opens with this password")]
    WrongPassword,
    /// The 64 digits are complete but open nothing here.
    #[error("no recovery key slot opens with these digits")]
    WrongKey,
    /// The way that was used opens nothing here.
    #[error("no slot opens with this secret")]
    WrongSecret,
    /// The passkey works but opens nothing here.
    #[error("no passkey slot opens with this passkey")]
    WrongPasskey,
    /// An authenticator gave nothing.
    #[error("the passkey was not used: {failure}")]
    Passkey {
        /// Why.
        failure: PasskeyError,
    },
    /// A passkey was made, and what came after it failed: it serves nothing.
    #[error("{cause}; the new passkey serves nothing")]
    UnusedPasskey {
        /// Its account name in the authenticator or password manager.
        name: String,
        /// What failed.
        #[source]
        cause: Box<Error>,
    },
    /// Rows of the 64 digits hold a typing mistake.
    #[error("digits of rows {rows:?} do not match their check digit")]
    DigitsTypo {
        /// Rows, from 1; empty when there are not 64 digits.
        rows: Vec<u8>,
    },
    /// A typed group is not the one of the new key.
    #[error("group {group} does not match")]
    GroupsMismatch {
        /// Group, from 1.
        group: u8,
    },
    /// A file is not what was written.
    #[error("{what} is damaged")]
    Damaged {
        /// The file, by its name in the place or the source.
        what: String,
    },
    /// A newer Coffer wrote it.
    #[error("made by a newer version")]
    NewerFormat,
    /// The place for backups is not there.
    #[error("the place cannot be reached")]
    PlaceMissing,
    /// No space at the place.
    #[error("no space left at the place")]
    PlaceFull,
    /// The place takes no files.
    #[error("the place is read-only")]
    PlaceReadOnly,
    /// The folder holds other files.
    #[error("the folder holds other files")]
    PlaceInUse {
        /// A subfolder that can be used instead.
        suggested: Option<String>,
    },
    /// The folder holds backups this computer has not opened.
    #[error("the folder holds backups already")]
    ExistingBackups {
        /// Their short id, where it can be read.
        backup_id: Option<String>,
    },
    /// No backup is here.
    #[error("no backup here")]
    NotABackup,
    /// Files did not arrive yet.
    #[error("{missing} files did not arrive yet")]
    StillSyncing {
        /// How many, 0 when unknown.
        missing: u64,
    },
    /// No reader knows this file.
    #[error("no reader knows this file")]
    UnknownFile,
    /// It is no recovery sheet, or one whose text was taken away.
    #[error("no recovery sheet can be read in this file")]
    NotASheet,
    /// The file is empty.
    #[error("the file is empty")]
    EmptyFile,
    /// The file ends too early.
    #[error("the file ends too early")]
    TruncatedFile,
    /// The file asks for something dangerous.
    #[error("the file is refused: {reason}")]
    UnsafeFile {
        /// Which rule it breaks.
        reason: String,
    },
    /// Text is not UTF-8.
    #[error("text is not UTF-8 at {place}")]
    BadText {
        /// Where.
        place: String,
    },
    /// The chats are encrypted by their app, and its key was not given.
    #[error("the chats are encrypted by their app ({kind})")]
    NeedsAppKey {
        /// Which key: `whatsapp_digits`, `whatsapp_key_file`, `signal_recovery_key`.
        kind: &'static str,
    },
    /// The app's own key does not open the chats, or the file is damaged.
    #[error("the app's key does not open the chats")]
    WrongAppKey,
    /// An iPhone's backup that its person chose to encrypt.
    #[error("the iPhone backup is encrypted")]
    EncryptedPhoneBackup,
    /// The app is writing to its database.
    #[error("the source changes while it is read")]
    SourceInUse,
    /// The file is not there.
    #[error("the file is not there")]
    FileMissing,
    /// The person stopped it.
    #[error("cancelled")]
    Cancelled,
    /// Another job runs.
    #[error("another job runs")]
    Busy,
    /// Another Coffer has the home open: a window, or the command line.
    #[error("another program has this home open")]
    HomeInUse,
    /// The library is locked.
    #[error("the library is locked")]
    Locked,
    /// A way to unlock must be used first.
    #[error("a way to unlock must be used first")]
    NeedsUnlock,
    /// The ways were changed on another computer at the same moment: nothing was changed here.
    #[error("another computer changed the ways at the same moment")]
    WaysChanged,
    /// Protection was not set up.
    #[error("protection was not set up")]
    NotProtected,
    /// It is the last way that works on another computer, or removing it would leave too few.
    #[error("the last way to unlock cannot be removed")]
    LastWay {
        /// `last_elsewhere`: refused. `at_risk`: allowed once acknowledged.
        rule: LastWayRule,
    },
    /// The password is too easily guessed.
    #[error("the password is too easily guessed")]
    WeakPassword {
        /// Why, an id of a message.
        problem: String,
    },
    /// The second entry differs.
    #[error("the two entries differ")]
    PasswordMismatch,
    /// The sheet would lie beside the backup it opens.
    #[error("the sheet would lie inside the backup")]
    SheetInBackup,
    /// No space on this computer.
    #[error("no space left on this computer")]
    DiskFull,
    /// No keychain answers.
    #[error("no keychain answers")]
    KeychainUnavailable,
    /// The place lacks what this computer saw there before.
    #[error("the place shows an older state than this computer saw there")]
    RolledBack,
    /// Reading or writing on this computer failed.
    #[error("reading or writing failed: {what}")]
    Storage {
        /// Which thing, never a person's path.
        what: String,
    },
    /// There is no such chat.
    #[error("no such chat")]
    NoSuchChat,
    /// There is no such backup.
    #[error("no such backup")]
    NoSuchBackup,
    /// The session, job or set-up this call belongs to is over.
    #[error("the session is over")]
    ExpiredSession,
    /// A zone name is not known.
    #[error("zone is not known")]
    ZoneUnknown,
}

/// Why a way may not go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LastWayRule {
    /// No way that works on another computer would be left.
    LastElsewhere,
    /// Fewer ways than the rule asks would be left: needs an acknowledgement.
    AtRisk,
}

/// What a screen branches on; its text is the id of a sentence, `error.<code>`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd)]
#[non_exhaustive]
pub enum ErrorCode {
    /// See [`Error::WrongPassword`].
    WrongPassword,
    /// See [`Error::WrongKey`].
    WrongKey,
    /// See [`Error::WrongSecret`].
    WrongSecret,
    /// See [`Error::WrongPasskey`].
    WrongPasskey,
    /// See [`Error::Passkey`].
    Passkey,
    /// See [`Error::DigitsTypo`].
    DigitsTypo,
    /// See [`Error::GroupsMismatch`].
    GroupsMismatch,
    /// See [`Error::Damaged`].
    Damaged,
    /// See [`Error::NewerFormat`].
    NewerFormat,
    /// See [`Error::PlaceMissing`].
    PlaceMissing,
    /// See [`Error::PlaceFull`].
    PlaceFull,
    /// See [`Error::PlaceReadOnly`].
    PlaceReadOnly,
    /// See [`Error::PlaceInUse`].
    PlaceInUse,
    /// See [`Error::ExistingBackups`].
    ExistingBackups,
    /// See [`Error::NotABackup`].
    NotABackup,
    /// See [`Error::StillSyncing`].
    StillSyncing,
    /// See [`Error::UnknownFile`].
    UnknownFile,
    /// See [`Error::NotASheet`].
    NotASheet,
    /// See [`Error::EmptyFile`].
    EmptyFile,
    /// See [`Error::TruncatedFile`].
    TruncatedFile,
    /// See [`Error::UnsafeFile`].
    UnsafeFile,
    /// See [`Error::BadText`].
    BadText,
    /// See [`Error::NeedsAppKey`].
    NeedsAppKey,
    /// See [`Error::WrongAppKey`].
    WrongAppKey,
    /// See [`Error::EncryptedPhoneBackup`].
    EncryptedPhoneBackup,
    /// See [`Error::SourceInUse`].
    SourceInUse,
    /// See [`Error::FileMissing`].
    FileMissing,
    /// See [`Error::Cancelled`].
    Cancelled,
    /// See [`Error::Busy`].
    Busy,
    /// See [`Error::HomeInUse`].
    HomeInUse,
    /// See [`Error::Locked`].
    Locked,
    /// See [`Error::NeedsUnlock`].
    NeedsUnlock,
    /// See [`Error::WaysChanged`].
    WaysChanged,
    /// See [`Error::NotProtected`].
    NotProtected,
    /// See [`Error::LastWay`].
    LastWay,
    /// See [`Error::WeakPassword`].
    WeakPassword,
    /// See [`Error::PasswordMismatch`].
    PasswordMismatch,
    /// See [`Error::SheetInBackup`].
    SheetInBackup,
    /// See [`Error::DiskFull`].
    DiskFull,
    /// See [`Error::KeychainUnavailable`].
    KeychainUnavailable,
    /// See [`Error::RolledBack`].
    RolledBack,
    /// See [`Error::Storage`].
    Storage,
    /// See [`Error::NoSuchChat`].
    NoSuchChat,
    /// See [`Error::NoSuchBackup`].
    NoSuchBackup,
    /// See [`Error::ExpiredSession`].
    ExpiredSession,
    /// See [`Error::ZoneUnknown`].
    ZoneUnknown,
    /// A text export can be read in two date orders: a question in a report, never an error.
    DateOrderUndecided,
}

impl ErrorCode {
    /// Every code, for the test that compares them with the ui's.
    pub const ALL: [Self; 47] = [
        Self::WrongPassword,
        Self::WrongKey,
        Self::WrongSecret,
        Self::WrongPasskey,
        Self::Passkey,
        Self::DigitsTypo,
        Self::GroupsMismatch,
        Self::Damaged,
        Self::NewerFormat,
        Self::PlaceMissing,
        Self::PlaceFull,
        Self::PlaceReadOnly,
        Self::PlaceInUse,
        Self::ExistingBackups,
        Self::NotABackup,
        Self::StillSyncing,
        Self::UnknownFile,
        Self::NotASheet,
        Self::EmptyFile,
        Self::TruncatedFile,
        Self::UnsafeFile,
        Self::BadText,
        Self::NeedsAppKey,
        Self::WrongAppKey,
        Self::EncryptedPhoneBackup,
        Self::SourceInUse,
        Self::FileMissing,
        Self::Cancelled,
        Self::Busy,
        Self::HomeInUse,
        Self::Locked,
        Self::NeedsUnlock,
        Self::WaysChanged,
        Self::NotProtected,
        Self::LastWay,
        Self::WeakPassword,
        Self::PasswordMismatch,
        Self::SheetInBackup,
        Self::DiskFull,
        Self::KeychainUnavailable,
        Self::RolledBack,
        Self::Storage,
        Self::NoSuchChat,
        Self::NoSuchBackup,
        Self::ExpiredSession,
        Self::ZoneUnknown,
        Self::DateOrderUndecided,
    ];

    /// The code as it crosses to the window.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::WrongKey => "wrong_key",
            Self::WrongSecret => "wrong_secret",
            Self::WrongPasskey => "wrong_passkey",
            Self::Passkey => "passkey",
            Self::DigitsTypo => "digits_typo",
            Self::GroupsMismatch => "groups_mismatch",
            Self::Damaged => "damaged",
            Self::NewerFormat => "newer_format",
            Self::PlaceMissing => "place_missing",
            Self::PlaceFull => "place_full",
            Self::PlaceReadOnly => "place_read_only",
            Self::PlaceInUse => "place_in_use",
            Self::ExistingBackups => "existing_backups",
            Self::NotABackup => "not_a_backup",
            Self::StillSyncing => "still_syncing",
            Self::UnknownFile => "unknown_file",
            Self::NotASheet => "not_a_sheet",
            Self::EmptyFile => "empty_file",
            Self::TruncatedFile => "truncated_file",
            Self::UnsafeFile => "unsafe_file",
            Self::BadText => "bad_text",
            Self::NeedsAppKey => "needs_app_key",
            Self::WrongAppKey => "wrong_app_key",
            Self::EncryptedPhoneBackup => "encrypted_phone_backup",
            Self::SourceInUse => "source_in_use",
            Self::FileMissing => "file_missing",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::HomeInUse => "home_in_use",
            Self::Locked => "locked",
            Self::NeedsUnlock => "needs_unlock",
            Self::WaysChanged => "ways_changed",
            Self::NotProtected => "not_protected",
            Self::LastWay => "last_way",
            Self::WeakPassword => "weak_password",
            Self::PasswordMismatch => "password_mismatch",
            Self::SheetInBackup => "sheet_in_backup",
            Self::DiskFull => "disk_full",
            Self::KeychainUnavailable => "keychain_unavailable",
            Self::RolledBack => "rolled_back",
            Self::Storage => "storage",
            Self::NoSuchChat => "no_such_chat",
            Self::NoSuchBackup => "no_such_backup",
            Self::ExpiredSession => "expired_session",
            Self::ZoneUnknown => "zone_unknown",
            Self::DateOrderUndecided => "date_order_undecided",
        }
    }
}

impl Error {
    /// The code a screen branches on.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::WrongPassword => ErrorCode::WrongPassword,
            Self::WrongKey => ErrorCode::WrongKey,
            Self::WrongSecret => ErrorCode::WrongSecret,
            Self::WrongPasskey => ErrorCode::WrongPasskey,
            Self::Passkey { .. } => ErrorCode::Passkey,
            Self::UnusedPasskey { cause, .. } => cause.code(),
            Self::DigitsTypo { .. } => ErrorCode::DigitsTypo,
            Self::GroupsMismatch { .. } => ErrorCode::GroupsMismatch,
            Self::Damaged { .. } => ErrorCode::Damaged,
            Self::NewerFormat => ErrorCode::NewerFormat,
            Self::PlaceMissing => ErrorCode::PlaceMissing,
            Self::PlaceFull => ErrorCode::PlaceFull,
            Self::PlaceReadOnly => ErrorCode::PlaceReadOnly,
            Self::PlaceInUse { .. } => ErrorCode::PlaceInUse,
            Self::ExistingBackups { .. } => ErrorCode::ExistingBackups,
            Self::NotABackup => ErrorCode::NotABackup,
            Self::StillSyncing { .. } => ErrorCode::StillSyncing,
            Self::UnknownFile => ErrorCode::UnknownFile,
            Self::NotASheet => ErrorCode::NotASheet,
            Self::EmptyFile => ErrorCode::EmptyFile,
            Self::TruncatedFile => ErrorCode::TruncatedFile,
            Self::UnsafeFile { .. } => ErrorCode::UnsafeFile,
            Self::BadText { .. } => ErrorCode::BadText,
            Self::NeedsAppKey { .. } => ErrorCode::NeedsAppKey,
            Self::WrongAppKey => ErrorCode::WrongAppKey,
            Self::EncryptedPhoneBackup => ErrorCode::EncryptedPhoneBackup,
            Self::SourceInUse => ErrorCode::SourceInUse,
            Self::FileMissing => ErrorCode::FileMissing,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::Busy => ErrorCode::Busy,
            Self::HomeInUse => ErrorCode::HomeInUse,
            Self::Locked => ErrorCode::Locked,
            Self::NeedsUnlock => ErrorCode::NeedsUnlock,
            Self::WaysChanged => ErrorCode::WaysChanged,
            Self::NotProtected => ErrorCode::NotProtected,
            Self::LastWay { .. } => ErrorCode::LastWay,
            Self::WeakPassword { .. } => ErrorCode::WeakPassword,
            Self::PasswordMismatch => ErrorCode::PasswordMismatch,
            Self::SheetInBackup => ErrorCode::SheetInBackup,
            Self::DiskFull => ErrorCode::DiskFull,
            Self::KeychainUnavailable => ErrorCode::KeychainUnavailable,
            Self::RolledBack => ErrorCode::RolledBack,
            Self::Storage { .. } => ErrorCode::Storage,
            Self::NoSuchChat => ErrorCode::NoSuchChat,
            Self::NoSuchBackup => ErrorCode::NoSuchBackup,
            Self::ExpiredSession => ErrorCode::ExpiredSession,
            Self::ZoneUnknown => ErrorCode::ZoneUnknown,
        }
    }

    /// The error as it crosses to the window.
    pub fn view(&self) -> ErrorView {
        let unused_passkey =
            if let Self::UnusedPasskey { name, .. } = self { Some(name.clone()) } else { None };
        ErrorView { code: self.code().as_str().to_owned(), detail: self.detail(), unused_passkey }
    }

    /// Makes a [`Error::Storage`] that names the thing, never a path.
    pub fn storage(what: &str) -> Self {
        Self::Storage { what: what.to_owned() }
    }

    /// Makes the error of a failed read or write on this computer.
    pub fn from_io(what: &str, error: &std::io::Error) -> Self {
        if is_full(error) {
            Self::DiskFull
        } else {
            Self::Storage { what: format!("{what}: {}", error.kind()) }
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::DigitsTypo { rows } if rows.is_empty() => None,
            Self::DigitsTypo { rows } => Some(rows.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
            Self::GroupsMismatch { group } => Some(group.to_string()),
            Self::Passkey { failure } => Some(failure.word().to_owned()),
            Self::UnusedPasskey { cause, .. } => cause.detail(),
            Self::Damaged { what } | Self::Storage { what } => Some(what.clone()),
            Self::PlaceInUse { suggested } => suggested.clone(),
            Self::ExistingBackups { backup_id } => backup_id.clone(),
            Self::StillSyncing { missing } if *missing > 0 => Some(missing.to_string()),
            Self::UnsafeFile { reason } => Some(reason.clone()),
            Self::NeedsAppKey { kind } => Some((*kind).to_owned()),
            Self::BadText { place } => Some(place.clone()),
            Self::WeakPassword { problem } => Some(problem.clone()),
            Self::LastWay { rule: LastWayRule::LastElsewhere } => Some("last_elsewhere".to_owned()),
            Self::LastWay { rule: LastWayRule::AtRisk } => Some("at_risk".to_owned()),
            Self::WrongPassword
            | Self::WrongKey
            | Self::WrongSecret
            | Self::WrongPasskey
            | Self::NewerFormat
            | Self::PlaceMissing
            | Self::PlaceFull
            | Self::PlaceReadOnly
            | Self::NotABackup
            | Self::StillSyncing { .. }
            | Self::UnknownFile
            | Self::NotASheet
            | Self::EmptyFile
            | Self::TruncatedFile
            | Self::WrongAppKey
            | Self::EncryptedPhoneBackup
            | Self::SourceInUse
            | Self::FileMissing
            | Self::Cancelled
            | Self::Busy
            | Self::HomeInUse
            | Self::Locked
            | Self::NeedsUnlock
            | Self::WaysChanged
            | Self::NotProtected
            | Self::PasswordMismatch
            | Self::SheetInBackup
            | Self::DiskFull
            | Self::KeychainUnavailable
            | Self::RolledBack
            | Self::NoSuchChat
            | Self::NoSuchBackup
            | Self::ExpiredSession
            | Self::ZoneUnknown => None,
        }
    }
}

/// The device, or this user's share of it, is full.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

impl From<KeychainError> for Error {
    fn from(error: KeychainError) -> Self {
        match error {
            KeychainError::Unavailable | KeychainError::Refused => Self::KeychainUnavailable,
        }
    }
}

impl From<PasskeyError> for Error {
    fn from(failure: PasskeyError) -> Self {
        Self::Passkey { failure }
    }
}

impl From<KeyError> for Error {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever else is wrong with a keyslot file, it is damaged"
    )]
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::WrongSecret | KeyError::RemovedWay { .. } | KeyError::Replaced => Self::WrongSecret,
            KeyError::Newer { .. } => Self::NewerFormat,
            KeyError::LastWay => Self::LastWay { rule: LastWayRule::LastElsewhere },
            KeyError::NoKeyslots => Self::NotABackup,
            KeyError::UnknownSlot => Self::ExpiredSession,
            KeyError::OutOfMemory { .. } => Self::storage("not enough memory to stretch a password"),
            KeyError::TooMany { what: "earlier data keys", .. } => {
                Self::storage("no room for another new key")
            }
            KeyError::TooMany { .. } => Self::storage("no room for another way to unlock"),
            KeyError::TooLong { .. } => Self::storage("the name is too long"),
            // Tampered, malformed, wrongly named, or asking for work outside the bounds.
            _ => Self::Damaged { what: "keyslots".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_its_own_text() {
        let texts: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();

        assert_eq!(texts.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn rows_and_groups_cross_as_facts() {
        let typo = Error::DigitsTypo { rows: vec![3, 8] }.view();
        let group = Error::GroupsMismatch { group: 16 }.view();

        assert_eq!((typo.code.as_str(), typo.detail.as_deref()), ("digits_typo", Some("3, 8")));
        assert_eq!((group.code.as_str(), group.detail.as_deref()), ("groups_mismatch", Some("16")));
    }
}
