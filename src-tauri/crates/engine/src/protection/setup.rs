//! Setting up a way: it counts once it was proved against the place, and what was begun leaves nothing behind.
//!
//! A new password or 64-digit key stays in memory until the person has entered or confirmed it a second time. Only then is its slot
//! written, read back from the place, opened by that second use, and marked as proved.

use super::{protected_place, short_id};
use crate::Engine;
use crate::error::Error;
use crate::home::Place;
use crate::keyslot_folder::KeyslotFolder;
use crate::places;
use crate::progress::lock;
use crate::protection::unlocking::parse_digits;
use crate::recovery_sheet::{self, Paper, SheetFacts};
use crate::view::{ProtectionView, RecoveryKeyView};
use coffer_archive::{Repository, Store};
use coffer_keys::{
    Argon2Params, KeyslotSet, OpenKeyslots, PasskeyCredential, Reach, RecoveryKey, RepositoryId, SlotDetails,
    SlotId, SlotKind, UnlockSecret,
};
use coffer_secret::{Entropy, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Groups of a 64-digit key.
const GROUPS: u8 = 16;

/// How a person shows that a new 64-digit key is really kept.
#[derive(Debug)]
pub enum Confirmation {
    /// The two groups that were asked for, in that order.
    Groups(SecretString, SecretString),
    /// The whole key, typed or pasted.
    Text(SecretString),
    /// The saved sheet, opened again.
    Sheet(PathBuf),
}

/// What is written about a new way beside its keys.
pub(super) struct NewWay {
    /// What the person reads until they rename it.
    pub name: String,
    /// Where it works.
    pub reach: Reach,
    /// The passkey, for a way of that kind.
    pub passkey: Option<PasskeyCredential>,
}

/// A way that was entered once and waits for its proof.
pub(crate) enum Setup {
    /// A password, to be typed again.
    Password(SecretString),
    /// A 64-digit key, with the groups to ask for.
    RecoveryKey {
        /// The key: nowhere else.
        key: RecoveryKey,
        /// From 1.
        ask: (u8, u8),
    },
}

impl Setup {
    /// The word of [`ProtectionView::pending`].
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::RecoveryKey { .. } => "recovery_key",
        }
    }
}

impl Engine {
    /// Begins a password as a way to unlock; [`Engine::prove_password`] ends it.
    ///
    /// # Errors
    /// [`Error::WeakPassword`]; [`Error::NotProtected`] before a place was chosen; [`Error::NeedsUnlock`] when other ways exist
    /// and none was used in the last five minutes; [`Error::PlaceMissing`].
    pub fn add_password(&self, password: SecretString) -> Result<ProtectionView, Error> {
        let estimate = self.estimate_password(&password);
        if !estimate.is_accepted {
            return Err(Error::WeakPassword {
                problem: estimate.problem.unwrap_or_else(|| "guessable".to_owned()),
            });
        }
        self.begin(Setup::Password(password))?;
        self.get_protection()
    }

