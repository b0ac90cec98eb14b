//! Whatever is broken, readers answer: no panic, no endless loop, no unbounded memory.

use super::*;
use proptest::prelude::*;

/// Texts and JSON of all cases.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for case in fs::read_dir(fixtures()).unwrap() {
        for file in fs::read_dir(case.unwrap().path().join("input")).into_iter().flatten() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".txt") || name.contains(".json") || name.ends_with(".xml") {
                seeds.push((name, fs::read(path).unwrap()));
            }
        }
    }
    seeds.sort();
    seeds
}

fn survives(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let _ = recognise(&path);
    if let Ok((report, all)) = read_all(&path, &ReadOptions::default()) {
        keeps_laws(&path, &report, &all);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 1..2000)) {
        survives("chat.txt", &bytes);
        survives("chat.zip", &[b"PK\x03\x04", bytes.as_slice()].concat());
    }

    #[test]
    fn random_lines_with_headers_never_panic(lines in proptest::collection::vec("[\\[‎]?[0-3]?[0-9][./-][01]?[0-9][./-](20)?[0-9]{2},? [0-2]?[0-9][:.][0-5][0-9]( [ap]\\.?m\\.?)?(\\]| -|:) [a-z:<>‎ ]{0,30}", 1..20)) {
        survives("chat.txt", lines.join("\n").as_bytes());
    }

    #[test]
    fn broken_cases_never_panic(
        which in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, any::<Vec<u8>>()), 1..6),
    ) {
        let seeds = seeds();
        let (name, mut bytes) = seeds[which.index(seeds.len())].clone();
        for (at, length, replacement) in cuts {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            let replacement = replacement.into_iter().take(20);
            bytes.splice(at..end, replacement);
        }
        survives(&name, &bytes);
    }
}
