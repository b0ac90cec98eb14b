//! One chat while it is read: who is in it, and ids that last from one export to the next.

use std::collections::{BTreeMap, HashSet};

use super::people::{ME, People, Recipient};
use crate::model::{
    App, Conversation, ConversationId, ConversationKind, Direction, Message, MessageId, MessageKind,
    Participant,
};

/// The chat at hand.
pub(super) struct Chat<'a> {
    pub(super) conversation: Conversation,
    pub(super) people: &'a People,
    seen: BTreeMap<String, Participant>,
    ordinal: u64,
    ids: HashSet<MessageId>,
}

impl<'a> Chat<'a> {
    /// `raw` is what the export says about it.
    pub(super) fn begin(recipient: &Recipient, people: &'a People, raw: Vec<u8>) -> Self {
        let title = if recipient.kind == ConversationKind::Saved { "Note to Self" } else { &recipient.name };
        let mut chat = Self {
            conversation: Conversation {
                id: ConversationId::derive(App::Signal, "", &recipient.key),
                app: App::Signal,
                native_id: Some(recipient.key.clone()),
                kind: recipient.kind,
                title: title.to_owned(),
                raw,
                ..Conversation::default()
            },
            people,
            seen: BTreeMap::new(),
            ordinal: 0,
            ids: HashSet::new(),
        };
        if recipient.is_person() {
            chat.meet(recipient);
        }
        for member in recipient.members.iter().filter_map(|member| people.at(member)) {
            chat.meet(member);
        }
        chat
    }

    fn meet(&mut self, recipient: &Recipient) {
        let mut person = recipient.participant();
        if person.is_me {
            person.name = self.people.own_name.clone().unwrap_or_default();
        }
        self.seen.entry(person.key.clone()).or_insert(person);
    }

    /// A person of the chat by the number the export gives them.
    pub(super) fn person(&mut self, id: u64) -> String {
        match self.people.get(id) {
            Some(recipient) => {
                self.meet(recipient);
                recipient.key.clone()
            }
            None => {
                let key = self.people.key(id);
                self.seen
                    .entry(key.clone())
                    .or_insert_with(|| Participant { key: key.clone(), ..Participant::default() });
                key
            }
        }
    }

    /// Our id of the entry an app's id stands for.
    pub(super) fn id_of(&self, native: &str) -> MessageId {
        MessageId::derive(self.conversation.id, native)
    }

    /// Gives an entry its place and its id. A second entry with an id the chat already has gets its own.
    pub(super) fn complete(&mut self, message: &mut Message) {
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        if matches!(message.kind, MessageKind::System(_)) {
            message.direction = Direction::None;
            message.sender = None;
        }
        let native = message.native_id.clone().unwrap_or_default();
        message.id = self.id_of(&native);
        for copy in 2_u32.. {
            if self.ids.insert(message.id) {
                break;
            }
            message.id = self.id_of(&format!("{native}#{copy}"));
        }
    }

    /// The chat with everyone seen in it.
    pub(super) fn end(mut self) -> Conversation {
        let mut people: Vec<Participant> = std::mem::take(&mut self.seen).into_values().collect();
        for person in people.iter_mut().filter(|person| person.key == ME && person.name.is_empty()) {
            person.name = self.people.own_name.clone().unwrap_or_default();
        }
        self.conversation.participants = people;
        self.conversation
    }
}
