//! What `webauthn.dll` answers, as plain values, and what of it is believed.

use super::ask::transport;
use crate::authenticator_data::AuthenticatorData;
use crate::prf_output::PrfOutput;
use crate::{
    AuthenticatorKind, Credential, EvaluateRequest, Evaluated, PasskeyError, Registered, RelyingParty,
    Transports,
};

/// A passkey was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(super) authenticator_data: Vec<u8>,
    /// The one `WEBAUTHN_CTAP_TRANSPORT_*` bit of the authenticator that made it.
    pub(super) used_transport: u32,
    /// `bPrfEnabled`, or what the extension `hmac-secret` answered.
    pub(super) prf_enabled: bool,
    pub(super) prf: PrfOutput,
}

impl Made {
    /// The passkey, if it is one that can give secrets.
    ///
    /// The kind is read from the answer: the dialog lets a person choose another authenticator than the one asked for.
    pub(super) fn registered(&self, relying_party: RelyingParty) -> Result<Registered, PasskeyError> {
        let data = AuthenticatorData::read(&self.authenticator_data, relying_party)?;
        let made = data.made.ok_or(PasskeyError::Malformed)?;
        let prf = self.prf.secret()?;
        if prf.is_none() && !self.prf_enabled {
            return Err(PasskeyError::NoPrfAtCreation);
        }
        Ok(Registered {
            credential: Credential {
                id: made.id,
                transports: transports(self.used_transport, data.backup_eligible),
            },
            kind: kind(self.used_transport),
            aaguid: made.aaguid,
            backup_eligible: data.backup_eligible,
            backed_up: data.backed_up,
            prf,
        })
    }

    /// Its id, when it lies in Windows Hello.
    pub(super) fn held_by_hello(&self) -> Option<Vec<u8>> {
        (self.used_transport == transport::INTERNAL)
            .then(|| AuthenticatorData::made_id(&self.authenticator_data))?
    }
}

/// A passkey was used.
#[derive(Debug)]
pub(crate) struct Asserted {
    pub(super) authenticator_data: Vec<u8>,
    pub(super) credential_id: Vec<u8>,
    pub(super) prf: PrfOutput,
}

