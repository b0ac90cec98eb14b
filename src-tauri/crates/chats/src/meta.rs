//! Messenger and Instagram: the download in JSON (`…/messages/inbox/NAME_ID/message_1.json`) and the end-to-end encrypted export
//! (`NAME_1.json` and `media/`).
//!
//! The files of a chat are walked for the places of their messages, then read message by message, the oldest first.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use crate::error::ChatError;
use crate::files::{Files, Tree, first_bytes};
use crate::model::{
    App, AttachmentState, Conversation, ConversationId, ConversationKind, Direction, Message, MessageId,
    MessageKind, Participant,
};
use crate::source::{Cancel, MediaOpener, ReadOptions, ReadReport, Sink, SkipReason};

mod entry;
mod names;
mod repair;
mod thread;

use names::{Thread, candidates, threads};
use thread::{Flaw, Head, Page, parse};

/// Longest message with all it says.
const MAX_MESSAGE: usize = 16 << 20;
/// Messages between two looks at the switch that stops.
const STEP: u64 = 256;

/// Names of the chats' files in a tree, when it is such a download.
pub(crate) fn recognise(tree: &Tree) -> Result<Option<Vec<String>>, ChatError> {
    let threads = threads(&tree.names);
    let Some(first) = threads.first() else { return Ok(None) };
    if first.is_sealed {
        // Any folder may hold files whose names end in numbers: one of them is looked into.
        let mut files = tree.files()?;
        let is_one = threads.iter().take(8).any(|thread| is_sealed_chat(&mut files, &thread.files));
        if !is_one {
            return Ok(None);
        }
    }
    Ok(Some(threads.into_iter().flat_map(|thread| thread.files).collect()))
}

fn is_sealed_chat(files: &mut Files, names: &[String]) -> bool {
    let start = names.first().and_then(|name| {
        let mut input = files.open(name).ok()??;
        first_bytes(&mut input, 64 << 10).ok()
    });
    let start = start.unwrap_or_default();
    let has = |what: &str| memchr::memmem::find(&start, what.as_bytes()).is_some();
    has("\"participants\"") && (has("\"threadName\"") || has("\"senderName\""))
}

/// Reads a download into the sink.
pub(crate) fn read(
    tree: &Tree,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
    report: &mut ReadReport,
) -> Result<(), ChatError> {
    let all = threads(&tree.names);
    let mut files = tree.files()?;
    let me = own_name(&all, &mut files, options, cancel)?;
    report.own_name.clone_from(&me);
    let is_instagram = tree.place().to_string_lossy().to_lowercase().contains("instagram")
        || tree.names.iter().any(|name| name.starts_with("your_instagram_activity/"));
    let app = if is_instagram { App::Instagram } else { App::Messenger };
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let mut run = Run { files, app, me: options.me.clone().or(me), options, sink, cancel, report };
    let mut shown = 0;
    for (thread, done) in all.iter().zip(0_u64..) {
        if run.report.is_cancelled {
            break;
        }
        run.sink.progress(done, total);
        run.thread(thread, &mut shown)?;
    }
    Ok(())
}

/// The one name that is in every chat, where there are several.
fn own_name(
    all: &[Thread],
    files: &mut Files,
    options: &ReadOptions,
    cancel: &Cancel,
) -> Result<Option<String>, ChatError> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut chats = 0;
    for thread in all {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let (head, _) = thread::read(thread, files, options.workroom.as_ref())?;
        // Notes to oneself and chats others left have one name: they tell nothing, or all.
        chats += usize::from(!head.people.is_empty());
        for name in head.people {
            *counts.entry(name).or_insert(0) += 1;
        }
    }
    let mut everywhere = counts.into_iter().filter(|(_, count)| chats > 1 && *count == chats);
    Ok(everywhere.next().map(|(name, _)| name).filter(|_| everywhere.next().is_none()))
}

struct Run<'a> {
    files: Files,
    app: App,
    me: Option<String>,
    options: &'a ReadOptions,
    sink: &'a mut dyn Sink,
    cancel: &'a Cancel,
    report: &'a mut ReadReport,
}

