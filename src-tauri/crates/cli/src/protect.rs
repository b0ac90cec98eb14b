//! `protect`: the place, its first ways to unlock, each of them proved.

use crate::arguments::Protect;
use crate::failure::{Exit, Failure};
use crate::run::{self, Scene};
use crate::secrets::{read_secret, write_secret};
use coffer_engine::view::{PasskeyKind, ProtectionView};
use coffer_engine::{Confirmation, ErrorCode};
use coffer_secret::SecretString;
use serde_json::json;
use std::path::Path;

const STAND_IN: &str = "No keychain answers here, so a key that opens the chats of this home without asking lies in its folder \
keychain, for this user's eyes only. COFFER_KEYCHAIN=none keeps none.";

/// Makes the repository and its ways.
pub fn protect(scene: &Scene, wanted: &Protect) -> Result<Exit, Failure> {
    let password_file = scene.secrets.password_file();
    let passkeys = scene.secrets.passkeys();
    let ways = usize::from(password_file.is_some())
        + usize::from(wanted.new_key_file.is_some())
        + usize::from(passkeys);
    if ways == 0 {
        return Err(Failure::usage(
            "no way to unlock is named; give two of --passkey, --password-file and --new-key-file",
        ));
    }
    if ways == 1 && !wanted.acknowledge_one_way {
        return Err(Failure::usage(
            "one way to unlock is not enough: if it is lost, the backups stay closed for good; \
             give two of --passkey, --password-file and --new-key-file, or say --acknowledge-one-way",
        ));
    }
    if let Some(file) = &wanted.new_key_file {
        refuse_key_in_place(file, &wanted.place)?;
    }
    make_folder(scene, &wanted.place)?;
    let engine = &scene.engine;
    engine.choose_place(&wanted.place, false).map_err(|error| run::about(&error, &wanted.place))?;
    // Passkeys first: they are what most likely fails, and nothing is written before the first way.
    for _ in 0..passkeys {
        add_passkey(scene)?;
    }
    if let Some(file) = password_file {
        add_password(scene, file)?;
    }
    if let Some(file) = &wanted.new_key_file {
        add_key(scene, file)?;
    }
    if scene.has_stand_in {
        scene.screen.remark(STAND_IN);
    }
    print(scene, &engine.get_protection()?)
}

/// A new place may be named before it exists; its parent may not, so that an unplugged drive is noticed.
fn make_folder(scene: &Scene, place: &Path) -> Result<(), Failure> {
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if place.exists() || !parent.is_dir() {
        return Ok(());
    }
    std::fs::create_dir(place).map_err(|error| Failure::of_file("the folder", place, &error))?;
    scene.screen.remark(&format!("Made the folder {}", place.display()));
    Ok(())
}

/// A key kept inside the backup it opens protects nothing.
fn refuse_key_in_place(file: &Path, place: &Path) -> Result<(), Failure> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (real(parent), real(place)) {
        (Some(parent), Some(place)) if parent.starts_with(&place) => {
            Err(Failure::of(ErrorCode::SheetInBackup, None, Some(&file.display().to_string())))
        }
        _ => Ok(()),
    }
}

/// Adds the password in a file and proves it by reading the file anew, as a person types twice.
pub fn add_password(scene: &Scene, file: &Path) -> Result<(), Failure> {
    scene.engine.add_password(read_secret(file)?)?;
    scene.engine.prove_password(read_secret(file)?)?;
    Ok(())
}

/// Makes a passkey, by touching a security key twice: once to make it, once to prove it.
pub fn add_passkey(scene: &Scene) -> Result<(), Failure> {
    let kinds = scene.engine.app()?.passkey_kinds;
    let best = kinds.iter().find(|kind| **kind == PasskeyKind::SecurityKey).or(kinds.first());
    scene.engine.add_passkey(best.copied().unwrap_or(PasskeyKind::SecurityKey))?;
    Ok(())
}

/// Makes a 64-digit key, writes it to a new file, and proves it by reading that file back.
pub fn add_key(scene: &Scene, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        let error = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(Failure::of_file("the new key file", file, &error));
    }
    let key = scene.engine.make_recovery_key()?;
    let rows: Vec<String> = key.groups.chunks(2).map(|row| row.join(" ")).collect();
    let digits = SecretString::new(rows.join("\n"));
    let kept = write_secret(file, &digits).and_then(|()| read_secret(file));
    let proved =
        kept.and_then(|text| Ok(scene.engine.confirm_recovery_key(Confirmation::Text(text)).map(drop)?));
    if proved.is_err() {
        // The key is not kept anywhere, so it must not become a way; the first failure is the one to tell.
        scene.engine.abandon_setup().ok();
    }
    proved
}

/// Prints what protects now.
pub fn print(scene: &Scene, protection: &ProtectionView) -> Result<Exit, Failure> {
    let told = json!({
        "state": protection.state,
        "repository": protection.backup_id,
        "place": protection.place,
        "ways": protection.ways.len(),
        "ways_elsewhere": protection.ways_elsewhere,
    });
    scene.screen.result(&told, || {
        let ways = protection.ways.len();
        let state = match protection.state.as_str() {
            "protected" => format!(
                "Protected: {ways} ways to unlock, {} work on any computer",
                protection.ways_elsewhere
            ),
            "at_risk" => format!("At risk: {ways} way to unlock; add another with `coffer-cli ways add`"),
            _ => "Off".to_owned(),
        };
        vec![state]
    })?;
    Ok(Exit::Done)
}
