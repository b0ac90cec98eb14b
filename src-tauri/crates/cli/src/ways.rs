//! `ways`: the ways to unlock of a place.

use crate::arguments::{AddWay, Fate, NewWay, RemoveWay, ReplaceWay, Ways, WaysCommand};
use crate::failure::{Exit, Failure};
use crate::protect;
use crate::run::{Scene, way_word};
use crate::screen::{members, snake};
use crate::terminal;
use crate::times;
use coffer_engine::ErrorCode;
use coffer_engine::view::{RemovalReason, WayKind, WayView};
use serde_json::{Value, json};
use std::path::Path;

/// Runs `ways`.
pub fn ways(scene: &Scene, wanted: Ways) -> Result<Exit, Failure> {
    let Ways { place, change } = wanted;
    match change {
        Some(WaysCommand::List(place)) => list(scene, &place.place),
        Some(WaysCommand::Add(wanted)) => add(scene, &wanted),
        Some(WaysCommand::Remove(wanted)) => remove(scene, &wanted),
        Some(WaysCommand::Replace(wanted)) => replace(scene, &wanted),
        Some(WaysCommand::Test(place)) => test(scene, &place.place),
        None => list(scene, &place.ok_or_else(|| Failure::usage("name the place"))?),
    }
}

/// Lists the ways. Their names and dates are sealed: they are told where this computer can read them.
fn list(scene: &Scene, place: &Path) -> Result<Exit, Failure> {
    if !scene.is_own_place(place)? {
        let kinds = scene.look_at(place)?.ways;
        let values = kinds.iter().map(|kind| {
            json!({ "id": null, "kind": way_word(*kind), "name": null,
            "reach": null, "added": null, "last_used": null, "last_tested": null })
        });
        scene
            .screen
            .result(&values.collect(), || kinds.iter().map(|kind| way_word(*kind).to_owned()).collect())?;
        return Ok(Exit::Done);
    }
    scene.unlock_library()?;
    let ways = scene.engine.get_protection()?.ways;
    let values: Vec<Value> = ways.iter().map(way_json).collect::<Result<_, _>>()?;
    scene
        .screen
        .result(&Value::Array(values), || ways.iter().map(|way| way_line(way, &scene.zone)).collect())?;
    Ok(Exit::Done)
}

fn way_json(way: &WayView) -> Result<Value, Failure> {
    let mut object = members(snake(way)?);
    object.insert("added".to_owned(), times::iso(Some(way.added)));
    object.insert("last_used".to_owned(), times::iso(way.last_used));
    object.insert("last_tested".to_owned(), times::iso(way.last_tested));
    Ok(Value::Object(object))
}

fn way_line(way: &WayView, zone: &str) -> String {
    let proved = if way.is_proved { "" } else { "  (not proved yet)" };
    format!(
        "{}  {}  {}  added {}{proved}",
        way.id,
        way_word(way.kind),
        way.name,
        times::people(Some(way.added), zone)
    )
}

fn add(scene: &Scene, wanted: &AddWay) -> Result<Exit, Failure> {
    new_kind(scene, &wanted.new)?;
    scene.join(&wanted.place)?;
    add_new(scene, &wanted.new)?;
    protect::print(scene, &scene.engine.get_protection()?)
}

fn add_new(scene: &Scene, new: &NewWay) -> Result<(), Failure> {
    match new_kind(scene, new)? {
        New::Password(file) => protect::add_password(scene, file),
        New::Key(file) => protect::add_key(scene, file),
        New::Passkey => protect::add_passkey(scene),
    }
}

/// The way to make.
enum New<'a> {
    Password(&'a Path),
    Key(&'a Path),
    Passkey,
}

impl New<'_> {
    fn kind(&self) -> WayKind {
        match self {
            Self::Password(_) => WayKind::Password,
            Self::Key(_) => WayKind::RecoveryKey,
            Self::Passkey => WayKind::Passkey,
        }
    }
}

fn new_kind<'a>(scene: &Scene, new: &'a NewWay) -> Result<New<'a>, Failure> {
    match (&new.new_password_file, &new.new_key_file) {
        (Some(file), _) => Ok(New::Password(file)),
        (None, Some(file)) => Ok(New::Key(file)),
        (None, None) if new.new_passkey || scene.secrets.passkeys() > 0 => Ok(New::Passkey),
        (None, None) => {
            Err(Failure::usage("name the new way: --new-passkey, --new-password-file or --new-key-file"))
        }
    }
}

fn remove(scene: &Scene, wanted: &RemoveWay) -> Result<Exit, Failure> {
    scene.join(&wanted.place)?;
    let way = find(scene, &wanted.way)?;
    let reason = reason(wanted.fate).map_or_else(|| ask_reason(&way), Ok)?;
    let protection = scene.engine.remove_way(&wanted.way, reason, wanted.acknowledge_one_way)?;
    protect::print(scene, &protection)
}

/// What the command line says about the way that goes.
fn reason(fate: Fate) -> Option<RemovalReason> {
    let Fate { lost, known, kept } = fate;
    if lost || known { Some(RemovalReason::LostOrKnown) } else { kept.then_some(RemovalReason::StillMine) }
}

/// Asks on the terminal; without one nobody said that the way is lost.
fn ask_reason(way: &WayView) -> Result<RemovalReason, Failure> {
    let question = format!("Is \"{}\" lost, or may somebody else know it? (yes/no) ", way.name);
    let Some(answer) = terminal::ask_line(&question)? else { return Ok(RemovalReason::StillMine) };
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(RemovalReason::LostOrKnown),
        "n" | "no" => Ok(RemovalReason::StillMine),
        _ => Err(Failure::usage("say --lost, --known or --kept; nothing was changed")),
    }
}

/// The new way is added and proved before the old one goes: at no moment are there fewer ways.
fn replace(scene: &Scene, wanted: &ReplaceWay) -> Result<Exit, Failure> {
    let kind = new_kind(scene, &wanted.new)?.kind();
    scene.join(&wanted.place)?;
    let old = find(scene, &wanted.way)?;
    if old.kind != kind {
        let (old, new) = (way_word(old.kind), way_word(kind));
        return Err(Failure::usage(format!(
            "the old way is a {old}, the new one a {new}; use `ways add` and `ways remove`"
        )));
    }
    add_new(scene, &wanted.new)?;
    let reason = reason(wanted.fate).unwrap_or(RemovalReason::StillMine);
    let protection = scene.engine.remove_way(&wanted.way, reason, true)?;
    protect::print(scene, &protection)
}

fn find(scene: &Scene, id: &str) -> Result<WayView, Failure> {
    let ways = scene.engine.get_protection()?.ways;
    let way = ways.into_iter().find(|way| way.id == id);
    way.ok_or_else(|| {
        Failure::usage(format!("{id} is no way to unlock here; `coffer-cli ways PLACE` lists them"))
    })
}

fn test(scene: &Scene, place: &Path) -> Result<Exit, Failure> {
    if !scene.is_own_place(place)? {
        return Err(Failure::usage(
            "this computer does not back up there; use `look` to try a way on another backup",
        ));
    }
    let unlock = scene.secrets.named_or_asked(ErrorCode::NeedsUnlock)?;
    let test = scene.engine.test_way(unlock)?;
    let mut object = members(snake(&test)?);
    object.insert("backup".to_owned(), times::iso(test.backup));
    scene.screen.result(&Value::Object(object), || {
        let backup = times::people(test.backup, &scene.zone);
        vec![format!(
            "Works: the {} opened the backup of {backup} and read {} chats",
            way_word(test.way),
            test.chats
        )]
    })?;
    Ok(Exit::Done)
}
