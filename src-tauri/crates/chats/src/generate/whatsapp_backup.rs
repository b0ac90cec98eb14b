//! Encrypts a database as WhatsApp does, with the key files beside it. Readers of others can open what it makes.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use aes_gcm::AesGcm;
use aes_gcm::aead::{Aead, KeyInit, consts::U16};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::Dice;

/// The containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `.crypt12`.
    Crypt12,
    /// `.crypt14`.
    Crypt14,
    /// `.crypt15`.
    Crypt15,
}

impl Container {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Crypt12, Self::Crypt14, Self::Crypt15];

    /// `crypt12`, `crypt14`, `crypt15`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Crypt12 => "crypt12",
            Self::Crypt14 => "crypt14",
            Self::Crypt15 => "crypt15",
        }
    }
}

/// Writes `NAME.crypt1x` beside a database, and the keys: `key` for crypt12 and crypt14; for crypt15 `encrypted_backup.key`, and its
/// 64 digits in `digits.txt`.
pub fn write_whatsapp_backup(database: &Path, container: Container, seed: u64) -> io::Result<()> {
    let mut dice = Dice::new(seed ^ 0xc0de);
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(container.word());
    let folder = database.parent().unwrap_or(Path::new("."));
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    io::copy(&mut fs::File::open(database)?, &mut packed)?;
    let packed = packed.finish()?;
    let (iv, salt, account, secret) =
        (bytes::<16>(&mut dice), bytes::<32>(&mut dice), bytes::<16>(&mut dice), bytes::<32>(&mut dice));
    let mut out = header(container, &iv, &salt, &account);
    let key = if container == Container::Crypt15 { content_key(&secret) } else { secret };
    let sealer = AesGcm::<aes::Aes256, U16>::new(&key.into());
    out.extend(sealer.encrypt(&iv.into(), packed.as_slice()).map_err(io::Error::other)?);
    let sum = Md5::digest(&out);
    out.extend(sum);
    if container == Container::Crypt12 {
        out.extend(b"--67");
    }
    fs::File::create(name)?.write_all(&out)?;
    write_keys(folder, container, &salt, &account, &secret)
}

fn bytes<const N: usize>(dice: &mut Dice) -> [u8; N] {
    std::array::from_fn(|_| dice.next().to_le_bytes()[0])
}

fn header(container: Container, iv: &[u8; 16], salt: &[u8; 32], account: &[u8; 16]) -> Vec<u8> {
    if container == Container::Crypt12 {
        return [&[0, 1, 2], &salt[..], account, iv].concat();
    }
    let about = field(4, &[field(1, b"2.24.10.1"), field(3, b"67")].concat());
    let body = if container == Container::Crypt15 {
        [vec![8, 1], field(3, &field(1, iv)), about].concat()
    } else {
        let cipher = [field(1, &[0, 1]), field(2, b"2"), field(3, salt), field(4, account), field(5, iv)];
        [vec![8, 0], field(2, &cipher.concat()), about].concat()
    };
    let mut out = vec![short(&body)];
    out.extend(body);
    out
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, short(bytes)];
    out.extend(bytes);
    out
}

fn short(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).ok().filter(|length| *length < 128).expect("headers are short")
}

fn content_key(root: &[u8; 32]) -> [u8; 32] {
    let first = hmac(&[0; 32], root);
    hmac(&first, b"backup encryption\x01")
}

fn hmac(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

fn write_keys(
    folder: &Path,
    container: Container,
    salt: &[u8; 32],
    account: &[u8; 16],
    secret: &[u8; 32],
) -> io::Result<()> {
    if container == Container::Crypt15 {
        fs::write(folder.join("digits.txt"), crate::record::hex(secret) + "\n")?;
        return fs::write(folder.join("encrypted_backup.key"), java(secret));
    }
    let sum: [u8; 32] = Sha256::digest(account).into();
    let content = [&[0, 1, 2], &salt[..], account, &sum, &[0; 16], secret].concat();
    fs::write(folder.join("key"), java(&content))
}

/// A byte array as Java serialises it.
fn java(bytes: &[u8]) -> Vec<u8> {
    let head = [
        0xac, 0xed, 0, 5, b'u', b'r', 0, 2, b'[', b'B', 0xac, 0xf3, 0x17, 0xf8, 6, 8, 0x54, 0xe0, 2, 0, 0,
        b'x', b'p',
    ];
    let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    [&head[..], &length, bytes].concat()
}
