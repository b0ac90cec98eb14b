//! The use cases, in the words of the screen. The only crate a shell talks to.

pub mod ports;
pub mod view;

mod backup;
mod ceremony;
mod chats;
mod check;
mod damage;
mod error;
mod faults;
mod home;
mod import;
mod keyslot_folder;
mod library_key;
mod look;
mod pins;
mod places;
mod progress;
mod protection;
mod recovery_sheet;
mod restore;
mod rollback;
mod samples;
mod seen;
mod session;
mod status;
mod surroundings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(any(test, feature = "testing"))]
pub mod testing_stores;

pub use chats::ExportFormat;
pub use error::{Error, ErrorCode, LastWayRule};
pub use home::{Home, Place, SeenReach, Settings, WayReach, WayTimes};
pub use import::AppKeyFrom;
pub use progress::{Job, JobKind, Jobs, Phase};
pub use protection::Confirmation;
pub use recovery_sheet::Paper;
pub use session::Unlock;

use ceremony::Ceremonies;
use coffer_chats::AppKey;
use coffer_keys::Argon2Params;
use ports::Ports;
use session::Session;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast;
use view::JobView;

/// The version of this build.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One computer's Coffer. Cheap to clone: clones are the same engine.
///
/// Every method blocks until it is done, except those that return a job id; call them off the window's thread.
#[derive(Clone)]
pub struct Engine {
    pub(crate) ports: Ports,
    pub(crate) home: Home,
    pub(crate) jobs: Jobs,
    pub(crate) session: Arc<Mutex<Session>>,
    /// Held while ways or the place change: one change at a time.
    pub(crate) changing: Arc<Mutex<()>>,
    /// What one guess of a new password costs; measured on this computer when `None`.
    pub(crate) password_cost: Option<Argon2Params>,
    pub(crate) opened: Arc<Mutex<restore::Opened>>,
    pub(crate) ceremonies: Ceremonies,
    pub(crate) app_key: Arc<Mutex<GivenAppKey>>,
}

/// An app's own key, and the path it was given for.
pub(crate) type GivenAppKey = Option<(PathBuf, Arc<AppKey>)>;

impl Engine {
    /// Opens the home of this computer and, when nothing or the keychain guards it, its library.
    ///
    /// # Errors
    /// [`Error::HomeInUse`] while another Coffer has the home open; [`Error::Storage`] when it cannot be written.
    pub fn open(ports: Ports) -> Result<Self, Error> {
        Self::open_with_password_cost(ports, None)
    }

    /// Opens the home; new passwords cost `password_cost` a guess, or what takes this computer a second.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub(crate) fn open_with_password_cost(
        ports: Ports,
        password_cost: Option<Argon2Params>,
    ) -> Result<Self, Error> {
        let home = Home::open(&ports.home, ports.entropy.as_ref())?;
        let jobs = Jobs::new(Arc::clone(&ports.clock))?;
        let engine = Self {
            ports,
            home,
            jobs,
            session: Arc::default(),
            changing: Arc::default(),
            password_cost,
            opened: Arc::default(),
            ceremonies: Ceremonies::default(),
            app_key: Arc::default(),
        };
        engine.workroom().sweep().map_err(|error| Error::from_io("a copy of a database", &error))?;
        samples::sweep(&engine.home)?;
        engine.open_at_start()?;
        Ok(engine)
    }

    /// Hears about every job, ten times a second at most.
    pub fn subscribe(&self) -> broadcast::Receiver<JobView> {
        self.jobs.subscribe()
    }

    /// The state of a job.
    ///
    /// # Errors
    /// [`Error::ExpiredSession`] when there is no such job.
    pub fn job(&self, id: u64) -> Result<JobView, Error> {
        self.jobs.view(id)
    }

    /// Asks a job to stop at its next safe point.
    pub fn cancel_job(&self, id: u64) {
        self.jobs.cancel(id);
    }

    /// Waits until a job has ended.
    ///
    /// # Errors
    /// [`Error::ExpiredSession`] when there is no such job.
    pub fn wait_job(&self, id: u64) -> Result<JobView, Error> {
        self.jobs.wait(id)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}
