//! One chat while it is read: who is in it, and what its messages need to know of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::heads::{Account, Head};
use crate::error::ChatError;
use crate::model::{
    App, Conversation, ConversationId, ConversationKind, Direction, Message, MessageId, MessageKind,
    Participant,
};
use crate::source::ReadOptions;
use crate::wall_clock::WallClock;

/// Entries whose fingerprints are remembered to count equal ones, where entries have no ids.
const MAX_FINGERPRINTS: usize = 1 << 16;

/// The chat that is being read.
pub(super) struct Chat<'a> {
    pub(super) conversation: Conversation,
    pub(super) clock: WallClock,
    people: BTreeMap<String, Participant>,
    me: Option<String>,
    account: &'a Account,
    own_key: Option<String>,
    /// In a chat of two, the key of the other.
    other: Option<String>,
    ordinal: u64,
    seen: HashMap<[u8; 16], u32>,
    ids: HashSet<MessageId>,
}

impl<'a> Chat<'a> {
    /// `account` is the person's, as far as the export says it.
    pub(super) fn new(head: &Head, account: &'a Account, options: &ReadOptions) -> Result<Self, ChatError> {
        let own_id = account.id.as_deref();
        let kind = kind_of(&head.kind);
        // Ids count separately for people, small groups, and channels with large groups.
        let class = match kind {
            ConversationKind::Direct | ConversationKind::Saved => "user",
            ConversationKind::Group if head.kind == "private_group" => "chat",
            ConversationKind::Group | ConversationKind::Channel | ConversationKind::Broadcast => "channel",
        };
        let native_id = head.id.as_ref().map(|id| format!("{class}{id}"));
        let name = head.name.trim();
        let title = if name.is_empty() && kind == ConversationKind::Saved { "Saved Messages" } else { name };
        let key = native_id.clone().unwrap_or_else(|| format!("title:{title}"));
        let other =
            (kind == ConversationKind::Direct && class == "user").then(|| native_id.clone()).flatten();
        Ok(Self {
            conversation: Conversation {
                // One chat exported alone and within an account is the same chat: the account stays out of the id.
                id: ConversationId::derive(App::Telegram, "", &key),
                app: App::Telegram,
                account: own_id.unwrap_or_default().to_owned(),
                native_id,
                kind,
                title: title.to_owned(),
                ..Conversation::default()
            },
            clock: WallClock::new(&options.zone)?,
            people: BTreeMap::new(),
            me: options.me.clone(),
            account,
            own_key: own_id.map(|id| format!("user{id}")),
            other,
            ordinal: 0,
            seen: HashMap::new(),
            ids: HashSet::new(),
        })
    }

    /// Fills what only the chat knows: ids, who the sender is, in which direction it went.
    pub(super) fn complete(&mut self, message: &mut Message, parsed: &Map<String, Value>) {
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        let is_service = parsed.get("type").and_then(Value::as_str) == Some("service");
        let name = if is_service { "actor" } else { "from" };
        let name = parsed.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(key) = message.sender.clone() {
            let is_me = self.is_me(&key, name);
            let person = self
                .people
                .entry(key.clone())
                .or_insert_with(|| Participant { key, ..Participant::default() });
            person.is_me |= is_me;
            if person.name.is_empty() {
                person.name = name.to_owned();
            }
            message.direction = if is_me { Direction::Out } else { Direction::In };
        }
        if matches!(message.kind, MessageKind::System(_)) {
            message.direction = Direction::None;
            message.sender = None;
        }
        if let Some(reply) = &mut message.reply_to {
            let target = reply.native_id.as_ref().filter(|_| reply.conversation.is_none());
            reply.message = target.map(|id| MessageId::derive(self.conversation.id, id));
        }
        message.id = self.identify(message);
    }

    fn is_me(&self, key: &str, name: &str) -> bool {
        if let Some(own) = &self.own_key {
            return own == key;
        }
        if let Some(me) = &self.me
            && (me == key || me == name)
        {
            return true;
        }
        match self.conversation.kind {
            ConversationKind::Saved => true,
            // The chat's id is the other's: whoever else writes is the person.
            ConversationKind::Direct => {
                self.other.as_ref().is_some_and(|other| key.starts_with("user") && other != key)
            }
            ConversationKind::Group | ConversationKind::Channel | ConversationKind::Broadcast => false,
        }
    }

    fn identify(&mut self, message: &Message) -> MessageId {
        if let Some(native) = &message.native_id {
            // Nobody but a damaged or made-up file gives an id twice; both entries are kept.
            let mut id = MessageId::derive(self.conversation.id, native);
            for copy in 2_u32.. {
                if self.ids.insert(id) {
                    break;
                }
                id = MessageId::derive(self.conversation.id, &format!("{native}#{copy}"));
            }
            return id;
        }
        let fingerprint = message.fingerprint();
        if self.seen.len() > MAX_FINGERPRINTS {
            self.seen.clear();
        }
        let count = self.seen.entry(fingerprint).or_insert(0);
        let id = MessageId::from_fingerprint(&fingerprint, *count);
        *count += 1;
        id
    }

    /// Everyone who wrote becomes a participant.
    pub(super) fn finish(&mut self) {
        let people = std::mem::take(&mut self.people).into_values();
        let with_phone = |mut person: Participant| {
            let own = self.account.phone.clone().filter(|_| self.own_key.as_ref() == Some(&person.key));
            person.phone = own.or_else(|| self.account.phones.get(&person.key).cloned());
            person
        };
        self.conversation.participants = people.map(with_phone).collect();
    }
}

/// Who is in a chat, by Telegram's word for it; old exports have none.
fn kind_of(word: &str) -> ConversationKind {
    match word {
        "" | "personal_chat" | "bot_chat" | "replies" | "verify_codes" | "verification_codes" => {
            ConversationKind::Direct
        }
        "saved_messages" => ConversationKind::Saved,
        "private_channel" | "public_channel" => ConversationKind::Channel,
        _ => ConversationKind::Group,
    }
}
