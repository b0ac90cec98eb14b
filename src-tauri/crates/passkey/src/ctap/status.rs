//! Status bytes (8.2), and what they mean to a person.

use crate::PasskeyError;

/// The first byte of an answer, when it is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) u8);

impl Status {
    pub(crate) const TIMEOUT: Self = Self(0x05);
    pub(crate) const CREDENTIAL_EXCLUDED: Self = Self(0x19);
    pub(crate) const INVALID_CREDENTIAL: Self = Self(0x22);
    pub(crate) const OPERATION_DENIED: Self = Self(0x27);
    pub(crate) const KEY_STORE_FULL: Self = Self(0x28);
    pub(crate) const KEEPALIVE_CANCEL: Self = Self(0x2D);
    pub(crate) const NO_CREDENTIALS: Self = Self(0x2E);
    pub(crate) const USER_ACTION_TIMEOUT: Self = Self(0x2F);
    pub(crate) const PIN_INVALID: Self = Self(0x31);
    pub(crate) const PIN_BLOCKED: Self = Self(0x32);
    pub(crate) const PIN_AUTH_INVALID: Self = Self(0x33);
    pub(crate) const PIN_AUTH_BLOCKED: Self = Self(0x34);
    pub(crate) const PIN_NOT_SET: Self = Self(0x35);
    pub(crate) const PUAT_REQUIRED: Self = Self(0x36);
    pub(crate) const PIN_POLICY_VIOLATION: Self = Self(0x37);
    pub(crate) const ACTION_TIMEOUT: Self = Self(0x3A);
    pub(crate) const UV_BLOCKED: Self = Self(0x3C);
    pub(crate) const UV_INVALID: Self = Self(0x3F);
}

impl From<Status> for PasskeyError {
    fn from(status: Status) -> Self {
        match status {
            Status::OPERATION_DENIED | Status::KEEPALIVE_CANCEL => Self::Cancelled,
            Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT | Status::TIMEOUT => Self::TimedOut,
            Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL => Self::NoCredential,
            Status::CREDENTIAL_EXCLUDED => Self::AlreadyRegistered,
            Status::KEY_STORE_FULL => Self::KeyFull,
            Status::PIN_AUTH_BLOCKED => Self::PinPaused,
            Status::PIN_BLOCKED => Self::PinBlocked,
            Status::PIN_NOT_SET => Self::PinNotSet,
            Status::PIN_POLICY_VIOLATION => Self::PinPolicy,
            Status::UV_BLOCKED => Self::FingerprintBlocked,
            Status(code) => Self::Refused { code },
        }
    }
}
