//! This computer: its keychain, its folders, its clock, its randomness, as the engine's ports.

mod clock;
mod entropy;
mod keychain;
mod machine;
mod paths;

pub use clock::SystemClock;
pub use entropy::SystemEntropy;
pub use keychain::SystemKeychain;
pub use paths::{DesktopError, default_home};

use coffer_engine::ports::{NoPasskeys, Ports};
use std::path::PathBuf;
use std::sync::Arc;

/// The ports of the real computer. `home` is the folder everything lies in; the platform's own when `None`.
///
/// # Errors
/// When the platform names no folder for this user's data.
pub fn ports(home: Option<PathBuf>) -> Result<Ports, DesktopError> {
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
        entropy: Arc::new(SystemEntropy),
        passkeys: Arc::new(NoPasskeys),
    })
}
