//! The key's side of CTAPHID (CTAP 2.1, 11.2): frames in, frames out, on any wire.

use crate::VirtualKey;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// The size of a report.
pub const FRAME: usize = 64;
/// One report.
pub type Frame = [u8; FRAME];

/// A frame that begins a message has 7 bytes before its data, the others have 5.
const FIRST: usize = FRAME - 7;
const NEXT: usize = FRAME - 5;
/// The largest message that fits into 1 and 128 frames.
const MOST: usize = FIRST + 128 * NEXT;
/// Signs of life while a message is worked on.
const KEEPALIVE_EVERY: Duration = Duration::from_millis(100);

const BROADCAST: u32 = 0xFFFF_FFFF;
const PING: u8 = 0x81;
const INIT: u8 = 0x86;
const CBOR: u8 = 0x90;
const CANCEL: u8 = 0x91;
const KEEPALIVE: u8 = 0xBB;
const ERROR: u8 = 0xBF;

const INVALID_COMMAND: u8 = 0x01;
const INVALID_LENGTH: u8 = 0x03;
const INVALID_SEQUENCE: u8 = 0x04;
const CHANNEL_BUSY: u8 = 0x06;
const INVALID_CHANNEL: u8 = 0x0B;

/// CTAP2 messages are understood, CTAP1 messages are not (CTAP 2.1, 11.2.9.1.3).
const CAPABILITIES: u8 = 0x04 | 0x08;
const PROCESSING: u8 = 1;
const TOUCH_NEEDED: u8 = 2;

/// What happens on the wire and behind it.
pub enum Event {
    /// A frame came in.
    Heard(Frame),
    /// The firmware has answered the message of a channel.
    Answered(u32, Vec<u8>),
}

/// The key on a wire.
pub struct HidKey<W> {
    key: Arc<VirtualKey>,
    events: Sender<Event>,
    wire: W,
    channels: BTreeSet<u32>,
    partial: Option<Message>,
    /// The channel whose message the firmware works on.
    at_work: Option<u32>,
}

/// A message that is coming in.
struct Message {
    channel: u32,
    command: u8,
    length: usize,
    data: Vec<u8>,
    next: u8,
}

impl<W: FnMut(&Frame)> HidKey<W> {
    /// A key whose frames go out by `wire`, and which is told of its own answers by `events`.
    pub fn new(key: Arc<VirtualKey>, events: Sender<Event>, wire: W) -> Self {
        Self { key, events, wire, channels: BTreeSet::new(), partial: None, at_work: None }
    }

