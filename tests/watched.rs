//! A place in memory that does something at every operation: fail, fill up, cancel, take a picture of the disk.

use crate::story::{Machine, World, tree};
use coffer_archive::{Failure, MemoryStore, ObjectInfo, Store, StoreError};
use coffer_engine::ports::Keychain;
use coffer_engine::testing::{MemoryKeychain, TestComputer, open_engine};
use coffer_engine::{Engine, testing_stores};
use coffer_secret::SecretString;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

type Files = BTreeMap<String, Vec<u8>>;
type Step = Box<dyn FnMut(u64, &MemoryStore) + Send>;

/// The place.
#[derive(Default)]
pub struct Watched {
    files: MemoryStore,
    count: AtomicU64,
    is_read_only: AtomicBool,
    at_step: Mutex<Option<Step>>,
}

/// Puts a place in memory, with the files of a folder, in that folder's stead.
pub fn mount(place: &Path) -> Arc<Watched> {
    let store = Arc::new(Watched::default());
    for (name, bytes) in tree(place) {
        store.files.put(&name, &bytes).unwrap();
    }
    testing_stores::mount(place, Arc::<Watched>::clone(&store));
    store
}

impl Watched {
    /// Everything works again, and nothing is watched.
    pub fn heal(&self) {
        *self.at_step.lock().unwrap() = None;
        self.is_read_only.store(false, Ordering::SeqCst);
        self.files.heal();
    }

    /// What is in it now.
    pub fn files(&self) -> Files {
        self.files.files()
    }

    /// Operations since the last watch began.
    pub fn operations(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// The place takes at most this many bytes.
    pub fn limit_capacity(&self, bytes: u64) {
        self.files.limit_capacity(bytes);
    }

    /// The place takes no files.
    pub fn deny_writes(&self) {
        self.is_read_only.store(true, Ordering::SeqCst);
    }

    /// This operation fails, and nothing works after it.
    pub fn crash_at(&self, step: u64, failure: Failure) {
        self.files.crash_at(step, failure);
    }

    /// Every job is cancelled at this operation.
    pub fn cancel_at(&self, at: u64, engine: &Engine) {
        let engine = engine.clone();
        self.watch(Box::new(move |step, _| {
            if step == at {
                (0..1_000).for_each(|job| engine.cancel_job(job));
            }
        }));
    }

    /// Takes a picture of the computer's disk, its keychain and the place before every operation.
    pub fn photograph(&self, machine: &Machine) -> Album {
        let pictures: Arc<Mutex<Vec<Disk>>> = Arc::default();
        let album = Album(Arc::clone(&pictures));
        let home = machine.computer.ports.home.clone();
        let keychain = Arc::clone(&machine.computer.keychain);
        self.watch(Box::new(move |_, files| {
            let disk = Disk { home: tree(&home), place: files.files(), keychain: entries(&keychain) };
            pictures.lock().unwrap().push(disk);
        }));
        album
    }

    fn watch(&self, step: Step) {
        self.count.store(0, Ordering::SeqCst);
        *self.at_step.lock().unwrap() = Some(step);
    }

    fn step(&self) {
        let step = self.count.fetch_add(1, Ordering::SeqCst);
        if let Some(at_step) = self.at_step.lock().unwrap().as_mut() {
            at_step(step, &self.files);
        }
    }
}

impl Store for Watched {
    fn get(&self, name: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
        self.step();
        self.files.get(name, limit)
    }

    fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Vec<u8>, StoreError> {
        self.step();
        self.files.get_range(name, offset, length)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.step();
        if self.is_read_only.load(Ordering::SeqCst) {
            return Err(StoreError::ReadOnly);
        }
        self.files.put(name, bytes)
    }

    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        self.step();
        self.files.list(prefix)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.step();
        self.files.delete(name)
    }

    fn free_space(&self) -> Result<Option<u64>, StoreError> {
        self.files.free_space()
    }
}

/// Pictures taken so far.
pub struct Album(Arc<Mutex<Vec<Disk>>>);

impl Album {
    /// Takes them out.
    pub fn pictures(self) -> Vec<Disk> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A computer's disk, its keychain, and its place, at one moment: what is left when the power goes.
pub struct Disk {
    home: Files,
    place: Files,
    keychain: Vec<(String, SecretString)>,
}

impl Disk {
    /// What is there now.
    pub fn of(machine: &Machine, place: &Path) -> Self {
        let keychain = entries(&machine.computer.keychain);
        Self { home: tree(&machine.computer.ports.home), place: tree(place), keychain }
    }

    /// Starts Coffer from it, with the place beside the home.
    pub fn start(&self, world: &World, number: usize) -> Machine {
        let home = world.path(&format!("disk-{number}"));
        write(&home, &self.home);
        write(&home.with_extension("place"), &self.place);
        let computer = TestComputer::new(&home, "started again", 1_000 + u64::try_from(number).unwrap());
        for (name, value) in &self.keychain {
            computer.keychain.set(name, value).unwrap();
        }
        let engine = open_engine(computer.ports.clone()).unwrap();
        let machine = Machine { computer, engine };
        if machine.engine.get_protection().unwrap().state != "off" {
            machine.engine.choose_place(&machine.place(), false).unwrap();
        }
        machine
    }
}

impl Machine {
    /// The place beside the home of a computer started from a picture.
    pub fn place(&self) -> PathBuf {
        self.computer.ports.home.with_extension("place")
    }
}

fn entries(keychain: &MemoryKeychain) -> Vec<(String, SecretString)> {
    let value = |name: &String| keychain.get(name).unwrap().unwrap();
    keychain.names().iter().map(|name| (name.clone(), value(name))).collect()
}

fn write(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
