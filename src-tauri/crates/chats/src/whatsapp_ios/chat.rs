//! One chat while it is read: who is in it, and which ids were given.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::calls::Calls;
use super::entry::Entry;
use super::index::Chat;
use super::message::{self, time};
use super::people::{People, push_name};
use crate::model::{
    App, Conversation, ConversationId, ConversationKind, Message, MessageId, MessageKind, Participant,
};
use crate::source::SkipReason;
use crate::tables::Row;
use crate::whatsapp_address::{ME, kind_of};

/// What became of an entry.
pub(super) enum Given {
    Message(Box<Message>),
    Not(SkipReason),
}

/// The chat that is being read.
pub(super) struct Current<'a> {
    pub(super) conversation: Conversation,
    pub(super) people: &'a People,
    pub(super) calls: &'a Calls,
    /// The chat's own address; in a chat of two, the other's.
    pub(super) key: Rc<str>,
    seen: BTreeMap<String, Participant>,
    /// How often an id was met, and the fingerprint of the message that had it first.
    ids: HashMap<MessageId, (u32, [u8; 16])>,
    ordinal: u64,
}

impl<'a> Current<'a> {
    pub(super) fn begin(chat: &Chat, people: &'a People, calls: &'a Calls) -> Self {
        let kind = kind_of(&chat.key);
        let title = match &chat.subject {
            // The name of a person is the one known best, wherever it was found.
            _ if kind == ConversationKind::Direct => people.name(&chat.key),
            Some(subject) => subject.clone(),
            None if &*chat.key == "status@broadcast" => "Status updates".to_owned(),
            None => people.name(&chat.key.replace("@status", crate::whatsapp_address::PHONE)),
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
            calls,
            key: chat.key.clone(),
            seen: BTreeMap::new(),
            ids: HashMap::new(),
            ordinal: 0,
        };
        if kind == ConversationKind::Direct {
            current.meet(&chat.key.clone(), None);
        }
        chat.members.iter().for_each(|member| current.meet(member, None));
        current.conversation.participants = current.seen.values().cloned().collect();
        current
    }

    /// Somebody who is in it.
    fn meet(&mut self, key: &str, row: Option<&Row>) {
        if let Some(known) = self.seen.get_mut(key) {
            // A name only one message says is better than the number.
            if (known.name.is_empty() || Some(&known.name) == known.phone.as_ref())
                && let Some(row) = row
            {
                *known = self.people.participant(key, push_name(row));
            }
            return;
        }
        self.seen.insert(key.to_owned(), self.people.participant(key, row.and_then(push_name)));
    }

    pub(super) fn is_direct(&self) -> bool {
        self.conversation.kind == ConversationKind::Direct
    }

    /// The message of an entry, complete.
    pub(super) fn message(&mut self, entry: &Entry) -> Given {
        if entry.is_bookkeeping() {
            return Given::Not(SkipReason::Placeholder);
        }
        let message = message::read(entry, self);
        let sender = message.sender.clone().filter(|key| key != ME);
        let given = self.place(message, entry.main.text("zstanzaid").is_some());
        if let (Some(sender), Given::Message(_)) = (sender, &given) {
            self.meet(&sender, Some(&entry.main));
        }
        given
    }

    /// A call no message stands for.
    pub(super) fn call(&mut self, number: i64) -> Given {
        let logged = usize::try_from(number).ok().and_then(|number| self.calls.get(number));
        let Some(logged) = logged else { return Given::Not(SkipReason::UnreadableEntry) };
        let message = Message {
            native_id: logged
                .row
                .text("zcallidstring")
                .or_else(|| Some(format!("call_history:{}", logged.time))),
            sender: if logged.is_mine {
                Some(ME.to_owned())
            } else {
                logged.caller.as_ref().map(|caller| caller.to_string())
            },
            time: time(Some(logged.time)),
            kind: MessageKind::Call(logged.call()),
            raw: logged.raw().to_string().into_bytes(),
            ..Message::default()
        };
        self.place(message, true)
    }

    /// Gives a message its id and its place. An equal one with the app's own id that came before is the same message: histories that
    /// come from another device stand beside the rows that were there.
    fn place(&mut self, mut message: Message, has_own_id: bool) -> Given {
        let print = message.fingerprint();
        let native = message.native_id.get_or_insert_default();
        let met = self.ids.entry(MessageId::derive(self.conversation.id, native)).or_insert((0, print));
        met.0 += 1;
        if met.0 > 1 {
            if has_own_id && met.1 == print {
                return Given::Not(SkipReason::Repeated);
            }
            *native = format!("{native}#{}", met.0);
        }
        message.id = MessageId::derive(self.conversation.id, native);
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        let people = message.sender.iter().chain(
            message.reactions.iter().flat_map(|reaction| reaction.people.iter().map(|person| &person.key)),
        );
        for key in people.cloned().collect::<Vec<_>>() {
            self.meet(&key, None);
        }
        Given::Message(Box::new(message))
    }

    /// The conversation, now that everyone is known.
    pub(super) fn end(mut self) -> Conversation {
        if self.seen.contains_key(ME) || self.is_direct() {
            self.meet(ME, None);
        }
        self.conversation.participants = self.seen.into_values().collect();
        self.conversation
    }
}

fn raw_of(chat: &Chat) -> Vec<u8> {
    if chat.rows.is_empty() {
        return Vec::new();
    }
    let rows: Vec<Value> = chat.rows.iter().map(Row::json).collect();
    serde_json::json!({ "chat": rows }).to_string().into_bytes()
}
