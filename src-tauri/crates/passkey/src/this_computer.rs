//! Everything the running computer can do with passkeys, as one provider.

use crate::combined::{Combined, Part};
use crate::{ParentWindow, PasskeyProvider};
use std::sync::Arc;

/// The providers of this operating system. Dialogs that it shows belong to `parent`.
pub fn this_computer(parent: ParentWindow) -> Arc<dyn PasskeyProvider> {
    Arc::new(Combined(parts(parent)))
}

/// All kinds come from one library.
#[cfg(windows)]
fn parts(parent: ParentWindow) -> Vec<Part> {
    let windows = crate::platform_windows::WindowsPasskeys::of_this_computer(parent);
    let may_hold = |credential: &crate::Credential| !crate::quick_unlock_id::is_quick_unlock(credential);
    vec![Part { provider: Box::new(windows), may_hold }]
}

/// No authenticator is built in there (PASSKEYS).
#[cfg(not(windows))]
fn parts(_: ParentWindow) -> Vec<Part> {
    Vec::new()
}
