//! Files of messages: what an export says about them, and how each is named beside it.

use sha2::{Digest, Sha256};

use super::part::Part;
use crate::model::{Attachment, AttachmentKind, AttachmentState};

/// A file a message points to.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointer {
    /// Names the file may have below `files/`, without ending.
    pub(super) names: Vec<String>,
    /// Key of the sealed file: AES, then HMAC.
    pub(super) key: Option<[u8; 64]>,
    pub(super) size: Option<u64>,
    /// SHA-256 of the content.
    pub(super) hash: Option<[u8; 32]>,
    /// It lies on the app's servers, or did.
    is_remote: bool,
}

impl Pointer {
    pub(super) fn of(pointer: Part<'_>) -> Self {
        let Some(locator) = pointer.part("locatorInfo") else { return Self::default() };
        let hash = locator.bytes("plaintextHash");
        let with = |key: Option<Vec<u8>>| Some([hash.clone()?, key?].concat());
        let local = locator.bytes("localKey");
        let is_remote = ["transitCdnKey", "mediaTierCdnNumber", "encryptedDigest"];
        Self {
            // Signal Desktop's name for a local copy, then the name on its servers.
            names: [
                with(local.clone()).map(|bytes| crate::record::hex(&Sha256::digest(bytes))),
                with(locator.bytes("key")).map(|bytes| crate::record::hex(&bytes)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            key: local.and_then(|key| key.try_into().ok()),
            size: locator.number("size"),
            hash: hash.and_then(|hash| hash.try_into().ok()),
            is_remote: is_remote.iter().any(|key| locator.0.contains_key(*key)),
        }
    }

    /// What to say of a file that is not there.
    fn absence(&self) -> AttachmentState {
        // A key of its own says that the app had the file when it made the export.
        if self.key.is_none() && self.is_remote {
            AttachmentState::RemoteOnly
        } else {
            AttachmentState::Missing
        }
    }
}

/// The file as an attachment, taken for absent until it is found.
pub(super) fn attachment(pointer: Part<'_>, kind: Option<AttachmentKind>) -> (Attachment, Pointer) {
    let place = Pointer::of(pointer);
    let mime = pointer.text("contentType");
    let pixels = |key| pointer.number(key).and_then(|pixels| u32::try_from(pixels).ok()).filter(|n| *n > 0);
    let attachment = Attachment {
        kind: kind.unwrap_or_else(|| kind_of(mime.unwrap_or_default())),
        name: pointer.text("fileName").map(str::to_owned),
        state: place.absence(),
        mime: mime.map(str::to_owned),
        size: place.size,
        width: pixels("width"),
        height: pixels("height"),
        ..Attachment::default()
    };
    (attachment, place)
}

fn kind_of(mime: &str) -> AttachmentKind {
    match mime.split('/').next() {
        Some("image") => AttachmentKind::Photo,
        Some("video") => AttachmentKind::Video,
        Some("audio") => AttachmentKind::Audio,
        _ => AttachmentKind::File,
    }
}

/// What a flag of an attachment says about it.
pub(super) fn flagged(flag: Option<&str>) -> Option<AttachmentKind> {
    match flag {
        Some("VOICE_MESSAGE") => Some(AttachmentKind::Voice),
        Some("GIF") => Some(AttachmentKind::Gif),
        _ => None,
    }
}
