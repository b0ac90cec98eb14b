//! `rollback`: a place that shows an older state than this computer saw there; both states, and the decision.

use crate::arguments::Rollback;
use crate::failure::{Exit, Failure};
use crate::run::{Scene, way_word};
use crate::screen::{members, snake};
use crate::times;
use coffer_engine::view::{
    BackupStatus, RollbackBackup, RollbackChoice, RollbackComputer, RollbackView, RollbackWay,
};
use coffer_engine::{ErrorCode, Unlock};
use serde_json::{Value, json};

/// Shows both states, or takes the decision.
pub fn rollback(scene: &Scene, wanted: &Rollback) -> Result<Exit, Failure> {
    scene.unlock_library()?;
    if !scene.is_own_place(&wanted.place)? {
        return Err(Failure::usage("this computer does not back up there, so it remembers nothing of it"));
    }
    match (wanted.keep_newer, wanted.it_is_right) {
        (true, _) => settle(scene, RollbackChoice::KeepNewer, scene.secrets.named()?),
        (false, true) => {
            let unlock = scene.secrets.named_or_asked(ErrorCode::NeedsUnlock)?;
            settle(scene, RollbackChoice::ItIsRight, Some(unlock))
        }
        (false, false) => show(scene),
    }
}

fn settle(scene: &Scene, choice: RollbackChoice, unlock: Option<Unlock>) -> Result<Exit, Failure> {
    let status = scene.engine.settle_rollback(choice, unlock)?;
    let BackupStatus { state, .. } = &status;
    scene.screen.result(&json!({ "rolled_back": false, "state": state }), || {
        let told = match choice {
            RollbackChoice::KeepNewer => "The ways to unlock that this computer holds are in the place.",
            RollbackChoice::ItIsRight => "What the place shows counts from now on.",
        };
        vec![
            told.to_owned(),
            "Run `coffer-cli backup` to store what is on this computer there again.".to_owned(),
        ]
    })?;
    Ok(Exit::Done)
}

fn show(scene: &Scene) -> Result<Exit, Failure> {
    if let Some(unlock) = scene.secrets.named()? {
        scene.engine.unlock(unlock)?;
    }
    let Some(view) = scene.engine.get_rollback()? else {
        let nothing = "The place shows everything this computer saw there.";
        scene.screen.result(&json!({ "rolled_back": false }), || vec![nothing.to_owned()])?;
        return Ok(Exit::Done);
    };
    scene.screen.result(&view_json(&view)?, || view_lines(&view, &scene.zone))?;
    Ok(Exit::Done)
}

fn view_json(view: &RollbackView) -> Result<Value, Failure> {
    let backup = |backup: &Option<RollbackBackup>| {
        backup.as_ref().map(|backup| json!({ "number": backup.number, "time": times::iso(backup.time) }))
    };
    let computer = |computer: &RollbackComputer| {
        json!({
            "machine": computer.machine,
            "own": computer.is_own,
            "seen": backup(&computer.seen),
            "shown": backup(&computer.shown),
            "lost": computer.lost,
        })
    };
    let way = |way: &RollbackWay| json!({ "kind": way_word(way.kind), "name": way.name, "added": times::iso(way.added) });
    let mut object = members(snake(view)?);
    object.insert("rolled_back".to_owned(), true.into());
    object.insert("seen".to_owned(), times::iso(view.seen));
    object.insert("computers".to_owned(), view.computers.iter().map(computer).collect());
    object.insert("ways_seen".to_owned(), view.ways_seen.iter().map(way).collect());
    object.insert("ways_shown".to_owned(), view.ways_shown.iter().map(way).collect());
    Ok(Value::Object(object))
}

fn view_lines(view: &RollbackView, zone: &str) -> Vec<String> {
    let mut lines = vec![match (view.memory_is_lost, view.seen) {
        (true, _) => {
            "What this computer remembered of the place is itself older than it should be.".to_owned()
        }
        (false, Some(seen)) => format!(
            "The place shows an older state than this computer saw there on {}.",
            times::people(Some(seen), zone)
        ),
        (false, None) => "The place shows an older state than this computer saw there.".to_owned(),
    }];
    lines.extend(view.computers.iter().map(|computer| computer_line(computer, zone)));
    if view.ways_are_older {
        lines.push(format!("  ways to unlock seen:  {}", ways_line(&view.ways_seen)));
        lines.push(format!("  ways to unlock shown: {}", ways_line(&view.ways_shown)));
    }
    lines.push(
        "--keep-newer puts back the ways this computer holds; the next backup stores its chats again."
            .to_owned(),
    );
    lines.push(
        "--it-is-right forgets what was seen; it asks for a way that opens the place as it is now."
            .to_owned(),
    );
    lines
}

fn computer_line(computer: &RollbackComputer, zone: &str) -> String {
    let backup = |backup: &Option<RollbackBackup>| match backup {
        None => "nothing".to_owned(),
        Some(RollbackBackup { number, time: None }) => format!("backup {number}"),
        Some(RollbackBackup { number, time }) => format!("backup {number} of {}", times::people(*time, zone)),
    };
    let name = computer.machine.as_deref().unwrap_or("a computer");
    format!("  {name}: seen {}, shown {}", backup(&computer.seen), backup(&computer.shown))
}

fn ways_line(ways: &[RollbackWay]) -> String {
    let name = |way: &RollbackWay| way.name.clone().filter(|name| !name.is_empty());
    let ways = ways.iter().map(|way| name(way).unwrap_or_else(|| way_word(way.kind).to_owned()));
    ways.collect::<Vec<_>>().join(", ")
}