    /// Answers until nobody can send events any more, or the wire's side says stop by closing.
    pub fn serve(&mut self, events: &Receiver<Event>, is_over: &dyn Fn() -> bool) {
        while !is_over() {
            match events.recv_timeout(KEEPALIVE_EVERY) {
                Ok(Event::Heard(frame)) => self.hear(&frame),
                Ok(Event::Answered(channel, answer)) => {
                    self.at_work = None;
                    self.say(channel, CBOR, &answer);
                }
                Err(RecvTimeoutError::Timeout) => self.live(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Takes in one frame.
    pub fn hear(&mut self, frame: &Frame) {
        let (head, rest) = frame.split_at(4);
        let channel = head.try_into().map_or(0, u32::from_be_bytes);
        if rest[0] & 0x80 == 0 {
            self.hear_more(channel, rest[0], &rest[1..]);
        } else {
            let length = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
            self.hear_first(channel, rest[0], length, &rest[3..]);
        }
    }

    fn hear_first(&mut self, channel: u32, command: u8, length: usize, data: &[u8]) {
        let is_known = channel == BROADCAST && command == INIT || self.channels.contains(&channel);
        match () {
            () if !is_known => self.refuse(channel, INVALID_CHANNEL),
            () if length > MOST => self.refuse(channel, INVALID_LENGTH),
            () if command == CANCEL => self.key.cancel(),
            () if self.at_work.is_some() => self.refuse(channel, CHANNEL_BUSY),
            () => {
                let data = data[..length.min(FIRST)].to_vec();
                self.partial = Some(Message { channel, command, length, data, next: 0 });
                self.obey_when_whole();
            }
        }
    }

    fn hear_more(&mut self, channel: u32, number: u8, data: &[u8]) {
        let Some(message) = self.partial.as_mut().filter(|message| message.channel == channel) else {
            // A part of nothing is ignored (CTAP 2.1, 11.2.5.4).
            return;
        };
        if number != message.next {
            self.partial = None;
            return self.refuse(channel, INVALID_SEQUENCE);
        }
        message.next += 1;
        let missing = message.length - message.data.len();
        message.data.extend_from_slice(&data[..missing.min(NEXT)]);
        self.obey_when_whole();
    }

    fn obey_when_whole(&mut self) {
        let Some(message) = self.partial.take_if(|message| message.data.len() == message.length) else {
            return;
        };
        let Message { channel, command, length: _, data, next: _ } = message;
        match command {
            INIT => self.open_channel(channel, &data),
            PING => self.say(channel, PING, &data),
            CBOR if data.is_empty() => self.refuse(channel, INVALID_LENGTH),
            CBOR => self.work(channel, data),
            _ => self.refuse(channel, INVALID_COMMAND),
        }
    }

    fn open_channel(&mut self, channel: u32, nonce: &[u8]) {
        let Ok(nonce) = <[u8; 8]>::try_from(nonce) else {
            return self.refuse(channel, INVALID_LENGTH);
        };
        let opened =
            if channel == BROADCAST { self.channels.last().map_or(1, |last| last + 1) } else { channel };
        self.channels.insert(opened);
        let mut answer = nonce.to_vec();
        answer.extend(opened.to_be_bytes());
        // Protocol 2, device version 1.0.0 (CTAP 2.1, 11.2.9.1.3).
        answer.extend([2, 1, 0, 0, CAPABILITIES]);
        self.say(channel, INIT, &answer);
    }

    fn work(&mut self, channel: u32, request: Vec<u8>) {
        self.at_work = Some(channel);
        let (key, events) = (Arc::clone(&self.key), self.events.clone());
        thread::spawn(move || {
            // The wire may be gone before the firmware answers.
            events.send(Event::Answered(channel, key.ctap2(&request))).ok();
        });
    }

    fn live(&mut self) {
        if let Some(channel) = self.at_work {
            let status = if self.key.is_blinking() { TOUCH_NEEDED } else { PROCESSING };
            self.say(channel, KEEPALIVE, &[status]);
        }
    }

    fn refuse(&mut self, channel: u32, why: u8) {
        self.say(channel, ERROR, &[why]);
    }

    /// Sends a message in frames.
    fn say(&mut self, channel: u32, command: u8, data: &[u8]) {
        let (first, rest) = data.split_at(data.len().min(FIRST));
        let length = u16::try_from(data.len()).expect("the firmware's answers are short");
        let [high, low] = length.to_be_bytes();
        self.send(channel, &[command, high, low], first);
        for (number, part) in (0..).zip(rest.chunks(NEXT)) {
            self.send(channel, &[number], part);
        }
    }

    fn send(&mut self, channel: u32, head: &[u8], data: &[u8]) {
        let mut frame = [0; FRAME];
        let bytes = channel.to_be_bytes().into_iter().chain(head.iter().copied()).chain(data.iter().copied());
        frame.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        (self.wire)(&frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeySettings;
    use std::cell::RefCell;
    use std::sync::mpsc::channel;

    fn key(folder: &tempfile::TempDir) -> Arc<VirtualKey> {
        Arc::new(VirtualKey::power(&KeySettings::new(folder.path().join("key"), 1)))
    }

    fn frame(head: &[u8], data: &[u8]) -> Frame {
        let mut frame = [0; FRAME];
        frame[..head.len()].copy_from_slice(head);
        frame[head.len()..head.len() + data.len()].copy_from_slice(data);
        frame
    }

    const OPEN: &[u8] = &[0xFF, 0xFF, 0xFF, 0xFF, INIT, 0, 8];

    #[test]
    fn a_channel_is_opened_for_a_nonce() {
        let folder = tempfile::tempdir().unwrap();
        let sent = RefCell::new(Vec::new());
        let mut hid = HidKey::new(key(&folder), channel().0, |frame: &Frame| sent.borrow_mut().push(*frame));

        hid.hear(&frame(OPEN, b"12345678"));

        let answer = [b"12345678", &[0, 0, 0, 1, 2][..], &[1, 0, 0, CAPABILITIES]].concat();
        let head = [0xFF, 0xFF, 0xFF, 0xFF, INIT, 0, 17];
        assert_eq!(*sent.borrow(), [frame(&head, &answer)]);
    }

    #[test]
    fn a_long_message_goes_both_ways_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let sent = RefCell::new(Vec::new());
        let mut hid = HidKey::new(key(&folder), channel().0, |frame: &Frame| sent.borrow_mut().push(*frame));
        hid.hear(&frame(OPEN, b"12345678"));
        let data: Vec<u8> = (0..100).collect();
        let parts =
            [frame(&[0, 0, 0, 1, PING, 0, 100], &data[..FIRST]), frame(&[0, 0, 0, 1, 0], &data[FIRST..])];

        parts.iter().for_each(|part| hid.hear(part));

        assert_eq!(sent.borrow()[1..], parts);
    }

    #[test]
    fn a_message_without_a_channel_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let sent = RefCell::new(Vec::new());
        let mut hid = HidKey::new(key(&folder), channel().0, |frame: &Frame| sent.borrow_mut().push(*frame));

        hid.hear(&frame(&[0, 0, 0, 7, PING, 0, 1], b"x"));

        assert_eq!(*sent.borrow(), [frame(&[0, 0, 0, 7, ERROR, 0, 1], &[INVALID_CHANNEL])]);
    }

    #[test]
    fn a_part_out_of_turn_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let sent = RefCell::new(Vec::new());
        let mut hid = HidKey::new(key(&folder), channel().0, |frame: &Frame| sent.borrow_mut().push(*frame));
        hid.hear(&frame(OPEN, b"12345678"));

        hid.hear(&frame(&[0, 0, 0, 1, PING, 0, 100], &[0; FIRST]));
        hid.hear(&frame(&[0, 0, 0, 1, 1], &[0; NEXT]));

        assert_eq!(sent.borrow()[1..], [frame(&[0, 0, 0, 1, ERROR, 0, 1], &[INVALID_SEQUENCE])]);
    }
}
