//! The import table of LAYOUT: no crate and no screen reaches for a floor it may not use,
//! and nothing under a copyleft licence is linked.
#![expect(clippy::unwrap_used, reason = "a test that reads our own sources may stop at the first surprise")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our crates each of our crates may import.
const FLOORS: &[(&str, &[&str])] = &[
    ("coffer-secret", &[]),
    ("coffer-keys", &["coffer-secret"]),
    ("coffer-chats", &["coffer-secret"]),
    ("coffer-archive", &["coffer-keys", "coffer-secret"]),
    // The virtual key only behind a feature that nothing shipped turns on.
    ("coffer-passkey", &["coffer-secret", "coffer-virtual-key"]),
    ("coffer-destinations", &["coffer-archive"]),
    ("coffer-virtual-key", &[]),
    (
        "coffer-engine",
        &[
            "coffer-secret",
            "coffer-keys",
            "coffer-chats",
            "coffer-archive",
            "coffer-destinations",
            "coffer-passkey",
        ],
    ),
    ("coffer-desktop", &["coffer-engine", "coffer-passkey", "coffer-secret"]),
    ("coffer-cli", &["coffer-engine", "coffer-desktop", "coffer-secret"]),
    ("coffer", &["coffer-engine", "coffer-desktop", "coffer-secret"]),
    ("xtask", &[]),
];

/// Libraries that only the named crates may use directly.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tauri", &["coffer"]),
    ("rfd", &["coffer"]),
    ("keyring", &["coffer-desktop"]),
    ("directories", &["coffer-desktop"]),
    ("getrandom", &["coffer-desktop"]),
    ("tokio", &["coffer-passkey", "coffer-engine", "coffer-desktop", "coffer-cli", "coffer"]),
    ("webauthn-authenticator-rs", &["coffer-passkey"]),
    ("windows", &["coffer-passkey"]),
    ("aes-gcm", &["coffer-keys", "coffer-archive", "coffer-chats"]),
    ("ctr", &["coffer-chats"]),
    ("ghash", &["coffer-chats"]),
    ("md-5", &["coffer-chats"]),
    ("argon2", &["coffer-keys"]),
    ("hkdf", &["coffer-keys", "coffer-passkey"]),
    ("p256", &["coffer-passkey"]),
    ("pcsc", &["coffer-passkey", "coffer-virtual-key"]),
    ("rusqlite", &["coffer-chats"]),
    ("zip", &["coffer-chats"]),
    ("clap", &["coffer-cli"]),
];

/// Packages whose licence words are unusual but were read and found permissive, by name.
const LICENCE_READ: &[&str] = &["libsqlite3-sys", "sqlcipher-src"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().unwrap()
}

/// Direct dependencies of a package, tests left out: tests may reach further.
fn imports(package: &Package) -> BTreeSet<String> {
    let kept = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
    kept.map(|d| d.name.to_string()).collect()
}

#[test]
fn every_crate_stands_in_the_table() {
    let metadata = metadata();

    let found: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();

    let known: BTreeSet<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, known, "a new crate needs a line in FLOORS and in LAYOUT");
}

#[test]
fn no_crate_imports_upward_or_sideways() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = FLOORS.iter().copied().collect();

    let broken: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|p| imports(p).into_iter().map(|d| (p.name.to_string(), d)).collect::<Vec<_>>())
        .filter(|(_, d)| allowed.contains_key(d.as_str()))
        .filter(|(p, d)| !allowed[p.as_str()].contains(&d.as_str()))
        .map(|(p, d)| format!("{p} imports {d}"))
        .collect();

    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn libraries_stay_on_their_floor() {
    let metadata = metadata();

    let broken: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|p| {
            let used = imports(p);
            ONLY_IN
                .iter()
                .filter(move |(library, homes)| used.contains(*library) && !homes.contains(&p.name.as_str()))
                .map(|(library, _)| format!("{} uses {library}", p.name))
                .collect::<Vec<_>>()
        })
        .collect();

    assert!(broken.is_empty(), "{broken:?}");
}

