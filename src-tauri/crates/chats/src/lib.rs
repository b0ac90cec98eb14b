//! Reads people's chats from the apps' own files, exactly, and keeps them in an encrypted library.
//!
//! [`source`] recognises and reads a file into a [`source::Sink`]; [`model`] is what comes out; [`record`] is
//! its canonical bytes; the library keeps it on this machine. Nothing here touches the network.

pub mod error;
mod files;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
pub mod library;
pub mod media;
pub mod model;
pub mod record;
pub mod source;
mod telegram;
mod wall_clock;
mod whatsapp_export;

pub use error::ChatError;
pub use library::{Library, LibraryError};
pub use media::{MediaError, MediaStore};
