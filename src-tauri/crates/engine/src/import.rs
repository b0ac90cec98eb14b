//! Chats from the apps' own files into the library.

use crate::Engine;
use crate::error::Error;
use crate::view::{ImportPreview, ImportRequest};
use std::path::Path;

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    pub fn preview_import(
        &self,
        path: &Path,
        date_order: Option<&str>,
        zone: Option<&str>,
    ) -> Result<ImportPreview, Error> {
        Err(Error::Locked)
    }
    pub fn start_import(&self, request: ImportRequest) -> Result<u64, Error> {
        Err(Error::Locked)
    }
}
