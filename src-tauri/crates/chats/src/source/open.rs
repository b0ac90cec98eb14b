//! Finds the reader for a path by its content, previews and reads.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::ChatError;
use crate::files::{Archive, MainFile, file_name, first_bytes};
use crate::sealed_copy;
use crate::source::overview::Overview;
use crate::source::trees::FoundTree;
use crate::source::{Cancel, Preview, ReadOptions, ReadReport, Recognised, Sink, SourceKind};
use crate::{
    imessage, iphone_backup, signal, sms, telegram, whatsapp_android, whatsapp_crypt, whatsapp_export,
    whatsapp_ios,
};

/// How sure a reader is that a database is its own.
type Confidence = fn(&Connection) -> u8;

/// Bytes looked at to recognise a file.
const START: usize = 64 * 1024;

/// Names of the file an export begins with.
const MAIN_FILES: [&str; 2] = ["result.json", "main.jsonl"];

/// Says what a path is, by its content.
///
/// `Ok(None)`: readable, but no reader knows it. Errors: not there, empty, unsafe or cut-off zip.
pub fn recognise(path: &Path) -> Result<Option<Recognised>, ChatError> {
    Ok(find(path)?.ok().map(|found| found.recognised))
}

/// Counts and names of a source, by a full scan; nothing is imported. `progress` gets bytes done and in all.
pub fn preview(
    path: &Path,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<Preview, ChatError> {
    let found = find(path)?.map_err(|start| ChatError::Unknown { start })?;
    let mut all = Overview::new(progress);
    let options = ReadOptions { chats: None, ..options.clone() };
    let report = read_found(&found, &options, &mut all, cancel)?;
    if report.is_cancelled {
        return Err(ChatError::Cancelled);
    }
    Ok(all.preview(&report, found.bytes()?))
}

/// Reads a source into a sink, entry by entry; memory does not grow with the source.
///
/// A source that is cut off or damaged after its first entries is not an error: what is complete is read and
/// [`ReadReport::damage`] says where it ended. Cancelling is not an error either.
pub fn read(
    path: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
) -> Result<ReadReport, ChatError> {
    let found = find(path)?.map_err(|start| ChatError::Unknown { start })?;
    read_found(&found, options, sink, cancel)
}

/// The files a source consists of, for keeping them as they are: the text, zip or JSON itself, without media
/// that lies beside it.
pub fn originals(path: &Path) -> Result<Vec<PathBuf>, ChatError> {
    let found = find(path)?.map_err(|start| ChatError::Unknown { start })?;
    if let [MainFile::Disk(path)] = found.texts.as_slice() {
        match found.recognised.source {
            SourceKind::WhatsAppAndroid => return Ok(sealed_copy::files_of(path)),
            SourceKind::WhatsAppIos => return Ok(whatsapp_ios::originals(path)),
            SourceKind::IphoneBackup => return Ok(iphone_backup::originals(path)),
            SourceKind::IMessage => return Ok(imessage::originals(path)),
            SourceKind::SignalBackup => return Ok(vec![path.clone(), path.with_file_name("metadata")]),
            SourceKind::WhatsAppExport
            | SourceKind::TelegramExport
            | SourceKind::SignalExport
            | SourceKind::SmsBackup
            | SourceKind::MetaExport
            | SourceKind::SlackExport => {}
        }
    }
    if let Some(tree) = &found.tree {
        return Ok(tree.originals());
    }
    let mut files: Vec<PathBuf> = found
        .texts
        .iter()
        .map(|text| match text {
            MainFile::Disk(path) => path.clone(),
            MainFile::Zip { zip, .. } => zip.clone(),
        })
        .collect();
    files.dedup();
    Ok(files)
}

/// A source with its readable files: one per chat for texts, one in all for JSON.
struct Found {
    recognised: Recognised,
    texts: Vec<MainFile>,
    /// Instead of texts, where files of a whole tree belong together.
    tree: Option<FoundTree>,
}

impl Found {
    fn of_texts(recognised: Recognised, texts: Vec<MainFile>) -> Self {
        Self { recognised, texts, tree: None }
    }

    fn of_tree(tree: FoundTree) -> Self {
        Self { recognised: tree.recognised, texts: Vec::new(), tree: Some(tree) }
    }

    fn bytes(&self) -> Result<u64, ChatError> {
        if let (SourceKind::IphoneBackup, [MainFile::Disk(path)]) =
            (self.recognised.source, self.texts.as_slice())
        {
            let sizes = iphone_backup::originals(path).into_iter().filter_map(|file| fs::metadata(file).ok());
            return Ok(sizes.fold(0, |all, about| all.saturating_add(about.len())));
        }
        let mut bytes: u64 = self.tree.as_ref().map_or(0, FoundTree::bytes);
        for text in &self.texts {
            bytes = bytes.saturating_add(text.size_on_disk()?);
        }
        Ok(bytes)
    }
}

/// The source at a path, or what its beginning looks like when no reader knows it.
fn find(path: &Path) -> Result<Result<Found, &'static str>, ChatError> {
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ChatError::NotFound { path: path.to_owned() });
        }
        Err(error) => return Err(ChatError::Io(error)),
    };
    if about.is_dir() {
        return find_in_folder(path);
    }
    if about.len() == 0 {
        return Err(ChatError::Empty);
    }
    let file = MainFile::Disk(path.to_owned());
    let start = file.with(|input| Ok(first_bytes(input, START)?))?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return find_in_zip(path);
    }
    if let Some(found) = find_database(path, &start)? {
        return Ok(found);
    }
    if file_name(path) == "main" && signal::is_main(path) {
        return Ok(Ok(signal_backup(path)));
    }
    Ok(find_in_start(&start).map(|recognised| Found::of_texts(recognised, vec![file])))
}

