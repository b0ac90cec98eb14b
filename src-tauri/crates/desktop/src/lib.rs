//! This computer: its keychain, its folders, its clock, its randomness, its passkeys, as the engine's ports.

mod clock;
mod entropy;
mod folders;
mod keychain;
mod machine;
mod paths;

pub use clock::SystemClock;
pub use entropy::SystemEntropy;
pub use folders::SystemFolders;
pub use keychain::SystemKeychain;
pub use paths::{DesktopError, default_home};

pub use coffer_passkey::ParentWindow;

use coffer_engine::ports::Ports;
use coffer_secret::Entropy;
use std::path::PathBuf;
use std::sync::Arc;

/// The ports of the real computer for a program without a window. `home` is the folder everything lies in; the platform's own when
/// `None`.
///
/// # Errors
/// When the platform names no folder for this user's data.
pub fn ports(home: Option<PathBuf>) -> Result<Ports, DesktopError> {
    ports_under(ParentWindow::none(), home)
}

/// The ports for a program with a window: the operating system's own dialogs about passkeys belong to it.
///
/// # Errors
/// As [`ports`].
pub fn ports_under(parent: ParentWindow, home: Option<PathBuf>) -> Result<Ports, DesktopError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    Ok(Ports {
        home: match home {
            Some(home) => home,
            None => default_home()?,
        },
        machine: machine::name(),
        zone: machine::zone(),
        platform: machine::platform().to_owned(),
        keychain: Arc::new(SystemKeychain::default()),
        clock: Arc::new(SystemClock::default()),
        passkeys: coffer_passkey::this_computer(parent, Arc::clone(&entropy)),
        entropy,
        folders: Arc::new(SystemFolders),
    })
}
