//! Running programs: says what it runs, fails with the program's name.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A step that failed, in words for the terminal.
pub type Done<T = ()> = Result<T, String>;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("xtask lies in the workspace")
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program with its arguments, to be run in the workspace.
pub fn program(line: &[&str]) -> Command {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(root());
    command
}

/// Runs a program and shows what it prints.
pub fn run(line: &[&str]) -> Done {
    finish(program(line), &line.join(" "))
}

/// Runs a prepared program and shows what it prints.
pub fn finish(mut command: Command, words: &str) -> Done {
    println!("\x1b[1m> {words}\x1b[0m");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{words}` ended with {status}")),
        Err(e) => Err(format!("`{words}` did not start: {e}")),
    }
}

/// Runs a program silently and gives what it printed; `None` when it failed or is not installed.
pub fn answer(line: &[&str]) -> Option<String> {
    let output = program(line).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// True when a program can be started.
pub fn exists(name: &str) -> bool {
    program(&[name, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// npm's file name on this system.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
