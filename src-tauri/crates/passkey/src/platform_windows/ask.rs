//! What is asked of `webauthn.dll`, as plain values: each is a field of its structures (webauthn.h).

use crate::{AuthenticatorKind, CreateRequest, Credential, EvaluateRequest, RelyingParty, Transports};
use std::time::Duration;

/// Flags of both calls. Windows makes the salt out of the input itself, as WebAuthn says, as long as
/// `WEBAUTHN_AUTHENTICATOR_HMAC_SECRET_VALUES_FLAG` is not among them.
pub(super) const FLAGS: u32 = 0;

/// ES256, EdDSA, RS256 (IANA COSE algorithms): the signature is never looked at, so any will do.
pub(super) const ALGORITHMS: [i32; 3] = [-7, -8, -257];

/// `WEBAUTHN_CTAP_TRANSPORT_*`.
pub(super) mod transport {
    pub(in super::super) const USB: u32 = 0x01;
    pub(in super::super) const NFC: u32 = 0x02;
    pub(in super::super) const INTERNAL: u32 = 0x10;
    pub(in super::super) const HYBRID: u32 = 0x20;
    pub(in super::super) const SMART_CARD: u32 = 0x40;
    /// No restriction.
    pub(in super::super) const ANY: u32 = 0;
}

/// What `WebAuthNGetApiVersionNumber` says; 0 without the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(pub(crate) u32);

impl ApiVersion {
    /// 4 brought `pHmacSecretSaltValues` and `pHmacSecret`.
    pub(super) fn gives_secrets(self) -> bool {
        self >= Self(4)
    }

    /// 6 brought `WEBAUTHN_CTAP_TRANSPORT_HYBRID`, and with it the dialog's code for a phone.
    pub(super) fn reaches_phones(self) -> bool {
        self >= Self(6)
    }

    /// 8 came with the update since which passkeys of Windows Hello itself answer PRF (reported in public; 0018 has the check).
    pub(super) fn hello_gives_secrets(self) -> bool {
        self.evaluates_at_creation()
    }

    /// 6 brought `bEnablePrf` and `bPrfEnabled`.
    fn enables_prf(self) -> bool {
        self >= Self(6)
    }

    /// 8 brought `pPRFGlobalEval` and hints at creation, and `pHmacSecret` in its answer.
    pub(super) fn evaluates_at_creation(self) -> bool {
        self >= Self(8)
    }

    /// The version of `WEBAUTHN_AUTHENTICATOR_MAKE_CREDENTIAL_OPTIONS` that has every field we fill and the library knows.
    fn make_options(self) -> u32 {
        if self.evaluates_at_creation() {
            8
        } else if self.enables_prf() {
            6
        } else {
            5
        }
    }
}

/// A passkey in an allow or exclude list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(super) id: Vec<u8>,
    pub(super) transports: u32,
}

impl Listed {
    fn of(credential: &Credential, version: ApiVersion) -> Self {
        let Credential { id, transports } = credential;
        Self { id: id.clone(), transports: windows_transports(*transports, version) }
    }
}

/// A passkey to make.
#[derive(Debug)]
pub(crate) struct MakeAsk {
    /// The version of the structure the other fields are put into.
    pub(super) options_version: u32,
    pub(super) timeout_ms: u32,
    pub(super) relying_party_id: &'static str,
    pub(super) relying_party_name: &'static str,
    pub(super) user_id: [u8; 32],
    pub(super) user_name: String,
    pub(super) display_name: String,
    pub(super) client_data: String,
    pub(super) attachment: u32,
    /// Which page the dialog opens with, where it can be told.
    pub(super) hint: Option<&'static str>,
    pub(super) enable_prf: bool,
    /// The PRF input, where the creation can evaluate it.
    pub(super) input: Option<[u8; 32]>,
    pub(super) exclude: Vec<Listed>,
}

impl MakeAsk {
    pub(super) fn of(request: &CreateRequest, version: ApiVersion, limit: Duration) -> Self {
        let CreateRequest { relying_party, kind, user_id, user_name, display_name, exclude, input } = request;
        let can_evaluate = version.evaluates_at_creation();
        Self {
            options_version: version.make_options(),
            timeout_ms: millis(limit),
            relying_party_id: relying_party.id(),
            relying_party_name: RelyingParty::NAME,
            user_id: *user_id,
            user_name: never_empty(user_name),
            display_name: never_empty(display_name),
            client_data: client_data("webauthn.create", *relying_party),
            attachment: attachment(*kind),
            hint: can_evaluate.then(|| hint(*kind)),
            enable_prf: version.enables_prf(),
            input: can_evaluate.then_some(*input),
            exclude: exclude.iter().map(|credential| Listed::of(credential, version)).collect(),
        }
    }
}

