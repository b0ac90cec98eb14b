//! `cargo xtask test --usb`: a security key as a USB device, inside a small emulated computer.

use crate::packages;
use crate::shell::{self, Done};
use std::fs;
use std::path::{Path, PathBuf};

/// The kernel's modules that a USB security key needs, and the one that makes such a key of software.
const MODULES: [&str; 3] = ["hid", "hid-generic", "uhid"];

/// The cargo feature that adds this rig to the tests.
pub const FEATURE: &str = "coffer-virtual-key/usb-rig";

/// Runs this rig alone.
pub fn test() -> Done {
    let mut wanted = packages::BUILD.to_vec();
    wanted.extend(packages::TEST);
    wanted.extend(packages::USB);
    packages::install(&wanted)?;
    let kernel = kernel()?;
    let line = ["cargo", "test", "--package", "coffer-virtual-key", "--features", FEATURE, "--test", "usb"];
    let mut command = shell::program(&line);
    command.env("COFFER_GUEST_KERNEL", kernel);
    shell::finish(command, &line.join(" "))
}

/// A kernel of Debian's with its modules, unpacked once and never installed.
pub fn kernel() -> Done<PathBuf> {
    let folder = shell::target().join("usb-guest");
    if folder.join("vmlinuz").exists() {
        return Ok(folder);
    }
    packages::apt(&["update", "-qq"])?;
    let depends = shell::answer(&["apt-cache", "depends", "linux-image-amd64"]).unwrap_or_default();
    let name = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    let name = name.ok_or("apt knows no linux-image-amd64; the USB rig needs Debian on x86-64")?;
    let fresh = folder.with_extension("new");
    fs::remove_dir_all(&fresh).ok();
    fs::create_dir_all(&fresh).map_err(|e| format!("{}: {e}", fresh.display()))?;
    unpack(&fresh, name)?;
    fs::remove_dir_all(&folder).ok();
    fs::rename(&fresh, &folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

fn unpack(folder: &Path, name: &str) -> Done {
    in_folder(folder, &format!("apt-get download -qq {name}"))?;
    let modules = MODULES.map(|module| format!("'*/kernel/drivers/hid/{module}.ko*'")).join(" ");
    let tar = format!("tar -x --wildcards --transform 's|.*/||' './boot/vmlinuz-*' {modules}");
    in_folder(folder, &format!("dpkg-deb --fsys-tarfile {name}_*.deb | {tar}"))?;
    // Newer Debians compress modules.
    in_folder(
        folder,
        "mv vmlinuz-* vmlinuz && rm ./*.deb && for m in ./*.ko.xz; do [ ! -e \"$m\" ] || xz -d \"$m\"; done",
    )
}

fn in_folder(folder: &Path, line: &str) -> Done {
    let mut command = shell::program(&["sh", "-c", line]);
    command.current_dir(folder);
    shell::finish(command, line)
}
