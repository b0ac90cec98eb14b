//! `cargo xtask bench archive`: backups beside restic and borg, over the same messages and media, in one run.
//!
//! The peers back up the plain twin of what our library holds: one SQLite file of all messages, and the media as files. Ours reads
//! both out of its encrypted library and restores into one. Unlocking (scrypt, PBKDF2, ours by the 64-digit key) is measured apart
//! and taken out of the small steps.

use super::measure::{Cost, measure, median};
use crate::shell::{self, Done};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod tools;

use tools::{Borg, Coffer, Restic, Tool};

/// Rounds when none are asked for; ARCHIVE.md wants five for a claim.
const ROUNDS: usize = 5;

/// What is measured, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    First,
    Unlock,
    Unchanged,
    DayTwo,
    Check,
    Restore,
}

impl Step {
    const ALL: [Self; 6] =
        [Self::First, Self::Unlock, Self::Unchanged, Self::DayTwo, Self::Check, Self::Restore];

    fn words(self) -> &'static str {
        match self {
            Self::First => "first backup",
            Self::Unlock => "unlock and list",
            Self::Unchanged => "nothing changed, net of unlock",
            Self::DayTwo => "day 2, net of unlock",
            Self::Check => "check every byte",
            Self::Restore => "restore everything",
        }
    }

    fn is_net(self) -> bool {
        matches!(self, Self::Unchanged | Self::DayTwo)
    }
}

/// What one program took over all rounds.
#[derive(Default)]
struct Figures {
    costs: BTreeMap<Step, Vec<Cost>>,
    /// Bytes in the place after the first backup, and how many the second day added.
    stored: u64,
    added: u64,
}

impl Figures {
    fn middle(&self, step: Step) -> Cost {
        let of = |step| median(self.costs.get(&step).map_or(&[][..], Vec::as_slice));
        if step.is_net() { of(step).net_of(of(Step::Unlock)) } else { of(step) }
    }
}

/// Makes the corpus once, then measures in rounds: `--rounds N`.
pub fn archive(arguments: &[&str]) -> Done {
    let rounds = match arguments {
        ["--rounds", number] => number.parse().map_err(|_| format!("{number} is no number of rounds"))?,
        _ => ROUNDS,
    };
    shell::run(&["cargo", "build", "--release", "--package", "coffer-cli"])?;
    let folder = shell::target().join("bench-archive");
    let corpus = corpus(&folder)?;
    let mut tools: Vec<Box<dyn Tool>> = vec![Box::new(Coffer::prepare(&folder, &corpus)?)];
    if let Some(restic) = Restic::find(&folder, &corpus)? {
        tools.push(Box::new(restic));
    }
    if let Some(borg) = Borg::find(&folder, &corpus)? {
        tools.push(Box::new(borg));
    }
    let mut figures: Vec<Figures> = tools.iter().map(|_| Figures::default()).collect();
    for round in 1..=rounds {
        for (tool, figures) in tools.iter_mut().zip(&mut figures) {
            one_round(tool.as_mut(), figures)?;
            println!("round {round} of {rounds}: {} done", tool.name());
        }
    }
    report(&tools, &figures, rounds);
    Ok(())
}

fn one_round(tool: &mut dyn Tool, figures: &mut Figures) -> Done {
    tool.begin()?;
    for step in Step::ALL {
        if step == Step::DayTwo {
            figures.stored = size_of(&tool.place())?;
            tool.next_day()?;
        }
        let cost = measure(tool.command(step))?;
        figures.costs.entry(step).or_default().push(cost);
        if step == Step::DayTwo {
            figures.added = size_of(&tool.place())?.saturating_sub(figures.stored);
        }
    }
    tool.compare()
}

/// The generated chats: made once, they depend on the seed alone.
fn corpus(folder: &Path) -> Done<PathBuf> {
    let corpus = folder.join("corpus");
    if !corpus.join("truth.json").exists() {
        let line = ["--package", "coffer-chats", "--features", "generate", "--bin", "coffer-generate"];
        shell::run(&[&["cargo", "build", "--release"][..], &line].concat())?;
        remove(&corpus)?;
        let generator = shell::target().join("release/coffer-generate").to_string_lossy().into_owned();
        shell::run(&[&generator, "archive", "--seed", "1", "--out", &corpus.to_string_lossy()])?;
    }
    Ok(corpus)
}

fn report(tools: &[Box<dyn Tool>], figures: &[Figures], rounds: usize) {
    println!("\nmedian of {rounds} interleaved rounds: wall, user time, peak memory");
    for step in Step::ALL {
        println!("{}", step.words());
        let ours = figures.first().map(|figures| figures.middle(step));
        for (tool, figures) in tools.iter().zip(figures) {
            let cost = figures.middle(step);
            let ratio = ours.filter(|_| tool.name() != "coffer").map(|ours| {
                format!(
                    "   ours is {:.2} of its wall, {:.2} of its user time",
                    ours.seconds / cost.seconds,
                    ours.user / cost.user
                )
            });
            println!(
                "  {:18} {:7.2} s {:7.2} s {:6.0} MB{}",
                tool.version(),
                cost.seconds,
                cost.user,
                cost.peak_mb,
                ratio.unwrap_or_default()
            );
        }
    }
    println!("bytes stored: after the first backup, added on day 2");
    for (tool, figures) in tools.iter().zip(figures) {
        println!("  {:18} {:>13} {:>12}", tool.version(), figures.stored, figures.added);
    }
}

/// Bytes of all files below a folder.
fn size_of(folder: &Path) -> Done<u64> {
    let mut sum = 0;
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| e.to_string())?;
        let about = entry.metadata().map_err(|e| e.to_string())?;
        sum += if about.is_dir() { size_of(&entry.path())? } else { about.len() };
    }
    Ok(sum)
}

/// Takes a folder away, if it is there.
pub(super) fn remove(folder: &Path) -> Done {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    Ok(())
}

/// Runs a step that is not measured, silently.
pub(super) fn quietly(mut command: Command) -> Done {
    let words = format!("{command:?}");
    let output = command.output().map_err(|e| format!("{words}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{words} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Copies a folder as it is, with its times.
pub(super) fn copy(from: &Path, to: &Path) -> Done {
    let mut command = Command::new("cp");
    command.arg("-a").arg(from).arg(to);
    quietly(command)
}
