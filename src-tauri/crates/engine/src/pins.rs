//! Pins: the newest state of each repository this home has seen, so that an older one put back is noticed.
//!
//! The file is authenticated with a key of the library, and names this home: pins of another one do not count. One hash of it lies in
//! the keychain, where there is one, so that a home put back as a whole is noticed too. The keychain holds the old and the new hash
//! while the file changes: a stop in between is no alarm.

use crate::Engine;
use crate::error::Error;
use crate::home::{self, Settings, parse_id, to_hex};
use crate::progress::lock;
use coffer_archive::{Head, SnapshotId, WriterId};
use coffer_keys::{OpenKeyslots, RepositoryId};
use coffer_secret::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const CEILING: u64 = 1 << 20;

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Pins {
    home: String,
    repositories: BTreeMap<String, Pin>,
}

/// Writer to (sequence, snapshot).
type Heads = BTreeMap<String, (u64, String)>;

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Pin {
    generation: u32,
    counter: u64,
    /// Newest snapshot of each writer.
    heads: Heads,
    /// Snapshots the person knows to be gone: no alarm, and this home's next one is numbered above them.
    #[serde(default)]
    lost: Heads,
    /// The snapshot this home was about to commit: writer, sequence, snapshot.
    #[serde(default)]
    attempt: Option<(String, u64, String)>,
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    pins: String,
    mac: String,
}

/// What this home remembers of one repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pinned {
    /// Newest state of the ways: (generation, counter).
    pub ways: (u32, u64),
    /// Newest snapshot of each writer, which must be in the place.
    pub heads: Vec<Head>,
    /// Newest snapshots that were there and that the person knows to be gone.
    pub lost: Vec<Head>,
    /// The snapshot this home was about to commit when it last noted one.
    pub attempt: Option<Head>,
}

impl Engine {
    /// What this home remembers of a repository.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::RolledBack`] when the pins are not those this home wrote last.
    pub(crate) fn pinned(&self, repository: &RepositoryId) -> Result<Pinned, Error> {
        let pins = self.read_pins()?.ok_or(Error::RolledBack)?;
        Ok(pins.repositories.get(&repository.to_string()).map(Pin::pinned).unwrap_or_default())
    }

