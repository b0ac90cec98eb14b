//! Chats from the apps' own files into the library.

use crate::error::{Error, ErrorCode};
use crate::progress::{Job, JobKind, Phase};
use crate::session::LibraryRoom;
use crate::view::{
    DateGuess, ImportPreview, ImportReport, ImportRequest, JobOutcome, PreviewChat, ReasonCount,
};
use crate::{Engine, faults};
use coffer_chats::ChatError;
use coffer_chats::Workroom;
use coffer_chats::app_key::{AppKey, MAX_KEY_FILE};
use coffer_chats::library::{ImportOptions, ImportOutcome, ImportRun, Join, OriginalRow};
use coffer_chats::model::{Conversation, Message};
use coffer_chats::source::{
    self, Cancel, Counted, DateOrder, MediaOpener, Preview, ReadOptions, ReadReport, Sink, SkipReason, Zone,
};
use coffer_secret::SecretString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use zeroize::Zeroizing;

/// The app's own key for its backup: WhatsApp's 64 digits or key file; never Coffer's.
#[derive(Debug)]
pub enum AppKeyFrom {
    /// Typed or pasted.
    Text(SecretString),
    /// A file the app made.
    File(PathBuf),
}

impl Engine {
    /// Says what a file or folder holds, before anything is imported. Reads it once, to its end.
    ///
    /// # Errors
    /// [`Error::FileMissing`], [`Error::EmptyFile`], [`Error::UnknownFile`], [`Error::TruncatedFile`],
    /// [`Error::UnsafeFile`], [`Error::ZoneUnknown`].
    pub fn preview_import(
        &self,
        path: &Path,
        date_order: Option<&str>,
        zone: Option<&str>,
    ) -> Result<ImportPreview, Error> {
        if source::recognise(path)?.is_none() {
            return Err(Error::UnknownFile);
        }
        let options = ReadOptions {
            zone: self.zone_of(zone),
            me: None,
            date_order: date_order.and_then(DateOrder::from_word),
            chats: None,
            app_key: self.app_key_for(path),
            workroom: Some(self.workroom()),
        };
        let preview = source::preview(path, &options, &mut |_, _| {}, &Cancel::default())?;
        Ok(preview_view(path, preview, &self.ports.zone))
    }

    /// Takes the app's own key for a backup that its app encrypted. It is kept for that path, in memory only, until its import has
    /// ended or a key for another path comes.
    ///
    /// # Errors
    /// [`Error::FileMissing`] and [`Error::WrongAppKey`] for a key file that is not there or is none.
    pub fn give_app_key(&self, path: &Path, key: AppKeyFrom) -> Result<(), Error> {
        let key = match key {
            AppKeyFrom::Text(text) => AppKey::from_text(&text),
            AppKeyFrom::File(file) => {
                let about = std::fs::metadata(&file).map_err(|_| Error::FileMissing)?;
                if !about.is_file() || about.len() > MAX_KEY_FILE {
                    return Err(Error::WrongAppKey);
                }
                let content =
                    std::fs::read(&file).map_err(|error| faults::reading("the key file", &error))?;
                AppKey::from_file(&Zeroizing::new(content))?
            }
        };
        let mut given = self.app_key.lock().unwrap_or_else(PoisonError::into_inner);
        *given = Some((path.to_owned(), Arc::new(key)));
        Ok(())
    }

