//! Locking, unlocking, and the keys of the place while they are open.

use super::{protected_place, way_kind};
use crate::Engine;
use crate::error::Error;
use crate::home::{Place, Settings};
use crate::keyslot_folder::KeyslotFolder;
use crate::library_key::{LibraryKey, format_key, parse_key};
use crate::places;
use crate::ports::Ports;
use crate::progress::lock;
use crate::protection::reach::current_slots;
use crate::protection::rules::{Standing, Tally, is_way};
use crate::session::{Fresh, Unlock, Used};
use crate::view::{AppView, ProtectionView, WayKind};
use coffer_archive::{Repository, Unlocked};
use coffer_keys::{
    Argon2Params, KeyslotSet, OpenKeyslots, Reach, RecoveryKey, RepositoryId, SlotDetails, SlotId, SlotKind,
    UnlockSecret,
};
use coffer_secret::{Secret, SecretString};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// A use of a way counts as fresh for five minutes (KEYS.md, rule 4).
const FRESH_MILLIS: u64 = 5 * 60 * 1000;

impl Engine {
    /// The app as a whole: which screen to show first.
    ///
    /// # Errors
    /// When the home or the library cannot be read.
    pub fn app(&self) -> Result<AppView, Error> {
        let settings = self.home.settings();
        let shown = self.library().ok();
        let is_sample = lock(&self.session).samples.is_some();
        Ok(AppView {
            platform: self.ports.platform.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            is_locked: shown.is_none(),
            unlock_ways: if shown.is_none() { self.unlock_ways(&settings)? } else { Vec::new() },
            passkey_kinds: self.passkey_kinds(),
            has_chats: shown
                .map_or(Ok(false), |room| room.library.conversations().map(|rows| !rows.is_empty()))?,
            is_protected: settings.place.as_ref().is_some_and(|place| place.proved > 0),
            library_key_in_file: self.home.library_key_file().exists(),
            keychain_available: self.ports.keychain.is_available(),
            is_sample,
        })
    }

    /// Drops every key, closes the library, and stops a passkey ceremony. A running job keeps what it works with until it ends.
    ///
    /// Does nothing while the library key still lies in a file: there would be no way to unlock.
    pub fn lock(&self) {
        self.ceremonies.cancel(None);
        if self.home.library_key_file().exists() {
            lock(&self.session).fresh = None;
            return;
        }
        *lock(&self.session) = crate::session::Session::default();
        *lock(&self.opened) = Default::default();
    }

    /// Opens the library with a way to unlock.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::WrongKey`], [`Error::DigitsTypo`], [`Error::WrongPasskey`], [`Error::Passkey`],
    /// [`Error::KeychainUnavailable`]; [`Error::NotProtected`] when there is no way to unlock.
    pub fn unlock(&self, unlock: Unlock) -> Result<AppView, Error> {
        let used = self.ask(unlock)?;
        let _changing = lock(&self.changing);
        self.use_way(used)?;
        self.app()
    }

    /// Uses a way before a change of the ways: counts for five minutes. The keychain does not count.
    ///
    /// # Errors
    /// As [`Engine::unlock`]; [`Error::NeedsUnlock`] for the keychain.
    pub fn fresh_unlock(&self, unlock: Unlock) -> Result<ProtectionView, Error> {
        if matches!(unlock, Unlock::Keychain) {
            return Err(Error::NeedsUnlock);
        }
        let used = self.ask(unlock)?;
        let _changing = lock(&self.changing);
        self.use_way(used)?;
        self.get_protection()
    }

    /// The repository of this computer's place, opened with the keys in memory or this computer's keychain.
    ///
    /// # Errors
    /// [`Error::NotProtected`], [`Error::PlaceMissing`]; [`Error::NeedsUnlock`] when a way must be used first.
    pub(crate) fn repository(&self) -> Result<Arc<Repository<Unlocked>>, Error> {
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        let path = Path::new(&place.path);
        let seen = self.pinned_ways(&id)?.unwrap_or_default();
        match self.open_repository(path, id, &settings) {
            Ok(unlocked) if unlocked.open_keyslots().state() >= seen => {
                self.take_over(&unlocked);
                Ok(Arc::new(unlocked))
            }
            Ok(_) => Err(Error::RolledBack),
            // An older set may lack the way that was used, or the key that is open.
            Err(Error::WrongSecret | Error::Damaged { .. }) if shows_older_ways(path, seen) => {
                Err(Error::RolledBack)
            }
            Err(error) => Err(error),
        }
    }

