//! The restore itself: messages first, then their media; what is intact comes back, the rest is named.

use crate::backup::base::read_manifest;
use crate::backup::manifest::EntryName;
use crate::damage::{self, Lost, Names, title_of};
use crate::error::Error;
use crate::progress::{Job, Phase};
use crate::restore::chunks::{Chunks, Segments, is_gone};
use crate::session::LibraryRoom;
use crate::view::{Damage, LossKind, RestoreReport, RestoreRequest};
use coffer_archive::{ArchiveError, Entry, SnapshotReader};
use coffer_chats::Library;
use coffer_chats::library::{LibraryError, MergeOptions, MergeOutcome};
use coffer_chats::media::MediaError;
use coffer_chats::model::{BlobHash, ConversationId};
use coffer_chats::source::Cancel;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What of the backups is wanted.
pub(crate) struct Wanted {
    chats: Option<BTreeSet<ConversationId>>,
    with_media: bool,
    from: Option<i64>,
    to: Option<i64>,
}

/// A restore, dry or real.
pub(crate) struct Restore<'a> {
    room: &'a LibraryRoom,
    readers: &'a [SnapshotReader],
    names: Vec<Names<'a>>,
    /// The chats of each backup, which that backup tells apart.
    apart: Vec<Arc<BTreeSet<ConversationId>>>,
    wanted: Wanted,
    job: Option<&'a Job>,
    cancel: Cancel,
    report: RestoreReport,
    lost: BTreeMap<(String, &'static str), Lost>,
    media: BTreeMap<BlobHash, u64>,
    done: u64,
    total: u64,
}

/// One chat as one backup has it.
struct Source<'a> {
    reader: usize,
    entry: &'a Entry,
}

