//! Waiting for a job: progress on stderr, and Ctrl-C stops it at its next safe point.

use crate::failure::{Exit, Failure};
use crate::screen::{Screen, size};
use coffer_engine::view::{JobOutcome, JobView};
use coffer_engine::{Engine, Error, ErrorCode};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::broadcast::{Receiver, error::RecvError};

static AT_WORK: AtomicBool = AtomicBool::new(false);

/// The result of a job, which may be the partial result of a cancelled one.
#[derive(Debug)]
pub struct Ended {
    /// The report.
    pub outcome: JobOutcome,
    /// The person stopped it.
    pub is_cancelled: bool,
}

impl Ended {
    /// How the run ends; `is_partial` when the report names something skipped or missing.
    pub fn exit(&self, is_partial: bool) -> Exit {
        match (self.is_cancelled, is_partial) {
            (true, _) => Exit::Cancelled,
            (false, true) => Exit::Partial,
            (false, false) => Exit::Done,
        }
    }
}

/// Starts a job and waits for its end.
pub fn run(
    engine: &Engine,
    screen: Screen,
    start: impl FnOnce(&Engine) -> Result<u64, Error>,
) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let news = engine.subscribe();
    // Listening begins before the job does.
    let stops = runtime.block_on(async { Stops::listen() })?;
    let id = start(engine)?;
    AT_WORK.store(true, Ordering::SeqCst);
    runtime.block_on(follow(engine, screen, id, news, stops));
    let job = engine.wait_job(id);
    AT_WORK.store(false, Ordering::SeqCst);
    ended(&job?)
}

/// A job runs and hears Ctrl-C itself.
pub fn is_at_work() -> bool {
    AT_WORK.load(Ordering::SeqCst)
}

fn ended(job: &JobView) -> Result<Ended, Failure> {
    match (&job.outcome, &job.error) {
        (Some(outcome), _) => Ok(Ended { outcome: outcome.clone(), is_cancelled: job.state == "cancelled" }),
        (None, Some(error)) => Err(Failure::of_view(error)),
        (None, None) => Err(Failure::of(ErrorCode::Cancelled, None, None)),
    }
}

async fn follow(engine: &Engine, screen: Screen, id: u64, mut news: Receiver<JobView>, mut stops: Stops) {
    let mut phase = String::new();
    loop {
        tokio::select! {
            heard = news.recv() => match heard {
                Ok(job) if job.id != id => {}
                Ok(job) if job.state != "running" => break,
                Ok(job) => draw(screen, &job, &mut phase),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            () = stops.next() => {
                screen.remark("\nStopping at the next safe point...");
                engine.cancel_job(id);
            }
        }
    }
    if screen.is_live() {
        screen.redraw("");
    }
}

/// Ctrl-C, and the polite request to end that service managers send.
pub struct Stops {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stops {
    /// Begins to listen; from here on Ctrl-C no longer ends the process.
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Ends at the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Stops {
    /// Begins to listen; from here on Ctrl-C no longer ends the process.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Ends at the next one.
    pub async fn next(&mut self) {
        // A computer that gives no such signal cannot stop a job this way; waiting goes on.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A line that is redrawn on a terminal; elsewhere one line per phase.
fn draw(screen: Screen, job: &JobView, phase: &mut String) {
    let words = phase_words(&job.phase);
    if screen.is_live() {
        screen.redraw(&format!("{words}{}", how_far(job)));
    } else if *phase != job.phase {
        screen.remark(&format!("{words}..."));
    }
    phase.clone_from(&job.phase);
}

fn how_far(job: &JobView) -> String {
    match job.done.saturating_mul(100).checked_div(job.total) {
        Some(percent) => format!(": {} %", percent.min(100)),
        None if job.done > 0 => format!(": {}", size(job.done)),
        None => "...".to_owned(),
    }
}

fn phase_words(phase: &str) -> &str {
    match phase {
        "reading" => "Reading",
        "people" => "Matching people",
        "media" => "Media",
        "index" => "Making the search index",
        "preparing" => "Looking for what changed",
        "encrypting" => "Encrypting",
        "saving" => "Saving",
        "checking" => "Checking",
        "opening" => "Opening",
        "restoring" => "Restoring chats",
        other => other,
    }
}
