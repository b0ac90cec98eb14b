//! Where a passkey works: told by its flags and by what holds it, never guessed from the operating system (SCREENS, rule 3).
//!
//! The slot holds the reach of the last writing. What an authenticator says later is kept in the home, because unlocking writes
//! nothing to the place, and goes into the slot when the file is rewritten for another reason.

use crate::Engine;
use crate::error::Error;
use crate::home::{SeenReach, Settings};
use crate::view::PasskeyKind;
use coffer_keys::{OpenKeyslots, PasskeyCredential, Reach, SlotInfo};
use coffer_passkey::{AuthenticatorKind, Transports};

/// What an authenticator said about a passkey when it was used (WebAuthn, 6.1.3: BE and BS).
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackupFlags {
    /// It may be copied to other devices.
    pub eligible: bool,
    /// It is.
    pub backed_up: bool,
}

/// Where a passkey works. Only what is copied already counts as synced.
pub(super) fn passkey_reach(kind: PasskeyKind, flags: BackupFlags) -> Reach {
    match (kind, flags.eligible && flags.backed_up) {
        (_, true) => Reach::Synced,
        (PasskeyKind::Platform, false) => Reach::ThisComputer,
        (PasskeyKind::SecurityKey | PasskeyKind::Phone, false) => Reach::ThisKey,
    }
}

/// What holds a passkey, by the transports in its slot: [`slot_transports`] wrote them so that they tell.
pub(crate) fn passkey_kind(passkey: &PasskeyCredential) -> PasskeyKind {
    let transports = Transports(passkey.transports());
    if transports.contains(Transports::INTERNAL) {
        PasskeyKind::Platform
    } else if transports.contains(Transports::HYBRID) {
        PasskeyKind::Phone
    } else {
        PasskeyKind::SecurityKey
    }
}

/// The transports that go into a slot. A phone calls itself built in as well, which is true on the phone only.
pub(super) fn slot_transports(kind: AuthenticatorKind, transports: Transports) -> Transports {
    let Transports(bits) = transports;
    let without = |gone: Transports| Transports(bits & !gone.0);
    match kind {
        AuthenticatorKind::Platform => transports.with(Transports::INTERNAL),
        AuthenticatorKind::Phone => without(Transports::INTERNAL).with(Transports::HYBRID),
        AuthenticatorKind::SecurityKey => without(Transports::INTERNAL.with(Transports::HYBRID)),
    }
}

impl Engine {
    /// Keeps what an authenticator said about the passkey that opened these keys: in the home only.
    pub(crate) fn note_reach(&self, keys: &OpenKeyslots, flags: Option<BackupFlags>) -> Result<(), Error> {
        let opened = keys.slots().into_iter().find(|slot| slot.id == keys.opened_by());
        let passkey = opened.as_ref().and_then(|slot| slot.passkey.as_ref());
        let (Some(slot), Some(passkey), Some(flags)) = (&opened, passkey, flags) else { return Ok(()) };
        let sealed = slot.details.reach;
        let now = passkey_reach(passkey_kind(passkey), flags);
        let seen = (now != sealed).then(|| SeenReach { sealed: sealed.into(), now: now.into() });
        self.home.update_settings(|settings| {
            settings.ways.entry(slot.id.to_string()).or_default().reach = seen;
        })
    }

    /// Writes what this home knows better into slots that are about to be written anyway.
    pub(super) fn fold_reach(&self, keys: &mut OpenKeyslots) -> Result<(), Error> {
        let settings = self.home.settings();
        for slot in keys.slots() {
            let now = current_reach(&slot, &settings);
            if now != slot.details.reach {
                let mut details = slot.details;
                details.reach = now;
                keys.update_details(slot.id, details)?;
            }
        }
        Ok(())
    }
}

/// The slots with the reach this home knows.
pub(super) fn current_slots(keys: &OpenKeyslots, settings: &Settings) -> Vec<SlotInfo> {
    let mut slots = keys.slots();
    for slot in &mut slots {
        slot.details.reach = current_reach(slot, settings);
    }
    slots
}

/// What was seen here counts as long as nobody has written another reach since.
fn current_reach(slot: &SlotInfo, settings: &Settings) -> Reach {
    let seen = settings.ways.get(&slot.id.to_string()).and_then(|times| times.reach);
    match seen {
        Some(SeenReach { sealed, now }) if Reach::from(sealed) == slot.details.reach => now.into(),
        Some(_) | None => slot.details.reach,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_passkey_that_is_copied_already_reaches_other_devices() {
        let flags = |eligible, backed_up| BackupFlags { eligible, backed_up };
        let table = [
            (PasskeyKind::Platform, flags(false, false), Reach::ThisComputer),
            (PasskeyKind::Platform, flags(true, false), Reach::ThisComputer),
            (PasskeyKind::Platform, flags(true, true), Reach::Synced),
            (PasskeyKind::SecurityKey, flags(false, false), Reach::ThisKey),
            (PasskeyKind::SecurityKey, flags(true, false), Reach::ThisKey),
            (PasskeyKind::SecurityKey, flags(true, true), Reach::Synced),
            (PasskeyKind::Phone, flags(false, false), Reach::ThisKey),
            (PasskeyKind::Phone, flags(true, true), Reach::Synced),
            // Copied but not eligible: against the standard, so the flag counts for nothing.
            (PasskeyKind::Platform, flags(false, true), Reach::ThisComputer),
        ];

        for (kind, flags, reach) in table {
            assert_eq!(passkey_reach(kind, flags), reach, "{kind:?} {flags:?}");
        }
    }

    #[test]
    fn the_transports_in_a_slot_tell_what_holds_the_passkey() {
        let all = Transports::USB.with(Transports::NFC).with(Transports::INTERNAL).with(Transports::HYBRID);
        let kept = |kind, transports| {
            let Transports(bits) = slot_transports(kind, transports);
            passkey_kind(&PasskeyCredential::new(1, vec![1], bits).unwrap())
        };

        for transports in [all, Transports::default(), Transports::INTERNAL, Transports::HYBRID] {
            assert_eq!(kept(AuthenticatorKind::Platform, transports), PasskeyKind::Platform);
            assert_eq!(kept(AuthenticatorKind::Phone, transports), PasskeyKind::Phone);
            assert_eq!(kept(AuthenticatorKind::SecurityKey, transports), PasskeyKind::SecurityKey);
        }
    }
}
