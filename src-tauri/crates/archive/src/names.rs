//! What the files of a place are called (FORMAT.md, section 1).

use coffer_keys::FileKind;

/// BLAKE3 of a file's bytes: its name.
pub(crate) type FileHash = [u8; 32];

pub(crate) const COFFER_JSON: &str = "coffer.json";
pub(crate) const KEYSLOT_FOLDERS: [&str; 2] = ["keyslots/", "keyslots-2/"];
pub(crate) const KEYSLOT_SUFFIX: &str = ".cks";
/// Where a mark lies while a repository is being made.
pub(crate) const CREATING: &str = "creating/";

/// The folder a kind of file lies in.
pub(crate) const fn folder(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Pack => "packs/",
        FileKind::Index => "index/",
        FileKind::Snapshot => "snapshots/",
        FileKind::Intent => "intents/",
    }
}

const fn suffix(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Pack => ".cpk",
        FileKind::Index => ".cix",
        FileKind::Snapshot => ".csn",
        FileKind::Intent => ".cgc",
    }
}

/// The full name of a file.
pub(crate) fn path(kind: FileKind, hash: &FileHash) -> String {
    let name = hex(hash);
    let (folder, suffix) = (folder(kind), suffix(kind));
    match kind {
        FileKind::Pack => {
            let shard: String = name.chars().take(2).collect();
            format!("{folder}{shard}/{name}{suffix}")
        }
        FileKind::Index | FileKind::Snapshot | FileKind::Intent => format!("{folder}{name}{suffix}"),
    }
}

/// The hash in a full name; `None` when it is not exactly the name of a file of that kind.
pub(crate) fn hash_of(kind: FileKind, name: &str) -> Option<FileHash> {
    let stem = name.strip_suffix(suffix(kind))?.rsplit('/').next()?;
    let hash = parse_hex(stem)?;
    (path(kind, &hash) == name).then_some(hash)
}

/// The hash in the full name of a keyslot file.
pub(crate) fn keyslot_hash(name: &str) -> Option<FileHash> {
    let stem = KEYSLOT_FOLDERS.iter().find_map(|folder| name.strip_prefix(folder))?;
    parse_hex(stem.strip_suffix(KEYSLOT_SUFFIX)?)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Reads exactly 64 digits of lower-case hex.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != N {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// A hash that stands somewhere inside a strange name: a synchroniser's placeholder or a conflict copy.
pub(crate) fn hash_inside(name: &str) -> Option<FileHash> {
    name.as_bytes().windows(64).find_map(|window| parse_hex(std::str::from_utf8(window).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_no_other_form_of_it_does() {
        let hash = [0xab; 32];
        let name = path(FileKind::Pack, &hash);

        assert_eq!(name, format!("packs/ab/{}.cpk", "ab".repeat(32)));
        assert_eq!(hash_of(FileKind::Pack, &name), Some(hash));
        assert_eq!(hash_of(FileKind::Pack, &name.to_uppercase()), None);
        assert_eq!(hash_of(FileKind::Pack, &name.replace("packs/ab/", "packs/ac/")), None);
        assert_eq!(hash_of(FileKind::Index, &name), None);
        assert_eq!(hash_of(FileKind::Index, &path(FileKind::Index, &hash)), Some(hash));
    }

    #[test]
    fn a_placeholder_tells_which_file_it_stands_for() {
        let hash = [0x1f; 32];

        assert_eq!(hash_inside(&format!("packs/1f/.{}.cpk.icloud", hex(&hash))), Some(hash));
        assert_eq!(hash_inside("holiday.jpg"), None);
    }
}
