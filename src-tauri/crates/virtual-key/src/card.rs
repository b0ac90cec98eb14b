//! The key as a smart card in a virtual reader (vsmartcard's vpcd): ISO 7816 around its CTAP2 messages.

use crate::VirtualKey;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use vpicc::{Connection, VSmartCard};

/// The FIDO applet's name (CTAP 2.1, 11.3.3).
const APPLET: [u8; 8] = [0xA0, 0, 0, 0x06, 0x47, 0x2F, 0, 0x01];
/// What the applet answers when it is selected and speaks CTAP2 only (CTAP 2.1, 11.3.3).
const VERSION: &[u8] = b"FIDO_2_0";
/// The most that fits into a short answer (ISO 7816-4, 5.1).
const SHORT: usize = 256;

const OK: [u8; 2] = [0x90, 0x00];
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];
const NOT_FOUND: [u8; 2] = [0x6A, 0x82];
const UNKNOWN: [u8; 2] = [0x6D, 0x00];

/// A slot of the virtual reader: vpcd listens there for a card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// vpcd's port.
    pub port: u16,
}

/// A key in a slot. Dropping it pulls the key out.
pub struct Inserted {
    wire: TcpStream,
    card: Option<JoinHandle<()>>,
    key: Arc<VirtualKey>,
}

impl Slot {
    /// Puts a key into the slot.
    pub(crate) fn insert(self, key: VirtualKey) -> io::Result<Inserted> {
        let wire = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let mut connection = Connection::from(wire.try_clone()?);
        let key = Arc::new(key);
        let mut card = Card { key: Arc::clone(&key), heard: Vec::new(), to_say: Vec::new() };
        let card = thread::spawn(move || while connection.poll(&mut card).is_ok() {});
        Ok(Inserted { wire, card: Some(card), key })
    }
}

impl Inserted {
    /// The key in the slot.
    pub fn key(&self) -> &VirtualKey {
        &self.key
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        // The reader may have hung up already. The wire goes first: a key that is pulled says nothing more.
        self.wire.shutdown(Shutdown::Both).ok();
        self.key.cancel();
        if let Some(card) = self.card.take() {
            card.join().ok();
        }
    }
}

/// The card's side of the reader's wire.
struct Card {
    key: Arc<VirtualKey>,
    /// The parts of a message that came in several commands.
    heard: Vec<u8>,
    /// The rest of an answer that does not fit into one.
    to_say: Vec<u8>,
}

/// A command, taken apart (ISO 7816-4, 5.1).
struct Command<'a> {
    class: u8,
    instruction: u8,
    data: &'a [u8],
    /// The most the other side takes.
    room: usize,
}

impl VSmartCard for Card {
    fn power_on(&mut self) {
        self.forget();
    }

    fn reset(&mut self) {
        self.forget();
    }

    fn execute(&mut self, message: &[u8]) -> Vec<u8> {
        match Command::parse(message) {
            Some(command) => self.obey(&command),
            None => WRONG_LENGTH.to_vec(),
        }
    }
}

impl Card {
    fn forget(&mut self) {
        self.heard.clear();
        self.to_say.clear();
    }

    fn obey(&mut self, command: &Command<'_>) -> Vec<u8> {
        match (command.class, command.instruction) {
            (0x00, 0xA4) if command.data == APPLET => [VERSION, &OK].concat(),
            (0x00, 0xA4) => NOT_FOUND.to_vec(),
            // NFCCTAP_MSG (CTAP 2.1, 11.3.5.1), in parts: the last part has another class.
            (0x90, 0x10) => {
                self.heard.extend_from_slice(command.data);
                OK.to_vec()
            }
            (0x80, 0x10) => {
                self.heard.extend_from_slice(command.data);
                self.to_say = self.key.ctap2(&std::mem::take(&mut self.heard));
                self.say(command.room)
            }
            // GET RESPONSE (ISO 7816-4, 7.6.1).
            (0x00 | 0x80, 0xC0) => self.say(command.room),
            // NFCCTAP_CONTROL: the reader is done with the applet.
            (0x80, 0x12) => OK.to_vec(),
            _ => UNKNOWN.to_vec(),
        }
    }

