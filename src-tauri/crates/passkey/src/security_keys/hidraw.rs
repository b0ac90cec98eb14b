//! Which security keys Linux knows, whether or not this user may open them.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Where the kernel lists them.
const CLASS: &str = "/sys/class/hidraw";
/// Usage page 0xF1D0 in a report descriptor (HID 1.11, 6.2.2.7; CTAP 2.1, 11.2.8.1).
const FIDO_PAGE: [u8; 3] = [0x06, 0xD0, 0xF1];

/// A key that is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HidKey {
    /// Another one each time a key is plugged in.
    pub(super) id: PathBuf,
    /// What it calls itself.
    pub(super) name: Option<String>,
    /// This user may open it.
    pub(super) access: Access,
}

/// Whether this user may open a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Allowed,
    Denied,
}

/// This kernel has such devices at all.
pub(super) fn is_possible() -> bool {
    Path::new(CLASS).is_dir()
}

/// The keys that are plugged in.
pub(super) fn keys() -> Vec<HidKey> {
    keys_of(Path::new(CLASS), Path::new("/dev"))
}

fn keys_of(class: &Path, devices: &Path) -> Vec<HidKey> {
    // No folder: no keys.
    let Ok(entries) = fs::read_dir(class) else {
        return Vec::new();
    };
    let mut keys: Vec<_> = entries.flatten().filter_map(|entry| read(&entry.path(), devices)).collect();
    keys.sort_by(|one, other| one.id.cmp(&other.id));
    keys
}

fn read(entry: &Path, devices: &Path) -> Option<HidKey> {
    let descriptor = fs::read(entry.join("device/report_descriptor")).ok()?;
    if !descriptor.windows(FIDO_PAGE.len()).any(|bytes| bytes == FIDO_PAGE) {
        return None;
    }
    // The end of the link counts up with every device.
    let id = fs::canonicalize(entry.join("device")).ok()?;
    let uevent = fs::read_to_string(entry.join("device/uevent")).unwrap_or_default();
    let name = uevent.lines().find_map(|line| line.strip_prefix("HID_NAME=")).map(str::to_owned);
    let node = devices.join(entry.file_name()?);
    let access = access(OpenOptions::new().read(true).write(true).open(node).map(drop));
    Some(HidKey { id, name, access })
}

/// A key that cannot be opened for another reason is asked, and is gone then.
fn access(opened: io::Result<()>) -> Access {
    match opened {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Access::Denied,
        Ok(()) | Err(_) => Access::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// The beginning of a key's report descriptor.
    const FIDO: &[u8] = &[0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01];
    /// The beginning of a keyboard's.
    const KEYBOARD: &[u8] = &[0x05, 0x01, 0x09, 0x06, 0xA1, 0x01];

    /// A device as the kernel lists it.
    fn plug(root: &Path, name: &str, instance: &str, descriptor: &[u8]) {
        let device = root.join("devices").join(instance);
        fs::create_dir_all(&device).unwrap();
        fs::write(device.join("report_descriptor"), descriptor).unwrap();
        fs::write(device.join("uevent"), "HID_ID=0003:1050:0407\nHID_NAME=Yubico YubiKey FIDO\n").unwrap();
        fs::create_dir_all(root.join("class").join(name)).unwrap();
        symlink(device, root.join("class").join(name).join("device")).unwrap();
        fs::create_dir_all(root.join("dev")).unwrap();
        fs::write(root.join("dev").join(name), "").unwrap();
    }

    #[test]
    fn only_security_keys_are_listed() {
        let root = tempfile::tempdir().unwrap();
        plug(root.path(), "hidraw0", "0003:046D:C31C.0001", KEYBOARD);
        plug(root.path(), "hidraw1", "0003:1050:0407.0002", FIDO);

        let keys = keys_of(&root.path().join("class"), &root.path().join("dev"));

        let names: Vec<_> = keys.iter().map(|key| (key.name.as_deref(), key.access)).collect();
        assert_eq!(names, [(Some("Yubico YubiKey FIDO"), Access::Allowed)]);
        assert!(keys[0].id.ends_with("0003:1050:0407.0002"));
    }

    #[test]
    fn only_a_denial_is_a_denial() {
        assert_eq!(access(Ok(())), Access::Allowed);
        assert_eq!(access(Err(io::ErrorKind::PermissionDenied.into())), Access::Denied);
        assert_eq!(access(Err(io::ErrorKind::NotFound.into())), Access::Allowed);
    }

    #[test]
    fn a_key_that_is_plugged_in_again_is_another() {
        let root = tempfile::tempdir().unwrap();
        plug(root.path(), "hidraw1", "0003:1050:0407.0002", FIDO);
        let before = keys_of(&root.path().join("class"), &root.path().join("dev"));
        fs::remove_file(root.path().join("class/hidraw1/device")).unwrap();
        plug(root.path(), "hidraw1", "0003:1050:0407.0003", FIDO);

        let after = keys_of(&root.path().join("class"), &root.path().join("dev"));

        assert_ne!(before, after);
    }

    #[test]
    fn a_computer_without_such_devices_has_no_keys() {
        let root = tempfile::tempdir().unwrap();

        assert_eq!(keys_of(&root.path().join("class"), &root.path().join("dev")), []);
    }
}
