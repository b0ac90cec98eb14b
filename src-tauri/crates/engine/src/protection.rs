//! End-to-end encrypted backup: ways to unlock, proved and counted before protection is on.

mod passkeys;
mod place;
mod reach;
mod renewal;
mod rules;
mod setup;
#[cfg(test)]
mod tests;
mod unlocking;
mod ways;

pub(crate) use reach::{BackupFlags, passkey_kind};
pub(crate) use rules::is_way;
pub use setup::Confirmation;
pub(crate) use setup::Setup;
pub(crate) use unlocking::wrong;

use crate::Engine;
use crate::error::Error;
use crate::home::{Place, Settings};
use crate::keyslot_folder::KeyslotFolder;
use crate::progress::lock;
use crate::view::{DigitsView, PasskeyKind, PasswordEstimate, ProtectionView, WayKind, WayView};
use coffer_keys::{
    KeyslotSet, OpenKeyslots, PasswordProblem, Policy, Reach, RecoveryKey, RepositoryId, SlotInfo, SlotKind,
};
use coffer_secret::SecretString;
use rules::{Standing, Tally};

/// Tries a second of somebody with many graphics cards against Argon2id at our cost, as a power of ten.
const GUESSES_A_SECOND_LOG10: f64 = 4.0;

impl Engine {
    /// Protection as the screen shows it.
    ///
    /// # Errors
    /// When the home cannot be read.
    pub fn get_protection(&self) -> Result<ProtectionView, Error> {
        let settings = self.home.settings();
        let session = lock(&self.session);
        let tally = self.tally(&settings, session.place.as_ref());
        let policy = session.place.as_ref().map_or_else(Policy::default, OpenKeyslots::policy);
        let ways = match &session.place {
            Some(keys) => reach::current_slots(keys, &settings)
                .iter()
                .filter(|slot| is_way(slot.kind))
                .map(|slot| way_view(slot, &settings))
                .collect(),
            None => self.ways_in_clear(&settings, tally)?,
        };
        let place = settings.place.as_ref();
        let standing = tally.standing(&policy);
        Ok(ProtectionView {
            state: standing.as_str().to_owned(),
            place: place.map(|place| place.path.clone()),
            backup_id: place.and_then(|place| place.repository.as_deref()).map(short_id),
            ways: if standing == Standing::Off { Vec::new() } else { ways },
            ways_elsewhere: tally.elsewhere,
            automatic: standing != Standing::Off && self.is_enrolled(&settings),
            needs_unlock: standing != Standing::Off
                && !session.fresh.is_some_and(|fresh| self.is_fresh(fresh)),
            pending: session.setup.as_ref().map(|setup| setup.kind().to_owned()),
        })
    }

    /// Says how strong a password is.
    pub fn estimate_password(&self, password: &SecretString) -> PasswordEstimate {
        let estimate = coffer_keys::estimate_password(password);
        PasswordEstimate {
            score: estimate.score,
            is_accepted: estimate.is_accepted,
            problem: estimate.problem.map(|problem| problem_word(problem).to_owned()),
            guess_time: guess_time(estimate.guesses_log10).to_owned(),
            tips: estimate.tips.iter().map(|tip| (*tip).to_owned()).collect(),
        }
    }

    /// Makes a password of six random words.
    pub fn suggest_password(&self) -> SecretString {
        coffer_keys::suggest_password(self.ports.entropy.as_ref())
    }

    /// Looks at the 64 digits while they are typed.
    pub fn inspect_digits(&self, digits: &SecretString) -> DigitsView {
        let seen = RecoveryKey::inspect(digits);
        DigitsView {
            wrong_rows: seen.wrong_rows,
            is_complete: seen.is_complete,
            digits: u8::try_from(seen.digits).unwrap_or(u8::MAX),
        }
    }

    fn tally(&self, settings: &Settings, keys: Option<&OpenKeyslots>) -> Tally {
        match (keys, &settings.place) {
            (Some(keys), _) => Tally::of(&reach::current_slots(keys, settings), None),
            (None, Some(place)) => Tally { proved: place.proved, elsewhere: place.proved_elsewhere },
            (None, None) => Tally::default(),
        }
    }

    /// What can be said about the ways while their names and dates are sealed.
    fn ways_in_clear(&self, settings: &Settings, tally: Tally) -> Result<Vec<WayView>, Error> {
        let Some(set) = self.cached_keyslots(settings)? else { return Ok(Vec::new()) };
        let ways: Vec<_> = set.ways().into_iter().filter(|way| is_way(way.kind)).collect();
        let all_proved = usize::try_from(tally.proved).is_ok_and(|proved| proved >= ways.len());
        Ok(ways
            .into_iter()
            .map(|way| {
                let times = settings.ways.get(&way.id.to_string()).copied().unwrap_or_default();
                let held_by = way.passkey.as_ref().map(passkey_kind);
                let reach =
                    times.reach.map_or_else(|| default_reach(way.kind, held_by), |seen| seen.now.into());
                WayView {
                    id: way.id.to_string(),
                    kind: way_kind(way.kind),
                    name: self.default_name(way.kind, held_by).to_owned(),
                    added: times.added.unwrap_or_default(),
                    last_used: times.last_used,
                    last_tested: times.last_tested,
                    passkey_kind: held_by,
                    reach: reach_word(reach).to_owned(),
                    is_proved: all_proved,
                }
            })
            .collect())
    }

