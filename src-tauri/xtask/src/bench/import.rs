//! `cargo xtask bench import`: our import beside whatsapp-chat-parser's parse of the same file, in one run.
//!
//! Ours does more: it decrypts nothing but writes every message into the encrypted, searchable library.
//! Figures are ratios inside one run; rounds are interleaved, medians are printed.

use super::measure::{Cost, measure, median};
use crate::shell::{self, Done, NPM, program};
use std::path::{Path, PathBuf};
use std::process::Command;

const MESSAGES: &str = "1000000";
const ROUNDS: usize = 3;

/// Generates the chat once, then runs both programs in turn.
pub fn import() -> Done {
    shell::run(&["cargo", "build", "--release", "--package", "coffer-cli"])?;
    let generate = ["--package", "coffer-chats", "--features", "generate", "--bin", "coffer-generate"];
    shell::run(&[&["cargo", "build", "--release"][..], &generate].concat())?;
    shell::run(&[NPM, "--prefix", "tests/bench", "ci", "--no-audit", "--no-fund"])?;
    let folder = shell::target().join("bench-import");
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let file = chat(&folder)?;
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        ours.push(import_once(&folder, &file)?);
        let mut node = program(&["node", "--max-old-space-size=8192", "tests/bench/parse.mjs"]);
        node.arg(&file);
        peer.push(measure(node)?);
        println!(
            "round {round}: ours {}, whatsapp-chat-parser {}",
            ours[round - 1].show(),
            peer[round - 1].show()
        );
    }
    report(&file, median(&ours), median(&peer))
}

/// The generated export: made once, it depends on the seed alone.
fn chat(folder: &Path) -> Done<PathBuf> {
    let file = folder.join("WhatsApp Chat with Everyone.txt");
    if !file.exists() {
        let generator = shell::target().join("release/coffer-generate").to_string_lossy().into_owned();
        let out = file.to_string_lossy().into_owned();
        shell::run(&[&generator, "whatsapp-text", "--messages", MESSAGES, "--seed", "1", "--out", &out])?;
    }
    Ok(file)
}

/// Imports into an empty home.
fn import_once(folder: &Path, file: &Path) -> Done<Cost> {
    let home = folder.join("home");
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(|e| e.to_string())?;
    }
    let mut command = Command::new(shell::target().join("release/coffer-cli"));
    command.arg("--home").arg(&home).args(["--json", "--quiet", "import"]).arg(file);
    command.args(["--zone", "Europe/Lisbon", "--no-originals"]);
    measure(command)
}

fn report(file: &Path, ours: Cost, peer: Cost) -> Done {
    let bytes = std::fs::metadata(file).map_err(|e| e.to_string())?.len();
    println!("\n{MESSAGES} messages, {bytes} bytes, median of {ROUNDS} interleaved rounds");
    println!("coffer import into the searchable library  {}", ours.show());
    println!("whatsapp-chat-parser 4.0.2, parse only     {}", peer.show());
    println!(
        "ratio                                      {:.2} of its time, {:.2} of its processor, {:.2} of its memory",
        ours.seconds / peer.seconds,
        ours.processor / peer.processor,
        ours.peak_mb / peer.peak_mb
    );
    Ok(())
}
