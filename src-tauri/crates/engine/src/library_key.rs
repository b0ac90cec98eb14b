//! The key of the local library: where it lies, what opens it.
//!
//! The library has a data key of its own, wrapped in keyslot files under `ways/`. Before protection is on, the one slot there
//! opens with a random key in a file only this user can read. With protection, it opens with a key derived from the data key of
//! the place, and the newest keyslot files of the place are kept in the home: so every way that opens the backups opens the
//! library, without the place, and a way that is removed or changed is removed or changed for both in one write.
//! The decision stands in `src-tauri/docs/0005-library-key.md`.

use crate::error::Error;
use crate::home::{self, Home, to_hex};
use crate::keyslot_folder::KeyslotFolder;
use crate::ports::Ports;
use crate::session::LibraryRoom;
use coffer_chats::{Library, MediaStore};
use coffer_keys::{
    Argon2Params, DataKey, KeyError, KeyslotSet, OpenKeyslots, Reach, RepositoryId, SlotDetails, SlotId,
    Subkey, UnlockSecret,
};
use coffer_secret::{Entropy, Secret, SecretString};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the slot of the key file is called; nobody sees it.
const FILE_SLOT: &str = "file";
/// What the slot of a place is called, before the place's id.
const PLACE_SLOT: &str = "place ";

/// The opened keyslots of the library.
pub(crate) struct LibraryKey {
    keys: OpenKeyslots,
}

impl LibraryKey {
    /// Opens the library's keyslots with the key file, making both for a new home.
    ///
    /// `None` when there is no key file that opens them: a way to unlock is needed.
    ///
    /// # Errors
    /// When the home cannot be read or written, or its keyslots are damaged.
    pub(crate) fn open_by_file(home: &Home, ports: &Ports) -> Result<Option<Self>, Error> {
        let files = folder(home)?.files()?;
        let Some(key) = read_key_file(home)? else {
            let is_new = files.is_empty() && !home.library_database().exists();
            return if is_new {
                Self::make(home, ports, Secret::make(ports.entropy.as_ref())).map(Some)
            } else {
                Ok(None)
            };
        };
        if files.is_empty() && !home.library_database().exists() {
            // Stopped between the key file and its slot: nothing lies under the key yet.
            return Self::make(home, ports, key).map(Some);
        }
        match KeyslotSet::read(files).unlock(&UnlockSecret::Keychain(key)) {
            Ok(keys) => Ok(Some(Self { keys })),
            Err(KeyError::WrongSecret | KeyError::RemovedWay { .. }) => {
                // Its slot is gone, only the file was left when the computer stopped.
                home::remove_file(&home.library_key_file())?;
                Ok(None)
            }
            Err(error) => Err(local(error.into())),
        }
    }

    /// Opens the library's keyslots with the opened keys of a place.
    ///
    /// # Errors
    /// [`Error::WrongSecret`] when that place never guarded this library.
    pub(crate) fn open_by_place(home: &Home, place: &OpenKeyslots) -> Result<Self, Error> {
        let set = KeyslotSet::read(folder(home)?.files()?);
        let library = set.repository_id().ok_or_else(|| Error::Damaged { what: "ways".to_owned() })?;
        for key in place.keyring().data_keys() {
            let secret = UnlockSecret::Keychain(key.derive_subkey(Subkey::LibraryDoor, &library));
            match set.unlock(&secret) {
                Ok(keys) => return Ok(Self { keys }),
                Err(KeyError::WrongSecret | KeyError::RemovedWay { .. }) => {}
                Err(error) => return Err(local(error.into())),
            }
        }
        Err(Error::WrongSecret)
    }

    /// Lets the place's newest data key open the library too, and the ones before it no more.
    ///
    /// # Errors
    /// When the home cannot be written; then nothing is changed.
    pub(crate) fn add_place(
        &mut self,
        home: &Home,
        ports: &Ports,
        place: &OpenKeyslots,
    ) -> Result<(), Error> {
        let slot_of = |this: &Self, key: &DataKey| {
            this.slot(&format!("{PLACE_SLOT}{} {}", place.repository(), key.key_id()))
        };
        let key = place.keyring().newest();
        let replaced: Vec<SlotId> =
            place.keyring().data_keys().skip(1).filter_map(|earlier| slot_of(self, earlier)).collect();
        if slot_of(self, key).is_some() {
            return self.remove(home, ports, &replaced);
        }
        for slot in replaced {
            self.keys.remove(slot, ports.clock.now())?;
        }
        let name = format!("{PLACE_SLOT}{} {}", place.repository(), key.key_id());
        let secret = UnlockSecret::Keychain(key.derive_subkey(Subkey::LibraryDoor, &self.keys.repository()));
        self.keys.add(&secret, details(&name, ports), Argon2Params::DEFAULT, ports.entropy.as_ref())?;
        self.save(home, ports.entropy.as_ref())
    }

    /// Takes the key file and every place but this one away from the library.
    ///
    /// # Errors
    /// When the home cannot be written. What still opened the library before still does then.
    pub(crate) fn keep_only_place(
        &mut self,
        home: &Home,
        ports: &Ports,
        place: &RepositoryId,
    ) -> Result<(), Error> {
        let kept = format!("{PLACE_SLOT}{place} ");
        let gone: Vec<SlotId> = self
            .keys
            .slots()
            .iter()
            .filter(|slot| !slot.details.name.starts_with(&kept))
            .map(|slot| slot.id)
            .collect();
        if self.keys.slots().len() == gone.len() {
            return Err(Error::storage("no way to unlock would open the library"));
        }
        self.remove(home, ports, &gone)?;
        home::remove_file(&home.library_key_file())
    }

