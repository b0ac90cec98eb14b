//! The ways that exist: tested, renamed, removed, all turned off.

use super::protected_place;
use crate::Engine;
use crate::error::Error;
use crate::keyslot_folder::KeyslotFolder;
use crate::places;
use crate::progress::lock;
use crate::protection::rules::may_remove;
use crate::protection::unlocking::wrong;
use crate::session::{Unlock, Used};
use crate::view::{ProtectionView, RemovalReason, WayTest};
use coffer_archive::{Repository, Unlocked};
use coffer_keys::{KeyslotSet, OpenKeyslots, SlotId};
use std::path::Path;

/// How a chat's entry in a backup is named.
const CHAT_ENTRY: &[u8] = b"chat/";

impl Engine {
    /// Tries a way for real: it opens the newest backup from the place and reads one chat of it.
    ///
    /// # Errors
    /// As [`Engine::unlock`], and what the place says.
    pub fn test_way(&self, unlock: Unlock) -> Result<WayTest, Error> {
        let Used { secret, flags } = self.ask(unlock)?;
        let _changing = lock(&self.changing);
        let start = self.ports.clock.ticks();
        let settings = self.home.settings();
        let (place, _) = protected_place(&settings)?;
        let store = places::open_store(Path::new(&place.path))?;
        let repository =
            Repository::open(store)?.unlock(&secret).map_err(|error| wrong(error.into(), secret.kind()))?;
        let slot = repository.open_keyslots().opened_by();
        let (backup, chats) = self.read_one_chat(&repository)?;
        self.note_reach(&repository.open_keyslots(), flags)?;
        self.note_test(place, &repository, slot)?;
        self.remember_use(slot, secret.kind())?;
        let millis = self.ports.clock.ticks().saturating_sub(start);
        Ok(WayTest { way: super::way_kind(secret.kind()), backup, chats, millis })
    }

    /// Gives a way another name.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`] while the keys are not open; what the place says: then nothing is changed.
    pub fn rename_way(&self, id: &str, name: &str) -> Result<ProtectionView, Error> {
        self.change_ways(
            |keys, slot| {
                let mut details = keys
                    .slots()
                    .into_iter()
                    .find(|found| found.id == slot)
                    .ok_or(Error::ExpiredSession)?
                    .details;
                details.name = name.trim().to_owned();
                Ok(keys.update_details(slot, details)?)
            },
            id,
        )
    }

    /// Removes a way for good: the changed set is written and read back, then every older one is deleted.
    ///
    /// When it is lost or known to somebody, whatever is written from now on gets a new data key, sealed to the kept ways' public
    /// keys: none of them has to be at hand, and nothing is stored again.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`] without a fresh unlock; [`Error::LastWay`] for the last way that works elsewhere, and, until it is
    /// acknowledged, for one that leaves too few; [`Error::Busy`] for a new data key while a job runs with the old one;
    /// [`Error::WaysChanged`]; what the place says: then nothing is changed.
    pub fn remove_way(
        &self,
        id: &str,
        reason: RemovalReason,
        at_risk_acknowledged: bool,
    ) -> Result<ProtectionView, Error> {
        self.require_fresh(&self.home.settings())?;
        if reason == RemovalReason::LostOrKnown && self.jobs.running().is_some() {
            return Err(Error::Busy);
        }
        self.change_ways(
            |keys, slot| {
                may_remove(&keys.slots(), slot, &keys.policy(), at_risk_acknowledged)
                    .map_err(|rule| Error::LastWay { rule })?;
                keys.remove(slot, self.ports.clock.now())?;
                match reason {
                    RemovalReason::StillMine => Ok(()),
                    RemovalReason::LostOrKnown => Ok(keys.change_data_key(self.ports.entropy.as_ref())?),
                }
            },
            id,
        )
    }

