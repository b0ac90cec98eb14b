//! The sample chats: a separate throw-away library that is never backed up.

use crate::Engine;
use crate::error::Error;
use crate::home::{Home, make_private_folder};
use crate::progress::lock;
use crate::session::LibraryRoom;
use crate::view::AppView;
use coffer_chats::library::ImportOptions;
use coffer_chats::source::{self, Cancel, ReadOptions, Zone};
use coffer_chats::{Library, MediaStore};
use coffer_secret::Secret;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// The zone of the phone that made the sample export.
const ZONE: &str = "Europe/Lisbon";

/// The files, made by `coffer-generate samples`.
const FILES: [(&str, &[u8]); 5] = [
    (WHATSAPP, include_bytes!("../../../samples/WhatsApp Chat - Summer in Porto.zip")),
    (TELEGRAM, include_bytes!("../../../samples/ChatExport_2026-05-20/result.json")),
    (
        "telegram/photos/photo_1@02-11-2025_18-30-05.jpg",
        include_bytes!("../../../samples/ChatExport_2026-05-20/photos/photo_1@02-11-2025_18-30-05.jpg"),
    ),
    (
        "telegram/photos/photo_2@15-02-2026_09-12-40.jpg",
        include_bytes!("../../../samples/ChatExport_2026-05-20/photos/photo_2@15-02-2026_09-12-40.jpg"),
    ),
    (
        "telegram/voice_messages/audio_1@20-12-2025_21-05-33.ogg",
        include_bytes!(
            "../../../samples/ChatExport_2026-05-20/voice_messages/audio_1@20-12-2025_21-05-33.ogg"
        ),
    ),
];
const WHATSAPP: &str = "WhatsApp Chat - Summer in Porto.zip";
const TELEGRAM: &str = "telegram/result.json";

impl Engine {
    /// Shows the sample chats instead of the person's own. Imports and restores still go to the person's own library, and end this.
    ///
    /// # Errors
    /// When the home cannot be written.
    pub fn open_samples(&self) -> Result<AppView, Error> {
        if lock(&self.session).samples.is_none() {
            sweep(&self.home)?;
            let room = self.make_samples()?;
            lock(&self.session).samples = Some(Arc::new(room));
        }
        self.app()
    }

    /// Throws the sample chats away.
    ///
    /// # Errors
    /// When the home cannot be written.
    pub fn close_samples(&self) -> Result<AppView, Error> {
        let samples = lock(&self.session).samples.take();
        if samples.is_some() {
            sweep(&self.home)?;
        }
        self.app()
    }

    fn make_samples(&self) -> Result<LibraryRoom, Error> {
        let folder = self.home.sample_folder();
        let sources = folder.join("sources");
        for (name, bytes) in FILES {
            let path = sources.join(name);
            make_private_folder(path.parent().unwrap_or(&sources))?;
            fs::write(&path, bytes).map_err(|error| Error::from_io("writing the sample chats", &error))?;
        }
        let key = Secret::make(self.ports.entropy.as_ref());
        let media = MediaStore::open(&folder.join("media"), &key, Arc::clone(&self.ports.entropy))?;
        let room = LibraryRoom { library: Library::open_in_memory()?, media: Arc::new(media) };
        for name in [WHATSAPP, TELEGRAM] {
            self.import_sample(&room, &sources.join(name))?;
        }
        remove(&sources)?;
        Ok(room)
    }

    fn import_sample(&self, room: &LibraryRoom, path: &Path) -> Result<(), Error> {
        let found = source::recognise(path)?.ok_or(Error::UnknownFile)?;
        let mut options = ReadOptions { zone: Zone::Known(ZONE.to_owned()), ..ReadOptions::default() };
        options.me = source::preview(path, &options, &mut |_, _| {}, &Cancel::default())?.me_guess;
        let import = ImportOptions {
            now: self.ports.clock.now(),
            source: found.source.word().to_owned(),
            tool_version: crate::VERSION.to_owned(),
            ..ImportOptions::default()
        };
        let mut run = room.library.begin_import(import, Some(&room.media))?;
        source::read(path, &options, &mut run, &Cancel::default())?;
        run.finish()?;
        Ok(())
    }
}

/// Removes what a stopped Coffer left of the sample chats; their key is gone with it.
pub(crate) fn sweep(home: &Home) -> Result<(), Error> {
    remove(&home.sample_folder())
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::from_io("removing the sample chats", &error)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestComputer, open_engine};
    use crate::view::{ImportRequest, JobOutcome};
    use std::fs;

    #[test]
    fn the_samples_are_shown_apart_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let engine = open_engine(TestComputer::new(&folder.path().join("home"), "laptop", 1).ports).unwrap();

        let open = engine.open_samples().unwrap();
        let shown = engine.list_chats().unwrap();
        let photos = engine.list_media(&shown[0].id, "photos", 0, 10).unwrap();
        let hash = photos[0].attachment.hash.clone().unwrap();
        let photo = engine.read_media(&hash, 0, 4).unwrap();
        let unsaved = engine.get_backup_status().unwrap().unsaved_messages;
        let closed = engine.close_samples().unwrap();

        assert!(open.is_sample && open.has_chats && !closed.is_sample && !closed.has_chats);
        assert_eq!(shown.len(), 2);
        assert_eq!(photo, [0xFF, 0xD8, 0xFF, photo[3]]);
        assert_eq!((unsaved, engine.list_chats().unwrap().len()), (0, 0));
        assert!(!folder.path().join("home/sample").exists());
    }

    #[test]
    fn an_import_goes_to_the_own_library_and_ends_the_samples() {
        let folder = tempfile::tempdir().unwrap();
        let engine = open_engine(TestComputer::new(&folder.path().join("home"), "laptop", 1).ports).unwrap();
        let path = folder.path().join("WhatsApp Chat with Zoe.txt");
        fs::write(
            &path,
            "20/11/2026, 10:00 - Zoe: hi\n20/11/2026, 10:01 - Ben: fine\n21/11/2026, 10:02 - Zoe: bye\n",
        )
        .unwrap();
        engine.open_samples().unwrap();

        let job = engine
            .start_import(ImportRequest {
                path: path.to_string_lossy().into_owned(),
                zone: None,
                me: None,
                date_order: None,
                keep_originals: true,
                chats: None,
            })
            .unwrap();
        let outcome = engine.wait_job(job).unwrap().outcome;

        assert!(matches!(outcome, Some(JobOutcome::Import(report)) if report.added == 3));
        assert!(!engine.app().unwrap().is_sample);
        assert_eq!(engine.list_chats().unwrap().len(), 1);
    }
}
