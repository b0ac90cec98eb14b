//! The only place where one key protects another.
//!
//! ```text
//! 64 digits (186 bits) ───────────HKDF─┐                          data key of generation g (32 random bytes, random id)
//! password ──────────Argon2id─────HKDF─┼─► key-encryption key ─wraps─►  ├─ MAC and seal of the keyslot file
//! passkey's PRF output (256 bits) HKDF─┤     (and an X25519 pair)       ├─ a key per pack, index, snapshot, intent
//! this computer's keychain key ───HKDF─┘                                ├─ keys of the local library and its pins
//!                                                                       └─ seals the data keys of earlier generations
//!                              chunk-id key: one per repository, sealed in every generation
//! ```
//!
//! `KEYSLOTS.md` beside `src/` is the normative text of everything that is stored.

mod attempt;
mod cbor;
mod damm;
mod data_key;
mod digits;
mod error;
mod file_header;
mod handover;
mod ids;
mod kdf;
mod key_encryption_key;
mod keyring;
mod keyslot;
mod keyslot_file;
#[cfg(test)]
mod keyslot_forgery;
mod keyslot_set;
mod open_keyslots;
mod passkey_credential;
mod password;
mod policy;
mod recovery_key;
mod sealed_part;
mod set_state;
mod slot_details;
mod unlock_report;
mod unlock_secret;
mod verified_version;

pub use data_key::{ChunkIdKey, DataKey, FileKey, FileKind, Subkey};
pub use error::KeyError;
pub use ids::{KeyId, KeyslotFileHash, RepositoryId, SlotId};
pub use kdf::Argon2Params;
pub use keyring::Keyring;
pub use keyslot_set::{DamagedKeyslotFile, KeyslotSet, Way};
pub use open_keyslots::{EncodedKeyslots, OpenKeyslots};
pub use passkey_credential::{PasskeyCredential, RELYING_PARTIES};
pub use password::{PASSWORD_TIPS, PasswordEstimate, PasswordProblem, estimate_password, suggest_password};
pub use policy::Policy;
pub use recovery_key::{DigitsError, DigitsInspection, RecoveryKey};
pub use slot_details::{Reach, SlotDetails, SlotInfo, SlotKind};
pub use unlock_report::UnlockReport;
pub use unlock_secret::UnlockSecret;