    fn open_repository(
        &self,
        path: &Path,
        id: RepositoryId,
        settings: &Settings,
    ) -> Result<Repository<Unlocked>, Error> {
        let store = places::open_store(path)?;
        let locked = Repository::open(Arc::clone(&store))?;
        if *locked.repository_id() != id {
            return Err(Error::ExistingBackups {
                backup_id: Some(super::short_id(&locked.repository_id().to_string())),
            });
        }
        if let Some(keys) = &lock(&self.session).place {
            return Ok(Repository::with_keys(store, self.current_keys(locked.keyslots(), keys, settings)?));
        }
        let secret = self.computer_secret(settings)?.ok_or(Error::NeedsUnlock)?;
        match locked.unlock(&secret).map_err(Error::from) {
            Err(Error::WrongSecret) => Err(Error::NeedsUnlock),
            unlocked => unlocked,
        }
    }

    /// Opens the place's keys with a way and, where it is locked, the library with them.
    ///
    /// The keyslots are those of the place and those this home remembers, so that it works without the place, and so that an
    /// older state put back there does not bring a removed way back.
    ///
    /// # Errors
    /// As [`Engine::unlock`].
    pub(crate) fn use_way(&self, used: Used) -> Result<SlotId, Error> {
        let Used { secret, flags } = used;
        let (set, id) = self.known_keyslots()?;
        let keys = set.unlock(&secret).map_err(|error| wrong(error.into(), secret.kind()))?;
        if keys.repository() != id {
            return Err(wrong(Error::WrongSecret, secret.kind()));
        }
        let slot = keys.opened_by();
        self.open_library_with(&keys)?;
        self.remember_use(slot, secret.kind())?;
        self.note_reach(&keys, flags)?;
        self.settle_quietly(keys);
        Ok(slot)
    }

    /// Asks for a way of this computer's place: a passkey is used while this blocks, so no lock may be held.
    ///
    /// # Errors
    /// [`Error::DigitsTypo`], [`Error::KeychainUnavailable`], [`Error::Passkey`], [`Error::Busy`], [`Error::NotProtected`].
    pub(crate) fn ask(&self, unlock: Unlock) -> Result<Used, Error> {
        match unlock {
            Unlock::Password(password) => Ok(UnlockSecret::Password(password).into()),
            Unlock::Digits(digits) => Ok(UnlockSecret::RecoveryKey(parse_digits(&digits)?).into()),
            Unlock::Keychain => {
                let secret = self.computer_secret(&self.home.settings())?;
                secret.map(Used::from).ok_or(Error::KeychainUnavailable)
            }
            Unlock::Passkey => {
                let (set, id) = self.known_keyslots()?;
                self.use_passkey(&set, &id)
            }
        }
    }

    /// The keyslot files of this computer's place: those that are there, and those this home remembers.
    fn known_keyslots(&self) -> Result<(KeyslotSet, RepositoryId), Error> {
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        let kept = KeyslotFolder::at_home(&self.home.keyslot_cache(&id.to_string()))?.files()?;
        Ok((KeyslotSet::read_beside(kept, files_of_place(Path::new(&place.path))), id))
    }

    /// Opens what needs no person: the library by its file or, after protection, by the keychain.
    pub(crate) fn open_at_start(&self) -> Result<(), Error> {
        if let Some(key) = LibraryKey::open_by_file(&self.home, &self.ports)? {
            self.open_library_by(key)?;
        }
        let settings = self.home.settings();
        let Ok((_, id)) = protected_place(&settings) else { return Ok(()) };
        let Ok(Some(secret)) = self.computer_secret(&settings) else { return Ok(()) };
        let files = KeyslotFolder::at_home(&self.home.keyslot_cache(&id.to_string()))?.files()?;
        // A keychain that does not fit leaves the library locked; a way to unlock puts it right.
        let Ok(keys) = KeyslotSet::read(files).unlock(&secret) else { return Ok(()) };
        if keys.repository() == id && self.open_library_with(&keys).is_ok() {
            lock(&self.session).place = Some(keys);
        }
        Ok(())
    }

