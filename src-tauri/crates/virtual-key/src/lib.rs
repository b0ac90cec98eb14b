//! A security key made of software, for tests: the firmware is `fido-authenticator`, the wire is real.
//!
//! Nothing here is secret and nothing here ships. Its random numbers come from a seed, so the same seed gives the same key.

mod card;
#[cfg(target_os = "linux")]
mod guest;
mod hid;
mod key;
#[cfg(target_os = "linux")]
mod pcsc;
#[cfg(target_os = "linux")]
mod uhid;

pub use card::Inserted;
#[cfg(target_os = "linux")]
pub use guest::{Assembled, Guest, Out, with_guest};
pub use key::{KeySettings, VirtualKey};
#[cfg(target_os = "linux")]
pub use pcsc::{SmartCardService, in_namespaces};
#[cfg(target_os = "linux")]
pub use uhid::PluggedIn;