/// A passkey to use.
#[derive(Debug)]
pub(crate) struct GetAsk {
    pub(super) timeout_ms: u32,
    pub(super) relying_party_id: &'static str,
    pub(super) client_data: String,
    /// The PRF input.
    pub(super) input: [u8; 32],
    pub(super) allow: Vec<Listed>,
}

impl GetAsk {
    pub(super) fn of(request: &EvaluateRequest, version: ApiVersion, limit: Duration) -> Self {
        let EvaluateRequest { relying_party, allow, input } = request;
        Self {
            timeout_ms: millis(limit),
            relying_party_id: relying_party.id(),
            client_data: client_data("webauthn.get", *relying_party),
            input: *input,
            allow: allow.iter().map(|credential| Listed::of(credential, version)).collect(),
        }
    }

    /// A phone needs more time than a touch.
    pub(super) fn may_use_a_phone(request: &EvaluateRequest) -> bool {
        request
            .allow
            .iter()
            .any(|c| c.transports == Transports::default() || c.transports.contains(Transports::HYBRID))
    }
}

fn millis(limit: Duration) -> u32 {
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)
}

/// Windows refuses a user or a relying party without a name.
fn never_empty(name: &str) -> String {
    if name.trim().is_empty() { RelyingParty::NAME.to_owned() } else { name.to_owned() }
}

/// Windows hashes it and looks no further. The signature over it is thrown away, so it carries no challenge.
fn client_data(kind: &str, relying_party: RelyingParty) -> String {
    let origin = relying_party.id();
    format!(r#"{{"type":"{kind}","challenge":"","origin":"https://{origin}","crossOrigin":false}}"#)
}

/// `WEBAUTHN_AUTHENTICATOR_ATTACHMENT_*`.
fn attachment(kind: AuthenticatorKind) -> u32 {
    match kind {
        AuthenticatorKind::Platform => 1,
        AuthenticatorKind::SecurityKey | AuthenticatorKind::Phone => 2,
    }
}

/// `WEBAUTHN_CREDENTIAL_HINT_*`.
fn hint(kind: AuthenticatorKind) -> &'static str {
    match kind {
        AuthenticatorKind::Platform => "client-device",
        AuthenticatorKind::SecurityKey => "security-key",
        AuthenticatorKind::Phone => "hybrid",
    }
}