    /// After a change of the ways or their first opening: keeps them at home, counts them, lets them open the library, and enrols
    /// this computer when it is asked to or was before.
    ///
    /// The order matters: the ways are safe at home before the key file goes.
    pub(crate) fn settle(&self, keys: OpenKeyslots, enrol: bool) -> Result<(), Error> {
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        let keys = if enrol || settings.computer_slot.is_some() {
            self.enrol(keys, place, &settings, enrol)?
        } else {
            keys
        };
        let folder = KeyslotFolder::of(places::open_store(Path::new(&place.path))?);
        KeyslotFolder::at_home(&self.home.keyslot_cache(&id.to_string()))?.mirror(&folder.files()?)?;
        let tally = Tally::of(&current_slots(&keys, &settings), None);
        self.home.update_settings(|settings| {
            if let Some(place) = &mut settings.place {
                place.proved = tally.proved;
                place.proved_elsewhere = tally.elsewhere;
            }
            let kept: BTreeSet<String> = keys.slots().iter().map(|slot| slot.id.to_string()).collect();
            settings.ways.retain(|way, _| kept.contains(way));
            for slot in keys.slots().iter().filter(|slot| is_way(slot.kind)) {
                let times = settings.ways.entry(slot.id.to_string()).or_default();
                times.added = Some(slot.details.added);
                // Another word in the slot is the newer one: it was written since.
                times.reach = times.reach.filter(|seen| Reach::from(seen.sealed) == slot.details.reach);
            }
        })?;
        self.pin_ways(&keys)?;
        let mut session = lock(&self.session);
        if let Some(library) = session.library_key.as_mut().filter(|_| tally.proved > 0) {
            library.add_place(&self.home, &self.ports, &keys)?;
            if tally.standing(&keys.policy()) == Standing::Protected {
                library.keep_only_place(&self.home, &self.ports, &id)?;
            }
        }
        session.place = Some(keys);
        Ok(())
    }

    /// A way was used against a fresh use in the last five minutes.
    pub(super) fn is_fresh(&self, fresh: Fresh) -> bool {
        self.ports.clock.ticks().saturating_sub(fresh.ticks) <= FRESH_MILLIS
    }

    /// Asks for a real way, used not long ago, before anything changes. Nothing to ask for while nothing is protected.
    pub(super) fn require_fresh(&self, settings: &Settings) -> Result<(), Error> {
        if settings.place.as_ref().is_none_or(|place| place.proved == 0) {
            return Ok(());
        }
        match lock(&self.session).fresh {
            Some(fresh) if self.is_fresh(fresh) => Ok(()),
            Some(_) | None => Err(Error::NeedsUnlock),
        }
    }

    /// Notes that a way was used: on this computer only, unlocking writes nothing to the place.
    pub(crate) fn remember_use(&self, slot: SlotId, kind: SlotKind) -> Result<(), Error> {
        if kind == SlotKind::Keychain {
            return Ok(());
        }
        lock(&self.session).fresh = Some(Fresh { ticks: self.ports.clock.ticks() });
        let now = self.ports.clock.now();
        self.home.update_settings(|settings| {
            settings.ways.entry(slot.to_string()).or_default().last_used = Some(now);
        })
    }

    /// The kinds of way that open the library now.
    fn unlock_ways(&self, settings: &Settings) -> Result<Vec<WayKind>, Error> {
        let Some(set) = self.cached_keyslots(settings)? else { return Ok(Vec::new()) };
        let has_keychain = self.is_enrolled(settings);
        let ways = set.ways();
        let kinds: BTreeSet<WayKind> = ways
            .iter()
            .filter(|way| way.kind != SlotKind::Keychain || has_keychain)
            .map(|way| way_kind(way.kind))
            .collect();
        Ok(self.best_first(kinds, &ways))
    }

    /// This computer's keychain can open the place.
    pub(super) fn is_enrolled(&self, settings: &Settings) -> bool {
        settings.computer_slot.is_some()
            && self.ports.keychain.is_available()
            && matches!(self.computer_secret(settings), Ok(Some(_)))
    }

    /// Forgets this computer's key; its slot in the place opens for nobody then.
    pub(super) fn forget_computer_secret(&self, settings: &Settings) {
        // Without a keychain there is nothing to forget.
        drop(self.ports.keychain.delete(&computer_entry(settings)));
    }

    pub(super) fn computer_secret(&self, settings: &Settings) -> Result<Option<UnlockSecret>, Error> {
        let text = self.ports.keychain.get(&computer_entry(settings))?;
        Ok(text.and_then(|text| parse_key(&text)).map(UnlockSecret::Keychain))
    }

