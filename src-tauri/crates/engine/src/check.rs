//! Proving that backups can be restored, and naming in people's words what cannot.

use crate::Engine;
use crate::error::Error;

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    pub fn start_check(&self, every_byte: bool) -> Result<u64, Error> {
        Err(Error::Locked)
    }
}
