//! A version whose MAC was verified, and the merge of all that are not replaced by another.

use crate::keyslot_file::KeyslotFile;
use crate::sealed_part::{ANCESTOR_LIMIT, AncestorMark, SealedPart, ancestor_mark};
use crate::set_state::{SetState, SlotState};
use crate::{ChunkIdKey, DataKey, KeyError, KeyslotFileHash};
use std::collections::BTreeSet;

/// What a verified file says.
#[derive(Debug)]
pub(crate) struct VerifiedVersion {
    hash: KeyslotFileHash,
    counter: u64,
    /// Parents and earlier versions, newest first.
    ancestors: Vec<AncestorMark>,
    pub(crate) chunk_id_key: ChunkIdKey,
    pub(crate) earlier: Vec<DataKey>,
    state: SetState,
}

/// The versions that no other verified version replaces, made one.
#[derive(Clone, Debug)]
pub(crate) struct MergedVersions {
    /// Newest first.
    pub(crate) heads: Vec<KeyslotFileHash>,
    /// Highest counter of all.
    pub(crate) counter: u64,
    /// Versions before the heads, newest first.
    pub(crate) ancestors: Vec<AncestorMark>,
    pub(crate) state: SetState,
}

impl VerifiedVersion {
    /// Verifies a file with a data key and reads all of it.
    pub(crate) fn open(file: &KeyslotFile, data_key: &DataKey) -> Result<Self, KeyError> {
        let SealedPart { chunk_id_key, earlier, details, removed, ancestors, unknown } =
            file.open(data_key)?;
        let header = file.header();
        let slots = file.slots().iter().cloned().zip(details);
        let state = SetState {
            slots: slots.map(|(slot, sealed)| (sealed.id, SlotState { slot, sealed })).collect(),
            removed,
            policy: header.policy,
            unknown: (header.unknown.clone(), unknown),
        };
        let ancestors = header.parents.iter().map(ancestor_mark).chain(ancestors).collect();
        Ok(Self { hash: file.hash(), counter: header.counter, ancestors, chunk_id_key, earlier, state })
    }
}

/// Merges versions of one data key. `None` when there is none.
pub(crate) fn merge_versions(versions: &[VerifiedVersion]) -> Option<MergedVersions> {
    let counter = versions.iter().map(|version| version.counter).max()?;
    let replaced: BTreeSet<AncestorMark> =
        versions.iter().flat_map(|version| version.ancestors.iter().copied()).collect();
    let mut heads: Vec<&VerifiedVersion> =
        versions.iter().filter(|version| !replaced.contains(&ancestor_mark(&version.hash))).collect();
    heads.sort_by_key(|head| std::cmp::Reverse((head.counter, head.hash)));
    let (newest, others) = heads.split_first()?;
    let mut state = newest.state.clone();
    others.iter().for_each(|head| state.merge(head.state.clone()));
    Some(MergedVersions {
        heads: heads.iter().map(|head| head.hash).collect(),
        counter,
        ancestors: unique(heads.iter().flat_map(|head| head.ancestors.iter().copied())),
        state,
    })
}

/// The first of each mark, as many as fit in a file.
pub(crate) fn unique(marks: impl Iterator<Item = AncestorMark>) -> Vec<AncestorMark> {
    let mut seen = BTreeSet::new();
    marks.filter(|mark| seen.insert(*mark)).take(ANCESTOR_LIMIT).collect()
}
