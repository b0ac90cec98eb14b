//! What a verified version says, and how versions that were written at the same time become one.

use crate::cbor::{self, UnknownFields};
use crate::keyslot::{Keyslot, SLOT_SIZE};
use crate::sealed_part::REMOVED_LIMIT;
use crate::slot_details::SealedDetails;
use crate::{KeyError, Policy, SlotId, SlotInfo, SlotKind};
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
    /// What can be shown of it.
    pub(crate) fn info(&self) -> SlotInfo {
        let head = self.slot.head();
        SlotInfo {
            id: head.id,
            kind: head.kind,
            passkey: head.passkey.clone(),
            details: self.sealed.details.clone(),
        }
    }

    /// True for a way that survives the loss of this computer; the keychain never does.
    pub(crate) fn works_elsewhere(&self) -> bool {
        self.slot.head().kind != SlotKind::Keychain && self.sealed.details.reach.works_elsewhere()
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Argon2Params, DataKey, Reach, RepositoryId, SlotDetails, UnlockSecret};
    use coffer_secret::Secret;
    use coffer_secret::testing::SeededEntropy;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// Four slots with ids of their own.
    static SLOTS: LazyLock<Vec<Keyslot>> = LazyLock::new(|| {
        let entropy = SeededEntropy::new(1);
        let (repository, data_key) = (RepositoryId::make(&entropy), DataKey::make(1, &entropy));
        let secret = UnlockSecret::Keychain(Secret::make(&entropy));
        let make =
            |_| Keyslot::make(&secret, None, repository, &data_key, Argon2Params::FLOOR, &entropy).unwrap();
        (0..4).map(make).collect()
    });

    prop_compose! {
        fn slot_state()(index in 0..4_usize, record in 0..2_u8, changed in 1..4_u64, name in "[ab]", proved in prop::option::of(1..4_i64)) -> SlotState {
            let slot = SLOTS[index].with_commitment([record; 32]);
            let details = SlotDetails { name, added: 1, proved, reach: Reach::Anywhere };
            let sealed = SealedDetails { id: slot.head().id, details, changed, unknown: UnknownFields::default() };
            SlotState { slot, sealed }
        }
    }

    prop_compose! {
        fn state()(
            slots in prop::collection::vec(slot_state(), 0..5),
            removed in prop::collection::vec((0..4_usize, 1..9_i64), 0..2),
            ways in 1..4_u8,
            memory_floor_kib in 65_536..65_539_u32,
        ) -> SetState {
            let removed: BTreeMap<SlotId, i64> = removed.into_iter().map(|(index, at)| (SLOTS[index].head().id, at)).collect();
            let slots = slots.into_iter().map(|state| (state.sealed.id, state));
            SetState {
                slots: slots.filter(|(id, _)| !removed.contains_key(id)).collect(),
                removed,
                policy: Policy { minimum_ways: ways, memory_floor_kib, ..Policy::default() },
                unknown: Default::default(),
            }
        }
    }

    fn merged(one: &SetState, other: &SetState) -> SetState {
        let mut merged = one.clone();
        merged.merge(other.clone());
        merged
    }

    proptest! {
        #[test]
        fn merging_does_not_depend_on_the_order(a in state(), b in state(), c in state()) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &a), a);
        }

        #[test]
        fn merging_keeps_every_slot_that_nobody_removed(a in state(), b in state()) {
            let both = merged(&a, &b);

            let kept = a.slots.keys().chain(b.slots.keys()).filter(|id| !a.removed.contains_key(id) && !b.removed.contains_key(id));
            prop_assert!(kept.clone().all(|id| both.slots.contains_key(id)));
            prop_assert!(both.slots.keys().all(|id| !both.removed.contains_key(id)));
            prop_assert_eq!(both.slots.len(), kept.collect::<std::collections::BTreeSet<_>>().len());
        }
    }

    #[test]
    fn the_oldest_removals_give_way() {
        let id = |number: i64| {
            SlotId::from_bytes([&[0; 8][..], &number.to_be_bytes()].concat().try_into().unwrap())
        };
        let removed = (0..300).map(|number| (id(number), number)).collect();
        let state = SetState {
            slots: BTreeMap::new(),
            removed,
            policy: Policy::default(),
            unknown: Default::default(),
        };

        let kept = state.removals_that_fit();

        assert_eq!((kept.len(), kept.values().min()), (256, Some(&44)));
    }
}
