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

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Pin {
    generation: u32,
    counter: u64,
    /// Newest snapshot of each writer: writer to (sequence, snapshot).
    heads: BTreeMap<String, (u64, String)>,
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    pins: String,
    mac: String,
}

impl Engine {
    /// The newest snapshot of each writer this home has seen in a repository.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::RolledBack`] when the pins are not those this home wrote last.
    pub(crate) fn pinned_heads(&self, repository: &RepositoryId) -> Result<Vec<Head>, Error> {
        let pins = match self.read_pins()? {
            Some(pins) => pins,
            None if self.was_rollback_said() => Pins::default(),
            None => return Err(Error::RolledBack),
        };
        Ok(pins.repositories.get(&repository.to_string()).map(Pin::heads).unwrap_or_default())
    }

    /// The newest state of the ways this home has seen: (generation, counter). None while the library is locked.
    pub(crate) fn pinned_ways(&self, repository: &RepositoryId) -> Result<Option<(u32, u64)>, Error> {
        if lock(&self.session).library_key.is_none() {
            return Ok(None);
        }
        let pins = self.read_pins()?.unwrap_or_default();
        Ok(pins.repositories.get(&repository.to_string()).map(|pin| (pin.generation, pin.counter)))
    }

    /// Remembers the newest snapshots. Never forgets a newer one for an older one.
    ///
    /// # Errors
    /// [`Error::Locked`], or when the home cannot be written.
    pub(crate) fn pin_heads(&self, repository: &RepositoryId, heads: &[Head]) -> Result<(), Error> {
        self.change_pin(repository, |pin| {
            for head in heads {
                let seen = pin.heads.entry(to_hex(&head.writer.0)).or_default();
                if head.sequence >= seen.0 {
                    *seen = (head.sequence, to_hex(&head.id.0));
                }
            }
        })
    }

    /// Remembers the state of the ways. Nothing to do while the library is locked: nothing is changed then.
    ///
    /// # Errors
    /// When the home cannot be written.
    pub(crate) fn pin_ways(&self, keys: &OpenKeyslots) -> Result<(), Error> {
        if lock(&self.session).library_key.is_none() {
            return Ok(());
        }
        let (generation, counter) = keys.state();
        self.change_pin(&keys.repository(), |pin| {
            if (generation, counter) > (pin.generation, pin.counter) {
                (pin.generation, pin.counter) = (generation, counter);
            }
        })
    }

    /// Forgets the snapshots of a repository whose place was changed by the person: the new one is empty.
    ///
    /// # Errors
    /// [`Error::Locked`], or when the home cannot be written.
    pub(crate) fn forget_heads(&self, repository: &RepositoryId) -> Result<(), Error> {
        self.change_pin(repository, |pin| pin.heads.clear())
    }

    fn change_pin(&self, repository: &RepositoryId, change: impl FnOnce(&mut Pin)) -> Result<(), Error> {
        let settings = self.home.settings();
        let mut pins = match self.read_pins()? {
            Some(pins) => pins,
            None => {
                // New pins begin here, but not in silence.
                self.home
                    .update_settings(|settings| settings.last_failure = Some(Error::RolledBack.view()))?;
                Pins::default()
            }
        };
        pins.home.clone_from(&settings.home_id);
        let before = pins.clone();
        change(pins.repositories.entry(repository.to_string()).or_default());
        if pins == before && self.home.pins_file().exists() {
            return Ok(());
        }
        let text = serde_json::to_string(&pins).map_err(|_| Error::storage("pins cannot be encoded"))?;
        let mac = self.pins_mac(&text)?.to_hex().to_string();
        let sealed = serde_json::to_vec(&Sealed { pins: text, mac: mac.clone() })
            .map_err(|_| Error::storage("pins cannot be encoded"))?;
        let known = self.known_macs(&settings);
        self.keep_macs(&settings, &[known.last().map_or("", String::as_str), &mac]);
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

    /// The person was told that something is older than it should be; what they do next is the decision.
    pub(crate) fn was_rollback_said(&self) -> bool {
        let failure = self.home.settings().last_failure;
        failure.is_some_and(|failure| failure.code == Error::RolledBack.code().as_str())
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
    fn heads(&self) -> Vec<Head> {
        self.heads
            .iter()
            .filter_map(|(writer, (sequence, id))| {
                Some(Head {
                    writer: WriterId(parse_id(writer)?),
                    sequence: *sequence,
                    id: SnapshotId(*blake3::Hash::from_hex(id).ok()?.as_bytes()),
                })
            })
            .collect()
    }
}

fn entry(settings: &Settings) -> String {
    format!("{}.pins", settings.home_id)
}
