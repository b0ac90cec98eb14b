//! The keychain stand-in of a `--home`: on a computer without a keychain, its few entries are files in that home.
//!
//! CLI.md: everything of such a "computer" lives in its folder, so that a server or a script reads its own chats
//! without a prompt. Whoever can read the files of the home can do the same; `COFFER_KEYCHAIN=none` has none.

use coffer_engine::ports::{Keychain, KeychainError};
use coffer_secret::SecretString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A keychain of files only this user can read.
pub struct StandIn {
    folder: PathBuf,
}

impl StandIn {
    /// The stand-in of a home.
    pub fn of(home: &Path) -> Self {
        Self { folder: home.join("keychain") }
    }

    /// Names hold letters that no file name may; hex is safe everywhere.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn write(&self, name: &str, value: &SecretString) -> std::io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        let temporary = self.folder.join("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(value.expose().as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, self.file(name))
    }
}

impl Keychain for StandIn {
    fn is_available(&self) -> bool {
        true
    }

    fn get(&self, name: &str) -> Result<Option<SecretString>, KeychainError> {
        match fs::read_to_string(self.file(name)) {
            Ok(text) => Ok(Some(SecretString::new(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(_) => Err(KeychainError::Refused),
        }
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<(), KeychainError> {
        self.write(name, value).map_err(|_| KeychainError::Refused)
    }

    fn delete(&self, name: &str) -> Result<(), KeychainError> {
        match fs::remove_file(self.file(name)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(_) => Err(KeychainError::Refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_kept_replaced_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let keychain = StandIn::of(home.path());

        keychain.set("a/b", &SecretString::new("1".to_owned())).unwrap();
        keychain.set("a/b", &SecretString::new("2".to_owned())).unwrap();

        assert_eq!(keychain.get("a/b").unwrap().unwrap().expose(), "2");
        keychain.delete("a/b").unwrap();
        assert!(keychain.get("a/b").unwrap().is_none());
        keychain.delete("a/b").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_an_entry() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let keychain = StandIn::of(home.path());

        keychain.set("name", &SecretString::new("1".to_owned())).unwrap();

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&keychain.folder), mode(&keychain.file("name"))), (0o700, 0o600));
    }
}
