//! The sample chats: a separate throw-away library that is never backed up.

use crate::Engine;
use crate::error::Error;
use crate::view::AppView;

#[expect(missing_docs, clippy::missing_errors_doc, reason = "first minutes only")]
impl Engine {
    pub fn open_samples(&self) -> Result<AppView, Error> {
        Err(Error::Locked)
    }
    pub fn close_samples(&self) -> Result<AppView, Error> {
        Err(Error::Locked)
    }
}
