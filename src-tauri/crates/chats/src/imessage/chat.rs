//! One chat while it is read.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::entry::Entry;
use super::index::{Chat, Index};
use super::message;
use crate::model::{App, Conversation, ConversationId, ConversationKind, Message, MessageId, Participant};
use crate::tables::Row;

/// The key of the person.
pub(super) const ME: &str = "me";

/// The chat that is being read.
pub(super) struct Current<'a> {
    pub(super) conversation: Conversation,
    pub(super) index: &'a Index,
    /// The chat's own id; in a chat of two, the other's number or address.
    pub(super) key: Rc<str>,
    seen: BTreeMap<String, Participant>,
    ids: HashMap<MessageId, u32>,
    ordinal: u64,
}

impl<'a> Current<'a> {
    pub(super) fn begin(chat: &Chat, index: &'a Index) -> Self {
        let kind = if chat.is_group { ConversationKind::Group } else { ConversationKind::Direct };
        let members = || chat.members.iter().map(|member| member.to_string()).collect::<Vec<_>>().join(", ");
        let title = match &chat.name {
            Some(name) => name.clone(),
            None if chat.is_group => members(),
            None => chat.key.to_string(),
        };
        let mut current = Self {
            conversation: Conversation {
                id: ConversationId::derive(App::IMessage, "", &chat.key),
                app: App::IMessage,
                native_id: Some(chat.key.to_string()),
                kind,
                title,
                raw: raw_of(chat),
                ..Conversation::default()
            },
            index,
            key: chat.key.clone(),
            seen: BTreeMap::new(),
            ids: HashMap::new(),
            ordinal: 0,
        };
        if !chat.is_group {
            current.meet(&chat.key);
        }
        chat.members.iter().for_each(|member| current.meet(member));
        current.conversation.participants = current.seen.values().cloned().collect();
        current
    }

    fn meet(&mut self, key: &str) {
        if !self.seen.contains_key(key) {
            self.seen.insert(key.to_owned(), participant(key));
        }
    }

    pub(super) fn is_direct(&self) -> bool {
        self.conversation.kind == ConversationKind::Direct
    }

    /// The message of an entry, complete.
    pub(super) fn message(&mut self, entry: &Entry) -> Message {
        let mut message = message::read(entry, self);
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        let people = message.sender.iter().chain(
            message.reactions.iter().flat_map(|reaction| reaction.people.iter().map(|person| &person.key)),
        );
        for key in people.cloned().collect::<Vec<_>>() {
            self.meet(&key);
        }
        let native = message.native_id.get_or_insert_default();
        let met = self.ids.entry(MessageId::derive(self.conversation.id, native)).or_insert(0);
        *met += 1;
        if *met > 1 {
            *native = format!("{native}#{met}");
        }
        message.id = MessageId::derive(self.conversation.id, native);
        message
    }

    /// The conversation, now that everyone is known.
    pub(super) fn end(mut self) -> Conversation {
        if self.seen.contains_key(ME) || self.is_direct() {
            self.meet(ME);
        }
        self.conversation.participants = self.seen.into_values().collect();
        self.conversation
    }
}

/// The database has no names, only numbers and addresses.
fn participant(key: &str) -> Participant {
    let is_phone = key.starts_with('+') && key.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    Participant {
        key: key.to_owned(),
        name: if key == ME { String::new() } else { key.to_owned() },
        is_me: key == ME,
        phone: is_phone.then(|| key.to_owned()),
        ..Participant::default()
    }
}

fn raw_of(chat: &Chat) -> Vec<u8> {
    if chat.rows.is_empty() {
        return Vec::new();
    }
    let rows: Vec<Value> = chat.rows.iter().map(Row::json).collect();
    serde_json::json!({ "chat": rows }).to_string().into_bytes()
}
