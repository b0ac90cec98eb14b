//! The library from outside: import, merge, read, search, and what may not happen.

use super::*;
use crate::error::ChatError;
use crate::model::{
    App, Attachment, AttachmentKind, AttachmentState, Conversation, ConversationKind, Message, MessageKind,
    Participant, Precision, SystemEvent, Timestamp,
};
use crate::source::{Cancel, MediaOpener, Sink};
use coffer_secret::testing::SeededEntropy;
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

mod at_rest;
mod databases;
mod importing;
mod merging;
mod reading;
mod samples;
mod under_load;

pub(super) const MINUTE: i64 = 60_000;
/// 2024-05-01 00:00 UTC.
pub(super) const MAY: i64 = 1_714_521_600_000;

pub(super) fn key(byte: u8) -> Secret<32> {
    Secret::take(&mut [byte; 32])
}

/// A folder with a library and a media store in it.
pub(super) struct Home {
    pub(super) folder: tempfile::TempDir,
    pub(super) library: Library,
    pub(super) media: MediaStore,
}

impl Home {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(&folder.path().join("library.db"), &key(7)).unwrap();
        let media =
            MediaStore::open(&folder.path().join("media"), &key(8), Arc::new(SeededEntropy::new(1))).unwrap();
        Self { folder, library, media }
    }

    pub(super) fn reopen(self) -> Self {
        let Self { folder, library, media } = self;
        drop(library);
        let library = Library::open(&folder.path().join("library.db"), &key(7)).unwrap();
        Self { folder, library, media }
    }

    pub(super) fn import(&self, chat: &Chat) -> ImportOutcome {
        self.import_with(chat, ImportOptions { now: MAY, source: "test".into(), ..ImportOptions::default() })
    }

    pub(super) fn import_with(&self, chat: &Chat, options: ImportOptions) -> ImportOutcome {
        let mut run = self.library.begin_import(options, Some(&self.media)).unwrap();
        chat.read(&mut run).unwrap();
        run.finish().unwrap()
    }

    pub(super) fn texts(&self, id: ConversationId) -> Vec<String> {
        self.library.messages(id, 0, 10_000).unwrap().into_iter().map(|stored| stored.message.text).collect()
    }

    pub(super) fn only_chat(&self) -> ConversationRow {
        let mut rows = self.library.conversations().unwrap();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    pub(super) fn log(&self, id: ConversationId) -> Vec<Vec<u8>> {
        let cuts = self.library.segments(id).unwrap();
        cuts.iter().map(|cut| self.library.segment(id, cut.index).unwrap()).collect()
    }

    pub(super) fn json(&self, id: ConversationId) -> String {
        let mut out = Vec::new();
        self.library.export_json(id, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(super) fn find(&self, text: &str) -> Vec<String> {
        let request = SearchRequest { text: text.into(), limit: 50, ..SearchRequest::default() };
        self.library.search(&request).unwrap().hits.into_iter().map(|hit| hit.snippet).collect()
    }
}

/// A chat as a reader would give it.
#[derive(Clone)]
pub(super) struct Chat {
    pub(super) conversation: Conversation,
    pub(super) messages: Vec<Message>,
    pub(super) files: Vec<(String, Vec<u8>)>,
    counts: HashMap<[u8; 16], u32>,
}

impl Chat {
    pub(super) fn text(title: &str) -> Self {
        let id = ConversationId::derive(App::WhatsApp, "", title);
        let conversation = Conversation {
            id,
            title: title.into(),
            kind: ConversationKind::Direct,
            participants: ["Anna", "Ben"].map(person).into(),
            ..Conversation::default()
        };
        Self { conversation, messages: Vec::new(), files: Vec::new(), counts: HashMap::new() }
    }

    pub(super) fn native(native: &str) -> Self {
        let mut chat = Self::text("Native");
        chat.conversation.id = ConversationId::derive(App::Telegram, "", native);
        chat.conversation.app = App::Telegram;
        chat.conversation.native_id = Some(native.into());
        chat
    }

    /// Adds a message at a minute after [`MAY`].
    pub(super) fn say(self, minute: i64, sender: &str, text: &str) -> Self {
        self.put(message(minute, sender, text))
    }

    /// Adds a message, which gets its id and place.
    pub(super) fn put(mut self, mut message: Message) -> Self {
        message.ordinal = u64::try_from(self.messages.len()).unwrap();
        message.id = match &self.conversation.native_id {
            Some(_) => MessageId::derive(self.conversation.id, &message.ordinal.to_string()),
            None => self.counted_id(&message),
        };
        self.messages.push(message);
        self
    }

    /// `count` messages, one a minute, from `first` on.
    pub(super) fn talk(self, first: i64, count: i64) -> Self {
        (first..first + count).fold(self, |chat, minute| {
            let sender = if minute % 3 == 0 { "Anna" } else { "Ben" };
            chat.say(minute, sender, &format!("line {minute} of the talk"))
        })
    }

    fn counted_id(&mut self, message: &Message) -> MessageId {
        let fingerprint = message.fingerprint();
        let count = self.counts.entry(fingerprint).or_default();
        *count += 1;
        MessageId::from_fingerprint(&fingerprint, *count - 1)
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Message)) -> Self {
        change(self.messages.last_mut().unwrap());
        self
    }

    pub(super) fn file(mut self, minute: i64, name: &str, content: &[u8]) -> Self {
        self.files.push((name.into(), content.to_vec()));
        let attachment = Attachment {
            kind: AttachmentKind::Photo,
            name: Some(name.into()),
            state: AttachmentState::Present,
            ..Attachment::default()
        };
        let attachments = vec![attachment];
        self.put(Message { kind: MessageKind::Media, attachments, ..message(minute, "Anna", "") })
    }

    pub(super) fn read(&self, sink: &mut dyn Sink) -> Result<(), ChatError> {
        sink.conversation(&self.conversation)?;
        for message in &self.messages {
            let mut opener = Files { chat: self, message };
            sink.message(message.clone(), &mut opener)?;
        }
        sink.conversation_end(&self.conversation)
    }
}

pub(super) fn person(name: &str) -> Participant {
    Participant { key: name.into(), name: name.into(), is_me: name == "Ben", ..Participant::default() }
}

pub(super) fn message(minute: i64, sender: &str, text: &str) -> Message {
    let utc_ms = MAY + minute * MINUTE;
    Message {
        sender: (!sender.is_empty()).then(|| sender.into()),
        time: Some(Timestamp {
            utc_ms,
            precision: Precision::Min,
            local_ms: Some(utc_ms),
            text: format!("minute {minute}"),
            ..Timestamp::default()
        }),
        text: text.into(),
        raw: format!("{minute} {sender}: {text}").into_bytes(),
        kind: if sender.is_empty() { MessageKind::System(SystemEvent::default()) } else { MessageKind::Text },
        ..Message::default()
    }
}

struct Files<'a> {
    chat: &'a Chat,
    message: &'a Message,
}

impl MediaOpener for Files<'_> {
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        let name = self.message.attachments[index].name.clone().unwrap_or_default();
        let found = self.chat.files.iter().find(|(held, _)| *held == name);
        Ok(found.map(|(_, content)| -> Box<dyn Read> { Box::new(content.as_slice()) }))
    }
}

pub(super) fn merge_all(from: &Home, into: &Library, options: &MergeOptions) -> MergeOutcome {
    let id = from.only_chat().conversation.id;
    into.merge(id, &mut from.log(id).into_iter(), options).unwrap()
}

pub(super) fn cancelled() -> Cancel {
    let cancel = Cancel::default();
    cancel.cancel();
    cancel
}
