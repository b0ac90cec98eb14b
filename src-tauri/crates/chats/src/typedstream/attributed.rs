//! Texts with attributes: the text, then runs of it, each with the number of its attributes, which stand behind the first run that has them.

use std::collections::BTreeMap;

use super::{Archive, Value};

/// A text with what its parts are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attributed {
    pub(crate) text: String,
    pub(crate) runs: Vec<Run>,
}

/// A part of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Run {
    /// UTF-16 units.
    pub(crate) start: u32,
    pub(crate) length: u32,
    /// Names of its attributes, with their values where those are texts or numbers.
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Attributed {
    /// `None` when the bytes are no archive, or not one of a text.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let archive = Archive::read(bytes)?;
        let top = archive.top()?;
        if !top.is("NSAttributedString") {
            let text = archive.text(archive.top.first()?)?;
            return Some(Self { text, runs: Vec::new() });
        }
        let (text, rest) = top.values.split_first()?;
        let text = archive.text(text)?;
        let mut kinds: Vec<(i64, BTreeMap<String, String>)> = Vec::new();
        let (mut runs, mut start) = (Vec::new(), 0_u32);
        let mut rest = rest.iter().peekable();
        while let (Some(Value::Int(kind)), Some(Value::Int(length))) = (rest.next(), rest.next()) {
            if let Some(attributes) = rest.next_if(|value| matches!(value, Value::Object(_))) {
                kinds.push((*kind, archive.attributes(attributes)));
            }
            // Lengths have a sign only because the archive's numbers do.
            let length = u32::try_from(*length).unwrap_or(0);
            let known = kinds.iter().rev().find(|(known, _)| known == kind);
            let attributes = known.map(|(_, attributes)| attributes.clone()).unwrap_or_default();
            runs.push(Run { start, length, attributes });
            start = start.saturating_add(length);
        }
        Some(Self { text, runs })
    }
}

impl Archive {
    fn attributes(&self, value: &Value) -> BTreeMap<String, String> {
        let entries = self.entries(value).into_iter();
        entries.map(|(name, value)| (name, self.shown(value).unwrap_or_default())).collect()
    }

    /// A text, a number or an address as text.
    fn shown(&self, value: &Value) -> Option<String> {
        if let Some(text) = self.text(value) {
            return Some(text);
        }
        let object = self.object(value)?;
        if object.is("NSURL") {
            return object.values.iter().find_map(|value| self.text(value));
        }
        let number = object.values.iter().find_map(|value| match value {
            Value::Int(number) => Some(number.to_string()),
            Value::Real(number) => Some(number.to_string()),
            Value::Nil | Value::Bytes(_) | Value::Object(_) => None,
        });
        number.filter(|_| object.is("NSValue"))
    }
}

/// Writes an archive of a text with one run, for samples and tests.
#[cfg(any(test, feature = "generate"))]
pub(crate) fn write(text: &str) -> Vec<u8> {
    let length = |length: usize| match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![short],
        _ => [&[0x81][..], &u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()].concat(),
    };
    let mut bytes = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+".to_vec();
    bytes.extend(length(text.len()));
    bytes.extend(text.as_bytes());
    bytes.extend(b"\x86\x84\x02iI\x01");
    bytes.extend(length(text.encode_utf16().count()));
    bytes.extend(b"\x92\x84\x84\x84\x0cNSDictionary\x00\x94\x84\x01i\x01\x92\x84\x96\x96\x1d__kIMMessagePartAttributeName\x86\x92\x84\x84\x84\x08NSNumber\x00\x84\x84\x07NSValue\x00\x94\x84\x01*\x84\x84\x01i\x9d\x00\x86\x86\x86");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_written_is_read() {
        let long = "é".repeat(300);

        for text in ["hello", "", long.as_str(), "two 👍 signs"] {
            let read = Attributed::read(&write(text)).unwrap();
            assert_eq!(read.text, text);
            assert_eq!(read.runs.len(), 1, "{read:?}");
            assert_eq!(read.runs[0].attributes["__kIMMessagePartAttributeName"], "0");
        }
    }

    #[test]
    fn other_bytes_are_no_text() {
        assert_eq!(Attributed::read(b""), None);
        assert_eq!(Attributed::read(b"bplist00"), None);
        assert_eq!(Attributed::read(&write("hello")[..60]), None);
    }

    /// Archives others made (see the samples' own INDEX.md), with their names; nothing where the folder is missing.
    fn samples(name: &str) -> Vec<(String, Vec<u8>)> {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples").join(name);
        let Ok(entries) = std::fs::read_dir(folder) else {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"samples not present\n");
            return Vec::new();
        };
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let named = |path: std::path::PathBuf| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
        };
        files.map(named).filter(|(name, _)| name != "LICENSE").collect()
    }

    #[test]
    fn every_body_of_the_samples_is_read() {
        for (name, bytes) in samples("crabstep").into_iter().chain(samples("imessage-exporter/streamtyped")) {
            // The text of one says it has 157 bytes, and has 16: it is reported, not guessed.
            let read = Attributed::read(&bytes);
            assert_eq!(read.is_some(), name != "ExtraData", "{name}");
            let Some(read) = read else { continue };
            let units: usize = read.text.encode_utf16().count();
            let runs: u32 = read.runs.iter().map(|run| run.length).sum();
            assert_eq!(usize::try_from(runs).unwrap(), units, "{name}: the runs are the text");
            assert!(!read.text.contains('\u{fffd}') || name.contains("Weird"), "{name}: {}", read.text);
        }
    }

    #[test]
    fn every_object_of_the_samples_is_read() {
        for (name, bytes) in samples("crabstep/foundation") {
            let archive = Archive::read(&bytes).unwrap_or_else(|| panic!("{name} is not read"));
            assert!(archive.top().is_some(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn broken_archives_never_panic(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..10),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = write("hello there");
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = Attributed::read(&bytes);
            let _ = Attributed::read(&bytes[..cut.index(bytes.len())]);
        }
    }
}
