//! How fast a folder takes a backup, is checked, and gives it back: `throughput <folder> <megabytes>`.
//!
//! One thread, seeded content: nine tenths media that does not shrink, one tenth messages that do.
#![expect(clippy::print_stdout, reason = "the numbers are the purpose")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use coffer_archive::{
    ArchiveError, CheckDepth, ChunkKind, Counts, Entry, Repository, Unlocked, WriterId, WriterInfo,
};
use coffer_destinations::FolderStore;
use coffer_keys::{Argon2Params, OpenKeyslots, Reach, RecoveryKey, RepositoryId, SlotDetails, UnlockSecret};
use coffer_secret::Entropy;
use coffer_secret::testing::SeededEntropy;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let megabytes: u64 = arguments.next().ok_or("how many megabytes?")?.parse()?;
    std::fs::create_dir_all(&folder)?;
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
    let repository = create(&folder, &*entropy)?;
    let files = content(megabytes);

    let first = timed("back up", megabytes, || back_up(&repository, &files, &entropy))?;
    let again = timed("back up again", megabytes, || back_up(&repository, &files, &entropy))?;
    println!("{first} bytes stored, then {again}");
    let every_byte =
        |depth| repository.check(depth, &mut |_, _| ControlFlow::Continue(())).map(|outcome| outcome.is_ok());
    timed("check quickly", megabytes, || every_byte(CheckDepth::Quick))?;
    timed("check every byte", megabytes, || every_byte(CheckDepth::EveryByte))?;
    timed("read back", megabytes, || read_back(&repository))?;
    Ok(())
}

fn timed<T>(
    what: &str,
    megabytes: u64,
    work: impl FnOnce() -> Result<T, ArchiveError>,
) -> Result<T, ArchiveError> {
    let (start, cpu) = (Instant::now(), cpu_nanos());
    let done = work()?;
    let millis = start.elapsed().as_millis().max(1);
    let busy = u128::from(cpu_nanos().saturating_sub(cpu) / 1_000_000).max(1);
    let rate = |millis| u128::from(megabytes) * 1000 / millis;
    println!("{what}: {millis} ms, {} MB/s; on the processor {busy} ms, {} MB/s", rate(millis), rate(busy));
    Ok(done)
}

/// Time this thread spent on a processor, user and kernel; 0 where the system does not tell.
fn cpu_nanos() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default()
}

fn create(folder: &str, entropy: &dyn Entropy) -> Result<Repository<Unlocked>, Failure> {
    let secret = UnlockSecret::RecoveryKey(RecoveryKey::make(entropy));
    let details = SlotDetails { name: "key".into(), added: 0, proved: None, reach: Reach::Anywhere };
    let id = RepositoryId::make(entropy);
    let keys = OpenKeyslots::create(id, &secret, details, Argon2Params::FLOOR, entropy)?;
    Ok(Repository::create(Arc::new(FolderStore::open(folder)?), keys, entropy)?)
}

/// Files of one megabyte: kind, seed.
fn content(megabytes: u64) -> Vec<(ChunkKind, Vec<u8>)> {
    (0..megabytes)
        .map(|n| {
            let mut bytes = vec![0; 1_000_000];
            SeededEntropy::new(n).fill(&mut bytes);
            if n % 10 != 0 {
                return (ChunkKind::Media, bytes);
            }
            // Letters of a small alphabet: shrinks about as chats do.
            bytes.iter_mut().for_each(|byte| *byte = b"etaoinsh rdlu,. "[usize::from(*byte & 15)]);
            (ChunkKind::Messages, bytes)
        })
        .collect()
}

fn back_up(
    repository: &Repository<Unlocked>,
    files: &[(ChunkKind, Vec<u8>)],
    entropy: &Arc<dyn Entropy>,
) -> Result<u64, ArchiveError> {
    let writer =
        WriterInfo { id: WriterId([1; 16]), last: None, machine: "bench".into(), version: "0".into() };
    let mut run = repository.begin(writer, 0, Arc::clone(entropy))?;
    for (number, (kind, bytes)) in files.iter().enumerate() {
        let piece = if *kind == ChunkKind::Messages { 65_536 } else { 4 << 20 };
        let chunks =
            bytes.chunks(piece).map(|piece| run.put_chunk(*kind, piece)).collect::<Result<_, _>>()?;
        let name = format!("{number:08}").into_bytes();
        run.add_entry(Entry { name, kind: *kind, length: 1_000_000, chunks, meta: Vec::new() })?;
    }
    let before = run.bytes_stored();
    run.commit(Counts::default())?;
    Ok(before)
}

fn read_back(repository: &Repository<Unlocked>) -> Result<(), ArchiveError> {
    let (snapshots, _) = repository.snapshots()?;
    let Some(newest) = snapshots.last() else { return Ok(()) };
    let reader = repository.read(&newest.id)?;
    reader.entries().iter().try_for_each(|entry| reader.read_entry(entry, &mut std::io::sink()))
}
