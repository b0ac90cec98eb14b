//! The Secure Enclave itself, through the Security framework: the unsafe code of quick unlock.
//!
//! The key lies in no keychain: a permanent key wants an entitlement, and with it a provisioning profile, which a build from source
//! does not have. The enclave gives it as a token, encrypted so that only this Mac's enclave can use it.

#![expect(unsafe_code, reason = "the frameworks of macOS are C and Objective-C interfaces")]

use super::failure::Refusal;
use super::quick_unlock::{Enclave, POINT};
use crate::{Cancel, PasskeyError, in_time};
use coffer_secret::Secret;
use objc2::rc::Retained;
use objc2_core_foundation::{
    CFBoolean, CFData, CFDictionary, CFError, CFNumber, CFRetained, CFString, CFType,
};
use objc2_foundation::NSString;
use objc2_local_authentication::{LAContext, LAError, LAPolicy};
use objc2_security::{
    SecAccessControl, SecAccessControlCreateFlags, SecKey, kSecAttrAccessControl,
    kSecAttrAccessibleWhenUnlockedThisDeviceOnly, kSecAttrIsPermanent, kSecAttrKeyClass,
    kSecAttrKeyClassPrivate, kSecAttrKeyClassPublic, kSecAttrKeySizeInBits, kSecAttrKeyType,
    kSecAttrKeyTypeECSECPrimeRandom, kSecAttrTokenID, kSecAttrTokenIDSecureEnclave,
    kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA256, kSecKeyKeyExchangeParameterRequestedSize,
    kSecKeyKeyExchangeParameterSharedInfo, kSecPrivateKeyAttrs, kSecUseAuthenticationContext,
};
use std::ptr::{self, NonNull};
use std::time::Duration;

/// `kSecAttrTokenOID`, under which a key's attributes hold the token. Apple's headers for developers leave the name out; Security's
/// own (SecItemPriv.h) say since macOS 10.12 that it is the enclave's encoded key, and CryptoKit's `dataRepresentation` is the same.
const TOKEN: &str = "toid";

/// What Touch ID's dialog says after "Coffer is trying to".
const REASON: &str = "open your chat backup";

/// The enclave of this Mac.
#[derive(Debug)]
pub(crate) struct SecureEnclave;

impl Enclave for SecureEnclave {
    fn has_touch_id(&self) -> bool {
        // SAFETY: a new context of our own, asked on the thread that made it.
        let asked = unsafe {
            LAContext::new().canEvaluatePolicy_error(LAPolicy::DeviceOwnerAuthenticationWithBiometrics)
        };
        // Locked after too many wrong fingers it is still here, and the use says what is wrong.
        asked.err().is_none_or(|error| error.code() == LAError::BiometryLockout.0)
    }

    fn make_key(&self) -> Result<Vec<u8>, Refusal> {
        let only_these_fingers =
            SecAccessControlCreateFlags::PrivateKeyUsage | SecAccessControlCreateFlags::BiometryCurrentSet;
        let mut error = ptr::null_mut();
        // SAFETY: the constants are Apple's own strings; the error goes to a local, which `refusal` takes over.
        let access = unsafe {
            let protection = kSecAttrAccessibleWhenUnlockedThisDeviceOnly.as_ref();
            SecAccessControl::with_flags(None, protection, only_these_fingers, &mut error)
        };
        let access = access.ok_or_else(|| refusal(error))?;
        // SAFETY: as above; the dictionary holds what SecKeyCreateRandomKey wants under each name.
        let key = unsafe {
            let private = dictionary(&[
                (kSecAttrIsPermanent, CFBoolean::new(false).as_ref()),
                (kSecAttrAccessControl, access.as_ref()),
            ]);
            let size = CFNumber::new_i32(256);
            let wanted = dictionary(&[
                (kSecAttrKeyType, kSecAttrKeyTypeECSECPrimeRandom.as_ref()),
                (kSecAttrKeySizeInBits, size.as_ref()),
                (kSecAttrTokenID, kSecAttrTokenIDSecureEnclave.as_ref()),
                (kSecPrivateKeyAttrs, private.as_ref()),
            ]);
            SecKey::new_random_key(wanted.as_opaque(), &mut error)
        };
        token_of(&*key.ok_or_else(|| refusal(error))?)
    }

    fn holds(&self, token: &[u8]) -> bool {
        // A foreign token is decoded only when the key is needed: its public half needs no finger.
        // SAFETY: the key is a live object of our own.
        open(token, None).is_ok_and(|key| unsafe { key.public_key() }.is_some())
    }

    fn agree(
        &self,
        token: &[u8],
        shared_info: &[u8],
        cancel: &Cancel,
        limit: Duration,
    ) -> Result<Secret<32>, PasskeyError> {
        let dialog = Dialog::new();
        let key = open(token, Some(&dialog))?;
        let point = point()?;
        in_time::run(cancel, limit, || dialog.close(), || exchange(&key, &point, shared_info))
    }
}

/// The dialog of Touch ID.
struct Dialog(Retained<LAContext>);

// SAFETY: the context is used on the thread that made it, and `invalidate`, which exists to end a dialog that blocks that thread, is
// the one call on another.
unsafe impl Sync for Dialog {}

