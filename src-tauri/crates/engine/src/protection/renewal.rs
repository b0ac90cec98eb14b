//! A new data key, drawn here or on another computer: what was drawn elsewhere is taken over without asking where it can be.
//!
//! The decisions stand in `src-tauri/docs/0024-generations.md`.

use crate::Engine;
use crate::error::Error;
use crate::home::Settings;
use crate::keyslot_folder::KeyslotFolder;
use crate::places;
use crate::progress::lock;
use coffer_archive::{Repository, Unlocked};
use coffer_keys::{KeyslotSet, OpenKeyslots};
use std::path::Path;

impl Engine {
    /// Keys that are open, brought to what these keyslot files say. Where another computer drew a new data key since they were
    /// opened, this computer's keychain opens it.
    ///
    /// # Errors
    /// [`Error::NeedsUnlock`] when a way must be used to get the new one; [`Error::WrongSecret`] when the way that was used is no
    /// longer in the place; as [`KeyslotSet::reopen`].
    pub(crate) fn current_keys(
        &self,
        set: &KeyslotSet,
        open: &OpenKeyslots,
        settings: &Settings,
    ) -> Result<OpenKeyslots, Error> {
        if !set.is_newer_than(open) {
            return Ok(set.reopen(open)?);
        }
        let secret = self.computer_secret(settings).ok().flatten().ok_or(Error::NeedsUnlock)?;
        let keys = set.unlock(&secret).map_err(|_| Error::NeedsUnlock)?;
        let is_known = |name: &String| open.report().unverified_newer.contains(name);
        let is_newest = keys.report().unverified_newer.iter().all(is_known);
        if is_newest && keys.follows(open) { Ok(keys) } else { Err(Error::NeedsUnlock) }
    }

    /// Keeps what another computer's new data key means for this home: its copy of the ways, what opens its library, its pins.
    /// A change that runs at the moment keeps it itself.
    pub(crate) fn take_over(&self, repository: &Repository<Unlocked>) {
        let is_renewed = {
            let session = lock(&self.session);
            let newest = repository.open_keyslots().keyring().newest().key_id();
            session.place.as_ref().is_some_and(|keys| keys.keyring().newest().key_id() != newest)
        };
        let Ok(_changing) = self.changing.try_lock() else { return };
        let settings = self.home.settings();
        let Some(place) = settings.place.filter(|_| is_renewed) else { return };
        let keys = self.read_keys(Path::new(&place.path), &repository.open_keyslots());
        // A home that cannot be written takes it over next time.
        drop(keys.and_then(|keys| self.settle(keys, false)));
    }

    /// Takes away versions that a newer one replaced, where a change was stopped before it did so itself.
    ///
    /// # Errors
    /// What the place says.
    pub(crate) fn sweep_replaced_ways(&self, repository: &Repository<Unlocked>) -> Result<(), Error> {
        let settings = self.home.settings();
        let (place, _) = super::protected_place(&settings)?;
        KeyslotFolder::of(places::open_store(Path::new(&place.path))?).sweep(&repository.open_keyslots())
    }
}

#[cfg(test)]
mod tests;
