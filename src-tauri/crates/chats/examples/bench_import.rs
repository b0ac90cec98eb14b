//! Imports a WhatsApp text of a million messages into an encrypted, searchable library and prints what it cost, as JSON.
//!
//! `cargo run --release -p coffer-chats --example bench_import [-- FILE [MESSAGES]]`; without a file one is made from a seed.

use coffer_chats::library::{ImportOptions, ImportOutcome, Library, MergeOptions, SearchRequest};
use coffer_chats::model::ConversationId;
use coffer_chats::source::{self, Cancel, ReadOptions, Zone};
use coffer_secret::Secret;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Words of the vocabulary.
const WORDS: u64 = 50_000;

fn main() -> Done<()> {
    let mut arguments = std::env::args().skip(1);
    let given = arguments.next().filter(|file| !file.is_empty());
    let messages = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let file = match given {
        Some(file) => PathBuf::from(file),
        None => make_text(folder.path(), messages)?,
    };
    let library = Library::open(&folder.path().join("library.db"), &Secret::take(&mut [7; 32]))?;
    let (first, first_cost) = import(&library, &file, 1)?;
    let peak_mb = peak_mb();
    let bytes = size(folder.path());
    let (again, again_cost) = import(&library, &file, 2)?;
    let id = first.conversations.first().copied().ok_or("nothing was imported")?;
    let report = json!({
        "file_bytes": fs::metadata(&file)?.len(),
        "import": { "seconds": first_cost.wall, "cpu_seconds": first_cost.cpu, "peak_mb": peak_mb, "messages": first.added, "library_bytes": bytes },
        "import_again": { "seconds": again_cost.wall, "cpu_seconds": again_cost.cpu, "added": again.added, "present": again.present },
        "log": log(&library, id)?,
        "read_ms": reading(&library, id, first.added)?,
        "search_ms": searching(&library)?,
        "restore": restore(&library, id, folder.path())?,
        "peak_mb_in_all": self::peak_mb(),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report:#}")?;
    Ok(())
}

fn import(library: &Library, file: &Path, now: i64) -> Done<(ImportOutcome, Cost)> {
    let start = Cost::now();
    let options = ImportOptions { now, source: "whatsapp_export".to_owned(), ..ImportOptions::default() };
    let mut run = library.begin_import(options, None)?;
    let read = ReadOptions { zone: Zone::Known("Europe/Lisbon".to_owned()), ..ReadOptions::default() };
    source::read(file, &read, &mut run, &Cancel::default())?;
    let outcome = run.finish()?;
    Ok((outcome, start.spent()))
}

fn log(library: &Library, id: ConversationId) -> Done<Value> {
    let cuts = library.segments(id)?;
    Ok(json!({ "segments": cuts.len(), "bytes": cuts.iter().map(|cut| cut.length).sum::<u64>() }))
}

fn reading(library: &Library, id: ConversationId, total: u64) -> Done<Value> {
    let mut times = Vec::new();
    for step in 0..50 {
        let start = clock();
        library.messages(id, total * step / 50, 200)?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let start = clock();
    let days = library.days(id)?.len();
    let days_ms = start.elapsed().as_secs_f64() * 1000.0;
    times.sort_by(f64::total_cmp);
    Ok(
        json!({ "200_messages_median": times[25], "200_messages_worst": times[49], "days": days, "days_ms": days_ms }),
    )
}

fn searching(library: &Library) -> Done<Value> {
    let mut report = serde_json::Map::new();
    let whole = |rank: u64| format!("{} ", spelled(rank));
    let begun = |rank: u64, letters: usize| spelled(rank).chars().take(letters).collect::<String>();
    for text in [
        whole(1),
        whole(100),
        whole(4000),
        whole(49_999),
        whole(1) + &whole(2),
        whole(3000) + &whole(7),
        format!("\"{}{}\"", whole(1), spelled(2)),
        begun(1, 1),
        begun(1, 2),
        begun(9000, 3),
        begun(40_000, 5),
        format!("from:ben {}", whole(1)),
        "has:link".to_owned(),
        "zzzz".to_owned(),
    ] {
        let request = SearchRequest { text: text.clone(), limit: 50, ..SearchRequest::default() };
        let start = clock();
        let found = library.search(&request)?;
        let millis = start.elapsed().as_secs_f64() * 1000.0;
        report.insert(text, json!({ "ms": millis, "hits": found.hits.len() }));
    }
    Ok(Value::Object(report))
}

fn restore(library: &Library, id: ConversationId, folder: &Path) -> Done<Value> {
    let new = Library::open(&folder.join("restored.db"), &Secret::take(&mut [8; 32]))?;
    let cuts = library.segments(id)?;
    let start = Cost::now();
    let mut segments = cuts.iter().filter_map(|cut| library.segment(id, cut.index).ok());
    let outcome = new.merge(id, &mut segments, &MergeOptions::default())?;
    let cost = start.spent();
    let is_same = new.segments(id)? == cuts;
    Ok(
        json!({ "seconds": cost.wall, "cpu_seconds": cost.cpu, "added": outcome.added, "same_segments": is_same }),
    )
}

/// Time by the clock and by the processor: on a busy machine only the second one is steady.
struct Cost {
    start: Instant,
    wall: f64,
    cpu: f64,
}

impl Cost {
    fn now() -> Self {
        Self { start: clock(), wall: 0.0, cpu: cpu_seconds() }
    }

    fn spent(self) -> Self {
        Self { wall: self.start.elapsed().as_secs_f64(), cpu: cpu_seconds() - self.cpu, ..self }
    }
}

/// User and system time of this process, in hundredths of a second in the file.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn clock() -> Instant {
    Instant::now()
}

/// The kernel's own high-water mark of this process.
fn peak_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u32 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(f64::from(kib) * 1024.0 / 1e6)
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|file| file.file_name().to_string_lossy().starts_with("library.db"))
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// A text export by a seed: words by Zipf, two to twenty-one of them, four people, some minutes apart.
fn make_text(folder: &Path, messages: u32) -> Done<PathBuf> {
    let path = folder.join("WhatsApp Chat with Everyone.txt");
    let mut out = BufWriter::new(File::create(&path)?);
    let mut random = 1_u64;
    let mut minute = 0_u64;
    for _ in 0..messages {
        minute += next(&mut random) % 5;
        let (day, in_day) = (minute / 1440, minute % 1440);
        let (year, month, day) = (2015 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        let name = ["Anna", "Ben", "Cora", "Dev"][usize::try_from(next(&mut random) % 4)?];
        write!(out, "{day:02}/{month:02}/{year}, {:02}:{:02} - {name}:", in_day / 60, in_day % 60)?;
        for _ in 0..(2 + next(&mut random) % 20) {
            write!(out, " {}", spelled(word(&mut random)))?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(path)
}

/// The word of a rank: syllables, so that words begin with all kinds of letters.
fn spelled(rank: u64) -> String {
    let mut rest = rank.wrapping_mul(0x9E37_79B1) % (1 << 20) + rank;
    let mut text = String::new();
    while rest > 0 {
        text.push(char::from(b"bdfghklmnprstvwz"[usize::try_from(rest % 16).unwrap_or(0)]));
        text.push(char::from(b"aeiou"[usize::try_from(rest / 16 % 5).unwrap_or(0)]));
        rest /= 80;
    }
    text
}

/// A word's rank: the logarithm of a Zipf rank is about even.
fn word(random: &mut u64) -> u64 {
    let bits = next(random) % 16;
    ((1_u64 << bits) + next(random) % (1 << bits)).min(WORDS)
}

/// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
