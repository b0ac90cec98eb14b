//! From a parsed command line to the engine: opens the home, unlocks it when needed, hands over to the command.

use crate::arguments::{Arguments, Command, UnlockOptions};
use crate::failure::{Exit, Failure};
use crate::person::{Attendant, PinFile, Reason};
use crate::screen::Screen;
use crate::secrets::Secrets;
use crate::stand_in::StandIn;
use crate::{backup, chats, import, protect, restore, rollback, shell_help, ways};
use coffer_engine::view::{BackupItem, OpenedBackup, WayKind};
use coffer_engine::{Engine, Error, ErrorCode, Unlock};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every command works with.
pub struct Scene {
    /// The engine on this home.
    pub engine: Engine,
    /// Where results go.
    pub screen: Screen,
    /// Where secrets come from.
    pub secrets: Secrets,
    /// Zone of this computer.
    pub zone: String,
    /// The keychain's entries are files in the home.
    pub has_stand_in: bool,
    _attendant: Attendant,
}

/// Runs one command.
pub fn run(arguments: Arguments, screen: Screen) -> Result<Exit, Failure> {
    let Arguments { home, json: _, quiet: _, unlock, command } = arguments;
    check_ways(&unlock, &command)?;
    let reason = Reason::default();
    let secrets = Secrets::new(&unlock, command.makes_by_passkey_option());
    let open = || Scene::open(home, secrets, screen, unlock.pin_file.as_deref(), reason.clone());
    let ended = match command {
        Command::Import(wanted) => import::import(&open()?, &wanted),
        Command::Chats => chats::list(&open()?),
        Command::Read(wanted) => chats::read(&open()?, &wanted),
        Command::Search(wanted) => chats::search(&open()?, &wanted),
        Command::Export(wanted) => chats::export(&open()?, &wanted),
        Command::Protect(wanted) => protect::protect(&open()?, &wanted),
        Command::Ways(wanted) => ways::ways(&open()?, wanted),
        Command::Backup(wanted) => backup::backup(&open()?, &wanted),
        Command::Backups(wanted) => backup::list(&open()?, &wanted.place),
        Command::Check(wanted) => backup::check(&open()?, &wanted),
        Command::Rollback(wanted) => rollback::rollback(&open()?, &wanted),
        Command::Look(wanted) => restore::look(&open()?, &wanted),
        Command::Restore(wanted) => restore::restore(&open()?, &wanted),
        Command::Completions { shell } => shell_help::completions(shell).map(|()| Exit::Done),
        Command::Man => shell_help::man().map(|()| Exit::Done),
    };
    ended.map_err(|failure| reason.or(failure))
}

/// What clap cannot see: options that only go together with others.
fn check_ways(unlock: &UnlockOptions, command: &Command) -> Result<(), Failure> {
    let UnlockOptions { password_file, key_file, passkey, pin_file } = unlock;
    let is_unlock = *passkey > 0 && !command.makes_by_passkey_option();
    if is_unlock && (*passkey > 1 || password_file.is_some() || key_file.is_some()) {
        return Err(Failure::usage("name one way to unlock"));
    }
    let makes_passkey = command.new_way().is_some_and(|new| new.new_passkey);
    if pin_file.is_some() && *passkey == 0 && !makes_passkey {
        return Err(Failure::usage("--pin-file is the PIN of a security key; it goes with --passkey"));
    }
    Ok(())
}

