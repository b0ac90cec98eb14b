//! The engine's news as window events: `job`, at most ten times a second and always the last word of each job; `prompt`, each step
//! of a passkey ceremony at once.

use coffer_engine::view::{JobView, PromptView};
use std::time::Duration;
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Ten a second are smooth to the eye; more would only cost the window time.
const PAUSE: Duration = Duration::from_millis(100);

/// Passes every change of every job on to the window until the engine is gone.
pub fn forward_jobs(app: AppHandle, mut jobs: Receiver<JobView>) {
    tauri::async_runtime::spawn(async move {
        while let Some(news) = next_news(&mut jobs).await {
            for job in news {
                // A window that is closing hears nothing more, and nobody misses it.
                app.emit_to("main", "job", job).ok();
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
}

/// Passes every step of every passkey ceremony on to the window, in order, until the engine is gone.
pub fn forward_prompts(app: AppHandle, mut prompts: Receiver<PromptView>) {
    tauri::async_runtime::spawn(async move {
        while let Some(prompt) = next_prompt(&mut prompts).await {
            app.emit_to("main", "prompt", prompt).ok();
        }
    });
}

/// Waits for a step. Steps that were missed are older than those that follow: each replaces the one before.
async fn next_prompt(prompts: &mut Receiver<PromptView>) -> Option<PromptView> {
    loop {
        match prompts.recv().await {
            Ok(prompt) => return Some(prompt),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// Waits for a change and takes all that are there: the newest view of each job, in the order they began to change.
async fn next_news(jobs: &mut Receiver<JobView>) -> Option<Vec<JobView>> {
    let mut news = Vec::new();
    while news.is_empty() {
        match jobs.recv().await {
            Ok(job) => keep_newest(&mut news, job),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
    while let Ok(job) = jobs.try_recv() {
        keep_newest(&mut news, job);
    }
    Some(news)
}

fn keep_newest(news: &mut Vec<JobView>, job: JobView) {
    match news.iter_mut().find(|known| known.id == job.id) {
        Some(known) => *known = job,
        None => news.push(job),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_engine::view::{PromptPurpose, PromptStep};

    fn job(id: u64, done: u64) -> JobView {
        JobView {
            id,
            kind: "backup".to_owned(),
            state: "running".to_owned(),
            phase: "saving".to_owned(),
            done,
            total: 100,
            millis: 0,
            outcome: None,
            error: None,
        }
    }

    #[tokio::test]
    async fn a_burst_becomes_the_newest_view_of_each_job() {
        let (sender, mut receiver) = tokio::sync::broadcast::channel(16);
        for view in [job(1, 10), job(1, 90), job(2, 5), job(1, 100)] {
            sender.send(view).unwrap();
        }

        let news = next_news(&mut receiver).await;

        assert_eq!(news, Some(vec![job(1, 100), job(2, 5)]));
    }

    #[tokio::test]
    async fn a_listener_that_fell_behind_still_gets_the_last_word() {
        let (sender, mut receiver) = tokio::sync::broadcast::channel(2);
        for done in 0..10 {
            sender.send(job(1, done)).unwrap();
        }

        let news = next_news(&mut receiver).await;

        assert_eq!(news, Some(vec![job(1, 9)]));
    }

    fn prompt(step: PromptStep) -> PromptView {
        PromptView {
            ceremony: 1,
            purpose: PromptPurpose::Unlock,
            step,
            device: None,
            several: false,
            was_wrong: false,
            tries_left: None,
            min_length: None,
            problem: None,
            qr: None,
        }
    }

    #[tokio::test]
    async fn a_listener_that_fell_behind_still_hears_that_a_ceremony_is_over() {
        let (sender, mut receiver) = tokio::sync::broadcast::channel(2);
        for step in [PromptStep::Insert, PromptStep::Touch, PromptStep::Working, PromptStep::Done] {
            sender.send(prompt(step)).unwrap();
        }
        drop(sender);

        let mut heard = Vec::new();
        while let Some(prompt) = next_prompt(&mut receiver).await {
            heard.push(prompt.step);
        }

        assert_eq!(heard, [PromptStep::Working, PromptStep::Done]);
    }

    #[tokio::test]
    async fn when_the_engine_is_gone_there_is_no_more_news() {
        let (sender, mut receiver) = tokio::sync::broadcast::channel::<JobView>(2);

        drop(sender);

        assert_eq!(next_news(&mut receiver).await, None);
    }
}
