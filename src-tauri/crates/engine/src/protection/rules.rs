//! When protection is on, and which way may go (KEYS.md, rules 1 to 3): pure functions of the slots.

use crate::error::LastWayRule;
use coffer_keys::{Policy, SlotId, SlotInfo, SlotKind};

/// Ways that count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// Ways that were proved.
    pub proved: u32,
    /// Those of them that open on another computer, without anybody's server.
    pub elsewhere: u32,
}

/// How safe the person is from being locked out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// No way was proved: nothing can be backed up.
    Off,
    /// One mishap away from closed for good.
    AtRisk,
    /// Enough ways, enough of them elsewhere.
    Protected,
}

impl Tally {
    /// Counts the ways; `without` one, when it is about to go.
    pub(crate) fn of(slots: &[SlotInfo], without: Option<SlotId>) -> Self {
        let mut tally = Self::default();
        for slot in slots.iter().filter(|slot| Some(slot.id) != without && is_way(slot.kind)) {
            if slot.details.proved.is_some() {
                tally.proved += 1;
                tally.elsewhere +=
                    u32::from(slot.kind != SlotKind::Vault && slot.details.reach.works_elsewhere());
            }
        }
        tally
    }

    /// The standing these ways give.
    pub(crate) fn standing(self, policy: &Policy) -> Standing {
        if self.proved == 0 {
            Standing::Off
        } else if self.proved >= u32::from(policy.minimum_ways)
            && self.elsewhere >= u32::from(policy.minimum_elsewhere)
        {
            Standing::Protected
        } else {
            Standing::AtRisk
        }
    }
}

impl Standing {
    /// The word of [`crate::view::ProtectionView`].
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::AtRisk => "at_risk",
            Self::Protected => "protected",
        }
    }
}

/// The keychain is for automatic runs: it is no way to unlock.
pub(crate) fn is_way(kind: SlotKind) -> bool {
    match kind {
        SlotKind::Password | SlotKind::RecoveryKey | SlotKind::Passkey | SlotKind::Vault => true,
        SlotKind::Keychain => false,
    }
}

