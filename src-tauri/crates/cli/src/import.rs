//! `import`: chats from the apps' own files.

use crate::arguments::{DateOrder, Import};
use crate::failure::{Exit, Failure};
use crate::run::Scene;
use crate::screen::{members, snake};
use crate::{jobs, run, secrets};
use coffer_engine::view::{ImportReport, ImportRequest, JobOutcome};
use coffer_engine::{AppKeyFrom, Error, ErrorCode};
use serde_json::{Value, json};
use std::path::Path;

/// Messages of a kind Coffer does not draw yet are kept whole, and a row the app shows to nobody or keeps twice is nobody's:
/// nothing was skipped.
const NOTHING_LOST: [&str; 3] = ["unsupported_kind", "placeholder", "repeated"];

/// Imports every path; one that fails does not keep the others out.
pub fn import(scene: &Scene, wanted: &Import) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    let mut worst = Exit::Done;
    let mut failures = Vec::new();
    for path in &wanted.paths {
        match import_one(scene, wanted, path) {
            Ok(Exit::Cancelled) => return Ok(Exit::Cancelled),
            Ok(Exit::Done) => {}
            Ok(exit) => worst = exit,
            Err(failure) => failures.push(failure),
        }
    }
    let is_any_done = failures.len() < wanted.paths.len();
    match failures.pop() {
        None => Ok(worst),
        Some(last) if is_any_done => {
            failures.iter().chain([&last]).for_each(|failure| scene.screen.failure(failure));
            Ok(Exit::Partial)
        }
        Some(last) => {
            failures.iter().for_each(|failure| scene.screen.failure(failure));
            Err(last)
        }
    }
}

fn import_one(scene: &Scene, wanted: &Import, path: &Path) -> Result<Exit, Failure> {
    let text = path.to_str().ok_or_else(|| Failure::usage("a path must be Unicode text"))?;
    let request = ImportRequest {
        path: std::path::absolute(text)
            .map_or_else(|_| text.to_owned(), |p| p.to_string_lossy().into_owned()),
        zone: wanted.zone.clone(),
        me: wanted.me.clone(),
        date_order: wanted.date_order.map(|order| DateOrder::word(order).to_owned()),
        keep_originals: !wanted.no_originals,
        chats: None,
    };
    let named = |error: Error| run::about(&error, path);
    if let Some(key) = app_key(wanted)? {
        scene.engine.give_app_key(Path::new(&request.path), key).map_err(named)?;
    }
    let ended = jobs::run(&scene.engine, scene.screen, |engine| engine.start_import(request));
    let ended = ended.map_err(|failure| about_path(failure, path))?;
    let JobOutcome::Import(report) = &ended.outcome else {
        return Err(named(Error::storage("another job ended")));
    };
    scene.screen.result(&import_json(report)?, || import_lines(report, text))?;
    Ok(ended.exit(report.skipped.iter().any(|skipped| !NOTHING_LOST.contains(&skipped.reason.as_str()))))
}

/// The app's own key, where one was named.
fn app_key(wanted: &Import) -> Result<Option<AppKeyFrom>, Failure> {
    if let Some(file) = &wanted.app_key_file {
        return Ok(Some(AppKeyFrom::File(file.clone())));
    }
    let Some(file) = &wanted.app_passphrase_file else { return Ok(None) };
    secrets::read_secret(file).map(|secret| Some(AppKeyFrom::Text(secret)))
}

fn about_path(failure: Failure, path: &Path) -> Failure {
    let Failure { code, message, exit } = failure;
    let is_cancelled = code == ErrorCode::Cancelled.as_str();
    let message = if is_cancelled { message } else { format!("{}: {message}", path.display()) };
    Failure { code, message, exit }
}

fn import_json(report: &ImportReport) -> Result<Value, Failure> {
    let mut object = members(snake(report)?);
    let mut take = |key: &str| object.remove(key).unwrap_or_default();
    let media = json!({ "found": take("media_found"), "missing": take("media_missing"), "omitted": take("media_omitted") });
    object.insert("media".to_owned(), media);
    Ok(Value::Object(object))
}

fn import_lines(report: &ImportReport, path: &str) -> Vec<String> {
    let mut lines = vec![
        format!("{path}: {} messages read in {} chats", report.read, report.chats),
        format!("  {} added, {} changed, {} already here", report.added, report.updated, report.present),
        format!("  media: {} found, {} missing", report.media_found, report.media_missing),
    ];
    lines.extend(report.skipped.iter().map(|skipped| {
        format!("  {} skipped: {} ({})", skipped.count, skipped.reason, skipped.examples.join(", "))
    }));
    lines.extend(report.undecided.iter().map(|question| format!("  undecided: {question}")));
    lines.extend(report.notes.iter().map(|note| format!("  note: {note}")));
    lines
}