/// True when one of the licence's alternatives is free of copyleft.
fn is_permissive(licence: &str) -> bool {
    let copyleft = |part: &str| part.contains("GPL") || part.contains("SSPL") || part.contains("EUPL");
    licence.split(" OR ").any(|part| !copyleft(part))
}

#[test]
fn nothing_copyleft_is_linked() {
    let metadata = metadata();

    let broken: Vec<String> = metadata
        .packages
        .iter()
        .filter(|p| !LICENCE_READ.contains(&p.name.as_str()))
        .filter(|p| !p.license.as_deref().map(|l| l.replace('/', " OR ")).is_some_and(|l| is_permissive(&l)))
        .map(|p| format!("{} {}: {:?}", p.name, p.version, p.license))
        .collect();

    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_licence_rule_refuses_what_it_should() {
    assert!(!is_permissive("GPL-3.0-only"));
    assert!(!is_permissive("AGPL-3.0 AND MIT"));
    assert!(is_permissive("MIT OR GPL-2.0"));
    assert!(is_permissive("Apache-2.0"));
}

/// Files below `folder` with one of the endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e)) {
            found.push(path);
        }
    }
    found
}

/// What the ui files below `folder` import, as (file, module).
fn ui_imports(folder: &str) -> Vec<(PathBuf, String)> {
    files(&root().join("ui/src").join(folder), &["ts", "svelte"])
        .into_iter()
        .flat_map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let found: Vec<_> = text
                .lines()
                .filter(|line| line.contains(" from ") || line.trim_start().starts_with("import "))
                .filter_map(|line| line.rsplit(['"', '\'']).nth(1).map(str::to_owned))
                .map(|module| (file.clone(), module))
                .collect();
            found
        })
        .collect()
}

#[test]
fn only_one_ui_file_talks_to_tauri() {
    let users: BTreeSet<PathBuf> = ui_imports("")
        .into_iter()
        .filter(|(_, module)| module.starts_with("@tauri-apps/"))
        .map(|(file, _)| file)
        .collect();

    let expected = BTreeSet::from([root().join("ui/src/host/tauri.ts")]);
    assert_eq!(users, expected);
}

#[test]
fn components_know_no_state_no_host_and_no_words() {
    let broken: Vec<_> = ui_imports("components")
        .into_iter()
        .filter(|(_, m)| ["/state", "/host", "/i18n", "/screens"].iter().any(|bad| m.contains(bad)))
        .collect();

    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn state_imports_no_screen_and_no_component() {
    let broken: Vec<_> = ui_imports("state")
        .into_iter()
        .filter(|(_, m)| m.contains("/screens") || m.contains("/components"))
        .collect();

    assert!(broken.is_empty(), "{broken:?}");
}

/// Lines of the body of each `#[tauri::command]` function of a file, with its name.
fn command_bodies(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.trim_start().starts_with("#[tauri::command") {
            continue;
        }
        let mut name = String::new();
        for line in lines.by_ref() {
            if let Some(rest) = line.split("fn ").nth(1).filter(|_| name.is_empty()) {
                name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
            }
            if line.trim_end().ends_with('{') {
                break;
            }
        }
        let body = lines.by_ref().take_while(|line| *line != "}").filter(|l| !l.trim().is_empty()).count();
        found.push((name, body));
    }
    found
}

#[test]
fn a_command_is_at_most_five_lines() {
    let files = files(&root().join("src-tauri/src"), &["rs"]);

    let bodies: Vec<_> = files.iter().flat_map(|f| command_bodies(&fs::read_to_string(f).unwrap())).collect();

    let long: Vec<_> = bodies.iter().filter(|(_, lines)| *lines > 5).collect();
    assert!(!bodies.is_empty(), "no command was found: this test looks in the wrong place");
    assert!(long.is_empty(), "{long:?}");
}