/// Says whether a way may go.
pub(crate) fn may_remove(
    slots: &[SlotInfo],
    gone: SlotId,
    policy: &Policy,
    at_risk_acknowledged: bool,
) -> Result<(), LastWayRule> {
    let before = Tally::of(slots, None);
    let after = Tally::of(slots, Some(gone));
    if after.elsewhere == 0 {
        Err(LastWayRule::LastElsewhere)
    } else if after != before && after.standing(policy) != Standing::Protected && !at_risk_acknowledged {
        Err(LastWayRule::AtRisk)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_keys::{Reach, SlotDetails};

    /// A kind with its reach, and whether it was proved.
    type Way = ((SlotKind, Reach), bool);

    const PASSWORD: (SlotKind, Reach) = (SlotKind::Password, Reach::Anywhere);
    const DIGITS: (SlotKind, Reach) = (SlotKind::RecoveryKey, Reach::Anywhere);
    const HERE: (SlotKind, Reach) = (SlotKind::Passkey, Reach::ThisComputer);
    const STICK: (SlotKind, Reach) = (SlotKind::Passkey, Reach::ThisKey);
    const SYNCED: (SlotKind, Reach) = (SlotKind::Passkey, Reach::Synced);
    const VAULT: (SlotKind, Reach) = (SlotKind::Vault, Reach::Anywhere);
    const KEYCHAIN: (SlotKind, Reach) = (SlotKind::Keychain, Reach::ThisComputer);

    fn slots(ways: &[Way]) -> Vec<SlotInfo> {
        let mut id = 0;
        ways.iter()
            .map(|((kind, reach), is_proved)| {
                id += 1;
                SlotInfo {
                    id: SlotId::from_bytes([id; 16]),
                    kind: *kind,
                    passkey: None,
                    details: SlotDetails {
                        name: String::new(),
                        added: 0,
                        proved: is_proved.then_some(1),
                        reach: *reach,
                    },
                }
            })
            .collect()
    }

    fn standing(ways: &[Way]) -> Standing {
        Tally::of(&slots(ways), None).standing(&Policy::default())
    }

    #[test]
    fn protection_needs_two_proved_ways_and_one_elsewhere() {
        let table: [(&[Way], Standing); 21] = [
            (&[], Standing::Off),
            (&[(PASSWORD, false)], Standing::Off),
            (&[(KEYCHAIN, true)], Standing::Off),
            (&[(PASSWORD, true)], Standing::AtRisk),
            (&[(PASSWORD, true), (KEYCHAIN, true)], Standing::AtRisk),
            (&[(PASSWORD, true), (DIGITS, false)], Standing::AtRisk),
            (&[(HERE, true), (HERE, true)], Standing::AtRisk),
            (&[(HERE, true), (VAULT, true)], Standing::AtRisk),
            (&[(HERE, true), (KEYCHAIN, true), (DIGITS, false)], Standing::AtRisk),
            (&[(PASSWORD, true), (DIGITS, true)], Standing::Protected),
            (&[(PASSWORD, true), (PASSWORD, true)], Standing::Protected),
            (&[(HERE, true), (STICK, true)], Standing::Protected),
            (&[(STICK, true)], Standing::AtRisk),
            (&[(SYNCED, true)], Standing::AtRisk),
            (&[(HERE, true)], Standing::AtRisk),
            (&[(STICK, true), (DIGITS, false)], Standing::AtRisk),
            (&[(STICK, true), (DIGITS, true)], Standing::Protected),
            (&[(HERE, true), (DIGITS, true)], Standing::Protected),
            (&[(HERE, true), (SYNCED, true)], Standing::Protected),
            (&[(STICK, true), (STICK, true)], Standing::Protected),
            (&[(VAULT, true), (PASSWORD, true)], Standing::Protected),
        ];

        for (ways, expected) in table {
            assert_eq!(standing(ways), expected, "{ways:?}");
        }
    }

    #[test]
    fn the_last_way_that_works_elsewhere_stays() {
        let first = SlotId::from_bytes([1; 16]);
        let refuse = |ways: &[Way]| may_remove(&slots(ways), first, &Policy::default(), true);

        assert_eq!(refuse(&[(PASSWORD, true)]), Err(LastWayRule::LastElsewhere));
        assert_eq!(refuse(&[(PASSWORD, true), (HERE, true)]), Err(LastWayRule::LastElsewhere));
        assert_eq!(refuse(&[(PASSWORD, true), (VAULT, true)]), Err(LastWayRule::LastElsewhere));
        assert_eq!(
            refuse(&[(PASSWORD, true), (DIGITS, false)]),
            Err(LastWayRule::LastElsewhere),
            "never proved"
        );
        assert_eq!(refuse(&[(PASSWORD, true), (DIGITS, true)]), Ok(()));
        assert_eq!(refuse(&[(DIGITS, false), (PASSWORD, true)]), Ok(()));
    }

    #[test]
    fn falling_below_the_rule_needs_a_word() {
        let first = SlotId::from_bytes([1; 16]);
        let both = slots(&[(PASSWORD, true), (DIGITS, true)]);
        let three = slots(&[(PASSWORD, true), (DIGITS, true), (STICK, true)]);
        let spare = slots(&[(DIGITS, false), (PASSWORD, true)]);

        assert_eq!(may_remove(&both, first, &Policy::default(), false), Err(LastWayRule::AtRisk));
        assert_eq!(may_remove(&both, first, &Policy::default(), true), Ok(()));
        assert_eq!(may_remove(&three, first, &Policy::default(), false), Ok(()));
        assert_eq!(may_remove(&spare, first, &Policy::default(), false), Ok(()), "it was never proved");
    }
}
