//! `backup`, `backups`, `check`.

use crate::arguments::{Backup, Check};
use crate::failure::{Exit, Failure};
use crate::jobs;
use crate::losses;
use crate::run::Scene;
use crate::screen::{members, size, snake};
use crate::times;
use coffer_engine::view::{BackupItem, BackupReport, CheckReport, JobOutcome};
use coffer_engine::{Error, ErrorCode};
use serde_json::{Value, json};
use std::path::Path;

/// Backs up now.
pub fn backup(scene: &Scene, wanted: &Backup) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    if let Some(place) = &wanted.place {
        if !place.is_dir() {
            return Err(Failure::of(ErrorCode::PlaceMissing, None, Some(&place.display().to_string())));
        }
        if !scene.is_own_place(place)? {
            scene.join(place)?;
        }
    }
    let engine = &scene.engine;
    let unlock = match scene.secrets.named()? {
        Some(unlock) => Some(unlock),
        None if engine.get_backup_status()?.needs_unlock => {
            Some(scene.secrets.named_or_asked(ErrorCode::NeedsUnlock)?)
        }
        None => None,
    };
    let ended = jobs::run(engine, scene.screen, |engine| engine.start_backup(unlock))?;
    let JobOutcome::Backup(report) = &ended.outcome else {
        return Err(Error::storage("another job ended").into());
    };
    scene.screen.result(&backup_json(report), || backup_lines(report))?;
    Ok(ended.exit(!report.backup.is_complete))
}

fn backup_json(report: &BackupReport) -> Value {
    json!({
        "snapshot": report.backup.id,
        "time": times::iso(Some(report.backup.time)),
        "chats": report.backup.chats,
        "messages": report.backup.messages,
        "media": report.backup.media,
        "media_missing": report.backup.media_missing,
        "bytes_read": report.bytes_read,
        "bytes_stored": report.bytes_stored,
        "seconds": seconds(report.millis),
        "complete": report.backup.is_complete,
    })
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a duration for a report, not for arithmetic"
)]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn backup_lines(report: &BackupReport) -> Vec<String> {
    let made = &report.backup;
    let mut lines = vec![
        format!("Backed up: {} messages in {} chats, {} media files", made.messages, made.chats, made.media),
        format!(
            "  {} read, {} stored, backup {}",
            size(report.bytes_read),
            size(report.bytes_stored),
            made.id
        ),
    ];
    if !made.is_complete {
        lines.push(format!("  Not complete: {} of {} messages", made.messages, made.library_messages));
    }
    lines
}

/// Lists the backups in a place.
pub fn list(scene: &Scene, place: &Path) -> Result<Exit, Failure> {
    let (opened, backups) = scene.open_place(place)?;
    scene.engine.close_backup(&opened.session);
    let values: Vec<Value> = backups.iter().map(item_json).collect::<Result<_, _>>()?;
    scene.screen.result(&Value::Array(values), || {
        let line = |item: &BackupItem| {
            let (time, whole) = (
                times::people(Some(item.time), &scene.zone),
                if item.is_complete { "" } else { "  (not complete)" },
            );
            format!(
                "{}  {time}  {}  {} chats, {} messages, {}{whole}",
                item.id,
                item.machine,
                item.chats,
                item.messages,
                size(item.bytes)
            )
        };
        backups.iter().map(line).collect()
    })?;
    Ok(Exit::Done)
}

fn item_json(item: &BackupItem) -> Result<Value, Failure> {
    let mut object = members(snake(item)?);
    object.insert("time".to_owned(), times::iso(Some(item.time)));
    let complete = object.remove("is_complete").unwrap_or_default();
    object.insert("complete".to_owned(), complete);
    Ok(Value::Object(object))
}

/// Reads a place back; without a way to unlock each file by itself.
pub fn check(scene: &Scene, wanted: &Check) -> Result<Exit, Failure> {
    let opened = scene.open_place_if_possible(&wanted.place)?;
    let start = |engine: &coffer_engine::Engine| engine.start_check_of(&opened.session, wanted.every_byte);
    let ended = jobs::run(&scene.engine, scene.screen, start)?;
    let JobOutcome::Check(report) = &ended.outcome else {
        return Err(Error::storage("another job ended").into());
    };
    scene.screen.result(&check_json(report)?, || check_lines(report))?;
    Ok(if is_whole(report) { Exit::Done } else { Exit::Damaged })
}

/// Every file is what was written. Stricter than the window, which is calm about a file that no backup needs:
/// from outside, a changed byte is a changed byte.
fn is_whole(report: &CheckReport) -> bool {
    report.is_ok && report.damaged.is_empty()
}

fn check_json(report: &CheckReport) -> Result<Value, Failure> {
    let mut object = members(snake(report)?);
    object.insert("time".to_owned(), times::iso(Some(report.time)));
    let damaged = report.damaged.iter().map(losses::json).collect::<Result<Vec<_>, _>>()?;
    object.insert("damaged".to_owned(), damaged.into());
    object.remove("is_ok");
    object.insert("ok".to_owned(), is_whole(report).into());
    Ok(Value::Object(object))
}

fn check_lines(report: &CheckReport) -> Vec<String> {
    let how = if report.every_byte { "every byte read" } else { "names and sizes" };
    let found = if is_whole(report) {
        if report.without_key { "each whole" } else { "all readable" }.to_owned()
    } else {
        format!("{} damaged", report.damaged.len())
    };
    let mut lines = vec![format!(
        "Checked {} backups, {} files, {} ({how}): {found}",
        report.snapshots,
        report.files,
        size(report.bytes)
    )];
    if report.without_key {
        lines.push(
            "  Looked at without a way to unlock: each file by itself. Whether all that belongs together is there,              a check with one tells."
                .to_owned(),
        );
    }
    lines.extend(report.damaged.iter().map(losses::line));
    lines
}
