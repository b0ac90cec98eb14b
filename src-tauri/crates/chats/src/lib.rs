//! Reads people's chats from the apps' own files, exactly, and keeps them in an encrypted library.
//!
//! [`source`] recognises and reads a file into a [`source::Sink`]; [`model`] is what comes out; [`record`] is
//! its canonical bytes; the library keeps it on this machine. Nothing here touches the network.

pub mod app_key;
mod base64;
pub mod error;
mod files;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
mod imessage;
mod iphone_backup;
pub mod library;
pub mod media;
mod meta;
pub mod model;
mod plist;
mod protobuf;
pub mod record;
mod sealed_copy;
mod signal;
mod slack;
mod sms;
pub mod source;
mod tables;
mod telegram;
mod typedstream;
mod vcard;
mod walk;
mod wall_clock;
mod whatsapp_address;
mod whatsapp_android;
mod whatsapp_crypt;
mod whatsapp_export;
mod whatsapp_ios;
mod whatsapp_notice;

pub use app_key::AppKey;
pub use error::ChatError;
pub use library::{Library, LibraryError};
pub use media::{MediaError, MediaStore};
pub use sealed_copy::Workroom;