fn signal_backup(main: &Path) -> Found {
    let recognised = Recognised { source: SourceKind::SignalBackup, confidence: 90 };
    Found::of_texts(recognised, vec![MainFile::Disk(main.to_owned())])
}

/// A database, or an app's encrypted backup of one; `None` when it is neither.
fn find_database(path: &Path, start: &[u8]) -> Result<Option<Result<Found, &'static str>>, ChatError> {
    let found = |source, confidence| {
        let recognised = Recognised { source, confidence };
        Found::of_texts(recognised, vec![MainFile::Disk(path.to_owned())])
    };
    if start.starts_with(b"SQLite format 3\0") {
        if let Some(found) = find_in_backup(path)? {
            return Ok(Some(Ok(found)));
        }
        let database = sealed_copy::peek(path);
        let known = database.iter().find_map(|database| {
            let readers: [(SourceKind, Confidence); 3] = [
                (SourceKind::WhatsAppAndroid, whatsapp_android::confidence),
                (SourceKind::WhatsAppIos, whatsapp_ios::confidence),
                (SourceKind::IMessage, imessage::confidence),
            ];
            let all = readers.into_iter().map(|(source, confidence)| (confidence(database), source));
            all.filter(|(confidence, _)| *confidence > 0).max_by_key(|(confidence, _)| *confidence)
        });
        return Ok(Some(known.map(|(confidence, source)| found(source, confidence)).ok_or("database")));
    }
    if whatsapp_crypt::recognise(path)?.is_none() {
        return Ok(None);
    }
    // Other databases of the app come in the same container; which one it is shows only once it is open.
    let confidence = if whatsapp_android::is_database_name(&file_name(path)) { 95 } else { 60 };
    Ok(Some(Ok(found(SourceKind::WhatsAppAndroid, confidence))))
}

/// An iPhone's backup, by its folder, its list of files, or the folder that holds backups.
fn find_in_backup(path: &Path) -> Result<Option<Found>, ChatError> {
    let Some(root) = iphone_backup::root_of(path) else { return Ok(None) };
    let confidence = iphone_backup::recognise(&root)?;
    Ok(confidence.map(|confidence| {
        let recognised = Recognised { source: SourceKind::IphoneBackup, confidence };
        Found::of_texts(recognised, vec![MainFile::Disk(root)])
    }))
}

fn find_in_start(start: &[u8]) -> Result<Recognised, &'static str> {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if text.starts_with(b"{") || text.starts_with(b"[{") {
        let all = [
            (SourceKind::SignalExport, signal::confidence(text)),
            (SourceKind::TelegramExport, telegram::confidence(text)),
        ];
        let best = all.map(|(source, confidence)| Recognised { source, confidence });
        let best = best.into_iter().filter(|found| found.confidence > 0).max_by_key(|found| found.confidence);
        return best.ok_or("json");
    }
    match sms::confidence(text) {
        0 => {}
        confidence => return Ok(Recognised { source: SourceKind::SmsBackup, confidence }),
    }
    match whatsapp_export::confidence(start) {
        0 if memchr::memchr(0, start).is_some() => Err("binary"),
        0 => Err("text"),
        confidence => Ok(Recognised { source: SourceKind::WhatsAppExport, confidence }),
    }
}

