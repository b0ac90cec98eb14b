//! A scene with a smart card service and keys that are put into its reader.

use crate::scene::{Scene, text};
use coffer_virtual_key::{Inserted, KeySettings, SmartCardService, VirtualKey};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The PIN of every key here.
pub const PIN: &str = "otter-4711";

pub struct Rig {
    pub scene: Scene,
    service: SmartCardService,
}

impl Rig {
    /// A scene with an empty reader, chats that are imported, and files with the PIN and with a wrong one.
    pub fn new() -> Self {
        let scene = Scene::new();
        fs::write(scene.path("pin"), format!("{PIN}\n")).unwrap();
        fs::write(scene.path("wrong-pin"), "badger-1174\n").unwrap();
        scene.import_chats();
        let service = SmartCardService::start(&scene.path(".")).unwrap();
        Self { scene, service }
    }

    /// A rig whose home `old` is protected by a passkey on the key `blue`, which is in the reader, and by 64 digits.
    pub fn protected() -> (Self, Inserted) {
        let mut rig = Self::new();
        let blue = rig.insert(0, "blue");
        rig.scene
            .done("old", &["protect", "place", "--passkey", "--pin-file", "pin", "--new-key-file", "key"]);
        rig.scene.done("old", &["backup", "--key-file", "key"]);
        (rig, blue)
    }

    /// Puts a key into a slot. One that was there before remembers everything.
    pub fn insert(&mut self, slot: u16, name: &str) -> Inserted {
        let seed = name.bytes().map(u64::from).sum();
        let settings = KeySettings::new(self.scene.path(&format!("{name}.key")), seed);
        self.service.insert(slot, VirtualKey::power(&settings)).unwrap()
    }

    /// Starts a line and waits until it says something on stderr.
    pub fn start_until(&self, home: &str, line: &[&str], said: &str) -> Running {
        let mut command = self.scene.command(home, line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let mut heard: Vec<String> = Vec::new();
        while !heard.last().is_some_and(|line| line.contains(said)) {
            let line = lines.next().unwrap_or_else(|| panic!("it ended without “{said}”: {heard:?}"));
            heard.push(line.unwrap());
        }
        Running { child, lines: Box::new(lines) }
    }
}

/// Waits until the key asks for a touch.
pub fn waits_for_a_touch(key: &Inserted) {
    let begun = Instant::now();
    while !key.key().is_blinking() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the key was never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A line that runs.
pub struct Running {
    pub child: Child,
    lines: Box<dyn Iterator<Item = std::io::Result<String>>>,
}

impl Running {
    /// Waits for its end: the exit code, what it printed, and its last words on stderr.
    pub fn end(self) -> (i32, String, String) {
        let last = self.lines.map(Result::unwrap).last().unwrap_or_default();
        let Output { status, stdout, stderr: _ } = self.child.wait_with_output().unwrap();
        (status.code().unwrap_or(-1), text(&stdout), last)
    }
}

/// A line that runs on a terminal, with somebody at its keyboard.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: ChildStdout,
    shown: String,
}

impl Terminal {
    /// Starts a line on a terminal of its own (script(1), a part of util-linux).
    pub fn start(scene: &Scene, home: &str, line: &[&str]) -> Self {
        let program = scene.command(home, line);
        let words = [program.get_program()].into_iter().chain(program.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
        let mut terminal = Command::new("script");
        terminal.args(["--quiet", "--return", "--echo", "never", "--command", &words.join(" "), "/dev/null"]);
        terminal
            .current_dir(scene.path("."))
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = terminal.spawn().expect("script is installed (util-linux)");
        let keyboard = child.stdin.take().expect("stdin is piped");
        let screen = child.stdout.take().expect("stdout is piped");
        Self { child, keyboard, screen, shown: String::new() }
    }

    /// Waits until a text is shown that was not waited for before.
    pub fn sees(&mut self, wanted: &str) {
        let mut letter = [0; 256];
        while !self.shown.contains(wanted) {
            let read = self.screen.read(&mut letter).unwrap();
            assert!(read > 0, "it ended without “{wanted}”: {}", self.shown);
            self.shown.push_str(&text(&letter[..read]));
        }
        let end = self.shown.find(wanted).map_or(0, |at| at + wanted.len());
        self.shown.drain(..end);
    }

    /// Presses keys.
    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end: the exit code, and what was shown since.
    pub fn end(mut self) -> (i32, String) {
        self.screen.read_to_string(&mut self.shown).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), self.shown)
    }
}
