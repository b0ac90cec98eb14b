//! `look` and `restore`: a backup read in place, and brought back.

use crate::arguments::{Look, LookCommand, Restore};
use crate::chats::{self, PAGE};
use crate::failure::{Exit, Failure};
use crate::jobs;
use crate::losses;
use crate::run::Scene;
use crate::screen::{members, size, snake};
use crate::times::Bounds;
use coffer_engine::view::{BackupItem, ChatRow, JobOutcome, RestoreReport, RestoreRequest};
use coffer_engine::{Error, ErrorCode};
use serde_json::Value;

/// Reads a backup in place.
pub fn look(scene: &Scene, wanted: &Look) -> Result<Exit, Failure> {
    let (opened, backups) = scene.open_place(&wanted.place)?;
    let backup = wanted.backup.as_deref().map(|id| find_backup(&backups, id)).transpose()?;
    let (engine, session, backup) = (&scene.engine, &opened.session, backup.as_deref());
    let chats = engine.look_chats(session, backup)?;
    match &wanted.what {
        LookCommand::Chats => chats::print_chats(scene, &chats),
        LookCommand::Read(read) => {
            let chat = chats::find(&chats, &read.chat)?;
            let bounds = Bounds::parse(&read.span, &scene.zone)?;
            chats::print_messages(scene, bounds, read.limit, |offset| {
                let range = engine.look_messages(session, backup, &chat, offset, PAGE)?;
                let records = engine.look_records(session, backup, &chat, offset, PAGE)?;
                Ok(range.messages.into_iter().zip(records).collect())
            })
        }
        LookCommand::Search(search) => {
            let query = chats::query(scene, search, &chats)?;
            chats::print_hits(scene, &engine.look_search(session, backup, &query)?)
        }
    }
}

/// Brings chats back, or counts what would come.
pub fn restore(scene: &Scene, wanted: &Restore) -> Result<Exit, Failure> {
    let bounds = Bounds::parse(&wanted.span, &scene.zone)?;
    scene.unlock_library()?;
    let (opened, backups) = scene.open_place(&wanted.place)?;
    let backup = wanted.backup.as_deref().map(|id| find_backup(&backups, id)).transpose()?;
    let chats = match wanted.chat.as_slice() {
        [] => None,
        named => Some(find_chats(&scene.engine.look_chats(&opened.session, backup.as_deref())?, named)?),
    };
    let request = RestoreRequest {
        session: opened.session.clone(),
        backup,
        chats,
        with_media: !wanted.no_media,
        from: bounds.from,
        to: bounds.to,
    };
    if wanted.dry_run {
        let report = scene.engine.plan_restore(&request)?;
        print(scene, &report, "Would restore")?;
        return Ok(if report.missing.is_empty() { Exit::Done } else { Exit::Partial });
    }
    let ended = jobs::run(&scene.engine, scene.screen, |engine| engine.start_restore(request))?;
    let JobOutcome::Restore(report) = &ended.outcome else {
        return Err(Error::storage("another job ended").into());
    };
    print(scene, report, "Restored")?;
    Ok(ended.exit(!report.missing.is_empty()))
}

fn find_chats(chats: &[ChatRow], named: &[String]) -> Result<Vec<String>, Failure> {
    named.iter().map(|named| chats::find(chats, named)).collect()
}

/// The id of a backup, which may be named by the first 8 letters or more of it.
fn find_backup(backups: &[BackupItem], named: &str) -> Result<String, Failure> {
    let mut found =
        backups.iter().filter(|item| item.id == named || (named.len() >= 8 && item.id.starts_with(named)));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        _ => Err(Failure::of(ErrorCode::NoSuchBackup, None, Some(named))),
    }
}

fn print(scene: &Scene, report: &RestoreReport, verb: &str) -> Result<(), Failure> {
    let mut object = members(snake(report)?);
    let cancelled = object.remove("is_cancelled").unwrap_or_default();
    object.insert("cancelled".to_owned(), cancelled);
    let missing = report.missing.iter().map(losses::json).collect::<Result<Vec<_>, _>>()?;
    object.insert("missing".to_owned(), missing.into());
    scene.screen.result(&Value::Object(object), || {
        let mut lines = vec![
            format!(
                "{verb}: {} messages in {} chats, {} media files ({})",
                report.added,
                report.chats,
                report.media,
                size(report.bytes)
            ),
            format!("  {} were already here, {} differ and are kept twice", report.present, report.differ),
        ];
        lines.extend(report.missing.iter().map(losses::line));
        lines
    })
}
