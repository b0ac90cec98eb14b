//! `cargo xtask test`: everything that must hold, in the order that fails fastest.

use crate::packages;
use crate::run::web_packages;
use crate::shell::{self, Done, NPM};
use crate::usb;
use std::path::PathBuf;

/// Whether the stories in a real window are told too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Under the display that is there, or a virtual one.
    Real,
    /// Not at all.
    None,
}

/// Runs format, lints, ui tests, Rust tests and the stories in a window.
pub fn test(window: Window) -> Done {
    let mut wanted = packages::BUILD.to_vec();
    wanted.extend(packages::TEST);
    wanted.extend(packages::USB);
    packages::install(&wanted)?;
    web_packages()?;
    let python = python()?;
    let mut tools = vec![("COFFER_PYTHON", python)];
    let mut features = "coffer/e2e".to_owned();
    if cfg!(target_os = "linux") {
        tools.push(("COFFER_GUEST_KERNEL", usb::kernel()?));
        features = format!("{features},{}", usb::FEATURE);
    }
    shell::run(&["cargo", "fmt", "--all", "--check"])?;
    for script in ["check", "test", "build"] {
        shell::run(&[NPM, "--prefix", "ui", "run", script])?;
    }
    if window == Window::Real {
        shell::run(&[NPM, "--prefix", "ui", "run", "drawn"])?;
    }
    // One build configuration for everything: `e2e` lets the window obey WebDriver, the other adds tests.
    let build = ["--workspace", "--features", &features];
    rust_tests(window, &build, &tools)?;
    shell::run(&[&["cargo", "clippy", "--all-targets"][..], &build, &["--", "-D", "warnings"]].concat())?;
    deny()
}

fn rust_tests(window: Window, build: &[&str], tools: &[(&str, PathBuf)]) -> Done {
    let has_nextest = shell::answer(&["cargo", "nextest", "--version"]).is_some();
    let mut line = if has_nextest { vec!["cargo", "nextest", "run"] } else { vec!["cargo", "test"] };
    line.extend(build);
    match (window, has_nextest) {
        (Window::Real, _) => {}
        (Window::None, true) => line.extend(["-E", "not binary(e2e)"]),
        (Window::None, false) => line.extend(["--", "--skip", "window"]),
    }
    let mut command = shell::program(&line);
    command.envs(tools.iter().cloned());
    shell::finish(command, &line.join(" "))
}

/// Pinned packages of the second reader of the archive, and of the second client of security keys.
const REQUIREMENTS: [&str; 2] = ["tests/reader/requirements.txt", "tests/passkey/requirements.txt"];

/// A Python of its own, for what is written anew in another language.
fn python() -> Done<PathBuf> {
    let venv = shell::target().join("reader-venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let read = |file| std::fs::read(shell::root().join(file)).map_err(|e| format!("{file}: {e}"));
    let wanted = [read(REQUIREMENTS[0])?, read(REQUIREMENTS[1])?].concat();
    let stamp = venv.join(".coffer-requirements");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == wanted) {
        return Ok(python);
    }
    let base = ["python3", "python"].into_iter().find(|name| shell::exists(name));
    let base = base.ok_or("python3 is not installed; the second reader of the archive needs it")?;
    shell::run(&[base, "-m", "venv", &venv.to_string_lossy()])?;
    let pip = [&python.to_string_lossy(), "-m", "pip", "install", "-q", "--disable-pip-version-check"];
    shell::run(&[&pip[..], &["-r", REQUIREMENTS[0], "-r", REQUIREMENTS[1]]].concat())?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(python)
}

/// Licences, sources and bans of all dependencies.
pub fn deny() -> Done {
    if shell::answer(&["cargo", "deny", "--version"]).is_none() {
        shell::run(&["cargo", "install", "cargo-deny", "--locked"])?;
    }
    shell::run(&["cargo", "deny", "--all-features", "check", "bans", "licenses", "sources"])
}
