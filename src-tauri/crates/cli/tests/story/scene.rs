//! A folder with homes, a place, secrets and chat files; and the real `coffer-cli` run on them.

use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

pub const PASSWORD: &str = "correct horse battery staple coffer";

/// One line of a script on a file system of its own.
pub struct Step(String);

impl Step {
    /// A line of `coffer-cli` on one of the scene's homes; its words hold no space.
    pub fn coffer(home: &str, line: &[&str]) -> Self {
        let line = line.join(" ");
        Self(format!("\"$COFFER\" --json --home {home} {line} >answer; echo \"$? $(tail -n 1 answer)\""))
    }

    /// Any other command, which must succeed.
    pub fn shell(line: &str) -> Self {
        Self(line.to_owned())
    }
}

pub struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    /// An empty scene: no home, an empty place, a password file.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("place")).unwrap();
        fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        fs::write(folder.path().join("wrong"), "another secret that opens nothing\n").unwrap();
        Self { folder }
    }

    /// A scene whose home `old` holds two chats with media.
    pub fn with_chats() -> Self {
        let scene = Self::new();
        scene.import_chats();
        scene
    }

    /// The same, protected by a password and a key, with no backup yet.
    pub fn protected() -> Self {
        let scene = Self::with_chats();
        scene.done("old", &["protect", "place", "--password-file", "password", "--new-key-file", "key"]);
        scene
    }

    /// Two chats with media in the home `old`.
    pub fn import_chats(&self) {
        self.write_chats();
        let files = ["import", "anna.zip", "club/result.json", "--zone", "Europe/Lisbon", "--me", "Sam"];
        self.done("old", &files);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `coffer-cli` in this scene's folder, on one of its homes.
    pub fn command(&self, home: &str, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer-cli"));
        command.args(["--json", "--home", home]).args(line);
        self.dressed(command)
    }

    /// A command in this scene's folder, with nothing around it that this computer has.
    fn dressed(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path());
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env("TZ", "Europe/Lisbon").stdin(Stdio::null());
        for name in ["COFFER_HOME", "COFFER_PASSWORD_FILE", "COFFER_KEY_FILE", "COFFER_KEYCHAIN"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs to the end and looks that no secret is said.
    pub fn run(&self, home: &str, line: &[&str]) -> Output {
        let output = self.command(home, line).output().unwrap();
        self.keeps_secrets(&output);
        output
    }

    /// Runs a line that must succeed; its JSON lines.
    pub fn done(&self, home: &str, line: &[&str]) -> Vec<Value> {
        let output = self.run(home, line);
        assert_eq!(output.status.code(), Some(0), "{line:?}: {}", text(&output.stderr));
        json_lines(&output)
    }

    /// Runs a line that must fail: its exit code, the code in its JSON, and the sentence.
    pub fn fails(&self, home: &str, line: &[&str]) -> (i32, String, String) {
        let output = self.run(home, line);
        let told = json_lines(&output).pop().unwrap_or_default();
        let word = |name: &str| told["error"][name].as_str().unwrap_or_default().to_owned();
        let stderr = text(&output.stderr);
        let last = stderr.lines().last().unwrap_or_default();
        assert_eq!(last, format!("coffer-cli: {}", word("message")), "one line on stderr says it");
        (output.status.code().unwrap_or(-1), word("code"), word("message"))
    }

    /// Runs a line that ends in whatever way: its exit code and the last JSON line.
    pub fn ends(&self, home: &str, line: &[&str]) -> (i32, Value) {
        let output = self.run(home, line);
        (output.status.code().unwrap_or(-1), json_lines(&output).pop().unwrap_or_default())
    }

    /// Starts a line and lets it run.
    pub fn start(&self, home: &str, line: &[&str]) -> Child {
        self.command(home, line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn keeps_secrets(&self, output: &Output) {
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains(PASSWORD), "the password is in the output");
        let pin = fs::read_to_string(self.path("pin")).unwrap_or_default();
        assert!(pin.is_empty() || !said.contains(pin.trim_end()), "the PIN is in the output");
        let key = fs::read_to_string(self.path("key")).unwrap_or_default();
        let rows: Vec<_> = key.lines().filter(|row| said.contains(*row)).collect();
        assert!(rows.is_empty(), "a row of the key is in the output");
        assert!(!said.contains("panicked") && !said.contains("internal error"), "{said}");
    }

    /// A WhatsApp export with a photo and a Telegram chat with one.
    fn write_chats(&self) {
        let chat = "[20/11/2026, 13:58:01] Anna Reyes: Did you keep the photos?\n\
            [20/11/2026, 14:00:12] Sam: All of them.\n\
            [20/11/2026, 14:01:00] Anna Reyes: \u{200e}<attached: 00000003-PHOTO-2026-11-20-14-01-00.jpg>\n\
            [21/11/2026, 09:15:44] Sam: See you at the old lighthouse.\nBring the blue umbrella\n";
        let photo = picture(1, 5_000);
        self.write_zip("anna.zip", chat, &[("00000003-PHOTO-2026-11-20-14-01-00.jpg", &photo)]);
        fs::create_dir_all(self.path("club/photos")).unwrap();
        fs::write(self.path("club/photos/photo_1.jpg"), picture(2, 3_000)).unwrap();
        fs::write(self.path("club/result.json"), CLUB).unwrap();
    }

    /// A WhatsApp export of many megabytes, so that a backup of it can be stopped midway.
    pub fn write_large_chat(&self) {
        self.write_photos(96, 1_000_000);
    }

    /// A WhatsApp export, `large.zip`, of one line of text and so many photos of this size.
    pub fn write_photos(&self, count: u8, size: usize) {
        let names: Vec<String> =
            (0..count).map(|n| format!("{n:08}-PHOTO-2026-11-22-10-00-00.jpg")).collect();
        let line = |(n, name): (usize, &String)| {
            format!("[22/11/2026, 10:{:02}:{:02}] Anna Reyes: \u{200e}<attached: {name}>\n", n / 60, n % 60)
        };
        let photos_sent: String = names.iter().enumerate().map(line).collect();
        let chat = format!("[22/11/2026, 09:59:00] Sam: Please send them all.\n{photos_sent}");
        let photos: Vec<Vec<u8>> = (0..count).map(|seed| picture(seed, size)).collect();
        let files: Vec<(&str, &[u8])> =
            names.iter().map(String::as_str).zip(photos.iter().map(Vec::as_slice)).collect();
        self.write_zip("large.zip", &chat, &files);
    }

    fn write_zip(&self, name: &str, chat: &str, files: &[(&str, &[u8])]) {
        let mut zip = zip::ZipWriter::new(File::create(self.path(name)).unwrap());
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, bytes) in files.iter().copied().chain([("_chat.txt", chat.as_bytes())]) {
            zip.start_file(name, stored).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    /// All files below a folder of the scene with their content.
    pub fn files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let base = self.path(name);
        let mut found = Vec::new();
        let mut open = vec![base.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push((path.strip_prefix(&base).unwrap().to_owned(), fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    /// Makes a folder hold exactly these files.
    pub fn puts_back(&self, name: &str, files: &[(PathBuf, Vec<u8>)]) {
        let folder = self.path(name);
        fs::remove_dir_all(&folder).unwrap();
        for (path, bytes) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// Flips one bit of the first pack; its name.
    pub fn flips_a_byte_of_a_pack(&self, at: usize) -> String {
        self.changes_a_pack(|bytes| bytes[at] ^= 1)
    }

    /// Leaves nothing of the first pack but its name, as a synchroniser does that has just begun.
    pub fn empties_a_pack(&self) -> String {
        self.changes_a_pack(Vec::clear)
    }

    fn changes_a_pack(&self, change: impl FnOnce(&mut Vec<u8>)) -> String {
        let (pack, mut bytes) =
            self.files("place").into_iter().find(|(path, _)| path.starts_with("packs")).unwrap();
        change(&mut bytes);
        fs::write(self.path("place").join(&pack), bytes).unwrap();
        pack.to_str().unwrap().to_owned()
    }

    /// Bytes of all files below a folder of the scene; those of files that come and go do not matter.
    pub fn bytes_in(&self, name: &str) -> u64 {
        bytes_below(&self.path(name))
    }

    /// Starts a line and kills it with SIGKILL as soon as a folder holds so many bytes. False when it had ended before.
    pub fn kills_at(&self, home: &str, line: &[&str], folder: &str, bytes: u64) -> bool {
        let mut child = self.start(home, line);
        let is_running = loop {
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            if self.bytes_in(folder) >= bytes {
                break true;
            }
            std::thread::yield_now();
        };
        child.kill().unwrap();
        let ended = child.wait_with_output().unwrap();
        self.keeps_secrets(&ended);
        is_running && ended.status.code().is_none()
    }

    /// Runs steps with a file system of its own mounted on a folder of the scene; the outcome of each `coffer-cli` step.
    /// `None`, with the reason printed, where this user may not mount one even in a name space of their own.
    pub fn in_a_file_system(&self, folder: &str, options: &str, steps: &[Step]) -> Option<Vec<(i32, Value)>> {
        fs::create_dir_all(self.path(folder)).unwrap();
        let mut script = format!("mount -t tmpfs -o {options} tmpfs {folder} || exit 77\n");
        for Step(line) in steps {
            script += &format!("{line} || exit 78\n");
        }
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
        let output = self.dressed(command).env("COFFER", env!("CARGO_BIN_EXE_coffer-cli")).output().ok()?;
        self.keeps_secrets(&output);
        let is_mounted = !matches!(output.status.code(), Some(1 | 77 | 127)) || !output.stdout.is_empty();
        if !is_mounted {
            say("skipped: this user may not mount a file system");
            return None;
        }
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let step = |line: &str| {
            let (exit, told) = line.split_once(' ').unwrap();
            (exit.parse().unwrap(), serde_json::from_str(told).unwrap_or_default())
        };
        Some(text(&output.stdout).lines().map(step).collect())
    }

    /// Waits until a backup under way has put a pack into the place.
    pub fn waits_for_a_pack(&self, backup: &mut Child) {
        let begun = Instant::now();
        let packs = |path: &Path| fs::read_dir(path).is_ok_and(|folders| folders.count() > 0);
        while !packs(&self.path("place/packs")) {
            assert!(backup.try_wait().unwrap().is_none(), "the backup ended before it could be stopped");
            assert!(begun.elapsed() < Duration::from_secs(60), "no pack came");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

const CLUB: &str = r#"{"name": "Book club", "type": "private_group", "id": 77, "messages": [
 {"id": 1, "type": "message", "date": "2026-11-19T20:00:00", "date_unixtime": "1795118400", "from": "Mira", "from_id": "user1",
  "text": "Shall we read Middlemarch?", "text_entities": [{"type": "plain", "text": "Shall we read Middlemarch?"}]},
 {"id": 2, "type": "message", "date": "2026-11-19T20:01:00", "date_unixtime": "1795118460", "from": "Sam", "from_id": "user2",
  "reply_to_message_id": 1, "photo": "photos/photo_1.jpg", "width": 40, "height": 40, "text": "", "text_entities": []}]}"#;

/// Bytes of all files below a folder, as far as they stay to be counted.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => bytes_below(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// Bytes that begin as a JPEG does and do not compress.
fn picture(seed: u8, size: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0];
    let mut random = vec![0; size];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut random);
    bytes.append(&mut random);
    bytes
}

pub fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
