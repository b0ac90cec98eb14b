//! The key as a USB device of the running kernel (`/dev/uhid`, Documentation/hid/uhid.rst).

use crate::VirtualKey;
use crate::hid::{Event, FRAME, Frame, HidKey};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// The size of `struct uhid_event`: its kind and the largest of its bodies.
const EVENT: usize = 4 + 4372;
const DESTROY: u32 = 1;
const OUTPUT: u32 = 6;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const BUS_USB: u16 = 3;
/// Where `uhid_output_req` has its size: behind the data.
const OUTPUT_SIZE: usize = 4 + 4096;

/// The report descriptor of a FIDO device (CTAP 2.1, 11.2.8.2): usage page F1D0, 64 bytes in, 64 bytes out.
const DESCRIPTOR: &[u8] = &[
    0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95,
    0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xC0,
];

/// A key that is plugged in. Dropping it pulls the key out.
pub struct PluggedIn {
    device: File,
    key: Arc<VirtualKey>,
    is_over: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl PluggedIn {
    /// Plugs a key in: a `hidraw` device appears.
    ///
    /// # Errors
    /// When the kernel has no uhid.
    pub fn plug(key: VirtualKey) -> io::Result<Self> {
        let mut device = OpenOptions::new().read(true).write(true).open("/dev/uhid")?;
        device.write_all(&create())?;
        let key = Arc::new(key);
        let is_over = Arc::new(AtomicBool::new(false));
        let (events, waiting) = channel();
        let listener = (device.try_clone()?, events.clone());
        thread::spawn(move || listen(listener.0, &listener.1));
        let mut out = device.try_clone()?;
        let parts = (Arc::clone(&key), Arc::clone(&is_over));
        let serving = thread::spawn(move || {
            // A pulled key has nobody to send to.
            let send = |frame: &Frame| drop(out.write_all(&input(frame)));
            HidKey::new(parts.0, events, send).serve(&waiting, &|| parts.1.load(Ordering::SeqCst));
        });
        Ok(Self { device, key, is_over, serving: Some(serving) })
    }

    /// The key.
    pub fn key(&self) -> &VirtualKey {
        &self.key
    }
}

impl Drop for PluggedIn {
    fn drop(&mut self) {
        self.key.cancel();
        self.is_over.store(true, Ordering::SeqCst);
        // The kernel pulls it when the program ends, at the latest.
        self.device.write_all(&event(DESTROY, &[])).ok();
        if let Some(serving) = self.serving.take() {
            serving.join().ok();
        }
    }
}

/// Passes frames on for as long as the device is there.
fn listen(mut device: File, events: &Sender<Event>) {
    let mut event = [0; EVENT];
    while device.read(&mut event).is_ok_and(|length| length > 0) {
        if let Some(frame) = output(&event)
            && events.send(Event::Heard(frame)).is_err()
        {
            return;
        }
    }
}

fn event(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut event = kind.to_ne_bytes().to_vec();
    event.extend(body);
    event.resize(EVENT, 0);
    event
}

/// `uhid_create2_req`: name, place, serial, descriptor size, bus, vendor, product, version, country, descriptor.
fn create() -> Vec<u8> {
    let mut body = b"Coffer virtual key".to_vec();
    body.resize(128 + 64 + 64, 0);
    body.extend(u16::try_from(DESCRIPTOR.len()).expect("it is short").to_ne_bytes());
    body.extend(BUS_USB.to_ne_bytes());
    // pid.codes' number for private testing, 1209:0001.
    body.extend([0x1209_u32, 0x0001, 1, 0].into_iter().flat_map(u32::to_ne_bytes));
    body.extend(DESCRIPTOR);
    event(CREATE2, &body)
}

/// `uhid_input2_req`: size, data.
fn input(frame: &Frame) -> Vec<u8> {
    let mut body = u16::try_from(FRAME).expect("it is short").to_ne_bytes().to_vec();
    body.extend(frame);
    event(INPUT2, &body)
}

/// The frame of `uhid_output_req`. The kernel puts the report's number, 0, before it.
fn output(event: &[u8; EVENT]) -> Option<Frame> {
    let kind = u32::from_ne_bytes(event[..4].try_into().ok()?);
    let size = usize::from(u16::from_ne_bytes(event[OUTPUT_SIZE..OUTPUT_SIZE + 2].try_into().ok()?));
    let data = event[4..OUTPUT_SIZE].get(..size)?;
    let frame = if data.len() == FRAME + 1 { &data[1..] } else { data };
    frame.try_into().ok().filter(|_| kind == OUTPUT)
}
