//! macOS: quick unlock by a key of the Secure Enclave behind Touch ID, and passkeys of the system's password manager for builds that
//! own a domain. Security keys are reached as on Linux.

mod attestation_object;
#[cfg(target_os = "macos")]
mod authorization_controller;
#[cfg(target_os = "macos")]
mod enclave;
mod failure;
mod quick_unlock;
mod synced_passkeys;
mod token;

#[cfg(target_os = "macos")]
pub(crate) use quick_unlock::QuickUnlock;
#[cfg(target_os = "macos")]
pub(crate) use synced_passkeys::SyncedPasskeys;

use std::time::Duration;

/// How long a person has for a finger.
const LIMIT: Duration = Duration::from_secs(60);