impl Run<'_> {
    fn thread(&mut self, thread: &Thread, shown: &mut u32) -> Result<(), ChatError> {
        let (head, pages) = thread::read(thread, &mut self.files, self.options.workroom.as_ref())?;
        self.name_flaws(&pages);
        if pages.iter().all(|page| page.places.is_empty()) {
            return Ok(());
        }
        let index = *shown;
        *shown += 1;
        if self.options.chats.as_ref().is_some_and(|chats| !chats.contains(&index)) {
            return Ok(());
        }
        let mut chat = Chat::begin(thread, head, self.app, self.me.as_deref());
        self.report.conversations += 1;
        self.sink.conversation(&chat.conversation)?;
        for page in pages {
            self.page(page, thread, &mut chat)?;
        }
        self.sink.conversation_end(&chat.end())
    }

    /// A file that ends too early is named; what stands before is read.
    fn name_flaws(&mut self, pages: &[Page]) {
        for page in pages {
            let reason = match page.flaw {
                None => continue,
                Some(_) if page.places.is_empty() => SkipReason::UnreadableChat,
                Some(Flaw::CutOff) => SkipReason::CutOff,
                Some(Flaw::Damaged) => SkipReason::UnreadableEntry,
            };
            self.skip(reason, &page.name);
        }
    }

    fn page(&mut self, mut page: Page, thread: &Thread, chat: &mut Chat) -> Result<(), ChatError> {
        for (offset, length, number) in std::mem::take(&mut page.places) {
            if self.report.read.is_multiple_of(STEP) && self.cancel.is_cancelled() {
                self.report.is_cancelled = true;
            }
            if self.report.is_cancelled {
                return Ok(());
            }
            let place = format!("{}: messages[{number}]", page.name);
            let bytes = page.spans.span(offset, length.min(MAX_MESSAGE + 1))?;
            let parsed = Some(&bytes).filter(|bytes| bytes.len() <= MAX_MESSAGE);
            let Some(parsed) = parsed.and_then(|bytes| parse(bytes, thread.is_sealed)) else {
                self.skip(SkipReason::UnreadableEntry, &place);
                continue;
            };
            let mut message = entry::read(&parsed);
            message.raw = bytes;
            chat.complete(&mut message);
            let paths = self.find_media(&mut message, thread);
            self.count(&message, &place);
            self.sink.message(message, &mut Media { files: &mut self.files, paths })?;
        }
        Ok(())
    }

    fn count(&mut self, message: &Message, place: &str) {
        self.report.read += 1;
        self.report.system += u64::from(message.is_system());
        if let MessageKind::Unsupported(word) = &message.kind {
            self.report.unsupported.entry(word.clone()).or_default().add(place);
        }
    }

    fn find_media(&mut self, message: &mut Message, thread: &Thread) -> Vec<Option<String>> {
        let mut paths = Vec::new();
        for attachment in &mut message.attachments {
            let uri = attachment.path.clone().unwrap_or_default();
            let names = candidates(thread, &uri);
            let found = names.into_iter().find_map(|name| Some((self.files.size(&name)?, name)));
            if let Some((size, _)) = &found {
                attachment.state = AttachmentState::Present;
                attachment.size = Some(*size);
            }
            match attachment.state {
                AttachmentState::Present => self.report.media_found += 1,
                AttachmentState::Omitted => self.report.media_omitted += 1,
                AttachmentState::Missing
                | AttachmentState::TooLarge
                | AttachmentState::RemoteOnly
                | AttachmentState::Corrupt => self.report.media_missing += 1,
            }
            paths.push(found.map(|(_, name)| name));
        }
        paths
    }

    fn skip(&mut self, reason: SkipReason, place: &str) {
        self.report.skipped.entry(reason).or_default().add(place);
        self.sink.skipped(reason, place);
    }
}

/// The chat at hand.
struct Chat {
    conversation: Conversation,
    people: BTreeMap<String, Participant>,
    me: Option<String>,
    ordinal: u64,
    ids: HashSet<MessageId>,
}

impl Chat {
    fn begin(thread: &Thread, head: Head, app: App, me: Option<&str>) -> Self {
        let native = native_id(thread, &head);
        let kind = if head.people.len() > 2 { ConversationKind::Group } else { ConversationKind::Direct };
        let other = || head.people.iter().find(|name| me != Some(name.as_str())).cloned();
        // The encrypted export counts its chats in their names.
        let title = match head.title.rsplit_once('_').filter(|_| thread.is_sealed) {
            Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
            _ => head.title.clone(),
        };
        let title = if title.is_empty() { other().unwrap_or_default() } else { title };
        let mut chat = Self {
            conversation: Conversation {
                id: ConversationId::derive(app, "", &native),
                app,
                native_id: Some(native),
                kind,
                title,
                ..Conversation::default()
            },
            people: BTreeMap::new(),
            me: me.map(str::to_owned),
            ordinal: 0,
            ids: HashSet::new(),
        };
        for name in &head.people {
            chat.meet(name);
        }
        chat
    }

    fn meet(&mut self, name: &str) {
        let is_me = self.me.as_deref() == Some(name);
        let person =
            || Participant { key: name.to_owned(), name: name.to_owned(), is_me, ..Participant::default() };
        self.people.entry(name.to_owned()).or_insert_with(person);
    }

    fn complete(&mut self, message: &mut Message) {
        message.ordinal = self.ordinal;
        self.ordinal += 1;
        let sender = message.sender.clone().unwrap_or_default();
        if !sender.is_empty() {
            self.meet(&sender);
            message.direction = match &self.me {
                Some(me) if *me == sender => Direction::Out,
                Some(_) => Direction::In,
                None => Direction::None,
            };
        }
        let sent = message.time.as_ref().map(|time| time.utc_ms).unwrap_or_default();
        if matches!(message.kind, MessageKind::System(_)) {
            message.direction = Direction::None;
            message.sender = None;
        }
        // Neither app gives ids: when and by whom stays when a message is taken back.
        let native = format!("{sent}:{sender}");
        message.id = MessageId::derive(self.conversation.id, &native);
        for copy in 2_u32.. {
            if self.ids.insert(message.id) {
                break;
            }
            message.id = MessageId::derive(self.conversation.id, &format!("{native}#{copy}"));
        }
        message.native_id = Some(native);
    }

    fn end(mut self) -> Conversation {
        self.conversation.participants = std::mem::take(&mut self.people).into_values().collect();
        self.conversation
    }
}

/// `anna_123` stays `123` when Anna takes another name; the encrypted export only has names.
fn native_id(thread: &Thread, head: &Head) -> String {
    let folder = thread.place.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if thread.is_sealed {
        let mut people = head.people.clone();
        people.sort();
        let name = folder.rsplit_once('_').map_or(folder, |(name, _)| name);
        return format!("e2ee:{name}:{}", people.join("\n"));
    }
    folder.rsplit_once('_').map_or(folder, |(_, id)| id).to_owned()
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
