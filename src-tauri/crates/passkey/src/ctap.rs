//! CTAP2, as far as a passkey's secret needs it: what is said to an authenticator, and what it answers. No transport and no person.
//!
//! Sections are those of "Client to Authenticator Protocol", version 2.1, proposed standard of 2021-06-15 with errata of 2022-06-21.

mod assertion;
mod auth_data;
mod cbor;
mod client_pin;
mod creation;
mod hmac_secret;
mod info;
mod pin_protocol;
mod status;

pub(crate) use assertion::{Assertion, AssertionRequest};
pub(crate) use auth_data::AuthData;
pub(crate) use client_pin::{Permissions, Pin, PinCommand, PinToken, Retries};
pub(crate) use creation::{Creation, CreationRequest};
pub(crate) use hmac_secret::{Salt, SaltSession};
pub(crate) use info::{Info, Verification};
pub(crate) use pin_protocol::{PeerKey, PinProtocol, SharedSecret};
pub(crate) use status::Status;

/// What an authenticator sent is not CTAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<minicbor::decode::Error> for Malformed {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

/// authenticatorGetInfo (6.4).
pub(crate) const GET_INFO: &[u8] = &[0x04];
/// authenticatorSelection (6.9).
pub(crate) const SELECTION: &[u8] = &[0x0B];

#[cfg(test)]
mod tests;
