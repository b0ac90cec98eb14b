//! Structures newer than the `windows` crate's, and the options of a creation with all they point to.

use super::lists::CredentialList;
use super::{length, or_null, salt, start, wide};
use crate::platform_windows::StopId;
use crate::platform_windows::ask::{FLAGS, MakeAsk};
use std::mem::{offset_of, size_of};
use std::ptr;
use windows::Win32::Networking::WindowsWebServices as api;
use windows::core::{BOOL, GUID, HSTRING, PCWSTR};

/// `WEBAUTHN_AUTHENTICATOR_MAKE_CREDENTIAL_OPTIONS`, version 8 (webauthn.h of API 8); the crate's ends with version 7.
#[repr(C)]
pub(super) struct MakeOptions8 {
    pub(super) until_7: api::WEBAUTHN_AUTHENTICATOR_MAKE_CREDENTIAL_OPTIONS,
    /// `pPRFGlobalEval`
    pub(super) prf_eval: *mut api::WEBAUTHN_HMAC_SECRET_SALT,
    /// `cCredentialHints`
    pub(super) hint_count: u32,
    /// `ppwszCredentialHints`
    pub(super) hints: *mut PCWSTR,
    /// `bThirdPartyPayment`
    pub(super) third_party_payment: BOOL,
}

/// `WEBAUTHN_CREDENTIAL_ATTESTATION`, version 7; the crate's ends with version 6.
#[repr(C)]
pub(super) struct Attestation7 {
    until_6: api::WEBAUTHN_CREDENTIAL_ATTESTATION,
    /// `pHmacSecret`
    pub(super) hmac_secret: *mut api::WEBAUTHN_HMAC_SECRET_SALT,
    /// `bThirdPartyPayment`
    third_party_payment: BOOL,
}

// Where webauthn.h puts the new fields with 8-byte pointers, counted by hand from the header.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(offset_of!(MakeOptions8, prf_eval) == 128);
    assert!(offset_of!(MakeOptions8, hints) == 144);
    assert!(size_of::<MakeOptions8>() == 160);
    assert!(offset_of!(Attestation7, hmac_secret) == 144);
    assert!(size_of::<Attestation7>() == 160);
};

/// The texts of a creation, which its first two structures point to.
pub(super) struct Names {
    relying_party_id: HSTRING,
    relying_party_name: HSTRING,
    user_name: HSTRING,
    display_name: HSTRING,
}

impl Names {
    pub(super) fn of(ask: &MakeAsk) -> Self {
        Self {
            relying_party_id: HSTRING::from(ask.relying_party_id),
            relying_party_name: HSTRING::from(ask.relying_party_name),
            user_name: HSTRING::from(&ask.user_name),
            display_name: HSTRING::from(&ask.display_name),
        }
    }

    /// Points into `self`.
    pub(super) fn relying_party(&self) -> api::WEBAUTHN_RP_ENTITY_INFORMATION {
        api::WEBAUTHN_RP_ENTITY_INFORMATION {
            dwVersion: api::WEBAUTHN_RP_ENTITY_INFORMATION_CURRENT_VERSION,
            pwszId: wide(&self.relying_party_id),
            pwszName: wide(&self.relying_party_name),
            pwszIcon: PCWSTR::null(),
        }
    }

    /// Points into `self` and `ask`.
    pub(super) fn user(&self, ask: &MakeAsk) -> api::WEBAUTHN_USER_ENTITY_INFORMATION {
        api::WEBAUTHN_USER_ENTITY_INFORMATION {
            dwVersion: api::WEBAUTHN_USER_ENTITY_INFORMATION_CURRENT_VERSION,
            cbId: length(&ask.user_id),
            pbId: start(&ask.user_id),
            pwszName: wide(&self.user_name),
            pwszIcon: PCWSTR::null(),
            pwszDisplayName: wide(&self.display_name),
        }
    }
}

/// Everything the options of one creation point to.
pub(super) struct Creation<'a> {
    ask: &'a MakeAsk,
    stop: Option<GUID>,
    exclude: CredentialList,
    exclude_list: api::WEBAUTHN_CREDENTIAL_LIST,
    wants_hmac_secret: BOOL,
    extension: api::WEBAUTHN_EXTENSION,
    salt: Option<api::WEBAUTHN_HMAC_SECRET_SALT>,
    hint: Option<HSTRING>,
    hint_pointer: PCWSTR,
    options: MakeOptions8,
}

impl<'a> Creation<'a> {
    pub(super) fn of(ask: &'a MakeAsk, stop: Option<StopId>) -> Self {
        Self {
            ask,
            stop: stop.map(|id| GUID::from_u128(id.0)),
            exclude: CredentialList::of(&ask.exclude),
            exclude_list: Default::default(),
            wants_hmac_secret: true.into(),
            extension: Default::default(),
            salt: ask.input.as_ref().map(salt),
            hint: ask.hint.map(HSTRING::from),
            hint_pointer: PCWSTR::null(),
            options: MakeOptions8 {
                until_7: Default::default(),
                prf_eval: ptr::null_mut(),
                hint_count: 0,
                hints: ptr::null_mut(),
                third_party_payment: false.into(),
            },
        }
    }

    /// The options. Their pointers are good as long as `self` is neither moved nor dropped.
    pub(super) fn filled(&mut self) -> &MakeOptions8 {
        self.exclude_list = self.exclude.filled();
        self.extension = api::WEBAUTHN_EXTENSION {
            pwszExtensionIdentifier: api::WEBAUTHN_EXTENSIONS_IDENTIFIER_HMAC_SECRET,
            cbExtension: u32::try_from(size_of::<BOOL>()).expect("a BOOL has four bytes"),
            pvExtension: ptr::from_mut(&mut self.wants_hmac_secret).cast(),
        };
        self.options.until_7 = api::WEBAUTHN_AUTHENTICATOR_MAKE_CREDENTIAL_OPTIONS {
            dwVersion: self.ask.options_version,
            dwTimeoutMilliseconds: self.ask.timeout_ms,
            Extensions: api::WEBAUTHN_EXTENSIONS { cExtensions: 1, pExtensions: &mut self.extension },
            dwAuthenticatorAttachment: self.ask.attachment,
            dwUserVerificationRequirement: api::WEBAUTHN_USER_VERIFICATION_REQUIREMENT_REQUIRED,
            dwAttestationConveyancePreference: api::WEBAUTHN_ATTESTATION_CONVEYANCE_PREFERENCE_NONE,
            dwFlags: FLAGS,
            pCancellationId: or_null(self.stop.as_mut()),
            pExcludeCredentialList: &mut self.exclude_list,
            bPreferResidentKey: true.into(),
            bEnablePrf: self.ask.enable_prf.into(),
            ..Default::default()
        };
        self.options.prf_eval = or_null(self.salt.as_mut());
        if let Some(hint) = &self.hint {
            self.hint_pointer = wide(hint);
            self.options.hint_count = 1;
            self.options.hints = &mut self.hint_pointer;
        }
        &self.options
    }
}
