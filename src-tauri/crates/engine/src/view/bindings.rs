//! The views as TypeScript, in `ui/src/host/types`: written by this test, and stale files fail it.

use super::{
    AppView, BackupStatus, ChatRow, DayCount, DigitsView, ErrorView, FoundBackup, FoundSource, ImportPreview,
    ImportRequest, JobView, MediaItem, MessageRange, OpenedBackup, PasswordEstimate, PlaceView, PromptView,
    ProtectionView, RecoveryKeyView, RemovalReason, RestoreRequest, RollbackChoice, RollbackView, SearchPage,
    SearchQuery, WayTest,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use ts_rs::{Config, ExportError, TS};

/// Writes every type that crosses to the window, and all it is made of.
fn export_roots(to: &Config) -> Result<(), ExportError> {
    AppView::export_all(to)?;
    BackupStatus::export_all(to)?;
    ChatRow::export_all(to)?;
    DayCount::export_all(to)?;
    DigitsView::export_all(to)?;
    ErrorView::export_all(to)?;
    FoundBackup::export_all(to)?;
    FoundSource::export_all(to)?;
    ImportPreview::export_all(to)?;
    ImportRequest::export_all(to)?;
    JobView::export_all(to)?;
    MediaItem::export_all(to)?;
    MessageRange::export_all(to)?;
    OpenedBackup::export_all(to)?;
    PasswordEstimate::export_all(to)?;
    PlaceView::export_all(to)?;
    PromptView::export_all(to)?;
    ProtectionView::export_all(to)?;
    RecoveryKeyView::export_all(to)?;
    RemovalReason::export_all(to)?;
    RestoreRequest::export_all(to)?;
    RollbackChoice::export_all(to)?;
    RollbackView::export_all(to)?;
    SearchPage::export_all(to)?;
    SearchQuery::export_all(to)?;
    WayTest::export_all(to)
}

fn ui_types() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/host/types")
}

/// The `.ts` files of a folder by name; a folder that is not there has none.
fn read_types(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ts"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Brings the folder to what is wanted: writes what differs, removes what no view stands behind.
fn rewrite(folder: &Path, found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in wanted.iter().filter(|(name, text)| found.get(*name) != Some(text)) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
}

#[test]
fn export_bindings() {
    let made = tempfile::tempdir().unwrap();
    export_roots(&Config::new().with_large_int("number").with_out_dir(made.path())).unwrap();
    let wanted = read_types(made.path());

    let found = read_types(&ui_types());
    rewrite(&ui_types(), &found, &wanted);

    assert!(found == wanted, "ui/src/host/types was stale and is rewritten now: commit it and run again");
}

#[test]
fn every_view_is_exported() {
    let sources = [
        include_str!("../view.rs"),
        include_str!("backups.rs"),
        include_str!("found.rs"),
        include_str!("passkey.rs"),
        include_str!("rollback.rs"),
    ];
    let declared: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| {
            line.strip_prefix("    pub struct ").or_else(|| line.strip_prefix("    pub enum "))
        })
        .map(|rest| format!("{}.ts", rest.trim_end_matches(" {")))
        .collect();

    let made = tempfile::tempdir().unwrap();
    export_roots(&Config::new().with_large_int("number").with_out_dir(made.path())).unwrap();

    assert_eq!(read_types(made.path()).into_keys().collect::<BTreeSet<_>>(), declared);
}
