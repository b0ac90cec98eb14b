//! `webauthn.dll` itself: this module holds the only unsafe code of the Windows provider. It fills the library's structures, copies
//! its answers out, zeroes the secrets they leave behind and frees them.

#![expect(unsafe_code, reason = "webauthn.dll is a C interface")]

use super::answer::{Asserted, Made};
use super::ask::{ALGORITHMS, ApiVersion, FLAGS, GetAsk, MakeAsk};
use super::failure::Refusal;
use super::{StopId, WebAuthn};
use std::ptr;
use windows::Win32::Foundation::{E_NOTIMPL, HWND};
use windows::Win32::Networking::WindowsWebServices as api;
use windows::Win32::UI::WindowsAndMessaging::GetForegroundWindow;
use windows::core::{BOOL, GUID, HRESULT, HSTRING, PCWSTR};

mod answers;
mod functions;
mod lists;
mod structures;

use answers::{Assertion, Attestation};
use functions::Functions;
use lists::CredentialList;
use structures::{Creation, Names};

/// The library of this Windows, where it has one.
#[derive(Debug)]
pub(crate) struct Library;

impl WebAuthn for Library {
    fn version(&self) -> ApiVersion {
        // SAFETY: takes nothing and returns a number.
        ApiVersion(Functions::of_this_computer().map_or(0, |library| unsafe { (library.version)() }))
    }

    fn has_hello(&self) -> bool {
        let mut has_hello = BOOL::from(false);
        // SAFETY: the pointer is to a local.
        let asked =
            Functions::of_this_computer().map(|library| unsafe { (library.has_hello)(&mut has_hello) });
        asked.is_some_and(HRESULT::is_ok) && has_hello.as_bool()
    }

    fn new_stop(&self) -> Option<StopId> {
        let mut id = GUID::zeroed();
        // SAFETY: the pointer is to a local.
        let given = unsafe { (Functions::of_this_computer()?.new_stop)(&mut id) };
        given.is_ok().then(|| StopId(id.to_u128()))
    }

    fn stop(&self, id: StopId) {
        let id = GUID::from_u128(id.0);
        if let Some(library) = Functions::of_this_computer() {
            // SAFETY: the pointer is to a local. A refusal means that the ceremony is over or not up yet.
            drop(unsafe { (library.stop)(&id) }.ok());
        }
    }

    fn make(&self, ask: &MakeAsk, parent: Option<usize>, stop: Option<StopId>) -> Result<Made, Refusal> {
        let library = Functions::of_this_computer().ok_or_else(no_library)?;
        let names = Names::of(ask);
        let mut algorithms = ALGORITHMS.map(algorithm);
        let algorithms = api::WEBAUTHN_COSE_CREDENTIAL_PARAMETERS {
            cCredentialParameters: count(&algorithms),
            pCredentialParameters: algorithms.as_mut_ptr(),
        };
        let client_data = client_data(&ask.client_data);
        let mut options = Creation::of(ask, stop);
        let options = options.filled();
        let mut made = ptr::null_mut();
        // SAFETY: every pointer in the structures is to a local that outlives the call, and each length is that of what it is
        // beside. The options are as long as the version in them says, or longer.
        let result = unsafe {
            (library.make)(
                window(parent),
                &names.relying_party(),
                &names.user(ask),
                &algorithms,
                &client_data,
                ptr::from_ref(options).cast(),
                &mut made,
            )
        };
        Attestation::own(library, result, made).map(|attestation| attestation.read())
    }

