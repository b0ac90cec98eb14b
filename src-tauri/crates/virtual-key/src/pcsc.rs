//! A smart card service of a test's own, with a virtual reader of two slots, in namespaces of its own.

use crate::card::Slot;
use crate::{Inserted, VirtualKey};
use pcsc::{Context, ReaderState, Scope, State};
use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// vpcd's first port; the second slot has the next one (vpcd's manual).
const FIRST_PORT: u16 = 35_963;
/// Where Debian's vsmartcard-vpcd has it.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const SOCKET: &str = "/run/pcscd/pcscd.comm";
/// A busy computer starts a daemon slowly.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);
/// Set inside the namespaces: the file to write when the story is told.
const INSIDE: &str = "COFFER_RIG_INSIDE";
/// `/run` is empty there: nothing of the real computer's daemons is reached.
const SET_UP: &str = "ip link set lo up && mount -t tmpfs tmpfs /run && exec \"$@\"";

/// Tells the story of a test in network and mount namespaces of its own: the program is started there for this one test.
///
/// # Panics
/// When the namespaces cannot be made, or the story fails there.
pub fn in_namespaces<F: FnOnce()>(story: F) {
    let test = test_of::<F>();
    let end = std::env::temp_dir().join(format!("coffer-rig-{}", std::process::id()));
    if let Some(inside) = std::env::var_os(INSIDE) {
        story();
        return fs::write(inside, test).expect("the folder for temporary files can be written to");
    }
    let itself = std::env::current_exe().expect("a running program has a path");
    let mut told = Command::new("unshare");
    if !is_root() {
        told.arg("--map-root-user");
    }
    told.args(["--net", "--mount", "--fork", "--kill-child", "--", "sh", "-c", SET_UP, "sh"]);
    told.arg(itself).args(["--exact", test, "--nocapture"]).env(INSIDE, &end);
    let ended = told.status().expect("unshare is installed (util-linux)");
    let was_told = fs::read(&end).is_ok_and(|name| name == test.as_bytes());
    fs::remove_file(&end).ok();
    assert!(
        ended.success() && was_told,
        "{test} failed in its namespaces ({ended}): what it said stands above. This rig needs root, or a kernel \
         that lets everybody make namespaces, and the packages iproute2, pcscd and vsmartcard-vpcd; `cargo xtask test` installs them."
    );
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The name of the test that a closure stands in, as the test program knows it.
pub(crate) fn test_of<F>() -> &'static str {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    path.split_once("::").map_or(path, |(_, test)| test)
}

/// The smart card service. Dropping it ends it.
pub struct SmartCardService {
    daemon: Child,
}

impl SmartCardService {
    /// Starts the service; its settings lie in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(folder: &Path) -> io::Result<Self> {
        let settings = folder.join("reader.conf");
        let lines = [
            "FRIENDLYNAME \"Virtual PCD\"".to_owned(),
            format!("DEVICENAME /dev/null:0x{FIRST_PORT:X}"),
            format!("LIBPATH {DRIVER}"),
            format!("CHANNELID 0x{FIRST_PORT:X}\n"),
        ];
        fs::write(&settings, lines.join("\n"))?;
        let log = fs::File::create(folder.join("pcscd.log"))?;
        let mut daemon = Command::new("pcscd");
        daemon.args(["--foreground", "--config"]).arg(&settings);
        daemon.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut service = Self { daemon: daemon.spawn()? };
        service.wait_for(&|| Path::new(SOCKET).exists())?;
        Ok(service)
    }

    /// Puts a key into a slot of its reader, 0 or 1. When this returns, every program sees the card.
    ///
    /// # Errors
    /// When the reader does not listen, or does not see the card.
    pub fn insert(&mut self, slot: u16, key: VirtualKey) -> io::Result<Inserted> {
        let port = FIRST_PORT + slot;
        // The reader takes one card at a time, so this looks at the kernel's table and does not knock.
        self.wait_for(&|| is_listening(port))?;
        let inserted = Slot { port }.insert(key)?;
        let reader = CString::new(format!("Virtual PCD 00 {slot:02}"))?;
        let context = Context::establish(Scope::System).map_err(io::Error::other)?;
        self.wait_for(&|| is_seen(&context, &reader))?;
        Ok(inserted)
    }

    fn wait_for(&mut self, is_ready: &dyn Fn() -> bool) -> io::Result<()> {
        #[expect(clippy::disallowed_methods, reason = "waits for a real process")]
        let begun = Instant::now();
        while !is_ready() {
            if let Some(ended) = self.daemon.try_wait()? {
                return Err(io::Error::other(format!("pcscd ended with {ended}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "pcscd is not ready"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for SmartCardService {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        self.daemon.kill().ok();
        self.daemon.wait().ok();
        fs::remove_file(SOCKET).ok();
    }
}

fn is_seen(context: &Context, reader: &CStr) -> bool {
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    // States that nobody is aware of are told at once.
    let told = context.get_status_change(PAUSE, &mut states);
    told.is_ok() && states[0].event_state().contains(State::PRESENT)
}

/// Some process of these namespaces listens on the port (proc(5): state 0A is LISTEN).
fn is_listening(port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    let is_it = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&wanted)) && words.nth(1) == Some("0A")
    };
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .any(|table| fs::read_to_string(table).is_ok_and(|text| text.lines().any(is_it)))
}
