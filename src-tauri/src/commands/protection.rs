//! The place, the ways to unlock, and setting them up.

use super::{Answer, Opened, Typed, TypedUnlock, ask};
use coffer_engine::view::{
    DigitsView, PasskeyKind, PasswordEstimate, PlaceView, ProtectionView, RecoveryKeyView, RemovalReason,
    WayTest,
};
use coffer_engine::{Confirmation, Paper};
use serde::Deserialize;
use std::path::PathBuf;
use tauri::State;

/// How the person shows that they hold the 64 digits, as it arrives from the window.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TypedConfirmation {
    /// The two groups that were asked for.
    Groups { first: Typed, second: Typed },
    /// All of them, pasted.
    Text { text: Typed },
    /// The sheet they saved.
    Sheet { path: PathBuf },
}

impl From<TypedConfirmation> for Confirmation {
    fn from(typed: TypedConfirmation) -> Self {
        match typed {
            TypedConfirmation::Groups { first, second } => Self::Groups(first.0, second.0),
            TypedConfirmation::Text { text } => Self::Text(text.0),
            TypedConfirmation::Sheet { path } => Self::Sheet(path),
        }
    }
}

/// Paper of a recovery sheet, as it arrives from the window.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedPaper {
    /// 210 x 297 mm.
    A4,
    /// 8.5 x 11 in.
    Letter,
}

impl From<TypedPaper> for Paper {
    fn from(typed: TypedPaper) -> Self {
        match typed {
            TypedPaper::A4 => Self::A4,
            TypedPaper::Letter => Self::Letter,
        }
    }
}

#[tauri::command]
pub async fn inspect_place(engine: State<'_, Opened>, path: PathBuf) -> Answer<PlaceView> {
    ask(engine, move |engine| engine.inspect_place(&path)).await
}

#[tauri::command]
pub async fn choose_place(
    engine: State<'_, Opened>,
    path: PathBuf,
    use_subfolder: bool,
) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.choose_place(&path, use_subfolder)).await
}

#[tauri::command]
pub async fn get_protection(engine: State<'_, Opened>) -> Answer<ProtectionView> {
    ask(engine, |engine| engine.get_protection()).await
}

#[tauri::command]
pub async fn estimate_password(engine: State<'_, Opened>, text: Typed) -> Answer<PasswordEstimate> {
    ask(engine, move |engine| Ok(engine.estimate_password(&text.0))).await
}

/// The words go to the window once, because the person has to read them.
#[tauri::command]
pub async fn suggest_password(engine: State<'_, Opened>) -> Answer<String> {
    ask(engine, |engine| Ok(engine.suggest_password().expose().to_owned())).await
}

#[tauri::command]
pub async fn add_password(engine: State<'_, Opened>, text: Typed) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.add_password(text.0)).await
}

#[tauri::command]
pub async fn prove_password(engine: State<'_, Opened>, text: Typed) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.prove_password(text.0)).await
}

#[tauri::command]
pub async fn make_recovery_key(engine: State<'_, Opened>) -> Answer<RecoveryKeyView> {
    ask(engine, |engine| engine.make_recovery_key()).await
}

#[tauri::command]
pub async fn inspect_digits(engine: State<'_, Opened>, text: Typed) -> Answer<DigitsView> {
    ask(engine, move |engine| Ok(engine.inspect_digits(&text.0))).await
}

#[tauri::command]
pub async fn save_recovery_sheet(engine: State<'_, Opened>, path: PathBuf, paper: TypedPaper) -> Answer<()> {
    ask(engine, move |engine| engine.save_recovery_sheet(&path, paper.into())).await
}

#[tauri::command]
pub async fn confirm_recovery_key(
    engine: State<'_, Opened>,
    confirmation: TypedConfirmation,
) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.confirm_recovery_key(confirmation.into())).await
}

#[tauri::command]
pub async fn abandon_setup(engine: State<'_, Opened>) -> Answer<ProtectionView> {
    ask(engine, |engine| engine.abandon_setup()).await
}

#[tauri::command]
pub async fn fresh_unlock(engine: State<'_, Opened>, unlock: TypedUnlock) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.fresh_unlock(unlock.into())).await
}

#[tauri::command]
pub async fn test_way(engine: State<'_, Opened>, unlock: TypedUnlock) -> Answer<WayTest> {
    ask(engine, move |engine| engine.test_way(unlock.into())).await
}

#[tauri::command]
pub async fn add_passkey(engine: State<'_, Opened>, kind: PasskeyKind) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.add_passkey(kind)).await
}

#[tauri::command]
pub async fn answer_prompt(engine: State<'_, Opened>, ceremony: u64, text: Typed) -> Answer<()> {
    ask(engine, move |engine| {
        engine.answer_prompt(ceremony, text.0);
        Ok(())
    })
    .await
}

#[tauri::command]
pub async fn cancel_ceremony(engine: State<'_, Opened>, ceremony: u64) -> Answer<()> {
    ask(engine, move |engine| {
        engine.cancel_ceremony(ceremony);
        Ok(())
    })
    .await
}

#[tauri::command]
pub async fn rename_way(engine: State<'_, Opened>, id: String, name: String) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.rename_way(&id, &name)).await
}

#[tauri::command]
pub async fn remove_way(
    engine: State<'_, Opened>,
    id: String,
    reason: RemovalReason,
    at_risk_acknowledged: bool,
) -> Answer<ProtectionView> {
    ask(engine, move |engine| engine.remove_way(&id, reason, at_risk_acknowledged)).await
}

#[tauri::command]
pub async fn turn_off_protection(engine: State<'_, Opened>) -> Answer<ProtectionView> {
    ask(engine, |engine| engine.turn_off_protection()).await
}