impl Scene {
    fn open(
        home: Option<PathBuf>,
        secrets: Secrets,
        screen: Screen,
        pin_file: Option<&Path>,
        reason: Reason,
    ) -> Result<Self, Failure> {
        // Read before anything is asked, so that a wrong path costs no touch.
        let pin_file = pin_file.map(PinFile::read).transpose()?;
        let from_environment =
            || std::env::var_os("COFFER_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let named = home.or_else(from_environment);
        let is_named = named.is_some();
        let mut ports = coffer_desktop::ports(named)
            .map_err(|_| Failure::usage("this user has no home folder; say --home DIR"))?;
        let is_wanted = std::env::var_os("COFFER_KEYCHAIN").is_none_or(|asked| asked != "none");
        let has_stand_in = is_named && is_wanted && !ports.keychain.is_available();
        if has_stand_in {
            ports.keychain = Arc::new(StandIn::of(&ports.home));
        }
        let zone = ports.zone.clone();
        let engine = Engine::open(ports)?;
        let attendant = Attendant::new(&engine, screen, pin_file, reason)?;
        Ok(Self { engine, screen, secrets, zone, has_stand_in, _attendant: attendant })
    }

    /// Opens the chats of this computer when they are locked: the named way, the keychain, or a question.
    pub fn unlock_library(&self) -> Result<(), Failure> {
        if !self.engine.app()?.is_locked {
            return Ok(());
        }
        self.try_ways(ErrorCode::Locked, |unlock| self.engine.unlock(unlock)).map(drop)
    }

    /// Opens the backups in a place.
    pub fn open_place(&self, place: &Path) -> Result<(OpenedBackup, Vec<BackupItem>), Failure> {
        let opened = self.look_at(place)?;
        let backups = self
            .try_ways(ErrorCode::NeedsUnlock, |unlock| self.engine.unlock_backup(&opened.session, unlock))?;
        Ok((opened, backups))
    }

    /// Opens the backups in a place as far as a way to unlock is named, kept by this computer or typed; without one the place
    /// stays locked.
    pub fn open_place_if_possible(&self, place: &Path) -> Result<OpenedBackup, Failure> {
        let opened = self.look_at(place)?;
        let open = |unlock| self.engine.unlock_backup(&opened.session, unlock).map(drop);
        if let Some(unlock) = self.secrets.named()? {
            open(unlock)?;
        } else if open(Unlock::Keychain).is_err()
            && let Some(unlock) = self.secrets.asked_for_if_wanted()
        {
            open(unlock)?;
        }
        Ok(opened)
    }

    /// Looks at a place without unlocking it; what did not arrive or is damaged is said at once.
    pub fn look_at(&self, place: &Path) -> Result<OpenedBackup, Failure> {
        let opened = self.engine.open_backup(place).map_err(|error| about(&error, place))?;
        for note in &opened.notes {
            self.screen.remark(&format!("{}: {}", note.file, note.what));
        }
        for other in &opened.also_found {
            self.screen.remark(&format!("Other backups are in {other}"));
        }
        Ok(opened)
    }

    /// Tries the named way; without one this computer's keychain, then a question on the terminal.
    fn try_ways<T>(
        &self,
        otherwise: ErrorCode,
        open: impl Fn(Unlock) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        if let Some(unlock) = self.secrets.named()? {
            return Ok(open(unlock)?);
        }
        match open(Unlock::Keychain) {
            Ok(opened) => Ok(opened),
            // Damage and newer formats are not mended by another way.
            Err(error @ (Error::Damaged { .. } | Error::NewerFormat | Error::PlaceMissing)) => {
                Err(error.into())
            }
            Err(_) => Ok(open(self.secrets.named_or_asked(otherwise)?)?),
        }
    }

    /// This computer backs up to this place.
    pub fn is_own_place(&self, place: &Path) -> Result<bool, Failure> {
        let own = self.engine.get_protection()?.place;
        Ok(own.is_some_and(|own| same_folder(Path::new(&own), place)))
    }

    /// Makes sure that this computer backs up to the place and that changes are allowed: a real way was just used.
    pub fn join(&self, place: &Path) -> Result<(), Failure> {
        if self.is_own_place(place)? {
            let unlock = self.secrets.named_or_asked(ErrorCode::NeedsUnlock)?;
            return Ok(self.engine.fresh_unlock(unlock).map(drop)?);
        }
        if let Some(own) = self.engine.get_protection()?.place {
            return Err(Failure::usage(format!(
                "this computer backs up to {own}; use another --home for other places"
            )));
        }
        let opened = self.look_at(place)?;
        let unlock = || self.secrets.named_or_asked(ErrorCode::NeedsUnlock);
        self.engine.unlock_backup(&opened.session, unlock()?)?;
        self.engine.protect_here(&opened.session)?;
        Ok(self.engine.fresh_unlock(unlock()?).map(drop)?)
    }
}

/// An error about a path, as the person typed it.
pub fn about(error: &Error, path: &Path) -> Failure {
    let view = error.view();
    Failure::of(error.code(), view.detail.as_deref(), Some(&path.display().to_string()))
}

fn same_folder(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

/// The word of a kind of way, as CLI.md's JSON has it.
pub fn way_word(kind: WayKind) -> &'static str {
    match kind {
        WayKind::Password => "password",
        WayKind::RecoveryKey => "recovery_key",
        WayKind::Keychain => "keychain",
        WayKind::Passkey => "passkey",
        WayKind::Vault => "vault",
    }
}
