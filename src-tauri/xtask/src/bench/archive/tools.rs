//! The programs that are measured, each with its own words for the same steps.

use super::{Step, copy, quietly, remove};
use crate::shell::{self, Done};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A backup program over the corpus.
pub(super) trait Tool {
    /// `coffer`, `restic`, `borg`.
    fn name(&self) -> &'static str;
    /// Name and version.
    fn version(&self) -> &str;
    /// Where it keeps its backups.
    fn place(&self) -> PathBuf;
    /// Begins a round: an empty place, the chats of the first day.
    fn begin(&mut self) -> Done;
    /// What is measured.
    fn command(&self, step: Step) -> Command;
    /// The second day comes.
    fn next_day(&mut self) -> Done;
    /// What was restored is what was backed up.
    fn compare(&self) -> Done;
}

/// Ours.
pub(super) struct Coffer {
    folder: PathBuf,
    corpus: PathBuf,
    version: String,
}

impl Coffer {
    /// Imports the first day into a library that every round begins with.
    pub(super) fn prepare(folder: &Path, corpus: &Path) -> Done<Self> {
        let folder = folder.join("coffer");
        let ours = Self { corpus: corpus.to_owned(), version: "coffer".to_owned(), folder };
        remove(&ours.folder)?;
        fs::create_dir_all(&ours.folder).map_err(|e| e.to_string())?;
        fs::write(ours.folder.join("password"), "six quiet otters sing at dusk\n")
            .map_err(|e| e.to_string())?;
        ours.import("imported", "exports")?;
        Ok(ours)
    }

    fn program(&self, home: &str) -> Command {
        let mut command = Command::new(shell::target().join("release/coffer-cli"));
        command.args(["--json", "--quiet", "--home"]).arg(self.folder.join(home));
        command
    }

    fn unlocked(&self, home: &str, words: &[&str]) -> Command {
        let mut command = self.program(home);
        command.args(words).arg(self.place()).arg("--key-file").arg(self.folder.join("digits"));
        command
    }

    fn import(&self, home: &str, exports: &str) -> Done {
        let exports = self.corpus.join(exports);
        let mut command = self.program(home);
        command.arg("import").args(["--zone", "Europe/Lisbon", "--no-originals"]);
        let mut chats: Vec<PathBuf> = fs::read_dir(&exports)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|e| format!("{}: {e}", exports.display()))?;
        chats.sort();
        command.args(chats);
        quietly(command)
    }

    fn export(&self, home: &str) -> Done<PathBuf> {
        let out = self.folder.join(format!("{home}-export"));
        remove(&out)?;
        let mut command = self.program(home);
        command.args(["export", "--all", "--format", "json", "--out"]).arg(&out);
        quietly(command)?;
        Ok(out)
    }
}

impl Tool for Coffer {
    fn name(&self) -> &'static str {
        "coffer"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn place(&self) -> PathBuf {
        self.folder.join("place")
    }

    fn begin(&mut self) -> Done {
        for made in ["home", "restored", "place"] {
            remove(&self.folder.join(made))?;
        }
        fs::remove_file(self.folder.join("digits")).ok();
        copy(&self.folder.join("imported"), &self.folder.join("home"))?;
        fs::create_dir_all(self.place()).map_err(|e| e.to_string())?;
        let mut command = self.program("home");
        command.arg("protect").arg(self.place()).arg("--new-key-file").arg(self.folder.join("digits"));
        command.arg("--password-file").arg(self.folder.join("password"));
        quietly(command)
    }

    fn command(&self, step: Step) -> Command {
        match step {
            Step::First | Step::Unchanged | Step::DayTwo => self.unlocked("home", &["backup"]),
            Step::Unlock => self.unlocked("home", &["backups"]),
            Step::Check => self.unlocked("home", &["check", "--every-byte"]),
            Step::Restore => self.unlocked("restored", &["restore"]),
        }
    }

    fn next_day(&mut self) -> Done {
        self.import("home", "exports-2")
    }

    fn compare(&self) -> Done {
        same(&self.export("home")?, &self.export("restored")?)
    }
}

/// The plain twin a peer backs up, at the same path on both days.
struct Plain {
    folder: PathBuf,
    corpus: PathBuf,
}

impl Plain {
    fn at(folder: PathBuf, corpus: &Path) -> Self {
        Self { folder, corpus: corpus.to_owned() }
    }

    fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    fn begin(&self) -> Done {
        remove(&self.folder)?;
        fs::create_dir_all(self.folder.join("restored")).map_err(|e| e.to_string())?;
        copy(&self.corpus.join("plain"), &self.files())
    }

    fn next_day(&self) -> Done {
        copy(&self.corpus.join("plain-2/."), &self.files())
    }
}

/// restic, when it is installed.
pub(super) struct Restic {
    plain: Plain,
    version: String,
}

impl Restic {
    pub(super) fn find(folder: &Path, corpus: &Path) -> Done<Option<Self>> {
        let Some(said) = shell::answer(&["restic", "version"]) else {
            println!("restic is not installed: it is left out");
            return Ok(None);
        };
        let version = said.split(' ').take(2).collect::<Vec<_>>().join(" ");
        Ok(Some(Self { plain: Plain::at(folder.join("restic"), corpus), version }))
    }

    fn run(&self, words: &[&str]) -> Command {
        let mut command = Command::new("restic");
        command.arg("--repo").arg(self.place()).arg("--cache-dir").arg(self.plain.folder.join("cache"));
        command.env("RESTIC_PASSWORD", "six quiet otters sing at dusk").current_dir(&self.plain.folder);
        command.args(words);
        command
    }
}

impl Tool for Restic {
    fn name(&self) -> &'static str {
        "restic"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn place(&self) -> PathBuf {
        self.plain.folder.join("place")
    }

    fn begin(&mut self) -> Done {
        self.plain.begin()?;
        quietly(self.run(&["init"]))
    }

    fn command(&self, step: Step) -> Command {
        self.run(match step {
            Step::First | Step::Unchanged | Step::DayTwo => &["backup", "files"],
            Step::Unlock => &["snapshots"],
            Step::Check => &["check", "--read-data"],
            Step::Restore => &["restore", "latest", "--target", "restored"],
        })
    }

    fn next_day(&mut self) -> Done {
        self.plain.next_day()
    }

    fn compare(&self) -> Done {
        let restored = self.plain.folder.join("restored");
        // Either below the path it was backed up from, or straight in the folder, by version.
        let whole = restored.join(self.plain.files().strip_prefix("/").map_err(|e| e.to_string())?);
        let plain = restored.join("files");
        same(&self.plain.files(), if plain.exists() { &plain } else { &whole })
    }
}

/// borg, when it is installed; the newest is on PyPI.
pub(super) struct Borg {
    plain: Plain,
    program: String,
    version: String,
}

impl Borg {
    pub(super) fn find(folder: &Path, corpus: &Path) -> Done<Option<Self>> {
        let program = std::env::var("COFFER_BORG").unwrap_or_else(|_| "borg".to_owned());
        let Some(version) = shell::answer(&[&program, "--version"]) else {
            println!("borg is not installed: it is left out");
            return Ok(None);
        };
        Ok(Some(Self { plain: Plain::at(folder.join("borg"), corpus), program, version }))
    }

    fn run(&self, words: &[&str], then: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).args(then).current_dir(&self.plain.folder);
        command.env("BORG_PASSPHRASE", "six quiet otters sing at dusk");
        command.env("BORG_BASE_DIR", self.plain.folder.join("base"));
        command
    }
}

impl Tool for Borg {
    fn name(&self) -> &'static str {
        "borg"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn place(&self) -> PathBuf {
        self.plain.folder.join("place")
    }

    fn begin(&mut self) -> Done {
        self.plain.begin()?;
        quietly(self.run(&["init", "--encryption", "repokey-blake2"], &["place"]))
    }

    fn command(&self, step: Step) -> Command {
        match step {
            Step::First | Step::Unchanged | Step::DayTwo => {
                let archive = format!("place::{step:?}");
                self.run(&["create", "--compression", "lz4"], &[&archive, "files"])
            }
            Step::Unlock => self.run(&["list"], &["place"]),
            Step::Check => self.run(&["check", "--verify-data"], &["place"]),
            Step::Restore => {
                let mut command = self.run(&["extract"], &["../place::DayTwo"]);
                command.current_dir(self.plain.folder.join("restored"));
                command
            }
        }
    }

    fn next_day(&mut self) -> Done {
        self.plain.next_day()
    }

    fn compare(&self) -> Done {
        same(&self.plain.files(), &self.plain.folder.join("restored/files"))
    }
}

/// Two folders hold the same files with the same bytes.
fn same(left: &Path, right: &Path) -> Done {
    let mut command = Command::new("diff");
    command.arg("--recursive").arg("--brief").arg(left).arg(right);
    quietly(command)
}
