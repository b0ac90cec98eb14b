//! Answers that no honest key gives.

use minicbor::data::Type;
use minicbor::encode::Error;
use minicbor::{Decoder, Encoder};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// How a key's answers are altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its answers to a command have this under a key: CBOR, or nothing at all.
    Field(u8, u8, Option<Vec<u8>>),
    /// It does not say that it verified the person.
    Unverified,
    /// It says that nobody touched it.
    Untouched,
    /// It answers for another relying party.
    WrongRelyingParty,
    /// It answers with another passkey than was asked for.
    WrongCredential,
    /// It gives no output of the extension.
    NoOutput,
    /// Its output is a block too short.
    ShortOutput,
    /// Its output at creation is not that of a use.
    OtherOutputAtCreation,
    /// Its backup flags (WebAuthn, 6.1.3).
    Flags {
        /// BE.
        eligible: bool,
        /// BS.
        backed_up: bool,
    },
    /// It answers this command with bytes of no meaning.
    Garbage(u8),
}

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;

/// Alters the answer to a message.
pub(super) fn alter(message: &[u8], answer: Vec<u8>, fault: &Fault) -> Vec<u8> {
    match (message.first().copied(), fault) {
        (Some(command), Fault::Garbage(to)) if command == *to => vec![0xFF; 32],
        (_, Fault::Garbage(_)) => answer,
        (Some(command), Fault::Field(to, key, value)) if command == *to && !answer.is_empty() => {
            let mut fields = Fields::read(&answer);
            match value {
                Some(value) => fields.0.insert(*key, value.clone()),
                None => fields.0.remove(key),
            };
            fields.write()
        }
        (_, Fault::Field(..)) => answer,
        (Some(command @ (MAKE_CREDENTIAL | GET_ASSERTION)), fault) => alter_ceremony(command, &answer, fault),
        _ => answer,
    }
}

fn alter_ceremony(command: u8, answer: &[u8], fault: &Fault) -> Vec<u8> {
    let mut fields = Fields::read(answer);
    if command == GET_ASSERTION && *fault == Fault::WrongCredential {
        fields.0.insert(
            1,
            encode(|w| w.map(2)?.str("id")?.bytes(&[7; 16])?.str("type")?.str("public-key")?.ok()),
        );
    }
    let mut data = AuthData::read(&fields.bytes(2));
    data.alter(command, fault);
    fields.0.insert(2, encode(|w| w.bytes(&data.write())?.ok()));
    fields.write()
}

fn encode(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), Error<Infallible>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).expect("memory takes every byte");
    bytes
}

/// The next value, as it is written.
fn raw(bytes: &[u8], decoder: &mut Decoder<'_>) -> Vec<u8> {
    let start = decoder.position();
    decoder.skip().expect("the firmware writes CBOR");
    bytes[start..decoder.position()].to_vec()
}

/// A map with small keys; its values as they are written.
pub(super) struct Fields(BTreeMap<u8, Vec<u8>>);

impl Fields {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(bytes);
        let count = decoder.map().ok().flatten().expect("the firmware answers with maps");
        let read = (0..count).map(|_| {
            let key = decoder.u8().expect("the firmware's keys are small");
            (key, raw(bytes, &mut decoder))
        });
        Self(read.collect())
    }

    pub(super) fn get(&self, key: u8) -> Option<&[u8]> {
        self.0.get(&key).map(Vec::as_slice)
    }

    /// A field that must be there.
    pub(super) fn raw(&self, key: u8) -> &[u8] {
        self.get(key).expect("the field is there")
    }

    pub(super) fn bytes(&self, key: u8) -> Vec<u8> {
        Decoder::new(self.raw(key)).bytes().expect("the field is bytes").to_vec()
    }

    pub(super) fn set(&mut self, key: u8, value: Vec<u8>) {
        self.0.insert(key, value);
    }

    pub(super) fn unset(&mut self, key: u8) {
        self.0.remove(&key);
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let count = u64::try_from(self.0.len()).expect("few fields");
        let mut bytes = encode(|w| w.map(count)?.ok());
        for (key, value) in &self.0 {
            bytes.extend(encode(|w| w.u8(*key)?.ok()));
            bytes.extend(value);
        }
        bytes
    }
}

/// Authenticator data (WebAuthn, 6.1), taken apart only as far as it is altered.
struct AuthData {
    /// Hash, flags and counter.
    head: Vec<u8>,
    /// The new credential and its public key.
    attested: Vec<u8>,
    extensions: Vec<(String, Vec<u8>)>,
}

impl AuthData {
    fn read(bytes: &[u8]) -> Self {
        let (head, rest) = bytes.split_at(37);
        let mut decoder = Decoder::new(rest);
        if head[32] & 0x40 != 0 {
            let id = usize::from(u16::from_be_bytes([rest[16], rest[17]]));
            decoder.set_position(18 + id);
            decoder.skip().expect("the firmware gives a public key");
        }
        let attested = rest[..decoder.position()].to_vec();
        let mut extensions = Vec::new();
        if head[32] & 0x80 != 0 {
            let count = decoder.map().ok().flatten().expect("extensions are a map");
            extensions.extend((0..count).map(|_| {
                let name = decoder.str().expect("extensions have names").to_owned();
                (name, raw(rest, &mut decoder))
            }));
        }
        Self { head: head.to_vec(), attested, extensions }
    }

    fn alter(&mut self, command: u8, fault: &Fault) {
        match fault {
            Fault::Unverified => self.head[32] &= !0x04,
            Fault::Untouched => self.head[32] &= !0x01,
            Fault::WrongRelyingParty => self.head[0] ^= 1,
            Fault::NoOutput => {
                self.extensions.clear();
                self.head[32] &= !0x80;
            }
            Fault::ShortOutput => self.alter_output(|output| output.truncate(output.len() - 16)),
            Fault::OtherOutputAtCreation if command == MAKE_CREDENTIAL => {
                self.alter_output(|output| *output.last_mut().expect("outputs are not empty") ^= 1);
            }
            Fault::Flags { eligible, backed_up } => {
                self.head[32] &= !0x18;
                self.head[32] |= if *eligible { 0x08 } else { 0 } | if *backed_up { 0x10 } else { 0 };
            }
            Fault::OtherOutputAtCreation | Fault::WrongCredential | Fault::Field(..) | Fault::Garbage(_) => {}
        }
    }

    fn alter_output(&mut self, change: impl Fn(&mut Vec<u8>)) {
        for (_, value) in &mut self.extensions {
            let mut decoder = Decoder::new(value);
            if decoder.datatype().is_ok_and(|kind| kind == Type::Bytes) {
                let mut output = decoder.bytes().expect("it is bytes").to_vec();
                change(&mut output);
                *value = encode(|w| w.bytes(&output)?.ok());
            }
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = [self.head.as_slice(), &self.attested].concat();
        if !self.extensions.is_empty() {
            let count = u64::try_from(self.extensions.len()).expect("few extensions");
            bytes.extend(encode(|w| w.map(count)?.ok()));
            for (name, value) in &self.extensions {
                bytes.extend(encode(|w| w.str(name)?.ok()));
                bytes.extend(value);
            }
        }
        bytes
    }
}
