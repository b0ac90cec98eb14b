//! Ids of "quick unlock on this Mac": they look like a passkey's, and no authenticator but that Mac's Secure Enclave knows them.

use crate::Credential;

/// In front of the enclave's own token. An id of an authenticator is random or encrypted, so none begins so.
pub(crate) const MARK: &[u8] = b"coffer quick unlock 1\0";

/// True for an id of quick unlock.
pub(crate) fn is_quick_unlock(credential: &Credential) -> bool {
    credential.id.starts_with(MARK)
}
