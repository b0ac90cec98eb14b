//! Gets 32 secret bytes out of an authenticator, or says why not.
//!
//! The bytes are the output of WebAuthn's PRF extension (CTAP's `hmac-secret`). The same passkey gives the same bytes for the same
//! input, on any computer, and only after it verified the person.

mod error;
mod prompt;
mod provider;
mod relying_party;
#[cfg(any(test, feature = "testing"))]
pub mod scripted_provider;

pub use error::PasskeyError;
pub use prompt::{Answer, Cancel, Ceremony, NewPinProblem, Prompt, Prompts};
pub use provider::{
    AuthenticatorKind, CreateRequest, Credential, EvaluateRequest, Evaluated, NoPasskeys, PasskeyProvider,
    Registered, Transports,
};
pub use relying_party::RelyingParty;