    /// Turns protection off. The backups stay, and stay closed; the library's key goes back into a file.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`] without a fresh unlock, [`Error::Busy`] while a job runs.
    pub fn turn_off_protection(&self) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        self.require_fresh(&settings)?;
        if self.jobs.running().is_some() {
            return Err(Error::Busy);
        }
        self.own_library()?;
        // First the key file, so that the library opens whatever happens next; then the place is forgotten; then its keys.
        if let Some(library) = lock(&self.session).library_key.as_mut() {
            library.return_to_file(&self.home, &self.ports)?;
        }
        let own = settings.computer_slot.as_deref().and_then(SlotId::parse);
        if let (Some(own), Ok(mut keys)) = (own, self.keys_to_change(place)) {
            // A place that is away keeps a slot whose key nobody has any more.
            let folder = places::open_store(Path::new(&place.path)).map(KeyslotFolder::of);
            if let (Ok(()), Ok(folder)) = (keys.remove(own, self.ports.clock.now()), folder) {
                drop(folder.save(&mut keys, self.ports.entropy.as_ref()));
            }
        }
        self.home.update_settings(|settings| {
            settings.place = None;
            settings.computer_slot = None;
            settings.last_check = None;
            settings.last_failure = None;
            settings.ways.clear();
        })?;
        self.forget_computer_secret(&settings);
        crate::home::remove_folder(&self.home.keyslot_cache(&id.to_string()))?;
        let mut session = lock(&self.session);
        session.place = None;
        session.fresh = None;
        session.setup = None;
        drop(session);
        self.get_protection()
    }

    pub(super) fn change_ways(
        &self,
        change: impl FnOnce(&mut OpenKeyslots, SlotId) -> Result<(), Error>,
        id: &str,
    ) -> Result<ProtectionView, Error> {
        let _changing = lock(&self.changing);
        self.own_library()?;
        let settings = self.home.settings();
        let (place, _) = protected_place(&settings)?;
        let slot = SlotId::parse(id).ok_or(Error::ExpiredSession)?;
        let mut keys = self.keys_to_change(place)?;
        change(&mut keys, slot)?;
        let folder = KeyslotFolder::of(places::open_store(Path::new(&place.path))?);
        let saved = folder.save(&mut keys, self.ports.entropy.as_ref());
        if matches!(saved, Err(Error::WaysChanged)) {
            // The list that is shown next is what the other computer made of it, where this one can read that.
            drop(self.keys_to_change(place).and_then(|keys| self.settle(keys, false)));
        }
        saved?;
        self.settle(keys, false)?;
        self.get_protection()
    }

    /// The newest backup's time and one of its chats, picked at random and read to its end.
    fn read_one_chat(&self, repository: &Repository<Unlocked>) -> Result<(Option<i64>, u64), Error> {
        let (snapshots, _) = repository.snapshots()?;
        let Some(newest) = snapshots.iter().max_by_key(|snapshot| snapshot.time) else {
            return Ok((None, 0));
        };
        let reader = repository.read(&newest.id)?;
        let chats: Vec<_> =
            reader.entries().iter().filter(|entry| entry.name.starts_with(CHAT_ENTRY)).collect();
        let mut draw = [0_u8; 4];
        self.ports.entropy.fill(&mut draw);
        let at = usize::try_from(u32::from_le_bytes(draw)).unwrap_or_default().checked_rem(chats.len());
        let Some(chat) = at.and_then(|at| chats.get(at)) else { return Ok((Some(newest.time), 0)) };
        reader.read_entry(chat, &mut std::io::sink())?;
        Ok((Some(newest.time), 1))
    }

    /// A test is a proof: a way that was never proved counts from now on.
    fn note_test(
        &self,
        place: &crate::home::Place,
        repository: &Repository<Unlocked>,
        slot: SlotId,
    ) -> Result<(), Error> {
        let now = self.ports.clock.now();
        self.home.update_settings(|settings| {
            settings.ways.entry(slot.to_string()).or_default().last_tested = Some(now);
        })?;
        let folder = KeyslotFolder::of(places::open_store(Path::new(&place.path))?);
        let mut keys = KeyslotSet::read(folder.files()?).reopen(&repository.open_keyslots())?;
        self.fold_reach(&mut keys)?;
        let is_open = keys.slots().iter().any(|found| found.id == slot && found.details.proved.is_none());
        if is_open && self.own_library().is_ok() {
            self.mark_proved(&mut keys, slot)?;
            folder.save(&mut keys, self.ports.entropy.as_ref())?;
            self.settle(keys, false)?;
        }
        Ok(())
    }
}
