//! Allow and exclude lists as the library wants them: pointers to pointers.

use super::{count, length, start};
use crate::platform_windows::ask::Listed;
use windows::Win32::Networking::WindowsWebServices as api;

/// The memory behind one `WEBAUTHN_CREDENTIAL_LIST`.
pub(super) struct CredentialList {
    entries: Vec<api::WEBAUTHN_CREDENTIAL_EX>,
    pointers: Vec<*mut api::WEBAUTHN_CREDENTIAL_EX>,
}

impl CredentialList {
    /// Points into `listed`, which has to live as long as the list is used.
    pub(super) fn of(listed: &[Listed]) -> Self {
        Self { entries: listed.iter().map(entry).collect(), pointers: Vec::new() }
    }

    /// The structure itself. Its pointers are good as long as `self` is neither moved nor dropped.
    pub(super) fn filled(&mut self) -> api::WEBAUTHN_CREDENTIAL_LIST {
        self.pointers = self.entries.iter_mut().map(std::ptr::from_mut).collect();
        api::WEBAUTHN_CREDENTIAL_LIST {
            cCredentials: count(&self.pointers),
            ppCredentials: self.pointers.as_mut_ptr(),
        }
    }
}

fn entry(listed: &Listed) -> api::WEBAUTHN_CREDENTIAL_EX {
    api::WEBAUTHN_CREDENTIAL_EX {
        dwVersion: api::WEBAUTHN_CREDENTIAL_EX_CURRENT_VERSION,
        cbId: length(&listed.id),
        pbId: start(&listed.id),
        pwszCredentialType: api::WEBAUTHN_CREDENTIAL_TYPE_PUBLIC_KEY,
        dwTransports: listed.transports,
    }
}
