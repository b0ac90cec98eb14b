//! Damage in people's words: not which file, but "12 photos in Family".

use crate::backup::base::read_manifest;
use crate::backup::manifest::{EntryName, Manifest};
use crate::view;
use coffer_archive::{ArchiveError, Entry, SnapshotReader, What};
use coffer_chats::model::{Attachment, AttachmentKind, BlobHash, ConversationId};
use coffer_chats::record::Record;
use std::collections::{BTreeMap, BTreeSet};

/// Sentences one damaged file gets at most: a pack can hold pieces of thousands of chats.
const SENTENCES: usize = 50;

/// What is lost, by chat and kind of thing; becomes sentences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost {
    things: BTreeMap<(String, Thing), u64>,
    others: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Thing {
    Message,
    SomeMessages,
    Photo,
    Video,
    Voice,
    Sticker,
    File,
}

/// Where a media file is used.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    title: String,
    thing: Thing,
}

impl Lost {
    /// Nothing is.
    pub(crate) fn is_empty(&self) -> bool {
        self.things.is_empty() && self.others.is_empty()
    }

    /// Messages of a chat; `None` when nobody knows how many.
    pub(crate) fn messages(&mut self, title: &str, count: Option<u64>) {
        match count {
            Some(0) => {}
            Some(count) => *self.things.entry((title.to_owned(), Thing::Message)).or_default() += count,
            None => *self.things.entry((title.to_owned(), Thing::SomeMessages)).or_default() += 1,
        }
    }

    /// A media file, by where it is used.
    pub(crate) fn media(&mut self, used: Option<&Use>) {
        match used {
            Some(used) => *self.things.entry((used.title.clone(), used.thing)).or_default() += 1,
            None => *self.things.entry((String::new(), Thing::File)).or_default() += 1,
        }
    }

    /// Anything else, as a sentence.
    pub(crate) fn other(&mut self, sentence: String) {
        self.others.insert(sentence);
    }

    /// The sentences, by chat.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let things = self.things.iter().map(|((title, thing), count)| thing.sentence(title, *count));
        let mut sentences: Vec<_> = things.chain(self.others.iter().cloned()).collect();
        if sentences.len() > SENTENCES {
            let more = sentences.len() - SENTENCES;
            sentences.truncate(SENTENCES);
            sentences.push(format!("and {more} more"));
        }
        sentences
    }
}

impl Thing {
    fn of(kind: AttachmentKind) -> Self {
        match kind {
            AttachmentKind::Photo => Self::Photo,
            AttachmentKind::Video | AttachmentKind::VideoMessage | AttachmentKind::Gif => Self::Video,
            AttachmentKind::Voice | AttachmentKind::Audio => Self::Voice,
            AttachmentKind::Sticker => Self::Sticker,
            AttachmentKind::File | AttachmentKind::Contact => Self::File,
        }
    }

    fn sentence(self, title: &str, count: u64) -> String {
        let one_or_many = |one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let what = match self {
            Self::Message => one_or_many("message", "messages"),
            Self::SomeMessages => "some messages".to_owned(),
            Self::Photo => one_or_many("photo", "photos"),
            Self::Video => one_or_many("video", "videos"),
            Self::Voice => one_or_many("voice message", "voice messages"),
            Self::Sticker => one_or_many("sticker", "stickers"),
            Self::File => one_or_many("file", "files"),
        };
        if title.is_empty() { what } else { format!("{what} in {title}") }
    }
}

/// The word for the matter with a file: an id of a message.
pub(crate) fn word(what: What) -> &'static str {
    match what {
        What::Missing => "missing",
        What::Partial => "syncing",
        What::Damaged => "damaged",
        What::Foreign => "foreign",
        What::RolledBack => "rolled_back",
        What::Newer => "newer",
        What::Extra => "extra",
    }
}

/// The file and the matter with it, of an error of reading one chunk.
pub(crate) fn blame(error: &ArchiveError) -> (String, &'static str) {
    if let ArchiveError::Damaged { file, what } = error {
        (file.clone(), word(*what))
    } else {
        ("packs".to_owned(), "missing")
    }
}

/// A damaged file of the place, for the window.
pub(crate) fn view(file: &str, what: &str, affects: Vec<String>) -> view::Damage {
    view::Damage { file: file.to_owned(), what: what.to_owned(), affects }
}

/// Titles and notes of one backup, for naming what is lost in it.
pub(crate) struct Names<'a> {
    reader: &'a SnapshotReader,
    manifest: Manifest,
    uses: Option<BTreeMap<BlobHash, Use>>,
}