    /// Gives this computer a slot of its own, opened by its keychain. Without a keychain backups ask for a way: no error.
    fn enrol(
        &self,
        keys: OpenKeyslots,
        place: &Place,
        settings: &Settings,
        is_asked: bool,
    ) -> Result<OpenKeyslots, Error> {
        let slots = keys.slots();
        let own = settings.computer_slot.as_deref().and_then(SlotId::parse);
        let kept = own.filter(|own| slots.iter().any(|slot| slot.id == *own));
        if own.is_some() && kept.is_none() && !is_asked {
            // Another computer took this one's slot away: it comes back only when a person here asks for it.
            self.forget_computer_secret(settings);
            self.home.update_settings(|settings| settings.computer_slot = None)?;
            return Ok(keys);
        }
        if kept.is_some() && self.is_enrolled(settings) || !self.ports.keychain.is_available() {
            return Ok(keys);
        }
        let secret = Secret::make(self.ports.entropy.as_ref());
        let entry: SecretString = format_key(&secret);
        if self.ports.keychain.set(&computer_entry(settings), &entry).is_err() {
            return Ok(keys);
        }
        let mut keys = keys;
        if let Some(own) = kept {
            keys.remove(own, self.ports.clock.now())?;
        }
        let details = computer_details(&self.ports);
        let slot = keys.add(
            &UnlockSecret::Keychain(secret),
            details,
            Argon2Params::DEFAULT,
            self.ports.entropy.as_ref(),
        )?;
        KeyslotFolder::of(places::open_store(Path::new(&place.path))?)
            .save(&mut keys, self.ports.entropy.as_ref())?;
        self.home.update_settings(|settings| settings.computer_slot = Some(slot.to_string()))?;
        Ok(keys)
    }

    fn open_library_with(&self, keys: &OpenKeyslots) -> Result<(), Error> {
        if lock(&self.session).library.is_some() {
            return Ok(());
        }
        self.open_library_by(LibraryKey::open_by_place(&self.home, keys)?)
    }

    fn open_library_by(&self, key: LibraryKey) -> Result<(), Error> {
        let room = Arc::new(key.open_library(&self.home, &self.ports)?);
        let mut session = lock(&self.session);
        session.library = Some(room);
        session.library_key = Some(key);
        Ok(())
    }

    /// What unlocking learns is kept where possible; a place that is away or read-only is no reason to stay locked.
    pub(crate) fn settle_quietly(&self, keys: OpenKeyslots) {
        let place = self.home.settings().place.map(|place| place.path);
        let newest = place.and_then(|path| self.read_keys(Path::new(&path), &keys).ok());
        let is_settled = newest.is_some_and(|newest| self.settle(newest, false).is_ok());
        if !is_settled {
            lock(&self.session).place = Some(keys);
        }
    }
}

/// The name of this home's entry in the keychain: random, so that two homes never meet.
fn computer_entry(settings: &Settings) -> String {
    format!("{}.computer", settings.home_id)
}

fn computer_details(ports: &Ports) -> SlotDetails {
    let now = ports.clock.now();
    let name = ports.machine.chars().take(32).collect();
    SlotDetails { name, added: now, proved: Some(now), reach: Reach::ThisComputer }
}

/// By what they claim, the ways of the place are older than those seen there.
fn shows_older_ways(path: &Path, seen: (u32, u64)) -> bool {
    KeyslotSet::read(files_of_place(path)).newest_claim().is_some_and(|shown| shown < seen)
}

fn files_of_place(path: &Path) -> Vec<(String, Vec<u8>)> {
    places::open_store(path).and_then(|store| KeyslotFolder::of(store).files()).unwrap_or_default()
}

/// Reads typed, pasted or scanned digits.
pub(crate) fn parse_digits(digits: &SecretString) -> Result<RecoveryKey, Error> {
    RecoveryKey::parse(digits).map_err(|error| Error::DigitsTypo { rows: error.wrong_rows })
}

/// A wrong secret, named after what was typed.
pub(crate) fn wrong(error: Error, kind: SlotKind) -> Error {
    match (error, kind) {
        (Error::WrongSecret, SlotKind::Password) => Error::WrongPassword,
        (Error::WrongSecret, SlotKind::RecoveryKey) => Error::WrongKey,
        (Error::WrongSecret, SlotKind::Passkey) => Error::WrongPasskey,
        (error, _) => error,
    }
}
