//! Passkeys of the system's password manager, which travel with a person's iCloud Keychain.
//!
//! macOS gives them only to a build that is signed for a domain which names the app. No relying party of ours has a domain yet
//! (README), so nothing here is offered.

use super::{LIMIT, attestation_object};
use crate::authenticator_data::AuthenticatorData;
use crate::prf_output::PrfOutput;
use crate::{
    AuthenticatorKind, Cancel, Ceremony, CreateRequest, EvaluateRequest, Evaluated, ParentWindow,
    PasskeyError, PasskeyProvider, Prompt, Registered, RelyingParty, Transports,
};
use std::time::Duration;

/// A passkey to make, in the words of `ASAuthorization`. macOS makes the salt out of the input itself (WebKit hands it over as the
/// page gave it).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MakeAsk {
    pub(super) relying_party_id: &'static str,
    pub(super) user_id: [u8; 32],
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) exclude: Vec<Vec<u8>>,
    pub(super) input: [u8; 32],
}

/// A passkey to use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GetAsk {
    pub(super) relying_party_id: &'static str,
    pub(super) allow: Vec<Vec<u8>>,
    pub(super) input: [u8; 32],
}

/// A passkey was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(super) attestation_object: Vec<u8>,
    /// `isSupported` of the extension's answer.
    pub(super) prf_supported: bool,
    pub(super) prf: PrfOutput,
}

/// A passkey was used.
#[derive(Debug)]
pub(crate) struct Used {
    pub(super) authenticator_data: Vec<u8>,
    pub(super) credential_id: Vec<u8>,
    pub(super) prf: PrfOutput,
}

/// What is needed of `ASAuthorizationController`, in plain values: its calls block until the dialog is over.
pub(crate) trait Authorization: Send + Sync {
    /// macOS 15.4 or later.
    fn gives_secrets(&self) -> bool;

    /// Makes a passkey; the dialog belongs to the window.
    fn make(
        &self,
        ask: MakeAsk,
        window: usize,
        cancel: &Cancel,
        limit: Duration,
    ) -> Result<Made, PasskeyError>;

    /// Uses a passkey.
    fn get(&self, ask: GetAsk, window: usize, cancel: &Cancel, limit: Duration)
    -> Result<Used, PasskeyError>;
}

/// The provider.
pub(crate) struct SyncedPasskeys<A> {
    authorization: A,
    parent: ParentWindow,
    has_domain: fn(RelyingParty) -> bool,
}

#[cfg(target_os = "macos")]
impl SyncedPasskeys<super::authorization_controller::AuthorizationController> {
    /// That of this Mac; dialogs belong to `parent`.
    pub(crate) fn of_this_computer(parent: ParentWindow) -> Self {
        let authorization = super::authorization_controller::AuthorizationController;
        Self { authorization, parent, has_domain }
    }
}

/// A name under `.invalid` is no domain, and no app can be signed for it (RFC 6761, 6.4).
fn has_domain(relying_party: RelyingParty) -> bool {
    !relying_party.id().ends_with(".invalid")
}

impl<A: Authorization> SyncedPasskeys<A> {
    /// The window, where everything else is here as well.
    fn ready(&self, relying_party: RelyingParty, ceremony: &Ceremony) -> Result<usize, PasskeyError> {
        if !(self.has_domain)(relying_party) {
            return Err(PasskeyError::NoAuthenticator);
        }
        if !self.authorization.gives_secrets() {
            return Err(PasskeyError::PlatformTooOld);
        }
        if ceremony.cancel.is_cancelled() {
            return Err(PasskeyError::Cancelled);
        }
        // A program without a window cannot show the dialog.
        self.parent.handle().ok_or(PasskeyError::NoAuthenticator)
    }
}

impl<A: Authorization> PasskeyProvider for SyncedPasskeys<A> {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        let is_offered = (self.has_domain)(RelyingParty::CURRENT)
            && self.authorization.gives_secrets()
            && self.parent.handle().is_some();
        if is_offered { vec![AuthenticatorKind::Platform] } else { Vec::new() }
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        let CreateRequest { relying_party, kind: _, user_id, user_name, display_name, exclude, input } =
            request;
        let window = self.ready(*relying_party, ceremony)?;
        ceremony.prompts.show(Prompt::PlatformDialog);
        let ask = MakeAsk {
            relying_party_id: relying_party.id(),
            user_id: *user_id,
            name: user_name.clone(),
            display_name: display_name.clone(),
            exclude: exclude.iter().map(|credential| credential.id.clone()).collect(),
            input: *input,
        };
        let made = self.authorization.make(ask, window, &ceremony.cancel, LIMIT)?;
        made.registered(*relying_party)
    }

    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let EvaluateRequest { relying_party, allow, input } = request;
        if !(self.has_domain)(*relying_party) {
            // None can have been made.
            return Err(PasskeyError::NoCredential);
        }
        let window = self.ready(*relying_party, ceremony)?;
        ceremony.prompts.show(Prompt::PlatformDialog);
        let ask = GetAsk {
            relying_party_id: relying_party.id(),
            allow: allow.iter().map(|credential| credential.id.clone()).collect(),
            input: *input,
        };
        let used = self.authorization.get(ask, window, &ceremony.cancel, LIMIT)?;
        used.evaluated(request)
    }
}

impl Made {
    fn registered(&self, relying_party: RelyingParty) -> Result<Registered, PasskeyError> {
        let data = attestation_object::authenticator_data(&self.attestation_object)?;
        let data = AuthenticatorData::read(data, relying_party)?;
        let made = data.made.ok_or(PasskeyError::Malformed)?;
        let prf = self.prf.secret()?;
        if prf.is_none() && !self.prf_supported {
            return Err(PasskeyError::NoPrfAtCreation);
        }
        Ok(Registered {
            // On another computer it is reached through the person's phone.
            credential: crate::Credential {
                id: made.id,
                transports: Transports::INTERNAL.with(Transports::HYBRID),
            },
            kind: AuthenticatorKind::Platform,
            aaguid: made.aaguid,
            backup_eligible: data.backup_eligible,
            backed_up: data.backed_up,
            prf,
        })
    }
}

impl Used {
    fn evaluated(&self, request: &EvaluateRequest) -> Result<Evaluated, PasskeyError> {
        let data = AuthenticatorData::read(&self.authenticator_data, request.relying_party)?;
        if !request.allow.iter().any(|credential| credential.id == self.credential_id) {
            return Err(PasskeyError::Malformed);
        }
        Ok(Evaluated {
            credential_id: self.credential_id.clone(),
            backup_eligible: data.backup_eligible,
            backed_up: data.backed_up,
            prf: self.prf.secret()?.ok_or(PasskeyError::NoPrf)?,
        })
    }
}

#[cfg(test)]
mod tests;
