//! The sheet of paper that keeps the 64-digit key: made as a PDF, and read back to prove that it was saved.
//!
//! Text stands uncompressed in the built-in fonts, so that the file can be read back here, by any PDF reader, and by a person
//! with a text editor in twenty years. The QR code is drawn as rectangles and holds the 64 digits alone.

mod layout;
mod reading;

use crate::error::Error;
use coffer_secret::SecretString;
use layout::Sheet;
use reading::find_digits;
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Groups of a recovery key.
pub(crate) const GROUPS: usize = 16;
/// Our sheets are some tens of kilobytes; nothing larger is read.
const SHEET_CEILING: u64 = 4 << 20;

/// Paper of a recovery sheet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Paper {
    /// 210 x 297 mm.
    A4,
    /// 8.5 x 11 in.
    Letter,
}

/// What stands on the sheet besides the key.
pub(crate) struct SheetFacts<'a> {
    /// The computer's name.
    pub machine: &'a str,
    /// The day it was made, as `2026-11-20`.
    pub date: &'a str,
    /// The short id of the backup.
    pub backup_id: &'a str,
}

/// Makes the PDF. `groups` are the 16 groups of 4 digits.
///
/// # Errors
/// When there are not 16 groups of 4 digits.
pub(crate) fn make_sheet(
    groups: &[SecretString],
    facts: &SheetFacts<'_>,
    paper: Paper,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut digits = Zeroizing::new(String::with_capacity(GROUPS * 4));
    for group in groups {
        digits.push_str(group.expose());
    }
    if groups.len() != GROUPS
        || digits.len() != GROUPS * 4
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(Error::storage("a recovery key has 16 groups of 4 digits"));
    }
    Sheet::new(paper).draw(groups, &digits, facts)
}

/// Reads the digits of a sheet this program saved, or that another one saved anew as text.
///
/// # Errors
/// [`Error::FileMissing`]; [`Error::NotASheet`] when it is not such a sheet, or one whose text another program took away.
pub(crate) fn read_sheet(path: &Path) -> Result<SecretString, Error> {
    let facts = fs::metadata(path).map_err(|_| Error::FileMissing)?;
    if !facts.is_file() || facts.len() > SHEET_CEILING {
        return Err(Error::NotASheet);
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(|error| Error::from_io("reading the sheet", &error))?);
    find_digits(&bytes).ok_or(Error::NotASheet)
}

/// Refuses a path inside the place: whoever finds the backup must not find its key beside it.
///
/// # Errors
/// [`Error::SheetInBackup`]; [`Error::FileMissing`] when the folder is not there.
pub(crate) fn refuse_inside(path: &Path, place: &Path) -> Result<PathBuf, Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or(Error::FileMissing)?;
    let folder = fs::canonicalize(folder).map_err(|_| Error::FileMissing)?;
    // A place that is not there cannot hold the sheet.
    let is_inside = fs::canonicalize(place).is_ok_and(|place| folder.starts_with(place));
    if is_inside { Err(Error::SheetInBackup) } else { Ok(folder.join(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Vec<SecretString> {
        (0..16).map(|n| SecretString::new(format!("{:04}", n * 617 % 10_000))).collect()
    }

    fn digits() -> String {
        groups().iter().map(|group| group.expose().to_owned()).collect()
    }

    fn sheet(paper: Paper) -> Zeroizing<Vec<u8>> {
        let facts = SheetFacts {
            machine: "Anna's (old) l\u{e4}ptop \u{1f600}",
            date: "2026-11-20",
            backup_id: "3f9a01cc",
        };
        make_sheet(&groups(), &facts, paper).unwrap()
    }

    /// Paints the rectangles of the QR code into a bitmap, as a printer would, and reads it with a decoder that is not ours.
    fn decode_code(pdf: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(pdf);
        let squares: Vec<[f32; 4]> = text
            .lines()
            .filter_map(|line| line.strip_suffix(" re"))
            .map(|line| line.split(' ').map(|n| n.parse().unwrap()).collect::<Vec<f32>>().try_into().unwrap())
            .collect();
        let side = squares.iter().map(|square| square[3]).fold(f32::MAX, f32::min);
        let left = squares.iter().map(|square| square[0]).fold(f32::MAX, f32::min);
        let top = squares.iter().map(|square| square[1] + square[3]).fold(f32::MIN, f32::max);
        let at = |pixel: usize| f32::from(u16::try_from(pixel).unwrap()) / 4.0 - 4.0 + 0.1;
        let is_dark = |x: usize, y: usize| {
            let (x, y) = (left + at(x) * side, top - at(y) * side);
            squares.iter().any(|[l, b, w, h]| x >= *l && x < l + w && y >= *b && y < b + h)
        };
        let mut picture =
            rqrr::PreparedImage::prepare_from_greyscale(160, 160, |x, y| if is_dark(x, y) { 0 } else { 255 });
        picture.detect_grids().iter().map(|code| code.decode().unwrap().1).collect()
    }

    #[test]
    fn a_saved_sheet_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pdf");
        fs::write(&path, sheet(Paper::Letter).as_slice()).unwrap();

        let read = read_sheet(&path).unwrap();

        assert_eq!(read.expose(), digits());
    }

    #[test]
    fn another_decoder_reads_the_digits_out_of_the_code() {
        let pdf = sheet(Paper::A4);

        let codes = decode_code(&pdf);

        assert_eq!(codes, [digits()]);
    }

    #[test]
    fn a_file_that_is_no_sheet_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let short = folder.path().join("short.pdf");
        let pdf = sheet(Paper::A4);
        fs::write(&short, &pdf[..pdf.len() / 2]).unwrap();

        assert!(matches!(read_sheet(&short), Err(Error::NotASheet)));
        assert!(matches!(read_sheet(folder.path()), Err(Error::NotASheet)));
        assert!(matches!(read_sheet(&folder.path().join("none.pdf")), Err(Error::FileMissing)));
    }

    #[test]
    fn a_key_with_other_groups_is_refused() {
        let facts = SheetFacts { machine: "", date: "", backup_id: "" };

        assert!(make_sheet(&groups()[..15], &facts, Paper::A4).is_err());
    }

    #[test]
    fn the_sheet_may_not_lie_inside_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        fs::create_dir_all(place.join("packs")).unwrap();

        let inside = refuse_inside(&place.join("packs/key.pdf"), &place);
        let around = refuse_inside(&place.join("packs/../key.pdf"), &place);
        let beside = refuse_inside(&folder.path().join("key.pdf"), &place);

        assert!(matches!(inside, Err(Error::SheetInBackup)));
        assert!(matches!(around, Err(Error::SheetInBackup)));
        assert!(beside.is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_into_the_place_is_seen_through() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        fs::create_dir_all(&place).unwrap();
        std::os::unix::fs::symlink(&place, folder.path().join("elsewhere")).unwrap();

        let through = refuse_inside(&folder.path().join("elsewhere/key.pdf"), &place);

        assert!(matches!(through, Err(Error::SheetInBackup)));
    }
}
