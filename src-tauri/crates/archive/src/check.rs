//! Proves that what is in the place can be restored, or names what cannot.

use crate::damage::Damage;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDepth {
    /// Names, sizes, footers, and that everything reachable is there.
    Quick,
    /// Every byte: the hash in the name, then every record under the keys.
    EveryByte,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Snapshots looked at.
    pub snapshots: u64,
    /// Files looked at.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Stopped by the caller before the end.
    pub is_cancelled: bool,
    /// What is not as it should be, in order of file names.
    pub damaged: Vec<Damage>,
}

impl CheckOutcome {
    /// Looked at everything and found nothing that keeps a backup from being restored.
    pub fn is_ok(&self) -> bool {
        !self.is_cancelled && self.damaged.is_empty()
    }
}
