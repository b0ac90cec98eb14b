#!/usr/bin/env python3
"""Restores a Coffer backup without Coffer: written from FORMAT.md and KEYSLOTS.md alone.

    coffer_reader.py list    PLACE                  the backups in a place
    coffer_reader.py restore PLACE FOLDER [BACKUP]  every entry of one backup, or of all, into a new folder
    coffer_reader.py input   PLACE                  what its passkeys are evaluated with, and which they are

The password or the 64 digits are read from the first line of standard input; with --passkey FILE as the last two
arguments what a passkey gave is read from FILE instead: 32 bytes as 64 hex digits (its PRF output for the input that
KEYSLOTS.md, section 5, gives; `coffer_reader.py input PLACE` prints that input and the passkeys to ask). Every entry becomes a file whose name
is the entry's name with %XX for all but letters, digits, "-" and "_"; what the app keeps beside it goes to NAME.meta.
"""
import hashlib, hmac, io, os, re, struct, sys, unicodedata
from pathlib import Path

import cbor2, zstandard
from argon2.low_level import Type, hash_secret_raw
from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


class Damaged(Exception):
    """A file, or one record of it, is not what was written."""


def require(condition, what):
    if not condition:
        raise Damaged(what)


# --- KEYSLOTS.md, section 1 and 2: fields and key derivation

def fields(*parts):
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)

def expand(key, info, length):
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)

def extract(salt, secret):
    return hmac.digest(salt or bytes(32), secret, "sha256")

def open_gcm(key, nonce, sealed, bound):
    try:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise Damaged("a tag does not verify") from None

def cbor(data, has_padding=False):
    stream = io.BytesIO(data)
    item = cbor2.load(stream)
    rest = data[stream.tell():]
    require(not any(rest) if has_padding else not rest, "bytes behind a CBOR item")
    return item

def block(data):
    length = struct.unpack(">H", data[:2])[0]
    require(length <= len(data) - 2 and not any(data[2 + length:]), "a block is malformed")
    return cbor(data[2:2 + length]) if length else None


# --- KEYSLOTS.md, sections 3 to 6: from a secret to the data keys

class Keys:
    """The repository id, the data keys by generation, and the chunk-id key."""
    def __init__(self, repository, data_keys, chunk_id_key):
        self.repository, self.data_keys, self.chunk_id_key = repository, data_keys, chunk_id_key

def strong_key(kind, secret, head):
    if isinstance(secret, bytes):
        return secret if kind == 3 else None
    if kind == 1:
        digits = "".join(str(unicodedata.digit(c)) for c in secret if unicodedata.digit(c, None) is not None)
        return digits.encode() if len(digits) == 64 else None
    if kind != 0:
        return None
    memory, passes, lanes = head[3]
    require(65536 <= memory <= 1048576 and 3 <= passes <= 10 and 1 <= lanes <= 8, "Argon2id beyond its bounds")
    spaces = "".join(" " if c.isspace() and unicodedata.category(c) != "Cc" else c for c in secret)
    password = unicodedata.normalize("NFC", spaces).encode()
    return hash_secret_raw(password, head[2], passes, memory, lanes, 32, Type.ID, 19)

def open_handover(slot_secret, psk, psk_id, info, handover, bound):
    """HPKE (RFC 9180), mode PSK, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    labeled_extract = lambda s, salt, label, ikm: extract(salt, b"HPKE-v1" + s + label + ikm)
    labeled_expand = lambda s, key, label, text, n: expand(key, struct.pack(">H", n) + b"HPKE-v1" + s + label + text, n)
    key, sender = X25519PrivateKey.from_private_bytes(slot_secret), handover[:32]
    dh = key.exchange(X25519PublicKey.from_public_bytes(sender))
    both = sender + key.public_key().public_bytes_raw()
    shared = labeled_expand(kem, labeled_extract(kem, b"", b"eae_prk", dh), b"shared_secret", both, 32)
    context = b"\x01" + labeled_extract(suite, b"", b"psk_id_hash", psk_id) + labeled_extract(suite, b"", b"info_hash", info)
    secret = labeled_extract(suite, shared, b"secret", psk)
    return open_gcm(labeled_expand(suite, secret, b"key", context, 32),
                    labeled_expand(suite, secret, b"base_nonce", context, 12), handover[32:], bound)

def open_slot(header, slot, secret):
    """The data key of the file; None when the secret is not this slot's."""
    head, repository = cbor(slot[0]), header[0]
    strong = strong_key(head[1], secret, head)
    if strong is None:
        return None
    info = fields(b"coffer/1/key-encryption-key", bytes([head[1]]), repository, head[0])
    kek = expand(extract(head[2], strong), info, 32)
    wrap = expand(kek, fields(b"coffer/1/slot/wrap"), 64)
    if not hmac.compare_digest(wrap[32:], slot[1]):
        return None
    bound = lambda generation, key_id: fields(
        b"coffer/1/slot/associated-data", repository, struct.pack(">I", generation), key_id, slot[0])
    if 3 not in slot:
        return open_gcm(wrap[:32], slot[2][:12], slot[2][12:], bound(header[1], header[3]))
    generation, key_id, handover = slot[3]
    require(generation < header[1], "a handover from a later generation")
    earlier = open_gcm(wrap[:32], slot[2][:12], slot[2][12:], bound(generation, key_id))
    label = fields(b"coffer/1/slot/handover", repository)
    return open_handover(expand(kek, fields(b"coffer/1/slot/key-pair"), 32), expand(earlier, label, 32), key_id,
                         label, handover, bound(header[1], header[3]))