    fn get(&self, ask: &GetAsk, parent: Option<usize>, stop: Option<StopId>) -> Result<Asserted, Refusal> {
        let library = Functions::of_this_computer().ok_or_else(no_library)?;
        let relying_party_id = HSTRING::from(ask.relying_party_id);
        let client_data = client_data(&ask.client_data);
        let mut listed = CredentialList::of(&ask.allow);
        let mut allow = listed.filled();
        let mut salt = salt(&ask.input);
        let mut salts =
            api::WEBAUTHN_HMAC_SECRET_SALT_VALUES { pGlobalHmacSalt: &mut salt, ..Default::default() };
        let mut stop = stop.map(|id| GUID::from_u128(id.0));
        let options = api::WEBAUTHN_AUTHENTICATOR_GET_ASSERTION_OPTIONS {
            dwVersion: api::WEBAUTHN_AUTHENTICATOR_GET_ASSERTION_OPTIONS_VERSION_6,
            dwTimeoutMilliseconds: ask.timeout_ms,
            dwAuthenticatorAttachment: api::WEBAUTHN_AUTHENTICATOR_ATTACHMENT_ANY,
            dwUserVerificationRequirement: api::WEBAUTHN_USER_VERIFICATION_REQUIREMENT_REQUIRED,
            dwFlags: FLAGS,
            pCancellationId: or_null(stop.as_mut()),
            pAllowCredentialList: &mut allow,
            pHmacSecretSaltValues: &mut salts,
            ..Default::default()
        };
        let mut used = ptr::null_mut();
        // SAFETY: every pointer in the structures is to a local that outlives the call, and each length is that of what it is
        // beside.
        let result = unsafe {
            (library.get)(window(parent), wide(&relying_party_id), &client_data, &options, &mut used)
        };
        Assertion::own(library, result, used).map(|assertion| assertion.read())
    }

    fn forget(&self, id: &[u8]) {
        if let Some(forget) = Functions::of_this_computer().and_then(|library| library.forget) {
            // SAFETY: the slice's own start and length. There is nobody to tell when it cannot be deleted.
            drop(unsafe { forget(length(id), start(id)) }.ok());
        }
    }
}

/// The app's window; without one, the window the person looks at.
fn window(parent: Option<usize>) -> HWND {
    match parent {
        Some(address) => HWND(ptr::with_exposed_provenance_mut(address)),
        // SAFETY: takes nothing and returns a handle, which may be null.
        None => unsafe { GetForegroundWindow() },
    }
}

/// Not reached: without a library the version is 0, and nothing is asked of it.
fn no_library() -> Refusal {
    Refusal { code: E_NOTIMPL.0.cast_unsigned(), name: String::new() }
}

fn client_data(text: &str) -> api::WEBAUTHN_CLIENT_DATA {
    api::WEBAUTHN_CLIENT_DATA {
        dwVersion: api::WEBAUTHN_CLIENT_DATA_CURRENT_VERSION,
        cbClientDataJSON: length(text.as_bytes()),
        pbClientDataJSON: start(text.as_bytes()),
        pwszHashAlgId: api::WEBAUTHN_HASH_ALGORITHM_SHA_256,
    }
}

fn algorithm(algorithm: i32) -> api::WEBAUTHN_COSE_CREDENTIAL_PARAMETER {
    api::WEBAUTHN_COSE_CREDENTIAL_PARAMETER {
        dwVersion: api::WEBAUTHN_COSE_CREDENTIAL_PARAMETER_CURRENT_VERSION,
        pwszCredentialType: api::WEBAUTHN_CREDENTIAL_TYPE_PUBLIC_KEY,
        lAlg: algorithm,
    }
}

fn salt(input: &[u8; 32]) -> api::WEBAUTHN_HMAC_SECRET_SALT {
    api::WEBAUTHN_HMAC_SECRET_SALT { cbFirst: length(input), pbFirst: start(input), ..Default::default() }
}

fn wide(text: &HSTRING) -> PCWSTR {
    PCWSTR(text.as_ptr())
}

/// The library's structures have no const: it reads these and writes none of them.
fn start(bytes: &[u8]) -> *mut u8 {
    bytes.as_ptr().cast_mut()
}

fn length(bytes: &[u8]) -> u32 {
    count(bytes)
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).expect("ids, names and lists are far below 4 GiB")
}

fn or_null<T>(value: Option<&mut T>) -> *mut T {
    value.map_or(ptr::null_mut(), ptr::from_mut)
}