    /// The newest state of the ways this home has seen: (generation, counter). None while that cannot be known: the library is
    /// locked, or the pins are not those this home wrote last.
    pub(crate) fn pinned_ways(&self, repository: &RepositoryId) -> Result<Option<(u32, u64)>, Error> {
        match self.pinned(repository) {
            Ok(pinned) => Ok(Some(pinned.ways)),
            Err(Error::Locked | Error::RolledBack) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Remembers the newest snapshots. Never forgets a newer one for an older one.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::RolledBack`] as [`Self::pinned`], or when the home cannot be written.
    pub(crate) fn pin_heads(&self, repository: &RepositoryId, heads: &[Head]) -> Result<(), Error> {
        self.change_pin(repository, |pin| heads.iter().for_each(|head| pin.see(head)))
    }

    /// Remembers the state of the ways. Nothing to do while the library is locked: nothing is changed then. Pins that are not
    /// those this home wrote last stay as they are: a question to the person stays a question.
    ///
    /// # Errors
    /// When the home cannot be written.
    pub(crate) fn pin_ways(&self, keys: &OpenKeyslots) -> Result<(), Error> {
        let state = keys.state();
        let pinned = self.change_pin(&keys.repository(), |pin| {
            if state > (pin.generation, pin.counter) {
                (pin.generation, pin.counter) = state;
            }
        });
        match pinned {
            Err(Error::Locked | Error::RolledBack) => Ok(()),
            pinned => pinned,
        }
    }

    /// Notes which snapshot is about to be committed. When this computer stops before it can pin it, the next run knows it by
    /// its hash and goes on from it.
    ///
    /// # Errors
    /// As [`Self::pin_heads`].
    pub(crate) fn note_attempt(&self, repository: &RepositoryId, head: &Head) -> Result<(), Error> {
        self.change_pin(repository, |pin| {
            pin.attempt = Some((to_hex(&head.writer.0), head.sequence, to_hex(&head.id.0)));
        })
    }

    /// Takes these snapshots for lost: the person said so. What the place shows of their writers counts from now on.
    ///
    /// # Errors
    /// As [`Self::pin_heads`].
    pub(crate) fn give_up(
        &self,
        repository: &RepositoryId,
        lost: &[Head],
        shown: &[Head],
    ) -> Result<(), Error> {
        self.change_pin(repository, |pin| {
            for head in lost {
                let writer = to_hex(&head.writer.0);
                pin.heads.remove(&writer);
                pin.lost.insert(writer, (head.sequence, to_hex(&head.id.0)));
            }
            shown.iter().for_each(|head| pin.see(head));
        })
    }

    /// Forgets what was seen of a repository: the person took another, empty place, or said that the older state is right.
    ///
    /// # Errors
    /// [`Error::Locked`], or when the home cannot be written.
    pub(crate) fn begin_pins(&self, repository: &RepositoryId) -> Result<(), Error> {
        let mut pins = self.read_pins()?.unwrap_or_default();
        pins.repositories.insert(repository.to_string(), Pin::default());
        self.write_pins(pins)
    }

    fn change_pin(&self, repository: &RepositoryId, change: impl FnOnce(&mut Pin)) -> Result<(), Error> {
        let mut pins = self.read_pins()?.ok_or(Error::RolledBack)?;
        let before = pins.clone();
        change(pins.repositories.entry(repository.to_string()).or_default());
        if pins == before && self.home.pins_file().exists() {
            return Ok(());
        }
        self.write_pins(pins)
    }

    fn write_pins(&self, mut pins: Pins) -> Result<(), Error> {
        let settings = self.home.settings();
        pins.home.clone_from(&settings.home_id);
        let text = serde_json::to_string(&pins).map_err(|_| Error::storage("pins cannot be encoded"))?;
        let mac = self.pins_mac(&text)?.to_hex().to_string();
        let sealed = serde_json::to_vec(&Sealed { pins: text, mac: mac.clone() })
            .map_err(|_| Error::storage("pins cannot be encoded"))?;
        self.keep_macs(&settings, &[&self.stored_mac(), &mac]);
        home::write_private_file(&self.home.pins_file(), &sealed)?;
        self.keep_macs(&settings, &[&mac]);
        Ok(())
    }

    /// The pins; `None` when they are not what this home wrote last.
    fn read_pins(&self) -> Result<Option<Pins>, Error> {
        let settings = self.home.settings();
        let known = self.known_macs(&settings);
        let Some(bytes) = home::read_small_file(&self.home.pins_file(), CEILING)? else {
            return Ok(known.is_empty().then(Pins::default));
        };
        let Ok(sealed) = serde_json::from_slice::<Sealed>(&bytes) else { return Ok(None) };
        let mac = self.pins_mac(&sealed.pins)?;
        let is_known = known.is_empty() || known.contains(&sealed.mac);
        if !blake3::Hash::from_hex(&sealed.mac).is_ok_and(|stored| stored == mac) || !is_known {
            return Ok(None);
        }
        let pins: Option<Pins> = serde_json::from_str(&sealed.pins).ok();
        Ok(pins.filter(|pins| pins.home == settings.home_id))
    }

    /// The hash of the file as it lies there; empty when there is none.
    fn stored_mac(&self) -> String {
        let bytes = home::read_small_file(&self.home.pins_file(), CEILING).ok().flatten();
        let sealed = bytes.and_then(|bytes| serde_json::from_slice::<Sealed>(&bytes).ok());
        sealed.map(|sealed| sealed.mac).unwrap_or_default()
    }

    fn pins_mac(&self, text: &str) -> Result<blake3::Hash, Error> {
        let session = lock(&self.session);
        let key = session.library_key.as_ref().ok_or(Error::Locked)?.pins_key();
        Ok(blake3::keyed_hash(key.expose(), text.as_bytes()))
    }

    /// The hashes the keychain vouches for; none when there is no keychain or it knows nothing.
    fn known_macs(&self, settings: &Settings) -> Vec<String> {
        let kept = self.ports.keychain.get(&entry(settings)).ok().flatten();
        kept.map(|kept| kept.expose().split(',').filter(|mac| !mac.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default()
    }

    /// A keychain that does not answer takes away this one check, nothing else.
    fn keep_macs(&self, settings: &Settings, macs: &[&str]) {
        drop(self.ports.keychain.set(&entry(settings), &SecretString::new(macs.join(","))));
    }
}

impl Pin {
    /// Remembers a snapshot, unless a newer one of its writer is known.
    fn see(&mut self, head: &Head) {
        let writer = to_hex(&head.writer.0);
        if self.lost.get(&writer).is_some_and(|lost| lost.0 < head.sequence) {
            self.lost.remove(&writer);
        }
        let seen = self.heads.entry(writer).or_default();
        if head.sequence >= seen.0 {
            *seen = (head.sequence, to_hex(&head.id.0));
        }
    }

    fn pinned(&self) -> Pinned {
        let Self { generation, counter, heads, lost, attempt } = self;
        let attempt = attempt.as_ref().and_then(|(writer, sequence, id)| head(writer, *sequence, id));
        Pinned { ways: (*generation, *counter), heads: to_heads(heads), lost: to_heads(lost), attempt }
    }
}

fn to_heads(heads: &Heads) -> Vec<Head> {
    heads.iter().filter_map(|(writer, (sequence, id))| head(writer, *sequence, id)).collect()
}

fn head(writer: &str, sequence: u64, id: &str) -> Option<Head> {
    let id = SnapshotId(*blake3::Hash::from_hex(id).ok()?.as_bytes());
    Some(Head { writer: WriterId(parse_id(writer)?), sequence, id })
}

fn entry(settings: &Settings) -> String {
    format!("{}.pins", settings.home_id)
}
