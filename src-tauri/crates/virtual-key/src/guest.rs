//! A small computer of a test's own, in plain emulation: a kernel, its HID modules, and this test's program.
//!
//! The kernel of the computer that tests may have no uhid, and must not be touched.

use crate::pcsc::test_of;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the folder with `vmlinuz` and the modules; `cargo xtask test --usb` makes it.
const KERNEL: &str = "COFFER_GUEST_KERNEL";
/// Set in the guest.
const IN_GUEST: &str = "COFFER_RIG_GUEST";
/// Written in the guest when its side is told.
const TOLD: &str = "/rig/told";
/// In the order of their dependence.
const MODULES: [&str; 3] = ["hid", "hid-generic", "uhid"];
/// What the guest says when the program has ended, before its exit code.
const ENDED: &str = "coffer-guest: the test ended with";

/// Tells one side of a test: the guest's in the guest, the other one here.
///
/// # Panics
/// When the guest cannot write to its memory.
pub fn with_guest<F: FnOnce(Guest)>(in_guest: impl FnOnce(), here: F) {
    if std::env::var_os(IN_GUEST).is_none() {
        return here(Guest { test: test_of::<F>() });
    }
    in_guest();
    fs::write(TOLD, "").expect("the guest's memory can be written to");
}

/// The guest of a test.
pub struct Guest {
    test: &'static str,
}

/// A guest that is put together.
pub struct Assembled {
    test: &'static str,
    root: PathBuf,
    kernel: PathBuf,
    folder: PathBuf,
}

/// What a guest left.
pub struct Out(PathBuf);

impl Out {
    /// A file of its folder `/rig/out`.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Guest {
    /// Puts this program into the guest; `folder` is for its files.
    ///
    /// # Errors
    /// When there is no kernel, or a file cannot be copied.
    pub fn assemble(self, folder: &Path) -> io::Result<Assembled> {
        let kernel = std::env::var_os(KERNEL).map(PathBuf::from).ok_or_else(|| {
            io::Error::other(format!("{KERNEL} names no kernel; run this by `cargo xtask test --usb`"))
        })?;
        let guest =
            Assembled { test: self.test, root: folder.join("guest"), kernel, folder: folder.to_owned() };
        for name in ["proc", "sys", "dev", "tmp", "run", "rig/out", "bin"] {
            fs::create_dir_all(guest.root.join(name))?;
        }
        fs::copy("/bin/busybox", guest.root.join("bin/busybox"))?;
        for module in MODULES.map(|name| format!("{name}.ko")) {
            fs::copy(guest.kernel.join(&module), guest.root.join(&module))?;
        }
        guest.take_program(&std::env::current_exe()?)?;
        Ok(guest)
    }
}

impl Assembled {
    /// Puts a file into the guest's folder `/rig`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.root.join("rig").join(name), bytes)
    }

    /// Boots, tells the guest's side of the test, and gives back what it left in `/rig/out`.
    ///
    /// # Errors
    /// When it does not boot, or its side of the test fails: the error holds what it said.
    pub fn tell(&self) -> io::Result<Out> {
        self.write_init()?;
        self.pack()?;
        let mut machine = Command::new("qemu-system-x86_64");
        machine.args(["-M", "pc", "-accel", "tcg", "-m", "768", "-nic", "none"]);
        machine.args(["-display", "none", "-monitor", "none", "-no-reboot"]);
        machine.args(["-serial", "stdio", "-serial", "file:out"]);
        machine.arg("-kernel").arg(self.kernel.join("vmlinuz")).args(["-initrd", "guest.cpio"]);
        machine.args(["-append", "console=ttyS0 quiet panic=-1 rdinit=/init"]);
        let ended = machine.current_dir(&self.folder).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        if !said.contains(&format!("{ENDED} 0")) {
            let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
            return Err(io::Error::other(format!("the guest's side failed:\n{said}\n{complaint}")));
        }
        let out = self.folder.join("files");
        fs::create_dir_all(&out)?;
        run(Command::new("tar").args(["-x", "-f", "out", "-C", "files"]).current_dir(&self.folder))?;
        Ok(Out(out))
    }

    /// Copies the program, without what only a debugger reads, and the libraries it is linked to.
    fn take_program(&self, program: &Path) -> io::Result<()> {
        let here = self.root.join("bin/test");
        run(Command::new("strip").arg("-o").arg(&here).arg(program))?;
        let linked = run(Command::new("ldd").arg(program))?;
        for library in linked.split_whitespace().filter(|word| word.starts_with('/')) {
            let there = self.root.join(library.trim_start_matches('/'));
            fs::create_dir_all(there.parent().unwrap_or(&self.root))?;
            fs::copy(library, there)?;
        }
        Ok(())
    }

    fn write_init(&self) -> io::Result<()> {
        let test = self.test;
        let modules = MODULES.map(|name| format!("insmod /{name}.ko")).join("\n");
        let init = format!(
            "#!/bin/busybox sh\n/bin/busybox --install -s /bin\n\
             mount -t proc proc /proc\nmount -t sysfs sysfs /sys\nmount -t devtmpfs devtmpfs /dev\n{modules}\n\
             {IN_GUEST}=1 /bin/test --exact {test} --nocapture 2>&1 && [ -f {TOLD} ]\n\
             echo \"{ENDED} $?\"\nstty -F /dev/ttyS1 raw\ntar -c -C /rig/out . >/dev/ttyS1\npoweroff -f\n"
        );
        let path = self.root.join("init");
        fs::write(&path, init)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    }

    fn pack(&self) -> io::Result<()> {
        let line = "find . | cpio --quiet -o -H newc >../guest.cpio";
        run(Command::new("sh").args(["-c", line]).current_dir(&self.root)).map(drop)
    }
}

/// Runs a program to its end; what it printed.
fn run(command: &mut Command) -> io::Result<String> {
    let ended = command.stdin(Stdio::null()).output()?;
    if !ended.status.success() {
        let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
        return Err(io::Error::other(format!("{command:?} ended with {}: {complaint}", ended.status)));
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}
