//! Long work: one job at a time, with phases, counts and cancel; heard by the shells ten times a second at most.

use crate::error::Error;
use crate::ports::Clock;
use crate::view::{JobOutcome, JobView};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Events wait at most this many milliseconds: 10 a second.
const EVENT_INTERVAL: u64 = 100;
/// Finished jobs that can still be asked for.
const KEPT_JOBS: usize = 32;
/// Events a slow listener may fall behind before it misses some.
const EVENT_BUFFER: usize = 256;

/// What a job does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobKind {
    /// Chats into the library.
    Import,
    /// The library into the place.
    Backup,
    /// Reading the place back.
    Check,
    /// A place into the library.
    Restore,
}

/// What a job does right now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Reading the source.
    Reading,
    /// Matching people.
    People,
    /// Copying media.
    Media,
    /// Making the search index.
    Index,
    /// Looking for what changed.
    Preparing,
    /// Sealing.
    Encrypting,
    /// Writing to the place.
    Saving,
    /// Reading back.
    Checking,
    /// Opening a backup.
    Opening,
    /// Putting chats back.
    Restoring,
}

/// All jobs of an engine. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Jobs(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
    events: broadcast::Sender<JobView>,
    table: Mutex<Table>,
    changed: Condvar,
}

#[derive(Default)]
struct Table {
    last_id: u64,
    running: Option<Running>,
    finished: BTreeMap<u64, JobView>,
}

struct Running {
    view: JobView,
    started: u64,
    last_event: u64,
    cancel: Arc<AtomicBool>,
}

/// The running job's end of the line: says how far it is, hears when to stop.
pub struct Job {
    id: u64,
    shared: Arc<Shared>,
    cancel: Arc<AtomicBool>,
}

impl Jobs {
    /// Starts the runtime the jobs run on.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("coffer-engine")
            .build()
            .map_err(|error| Error::from_io("starting the engine's threads", &error))?;
        Ok(Self(Arc::new(Shared {
            clock,
            runtime: Mutex::new(Some(runtime)),
            events: broadcast::channel(EVENT_BUFFER).0,
            table: Mutex::new(Table::default()),
            changed: Condvar::new(),
        })))
    }

    /// Starts `work` in the background and returns its id at once.
    ///
    /// # Errors
    /// [`Error::Busy`] while another job runs.
    pub fn start<F>(&self, kind: JobKind, first: Phase, work: F) -> Result<u64, Error>
    where
        F: FnOnce(&Job) -> Result<JobOutcome, Error> + Send + 'static,
    {
        let job = self.admit(kind, first)?;
        let id = job.id;
        let shared = Arc::clone(&self.0);
        let runtime = lock(&self.0.runtime);
        let Some(runtime) = runtime.as_ref() else {
            shared.finish(id, Err(Error::ExpiredSession));
            return Err(Error::ExpiredSession);
        };
        runtime.spawn_blocking(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| work(&job)));
            shared.finish(id, ended.unwrap_or_else(|_| Err(Error::storage("the job stopped by itself"))));
        });
        Ok(id)
    }

    /// The state of a job; the last 32 are kept.
    ///
    /// # Errors
    /// [`Error::ExpiredSession`] when there is no such job.
    pub fn view(&self, id: u64) -> Result<JobView, Error> {
        let table = lock(&self.0.table);
        table.view(id, self.0.clock.ticks()).ok_or(Error::ExpiredSession)
    }

    /// The job that runs now.
    pub fn running(&self) -> Option<JobView> {
        let table = lock(&self.0.table);
        let id = table.running.as_ref()?.view.id;
        table.view(id, self.0.clock.ticks())
    }

    /// Asks a job to stop at its next safe point; does nothing when it has ended.
    pub fn cancel(&self, id: u64) {
        if let Some(running) = lock(&self.0.table).running.as_ref().filter(|running| running.view.id == id) {
            running.cancel.store(true, Ordering::SeqCst);
        }
    }

    /// Waits until a job has ended.
    ///
    /// # Errors
    /// [`Error::ExpiredSession`] when there is no such job.
    pub fn wait(&self, id: u64) -> Result<JobView, Error> {
        let mut table = lock(&self.0.table);
        while table.running.as_ref().is_some_and(|running| running.view.id == id) {
            table = self.0.changed.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        table.finished.get(&id).cloned().ok_or(Error::ExpiredSession)
    }

    /// Hears about every job from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<JobView> {
        self.0.events.subscribe()
    }

    fn admit(&self, kind: JobKind, first: Phase) -> Result<Job, Error> {
        let mut table = lock(&self.0.table);
        if table.running.is_some() {
            return Err(Error::Busy);
        }
        table.last_id += 1;
        let id = table.last_id;
        let now = self.0.clock.ticks();
        let cancel = Arc::new(AtomicBool::new(false));
        let view = JobView {
            id,
            kind: kind.as_str().to_owned(),
            state: "running".to_owned(),
            phase: first.as_str().to_owned(),
            done: 0,
            total: 0,
            millis: 0,
            outcome: None,
            error: None,
        };
        self.0.send(&view);
        table.running = Some(Running { view, started: now, last_event: now, cancel: Arc::clone(&cancel) });
        Ok(Job { id, shared: Arc::clone(&self.0), cancel })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The last clone may go inside a job: waiting for that job's thread would wait for ever.
        if let Some(runtime) = lock(&self.runtime).take() {
            runtime.shutdown_background();
        }
    }
}

