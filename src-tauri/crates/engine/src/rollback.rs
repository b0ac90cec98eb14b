//! A place that went back in time: shown with both states, and settled by the person alone. No run ever takes it for granted.

use crate::backup::newest_of_each;
use crate::error::Error;
use crate::home::Settings;
use crate::keyslot_folder::{Files, KeyslotFolder};
use crate::pins::Pinned;
use crate::places;
use crate::progress::lock;
use crate::protection::{is_way, protected_place, way_kind, wrong};
use crate::seen::SeenBackups;
use crate::session::Used;
use crate::view::{
    BackupStatus, RollbackBackup, RollbackChoice, RollbackComputer, RollbackView, RollbackWay,
};
use crate::{Engine, Unlock};
use coffer_archive::{Head, Repository, SnapshotInfo, Store, Unlocked, WriterId};
use coffer_keys::{KeyslotSet, OpenKeyslots, RepositoryId};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The place as it is, beside what this home holds of it.
struct BothStates {
    id: RepositoryId,
    store: Arc<dyn Store>,
    /// What this home pinned; none when that itself is not what it wrote last.
    pinned: Option<Pinned>,
    /// The keyslot files this home keeps.
    kept: Files,
    /// The keyslot files of the place.
    shown: KeyslotSet,
    /// The place's ways, when the keys that are open here verify them.
    shown_keys: Option<OpenKeyslots>,
    /// The snapshots of the place.
    snapshots: Vec<SnapshotInfo>,
}

impl Engine {
    /// What this computer saw in its place and what the place shows, when that is older; none when it is not.
    ///
    /// # Errors
    /// [`Error::NotProtected`], [`Error::Locked`], [`Error::PlaceMissing`]; [`Error::NeedsUnlock`] when the keys are not open.
    pub fn get_rollback(&self) -> Result<Option<RollbackView>, Error> {
        let both = self.both_states()?;
        Ok(both.is_older().then(|| self.rollback_view(&both)))
    }

    /// Settles a place that went back in time. A way that is given is used first; [`RollbackChoice::ItIsRight`] needs one that
    /// opens the place as it is now, so that nobody is locked out and no unattended computer consents.
    ///
    /// # Errors
    /// As [`Engine::get_rollback`] and [`Engine::unlock`]; [`Error::RolledBack`] when the newer ways cannot be put back.
    pub fn settle_rollback(
        &self,
        choice: RollbackChoice,
        unlock: Option<Unlock>,
    ) -> Result<BackupStatus, Error> {
        self.own_library()?;
        let used = self.ask_to_settle(choice, unlock)?;
        let _changing = lock(&self.changing);
        if self.jobs.running().is_some() {
            return Err(Error::Busy);
        }
        match choice {
            RollbackChoice::KeepNewer => self.keep_newer(used)?,
            RollbackChoice::ItIsRight => self.take_as_right(used.ok_or(Error::NeedsUnlock)?)?,
        }
        self.opened().forget_snapshots();
        self.get_backup_status()
    }

    /// The way that settles it; for [`RollbackChoice::ItIsRight`] a real one.
    fn ask_to_settle(&self, choice: RollbackChoice, unlock: Option<Unlock>) -> Result<Option<Used>, Error> {
        match (choice, &unlock) {
            (RollbackChoice::ItIsRight, None | Some(Unlock::Keychain)) => Err(Error::NeedsUnlock),
            (RollbackChoice::ItIsRight | RollbackChoice::KeepNewer, _) => {
                unlock.map(|unlock| self.ask(unlock)).transpose()
            }
        }
    }

    /// Puts back the ways this home keeps, and takes the backups that are gone for lost: the next one is numbered above them.
    fn keep_newer(&self, used: Option<Used>) -> Result<(), Error> {
        if let Some(used) = used {
            self.use_way(used)?;
        }
        let both = self.both_states()?;
        if !both.is_older() {
            return Ok(());
        }
        let keys = both.kept_keys(self)?;
        if both.is_ways_older() {
            both.put_ways_back(&keys)?;
        }
        match &both.pinned {
            Some(_) => self.give_up(&both.id, &both.missing(), &both.newest())?,
            None => self.begin_pins(&both.id)?,
        }
        self.settle_quietly(keys);
        Ok(())
    }

