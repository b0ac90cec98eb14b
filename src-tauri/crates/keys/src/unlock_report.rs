//! What an unlock says beside the keys.

use crate::DamagedKeyslotFile;

/// What was met on the way to the verified set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnlockReport {
    /// Files whose name, structure or authentication is broken. What they held was not used.
    pub refused: Vec<DamagedKeyslotFile>,
    /// Names of files that claim a newer generation but could not be verified with this secret: damage, a stray file,
    /// or a rollback of the rest.
    pub unverified_newer: Vec<String>,
    /// Names of files of an earlier generation that the newer one was not made from: a way that another computer added
    /// just then is only in there, and must be added again.
    pub left_behind: Vec<String>,
    /// Names of the versions that were merged; more than one means that two computers wrote at once.
    pub merged: Vec<String>,
}