def open_keyslots(data, header, secret):
    slots = [block(data[at:at + 1536]) for at in range(1024, 25600, 1536)]
    for slot in filter(None, slots):
        key = open_slot(header, slot, secret)
        if key is None:
            continue
        mac = expand(key, fields(b"coffer/1/keyslots/mac", header[0], header[4]), 32)
        require(hmac.compare_digest(hmac.digest(mac, data[:49120], "sha256"), data[49120:]), "the MAC does not verify")
        seal = expand(key, fields(b"coffer/1/keyslots/seal", header[0], header[4]), 44)
        inner = block(open_gcm(seal[:32], seal[32:], data[25600:49120], data[:25600]))
        earlier = {generation: old for generation, _, old in inner[1]}
        return Keys(header[0], {**earlier, header[1]: key}, inner[0])
    return None

def keyslot_files(place):
    """(header, bytes) of every whole version, newest first."""
    versions = {}
    for path in [*place.glob("keyslots/*.cks"), *place.glob("keyslots-2/*.cks")]:
        data = path.read_bytes()
        if blake3(data).hexdigest() == path.stem and len(data) == 49152 and data[:9] == b"cofferks\x00":
            versions[path.stem] = (block(data[10:1024]), data)
    return sorted(versions.values(), key=lambda version: (version[0][1], version[0][2]), reverse=True)

def passkeys(place):
    """(PRF input, relying party, credential id, transports) of every passkey to ask for."""
    for header, data in keyslot_files(place):
        for slot in filter(None, (block(data[at:at + 1536]) for at in range(1024, 25600, 1536))):
            head = cbor(slot[0])
            named = cbor(head[5]) if head[1] == 3 else {}
            if named.get(0) == 1:
                yield hashlib.sha256(b"coffer/1/prf\x00" + header[0]).digest(), "coffer.invalid", named[1], named[2]

def unlock(place, secret):
    order = keyslot_files(place)
    for header, data in order:
        try:
            keys = open_keyslots(data, header, secret)
        except Damaged as damage:
            print(f"a keyslot file is not used: {damage}", file=sys.stderr)
            continue
        if keys:
            return keys
    sys.exit("wrong password, digits or passkey" if order else "no whole keyslot file is here")


# --- FORMAT.md, section 3: the one construction

KINDS = {"pack": (1, "packs", "cpk"), "index": (2, "index", "cix"), "snapshot": (3, "snapshots", "csn")}

class Sealed:
    """One pack, index file or snapshot: its records can be opened by number."""
    def __init__(self, keys, kind, data):
        magic, major, number, generation, salt, commitment = struct.unpack(">8sHHI32s32s", data[:80])
        require(magic == b"\x89COFFER\n" and major == 0 and number == KINDS[kind][0], "not a file of this kind")
        require(generation in keys.data_keys, "sealed under unknown keys")
        info = fields(b"coffer/1/file/" + kind.encode(), keys.repository, salt)
        derived = expand(keys.data_keys[generation], info, 76)
        require(hmac.compare_digest(derived[44:], commitment), "of another repository, or forged")
        self.key, self.nonce, self.kind, self.data = derived[:32], derived[32:44], number, data
        count, footer_length = struct.unpack(">QQ", self.open(2**64 - 1, 33, 0, 16, b"", data[-32:]))
        start = len(data) - 32 - footer_length
        footer = self.open(count, 32, 0, footer_length - 16, b"", data[start:-32])
        self.records, at = [], 80
        for record, chunk, codec, length, sealed in cbor(footer, has_padding=True):
            self.records.append((record, chunk, codec, length, at, at + sealed))
            at += sealed
        require(at == start and len(self.records) == count, "the footer does not fit the file")

    def open(self, number, record, codec, length, chunk, sealed):
        mixed = struct.pack(">IQ", 0, number)
        nonce = bytes(a ^ b for a, b in zip(self.nonce, mixed))
        bound = struct.pack(">HHQBBI32s", 0, self.kind, number, record, codec, length, chunk)
        content = open_gcm(self.key, nonce, sealed, bound)
        if codec == 1:
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=length)
        require(len(content) == length, "a record has another length")
        return content

    def content(self, number):
        record, chunk, codec, length, start, end = self.records[number]
        return self.open(number, record, codec, length, chunk, self.data[start:end])


