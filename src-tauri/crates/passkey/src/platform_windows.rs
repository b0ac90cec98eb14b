//! Windows: Windows Hello, security keys and phones, all behind the dialogs of `webauthn.dll`.
//!
//! Apps without administrator's rights cannot reach security keys there in any other way.

mod answer;
mod ask;
mod ceremony;
mod failure;
#[cfg(test)]
mod tests;
#[cfg(windows)]
mod webauthn_dll;

use crate::{
    AuthenticatorKind, Ceremony, CreateRequest, EvaluateRequest, Evaluated, ParentWindow, PasskeyError,
    PasskeyProvider, Registered,
};
use answer::{Asserted, Made};
use ask::{ApiVersion, GetAsk, MakeAsk};
use failure::Refusal;
use std::time::Duration;

/// What is needed of `webauthn.dll`, in plain values: its calls block until the dialog is over.
pub(crate) trait WebAuthn: Send + Sync {
    /// The version that says which fields the library knows.
    fn version(&self) -> ApiVersion;

    /// Windows Hello is set up for this user.
    fn has_hello(&self) -> bool;

    /// A name under which the next ceremony can be stopped.
    fn new_stop(&self) -> Option<StopId>;

    /// Stops a ceremony that runs.
    fn stop(&self, id: StopId);

    /// Makes a passkey.
    fn make(&self, ask: &MakeAsk, parent: Option<usize>, stop: Option<StopId>) -> Result<Made, Refusal>;

    /// Uses a passkey.
    fn get(&self, ask: &GetAsk, parent: Option<usize>, stop: Option<StopId>) -> Result<Asserted, Refusal>;

    /// Deletes a passkey that Windows Hello holds.
    fn forget(&self, id: &[u8]);
}

/// The GUID of one ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StopId(pub(crate) u128);

/// How long a person has.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// For a touch, a finger or a PIN.
    here: Duration,
    /// For finding the phone.
    phone: Duration,
}

impl Limits {
    const OURS: Self = Self { here: Duration::from_secs(60), phone: Duration::from_secs(120) };
}

/// Passkeys as Windows offers them.
pub(crate) struct WindowsPasskeys<W> {
    library: W,
    parent: ParentWindow,
    limits: Limits,
}

#[cfg(windows)]
impl WindowsPasskeys<webauthn_dll::Library> {
    /// Those of this computer; dialogs belong to `parent`.
    pub(crate) fn of_this_computer(parent: ParentWindow) -> Self {
        Self { library: webauthn_dll::Library, parent, limits: Limits::OURS }
    }
}

impl<W: WebAuthn> WindowsPasskeys<W> {
    /// A passkey without the secret is of no use, and would only stand in the person's list.
    fn forget_if_useless(&self, made: &Made, result: &Result<Registered, PasskeyError>) {
        if let (Err(_), Some(id)) = (result, made.held_by_hello()) {
            self.library.forget(&id);
        }
    }
}

impl<W: WebAuthn> PasskeyProvider for WindowsPasskeys<W> {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        let version = self.library.version();
        let mut kinds = Vec::new();
        if version.hello_gives_secrets() && self.library.has_hello() {
            kinds.push(AuthenticatorKind::Platform);
        }
        if version.gives_secrets() {
            kinds.push(AuthenticatorKind::SecurityKey);
        }
        if version.reaches_phones() {
            kinds.push(AuthenticatorKind::Phone);
        }
        kinds
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        let version = self.library.version();
        if !version.gives_secrets() {
            return Err(PasskeyError::PlatformTooOld);
        }
        let limit = match request.kind {
            AuthenticatorKind::Platform | AuthenticatorKind::SecurityKey => self.limits.here,
            AuthenticatorKind::Phone => self.limits.phone,
        };
        let ask = MakeAsk::of(request, version, limit);
        let parent = self.parent.handle();
        let made =
            ceremony::run(&self.library, ceremony, limit, |stop| self.library.make(&ask, parent, stop))?;
        let result = made.registered(request.relying_party);
        self.forget_if_useless(&made, &result);
        result
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let version = self.library.version();
        if !version.gives_secrets() {
            return Err(PasskeyError::PlatformTooOld);
        }
        if request.allow.is_empty() {
            return Err(PasskeyError::NoCredential);
        }
        let limit = if GetAsk::may_use_a_phone(request) { self.limits.phone } else { self.limits.here };
        let ask = GetAsk::of(request, version, limit);
        let parent = self.parent.handle();
        let asserted =
            ceremony::run(&self.library, ceremony, limit, |stop| self.library.get(&ask, parent, stop))?;
        asserted.evaluated(request)
    }
}
