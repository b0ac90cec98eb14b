//! What people see of a slot: sealed under the data key, so nothing of it can be read before unlocking.

/// Longest name of a slot, in bytes of UTF-8.
pub(crate) const NAME_LIMIT: usize = 128;

/// The kind of secret that opens a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotKind {
    /// A password.
    Password,
    /// The 64-digit key.
    RecoveryKey,
    /// This computer's keychain: for automatic backups, never counted as a way to unlock.
    Keychain,
    /// A passkey. Carried and shown; opening it comes with the passkey crate.
    Passkey,
    /// A backup key vault. Carried and shown; opening it comes with the vault crate.
    Vault,
}

/// Where a way to unlock works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// On this computer only.
    ThisComputer,
    /// Wherever this security key is plugged in.
    ThisKey,
    /// On devices that share one passkey provider.
    Synced,
    /// On any computer.
    Anywhere,
}

impl Reach {
    /// True when the loss of this computer leaves the way usable.
    pub const fn works_elsewhere(self) -> bool {
        match self {
            Self::ThisComputer => false,
            Self::ThisKey | Self::Synced | Self::Anywhere => true,
        }
    }
}

/// What is known about a slot apart from its keys. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotDetails {
    /// The person's name for it; at most 128 bytes.
    pub name: String,
    /// When it was added.
    pub added: i64,
    /// When it really opened the repository for the last time that was written down; `None` when never.
    pub proved: Option<i64>,
    /// Where it works.
    pub reach: Reach,
}

/// A slot as an unlocked repository shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its id.
    pub id: crate::SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// The rest.
    pub details: SlotDetails,
}