    /// What a way is called until the person gives it another name.
    fn default_name(&self, kind: SlotKind, held_by: Option<PasskeyKind>) -> &'static str {
        match (kind, held_by) {
            (SlotKind::Password, _) => "Password",
            (SlotKind::RecoveryKey, _) => "64-digit key",
            (SlotKind::Passkey, Some(held_by)) => passkeys::passkey_name(held_by, &self.ports.platform),
            (SlotKind::Passkey, None) => "Passkey",
            (SlotKind::Keychain, _) => "This computer",
            (SlotKind::Vault, _) => "Backup key vault",
        }
    }

    /// The keyslot files of the place as this home keeps them.
    pub(crate) fn cached_keyslots(&self, settings: &Settings) -> Result<Option<KeyslotSet>, Error> {
        let Some(repository) = settings.place.as_ref().and_then(|place| place.repository.as_ref()) else {
            return Ok(None);
        };
        let files = KeyslotFolder::at_home(&self.home.keyslot_cache(repository))?.files()?;
        Ok(Some(KeyslotSet::read(files)))
    }
}

/// The place, with the repository in it.
///
/// # Errors
/// [`Error::NotProtected`] when none was chosen or nothing was set up in it.
pub(crate) fn protected_place(settings: &Settings) -> Result<(&Place, RepositoryId), Error> {
    let place = settings.place.as_ref().ok_or(Error::NotProtected)?;
    let repository = place.repository.as_deref().and_then(RepositoryId::parse).ok_or(Error::NotProtected)?;
    Ok((place, repository))
}

/// A short id that people can compare.
pub(crate) fn short_id(repository: &str) -> String {
    repository.chars().take(8).collect()
}

/// The word of a kind of slot.
pub(crate) fn way_kind(kind: SlotKind) -> WayKind {
    match kind {
        SlotKind::Password => WayKind::Password,
        SlotKind::RecoveryKey => WayKind::RecoveryKey,
        SlotKind::Keychain => WayKind::Keychain,
        SlotKind::Passkey => WayKind::Passkey,
        SlotKind::Vault => WayKind::Vault,
    }
}

fn way_view(slot: &SlotInfo, settings: &Settings) -> WayView {
    let SlotInfo { id, kind, passkey, details } = slot;
    let times = settings.ways.get(&id.to_string()).copied().unwrap_or_default();
    WayView {
        id: id.to_string(),
        kind: way_kind(*kind),
        name: details.name.clone(),
        added: details.added,
        last_used: times.last_used,
        last_tested: times.last_tested,
        passkey_kind: passkey.as_ref().map(passkey_kind),
        reach: reach_word(details.reach).to_owned(),
        is_proved: details.proved.is_some(),
    }
}

fn reach_word(reach: Reach) -> &'static str {
    match reach {
        Reach::ThisComputer => "this_computer",
        Reach::ThisKey => "this_key",
        Reach::Synced => "synced",
        Reach::Anywhere => "anywhere",
    }
}

/// The least a way of this kind reaches, while what is known about it is sealed.
fn default_reach(kind: SlotKind, held_by: Option<PasskeyKind>) -> Reach {
    match (kind, held_by) {
        (SlotKind::Password | SlotKind::RecoveryKey | SlotKind::Vault, _) => Reach::Anywhere,
        (SlotKind::Passkey, Some(PasskeyKind::SecurityKey | PasskeyKind::Phone)) => Reach::ThisKey,
        (SlotKind::Passkey, Some(PasskeyKind::Platform) | None) | (SlotKind::Keychain, _) => {
            Reach::ThisComputer
        }
    }
}

fn problem_word(problem: PasswordProblem) -> &'static str {
    match problem {
        PasswordProblem::TooShort => "too_short",
        PasswordProblem::Common => "common",
        PasswordProblem::Guessable => "guessable",
    }
}

fn guess_time(guesses_log10: f64) -> &'static str {
    const HOUR: f64 = 3.556;
    const DAY: f64 = 4.937;
    const MONTH: f64 = 6.414;
    const YEAR: f64 = 7.499;
    const CENTURY: f64 = 9.499;
    let seconds_log10 = guesses_log10 - GUESSES_A_SECOND_LOG10;
    if seconds_log10 < HOUR {
        "minutes"
    } else if seconds_log10 < DAY {
        "hours"
    } else if seconds_log10 < MONTH {
        "days"
    } else if seconds_log10 < YEAR {
        "months"
    } else if seconds_log10 < CENTURY {
        "years"
    } else {
        "centuries"
    }
}