impl Job {
    /// Goes to the next phase; its counts start at 0.
    pub fn phase(&self, phase: Phase) {
        self.shared.update(self.id, true, |view| {
            if view.phase != phase.as_str() {
                view.phase = phase.as_str().to_owned();
                view.done = 0;
                view.total = 0;
            }
        });
    }

    /// Says how far the phase is; `total` 0 = not known. Never goes back within a phase.
    pub fn progress(&self, done: u64, total: u64) {
        self.shared.update(self.id, false, |view| {
            view.total = total;
            view.done = view.done.max(done);
        });
    }

    /// The person asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::SeqCst)
    }

    /// The flag itself, for readers that take one.
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancel)
    }

    /// Stops here when the person asked to.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn go_on(&self) -> Result<(), Error> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

impl Shared {
    fn update(&self, id: u64, is_urgent: bool, change: impl FnOnce(&mut JobView)) {
        let mut table = lock(&self.table);
        let Some(running) = table.running.as_mut().filter(|running| running.view.id == id) else { return };
        let now = self.clock.ticks();
        change(&mut running.view);
        running.view.millis = now.saturating_sub(running.started);
        if is_urgent || now.saturating_sub(running.last_event) >= EVENT_INTERVAL {
            running.last_event = now;
            self.send(&running.view);
        }
    }

    fn finish(&self, id: u64, ended: Result<JobOutcome, Error>) {
        let mut table = lock(&self.table);
        let Some(running) = table.running.take() else { return };
        let mut view = running.view;
        view.millis = self.clock.ticks().saturating_sub(running.started);
        match ended {
            Ok(outcome) => {
                view.state = if outcome.is_cancelled() { "cancelled" } else { "done" }.to_owned();
                view.outcome = Some(outcome);
            }
            Err(Error::Cancelled) => view.state = "cancelled".to_owned(),
            Err(error) => {
                view.state = "failed".to_owned();
                view.error = Some(error.view());
            }
        }
        table.finished.insert(id, view.clone());
        while table.finished.len() > KEPT_JOBS {
            table.finished.pop_first();
        }
        self.send(&view);
        drop(table);
        self.changed.notify_all();
    }

    fn send(&self, view: &JobView) {
        // Nobody listening is fine.
        let _unheard = self.events.send(view.clone());
    }
}

impl Table {
    fn view(&self, id: u64, now: u64) -> Option<JobView> {
        match self.running.as_ref().filter(|running| running.view.id == id) {
            Some(running) => {
                let mut view = running.view.clone();
                view.millis = now.saturating_sub(running.started);
                Some(view)
            }
            None => self.finished.get(&id).cloned(),
        }
    }
}

impl JobOutcome {
    fn is_cancelled(&self) -> bool {
        match self {
            Self::Import(report) => report.is_cancelled,
            Self::Restore(report) => report.is_cancelled,
            Self::Backup(_) | Self::Check(_) => false,
        }
    }
}

impl JobKind {
    /// The word in a [`JobView`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Backup => "backup",
            Self::Check => "check",
            Self::Restore => "restore",
        }
    }
}

