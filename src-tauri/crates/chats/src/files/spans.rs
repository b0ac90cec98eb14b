//! A source's main file as bytes that can be read again at any place: apps that mix all chats in one file are walked once, and each
//! chat is then read by the places of its entries.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::MainFile;
use crate::error::ChatError;
use crate::sealed_copy::{SealedCopy, Workroom};

/// A packed file up to this size is unpacked into memory.
const SMALL: u64 = 8 << 20;

/// Bytes that stay.
pub(crate) enum Spans {
    /// The file itself.
    Disk(File),
    /// What was packed, sealed on the disk.
    Sealed(Box<SealedCopy>),
    /// What was packed and is small.
    Memory(Vec<u8>),
}

impl Spans {
    /// Opens the file; one in a zip is unpacked, to a sealed copy when it is large.
    pub(crate) fn open(main: &MainFile, room: Option<&Workroom>) -> Result<Self, ChatError> {
        match main {
            MainFile::Disk(path) => Ok(Self::Disk(File::open(path)?)),
            MainFile::Zip { .. } => {
                let size = main.size()?;
                main.with(|input| Self::unpack(input, size, room))
            }
        }
    }

    /// Unpacks a file of this size.
    pub(super) fn unpack(
        input: &mut dyn Read,
        size: u64,
        room: Option<&Workroom>,
    ) -> Result<Self, ChatError> {
        if size <= SMALL {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes)?;
            return Ok(Self::Memory(bytes));
        }
        let mut writer = room.ok_or(ChatError::NoWorkroom)?.begin()?;
        io::copy(input, &mut writer)?;
        writer.flush()?;
        Ok(Self::Sealed(Box::new(writer.finish()?)))
    }

    /// Fills `buffer` from `offset` on; says how much there was.
    pub(crate) fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Disk(file) => {
                file.seek(SeekFrom::Start(offset))?;
                let mut read = 0;
                while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
                    match file.read(rest) {
                        Ok(0) => break,
                        Ok(count) => read += count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(read)
            }
            Self::Sealed(copy) => copy.read_at(offset, buffer),
            Self::Memory(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let left = bytes.get(from..).unwrap_or_default();
                let count = left.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), left.get(..count)) {
                    to.copy_from_slice(from);
                }
                Ok(count)
            }
        }
    }

    /// The bytes of a span that was seen before; shorter when the file shrank.
    pub(crate) fn span(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = self.read_at(offset, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Reads from the beginning.
    pub(crate) fn reader(&mut self) -> SpansReader<'_> {
        SpansReader { spans: self, at: 0 }
    }
}

/// Reads [`Spans`] from one end to the other.
pub(crate) struct SpansReader<'a> {
    spans: &'a mut Spans,
    at: u64,
}

impl Read for SpansReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.spans.read_at(self.at, buffer)?;
        self.at += u64::try_from(count).unwrap_or(0);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed_copy::tests::workroom;
    use zip::write::SimpleFileOptions;

    fn packed(folder: &std::path::Path, content: &[u8]) -> MainFile {
        let zip = folder.join("a.zip");
        let mut writer = zip::ZipWriter::new(File::create(&zip).unwrap());
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("main", stored).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap();
        MainFile::Zip { zip, name: "main".to_owned() }
    }

    #[test]
    fn any_span_reads_as_it_stands_wherever_the_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..(9_u32 << 20)).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[2]).collect();
        let path = folder.path().join("main");
        std::fs::write(&path, &content).unwrap();
        let room = workroom(folder.path());
        let small = packed(folder.path(), &content[..1000]);
        let mut small = Spans::open(&small, None).unwrap();
        let large = packed(folder.path(), &content);
        let mut large = Spans::open(&large, Some(&room)).unwrap();
        let mut disk = Spans::open(&MainFile::Disk(path), None).unwrap();

        assert!(matches!((&small, &large), (Spans::Memory(_), Spans::Sealed(_))));
        for spans in [&mut small, &mut large, &mut disk] {
            assert_eq!(spans.span(990, 10).unwrap(), content[990..1000]);
        }
        assert_eq!(small.span(995, 10).unwrap().len(), 5);
        assert_eq!(large.span(5 << 20, 77).unwrap(), disk.span(5 << 20, 77).unwrap());
        let mut whole = Vec::new();
        disk.reader().read_to_end(&mut whole).unwrap();
        assert!(whole == content);
    }

    #[test]
    fn a_large_packed_file_needs_a_place_to_be_unpacked_to() {
        let folder = tempfile::tempdir().unwrap();
        let large = packed(folder.path(), &vec![7; 9 << 20]);

        assert!(matches!(Spans::open(&large, None), Err(ChatError::NoWorkroom)));
    }
}