fn find_in_zip(path: &Path) -> Result<Result<Found, &'static str>, ChatError> {
    let names = Archive::open(path)?.names();
    let inside = |name: &String| MainFile::Zip { zip: path.to_owned(), name: name.clone() };
    let json = names
        .iter()
        .filter(|name| name.rsplit('/').next().is_some_and(|name| MAIN_FILES.contains(&name)))
        .min_by_key(|name| name.len());
    if let Some(name) = json
        && let Some(found) = find_in_files(vec![inside(name)])?
    {
        return Ok(Ok(found));
    }
    let texts = whatsapp_export::pick_texts(&names);
    if let Some(found) = find_in_files(texts.iter().map(inside).collect())? {
        return Ok(Ok(found));
    }
    Ok(FoundTree::in_zip(path, names)?.map(Found::of_tree).ok_or("zip"))
}

fn find_in_folder(path: &Path) -> Result<Result<Found, &'static str>, ChatError> {
    if let Some(database) = whatsapp_android::database_in(path)
        .or_else(|| whatsapp_ios::database_in(path))
        .or_else(|| imessage::database_in(path))
    {
        return find(&database);
    }
    if let Some(main) = signal::main_in(path) {
        return Ok(Ok(signal_backup(&main)));
    }
    for json in MAIN_FILES.iter().map(|name| path.join(name)).filter(|path| path.is_file()) {
        if let Some(found) = find_in_files(vec![MainFile::Disk(json)])? {
            return Ok(Ok(found));
        }
    }
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if let (Some(name), true) = (entry.file_name().to_str(), entry.path().is_file()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    let texts = whatsapp_export::pick_texts(&names);
    let texts = texts.into_iter().map(|name| MainFile::Disk(path.join(name))).collect();
    if let Some(found) = find_in_files(texts)? {
        return Ok(Ok(found));
    }
    if let Some(tree) = FoundTree::in_folder(path)? {
        return Ok(Ok(Found::of_tree(tree)));
    }
    // Last, because a folder may hold backups below it beside what was meant.
    Ok(find_in_backup(path)?.ok_or("folder"))
}

/// Those of the files that a reader knows, all of one kind.
fn find_in_files(files: Vec<MainFile>) -> Result<Option<Found>, ChatError> {
    let mut found: Option<Found> = None;
    for file in files {
        let start = file.with(|input| Ok(first_bytes(input, START)?))?;
        let Ok(recognised) = find_in_start(&start) else { continue };
        match &mut found {
            None => found = Some(Found::of_texts(recognised, vec![file])),
            Some(found) if found.recognised.source == recognised.source => found.texts.push(file),
            Some(_) => {}
        }
    }
    Ok(found)
}

fn read_found(
    found: &Found,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cancel: &Cancel,
) -> Result<ReadReport, ChatError> {
    let mut report = ReadReport::new(found.recognised.source);
    if let Some(tree) = &found.tree {
        tree.read(options, sink, cancel, &mut report)?;
        return Ok(report);
    }
    for (index, text) in (0_u32..).zip(&found.texts) {
        match found.recognised.source {
            SourceKind::TelegramExport => telegram::read(text, options, sink, cancel, &mut report)?,
            SourceKind::SignalExport => signal::read(text, options, sink, cancel, &mut report)?,
            SourceKind::SignalBackup => {
                if let MainFile::Disk(path) = text {
                    signal::read_backup(path, options, sink, cancel, &mut report)?;
                }
            }
            SourceKind::SmsBackup => sms::read(text, options, sink, cancel, &mut report)?,
            // Those are trees.
            SourceKind::MetaExport | SourceKind::SlackExport => {}
            SourceKind::WhatsAppAndroid => {
                if let MainFile::Disk(path) = text {
                    whatsapp_android::read(path, options, sink, cancel, &mut report)?;
                }
            }
            SourceKind::WhatsAppIos => {
                if let MainFile::Disk(path) = text {
                    whatsapp_ios::read(path, options, sink, cancel, &mut report)?;
                }
            }
            SourceKind::IMessage => {
                if let MainFile::Disk(path) = text {
                    imessage::read(path, options, sink, cancel, &mut report)?;
                }
            }
            SourceKind::IphoneBackup => {
                if let MainFile::Disk(root) = text {
                    iphone_backup::read(root, options, sink, cancel, &mut report)?;
                }
            }
            SourceKind::WhatsAppExport => {
                let is_wanted = options.chats.as_ref().is_none_or(|chats| chats.contains(&index));
                if is_wanted && !report.is_cancelled {
                    whatsapp_export::read(text, options, sink, cancel, &mut report)?;
                }
            }
        }
    }
    Ok(report)
}