impl Dialog {
    fn new() -> Self {
        // SAFETY: a new context of our own. An empty fallback title takes the password button away: only a finger opens the key.
        let context = unsafe { LAContext::new() };
        unsafe {
            context.setLocalizedReason(&NSString::from_str(REASON));
            context.setLocalizedFallbackTitle(Some(&NSString::from_str("")));
        }
        Self(context)
    }

    fn close(&self) {
        // SAFETY: see `Sync`.
        unsafe { self.0.invalidate() };
    }

    fn as_value(&self) -> &CFType {
        // SAFETY: every object of Objective-C may stand where CoreFoundation wants one of its own, to be retained and released.
        unsafe { &*Retained::as_ptr(&self.0).cast::<CFType>() }
    }
}

/// Finds the key again. The token goes in as an attribute: as the key's data it would make a new key.
fn open(token: &[u8], dialog: Option<&Dialog>) -> Result<CFRetained<SecKey>, Refusal> {
    let token = CFData::from_bytes(token);
    let mut error = ptr::null_mut();
    // SAFETY: the constants are Apple's own strings; the dictionary holds what SecKeyCreateWithData wants under each name; the error
    // goes to a local, which `refusal` takes over.
    let key = unsafe {
        let name = CFString::from_static_str(TOKEN);
        let mut attributes = vec![
            (&*name, token.as_ref()),
            (kSecAttrKeyType, kSecAttrKeyTypeECSECPrimeRandom.as_ref()),
            (kSecAttrKeyClass, kSecAttrKeyClassPrivate.as_ref()),
            (kSecAttrTokenID, kSecAttrTokenIDSecureEnclave.as_ref()),
        ];
        if let Some(dialog) = dialog {
            attributes.push((kSecUseAuthenticationContext, dialog.as_value()));
        }
        SecKey::with_data(&CFData::from_bytes(&[]), dictionary(&attributes).as_opaque(), &mut error)
    };
    key.ok_or_else(|| refusal(error))
}

fn token_of(key: &SecKey) -> Result<Vec<u8>, Refusal> {
    // SAFETY: the key is a live object of our own, and its attributes have strings as names (SecKey.h).
    let attributes = unsafe {
        key.attributes().map(|all| CFRetained::cast_unchecked::<CFDictionary<CFString, CFType>>(all))
    };
    let token = attributes.and_then(|all| all.get(&CFString::from_static_str(TOKEN)));
    let token = token.and_then(|token| token.downcast::<CFData>().ok());
    token.map(|token| token.to_vec()).ok_or_else(|| Refusal { domain: "toid".to_owned(), code: 0 })
}

/// [`POINT`] as a public key.
fn point() -> Result<CFRetained<SecKey>, Refusal> {
    let mut error = ptr::null_mut();
    // SAFETY: as in `open`.
    let key = unsafe {
        let attributes = dictionary(&[
            (kSecAttrKeyType, kSecAttrKeyTypeECSECPrimeRandom.as_ref()),
            (kSecAttrKeyClass, kSecAttrKeyClassPublic.as_ref()),
        ]);
        SecKey::with_data(&CFData::from_bytes(&POINT), attributes.as_opaque(), &mut error)
    };
    key.ok_or_else(|| refusal(error))
}

/// Blocks while Touch ID asks. CoreFoundation's copy of the bytes is freed at once, but cannot be wiped: it is immutable.
fn exchange(key: &SecKey, point: &SecKey, shared_info: &[u8]) -> Result<Secret<32>, PasskeyError> {
    let mut error = ptr::null_mut();
    // SAFETY: as in `open`, with what kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA256 wants (SecKey.h). The bytes are read before
    // they are freed, and nobody else has them.
    unsafe {
        let (size, info) = (CFNumber::new_i32(32), CFData::from_bytes(shared_info));
        let parameters = dictionary(&[
            (kSecKeyKeyExchangeParameterRequestedSize, size.as_ref()),
            (kSecKeyKeyExchangeParameterSharedInfo, info.as_ref()),
        ]);
        let algorithm = kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA256;
        let bytes = key.key_exchange_result(algorithm, point, parameters.as_opaque(), &mut error);
        let bytes = bytes.ok_or_else(|| refusal(error))?;
        Secret::copy_from(bytes.as_bytes_unchecked()).ok_or(PasskeyError::Malformed)
    }
}

fn dictionary(entries: &[(&CFString, &CFType)]) -> CFRetained<CFDictionary<CFString, CFType>> {
    let (names, values): (Vec<_>, Vec<_>) = entries.iter().copied().unzip();
    CFDictionary::from_slices(&names, &values)
}

/// Takes over the error of a call that gave nothing.
fn refusal(error: *mut CFError) -> Refusal {
    let Some(error) = NonNull::new(error) else { return Refusal { domain: String::new(), code: 0 } };
    // SAFETY: the Security framework gives errors to be released by its caller.
    let error = unsafe { CFRetained::from_raw(error) };
    let domain = error.domain().map(|domain| domain.to_string()).unwrap_or_default();
    Refusal { domain, code: i64::try_from(error.code()).unwrap_or(0) }
}