/// A transport Windows has no bit for lifts the restriction, as no transport does.
fn windows_transports(ours: Transports, version: ApiVersion) -> u32 {
    let known = [
        (Transports::USB, transport::USB),
        (Transports::NFC, transport::NFC),
        (Transports::INTERNAL, transport::INTERNAL),
        (Transports::HYBRID, if version.reaches_phones() { transport::HYBRID } else { transport::ANY }),
    ];
    let named = known.iter().fold(Transports::default(), |all, (ours, _)| all.with(*ours));
    if !named.contains(ours) {
        return transport::ANY;
    }
    known.iter().filter(|(bit, _)| ours.contains(*bit)).fold(transport::ANY, |all, (_, theirs)| all | theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ApiVersion = ApiVersion(4);
    const NEW: ApiVersion = ApiVersion(9);
    const LIMIT: Duration = Duration::from_secs(60);

    fn create(kind: AuthenticatorKind) -> CreateRequest {
        CreateRequest {
            relying_party: RelyingParty::CURRENT,
            kind,
            user_id: [3; 32],
            user_name: String::new(),
            display_name: "Coffer chat backups".to_owned(),
            exclude: vec![Credential { id: vec![1], transports: Transports::USB.with(Transports::NFC) }],
            input: [9; 32],
        }
    }

    fn evaluate(transports: Transports) -> EvaluateRequest {
        let allow = vec![Credential { id: vec![1, 2], transports }];
        EvaluateRequest { relying_party: RelyingParty::CURRENT, allow, input: [9; 32] }
    }

    #[test]
    fn windows_is_given_the_input_and_hashes_it_itself() {
        let raw_salts = 0x0010_0000; // WEBAUTHN_AUTHENTICATOR_HMAC_SECRET_VALUES_FLAG

        let get = GetAsk::of(&evaluate(Transports::USB), OLD, LIMIT);
        let make = MakeAsk::of(&create(AuthenticatorKind::Platform), NEW, LIMIT);

        assert_eq!(FLAGS & raw_salts, 0);
        assert_eq!(get.input, [9; 32]);
        assert_eq!(make.input, Some([9; 32]));
    }

    #[test]
    fn the_common_signatures_are_offered() {
        let (es256, ed_dsa, rs256) = (-7, -8, -257);

        assert_eq!(ALGORITHMS, [es256, ed_dsa, rs256]);
    }

    #[test]
    fn lists_name_each_passkey_and_how_to_reach_it() {
        let make = MakeAsk::of(&create(AuthenticatorKind::SecurityKey), NEW, LIMIT);
        let get = GetAsk::of(&evaluate(Transports::INTERNAL), NEW, LIMIT);

        assert_eq!(make.exclude, [Listed { id: vec![1], transports: 0x03 }]);
        assert_eq!(get.allow, [Listed { id: vec![1, 2], transports: 0x10 }]);
    }

    #[test]
    fn an_old_library_is_asked_only_what_it_knows() {
        let request = create(AuthenticatorKind::SecurityKey);

        let ask = |version| MakeAsk::of(&request, ApiVersion(version), LIMIT);

        let fields = |a: MakeAsk| (a.options_version, a.enable_prf, a.input.is_some(), a.hint);
        assert_eq!(fields(ask(4)), (5, false, false, None));
        assert_eq!(fields(ask(5)), (5, false, false, None));
        assert_eq!(fields(ask(6)), (6, true, false, None));
        assert_eq!(fields(ask(7)), (6, true, false, None));
        assert_eq!(fields(ask(8)), (8, true, true, Some("security-key")));
        assert_eq!(fields(ask(9)), (8, true, true, Some("security-key")));
    }

    #[test]
    fn each_kind_opens_its_own_page_of_the_dialog() {
        let page = |kind| {
            let ask = MakeAsk::of(&create(kind), NEW, LIMIT);
            (ask.attachment, ask.hint)
        };

        assert_eq!(page(AuthenticatorKind::Platform), (1, Some("client-device")));
        assert_eq!(page(AuthenticatorKind::SecurityKey), (2, Some("security-key")));
        assert_eq!(page(AuthenticatorKind::Phone), (2, Some("hybrid")));
    }

    #[test]
    fn names_are_never_empty() {
        let ask = MakeAsk::of(&create(AuthenticatorKind::Platform), NEW, LIMIT);

        assert_eq!(ask.user_name, "Coffer");
        assert_eq!(ask.relying_party_name, "Coffer");
        assert_eq!(ask.display_name, "Coffer chat backups");
        assert_eq!(ask.user_id, [3; 32]);
    }

    #[test]
    fn windows_is_told_how_long_we_wait() {
        let make = MakeAsk::of(&create(AuthenticatorKind::Phone), NEW, 2 * LIMIT);
        let get = GetAsk::of(&evaluate(Transports::USB), NEW, LIMIT);

        assert_eq!(make.timeout_ms, 120_000);
        assert_eq!(get.timeout_ms, 60_000);
    }

    #[test]
    fn client_data_names_what_is_done_and_for_whom() {
        let get = GetAsk::of(&evaluate(Transports::USB), NEW, LIMIT);
        let make = MakeAsk::of(&create(AuthenticatorKind::Platform), NEW, LIMIT);

        let expected =
            r#"{"type":"webauthn.get","challenge":"","origin":"https://coffer.invalid","crossOrigin":false}"#;
        assert_eq!(get.client_data, expected);
        assert!(make.client_data.starts_with(r#"{"type":"webauthn.create","#), "{}", make.client_data);
        assert_eq!(get.relying_party_id, "coffer.invalid");
        assert_eq!(make.relying_party_id, "coffer.invalid");
    }

    #[test]
    fn transports_become_windows_own_bits() {
        let bits = |ours| windows_transports(ours, NEW);

        assert_eq!(bits(Transports::USB.with(Transports::NFC)), 0x03);
        assert_eq!(bits(Transports::INTERNAL), 0x10);
        assert_eq!(bits(Transports::INTERNAL.with(Transports::HYBRID)), 0x30);
        assert_eq!(bits(Transports::default()), 0);
    }

    #[test]
    fn a_transport_windows_does_not_know_lifts_the_restriction() {
        let other = Transports(16).with(Transports::USB);

        assert_eq!(windows_transports(other, NEW), 0);
        assert_eq!(windows_transports(Transports::HYBRID, OLD), 0);
    }

    #[test]
    fn only_a_passkey_that_may_be_on_a_phone_gets_the_time_for_one() {
        assert!(!GetAsk::may_use_a_phone(&evaluate(Transports::USB)));
        assert!(GetAsk::may_use_a_phone(&evaluate(Transports::HYBRID.with(Transports::INTERNAL))));
        assert!(GetAsk::may_use_a_phone(&evaluate(Transports::default())));
    }
}