# --- FORMAT.md, sections 5 and 7: index, snapshots, entries

class Repository:
    def __init__(self, place, secret):
        self.place, self.keys, self.packs, self.chunks = place, unlock(place, secret), {}, {}
        bodies = {path.stem: cbor(sealed.content(0)) for path, sealed in self.files("index")}
        superseded = {name.hex() for body in bodies.values() for name in body.get(1, [])}
        for name, body in bodies.items():
            for pack, _, records in body[0] if name not in superseded else []:
                self.add(pack.hex(), [record[1] for record in records])
        for path in place.glob("packs/*/*.cpk"):
            if path.stem not in self.packs:
                self.add(path.stem, None)

    def add(self, pack, chunks):
        self.packs[pack] = None
        try:
            chunks = chunks or [record[1] for record in self.pack(pack).records]
        except (Damaged, OSError) as damage:
            print(f"pack {pack}: {damage}", file=sys.stderr)
            return
        for number, chunk in enumerate(chunks):
            self.chunks.setdefault(chunk, []).append((pack, number))

    def files(self, kind):
        _, folder, suffix = KINDS[kind]
        for path in sorted(self.place.glob(f"{folder}/*.{suffix}")):
            try:
                data = path.read_bytes()
                require(blake3(data).hexdigest() == path.stem, "the bytes are not those of the name")
                yield path, Sealed(self.keys, kind, data)
            except Damaged as damage:
                print(f"{path.name}: {damage}", file=sys.stderr)

    def pack(self, name):
        if self.packs[name] is None:
            self.packs.update({other: None for other in self.packs})  # one pack in memory at a time
            data = (self.place / "packs" / name[:2] / f"{name}.cpk").read_bytes()
            self.packs[name] = Sealed(self.keys, "pack", data)
        return self.packs[name]

    def chunk(self, kind, chunk, length):
        failures = []
        for pack, number in self.chunks.get(chunk, []):
            try:
                content = self.pack(pack).content(number)
                named = blake3(bytes([kind]) + content, key=self.keys.chunk_id_key).digest()
                require(named == chunk and len(content) == length, "another chunk")
                return content
            except (Damaged, OSError, IndexError) as damage:
                failures.append(f"pack {pack}: {damage}")
        raise Damaged("; ".join(failures) or "a chunk is in no pack")

    def resolve(self, chunk_list):
        depth, items = chunk_list
        for _ in range(depth):
            items = [below for item in items for below in cbor(self.chunk(4, *item))]
        return items

    def snapshots(self):
        for path, sealed in self.files("snapshot"):
            body = cbor(sealed.content(0))
            require(not body[10], f"needs {body[10]}")
            yield path.stem, body

    def entries(self, body):
        for leaf in self.resolve(body[9]):
            yield from cbor(self.chunk(4, *leaf))


def file_name(name):
    safe = re.sub(rb"[^A-Za-z0-9_-]", lambda match: b"%%%02X" % match[0][0], name).decode()
    return safe if len(safe) < 200 else hashlib.sha256(name).hexdigest()

def restore(repository, snapshot, body, folder):
    out, lost = folder / snapshot, 0
    out.mkdir(parents=True)
    for entry in repository.entries(body):
        path = out / file_name(entry[0])
        try:
            with open(path, "xb") as file:
                for chunk in repository.resolve(entry[3]):
                    file.write(repository.chunk(entry[1], *chunk))
                require(file.tell() == entry[2], "another length")
            path.with_name(path.name + ".meta").write_bytes(entry[4])
        except Damaged as damage:
            path.unlink()
            lost += 1
            print(f"{path.name}: {damage}", file=sys.stderr)
    return lost

def main():
    secret = None
    if sys.argv[-2:-1] == ["--passkey"]:
        secret = bytes.fromhex(Path(sys.argv[-1]).read_text())
        del sys.argv[-2:]
        if len(secret) != 32:
            sys.exit("a passkey gives 32 bytes")
    if len(sys.argv) < 3 or sys.argv[1] not in ("list", "restore", "input"):
        sys.exit(__doc__)
    if sys.argv[1] == "input":
        for prf_input, relying_party, credential, transports in passkeys(Path(sys.argv[2])):
            print(prf_input.hex(), relying_party, credential.hex(), transports)
        return
    repository = Repository(Path(sys.argv[2]), secret or sys.stdin.readline().rstrip("\r\n"))
    lost = 0
    for snapshot, body in repository.snapshots():
        if sys.argv[1] == "list":
            print(snapshot, body[3], body[4], body[6].get(0, 0), body[6].get(1, 0), body[6].get(2, 0))
        elif len(sys.argv) < 5 or sys.argv[4] == snapshot:
            lost += restore(repository, snapshot, body, Path(sys.argv[3]))
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
