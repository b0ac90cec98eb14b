//! Everything the running computer can do with passkeys, as one provider.

use crate::combined::{Combined, Part};
#[cfg(any(windows, target_os = "macos"))]
use crate::quick_unlock_id::is_quick_unlock;
use crate::{ParentWindow, PasskeyProvider};
use coffer_secret::Entropy;
use std::sync::Arc;

/// The providers of this operating system. Dialogs that it shows belong to `parent`.
pub fn this_computer(parent: ParentWindow, entropy: Arc<dyn Entropy>) -> Arc<dyn PasskeyProvider> {
    Arc::new(Combined(parts(parent, entropy)))
}

/// All kinds come from one library.
#[cfg(windows)]
fn parts(parent: ParentWindow, _: Arc<dyn Entropy>) -> Vec<Part> {
    let windows = crate::platform_windows::WindowsPasskeys::of_this_computer(parent);
    vec![Part { provider: Box::new(windows), may_hold: |credential| !is_quick_unlock(credential) }]
}

/// Touch ID first: it is at hand.
#[cfg(target_os = "macos")]
fn parts(parent: ParentWindow, entropy: Arc<dyn Entropy>) -> Vec<Part> {
    use crate::platform_macos::{QuickUnlock, SyncedPasskeys};
    let synced = SyncedPasskeys::of_this_computer(parent);
    vec![
        Part { provider: Box::new(QuickUnlock::of_this_computer()), may_hold: is_quick_unlock },
        Part { provider: Box::new(synced), may_hold: |credential| !is_quick_unlock(credential) },
        security_keys(entropy),
    ]
}

/// No authenticator is built in there (PASSKEYS).
#[cfg(not(any(windows, target_os = "macos")))]
fn parts(_: ParentWindow, entropy: Arc<dyn Entropy>) -> Vec<Part> {
    vec![security_keys(entropy)]
}

#[cfg(not(windows))]
fn security_keys(entropy: Arc<dyn Entropy>) -> Part {
    let keys = crate::SecurityKeys::new(entropy);
    Part { provider: Box::new(keys), may_hold: crate::security_keys::may_hold }
}
