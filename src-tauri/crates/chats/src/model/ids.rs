//! Ids: fixed bytes, shown as lower-case hex.

use std::fmt;
use std::sync::OnceLock;

use blake3::hazmat::{ContextKey, HasherExt};
use minicbor::Decoder;
use serde_json::Value;

use crate::model::App;
use crate::record::{Field, RecordError, length_of, malformed, put_head};

macro_rules! id {
    ($( $(#[$meta:meta])* pub struct $name:ident([u8; $length:literal]); )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Lower-case hex.
            pub fn to_hex(self) -> String {
                crate::record::hex(&self.0)
            }
            /// Reads what [`Self::to_hex`] wrote.
            pub fn from_hex(text: &str) -> Option<Self> {
                crate::record::from_hex(text).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.to_hex())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.to_hex())
            }
        }

        impl Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                put_head(out, 2, length_of(&self.0));
                out.extend_from_slice(&self.0);
            }
            fn take(decoder: &mut Decoder<'_>) -> Result<Self, RecordError> {
                let bytes = decoder.bytes().map_err(|_| malformed(decoder))?;
                bytes.try_into().map(Self).map_err(|_| malformed(decoder))
            }
            fn json(&self) -> Value {
                Value::from(self.to_hex())
            }
        }
    )* };
}

id! {
    /// A conversation.
    pub struct ConversationId([u8; 16]);
    /// A message inside its conversation.
    pub struct MessageId([u8; 16]);
    /// BLAKE3 of a file's content.
    pub struct BlobHash([u8; 32]);
}

impl ConversationId {
    /// The id of a conversation known by its app, account and the source's own id (or its title, for text exports).
    pub fn derive(app: App, account: &str, native: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("coffer chats 2026 conversation id");
        for part in [app.word(), account, native] {
            hasher.update(&length_of(part.as_bytes()).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Self(first_16(&hasher.finalize()))
    }
}

/// A hasher of a purpose; its key is derived once, because a short input would cost less than that.
pub(super) fn hasher(key: &'static OnceLock<ContextKey>, purpose: &str) -> blake3::Hasher {
    let key = key.get_or_init(|| blake3::hazmat::hash_derive_key_context(purpose));
    blake3::Hasher::new_from_context_key(key)
}

impl MessageId {
    /// The id of a message the source has an id for.
    pub fn derive(conversation: ConversationId, native_id: &str) -> Self {
        static KEY: OnceLock<ContextKey> = OnceLock::new();
        let mut hasher = hasher(&KEY, "coffer chats 2026 message id native");
        hasher.update(&conversation.0);
        hasher.update(native_id.as_bytes());
        Self(first_16(&hasher.finalize()))
    }

    /// The id of the `occurrence`th (from 0) entry with this fingerprint, where the source has no ids.
    pub fn from_fingerprint(fingerprint: &[u8; 16], occurrence: u32) -> Self {
        static KEY: OnceLock<ContextKey> = OnceLock::new();
        let mut hasher = hasher(&KEY, "coffer chats 2026 message id counted");
        hasher.update(fingerprint);
        hasher.update(&occurrence.to_be_bytes());
        Self(first_16(&hasher.finalize()))
    }
}

pub(super) fn first_16(hash: &blake3::Hash) -> [u8; 16] {
    let mut out = [0_u8; 16];
    for (to, from) in out.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    out
}