    fn forget_app_key(&self) {
        *self.app_key.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Imports in the background; the job's outcome is an [`ImportReport`].
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Busy`]; what the source says comes with the job.
    pub fn start_import(&self, request: ImportRequest) -> Result<u64, Error> {
        self.own_library()?;
        self.close_samples()?;
        let engine = self.clone();
        self.jobs.start(JobKind::Import, Phase::Reading, move |job| {
            let imported = engine.import(job, &request);
            engine.forget_app_key();
            imported.map(JobOutcome::Import)
        })
    }

    fn import(&self, job: &Job, request: &ImportRequest) -> Result<ImportReport, Error> {
        let path = Path::new(&request.path);
        let found = source::recognise(path)?.ok_or(Error::UnknownFile)?;
        let open = self.own_library()?;
        let cancel = Cancel::default();
        let options = ImportOptions {
            now: self.ports.clock.now(),
            source: found.source.word().to_owned(),
            tool_version: crate::VERSION.to_owned(),
            join: Join::Auto,
            cancel: cancel.clone(),
        };
        let run = open.library.begin_import(options, Some(&open.media))?;
        let mut sink = JobSink { run, job, cancel: &cancel };
        let read = source::read(path, &self.read_options(request), &mut sink, &cancel);
        let (read, outcome) = match read {
            Ok(report) => {
                job.phase(Phase::People);
                job.phase(Phase::Index);
                (report, sink.run.finish()?)
            }
            // Stopped inside the library: what was committed stays, and its counts are the report.
            Err(ChatError::Cancelled) => {
                let mut report = ReadReport::new(found.source);
                report.is_cancelled = true;
                (report, sink.run.finish()?)
            }
            Err(error) => return Err(error.into()),
        };
        if request.keep_originals && !read.is_cancelled {
            job.phase(Phase::Media);
            self.keep_originals(path, found.source.word(), &open)?;
        }
        Ok(report_view(&read, &outcome))
    }

    fn keep_originals(&self, path: &Path, source: &str, open: &LibraryRoom) -> Result<(), Error> {
        for file in source::originals(path)? {
            let mut content = File::open(&file).map_err(|error| faults::reading("the source", &error))?;
            let stored = open.media.put(&mut content)?;
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            open.library.add_original(&OriginalRow {
                hash: stored.hash,
                name,
                size: stored.size,
                imported: self.ports.clock.now(),
                source: source.to_owned(),
            })?;
        }
        Ok(())
    }

    fn read_options(&self, request: &ImportRequest) -> ReadOptions {
        ReadOptions {
            zone: self.zone_of(request.zone.as_deref()),
            me: request.me.clone(),
            date_order: request.date_order.as_deref().and_then(DateOrder::from_word),
            chats: request.chats.clone(),
            app_key: self.app_key_for(Path::new(&request.path)),
            workroom: Some(self.workroom()),
        }
    }

    fn app_key_for(&self, path: &Path) -> Option<Arc<AppKey>> {
        let given = self.app_key.lock().unwrap_or_else(PoisonError::into_inner);
        given.as_ref().filter(|(of, _)| of == path).map(|(_, key)| Arc::clone(key))
    }

    /// Where sealed copies of databases lie while they are read.
    pub(crate) fn workroom(&self) -> Workroom {
        Workroom::new(&self.home.copies_folder(), Arc::clone(&self.ports.entropy))
    }

    fn zone_of(&self, named: Option<&str>) -> Zone {
        match named {
            Some(zone) => Zone::Known(zone.to_owned()),
            None => Zone::Assumed(self.ports.zone.clone()),
        }
    }
}

/// Passes everything on to the library, and how far it is to the job.
struct JobSink<'a> {
    run: ImportRun<'a>,
    job: &'a Job,
    cancel: &'a Cancel,
}

impl JobSink<'_> {
    fn hear_cancel(&self) {
        if self.job.is_cancelled() {
            self.cancel.cancel();
        }
    }
}

impl Sink for JobSink<'_> {
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        self.hear_cancel();
        self.run.conversation(conversation)
    }

    fn message(&mut self, message: Message, media: &mut dyn MediaOpener) -> Result<(), ChatError> {
        self.hear_cancel();
        self.run.message(message, media)
    }

    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        self.run.conversation_end(conversation)
    }

    fn skipped(&mut self, reason: SkipReason, place: &str) {
        self.run.skipped(reason, place);
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.hear_cancel();
        self.job.progress(done, total);
    }
}

fn preview_view(path: &Path, preview: Preview, zone: &str) -> ImportPreview {
    ImportPreview {
        path: path.to_string_lossy().into_owned(),
        source: preview.source.word().to_owned(),
        chats: preview
            .chats
            .into_iter()
            .map(|chat| PreviewChat {
                index: chat.index,
                title: chat.title,
                messages: chat.messages,
                first: chat.first,
                last: chat.last,
            })
            .collect(),
        asks_me: preview.asks_me,
        people: preview.people,
        me_guess: preview.me_guess,
        dates: preview.dates.map(|guess| DateGuess {
            order: guess.order.word().to_owned(),
            is_undecided: guess.is_undecided,
            sample: guess.sample,
            readings: guess
                .readings
                .into_iter()
                .map(|(order, time)| (order.word().to_owned(), time))
                .collect(),
        }),
        media_found: preview.media_found,
        media_missing: preview.media_missing,
        bytes: preview.bytes,
        needs_zone: preview.needs_zone,
        zone_guess: zone.to_owned(),
    }
}

fn report_view(read: &ReadReport, outcome: &ImportOutcome) -> ImportReport {
    ImportReport {
        source: read.source.word().to_owned(),
        chats: u64::try_from(outcome.conversations.len()).unwrap_or(u64::MAX),
        read: outcome.added + outcome.updated + outcome.present + lost_of(read),
        added: outcome.added,
        updated: outcome.updated,
        present: outcome.present,
        system: outcome.system,
        skipped: skipped_of(read),
        media_found: outcome.media_found,
        media_missing: outcome.media_missing,
        media_omitted: outcome.media_omitted,
        undecided: undecided_of(read, outcome),
        notes: read.notes.iter().map(|note| note.word().to_owned()).collect(),
        is_cancelled: read.is_cancelled,
        chat_ids: outcome.conversations.iter().map(|id| id.to_hex()).collect(),
    }
}

/// What was not kept, and what was kept but not as it stands in the source.
fn skipped_of(read: &ReadReport) -> Vec<ReasonCount> {
    let mut skipped: Vec<_> =
        read.skipped.iter().map(|(reason, counted)| reason_view(skip_word(*reason), counted)).collect();
    let unsupported: u64 = read.unsupported.values().map(|counted| counted.count).sum();
    if unsupported > 0 {
        let examples = read
            .unsupported
            .iter()
            .flat_map(|(kind, counted)| counted.examples.first().map(|place| format!("{kind}, {place}")));
        let examples = examples.take(5).collect();
        skipped.push(ReasonCount { reason: "unsupported_kind".to_owned(), count: unsupported, examples });
    }
    if read.bad_text.count > 0 {
        skipped.push(reason_view(ErrorCode::BadText.as_str(), &read.bad_text));
    }
    if let Some(damage) = read.damage {
        let reason = if damage.is_cut_off { "cut_off" } else { "damaged_source" };
        if !skipped.iter().any(|present| present.reason == reason) {
            let examples = vec![format!("byte {}", damage.at)];
            skipped.push(ReasonCount { reason: reason.to_owned(), count: 1, examples });
        }
    }
    skipped
}

/// Entries of the source that are in no record.
fn lost_of(read: &ReadReport) -> u64 {
    let lost = read.skipped.iter().filter(|(reason, _)| **reason != SkipReason::ImpossibleDate);
    lost.map(|(_, counted)| counted.count).sum()
}

fn skip_word(reason: SkipReason) -> &'static str {
    if reason == SkipReason::ImpossibleDate { "bad_date" } else { reason.word() }
}

/// What a default answered: the person may want to answer otherwise.
fn undecided_of(read: &ReadReport, outcome: &ImportOutcome) -> Vec<String> {
    let mut words: Vec<_> = read.undecided.iter().map(|question| question.word().to_owned()).collect();
    if !outcome.undecided.is_empty() {
        words.push("overlap".to_owned());
    }
    words
}

fn reason_view(reason: &str, counted: &Counted) -> ReasonCount {
    ReasonCount { reason: reason.to_owned(), count: counted.count, examples: counted.examples.clone() }
}
