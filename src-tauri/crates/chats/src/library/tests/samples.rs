//! Real exports made by others, through the real reader. Skipped where the samples are not.

use super::*;
use crate::source::{self, ReadOptions};
use std::path::{Path, PathBuf};

fn sample(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples").join(name);
    if path.exists() { Some(path) } else { None }
}

fn import(home: &Home, path: &Path) -> (ImportOutcome, u64) {
    let options = ImportOptions { now: MAY, source: "whatsapp_export".into(), ..ImportOptions::default() };
    let mut run = home.library.begin_import(options, Some(&home.media)).unwrap();
    let report = source::read(path, &ReadOptions::default(), &mut run, &Cancel::default()).unwrap();
    (run.finish().unwrap(), report.read)
}

macro_rules! or_skip {
    ($name:literal) => {
        match sample($name) {
            Some(path) => path,
            None => return eprintln!("samples not present"),
        }
    };
}

#[test]
fn lorem_is_five_hundred_once_and_twice() {
    let path = or_skip!("whatstk/lorem.txt");
    let home = Home::new();

    let (first, read) = import(&home, &path);
    let (again, _) = import(&home, &path);

    assert_eq!((read, first.read, first.added), (500, 500, 500));
    assert_eq!((again.added, again.updated, again.present), (0, 0, 500));
}

#[test]
fn the_two_parts_of_lorem_add_no_duplicate() {
    let (one, two) = (or_skip!("whatstk/lorem-merge-part1.txt"), or_skip!("whatstk/lorem-merge-part2.txt"));
    let home = Home::new();

    let added: Vec<u64> = [&one, &two, &one, &two].map(|path| import(&home, path).0.added).into();

    // Although the index calls them overlapping, no line stands in both.
    assert_eq!(added, [300, 300, 0, 0]);
    assert_eq!(home.library.counts().unwrap().messages, 600);
}

#[test]
fn halves_of_lorem_that_overlap_make_it_whole() {
    let path = or_skip!("whatstk/lorem.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let home = Home::new();
    let (one, two) = (home.folder.path().join("first half.txt"), home.folder.path().join("the rest.txt"));
    std::fs::write(&one, lines[..300].join("\n")).unwrap();
    std::fs::write(&two, lines[200..].join("\n")).unwrap();

    let later = import(&home, &two).0;
    let earlier = import(&home, &one).0;

    assert_eq!((later.added, earlier.added, earlier.present), (300, 200, 100));
    assert_eq!(home.only_chat().messages, 500);
    let whole = Home::new();
    std::fs::write(&two, &text).unwrap();
    import(&whole, &two);
    assert_eq!(home.texts(home.only_chat().conversation.id), whole.texts(whole.only_chat().conversation.id));
}
