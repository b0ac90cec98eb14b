//! Signal's local backup out of the same frames as its export: protocol buffers, packed, encrypted under a recovery key.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aes::Aes256;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use ctr::Ctr128BE;
use ctr::cipher::StreamCipher;
use flate2::Compression;
use flate2::write::GzEncoder;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Dice, Truth, write_signal_export};
use crate::base64::decode;
use crate::signal::backup::{BACKUP_KEY, MAIN_KEYS, METADATA_KEY, derive};
use crate::signal::schema::{self, Kind};

/// Turns an export's folder into `SignalBackups` in `folder`, with the recovery key in `key.txt`; says what is in it.
pub fn write_signal_backup(folder: &Path, entries: u64, seed: u64) -> io::Result<Truth> {
    let export = folder.join("export");
    let truth = write_signal_export(&export, entries, seed)?;
    let mut dice = Dice::new(seed);
    let key: String =
        (0..64).map(|_| char::from(dice.pick(b"abcdefghijklmnopqrstuvwxyz0123456789"))).collect();
    fs::write(folder.join("key.txt"), &key)?;
    let snapshot = folder.join("SignalBackups/signal-backup-2026-01-01-00-00-00");
    fs::create_dir_all(&snapshot)?;

    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for line in fs::read_to_string(export.join("main.jsonl"))?.lines() {
        let frame: Value = serde_json::from_str(line)?;
        let frame = frame.as_object().map(|frame| encode(frame, "Frame")).unwrap_or_default();
        packed.write_all(&delimited(&frame))?;
        seal_files(&export, &folder.join("SignalBackups/files"), &serde_json::from_str(line)?)?;
    }
    let mut packed = packed.finish()?;
    // Zeros hide the length.
    packed.resize(packed.len() + 1000, 0);

    let backup = derive::<32>(key.as_bytes(), BACKUP_KEY);
    let metadata = derive::<32>(backup.as_slice(), METADATA_KEY);
    let (id, iv) = ([0x1d; 16], [0x17; 12]);
    let mut counter = [0; 16];
    counter.iter_mut().zip(iv).for_each(|(to, from)| *to = from);
    let mut sealed = id;
    Ctr128BE::<Aes256>::new((&*metadata).into(), &counter.into()).apply_keystream(&mut sealed);
    let inner = [&field(1, &iv)[..], &field(2, &sealed)].concat();
    fs::write(snapshot.join("metadata"), [&[0x08, 0x01][..], &field(2, &inner)].concat())?;
    fs::write(snapshot.join("files"), [])?;

    let keys = derive::<64>(backup.as_slice(), &[MAIN_KEYS, &id].concat());
    let (hmac, aes) = keys.split_at(32);
    fs::write(snapshot.join("main"), sealed_bytes(&packed, aes, hmac))?;
    fs::remove_dir_all(export)?;
    Ok(truth)
}

/// IV, AES-256-CBC with PKCS#7, HMAC-SHA256.
pub(crate) fn sealed_bytes(plain: &[u8], aes: &[u8], hmac: &[u8]) -> Vec<u8> {
    let iv = [0x19; 16];
    let key: [u8; 32] = aes.try_into().expect("an AES key has 32 bytes");
    let mut cipher = cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into());
    let padding = 16 - plain.len() % 16;
    let mut bytes = plain.to_vec();
    bytes.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(16));
    for block in bytes.chunks_exact_mut(16) {
        let block: &mut [u8; 16] = block.try_into().expect("chunks have 16 bytes");
        cipher.encrypt_block(block.into());
    }
    let mut out = [&iv[..], &bytes].concat();
    let mut mac = Hmac::<Sha256>::new_from_slice(hmac).expect("HMAC takes keys of any length");
    mac.update(&out);
    out.extend(mac.finalize().into_bytes());
    out
}

/// Seals every file a frame points to and the export has.
fn seal_files(export: &Path, to: &Path, value: &Value) -> io::Result<()> {
    match value {
        Value::Object(object) => {
            let bytes = |key: &str| decode(object.get(key)?.as_str()?);
            if let (Some(hash), Some(key)) = (bytes("plaintextHash"), bytes("localKey")) {
                let name = crate::record::hex(&Sha256::digest([hash, key.clone()].concat()));
                let below = name.get(..2).unwrap_or_default();
                let plain: PathBuf = export.join("files").join(below).join(format!("{name}.jpeg"));
                if let Ok(mut plain) = fs::read(plain) {
                    plain.resize(plain.len().max(541), 0);
                    let (aes, hmac) = key.split_at(32);
                    fs::create_dir_all(to.join(below))?;
                    fs::write(to.join(below).join(&name), sealed_bytes(&plain, aes, hmac))?;
                }
            }
            object.values().try_for_each(|value| seal_files(export, to, value))
        }
        Value::Array(items) => items.iter().try_for_each(|value| seal_files(export, to, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// A message in protocol buffers.
fn encode(object: &Map<String, Value>, name: &str) -> Vec<u8> {
    let Some(message) = schema::message(name) else { return Vec::new() };
    let mut out = Vec::new();
    let mut fields: Vec<_> = message.iter().collect();
    fields.sort_by_key(|(number, _)| **number);
    for (number, field) in fields {
        let Some(value) = object.get(field.name) else { continue };
        let values =
            value.as_array().filter(|_| field.repeats).map_or(vec![value], |all| all.iter().collect());
        for value in values {
            out.extend(one(*number, &field.kind, value));
        }
    }
    out
}

fn one(number: u64, kind: &Kind, value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    let plain = |value: u64| [varint(number << 3), varint(value)].concat();
    match kind {
        Kind::Long | Kind::Number => plain(value.as_u64().or_else(|| text.parse().ok()).unwrap_or(0)),
        Kind::Flag => plain(u64::from(value.as_bool().unwrap_or(false))),
        Kind::Words(words) => {
            let at = words.iter().position(|word| *word == text).unwrap_or(0);
            plain(u64::try_from(at).unwrap_or(0))
        }
        Kind::Text => field(number, text.as_bytes()),
        Kind::Bytes => field(number, &decode(text).unwrap_or_default()),
        Kind::Message(name) => {
            field(number, &value.as_object().map(|one| encode(one, name)).unwrap_or_default())
        }
    }
}

fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), delimited(bytes)].concat()
}

fn delimited(bytes: &[u8]) -> Vec<u8> {
    [&varint(u64::try_from(bytes.len()).unwrap_or(0))[..], bytes].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}
