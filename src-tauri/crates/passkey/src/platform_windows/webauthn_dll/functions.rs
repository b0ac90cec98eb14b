//! Finds the library's functions when they are first needed: Windows before 10 version 1903 has no such library, and a program that
//! names one in its imports would not even start there.

use std::ffi::c_void;
use std::mem::{size_of, transmute_copy};
use std::sync::OnceLock;
use windows::Win32::Foundation::{HMODULE, HWND};
use windows::Win32::Networking::WindowsWebServices as api;
use windows::Win32::System::LibraryLoader::{GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW};
use windows::core::{BOOL, GUID, HRESULT, PCSTR, PCWSTR, s, w};

/// The functions of webauthn.h that are used, with its types.
pub(super) struct Functions {
    pub(super) version: unsafe extern "system" fn() -> u32,
    pub(super) has_hello: unsafe extern "system" fn(*mut BOOL) -> HRESULT,
    pub(super) make: unsafe extern "system" fn(
        HWND,
        *const api::WEBAUTHN_RP_ENTITY_INFORMATION,
        *const api::WEBAUTHN_USER_ENTITY_INFORMATION,
        *const api::WEBAUTHN_COSE_CREDENTIAL_PARAMETERS,
        *const api::WEBAUTHN_CLIENT_DATA,
        *const c_void,
        *mut *mut api::WEBAUTHN_CREDENTIAL_ATTESTATION,
    ) -> HRESULT,
    pub(super) get: unsafe extern "system" fn(
        HWND,
        PCWSTR,
        *const api::WEBAUTHN_CLIENT_DATA,
        *const api::WEBAUTHN_AUTHENTICATOR_GET_ASSERTION_OPTIONS,
        *mut *mut api::WEBAUTHN_ASSERTION,
    ) -> HRESULT,
    pub(super) free_made: unsafe extern "system" fn(*mut api::WEBAUTHN_CREDENTIAL_ATTESTATION),
    pub(super) free_used: unsafe extern "system" fn(*mut api::WEBAUTHN_ASSERTION),
    pub(super) new_stop: unsafe extern "system" fn(*mut GUID) -> HRESULT,
    pub(super) stop: unsafe extern "system" fn(*const GUID) -> HRESULT,
    pub(super) error_name: unsafe extern "system" fn(HRESULT) -> PCWSTR,
    /// API 4 brought it.
    pub(super) forget: Option<unsafe extern "system" fn(u32, *const u8) -> HRESULT>,
}

impl Functions {
    /// Those of this computer; `None` where the library or one of the first version's functions is missing.
    pub(super) fn of_this_computer() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Functions>> = OnceLock::new();
        FOUND.get_or_init(Self::find).as_ref()
    }

    fn find() -> Option<Self> {
        // SAFETY: the name is a literal, and only the system's own folder is searched. The library stays loaded.
        let library =
            unsafe { LoadLibraryExW(w!("webauthn.dll"), None, LOAD_LIBRARY_SEARCH_SYSTEM32) }.ok()?;
        // SAFETY: each field has the type that webauthn.h gives the function of that name.
        unsafe {
            Some(Self {
                version: function(library, s!("WebAuthNGetApiVersionNumber"))?,
                has_hello: function(library, s!("WebAuthNIsUserVerifyingPlatformAuthenticatorAvailable"))?,
                make: function(library, s!("WebAuthNAuthenticatorMakeCredential"))?,
                get: function(library, s!("WebAuthNAuthenticatorGetAssertion"))?,
                free_made: function(library, s!("WebAuthNFreeCredentialAttestation"))?,
                free_used: function(library, s!("WebAuthNFreeAssertion"))?,
                new_stop: function(library, s!("WebAuthNGetCancellationId"))?,
                stop: function(library, s!("WebAuthNCancelCurrentOperation"))?,
                error_name: function(library, s!("WebAuthNGetErrorName"))?,
                forget: function(library, s!("WebAuthNDeletePlatformCredential")),
            })
        }
    }
}

/// # Safety
/// `F` is the type of the library's function of that name.
unsafe fn function<F: Copy>(library: HMODULE, name: PCSTR) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<usize>()) };
    // SAFETY: the name is a literal that ends with 0.
    let found = unsafe { GetProcAddress(library, name) }?;
    // SAFETY: both are function pointers, and the caller promises the type.
    Some(unsafe { transmute_copy(&found) })
}
