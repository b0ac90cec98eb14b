//! One chat while it is read: who is in it, and which ids were given.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::entry::Entry;
use super::index::{Chat, Index};
use super::message;
use super::people::{ME, People};
use crate::model::{App, Conversation, ConversationId, ConversationKind, Message, MessageId, Participant};
use crate::whatsapp_address::kind_of;

/// The chat that is being read.
pub(super) struct Current<'a> {
    pub(super) conversation: Conversation,
    pub(super) people: &'a People,
    pub(super) index: &'a Index,
    pub(super) is_old: bool,
    /// The chat's own address; in a chat of two, the other's.
    pub(super) key: Rc<str>,
    seen: BTreeMap<String, Participant>,
    /// How often an id of the app's was met: it is unique, but nothing makes it so.
    ids: HashMap<[u8; 16], u32>,
    ordinal: u64,
}

impl<'a> Current<'a> {
    pub(super) fn begin(chat: &Chat, people: &'a People, index: &'a Index, is_old: bool) -> Self {
        let kind = kind_of(&chat.key);
        let title = match (&chat.subject, kind) {
            (Some(subject), _) => subject.clone(),
            (None, ConversationKind::Broadcast) if &*chat.key == "status@broadcast" => {
                "Status updates".to_owned()
            }
            (None, _) => people.name(&chat.key),
        };
        let mut current = Self {
            conversation: Conversation {
                // A person's chat is the same one in every backup of every phone: the account stays out of the id.
                id: ConversationId::derive(App::WhatsApp, "", &chat.key),
                app: App::WhatsApp,
                native_id: Some(chat.key.to_string()),
                kind,
                title,
                raw: raw_of(chat),
                ..Conversation::default()
            },
            people,
            index,
            is_old,
            key: chat.key.clone(),
            seen: BTreeMap::new(),
            ids: HashMap::new(),
            ordinal: 0,
        };
        if kind == ConversationKind::Direct {
            current.meet(&chat.key.clone());
        }
        chat.members.iter().for_each(|member| current.meet(member));
        current.conversation.participants = current.seen.values().cloned().collect();
        current
    }

    /// Somebody who is in it.
    pub(super) fn meet(&mut self, key: &str) {
        if !self.seen.contains_key(key) {
            self.seen.insert(key.to_owned(), self.people.participant(key));
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
        self.identify(&mut message);
        message
    }

    fn identify(&mut self, message: &mut Message) {
        let id = message.native_id.get_or_insert_default();
        let met = self.ids.entry(MessageId::derive(self.conversation.id, id).0).or_insert(0);
        *met += 1;
        if *met > 1 {
            *id = format!("{id}#{met}");
        }
        message.id = MessageId::derive(self.conversation.id, id);
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

fn raw_of(chat: &Chat) -> Vec<u8> {
    if chat.rows.is_empty() {
        return Vec::new();
    }
    let rows: Vec<Value> = chat.rows.iter().map(crate::tables::Row::json).collect();
    serde_json::json!({ "chat": rows }).to_string().into_bytes()
}