    /// Forgets what this home saw: the place's ways and backups are the newest from now on.
    fn take_as_right(&self, used: Used) -> Result<(), Error> {
        let Used { secret, flags } = used;
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        let store = places::open_store(Path::new(&place.path))?;
        let files = KeyslotFolder::of(store).files()?;
        let keys = KeyslotSet::read(files.clone())
            .unlock(&secret)
            .map_err(|error| wrong(error.into(), secret.kind()))?;
        if keys.repository() != id {
            return Err(wrong(Error::WrongSecret, secret.kind()));
        }
        // In this order a stop on the way leaves a library that opens and a question that is asked again.
        if let Some(library) = lock(&self.session).library_key.as_mut() {
            library.add_place(&self.home, &self.ports, &keys)?;
        }
        KeyslotFolder::at_home(&self.home.keyslot_cache(&id.to_string()))?.mirror(&files)?;
        self.begin_pins(&id)?;
        self.remember_use(keys.opened_by(), secret.kind())?;
        self.note_reach(&keys, flags)?;
        self.settle(keys, false)
    }

    fn both_states(&self) -> Result<BothStates, Error> {
        self.own_library()?;
        let settings = self.home.settings();
        let (place, id) = protected_place(&settings)?;
        let store = places::open_store(Path::new(&place.path))?;
        let files = KeyslotFolder::of(Arc::clone(&store)).files()?;
        let kept = KeyslotFolder::at_home(&self.home.keyslot_cache(&id.to_string()))?.files()?;
        let pinned = match self.pinned(&id) {
            Ok(pinned) => Some(pinned),
            Err(Error::RolledBack) => None,
            Err(error) => return Err(error),
        };
        let shown = KeyslotSet::read(files);
        let (shown_keys, all) = {
            let session = lock(&self.session);
            let open = session.place.as_ref().ok_or(Error::NeedsUnlock)?;
            let all = KeyslotSet::read(kept.clone());
            (shown.reopen(open).ok(), all.reopen(open)?)
        };
        let (snapshots, _) = Repository::<Unlocked>::with_keys(Arc::clone(&store), all).snapshots()?;
        Ok(BothStates { id, store, pinned, kept, shown, shown_keys, snapshots })
    }

    fn rollback_view(&self, both: &BothStates) -> RollbackView {
        let settings = self.home.settings();
        let seen = self.seen_backups_of(&both.id);
        let is_ways_older = both.is_ways_older();
        RollbackView {
            place: settings.place.as_ref().map(|place| place.path.clone()).unwrap_or_default(),
            seen: seen.at,
            computers: self.computers(both, &seen, &settings),
            ways_are_older: is_ways_older,
            ways_seen: if is_ways_older { self.kept_ways(both) } else { Vec::new() },
            ways_shown: if is_ways_older { both.shown_ways() } else { Vec::new() },
            memory_is_lost: both.pinned.is_none(),
        }
    }

    fn computers(&self, both: &BothStates, seen: &SeenBackups, settings: &Settings) -> Vec<RollbackComputer> {
        let pinned = both.pinned.as_ref().map(|pinned| pinned.heads.as_slice()).unwrap_or_default();
        let writers: BTreeSet<WriterId> = pinned
            .iter()
            .map(|head| head.writer)
            .chain(both.snapshots.iter().map(|info| info.writer))
            .collect();
        let own = crate::home::parse_id(&settings.writer_id).map(WriterId);
        let mut computers: Vec<RollbackComputer> = writers
            .into_iter()
            .map(|writer| {
                let is_own = Some(writer) == own;
                let head = pinned.iter().find(|head| head.writer == writer);
                let mut computer = computer(head, &both.newest_of(writer), seen);
                computer.is_own = is_own;
                if is_own {
                    computer.machine.get_or_insert_with(|| self.ports.machine.clone());
                }
                computer
            })
            .collect();
        computers.sort_by_key(|computer| !computer.is_own);
        computers
    }

