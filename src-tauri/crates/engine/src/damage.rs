//! What damage means to a person, as facts: not which file, but twelve photos in Family.

use crate::backup::base::read_manifest;
use crate::backup::manifest::{EntryName, Manifest};
use crate::view::{self, Loss, LossKind};
use coffer_archive::{ArchiveError, Entry, SnapshotReader, What};
use coffer_chats::model::{Attachment, AttachmentKind, BlobHash, ConversationId};
use coffer_chats::record::Record;
use std::collections::{BTreeMap, BTreeSet};

/// Facts one damaged file gets at most: a pack can hold pieces of thousands of chats.
const LOSSES: usize = 50;

/// What is lost, by chat and kind of thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost(BTreeMap<(String, LossKind, String), u64>);

/// Where a media file is used.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    title: String,
    kind: LossKind,
}

impl Lost {
    /// Nothing is.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Messages of a chat; `None` when nobody knows how many.
    pub(crate) fn messages(&mut self, title: &str, count: Option<u64>) {
        match count {
            Some(0) => {}
            Some(count) => self.add(title, LossKind::Message, "", count),
            None => self.add(title, LossKind::SomeMessages, "", 1),
        }
    }

    /// A media file, by where it is used.
    pub(crate) fn media(&mut self, used: Option<&Use>) {
        match used {
            Some(used) => self.add(&used.title, used.kind, "", 1),
            None => self.add("", LossKind::File, "", 1),
        }
    }

    /// Things that belong to no chat, with a name where they have one.
    pub(crate) fn other(&mut self, kind: LossKind, name: &str, count: u64) {
        self.add("", kind, name, count);
    }

    /// The facts, by chat.
    pub(crate) fn losses(&self) -> Vec<Loss> {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut losses: Vec<Loss> = self
            .0
            .iter()
            .map(|((chat, what, name), count)| Loss {
                what: *what,
                count: *count,
                chat: named(chat),
                name: named(name),
            })
            .collect();
        if losses.len() > LOSSES {
            let more = u64::try_from(losses.len() - LOSSES).unwrap_or(u64::MAX);
            losses.truncate(LOSSES);
            losses.push(loss(LossKind::More, more, None));
        }
        losses
    }

    fn add(&mut self, title: &str, kind: LossKind, name: &str, count: u64) {
        *self.0.entry((title.to_owned(), kind, name.to_owned())).or_default() += count;
    }
}

/// One loss that belongs to no chat.
pub(crate) fn loss(what: LossKind, count: u64, name: Option<&str>) -> Loss {
    Loss { what, count, chat: None, name: name.map(str::to_owned) }
}

fn kind_of(kind: AttachmentKind) -> LossKind {
    match kind {
        AttachmentKind::Photo => LossKind::Photo,
        AttachmentKind::Video | AttachmentKind::VideoMessage | AttachmentKind::Gif => LossKind::Video,
        AttachmentKind::Voice | AttachmentKind::Audio => LossKind::Voice,
        AttachmentKind::Sticker => LossKind::Sticker,
        AttachmentKind::File | AttachmentKind::Contact => LossKind::File,
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
pub(crate) fn view(file: &str, what: &str, affects: Vec<Loss>) -> view::Damage {
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
                EntryName::Original(hash) => lost.other(LossKind::Original, self.original(&hash), 1),
                EntryName::Library => lost.other(LossKind::Notes, "", 1),
                EntryName::Other => lost.other(LossKind::Newer, "", 1),
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

    fn original(&self, hash: &BlobHash) -> &str {
        let known = self.manifest.originals.iter().find(|original| original.hash == *hash);
        known.map_or("", |original| original.name.as_str())
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
                        .or_insert_with(|| Use { title: title.clone(), kind: kind_of(attachment.kind) });
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
        let photo = Use { title: "Family".to_owned(), kind: LossKind::Photo };
        let mut lost = Lost::default();

        (0..12).for_each(|_| lost.media(Some(&photo)));
        lost.messages("Anna", Some(1));
        lost.messages("Book club", None);
        lost.media(None);

        let losses = lost.losses();
        let facts: Vec<_> = losses.iter().map(|loss| (loss.chat.as_deref(), loss.what, loss.count)).collect();
        assert_eq!(
            facts,
            [
                (None, LossKind::File, 1),
                (Some("Anna"), LossKind::Message, 1),
                (Some("Book club"), LossKind::SomeMessages, 1),
                (Some("Family"), LossKind::Photo, 12)
            ]
        );
    }

    #[test]
    fn a_list_stays_short() {
        let mut lost = Lost::default();

        (0..60).for_each(|n| lost.messages(&format!("chat {n:02}"), Some(2)));

        let losses = lost.losses();
        assert_eq!(losses.len(), LOSSES + 1);
        assert_eq!(losses.last(), Some(&loss(LossKind::More, 10, None)));
    }
}
