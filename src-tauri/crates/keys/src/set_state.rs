//! What a verified version says, and how versions that were written at the same time become one.

use crate::cbor::{self, UnknownFields};
use crate::keyslot::{Keyslot, SLOT_SIZE};
use crate::sealed_part::REMOVED_LIMIT;
use crate::slot_details::SealedDetails;
use crate::{KeyError, Policy, SlotId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The slots, removals and rules of a version or of several merged ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetState {
    pub(crate) slots: BTreeMap<SlotId, SlotState>,
    pub(crate) removed: BTreeMap<SlotId, i64>,
    pub(crate) policy: Policy,
    /// Fields of a newer minor version, in the header and in the sealed part.
    pub(crate) unknown: (UnknownFields, UnknownFields),
}

/// A slot with its sealed half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotState {
    pub(crate) slot: Keyslot,
    pub(crate) sealed: SealedDetails,
}

impl SetState {
    /// Takes another state in. The result does not depend on the order in which states are merged.
    ///
    /// Removals win over slots, the strictest policy wins, and of two versions of a slot the one changed last.
    pub(crate) fn merge(&mut self, other: Self) {
        let Self { slots, removed, policy, unknown: _ } = other;
        for (id, at) in removed {
            self.removed.entry(id).and_modify(|known| *known = at.min(*known)).or_insert(at);
        }
        for (id, slot) in slots {
            match self.slots.entry(id) {
                Entry::Vacant(place) => drop(place.insert(slot)),
                Entry::Occupied(mut place) => place.get_mut().merge(slot),
            }
        }
        self.policy = self.policy.strictest(&policy);
        self.slots.retain(|id, _| !self.removed.contains_key(id));
    }

    /// Forgets the oldest removals beyond those that fit in a file.
    pub(crate) fn removals_that_fit(&self) -> BTreeMap<SlotId, i64> {
        let mut removals: Vec<(SlotId, i64)> = self.removed.iter().map(|(id, at)| (*id, *at)).collect();
        removals.sort_by_key(|(id, at)| (std::cmp::Reverse(*at), *id));
        removals.truncate(REMOVED_LIMIT);
        removals.into_iter().collect()
    }
}

impl SlotState {
    fn merge(&mut self, other: Self) {
        let proved = self.sealed.details.proved.max(other.sealed.details.proved);
        if other.rank() > self.rank() {
            *self = other;
        }
        self.sealed.details.proved = proved;
    }

    /// The version changed last ranks higher; between equals the bytes decide, so that every reader decides alike.
    fn rank(&self) -> (u64, Vec<u8>) {
        let mut sealed = self.sealed.clone();
        sealed.details.proved = None;
        let mut block = vec![0_u8; SLOT_SIZE * 2];
        let written: Result<(), KeyError> = cbor::write_block(&mut block, "slot", |encoder| {
            self.slot.encode(encoder)?;
            sealed.encode(encoder)
        });
        written.expect("twice the room of a slot holds a slot and its details");
        (self.sealed.changed, block)
    }
}
