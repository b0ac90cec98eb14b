//! What the library answers: read as far as its version says, copied out, and freed with its secrets zeroed.

use super::functions::Functions;
use super::structures::Attestation7;
use crate::platform_windows::answer::{Asserted, Made};
use crate::platform_windows::failure::Refusal;
use crate::prf_output::PrfOutput;
use std::mem::size_of;
use std::ptr;
use windows::Win32::Networking::WindowsWebServices as api;
use windows::core::{BOOL, HRESULT};
use zeroize::Zeroize;

/// The library's answer to a creation; freed with its secrets zeroed.
pub(super) struct Attestation {
    library: &'static Functions,
    given: ptr::NonNull<api::WEBAUTHN_CREDENTIAL_ATTESTATION>,
}

impl Attestation {
    pub(super) fn own(
        library: &'static Functions,
        result: HRESULT,
        given: *mut api::WEBAUTHN_CREDENTIAL_ATTESTATION,
    ) -> Result<Self, Refusal> {
        let given = ptr::NonNull::new(given).filter(|_| result.is_ok());
        given.map(|given| Self { library, given }).ok_or_else(|| refusal(library, result))
    }

    fn fields(&self) -> &api::WEBAUTHN_CREDENTIAL_ATTESTATION {
        // SAFETY: the library gave this pointer, and it is freed only by `drop`. Fields past `dwVersion`'s are not read.
        unsafe { self.given.as_ref() }
    }

    /// The output that version 7 brought.
    fn secret(&self) -> *mut api::WEBAUTHN_HMAC_SECRET_SALT {
        if self.fields().dwVersion < 7 {
            return ptr::null_mut();
        }
        // SAFETY: version 7 says that the library's structure is at least as long as this one.
        unsafe { self.given.cast::<Attestation7>().as_ref() }.hmac_secret
    }

    pub(super) fn read(&self) -> Made {
        let fields = self.fields();
        // `bPrfEnabled` came with version 5, `Extensions` with 2, `dwUsedTransport` with 3 (API 1).
        let is_enabled = fields.dwVersion >= 5 && fields.bPrfEnabled.as_bool();
        Made {
            // SAFETY: start and length are the library's own, of memory that `self` keeps.
            authenticator_data: unsafe { bytes(fields.pbAuthenticatorData, fields.cbAuthenticatorData) }
                .to_vec(),
            used_transport: fields.dwUsedTransport,
            // SAFETY: as above.
            prf_enabled: is_enabled || unsafe { answered_hmac_secret(&fields.Extensions) },
            // SAFETY: as above; null where there is none.
            prf: unsafe { output(self.secret()) },
        }
    }
}

impl Drop for Attestation {
    fn drop(&mut self) {
        let secret = self.secret();
        // SAFETY: the library owns the secret's memory until the next call, and nobody reads it afterwards.
        unsafe {
            zero(secret);
            (self.library.free_made)(self.given.as_ptr());
        }
    }
}

/// The library's answer to a use; freed with its secrets zeroed.
pub(super) struct Assertion {
    library: &'static Functions,
    given: ptr::NonNull<api::WEBAUTHN_ASSERTION>,
}

impl Assertion {
    pub(super) fn own(
        library: &'static Functions,
        result: HRESULT,
        given: *mut api::WEBAUTHN_ASSERTION,
    ) -> Result<Self, Refusal> {
        let given = ptr::NonNull::new(given).filter(|_| result.is_ok());
        given.map(|given| Self { library, given }).ok_or_else(|| refusal(library, result))
    }

    fn fields(&self) -> &api::WEBAUTHN_ASSERTION {
        // SAFETY: the library gave this pointer, and it is freed only by `drop`. Fields past `dwVersion`'s are not read.
        unsafe { self.given.as_ref() }
    }

    /// The output that version 3 brought.
    fn secret(&self) -> *mut api::WEBAUTHN_HMAC_SECRET_SALT {
        let fields = self.fields();
        if fields.dwVersion < api::WEBAUTHN_ASSERTION_VERSION_3 {
            ptr::null_mut()
        } else {
            fields.pHmacSecret
        }
    }