    /// The next part of the answer, and how much is left after it.
    fn say(&mut self, room: usize) -> Vec<u8> {
        let rest = self.to_say.split_off(room.min(self.to_say.len()));
        let mut part = std::mem::replace(&mut self.to_say, rest);
        match self.to_say.len() {
            0 => part.extend(OK),
            // 61 00: 256 bytes or more are left.
            left => part.extend([0x61, u8::try_from(left).unwrap_or(0)]),
        }
        part
    }
}

impl<'a> Command<'a> {
    fn parse(message: &'a [u8]) -> Option<Self> {
        let (&[class, instruction, _, _], body) = message.split_first_chunk()?;
        let (data, room) = match body {
            [] => (&[][..], 0),
            [room] => (&[][..], short(*room)),
            [0, high, low] => (&[][..], long(*high, *low)),
            [0, high, low, rest @ ..] => {
                let (data, room) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
                (data, if let [high, low] = room { long(*high, *low) } else { 0 })
            }
            [length, rest @ ..] => {
                let (data, room) = rest.split_at_checked(usize::from(*length))?;
                (data, if let [room] = room { short(*room) } else { 0 })
            }
        };
        Some(Self { class, instruction, data, room: if room == 0 { SHORT } else { room } })
    }
}

/// Zero stands for the most there can be.
fn short(room: u8) -> usize {
    if room == 0 { SHORT } else { usize::from(room) }
}

fn long(high: u8, low: u8) -> usize {
    match u16::from_be_bytes([high, low]) {
        0 => 65_536,
        room => usize::from(room),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeySettings;

    const GET_INFO: u8 = 0x04;

    fn card(folder: &tempfile::TempDir) -> Card {
        let key = VirtualKey::power(&KeySettings::new(folder.path().join("key"), 1));
        Card { key: Arc::new(key), heard: Vec::new(), to_say: Vec::new() }
    }

    #[test]
    fn only_the_fido_applet_is_here() {
        let folder = tempfile::tempdir().unwrap();
        let mut card = card(&folder);

        let fido = card.execute(&[&[0, 0xA4, 4, 0, 8][..], &APPLET, &[0]].concat());
        let other = card.execute(&[0, 0xA4, 4, 0, 2, 0xA0, 0x01, 0]);

        assert_eq!(fido, b"FIDO_2_0\x90\x00");
        assert_eq!(other, NOT_FOUND);
    }

    #[test]
    fn a_message_in_parts_is_the_same_message() {
        let folder = tempfile::tempdir().unwrap();
        let mut card = card(&folder);
        let whole = card.key.ctap2(&[0x06, 0xA2, 0x01, 0x01, 0x02, 0x01]);

        let first = card.execute(&[0x90, 0x10, 0, 0, 3, 0x06, 0xA2, 0x01]);
        let second = card.execute(&[0x80, 0x10, 0, 0, 3, 0x01, 0x02, 0x01, 0]);

        assert_eq!(first, OK);
        assert_eq!(whole.first(), Some(&0), "the pin tries are told");
        assert_eq!(second, [&whole[..], &OK].concat());
    }

    #[test]
    fn a_long_answer_comes_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let mut card = card(&folder);
        let whole = card.execute(&[0x80, 0x10, 0, 0, 0, 0, 1, GET_INFO, 0, 0]);

        let first = card.execute(&[0x80, 0x10, 0, 0, 1, GET_INFO, 0]);
        let second = card.execute(&[0x80, 0xC0, 0, 0, 0]);

        let left = u8::try_from(whole.len() - SHORT - 2).unwrap();
        assert_eq!(first[SHORT..], [0x61, left]);
        assert_eq!([&first[..SHORT], &second].concat(), whole);
    }

    #[test]
    fn a_command_that_is_cut_short_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut card = card(&folder);

        let cut = card.execute(&[0x80, 0x10, 0, 0, 9, GET_INFO]);

        assert_eq!(cut, WRONG_LENGTH);
    }
}
