//! Ways to unlock: from a file, from the environment, from the keychain, or asked for on the terminal.

use crate::arguments::UnlockOptions;
use crate::failure::Failure;
use crate::terminal;
use coffer_engine::{ErrorCode, Unlock};
use coffer_secret::SecretString;
use std::cell::OnceCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// No secret is longer than this; a file that is, is the wrong one.
const CEILING: u64 = 4096;

/// A secret that was given, kept for the length of the run so that it is read or asked for once.
#[derive(Debug)]
enum Given {
    Password(SecretString),
    Digits(SecretString),
    /// Asked for by the engine, at each use.
    Passkey,
}

/// Where the secret comes from.
#[derive(Debug)]
pub struct Secrets {
    password_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    passkeys: u8,
    /// `--passkey` names the way to make, not the way to unlock with.
    is_passkey_new: bool,
    given: OnceCell<Given>,
}

impl Secrets {
    /// Takes the options, else the environment: `COFFER_PASSWORD_FILE`, `COFFER_KEY_FILE`.
    pub fn new(options: &UnlockOptions, is_passkey_new: bool) -> Self {
        let from_environment =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let UnlockOptions { password_file, key_file, passkey, pin_file: _ } = options.clone();
        let is_named = password_file.is_some() || key_file.is_some() || passkey > 0 && !is_passkey_new;
        let (password_file, key_file) = if is_named {
            (password_file, key_file)
        } else {
            let password_file = from_environment("COFFER_PASSWORD_FILE");
            let key_file = from_environment("COFFER_KEY_FILE").filter(|_| password_file.is_none());
            (password_file, key_file)
        };
        Self { password_file, key_file, passkeys: passkey, is_passkey_new, given: OnceCell::new() }
    }

    /// How often `--passkey` stands, for commands that make passkeys.
    pub fn passkeys(&self) -> u8 {
        self.passkeys
    }

    /// The file of `--password-file`, for commands that make a password from it.
    pub fn password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// The way that was named, if any.
    pub fn named(&self) -> Result<Option<Unlock>, Failure> {
        if let Some(given) = self.given.get() {
            return Ok(Some(given.unlock()));
        }
        let given = match (&self.password_file, &self.key_file) {
            (Some(file), _) => Given::Password(read_secret(file)?),
            (None, Some(file)) => Given::Digits(read_secret(file)?),
            (None, None) if self.passkeys > 0 && !self.is_passkey_new => Given::Passkey,
            (None, None) => return Ok(None),
        };
        Ok(Some(self.given.get_or_init(|| given).unlock()))
    }

    /// The way that was named, else one asked for on the terminal; without a terminal the failure says what to give.
    pub fn named_or_asked(&self, otherwise: ErrorCode) -> Result<Unlock, Failure> {
        if let Some(unlock) = self.named()? {
            return Ok(unlock);
        }
        let typed = terminal::ask("Password or 64-digit key: ");
        Ok(self.take_typed(typed.ok_or_else(|| Failure::of(otherwise, None, None))?))
    }

    /// A way typed on the terminal; none when there is no terminal or nothing was typed.
    pub fn asked_for_if_wanted(&self) -> Option<Unlock> {
        let typed = terminal::ask("Password or 64-digit key (nothing: check without it): ")?;
        (!typed.expose().is_empty()).then(|| self.take_typed(typed))
    }

    fn take_typed(&self, typed: SecretString) -> Unlock {
        let given = if looks_like_digits(&typed) { Given::Digits(typed) } else { Given::Password(typed) };
        self.given.get_or_init(|| given).unlock()
    }
}

impl Given {
    fn unlock(&self) -> Unlock {
        match self {
            Self::Password(secret) => Unlock::Password(secret.duplicate()),
            Self::Digits(secret) => Unlock::Digits(secret.duplicate()),
            Self::Passkey => Unlock::Passkey,
        }
    }
}

/// Nobody's password is 60 digits and more with only spaces and dashes between them.
fn looks_like_digits(typed: &SecretString) -> bool {
    let is_filler = |c: char| c.is_whitespace() || c == '-';
    typed.expose().chars().all(|c| c.is_numeric() || is_filler(c))
        && typed.expose().chars().filter(|c| c.is_numeric()).count() > 48
}

/// Reads a secret from a file: its text without the line end.
pub fn read_secret(path: &Path) -> Result<SecretString, Failure> {
    let unreadable = |error: &io::Error| Failure::of_file("the file with the secret,", path, error);
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let read = file.take(CEILING + 1).read_to_string(&mut text);
    let secret = SecretString::new(text);
    let length = read.map_err(|error| unreadable(&error))?;
    if u64::try_from(length).is_ok_and(|length| length > CEILING) {
        let message = format!("{}: too long for a secret; check the path", path.display());
        return Err(Failure { code: "file".to_owned(), message, exit: crate::failure::Exit::Error });
    }
    Ok(SecretString::new(secret.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

/// Writes a new secret to a new file only this user can read. It never writes over one.
pub fn write_secret(path: &Path, secret: &SecretString) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(secret.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|error| Failure::of_file("the new key file", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_line_end_is_no_part_of_a_password_but_a_space_is() {
        let (_folder, path) = file_with("correct horse \r\n");

        assert_eq!(read_secret(&path).unwrap().expose(), "correct horse ");
    }

    #[test]
    fn a_file_that_is_too_long_is_refused_without_its_text() {
        let (_folder, path) = file_with(&"hunter2".repeat(1000));

        let failure = read_secret(&path).unwrap_err();

        assert!(failure.message.contains("too long") && !failure.message.contains("hunter2"));
    }

    #[test]
    fn a_key_file_is_never_written_over() {
        let (_folder, path) = file_with("mine");

        let failure = write_secret(&path, &SecretString::new("1234".to_owned())).unwrap_err();

        assert!(failure.message.contains("exists already"), "{}", failure.message);
        assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_key_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");

        write_secret(&path, &SecretString::new("1234".to_owned())).unwrap();

        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn digits_are_told_from_a_password() {
        let is_key = |text: &str| looks_like_digits(&SecretString::new(text.to_owned()));

        assert!(is_key(&"1234 5678-".repeat(8)));
        assert!(!is_key("12345678"));
        assert!(!is_key(&"correct horse ".repeat(8)));
    }
}