impl Wanted {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`] for an id that is none.
    pub(crate) fn of(request: &RestoreRequest) -> Result<Self, Error> {
        let RestoreRequest { session: _, backup: _, chats, with_media, from, to } = request;
        let ids = chats.as_ref().map(|ids| ids.iter().map(|id| crate::chats::chat_id(id)).collect());
        Ok(Self { chats: ids.transpose()?, with_media: *with_media, from: *from, to: *to })
    }

    fn is_everything(&self) -> bool {
        self.chats.is_none() && self.from.is_none() && self.to.is_none()
    }

    fn takes(&self, chat: ConversationId) -> bool {
        self.chats.as_ref().is_none_or(|chats| chats.contains(&chat))
    }
}

impl<'a> Restore<'a> {
    /// Prepares a restore of these backups, the one that counts most last.
    pub(crate) fn new(
        room: &'a LibraryRoom,
        readers: &'a [SnapshotReader],
        wanted: Wanted,
        job: Option<&'a Job>,
        missing: Vec<Damage>,
    ) -> Self {
        let report = RestoreReport {
            added: 0,
            present: 0,
            differ: 0,
            chats: 0,
            media: 0,
            bytes: 0,
            missing,
            is_cancelled: false,
        };
        Self {
            room,
            readers,
            names: readers.iter().map(Names::of).collect(),
            apart: readers.iter().map(chats_of).map(Arc::new).collect(),
            wanted,
            job,
            cancel: Cancel::default(),
            report,
            lost: BTreeMap::new(),
            media: BTreeMap::new(),
            done: 0,
            total: 0,
        }
    }

    /// Counts only; nothing is written.
    pub(crate) fn plan(mut self) -> Result<RestoreReport, Error> {
        self.note_lost_lists();
        for (chat, sources) in self.chats()? {
            // What several computers have of one chat is counted in a library of its own, so that nothing counts twice.
            let scratch = if sources.len() > 1 { Some(self.copy_of(chat)?) } else { None };
            let mut outcome = MergeOutcome::default();
            for source in &sources {
                let target = scratch.as_ref().unwrap_or(&self.room.library);
                let taken = self.merge(target, chat, source, scratch.is_none())?;
                outcome.added += taken.added;
                outcome.differ += taken.differ;
                outcome.present = outcome.present.max(taken.present);
                self.note_media(&taken);
            }
            self.count(&outcome);
        }
        for (hash, size) in self.missing_media() {
            match self.media_entry(&hash) {
                Some(_) => {
                    self.report.media += 1;
                    self.report.bytes += size;
                }
                None => self.lose_media(&hash, ("packs".to_owned(), "missing")),
            }
        }
        Ok(self.finished())
    }

    /// Restores; stopping leaves what is done.
    pub(crate) fn run(mut self) -> Result<RestoreReport, Error> {
        self.note_lost_lists();
        let chats = self.chats()?;
        self.phase(Phase::Restoring);
        self.total = chats.values().flatten().map(|source| source.entry.length).sum();
        self.progress(0);
        let mut from_backup = 0;
        for (chat, sources) in chats {
            if self.is_stopped() {
                break;
            }
            let mut outcome = MergeOutcome::default();
            for source in &sources {
                let taken = self.merge(&self.room.library, chat, source, false)?;
                outcome.added += taken.added;
                outcome.differ += taken.differ;
                outcome.present = outcome.present.max(taken.present);
                from_backup += taken.added + taken.differ + taken.present;
                self.note_media(&taken);
            }
            self.count(&outcome);
        }
        self.compare_counts(from_backup);
        if self.wanted.with_media {
            self.restore_media()?;
            if self.wanted.is_everything() {
                self.restore_originals()?;
            }
        }
        self.report.is_cancelled = self.is_stopped();
        Ok(self.finished())
    }

    /// The wanted chats, each with the backups that have it; equal copies once.
    fn chats(&self) -> Result<BTreeMap<ConversationId, Vec<Source<'a>>>, Error> {
        let mut chats: BTreeMap<ConversationId, Vec<Source<'a>>> = BTreeMap::new();
        for (reader, snapshot) in self.readers.iter().enumerate() {
            for entry in snapshot.entries() {
                let EntryName::Chat(id) = EntryName::parse(&entry.name) else { continue };
                if !self.wanted.takes(id) {
                    continue;
                }
                let sources = chats.entry(id).or_default();
                sources.retain(|other| other.entry.chunks != entry.chunks);
                sources.push(Source { reader, entry });
            }
        }
        let is_known = |id: &ConversationId| chats.contains_key(id);
        match self.wanted.chats.as_ref().is_none_or(|wanted| wanted.iter().all(is_known)) {
            true => Ok(chats),
            false => Err(Error::NoSuchChat),
        }
    }

    fn merge(
        &mut self,
        target: &Library,
        chat: ConversationId,
        source: &Source<'a>,
        is_dry_run: bool,
    ) -> Result<MergeOutcome, Error> {
        let options = MergeOptions {
            is_dry_run,
            from: self.wanted.from,
            to: self.wanted.to,
            cancel: self.cancel.clone(),
            apart: Arc::clone(&self.apart[source.reader]),
        };
        let reader = &self.readers[source.reader];
        let mut segments =
            Segments::new(reader, source.entry, self.job, &self.cancel, (self.done, self.total));
        let merged = target.merge(chat, &mut segments, &options);
        let Segments { done, damaged, fatal, .. } = segments;
        self.done = done;
        if let Some(error) = fatal {
            return Err(error.into());
        }
        if !source.entry.is_whole() {
            let blame = self.lost_list(source.reader);
            self.lost.entry(blame).or_default().messages(&title_of(source.entry), None);
        }
        for (at, blame) in damaged {
            let records = self.names[source.reader].records(chat, at);
            self.lost.entry(blame).or_default().messages(&title_of(source.entry), records);
        }
        match merged {
            Ok(outcome) => Ok(outcome),
            // Authentic bytes that are no records: of a newer version, or written wrong. Named, and the rest goes on.
            Err(LibraryError::Record(_)) => {
                let blame = (entry_file(source.entry), "newer");
                self.lost.entry(blame).or_default().messages(&title_of(source.entry), None);
                Ok(MergeOutcome::default())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A library in memory that holds what is here of one chat.
    fn copy_of(&self, chat: ConversationId) -> Result<Library, Error> {
        let copy = Library::open_in_memory()?;
        let library = &self.room.library;
        match library.conversation(chat) {
            Ok(_) => {}
            Err(LibraryError::NoSuchConversation(_)) => return Ok(copy),
            Err(error) => return Err(error.into()),
        }
        let mut failed = None;
        let cuts = library.segments(chat)?;
        let mut bytes = cuts
            .iter()
            .map_while(|cut| library.segment(chat, cut.index).map_err(|error| failed = Some(error)).ok());
        copy.merge(chat, &mut bytes, &MergeOptions::default())?;
        drop(bytes);
        failed.map_or(Ok(copy), |error| Err(error.into()))
    }

    fn note_media(&mut self, outcome: &MergeOutcome) {
        if self.wanted.with_media {
            self.media.extend(outcome.blobs.iter().copied());
        }
    }

    fn count(&mut self, outcome: &MergeOutcome) {
        self.report.added += outcome.added;
        self.report.present += outcome.present;
        self.report.differ += outcome.differ;
        self.report.chats += 1;
    }

    /// A whole backup must give what it says it holds.
    fn compare_counts(&mut self, from_backup: u64) {
        let [reader] = self.readers else { return };
        let said = reader.info().counts.messages;
        let is_whole = self.wanted.is_everything() && self.lost.is_empty() && !self.is_stopped();
        if is_whole && from_backup < said {
            let file = crate::check::snapshot_file(&reader.info().id);
            self.lost.entry((file, "damaged")).or_default().messages("", Some(said - from_backup));
        }
    }

    /// A part of the list of entries that is lost takes chats and files along whose names nobody knows any more.
    fn note_lost_lists(&mut self) {
        for (at, reader) in self.readers.iter().enumerate() {
            let listed = u64::try_from(reader.entries().len()).unwrap_or(u64::MAX);
            let gone = reader.info().entries.saturating_sub(listed);
            if gone > 0 {
                let blame = self.lost_list(at);
                self.lost.entry(blame).or_default().other(LossKind::Unnamed, "", gone);
            }
        }
    }

    /// What to blame for a list of chunks or entries that is not whole.
    fn lost_list(&self, reader: usize) -> (String, &'static str) {
        let damaged = self.readers.get(reader).and_then(|reader| reader.damaged().first());
        damaged.map_or_else(
            || ("packs".to_owned(), "missing"),
            |damage| (damage.file.clone(), damage::word(damage.what)),
        )
    }

    fn missing_media(&self) -> Vec<(BlobHash, u64)> {
        let is_missing = |(hash, _): &(&BlobHash, &u64)| !self.room.media.has(hash);
        self.media.iter().filter(is_missing).map(|(hash, size)| (*hash, *size)).collect()
    }

    fn media_entry(&self, hash: &BlobHash) -> Option<(&'a SnapshotReader, &'a Entry)> {
        let name = EntryName::Media(*hash).bytes();
        self.readers.iter().rev().find_map(|reader| Some((reader, reader.entry(&name)?)))
    }

    fn restore_media(&mut self) -> Result<(), Error> {
        let missing = self.missing_media();
        self.phase(Phase::Media);
        (self.done, self.total) = (0, missing.iter().map(|(_, size)| size).sum());
        self.progress(0);
        for (hash, _) in missing {
            if self.is_stopped() {
                return Ok(());
            }
            let Some((reader, entry)) = self.media_entry(&hash) else {
                self.lose_media(&hash, ("packs".to_owned(), "missing"));
                continue;
            };
            match self.copy_in(reader, entry, &hash)? {
                Copied::Whole => {
                    self.report.media += 1;
                    self.report.bytes += entry.length;
                }
                Copied::Stopped => return Ok(()),
                Copied::Damaged(blame) => self.lose_media(&hash, blame),
            }
        }
        Ok(())
    }

    fn restore_originals(&mut self) -> Result<(), Error> {
        for reader in self.readers {
            let Ok(manifest) = read_manifest(reader) else { continue };
            for original in manifest.originals {
                let Some(entry) = reader.entry(&EntryName::Original(original.hash).bytes()) else { continue };
                let copied = match self.room.media.has(&original.hash) {
                    true => Copied::Whole,
                    false => self.copy_in(reader, entry, &original.hash)?,
                };
                match copied {
                    Copied::Whole => self.room.library.add_original(&original)?,
                    Copied::Stopped => return Ok(()),
                    Copied::Damaged(blame) => {
                        self.lost.entry(blame).or_default().other(LossKind::Original, &original.name, 1);
                    }
                }
            }
        }
        Ok(())
    }

    /// Copies one file into the media store; only what hashes to its name counts.
    fn copy_in(&mut self, reader: &SnapshotReader, entry: &Entry, hash: &BlobHash) -> Result<Copied, Error> {
        let mut content = Chunks::new(reader, entry, self.job);
        let put = self.room.media.put(&mut content);
        let failure = content.take_failure();
        match put {
            Ok(stored) if stored.hash == *hash => {
                self.progress(entry.length);
                Ok(Copied::Whole)
            }
            Ok(_) => Ok(Copied::Damaged((entry_file(entry), "damaged"))),
            Err(MediaError::Source(_)) => match failure {
                None => Ok(Copied::Stopped),
                Some(ArchiveError::Store(error)) if is_gone(&error) => Err(error.into()),
                Some(error) => Ok(Copied::Damaged(damage::blame(&error))),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn lose_media(&mut self, hash: &BlobHash, blame: (String, &'static str)) {
        let used = self.names.iter_mut().rev().find_map(|names| names.use_of(hash).cloned());
        self.lost.entry(blame).or_default().media(used.as_ref());
    }

    fn finished(mut self) -> RestoreReport {
        let lost = self.lost.iter().filter(|(_, lost)| !lost.is_empty());
        let named = lost.map(|((file, what), lost)| damage::view(file, what, lost.losses()));
        self.report.missing.extend(named);
        self.report
    }

    fn is_stopped(&self) -> bool {
        let is_stopped = self.job.is_some_and(Job::is_cancelled);
        if is_stopped {
            self.cancel.cancel();
        }
        is_stopped
    }

    fn phase(&self, phase: Phase) {
        if let Some(job) = self.job {
            job.phase(phase);
        }
    }

    fn progress(&mut self, bytes: u64) {
        self.done += bytes;
        self.total = self.total.max(self.done);
        if let Some(job) = self.job {
            job.progress(self.done, self.total);
        }
    }
}

fn chats_of(reader: &SnapshotReader) -> BTreeSet<ConversationId> {
    let chat = |entry: &Entry| match EntryName::parse(&entry.name) {
        EntryName::Chat(id) => Some(id),
        EntryName::Library | EntryName::Media(_) | EntryName::Original(_) | EntryName::Other => None,
    };
    reader.entries().iter().filter_map(chat).collect()
}

enum Copied {
    Whole,
    Stopped,
    Damaged((String, &'static str)),
}

/// What to call an entry whose bytes are authentic but not what its name says.
fn entry_file(entry: &Entry) -> String {
    String::from_utf8_lossy(&entry.name).chars().take(24).collect()
}