    /// Proves the new password by typing it again: it opens the backup from the place.
    ///
    /// # Errors
    /// [`Error::PasswordMismatch`]; [`Error::ExpiredSession`] when none was begun; what the place says: then nothing counts.
    pub fn prove_password(&self, password: SecretString) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        let first = match &lock(&self.session).setup {
            Some(Setup::Password(first)) => first.duplicate(),
            Some(Setup::RecoveryKey { .. }) | None => return Err(Error::ExpiredSession),
        };
        self.finish_typed(&UnlockSecret::Password(first), &UnlockSecret::Password(password))
    }

    /// Makes a 64-digit key and shows it once; [`Engine::confirm_recovery_key`] ends it.
    ///
    /// # Errors
    /// As [`Engine::add_password`].
    pub fn make_recovery_key(&self) -> Result<RecoveryKeyView, Error> {
        let entropy = self.ports.entropy.as_ref();
        let key = RecoveryKey::make(entropy);
        let groups = key.groups().iter().map(|group| group.expose().to_owned()).collect();
        let ask = two_groups(entropy);
        self.begin(Setup::RecoveryKey { key, ask })?;
        Ok(RecoveryKeyView { way: String::new(), groups, ask })
    }

    /// Confirms that the new 64-digit key is kept: then it opens the backup from the place.
    ///
    /// # Errors
    /// [`Error::GroupsMismatch`], [`Error::DigitsTypo`], [`Error::WrongKey`] for another key, [`Error::NotASheet`] for a file that
    /// is not a saved sheet; [`Error::ExpiredSession`] when none was begun; what the place says: then nothing counts.
    pub fn confirm_recovery_key(&self, confirmation: Confirmation) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        let (key, ask) = self.pending_key()?;
        match confirmation {
            Confirmation::Groups(first, second) => {
                for (group, typed) in [(ask.0, first), (ask.1, second)] {
                    if !key.group_matches(usize::from(group), &typed) {
                        return Err(Error::GroupsMismatch { group });
                    }
                }
            }
            Confirmation::Text(text) => same_key(&key, &text)?,
            Confirmation::Sheet(path) => same_key(&key, &recovery_sheet::read_sheet(&path)?)?,
        }
        let fresh_use = UnlockSecret::RecoveryKey(key.duplicate());
        self.finish_typed(&UnlockSecret::RecoveryKey(key), &fresh_use)
    }

    /// Saves the new 64-digit key as a sheet to print.
    ///
    /// # Errors
    /// [`Error::SheetInBackup`]; [`Error::ExpiredSession`] when no key was just made; [`Error::FileMissing`] when the folder is not
    /// there; [`Error::Storage`] when it cannot be written.
    pub fn save_recovery_sheet(&self, path: &Path, paper: Paper) -> Result<(), Error> {
        let (key, _) = self.pending_key()?;
        let settings = self.home.settings();
        let place = settings.place.as_ref().ok_or(Error::NotProtected)?;
        let path = recovery_sheet::refuse_inside(path, Path::new(&place.path))?;
        let date = self.today();
        let backup_id = place.repository.as_deref().map_or_else(String::new, short_id);
        let facts = SheetFacts { machine: &self.ports.machine, date: &date, backup_id: &backup_id };
        let pdf = recovery_sheet::make_sheet(&key.groups(), &facts, paper)?;
        crate::home::write_private_file(&path, &pdf)
    }

    /// Drops what was begun and not proved. What was proved stays.
    ///
    /// # Errors
    /// When the home cannot be read.
    pub fn abandon_setup(&self) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        lock(&self.session).setup = None;
        self.get_protection()
    }

    /// Checks that a way can be added before the person goes to the trouble.
    fn begin(&self, setup: Setup) -> Result<(), Error> {
        let _changing = lock(&self.changing);
        self.begin_way()?;
        lock(&self.session).setup = Some(setup);
        Ok(())
    }

    /// What every new way needs before it is begun: an open library, a fresh unlock, a place with a repository id.
    pub(super) fn begin_way(&self) -> Result<(Place, RepositoryId), Error> {
        self.own_library()?;
        let settings = self.home.settings();
        self.require_fresh(&settings)?;
        self.prepare_repository_id(settings.place.as_ref().ok_or(Error::NotProtected)?)?;
        let settings = self.home.settings();
        protected_place(&settings).map(|(place, id)| (place.clone(), id))
    }

    /// A repository id from the start, so that it stands on the sheet. What an earlier set-up left half-made is swept.
    fn prepare_repository_id(&self, place: &Place) -> Result<(), Error> {
        let store = places::open_store(Path::new(&place.path))?;
        if place.proved > 0 {
            return Ok(());
        }
        sweep_unproved(&store, place.repository.as_deref())?;
        lock(&self.session).place = None;
        if place.repository.is_none() {
            let id = RepositoryId::make(self.ports.entropy.as_ref()).to_string();
            self.home.update_settings(|settings| {
                if let Some(place) = &mut settings.place {
                    place.repository = Some(id);
                }
            })?;
        }
        Ok(())
    }

    /// Ends the set-up of a way that works anywhere.
    fn finish_typed(&self, secret: &UnlockSecret, fresh_use: &UnlockSecret) -> Result<ProtectionView, Error> {
        let name = self.default_name(secret.kind(), None).to_owned();
        self.finish(NewWay { name, reach: Reach::Anywhere, passkey: None }, secret, fresh_use)
    }

    /// Writes the slot, reads it back, opens it with the second use, and marks it as proved.
    pub(super) fn finish(
        &self,
        new: NewWay,
        secret: &UnlockSecret,
        fresh_use: &UnlockSecret,
    ) -> Result<ProtectionView, Error> {
        if !is_same(secret, fresh_use) {
            return Err(Error::PasswordMismatch);
        }
        self.own_library()?;
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        let now = self.ports.clock.now();
        let NewWay { name, reach, passkey } = new;
        let details = SlotDetails { name, added: now, proved: None, reach };
        let slot = if place.proved == 0 {
            self.create_repository(place, id, secret, passkey.as_ref(), details)?
        } else {
            self.add_slot(place, secret, passkey.as_ref(), details)?
        };
        let folder = KeyslotFolder::of(places::open_store(Path::new(&place.path))?);
        let set = KeyslotSet::read(folder.files()?);
        if lock(&self.session).place.as_ref().is_some_and(|open| set.is_newer_than(open)) {
            return Err(Error::WaysChanged);
        }
        let mut keys = set.unlock(fresh_use)?;
        self.mark_proved(&mut keys, slot)?;
        folder.save(&mut keys, self.ports.entropy.as_ref())?;
        lock(&self.session).setup = None;
        self.settle(keys, true)?;
        self.remember_use(slot, secret.kind())?;
        self.get_protection()
    }

    fn create_repository(
        &self,
        place: &Place,
        id: RepositoryId,
        secret: &UnlockSecret,
        passkey: Option<&PasskeyCredential>,
        details: SlotDetails,
    ) -> Result<SlotId, Error> {
        let entropy = self.ports.entropy.as_ref();
        let store = places::open_store(Path::new(&place.path))?;
        sweep_unproved(&store, place.repository.as_deref())?;
        let keys = match passkey {
            Some(passkey) => OpenKeyslots::create_with_passkey(id, secret, passkey, details, entropy)?,
            None => OpenKeyslots::create(id, secret, details, self.cost_of(secret)?, entropy)?,
        };
        let slot = keys.opened_by();
        Repository::create(store, keys, entropy)?;
        Ok(slot)
    }

    fn add_slot(
        &self,
        place: &Place,
        secret: &UnlockSecret,
        passkey: Option<&PasskeyCredential>,
        details: SlotDetails,
    ) -> Result<SlotId, Error> {
        let entropy = self.ports.entropy.as_ref();
        let mut keys = self.keys_to_change(place)?;
        self.refuse_known_password(place, secret)?;
        // An unproved slot of a set-up that was stopped between its two writes goes with the next one.
        let unproved: Vec<SlotId> = keys
            .slots()
            .iter()
            .filter(|slot| slot.kind == secret.kind() && slot.details.proved.is_none())
            .map(|slot| slot.id)
            .collect();
        let slot = match passkey {
            Some(passkey) => keys.add_passkey(secret, passkey, details, entropy)?,
            None => keys.add(secret, details, self.cost_of(secret)?, entropy)?,
        };
        for old in unproved {
            keys.remove(old, self.ports.clock.now())?;
        }
        KeyslotFolder::of(places::open_store(Path::new(&place.path))?).save(&mut keys, entropy)?;
        Ok(slot)
    }

    /// The same password twice would count as two ways and be one.
    fn refuse_known_password(&self, place: &Place, secret: &UnlockSecret) -> Result<(), Error> {
        if secret.kind() != SlotKind::Password {
            return Ok(());
        }
        let files = KeyslotFolder::of(places::open_store(Path::new(&place.path))?).files()?;
        match KeyslotSet::read(files).unlock(secret) {
            Ok(keys) if is_proved(&keys, keys.opened_by()) => {
                Err(Error::WeakPassword { problem: "already_used".to_owned() })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What a guess costs: measured for a password, unused for secrets nobody can guess.
    fn cost_of(&self, secret: &UnlockSecret) -> Result<Argon2Params, Error> {
        match (self.password_cost, secret.kind()) {
            (Some(cost), _) => Ok(cost),
            (None, SlotKind::Password) => Ok(Argon2Params::calibrate(&|| self.ports.clock.ticks())?),
            (None, SlotKind::RecoveryKey | SlotKind::Keychain | SlotKind::Passkey | SlotKind::Vault) => {
                Ok(Argon2Params::DEFAULT)
            }
        }
    }

    /// The keys as the place holds them now, to be changed and written back.
    pub(super) fn keys_to_change(&self, place: &Place) -> Result<OpenKeyslots, Error> {
        let mut keys = {
            let session = lock(&self.session);
            self.read_keys(Path::new(&place.path), session.place.as_ref().ok_or(Error::NeedsUnlock)?)?
        };
        self.fold_reach(&mut keys)?;
        Ok(keys)
    }

    pub(super) fn mark_proved(&self, keys: &mut OpenKeyslots, slot: SlotId) -> Result<(), Error> {
        let mut details = keys
            .slots()
            .into_iter()
            .find(|found| found.id == slot && keys.opened_by() == slot)
            .ok_or(Error::WrongSecret)?
            .details;
        details.proved = Some(self.ports.clock.now());
        keys.update_details(slot, details)?;
        Ok(())
    }

    fn pending_key(&self) -> Result<(RecoveryKey, (u8, u8)), Error> {
        match &lock(&self.session).setup {
            Some(Setup::RecoveryKey { key, ask }) => Ok((key.duplicate(), *ask)),
            Some(Setup::Password(_)) | None => Err(Error::ExpiredSession),
        }
    }

    pub(super) fn today(&self) -> String {
        let zone = jiff::tz::TimeZone::get(&self.ports.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        jiff::Timestamp::from_millisecond(self.ports.clock.now())
            .map(|now| now.to_zoned(zone).date().to_string())
            .unwrap_or_default()
    }
}

/// Sweeps what a set-up of this computer left half-made: its own repository id, no way ever proved, no backup.
///
/// Anything else in the place is somebody's, and stops the set-up.
pub(super) fn sweep_unproved(store: &Arc<dyn Store>, own: Option<&str>) -> Result<(), Error> {
    let files = KeyslotFolder::of(Arc::clone(store)).files()?;
    let found = KeyslotSet::read(files.clone()).repository_id().map(|id| id.to_string());
    let has_backups = ["snapshots/", "packs/", "index/"]
        .iter()
        .try_fold(false, |found, folder| store.list(folder).map(|files| found || !files.is_empty()))?;
    if has_backups || !files.is_empty() && (found.is_none() || found.as_deref() != own) {
        return Err(Error::ExistingBackups { backup_id: found.as_deref().map(short_id) });
    }
    if files.is_empty() {
        return Ok(());
    }
    for name in ["coffer.json", "READ-ME.txt", "FORMAT.md"] {
        store.delete(name)?;
    }
    // The keyslots go last: as long as they are there, the next try knows that all this is its own.
    for (name, _) in &files {
        store.delete(&format!("keyslots-2/{name}"))?;
        store.delete(&format!("keyslots/{name}"))?;
    }
    Ok(())
}

fn is_proved(keys: &OpenKeyslots, slot: SlotId) -> bool {
    keys.slots().iter().any(|found| found.id == slot && found.details.proved.is_some())
}

/// Compares before anything is written, so that a slip of the finger leaves no slot behind.
fn is_same(one: &UnlockSecret, other: &UnlockSecret) -> bool {
    match (one, other) {
        (UnlockSecret::Password(one), UnlockSecret::Password(other)) => one.expose() == other.expose(),
        (UnlockSecret::RecoveryKey(one), UnlockSecret::RecoveryKey(other)) => one.matches(other),
        (UnlockSecret::Keychain(one), UnlockSecret::Keychain(other))
        | (UnlockSecret::Passkey(one), UnlockSecret::Passkey(other)) => one.matches(other),
        _ => false,
    }
}

fn same_key(key: &RecoveryKey, typed: &SecretString) -> Result<(), Error> {
    if parse_digits(typed)?.matches(key) { Ok(()) } else { Err(Error::WrongKey) }
}

/// Two different groups, from 1 to 16, in order.
fn two_groups(entropy: &dyn Entropy) -> (u8, u8) {
    let draw = || {
        let mut byte = [0_u8; 1];
        entropy.fill(&mut byte);
        byte[0] % GROUPS + 1
    };
    let first = draw();
    loop {
        let second = draw();
        if second != first {
            return (first.min(second), first.max(second));
        }
    }
}
