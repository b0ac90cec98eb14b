//! The real keychain code against a real Secret Service, on a bus of its own.

#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test: it may stop, and says when it is skipped"
)]

use coffer_desktop::SystemKeychain;
use coffer_engine::ports::Keychain;
use coffer_secret::SecretString;
use std::path::Path;
use std::process::{Command, Stdio};

const INNER: &str = "COFFER_TEST_INSIDE_A_BUS";

const UNLOCKED: &str = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && ";
const NO_BUS: &str = "export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent && ";

/// Runs one ignored test of this file inside its own session bus, in a fresh home.
fn run_on_a_bus(test: &str, start: &str) -> bool {
    let home = tempfile::tempdir().unwrap();
    let me = std::env::current_exe().unwrap();
    let script = format!("{start}exec '{}' --exact {test} --ignored --nocapture", me.display());
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env(INNER, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed")
}

fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths).any(|folder| Path::new(&folder).join(program).is_file())
    })
}

fn can_run() -> bool {
    let is_here = has("dbus-run-session") && has("gnome-keyring-daemon");
    if !is_here {
        eprintln!(
            "skipped: needs dbus-run-session and gnome-keyring-daemon (packages dbus and gnome-keyring)"
        );
    }
    is_here
}

#[test]
fn a_secret_comes_back_and_goes_for_good() {
    assert!(!can_run() || run_on_a_bus("inner_round_trip", UNLOCKED));
}

#[test]
fn a_secret_service_that_keeps_nothing_is_not_available() {
    assert!(!can_run() || run_on_a_bus("inner_nothing_is_kept", ""));
}

#[test]
fn a_computer_without_a_bus_says_so() {
    assert!(!can_run() || run_on_a_bus("inner_nothing_is_kept", NO_BUS));
}

#[test]
#[ignore = "run by a_secret_comes_back_and_goes_for_good on its own bus"]
fn inner_round_trip() {
    assert!(std::env::var_os(INNER).is_some(), "must not touch the person's own keychain");
    let keychain = SystemKeychain::default();
    assert!(keychain.is_available());
    assert!(keychain.get("a").unwrap().is_none());

    keychain.set("a", &SecretString::new("00ff".to_owned())).unwrap();
    keychain.set("a", &SecretString::new("11ee".to_owned())).unwrap();
    keychain.set("b", &SecretString::new("22dd".to_owned())).unwrap();

    let other = SystemKeychain::default();
    assert_eq!(other.get("a").unwrap().unwrap().expose(), "11ee");
    other.delete("a").unwrap();
    other.delete("a").unwrap();
    assert!(keychain.get("a").unwrap().is_none());
    assert_eq!(keychain.get("b").unwrap().unwrap().expose(), "22dd");
}

#[test]
#[ignore = "run by the tests above on its own bus"]
fn inner_nothing_is_kept() {
    assert!(std::env::var_os(INNER).is_some(), "must not touch the person's own keychain");
    let keychain = SystemKeychain::default();

    assert!(!keychain.is_available());
    assert!(keychain.set("a", &SecretString::new("00ff".to_owned())).is_err());
}
