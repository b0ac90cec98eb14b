//! Gets 32 secret bytes out of an authenticator, or says why not.
//!
//! The bytes are the output of WebAuthn's PRF extension (CTAP's `hmac-secret`). The same passkey gives the same bytes for the same
//! input, on any computer, and only after it verified the person.

mod authenticator_data;
mod combined;
#[cfg(any(not(windows), test, feature = "virtual-keys"))]
mod ctap;
mod error;
#[cfg(any(windows, target_os = "macos", test))]
mod in_time;
mod parent_window;
#[cfg(any(target_os = "macos", test))]
mod platform_macos;
#[cfg(any(windows, test))]
mod platform_windows;
#[cfg(any(windows, target_os = "macos", test))]
mod prf_output;
mod prompt;
mod provider;
#[cfg(any(windows, target_os = "macos", test))]
mod quick_unlock_id;
mod relying_party;
#[cfg(any(test, feature = "testing"))]
pub mod scripted_person;
#[cfg(any(test, feature = "testing"))]
pub mod scripted_provider;
#[cfg(any(not(windows), test, feature = "virtual-keys"))]
mod security_keys;
mod this_computer;
#[cfg(any(test, feature = "virtual-keys"))]
pub mod virtual_authenticator;

pub use error::PasskeyError;
pub use parent_window::ParentWindow;
pub use prompt::{Answer, Cancel, Ceremony, NewPinProblem, Prompt, Prompts};
pub use provider::{
    AuthenticatorKind, CreateRequest, Credential, EvaluateRequest, Evaluated, NoPasskeys, PasskeyProvider,
    Registered, Transports,
};
pub use relying_party::RelyingParty;
#[cfg(any(not(windows), test, feature = "virtual-keys"))]
pub use security_keys::SecurityKeys;
pub use this_computer::this_computer;
