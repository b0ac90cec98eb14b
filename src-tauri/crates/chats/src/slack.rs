//! Slack's export of a workspace: lists of people and channels, and a file for each channel and day.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use serde_json::{Map, Value};

use crate::error::ChatError;
use crate::files::{Files, Tree};
use crate::model::{
    App, AttachmentState, Conversation, ConversationId, ConversationKind, Direction, Message, MessageId,
    MessageKind, Participant,
};
use crate::source::{Cancel, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason};
use crate::telegram::stream::{Stop, Walk};

mod entry;
mod names;
mod text;

use names::{Book, Channel, Places, places};

/// Names of the files with messages, when the tree is an export.
pub(crate) fn recognise(tree: &Tree) -> Option<Vec<String>> {
    let Places { root, days } = places(&tree.names)?;
    let lists = ["users.json", "channels.json", "groups.json", "mpims.json", "dms.json"];
    let lists = lists.iter().map(|list| format!("{root}{list}")).filter(|list| tree.names.contains(list));
    Some(lists.chain(days.into_values().flatten()).collect())
}

/// Reads an export into the sink.
pub(crate) fn read(
    tree: &Tree,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let Some(Places { root, days }) = places(&tree.names) else { return Ok(()) };
    let mut files = tree.files()?;
    let book = Book::read(&mut files, &root)?;
    let uploads = uploads(&tree.names, &root);
    let total = u64::try_from(days.len()).unwrap_or(u64::MAX);
    let mut run = Run { files, book: &book, uploads, options, sink, cancel, report };
    for ((folder, days), index) in days.iter().zip(0_u32..) {
        let is_wanted = options.chats.as_ref().is_none_or(|chats| chats.contains(&index));
        if is_wanted && !run.report.is_cancelled {
            run.sink.progress(u64::from(index), total);
            run.channel(folder, days)?;
        }
    }
    Ok(())
}

/// Files some tools download beside the messages: `__uploads/F123/name`, `general/attachments/F123-name`.
fn uploads(names: &[String], root: &str) -> BTreeMap<String, String> {
    let id_of = |name: &str| {
        let name = name.strip_prefix(root)?;
        if let Some(below) = name.strip_prefix("__uploads/") {
            return Some(below.split_once('/')?.0.to_owned());
        }
        Some(name.split_once("/attachments/")?.1.split_once('-')?.0.to_owned())
    };
    names.iter().filter_map(|name| Some((id_of(name)?, name.clone()))).collect()
}

struct Run<'a> {
    files: Files,
    book: &'a Book,
    uploads: BTreeMap<String, String>,
    options: &'a ReadOptions,
    sink: &'a mut dyn Sink,
    cancel: &'a Cancel,
    report: &'a mut ReadReport,
}

impl Run<'_> {
    fn channel(&mut self, folder: &str, days: &[String]) -> Result<(), ChatError> {
        let mut chat = Chat::begin(self.book.channel_of(folder), self.book, self.options.me.as_deref());
        self.report.conversations += 1;
        self.sink.conversation(&chat.conversation)?;
        for day in days {
            if self.cancel.is_cancelled() {
                self.report.is_cancelled = true;
            }
            if self.report.is_cancelled {
                break;
            }
            self.day(day, &mut chat)?;
        }
        self.sink.conversation_end(&chat.end())
    }

    fn day(&mut self, name: &str, chat: &mut Chat<'_>) -> Result<(), ChatError> {
        let Some(mut spans) = self.files.spans(name, self.options.workroom.as_ref())? else { return Ok(()) };
        let mut walk = Walk::new(spans.reader());
        match self.elements(&mut walk, name, chat) {
            Ok(()) => {}
            Err(Stop::CutOff) => self.skip(SkipReason::CutOff, name),
            Err(Stop::Damaged) => self.skip(SkipReason::UnreadableEntry, name),
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(())
    }

    fn elements(&mut self, walk: &mut Walk<impl Read>, name: &str, chat: &mut Chat<'_>) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        let mut number = 0_u64;
        walk.expect(b'[')?;
        while walk.has_next(number == 0, b']')? {
            bytes.clear();
            walk.value(Some(&mut bytes))?;
            self.element(&bytes, &format!("{name}: [{number}]"), chat)?;
            number += 1;
        }
        Ok(())
    }

    fn element(&mut self, bytes: &[u8], place: &str, chat: &mut Chat<'_>) -> Result<(), ChatError> {
        let parsed = match serde_json::from_slice::<Map<String, Value>>(bytes) {
            Ok(parsed) => parsed,
            Err(_) => {
                self.skip(SkipReason::UnreadableEntry, place);
                return Ok(());
            }
        };
        let mut message = entry::read(&parsed, self.book);
        message.raw = bytes.to_vec();
        chat.complete(&mut message);
        let paths = self.find_media(&mut message);
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(place);
        }
        self.sink.message(message, &mut Media { files: &mut self.files, paths })
    }

    fn find_media(&mut self, message: &mut Message) -> Vec<Option<String>> {
        let mut paths = Vec::new();
        for attachment in &mut message.attachments {
            let path = attachment.path.as_ref().and_then(|id| self.uploads.get(id)).cloned();
            let found = path.and_then(|path| Some((self.files.size(&path)?, path)));
            if let Some((size, path)) = &found {
                attachment.state = AttachmentState::Present;
                attachment.size = Some(*size);
                attachment.path = Some(path.clone());
            }
            match attachment.state {
                AttachmentState::Present => self.report.media_found += 1,
                AttachmentState::Omitted => self.report.media_omitted += 1,
                AttachmentState::Missing
                | AttachmentState::TooLarge
                | AttachmentState::RemoteOnly
                | AttachmentState::Corrupt => self.report.media_missing += 1,
            }
            paths.push(found.map(|(_, path)| path));
        }
        paths
    }

    fn skip(&mut self, reason: SkipReason, place: &str) {
        self.report.skipped.entry(reason).or_default().add(place);
        self.sink.skipped(reason, place);
    }
}