    /// Puts the key back into a file and takes every place away.
    ///
    /// # Errors
    /// When the home cannot be written. What still opened the library before still does then.
    pub(crate) fn return_to_file(&mut self, home: &Home, ports: &Ports) -> Result<(), Error> {
        self.add_file(home, ports)?;
        let gone: Vec<SlotId> = self
            .keys
            .slots()
            .iter()
            .filter(|slot| slot.details.name != FILE_SLOT)
            .map(|slot| slot.id)
            .collect();
        self.remove(home, ports, &gone)
    }

    /// Opens the library itself.
    ///
    /// # Errors
    /// When the database or the media folder cannot be opened.
    pub(crate) fn open_library(&self, home: &Home, ports: &Ports) -> Result<LibraryRoom, Error> {
        home::make_private_folder(&home.media_folder())?;
        let subkey = |purpose| self.keys.keyring().newest().derive_subkey(purpose, &self.keys.repository());
        let library = Library::open(&home.library_database(), &subkey(Subkey::LibraryDatabase))?;
        let media = MediaStore::open(
            &home.media_folder(),
            &subkey(Subkey::LibraryMedia),
            Arc::clone(&ports.entropy),
        )?;
        media.remove_unfinished()?;
        Ok(LibraryRoom { library, media: Arc::new(media) })
    }

    /// The key the pins are authenticated with.
    pub(crate) fn pins_key(&self) -> Secret<32> {
        self.keys.keyring().newest().derive_subkey(Subkey::Pins, &self.keys.repository())
    }

    fn make(home: &Home, ports: &Ports, key: Secret<32>) -> Result<Self, Error> {
        let entropy = ports.entropy.as_ref();
        write_key_file(home, &key)?;
        let mut keys = OpenKeyslots::create(
            RepositoryId::make(entropy),
            &UnlockSecret::Keychain(key),
            details(FILE_SLOT, ports),
            Argon2Params::DEFAULT,
            entropy,
        )?;
        folder(home)?.save(&mut keys, entropy).map_err(local)?;
        Ok(Self { keys })
    }

    fn add_file(&mut self, home: &Home, ports: &Ports) -> Result<(), Error> {
        let entropy = ports.entropy.as_ref();
        let old = self.slot(FILE_SLOT);
        let key = Secret::make(entropy);
        if old.is_some() && read_key_file(home)?.is_some() {
            return Ok(());
        }
        write_key_file(home, &key)?;
        if let Some(old) = old {
            self.keys.remove(old, ports.clock.now())?;
        }
        self.keys.add(
            &UnlockSecret::Keychain(key),
            details(FILE_SLOT, ports),
            Argon2Params::DEFAULT,
            entropy,
        )?;
        self.save(home, entropy)
    }

    fn remove(&mut self, home: &Home, ports: &Ports, gone: &[SlotId]) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        for slot in gone {
            self.keys.remove(*slot, ports.clock.now())?;
        }
        self.save(home, ports.entropy.as_ref())
    }

    fn save(&mut self, home: &Home, entropy: &dyn Entropy) -> Result<(), Error> {
        let saved = folder(home)?.save(&mut self.keys, entropy).map_err(local);
        if saved.is_err() {
            // What is on the disk counts, not what was meant to be.
            self.keys = KeyslotSet::read(folder(home)?.files()?).reopen(&self.keys)?;
        }
        saved
    }

    fn slot(&self, name: &str) -> Option<SlotId> {
        self.keys.slots().iter().find(|slot| slot.details.name == name).map(|slot| slot.id)
    }
}

fn folder(home: &Home) -> Result<KeyslotFolder, Error> {
    KeyslotFolder::at_home(&home.ways_folder())
}

fn details(name: &str, ports: &Ports) -> SlotDetails {
    SlotDetails { name: name.to_owned(), added: ports.clock.now(), proved: None, reach: Reach::ThisComputer }
}

/// Full, read-only and missing mean this computer here, not the place.
fn local(error: Error) -> Error {
    if matches!(error, Error::PlaceFull) {
        Error::DiskFull
    } else if matches!(error, Error::PlaceReadOnly | Error::PlaceMissing) {
        Error::storage("the home cannot be written")
    } else {
        error
    }
}

fn read_key_file(home: &Home) -> Result<Option<Secret<32>>, Error> {
    let Some(bytes) = home::read_small_file(&home.library_key_file(), 1024)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let text = SecretString::new(String::from_utf8_lossy(&bytes).trim().to_owned());
    parse_key(&text).map(Some).ok_or_else(|| Error::Damaged { what: "library.key".to_owned() })
}

fn write_key_file(home: &Home, key: &Secret<32>) -> Result<(), Error> {
    home::write_private_file(&home.library_key_file(), format_key(key).expose().as_bytes())
}

/// A key as text, for the key file and for keychains, some of which keep text only.
pub(crate) fn format_key(key: &Secret<32>) -> SecretString {
    SecretString::new(to_hex(key.expose()))
}

/// Reads what [`format_key`] wrote.
pub(crate) fn parse_key(text: &SecretString) -> Option<Secret<32>> {
    let text = text.expose();
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let (first, second) = text.split_at_checked(32)?;
    bytes[..16].copy_from_slice(Zeroizing::new(home::parse_id(first)?).as_slice());
    bytes[16..].copy_from_slice(Zeroizing::new(home::parse_id(second)?).as_slice());
    Secret::copy_from(bytes.as_slice())
}
