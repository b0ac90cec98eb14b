//! The providers of one computer as one: each is given the passkeys it may hold, and no others.

use crate::{
    AuthenticatorKind, Ceremony, CreateRequest, Credential, EvaluateRequest, Evaluated, PasskeyError,
    PasskeyProvider, Registered,
};

/// One provider, and which passkeys may be its own.
pub(crate) struct Part {
    pub(crate) provider: Box<dyn PasskeyProvider>,
    pub(crate) may_hold: fn(&Credential) -> bool,
}

impl Part {
    fn own(&self, credentials: &[Credential]) -> Vec<Credential> {
        credentials.iter().filter(|credential| (self.may_hold)(credential)).cloned().collect()
    }
}

/// Several providers, the one to be asked first in front.
pub(crate) struct Combined(pub(crate) Vec<Part>);

impl PasskeyProvider for Combined {
    fn kinds(&self) -> Vec<AuthenticatorKind> {
        let mut kinds: Vec<_> = self.0.iter().flat_map(|part| part.provider.kinds()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    fn create(&self, request: &CreateRequest, ceremony: &Ceremony) -> Result<Registered, PasskeyError> {
        let CreateRequest { relying_party, kind, user_id, user_name, display_name, exclude, input } = request;
        let part = self.0.iter().find(|part| part.provider.kinds().contains(kind));
        let part = part.ok_or(PasskeyError::NoAuthenticator)?;
        let narrowed = CreateRequest {
            relying_party: *relying_party,
            kind: *kind,
            user_id: *user_id,
            user_name: user_name.clone(),
            display_name: display_name.clone(),
            exclude: part.own(exclude),
            input: *input,
        };
        part.provider.create(&narrowed, ceremony)
    }

    /// Asks one after the other, until one gives the secret. Saying no to one dialog (Touch ID) asks the next, because the passkey
    /// that is at hand may be the other one; cancelling the ceremony ends it.
    fn evaluate(&self, request: &EvaluateRequest, ceremony: &Ceremony) -> Result<Evaluated, PasskeyError> {
        let EvaluateRequest { relying_party, allow, input } = request;
        let mut failure = PasskeyError::NoCredential;
        for part in &self.0 {
            let allow = part.own(allow);
            if allow.is_empty() {
                continue;
            }
            let narrowed = EvaluateRequest { relying_party: *relying_party, allow, input: *input };
            match part.provider.evaluate(&narrowed, ceremony) {
                Err(why) if asks_the_next(why) && !ceremony.cancel.is_cancelled() => failure = why,
                ended => return ended,
            }
        }
        Err(failure)
    }
}

/// The passkey may still be with another provider.
fn asks_the_next(why: PasskeyError) -> bool {
    matches!(why, PasskeyError::Cancelled | PasskeyError::NoCredential | PasskeyError::NoAuthenticator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cancel, Prompt, Prompts, RelyingParty, Transports};
    use coffer_secret::Secret;
    use std::sync::{Arc, Mutex};

    /// A provider that answers every use alike and remembers what it was asked.
    struct Fixed {
        name: &'static str,
        kinds: Vec<AuthenticatorKind>,
        answer: Result<u8, PasskeyError>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Fixed {
        fn remember(&self, what: &str, credentials: &[Credential]) {
            let ids: Vec<_> = credentials.iter().map(|c| c.id.clone()).collect();
            self.asked.lock().unwrap().push(format!("{} {what} {ids:?}", self.name));
        }
    }

    impl PasskeyProvider for Fixed {
        fn kinds(&self) -> Vec<AuthenticatorKind> {
            self.kinds.clone()
        }

        fn create(&self, request: &CreateRequest, _: &Ceremony) -> Result<Registered, PasskeyError> {
            self.remember("excludes", &request.exclude);
            Err(PasskeyError::KeyFull)
        }

        fn evaluate(&self, request: &EvaluateRequest, _: &Ceremony) -> Result<Evaluated, PasskeyError> {
            self.remember("allows", &request.allow);
            self.answer.map(|byte| Evaluated {
                credential_id: request.allow[0].id.clone(),
                backup_eligible: false,
                backed_up: false,
                prf: Secret::take(&mut [byte; 32]),
            })
        }
    }

    struct Silent;

    impl Prompts for Silent {
        fn show(&self, _: Prompt) {}
    }

    fn ceremony() -> Ceremony {
        Ceremony { prompts: Arc::new(Silent), cancel: Cancel::default() }
    }

    fn credential(id: u8, transports: Transports) -> Credential {
        Credential { id: vec![id], transports }
    }

    fn both() -> Vec<Credential> {
        vec![credential(1, Transports::INTERNAL), credential(2, Transports::USB)]
    }

    /// Touch ID in front of security keys.
    fn combined(
        touch_id: Result<u8, PasskeyError>,
        key: Result<u8, PasskeyError>,
    ) -> (Combined, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let part = |name, kind, answer, may_hold| Part {
            provider: Box::new(Fixed { name, kinds: vec![kind], answer, asked: asked.clone() }),
            may_hold,
        };
        let parts = vec![
            part("touch id", AuthenticatorKind::Platform, touch_id, |c| c.transports == Transports::INTERNAL),
            part("key", AuthenticatorKind::SecurityKey, key, |c| c.transports == Transports::USB),
        ];
        (Combined(parts), asked)
    }

    fn evaluate(
        combined: &Combined,
        allow: Vec<Credential>,
        ceremony: &Ceremony,
    ) -> Result<u8, PasskeyError> {
        let request = EvaluateRequest { relying_party: RelyingParty::CURRENT, allow, input: [0; 32] };
        combined.evaluate(&request, ceremony).map(|evaluated| evaluated.prf.expose()[0])
    }

    #[test]
    fn the_first_that_holds_a_passkey_is_asked_for_its_own() {
        let (combined, asked) = combined(Ok(1), Ok(2));

        let given = evaluate(&combined, both(), &ceremony());

        assert_eq!(given, Ok(1));
        assert_eq!(*asked.lock().unwrap(), ["touch id allows [[1]]"]);
    }

    #[test]
    fn a_provider_that_can_hold_none_of_the_list_is_not_asked() {
        let (combined, asked) = combined(Ok(1), Ok(2));

        let given = evaluate(&combined, vec![credential(2, Transports::USB)], &ceremony());

        assert_eq!(given, Ok(2));
        assert_eq!(*asked.lock().unwrap(), ["key allows [[2]]"]);
    }

    #[test]
    fn saying_no_to_one_dialog_asks_the_next() {
        let (combined, asked) = combined(Err(PasskeyError::Cancelled), Ok(2));

        let given = evaluate(&combined, both(), &ceremony());

        assert_eq!(given, Ok(2));
        assert_eq!(*asked.lock().unwrap(), ["touch id allows [[1]]", "key allows [[2]]"]);
    }

    #[test]
    fn a_cancelled_ceremony_asks_nobody_else() {
        let (combined, asked) = combined(Err(PasskeyError::Cancelled), Ok(2));
        let ceremony = ceremony();
        ceremony.cancel.cancel();

        let given = evaluate(&combined, both(), &ceremony);

        assert_eq!(given, Err(PasskeyError::Cancelled));
        assert_eq!(*asked.lock().unwrap(), ["touch id allows [[1]]"]);
    }

    #[test]
    fn another_failure_is_told_and_ends_it() {
        let (combined, asked) = combined(Err(PasskeyError::FingerprintBlocked), Ok(2));

        let given = evaluate(&combined, both(), &ceremony());

        assert_eq!(given, Err(PasskeyError::FingerprintBlocked));
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_last_failure_is_told_when_nobody_gives_the_secret() {
        let (combined, _) = combined(Err(PasskeyError::NoCredential), Err(PasskeyError::Cancelled));

        let given = evaluate(&combined, both(), &ceremony());

        assert_eq!(given, Err(PasskeyError::Cancelled));
    }

    #[test]
    fn a_list_nobody_can_hold_is_no_credential() {
        let (combined, asked) = combined(Ok(1), Ok(2));

        let given = evaluate(&combined, vec![credential(3, Transports::HYBRID)], &ceremony());

        assert_eq!(given, Err(PasskeyError::NoCredential));
        assert!(asked.lock().unwrap().is_empty());
    }

    #[test]
    fn a_passkey_is_made_by_the_provider_of_its_kind() {
        let (combined, asked) = combined(Ok(1), Ok(2));
        let request = |kind| CreateRequest {
            relying_party: RelyingParty::CURRENT,
            kind,
            user_id: [0; 32],
            user_name: String::new(),
            display_name: String::new(),
            exclude: both(),
            input: [0; 32],
        };

        let on_a_key = combined.create(&request(AuthenticatorKind::SecurityKey), &ceremony()).map(drop);
        let on_a_phone = combined.create(&request(AuthenticatorKind::Phone), &ceremony()).map(drop);

        assert_eq!(on_a_key, Err(PasskeyError::KeyFull));
        assert_eq!(on_a_phone, Err(PasskeyError::NoAuthenticator));
        assert_eq!(*asked.lock().unwrap(), ["key excludes [[2]]"]);
        assert_eq!(combined.kinds(), [AuthenticatorKind::Platform, AuthenticatorKind::SecurityKey]);
    }
}