/// The channel at hand.
struct Chat<'a> {
    conversation: Conversation,
    book: &'a Book,
    me: Option<&'a str>,
    people: BTreeMap<String, Participant>,
    ordinal: u64,
    ids: HashSet<MessageId>,
}

impl<'a> Chat<'a> {
    fn begin(channel: Channel, book: &'a Book, me: Option<&'a str>) -> Self {
        let is_other = |id: &&String| !book.participant(id, me).is_me;
        let others: Vec<String> = channel.members.iter().filter(is_other).map(|id| book.name(id)).collect();
        let is_direct = channel.kind == ConversationKind::Direct && !others.is_empty();
        let title = if is_direct { others.join(", ") } else { channel.name };
        let mut chat = Self {
            conversation: Conversation {
                id: ConversationId::derive(App::Slack, "", &channel.id),
                app: App::Slack,
                native_id: Some(channel.id),
                kind: channel.kind,
                title,
                ..Conversation::default()
            },
            book,
            me,
            people: BTreeMap::new(),
            ordinal: 0,
            ids: HashSet::new(),
        };
        for member in &channel.members {
            chat.meet(member, "");
        }
        chat
    }

    fn meet(&mut self, id: &str, name: &str) -> bool {
        let mut person = self.book.participant(id, self.me);
        if person.name.is_empty() {
            name.clone_into(&mut person.name);
        }
        self.people.entry(id.to_owned()).or_insert(person).is_me
    }

    fn complete(&mut self, message: &mut Message) {
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        if let Some(sender) = message.sender.clone() {
            let is_me = self.meet(&sender, &program_name(&message.raw));
            message.direction = match (self.me, is_me) {
                (Some(_), true) => Direction::Out,
                (Some(_), false) => Direction::In,
                (None, _) => Direction::None,
            };
        }
        if matches!(message.kind, MessageKind::System(_)) {
            message.direction = Direction::None;
            message.sender = None;
        }
        if let Some(reply) = &mut message.reply_to {
            let id = |native: &String| MessageId::derive(self.conversation.id, native);
            reply.message = reply.native_id.as_ref().map(id);
        }
        let native = message.native_id.clone().unwrap_or_default();
        message.id = MessageId::derive(self.conversation.id, &native);
        for copy in 2_u32.. {
            if self.ids.insert(message.id) {
                break;
            }
            message.id = MessageId::derive(self.conversation.id, &format!("{native}#{copy}"));
        }
    }

    fn end(mut self) -> Conversation {
        self.conversation.participants = std::mem::take(&mut self.people).into_values().collect();
        self.conversation
    }
}

/// Programs are in no list of people; their messages say their names.
fn program_name(raw: &[u8]) -> String {
    let parsed = serde_json::from_slice::<Map<String, Value>>(raw).unwrap_or_default();
    let in_profile = || names::text(parsed.get("bot_profile")?.as_object()?, "name");
    names::text(&parsed, "username").or_else(in_profile).unwrap_or_default()
}

/// Files of the message at hand.
struct Media<'a> {
    files: &'a mut Files,
    paths: Vec<Option<String>>,
}

impl MediaOpener for Media<'_> {
    fn open(&mut self, index: usize) -> Result<Option<Box<dyn Read + '_>>, ChatError> {
        match self.paths.get(index) {
            Some(Some(name)) => self.files.open(name),
            _ => Ok(None),
        }
    }
}