    fn kept_ways(&self, both: &BothStates) -> Vec<RollbackWay> {
        both.kept_keys(self).map(|keys| open_ways(&keys)).unwrap_or_default()
    }
}

impl BothStates {
    fn is_older(&self) -> bool {
        self.pinned.is_none() || self.is_ways_older() || !self.missing().is_empty()
    }

    /// The place's ways are older than the newest this home pinned. What cannot be verified counts by what it claims.
    fn is_ways_older(&self) -> bool {
        let shown = self.shown_keys.as_ref().map(OpenKeyslots::state).or_else(|| self.shown.newest_claim());
        self.pinned.as_ref().is_some_and(|pinned| shown.is_none_or(|shown| shown < pinned.ways))
    }

    /// Pinned snapshots that are not in the place.
    fn missing(&self) -> Vec<Head> {
        let is_there = |head: &&Head| self.snapshots.iter().any(|info| info.id == head.id);
        let pinned = self.pinned.iter().flat_map(|pinned| &pinned.heads);
        pinned.filter(|head| !is_there(head)).copied().collect()
    }

    /// The newest snapshot of each writer that the place shows.
    fn newest(&self) -> Vec<Head> {
        newest_of_each(&self.snapshots).iter().map(|info| info.head()).collect()
    }

    /// Puts the ways this home keeps back into the place, unless they are themselves older than what was seen there.
    fn put_ways_back(&self, keys: &OpenKeyslots) -> Result<(), Error> {
        if self.pinned.as_ref().is_some_and(|pinned| keys.state() < pinned.ways) {
            return Err(Error::RolledBack);
        }
        KeyslotFolder::of(Arc::clone(&self.store)).put_back(&self.kept, keys)
    }

    fn newest_of(&self, writer: WriterId) -> Option<&SnapshotInfo> {
        self.snapshots.iter().filter(|info| info.writer == writer).max_by_key(|info| info.sequence)
    }

    /// The ways this home keeps, opened.
    fn kept_keys(&self, engine: &Engine) -> Result<OpenKeyslots, Error> {
        let session = lock(&engine.session);
        let open = session.place.as_ref().ok_or(Error::NeedsUnlock)?;
        Ok(KeyslotSet::read(self.kept.clone()).reopen(open)?)
    }

    fn shown_ways(&self) -> Vec<RollbackWay> {
        match &self.shown_keys {
            Some(keys) => open_ways(keys),
            None => {
                let ways = self.shown.ways().into_iter().filter(|way| is_way(way.kind));
                ways.map(|way| RollbackWay { kind: way_kind(way.kind), name: None, added: None }).collect()
            }
        }
    }
}

fn open_ways(keys: &OpenKeyslots) -> Vec<RollbackWay> {
    let ways = keys.slots().into_iter().filter(|slot| is_way(slot.kind));
    ways.map(|slot| RollbackWay {
        kind: way_kind(slot.kind),
        name: Some(slot.details.name),
        added: Some(slot.details.added),
    })
    .collect()
}

/// What was seen of one computer and what is shown of it.
fn computer(seen: Option<&Head>, shown: &Option<&SnapshotInfo>, notes: &SeenBackups) -> RollbackComputer {
    let note = seen.and_then(|head| notes.backup(head));
    let machine = shown.map(|info| info.machine.clone());
    let number = seen.map_or(0, |head| head.sequence);
    let is_lost =
        seen.is_some_and(|head| shown.is_none_or(|info| info.sequence < head.sequence || info.id != head.id));
    let lost = if is_lost { number.saturating_sub(shown.map_or(0, |info| info.sequence)).max(1) } else { 0 };
    RollbackComputer {
        machine: note.map(|note| note.machine.clone()).or(machine),
        is_own: false,
        seen: seen.map(|head| RollbackBackup { number: head.sequence, time: note.map(|note| note.time) }),
        shown: shown.map(|info| RollbackBackup { number: info.sequence, time: Some(info.time) }),
        lost,
    }
}