impl Asserted {
    /// Its secret, if the person was verified and the passkey is one that was asked for.
    pub(super) fn evaluated(&self, request: &EvaluateRequest) -> Result<Evaluated, PasskeyError> {
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

fn kind(used_transport: u32) -> AuthenticatorKind {
    match used_transport {
        transport::INTERNAL => AuthenticatorKind::Platform,
        transport::HYBRID => AuthenticatorKind::Phone,
        _ => AuthenticatorKind::SecurityKey,
    }
}

/// How to reach it later. A passkey that travels may be on a phone when this computer is gone.
fn transports(used_transport: u32, backup_eligible: bool) -> Transports {
    match used_transport {
        transport::USB => Transports::USB,
        transport::NFC | transport::SMART_CARD => Transports::NFC,
        transport::INTERNAL if backup_eligible => Transports::INTERNAL.with(Transports::HYBRID),
        transport::INTERNAL => Transports::INTERNAL,
        transport::HYBRID => Transports::HYBRID,
        _ => Transports(16),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator_data::tests::authenticator_data;

    const VERIFIED: u8 = 0x05;
    const SYNCED: u8 = 0x1D;

    fn made(flags: u8, used_transport: u32) -> Made {
        let authenticator_data = authenticator_data(flags, Some(b"new"));
        Made { authenticator_data, used_transport, prf_enabled: true, prf: PrfOutput::None }
    }

    fn registered(made: &Made) -> Result<Registered, PasskeyError> {
        made.registered(RelyingParty::CURRENT)
    }

    fn request() -> EvaluateRequest {
        let allow = vec![Credential { id: b"ours".to_vec(), transports: Transports::USB }];
        EvaluateRequest { relying_party: RelyingParty::CURRENT, allow, input: [0; 32] }
    }

    fn asserted(flags: u8, id: &[u8], prf: PrfOutput) -> Result<Evaluated, PasskeyError> {
        let asserted =
            Asserted { authenticator_data: authenticator_data(flags, None), credential_id: id.to_vec(), prf };
        asserted.evaluated(&request())
    }

    #[test]
    fn the_kind_is_the_authenticator_that_was_used() {
        let kinds =
            [0x01, 0x02, 0x04, 0x10, 0x20, 0x40].map(|bit| registered(&made(VERIFIED, bit)).unwrap().kind);

        let key = AuthenticatorKind::SecurityKey;
        assert_eq!(kinds, [key, key, key, AuthenticatorKind::Platform, AuthenticatorKind::Phone, key]);
    }

    #[test]
    fn transports_are_kept_for_the_next_use() {
        let kept = |flags, bit| registered(&made(flags, bit)).unwrap().credential.transports;

        assert_eq!(kept(VERIFIED, 0x01), Transports::USB);
        assert_eq!(kept(VERIFIED, 0x40), Transports::NFC);
        assert_eq!(kept(VERIFIED, 0x10), Transports::INTERNAL);
        assert_eq!(kept(SYNCED, 0x10), Transports::INTERNAL.with(Transports::HYBRID));
        assert_eq!(kept(SYNCED, 0x20), Transports::HYBRID);
        assert_eq!(kept(VERIFIED, 0x04), Transports(16));
    }

    #[test]
    fn a_passkey_without_prf_is_none() {
        let made = Made { prf_enabled: false, ..made(VERIFIED, 0x10) };

        let refused = registered(&made).map(drop);

        assert_eq!(refused, Err(PasskeyError::NoPrfAtCreation));
        assert_eq!(made.held_by_hello(), Some(b"new".to_vec()));
    }

    #[test]
    fn only_windows_hello_can_be_told_to_forget() {
        let on_a_key = made(VERIFIED, 0x01);

        assert_eq!(on_a_key.held_by_hello(), None);
    }

    #[test]
    fn an_output_at_creation_is_kept_and_proves_prf() {
        let prf = PrfOutput::copy_from(&[8; 32]);
        let made = Made { prf_enabled: false, prf, ..made(VERIFIED, 0x10) };

        let registered = registered(&made).unwrap();

        assert_eq!(registered.prf.unwrap().expose(), &[8; 32]);
    }

    #[test]
    fn an_output_of_another_length_is_refused() {
        let short = PrfOutput::copy_from(&[8; 31]);
        let double = PrfOutput::copy_from(&[8; 64]);

        let at_use = asserted(VERIFIED, b"ours", short).map(drop);
        let at_creation = registered(&Made { prf: double, ..made(VERIFIED, 0x10) }).map(drop);

        assert_eq!(at_use, Err(PasskeyError::Malformed));
        assert_eq!(at_creation, Err(PasskeyError::Malformed));
    }

    #[test]
    fn a_passkey_made_without_verifying_the_person_is_refused() {
        let refused = registered(&made(0x01, 0x01)).map(drop);

        assert_eq!(refused, Err(PasskeyError::NotVerified));
    }

    #[test]
    fn a_use_gives_the_secret_and_fresh_flags() {
        let evaluated = asserted(SYNCED, b"ours", PrfOutput::copy_from(&[8; 32])).unwrap();

        assert_eq!(evaluated.prf.expose(), &[8; 32]);
        assert_eq!(evaluated.credential_id, b"ours");
        assert!(evaluated.backup_eligible && evaluated.backed_up);
    }

    #[test]
    fn a_use_without_output_without_verification_or_of_another_passkey_is_refused() {
        let no_output = asserted(VERIFIED, b"ours", PrfOutput::copy_from(&[])).map(drop);
        let not_verified = asserted(0x01, b"ours", PrfOutput::copy_from(&[8; 32])).map(drop);
        let another = asserted(VERIFIED, b"theirs", PrfOutput::copy_from(&[8; 32])).map(drop);

        assert_eq!(no_output, Err(PasskeyError::NoPrf));
        assert_eq!(not_verified, Err(PasskeyError::NotVerified));
        assert_eq!(another, Err(PasskeyError::Malformed));
    }

    #[test]
    fn answers_print_no_secret() {
        let made = Made { prf: PrfOutput::copy_from(&[0xAB; 32]), ..made(VERIFIED, 0x01) };

        let printed = format!("{made:?}");

        assert!(printed.contains("[redacted]"), "{printed}");
        assert!(!printed.contains("171"), "{printed}");
    }
}