impl<'a> Names<'a> {
    /// Reads what a backup says about itself, as far as it can be read.
    pub(crate) fn of(reader: &'a SnapshotReader) -> Self {
        Self { reader, manifest: read_manifest(reader).unwrap_or_default(), uses: None }
    }

    /// Notes what cannot be read because these entries are damaged. True when the backup has one of them.
    pub(crate) fn note(&mut self, names: &BTreeSet<Vec<u8>>, lost: &mut Lost) -> BTreeSet<Vec<u8>> {
        let mut found = BTreeSet::new();
        for name in names {
            let Some(entry) = self.reader.entry(name) else { continue };
            match EntryName::parse(name) {
                EntryName::Chat(id) => lost.messages(&title_of(entry), self.messages_lost(id, entry)),
                EntryName::Media(hash) => lost.media(self.use_of(&hash)),
                EntryName::Original(hash) => lost.other(self.original(&hash)),
                EntryName::Library => lost.other("notes that make the next backup quick".to_owned()),
                EntryName::Other => lost.other("something a newer Coffer stored".to_owned()),
            }
            found.insert(name.clone());
        }
        found
    }

    /// Records in one cut of a chat, where noted.
    pub(crate) fn records(&self, chat: ConversationId, at: usize) -> Option<u64> {
        self.manifest.chats.get(&chat).and_then(|log| log.segments.get(at)).map(|segment| segment.records)
    }

    /// Where a media file is used in this backup. Reads the backup's messages once.
    pub(crate) fn use_of(&mut self, hash: &BlobHash) -> Option<&Use> {
        let reader = self.reader;
        self.uses.get_or_insert_with(|| uses_in(reader)).get(hash)
    }

    fn messages_lost(&self, chat: ConversationId, entry: &Entry) -> Option<u64> {
        let lost =
            entry.chunks.iter().enumerate().filter(|(_, chunk)| self.reader.read_chunk(chunk).is_err());
        lost.map(|(at, _)| self.records(chat, at)).sum()
    }

    fn original(&self, hash: &BlobHash) -> String {
        let known = self.manifest.originals.iter().find(|original| original.hash == *hash);
        match known {
            Some(original) => format!("the imported file {}", original.name),
            None => "an imported file".to_owned(),
        }
    }
}

/// The chat's name, from the entry's own note.
pub(crate) fn title_of(entry: &Entry) -> String {
    match Record::decode(&entry.meta) {
        Ok(Record::Conversation(conversation)) => conversation.title,
        Ok(Record::Message(_) | Record::Import(_)) | Err(_) => String::new(),
    }
}

fn uses_in(reader: &SnapshotReader) -> BTreeMap<BlobHash, Use> {
    let mut uses = BTreeMap::new();
    for entry in reader.entries() {
        let EntryName::Chat(_) = EntryName::parse(&entry.name) else { continue };
        let title = title_of(entry);
        for chunk in &entry.chunks {
            // A cut that cannot be read is named by its own damage.
            let Ok(bytes) = reader.read_chunk(chunk) else { continue };
            for_each_attachment(&bytes, |attachment| {
                if let Some(hash) = attachment.blob {
                    uses.entry(hash)
                        .or_insert_with(|| Use { title: title.clone(), thing: Thing::of(attachment.kind) });
                }
            });
        }
    }
    uses
}

/// Calls `each` for every attachment of a cut, as far as its records can be read.
pub(crate) fn for_each_attachment(segment: &[u8], mut each: impl FnMut(&Attachment)) {
    let mut rest = segment;
    while !rest.is_empty() {
        let Ok((record, end)) = Record::decode_first(rest) else { return };
        if let Record::Message(message) = &record {
            message.attachments.iter().for_each(&mut each);
        }
        rest = rest.get(end..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_by_chat_and_kind() {
        let photo = Use { title: "Family".to_owned(), thing: Thing::Photo };
        let mut lost = Lost::default();

        (0..12).for_each(|_| lost.media(Some(&photo)));
        lost.messages("Anna", Some(1));
        lost.messages("Book club", None);
        lost.media(None);

        let sentences = lost.sentences();
        assert_eq!(
            sentences,
            ["1 file", "1 message in Anna", "some messages in Book club", "12 photos in Family"]
        );
    }

    #[test]
    fn a_list_stays_short() {
        let mut lost = Lost::default();

        (0..60).for_each(|n| lost.messages(&format!("chat {n:02}"), Some(2)));

        let sentences = lost.sentences();
        assert_eq!(sentences.len(), SENTENCES + 1);
        assert_eq!(sentences.last().unwrap(), "and 10 more");
    }
}
