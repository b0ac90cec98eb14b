//! The main story in the terminal, on the bundled sample chats: two homes are two computers.

use crate::shell::{self, Done, program};
use std::fs;
use std::path::{Path, PathBuf};

/// Builds `coffer-cli` and runs the story with it, saying what each step proved.
pub fn tell() -> Done {
    shell::run(&["cargo", "build", "--package", "coffer-cli"])?;
    let scene = Scene::new()?;
    let told = scene.tell();
    fs::remove_dir_all(&scene.folder).ok();
    told
}

/// A folder with two homes, a place and the secrets of the person in the story.
struct Scene {
    folder: PathBuf,
    cli: PathBuf,
}

impl Scene {
    fn new() -> Done<Self> {
        let folder = std::env::temp_dir().join(format!("coffer-story-{}", std::process::id()));
        fs::create_dir_all(folder.join("place")).map_err(|e| format!("{}: {e}", folder.display()))?;
        // A throw-away password for a throw-away backup.
        fs::write(folder.join("password"), "correct horse battery staple coffer\n")
            .map_err(|e| e.to_string())?;
        let cli =
            shell::target().join("debug").join(if cfg!(windows) { "coffer-cli.exe" } else { "coffer-cli" });
        Ok(Self { folder, cli })
    }

    fn tell(&self) -> Done {
        for sample in samples()? {
            self.step("old", "Adding chats", &["import", &text(&sample), "--zone", "Europe/Lisbon"])?;
        }
        let (place, password, digits) = (self.path("place"), self.path("password"), self.path("digits"));
        self.step(
            "old",
            "Setting a password and a 64-digit key",
            &["protect", &place, "--password-file", &password, "--new-key-file", &digits],
        )?;
        self.step("old", "Backing up", &["backup", &place, "--password-file", &password])?;
        self.step("old", "Checking every byte", &["check", &place, "--key-file", &digits, "--every-byte"])?;
        let (before, after) = (self.path("before"), self.path("after"));
        self.step(
            "old",
            "Writing the chats of this computer down",
            &["export", "--all", "--format", "json", "--out", &before],
        )?;
        println!("\nThe computer is lost. A new one, with nothing on it:");
        self.step("new", "Restoring with the 64-digit key", &["restore", &place, "--key-file", &digits])?;
        self.step(
            "new",
            "Writing the chats of the new computer down",
            &["export", "--all", "--format", "json", "--out", &after],
        )?;
        let files = compare(Path::new(&before), Path::new(&after))?;
        println!("\nProved: {files} files of exported chats are the same on both computers, byte for byte.");
        println!("Open the window on a computer with a display: cargo xtask run");
        Ok(())
    }

    fn step(&self, home: &str, words: &str, line: &[&str]) -> Done {
        println!("\n{words}");
        let mut command = program(&[&text(&self.cli), "--home", &self.path(home)]);
        command.args(line);
        shell::finish(command, &format!("coffer-cli {}", line.join(" ")))
    }

    fn path(&self, name: &str) -> String {
        text(&self.folder.join(name))
    }
}

/// The sample chats of the repository.
fn samples() -> Done<Vec<PathBuf>> {
    let folder = shell::root().join("src-tauri/samples");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir() || p.extension().is_some_and(|e| e == "zip"))
        .collect();
    found.sort();
    Ok(found)
}

/// Compares two folders file by file; the number of files, or the first difference.
fn compare(one: &Path, other: &Path) -> Done<usize> {
    let (left, right) = (listing(one)?, listing(other)?);
    if left != right {
        return Err(format!("the exports hold other files: {left:?} and {right:?}"));
    }
    for name in &left {
        let read = |base: &Path| fs::read(base.join(name)).map_err(|e| format!("{}: {e}", name.display()));
        if read(one)? != read(other)? {
            return Err(format!("{} differs between the two computers", name.display()));
        }
    }
    match left.len() {
        0 => Err("nothing was exported".to_owned()),
        files => Ok(files),
    }
}

fn listing(base: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![base.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(base).expect("it was found below the base").to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
