//! `cargo xtask run`: from a fresh checkout to the open window.

use crate::packages;
use crate::shell::{self, Done, NPM};
use crate::story;

/// Installs what is missing, builds, and opens the window; without a display it tells the story in the terminal.
pub fn run(arguments: &[&str]) -> Done {
    let has_display = has_display();
    let mut wanted = packages::BUILD.to_vec();
    wanted.extend(packages::RUN);
    packages::install(&wanted)?;
    web_packages()?;
    if !has_display {
        println!("No display here, so no window: the same story in the terminal instead.");
        return story::tell();
    }
    let mut line = vec!["cargo", "run", "--package", "coffer", "--"];
    line.extend(arguments);
    shell::run(&line)
}

/// `npm ci`, only when the lock changed since the last time.
pub fn web_packages() -> Done {
    if !shell::exists(NPM) {
        return Err("npm is not installed; Coffer needs Node 20 or newer".to_owned());
    }
    let ui = shell::root().join("ui");
    let lock =
        std::fs::read(ui.join("package-lock.json")).map_err(|e| format!("ui/package-lock.json: {e}"))?;
    let stamp = ui.join("node_modules/.coffer-lock");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    shell::run(&[NPM, "--prefix", "ui", "ci", "--no-audit", "--no-fund"])?;
    std::fs::write(&stamp, lock).map_err(|e| format!("{}: {e}", stamp.display()))
}

fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|n| std::env::var_os(n).is_some_and(|v| !v.is_empty()))
}
