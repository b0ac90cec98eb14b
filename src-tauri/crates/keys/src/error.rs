//! Why a key, a way or a keyslot file was refused.

/// A fact the caller can act on. Never carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No slot commits to a key made from this secret.
    #[error("no keyslot opens with this secret")]
    WrongSecret,
    /// A slot commits to this secret, but what it guards fails its authentication: damage or tampering, not a typing mistake.
    #[error("the secret is right, but the keyslot file fails its authentication")]
    Tampered,
    /// The secret belongs to a way that was removed; the kept ways no longer include it.
    #[error("this way to unlock was removed")]
    RemovedWay {
        /// When it was removed, in milliseconds since 1970.
        /// `None` when that is no longer known.
        at: Option<i64>,
    },
    /// The file belongs to another repository.
    #[error("the keyslot file belongs to another repository")]
    OtherRepository,
    /// The bytes of the file do not have the hash its name says.
    #[error("the bytes of the keyslot file do not match its name")]
    NameMismatch,
    /// The bytes are not a keyslot file, or break its rules.
    #[error("keyslot file is malformed: {what}")]
    Malformed {
        /// The part that breaks the rules.
        what: &'static str,
    },
    /// A version or a critical field this build does not know.
    #[error("keyslot file is from a newer version: {what}")]
    Newer {
        /// The part that is new.
        what: &'static str,
    },
    /// Argon2id parameters above the ceiling, refused before any work.
    #[error(
        "keyslot asks for {memory_kib} KiB, {passes} passes, {lanes} lanes of Argon2id, more than is allowed"
    )]
    TooExpensive {
        /// Memory asked for.
        memory_kib: u32,
        /// Passes asked for.
        passes: u32,
        /// Lanes asked for.
        lanes: u32,
    },
    /// Argon2id parameters below the floor, refused before any work.
    #[error(
        "keyslot asks for {memory_kib} KiB, {passes} passes, {lanes} lanes of Argon2id, less than is allowed"
    )]
    TooWeak {
        /// Memory asked for.
        memory_kib: u32,
        /// Passes asked for.
        passes: u32,
        /// Lanes asked for.
        lanes: u32,
    },
    /// This computer cannot give Argon2id the memory that the slot needs.
    #[error("{memory_kib} KiB of memory for Argon2id are not available")]
    OutOfMemory {
        /// Memory asked for.
        memory_kib: u32,
    },
    /// More than there is room for: slots, parents, or earlier data keys.
    #[error("there is no room for more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many fit.
        limit: usize,
    },
    /// Removing it would leave no way that works on another computer.
    #[error("the last way that works on another computer cannot be removed")]
    LastWay,
    /// No slot has this id.
    #[error("no keyslot has this id")]
    UnknownSlot,
    /// A name or another text of a slot is longer than its place.
    #[error("{what} is longer than {limit} bytes")]
    TooLong {
        /// The text.
        what: &'static str,
        /// Bytes that fit.
        limit: usize,
    },
    /// Every file is of another data key of this or a later generation: another computer drew a new one, or these are
    /// strangers' files. A way must be used again.
    #[error("the keyslot files are of a newer data key than the open one")]
    Replaced,
    /// There is not one well-formed keyslot file.
    #[error("there is no readable keyslot file")]
    NoKeyslots,
}
