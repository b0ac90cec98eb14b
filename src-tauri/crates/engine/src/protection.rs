//! End-to-end encrypted backup: ways to unlock, proved and counted before protection is on.

use crate::Engine;
use crate::error::Error;
use crate::session::Unlock;
use crate::view::{
    AppView, DigitsView, PasswordEstimate, PlaceView, ProtectionView, RecoveryKeyView, WayTest,
};
use coffer_secret::SecretString;
use std::path::{Path, PathBuf};

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

/// Paper of a recovery sheet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Paper {
    /// 210 x 297 mm.
    A4,
    /// 8.5 x 11 in.
    Letter,
}

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    pub fn app(&self) -> Result<AppView, Error> {
        Err(Error::NotProtected)
    }
    pub fn lock(&self) {}
    pub fn unlock(&self, unlock: Unlock) -> Result<AppView, Error> {
        Err(Error::NotProtected)
    }
    pub fn inspect_place(&self, path: &Path) -> Result<PlaceView, Error> {
        Err(Error::NotProtected)
    }
    pub fn choose_place(&self, path: &Path, use_subfolder: bool) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn get_protection(&self) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn estimate_password(&self, password: &SecretString) -> PasswordEstimate {
        PasswordEstimate {
            score: 0,
            is_accepted: false,
            problem: None,
            guess_time: String::new(),
            tips: Vec::new(),
        }
    }
    pub fn suggest_password(&self) -> SecretString {
        SecretString::new(String::new())
    }
    pub fn add_password(&self, password: SecretString) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn prove_password(&self, password: SecretString) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn make_recovery_key(&self) -> Result<RecoveryKeyView, Error> {
        Err(Error::NotProtected)
    }
    pub fn confirm_recovery_key(&self, confirmation: Confirmation) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn inspect_digits(&self, digits: &SecretString) -> DigitsView {
        DigitsView { wrong_rows: Vec::new(), is_complete: false, digits: 0 }
    }
    pub fn save_recovery_sheet(&self, path: &Path, paper: Paper) -> Result<(), Error> {
        Err(Error::NotProtected)
    }
    pub fn abandon_setup(&self) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn fresh_unlock(&self, unlock: Unlock) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn test_way(&self, unlock: Unlock) -> Result<WayTest, Error> {
        Err(Error::NotProtected)
    }
    pub fn rename_way(&self, id: &str, name: &str) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn remove_way(&self, id: &str, at_risk_acknowledged: bool) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
    pub fn turn_off_protection(&self) -> Result<ProtectionView, Error> {
        Err(Error::NotProtected)
    }
}
