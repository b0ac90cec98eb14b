//! Reading a backup in place: decrypted in memory only, nothing written.

use crate::Engine;
use crate::error::Error;
use crate::view::{ChatRow, MessageRange, SearchPage, SearchQuery};

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    /// `backup` none: the newest of each computer together.
    pub fn look_chats(&self, session: &str, backup: Option<&str>) -> Result<Vec<ChatRow>, Error> {
        Err(Error::NotABackup)
    }
    pub fn look_messages(
        &self,
        session: &str,
        backup: Option<&str>,
        chat: &str,
        offset: u64,
        limit: u32,
    ) -> Result<MessageRange, Error> {
        Err(Error::NotABackup)
    }
    pub fn look_search(
        &self,
        session: &str,
        backup: Option<&str>,
        query: &SearchQuery,
    ) -> Result<SearchPage, Error> {
        Err(Error::NotABackup)
    }
    pub fn look_media(
        &self,
        session: &str,
        backup: Option<&str>,
        hash: &str,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Error> {
        Err(Error::NotABackup)
    }
}