impl Phase {
    /// The word in a [`JobView`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::People => "people",
            Self::Media => "media",
            Self::Index => "index",
            Self::Preparing => "preparing",
            Self::Encrypting => "encrypting",
            Self::Saving => "saving",
            Self::Checking => "checking",
            Self::Opening => "opening",
            Self::Restoring => "restoring",
        }
    }
}

/// A panicked holder leaves plain values behind; go on with them.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedClock;
    use crate::view::CheckReport;
    use std::sync::mpsc;

    fn report() -> JobOutcome {
        JobOutcome::Check(CheckReport {
            time: 0,
            every_byte: false,
            without_key: false,
            snapshots: 0,
            files: 0,
            bytes: 0,
            damaged: Vec::new(),
            is_ok: true,
            millis: 0,
        })
    }

    fn jobs() -> (Jobs, Arc<ScriptedClock>) {
        let clock = Arc::new(ScriptedClock::new(0));
        (Jobs::new(Arc::<ScriptedClock>::clone(&clock)).unwrap(), clock)
    }

    #[test]
    fn one_job_runs_at_a_time() {
        let (jobs, _) = jobs();
        let (release, waits) = mpsc::channel::<()>();
        let first = jobs
            .start(JobKind::Check, Phase::Checking, move |_| {
                let _ = waits.recv();
                Ok(report())
            })
            .unwrap();

        let second = jobs.start(JobKind::Backup, Phase::Preparing, |_| Ok(report()));
        drop(release);
        let ended = jobs.wait(first).unwrap();
        let third = jobs.start(JobKind::Backup, Phase::Preparing, |_| Ok(report())).unwrap();

        assert!(matches!(second, Err(Error::Busy)));
        assert_eq!((ended.state.as_str(), ended.outcome.is_some()), ("done", true));
        assert_eq!(jobs.wait(third).unwrap().kind, "backup");
    }

    #[test]
    fn a_cancelled_job_ends_as_cancelled() {
        let (jobs, _) = jobs();
        let (release, waits) = mpsc::channel::<()>();
        let id = jobs
            .start(JobKind::Import, Phase::Reading, move |job| {
                let _ = waits.recv();
                job.go_on().map(|()| report())
            })
            .unwrap();

        jobs.cancel(id + 1);
        jobs.cancel(id);
        drop(release);

        let ended = jobs.wait(id).unwrap();
        assert_eq!((ended.state.as_str(), ended.error), ("cancelled", None));
    }

    #[test]
    fn a_job_that_panics_has_failed_and_the_next_one_runs() {
        let (jobs, _) = jobs();

        let id = jobs.start(JobKind::Import, Phase::Reading, |_| panic!("a bug")).unwrap();

        let ended = jobs.wait(id).unwrap();
        assert_eq!((ended.state.as_str(), ended.error.unwrap().code.as_str()), ("failed", "storage"));
        let next = jobs.start(JobKind::Import, Phase::Reading, |_| Ok(report())).unwrap();
        assert_eq!(jobs.wait(next).unwrap().state, "done");
    }

    #[test]
    fn events_come_ten_times_a_second_and_never_go_back() {
        let (jobs, clock) = jobs();
        let mut heard = jobs.subscribe();
        let moves = Arc::clone(&clock);

        let id = jobs
            .start(JobKind::Backup, Phase::Preparing, move |job| {
                for done in 0..1_000 {
                    moves.pass(1);
                    job.progress(done, 1_000);
                }
                job.progress(5, 1_000);
                job.phase(Phase::Saving);
                Ok(report())
            })
            .unwrap();
        jobs.wait(id).unwrap();

        let events: Vec<JobView> = std::iter::from_fn(|| heard.try_recv().ok()).collect();
        let preparing: Vec<u64> =
            events.iter().filter(|event| event.phase == "preparing").map(|event| event.done).collect();
        assert_eq!(preparing.len(), 11, "the start, then one every 100 ms of a second");
        assert!(preparing.is_sorted());
        assert_eq!(events.last().unwrap().state, "done");
        assert!(events.iter().any(|event| event.phase == "saving" && event.done == 0));
    }

    #[test]
    fn a_job_nobody_started_is_not_known() {
        let (jobs, _) = jobs();

        assert!(matches!(jobs.view(1), Err(Error::ExpiredSession)));
        assert!(matches!(jobs.wait(1), Err(Error::ExpiredSession)));
        assert!(jobs.running().is_none());
    }
}