    pub(super) fn read(&self) -> Asserted {
        let fields = self.fields();
        Asserted {
            // SAFETY: start and length are the library's own, of memory that `self` keeps.
            authenticator_data: unsafe { bytes(fields.pbAuthenticatorData, fields.cbAuthenticatorData) }
                .to_vec(),
            // SAFETY: as above.
            credential_id: unsafe { bytes(fields.Credential.pbId, fields.Credential.cbId) }.to_vec(),
            // SAFETY: as above; null where there is none.
            prf: unsafe { output(self.secret()) },
        }
    }
}

impl Drop for Assertion {
    fn drop(&mut self) {
        let secret = self.secret();
        // SAFETY: the library owns the secret's memory until the next call, and nobody reads it afterwards.
        unsafe {
            zero(secret);
            (self.library.free_used)(self.given.as_ptr());
        }
    }
}

/// Why a call gave nothing. A success without an answer is not in webauthn.h, and keeps its code 0.
fn refusal(library: &Functions, result: HRESULT) -> Refusal {
    // SAFETY: takes a number and returns a text that is never freed.
    let name = unsafe { (library.error_name)(result) };
    // SAFETY: as above; null is checked for.
    let name = if name.is_null() { None } else { unsafe { name.to_string() }.ok() };
    Refusal { code: result.0.cast_unsigned(), name: name.unwrap_or_default() }
}

/// # Safety
/// `start` is null, or the start of `length` bytes that live as long as the result is used.
unsafe fn bytes<'a>(start: *const u8, length: u32) -> &'a [u8] {
    let length = usize::try_from(length).unwrap_or(0);
    if start.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(start, length) }
}

/// # Safety
/// `secret` is null, or what the library gave as `pHmacSecret`.
unsafe fn output(secret: *const api::WEBAUTHN_HMAC_SECRET_SALT) -> PrfOutput {
    // SAFETY: the caller's promise, with the library's own length.
    unsafe { secret.as_ref().map_or(PrfOutput::None, |s| PrfOutput::copy_from(bytes(s.pbFirst, s.cbFirst))) }
}

/// # Safety
/// `secret` is null, or what the library gave as `pHmacSecret`, and nobody reads it any more.
unsafe fn zero(secret: *mut api::WEBAUTHN_HMAC_SECRET_SALT) {
    // SAFETY: the caller's promise.
    let Some(secret) = (unsafe { secret.as_ref() }) else { return };
    for (start, length) in [(secret.pbFirst, secret.cbFirst), (secret.pbSecond, secret.cbSecond)] {
        let length = usize::try_from(length).unwrap_or(0);
        if !start.is_null() && length > 0 {
            // SAFETY: the library's own start and length, of memory it lets its caller write to until it is freed.
            unsafe { std::slice::from_raw_parts_mut(start, length) }.zeroize();
        }
    }
}

/// The extension `hmac-secret` of a creation answers with a `BOOL`.
///
/// # Safety
/// `extensions` is the library's own.
unsafe fn answered_hmac_secret(extensions: &api::WEBAUTHN_EXTENSIONS) -> bool {
    let count = usize::try_from(extensions.cExtensions).unwrap_or(0);
    if extensions.pExtensions.is_null() || count == 0 {
        return false;
    }
    // SAFETY: the library's own start and count; a `BOOL` is read only where one of its size is announced.
    unsafe {
        std::slice::from_raw_parts(extensions.pExtensions, count).iter().any(|extension| {
            let is_ours = !extension.pwszExtensionIdentifier.is_null()
                && extension.pwszExtensionIdentifier.as_wide()
                    == api::WEBAUTHN_EXTENSIONS_IDENTIFIER_HMAC_SECRET.as_wide();
            let is_bool = usize::try_from(extension.cbExtension).is_ok_and(|size| size == size_of::<BOOL>());
            is_ours && is_bool && extension.pvExtension.cast::<BOOL>().as_ref().is_some_and(|b| b.as_bool())
        })
    }
}
