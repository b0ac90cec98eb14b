"""Writes the golden vectors beside it, from KEYSLOTS.md alone: no line of it is shared with the Rust crate.

    pip install cryptography argon2-cffi blake3 && python tests/vectors/keys/make.py

Every run writes the same bytes. A vector is a text: `expect:` and what goes in, an empty line, what must come out.
"""

import hashlib
import hmac
import unicodedata
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = Path(__file__).parent
FILES = HERE / "files"
FLOOR = (65536, 3, 1)
PASSWORD, DIGITS, KEYCHAIN, PASSKEY = 0, 1, 2, 3
KINDS = {PASSWORD: "password", DIGITS: "recovery_key", KEYCHAIN: "keychain", PASSKEY: "passkey"}
RELYING_PARTIES = [1]
REACHES = ["this_computer", "this_key", "synced", "anywhere"]


# 1 Conventions

def cbor(value):
    def head(major, number):
        for size, limit, mark in ((0, 24, None), (1, 1 << 8, 24), (2, 1 << 16, 25), (4, 1 << 32, 26), (8, 1 << 64, 27)):
            if number < limit:
                return bytes([major << 5 | number]) if mark is None else bytes([major << 5 | mark]) + number.to_bytes(size, "big")
        raise ValueError(number)

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(sorted((cbor(k) + cbor(v) for k, v in value.items())))
    raise TypeError(value)


def block(size, content):
    encoded = cbor(content) if content is not None else b""
    assert len(encoded) <= size - 2, (len(encoded), size)
    return (len(encoded).to_bytes(2, "big") + encoded).ljust(size, b"\0")


def fields(label, *more):
    return b"".join(len(x).to_bytes(2, "big") + x for x in (label.encode(), *more))


def expand(prk, info, size):
    out, last, number = b"", b"", 0
    while len(out) < size:
        number += 1
        last = hmac.digest(prk, last + info + bytes([number]), hashlib.sha256)
        out += last
    return out[:size]


def hkdf(secret, salt, info, size):
    return expand(hmac.digest(salt, secret, hashlib.sha256), info, size)


def rand(name, size):
    """Bytes that look random and are the same in every run."""
    return hashlib.shake_256(("coffer vectors " + name).encode()).digest(size)


# 5 Opening a slot

def strong_key(kind, secret, salt, params):
    if kind == PASSWORD:
        text = unicodedata.normalize("NFC", "".join(" " if c.isspace() and unicodedata.category(c) != "Cc" else c for c in secret))
        memory, passes, lanes = params
        return hash_secret_raw(text.encode(), salt, passes, memory, lanes, 32, Type.ID, 19)
    return secret.encode() if kind == DIGITS else secret


class Place:
    def __init__(self, repository, generation, key_id):
        self.repository, self.generation, self.key_id = repository, generation, key_id

    def associated_data(self, head):
        return fields("coffer/1/slot/associated-data", self.repository, self.generation.to_bytes(4, "big"), self.key_id, head)


class Slot:
    def __init__(self, name, kind, secret, place, data_key, params=FLOOR, extra=None, credential=None):
        self.passkey = credential
        extra = passkey(*credential) if credential else extra
        self.id, self.kind, salt = rand(name + " id", 16), kind, rand(name + " salt", 32)
        in_range = 65536 <= params[0] <= 1048576 and 3 <= params[1] <= 10
        strong = strong_key(kind, secret, salt, params if in_range else FLOOR)
        self.kek = hkdf(strong, salt, fields("coffer/1/key-encryption-key", bytes([kind]), place.repository, self.id), 32)
        self.wrap_key, self.commitment = (lambda w: (w[:32], w[32:]))(expand(self.kek, fields("coffer/1/slot/wrap"), 64))
        pair = X25519PrivateKey.from_private_bytes(expand(self.kek, fields("coffer/1/slot/key-pair"), 32))
        self.public_key, self.handover = pair.public_key().public_bytes_raw(), None
        head = {0: self.id, 1: kind, 2: salt, 4: self.public_key, **(extra or {})}
        if kind == PASSWORD:
            head[3] = list(params)
        self.head = cbor(head)
        nonce = rand(name + " nonce", 12)
        self.wrapped = nonce + AESGCM(self.wrap_key).encrypt(nonce, data_key, place.associated_data(self.head))

    def hand_over(self, earlier, earlier_key, place, data_key):
        info = fields("coffer/1/slot/handover", place.repository)
        sealed = hpke_seal(rand("ephemeral", 32), self.public_key, expand(earlier_key, info, 32), earlier.key_id, info,
                           place.associated_data(self.head), data_key)
        self.handover = [earlier.generation, earlier.key_id, sealed]

    def map(self):
        slot = {0: self.head, 1: self.commitment, 2: self.wrapped}
        return {**slot, 3: self.handover} if self.handover else slot


# RFC 9180, mode PSK, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM

def hpke_seal(seed, public_key, psk, psk_id, info, aad, text):
    def labeled_extract(suite, salt, label, ikm):
        return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, hashlib.sha256)

    def labeled_expand(suite, prk, label, context, size):
        return expand(prk, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context, size)

    kem, suite = b"KEM" + bytes([0, 0x20]), b"HPKE" + bytes([0, 0x20, 0, 1, 0, 2])
    ephemeral = X25519PrivateKey.from_private_bytes(seed)
    encapped = ephemeral.public_key().public_bytes_raw()
    shared = labeled_extract(kem, b"", b"eae_prk", ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key)))
    shared = labeled_expand(kem, shared, b"shared_secret", encapped + public_key, 32)
    context = b"\x01" + labeled_extract(suite, b"", b"psk_id_hash", psk_id) + labeled_extract(suite, b"", b"info_hash", info)
    secret = labeled_extract(suite, shared, b"secret", psk)
    key, nonce = (labeled_expand(suite, secret, label, context, size) for label, size in ((b"key", 32), (b"base_nonce", 12)))
    return encapped + AESGCM(key).encrypt(nonce, text, aad)


# 4 The file

def details(slot, name, added, proved, reach, changed):
    record = {0: slot.id, 1: name, 2: added, 4: reach, 5: changed}
    return record if proved is None else {**record, 3: proved}


class Set:
    """What goes into one file; every part can be bent before it is written."""

    def __init__(self, name, place, data_key, chunk_id_key, counter=1, parents=(), slots=(), earlier=(), removed=(), ancestors=()):
        self.name, self.place, self.data_key = name, place, data_key
        self.slots = sorted(slots, key=lambda pair: pair[0].id)
        self.header = {0: place.repository, 1: place.generation, 2: counter, 3: place.key_id, 4: rand(name + " file", 32),
                       5: sorted(parents), 6: [2, 1, 65536, 3]}
        self.sealed = {0: chunk_id_key, 1: [list(key) for key in earlier], 2: [d for _, d in self.slots],
                       3: sorted([list(pair) for pair in removed]), 4: list(ancestors)}
        self.version = bytes([0, 0])

    def write(self):
        clear = b"cofferks" + self.version + block(1014, self.header)
        for index in range(16):
            clear += block(1536, self.slots[index][0].map() if index < len(self.slots) else None)
        seal = expand(self.data_key, fields("coffer/1/keyslots/seal", self.place.repository, self.header[4]), 44)
        clear += AESGCM(seal[:32]).encrypt(seal[32:], block(23504, self.sealed), clear)
        mac_key = expand(self.data_key, fields("coffer/1/keyslots/mac", self.place.repository, self.header[4]), 32)
        return save(clear + hmac.digest(mac_key, clear, hashlib.sha256))


def save(data):
    assert len(data) == 49152
    name = blake3(data).hexdigest() + ".cks"
    (FILES / name).write_bytes(data)
    return name


def digest(name):
    return bytes.fromhex(name[:64])


# 7 The 64-digit key

DAMM = ["0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
        "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"]


def check_digit(row):
    interim = 0
    for digit in row:
        interim = int(DAMM[interim][int(digit)])
    return str(interim)


def digits(seed):
    rows = [str(int.from_bytes(rand(f"{seed} {row}", 8), "big") % 10_000_000).zfill(7) for row in range(8)]
    return "".join(row + check_digit(row) for row in rows)


# What must come out

def derived(place, data_key, chunk_id_key):
    salt = bytes(range(32))
    lines = []
    for kind in ("pack", "index", "snapshot", "intent"):
        key = expand(data_key, fields("coffer/1/file/" + kind, place.repository, salt), 76)
        lines.append(f"file key {kind}: {key[:32].hex()} {key[32:44].hex()} {key[44:].hex()}")
    for name, label in (("library database", "library/database"), ("library media", "library/media"), ("library door", "library/door"), ("pins", "pins")):
        lines.append(f"subkey {name}: {expand(data_key, fields('coffer/1/' + label, place.repository), 32).hex()}")
    lines.append(f"chunk id 1 'hello': {blake3(bytes([1]) + b'hello', key=chunk_id_key).hexdigest()}")
    lines.append(f"passkey input: {hashlib.sha256(b'coffer/1/prf' + bytes(1) + place.repository).hexdigest()}")
    return lines


def opened(place, opened_by, counter, slots, merged, earlier=(), refused=(), newer=(), keys=None, left=()):
    lines = [f"repository {place.repository.hex()}", f"opened by {opened_by.id.hex()}",
             f"generation {place.generation}, counter {counter}, key id {place.key_id.hex()}"]
    lines += [f"earlier generation {generation}, key id {key_id.hex()}" for generation, key_id, _ in earlier]
    for slot, d in sorted(slots, key=lambda pair: (pair[1][2], pair[1][0])):
        lines.append(f"slot {slot.id.hex()} {KINDS[slot.kind]} {d[1]!r} added {d[2]} proved {d.get(3, '-')} {REACHES[d[4]]}")
    lines += [f"merged {name}" for name in merged]
    lines += [f"refused {name}: {reason}" for name, reason in refused]
    lines += [f"unverified {name}" for name in newer]
    lines += [f"left behind {name}" for name in left]
    return lines + derived(place, *keys)


def vector(name, expect, what, files, secret, lines=()):
    text = [f"expect: {expect}", f"what: {what}"] + [f"file: {file}" for file in files] + [f"secret: {secret}", "", *lines]
    (HERE / f"{name}.txt").write_text("\n".join(text) + "\n")


def passkey(relying_party, credential_id, transports):
    return {5: cbor({0: relying_party, 1: credential_id, 2: transports})}


def ways(slots):
    """What is seen of the ways without any secret, and which passkeys are asked for."""
    lines = []
    for slot in sorted(slots, key=lambda slot: slot.id):
        lines.append(f"way {slot.id.hex()} {KINDS[slot.kind]}")
        if slot.passkey:
            relying_party, credential_id, transports = slot.passkey
            asked = "asked for" if relying_party in RELYING_PARTIES else "not asked for"
            lines.append(f"  relying party {relying_party}, credential {credential_id.hex()}, transports {transports}: {asked}")
    return lines


# AES-GCM is not committing: one ciphertext and tag that opens under two keys

def gcm_times(x, y):
    product = 0
    for bit in range(128):
        if y >> (127 - bit) & 1:
            product ^= x
        x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
    return product


def gcm_inverse(x):
    power, result = x, 1 << 127
    for _ in range(127):
        power = gcm_times(power, power)
        result = gcm_times(result, power)
    return result


def aes(key, data):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data)


def number(data):
    return int.from_bytes(data, "big")


def ghash(key, aad, text):
    pad = lambda data: data.ljust(-(-len(data) // 16) * 16, b"\0")
    state = 0
    data = pad(aad) + pad(text) + (len(aad) * 8).to_bytes(8, "big") + (len(text) * 8).to_bytes(8, "big")
    for at in range(0, len(data), 16):
        state = gcm_times(state ^ number(data[at:at + 16]), key)
    return state


def forge(key_1, key_2, nonce, aad, first_block):
    """32 bytes of ciphertext and a tag that AES-256-GCM opens under both keys. Takes one division."""
    hash_1, hash_2 = (number(aes(key, bytes(16))) for key in (key_1, key_2))
    mask_1, mask_2 = (number(aes(key, nonce + b"\0\0\0\1")) for key in (key_1, key_2))
    without = first_block + bytes(16)
    differ = ghash(hash_1, aad, without) ^ mask_1 ^ ghash(hash_2, aad, without) ^ mask_2
    factor = gcm_times(hash_1, hash_1) ^ gcm_times(hash_2, hash_2)
    text = first_block + gcm_times(differ, gcm_inverse(factor)).to_bytes(16, "big")
    return text + (ghash(hash_1, aad, text) ^ mask_1).to_bytes(16, "big")


# The vectors

def main():
    FILES.mkdir(exist_ok=True)
    for old in [*FILES.glob("*.cks"), *HERE.glob("*.txt")]:
        old.unlink()

    place = Place(rand("repository", 16), 1, rand("key id", 16))
    data_key, chunk_id_key = rand("data key", 32), rand("chunk-id key", 32)
    keys = (data_key, chunk_id_key)
    # Decomposed and with a no-break space: what macOS may hand over.
    typed, password = "Zu\u0308rich\u00a0im Regen", "Z\u00fcrich im Regen"
    printed, keychain = digits("printed"), rand("keychain", 32)
    other_digits = digits("another")
    by_password = Slot("password", PASSWORD, password, place, data_key)
    by_digits = Slot("digits", DIGITS, printed, place, data_key)
    by_keychain = Slot("keychain", KEYCHAIN, keychain, place, data_key)
    first = [(by_password, details(by_password, "Password", 1000, 1500, 3, 1)), (by_digits, details(by_digits, "64-digit key", 2000, None, 3, 1)),
             (by_keychain, details(by_keychain, "This computer", 3000, None, 0, 1))]
    root = Set("root", place, data_key, chunk_id_key, slots=first).write()

    plain = opened(place, by_digits, 1, first, [root], keys=keys)
    vector("open-digits", "opened", "the 64 digits open a first version", [root], f"digits {printed}", plain)
    vector("open-digits-pasted", "opened", "the same digits, as people type and paste them", [root],
           "digits " + " ".join(printed[at:at + 4] if at % 8 else "".join(chr(0x660 + int(c)) for c in printed[at:at + 4]) for at in range(0, 64, 4)), plain)
    vector("open-password", "opened", "the password opens it; typed decomposed and with a no-break space", [root], f"password {typed}",
           opened(place, by_password, 1, first, [root], keys=keys))
    vector("open-keychain", "opened", "the keychain key opens it", [root], f"keychain {keychain.hex()}",
           opened(place, by_keychain, 1, first, [root], keys=keys))
    vector("wrong-digits", "wrong_secret", "right digits of another key", [root], f"digits {other_digits}")
    vector("wrong-password", "wrong_secret", "another password", [root], "password Zurich im Regen")
    vector("password-is-not-cheap", "wrong_secret", "the digits as a password do not reach the slot of the digits", [root], f"password {printed}")

    # Two computers wrote at once: one removed the password, the other renamed it and proved the digits.
    renamed = [(by_password, details(by_password, "My password", 1000, 1500, 3, 2)), (by_digits, details(by_digits, "64-digit key", 2000, 9000, 3, 2)), first[2]]
    left = Set("left", place, data_key, chunk_id_key, counter=2, parents=[digest(root)], slots=first[1:], removed=[(by_password.id, 8000)]).write()
    right_set = Set("right", place, data_key, chunk_id_key, counter=2, parents=[digest(root)], slots=renamed)
    right_set.header[6] = [3, 1, 131072, 3]
    right = right_set.write()
    heads = sorted([left, right], reverse=True)
    vector("fork-merged", "opened", "removal and proof survive; the renamed password does not come back", [root, left, right], f"digits {printed}",
           opened(place, by_digits, 2, [renamed[1], first[2]], heads, keys=keys))
    vector("removed-way", "removed_way", "the old file with the removed password was put back", [root, left, right], f"password {password}")
    grandchild = Set("grandchild", place, data_key, chunk_id_key, counter=3, parents=sorted([digest(left), digest(right)]),
                     slots=[renamed[1], first[2]], removed=[(by_password.id, 8000)], ancestors=[digest(root)[:16]]).write()
    vector("ancestor-known", "opened", "the root is known as an ancestor though the versions between are gone", [root, grandchild], f"digits {printed}",
           opened(place, by_digits, 3, [renamed[1], first[2]], [grandchild], keys=keys))

    # A later generation: the earlier data key is sealed in it.
    place_2, data_key_2 = Place(place.repository, 2, rand("key id 2", 16)), rand("data key 2", 32)
    by_digits_2 = Slot("digits 2", DIGITS, printed, place_2, data_key_2)
    earlier = [(1, place.key_id, data_key)]
    second = [(by_digits_2, details(by_digits_2, "64-digit key", 4000, None, 3, 1))]
    later = Set("generation 2", place_2, data_key_2, chunk_id_key, parents=[digest(grandchild)], ancestors=[digest(root)[:16]], slots=second,
                earlier=earlier).write()
    vector("generation-first", "opened", "generation 2 with counter 1 is newer than generation 1 with counter 3", [root, grandchild, later], f"digits {printed}",
           opened(place_2, by_digits_2, 1, second, [later], earlier=earlier, keys=(data_key_2, chunk_id_key)))
    vector("left-behind", "opened", "a genuine version of generation 1 that generation 2 was not made from is reported", [root, left, later], f"digits {printed}",
           opened(place_2, by_digits_2, 1, second, [later], earlier=earlier, keys=(data_key_2, chunk_id_key), left=[left]))
    forged_future = Set("old key", Place(place.repository, 3, place.key_id), data_key, chunk_id_key, counter=9, slots=first).write()
    vector("old-data-key-forges-nothing", "opened", "who holds the data key of generation 1 writes a file of generation 3", [later, forged_future], f"digits {printed}",
           opened(place_2, by_digits_2, 1, second, [later], earlier=earlier, newer=[forged_future], keys=(data_key_2, chunk_id_key)))
    vector("old-data-key-claims-no-generation", "opened", "the same file beside the first version: a data key has one generation", [root, forged_future],
           f"digits {printed}", opened(place, by_digits, 1, first, [root], refused=[(forged_future, "tampered")], keys=keys))

    # The data key changed while the 64 digits lay in a drawer: handed over through the public key of their slot.
    absent = Slot("digits", DIGITS, printed, place, data_key)
    absent.hand_over(place, data_key, place_2, data_key_2)
    record = details(absent, "64-digit key", 2000, None, 3, 4)
    file = Set("handover", place_2, data_key_2, chunk_id_key, counter=4, parents=[digest(grandchild)], ancestors=[digest(root)[:16]],
               slots=[(absent, record)], earlier=earlier).write()
    vector("handed-over", "opened", "a way that was absent when the data key changed", [root, file], f"digits {printed}",
           opened(place_2, absent, 4, [(absent, record)], [file], earlier=earlier, keys=(data_key_2, chunk_id_key)))
    strange_place, strange_key = Place(place.repository, 2, rand("a stranger's key id", 16)), rand("a stranger's data key", 32)
    absent = Slot("digits", DIGITS, printed, place, data_key)
    absent.hand_over(Place(place.repository, 1, place.key_id), rand("not the earlier data key", 32), strange_place, strange_key)
    file = Set("strange handover", strange_place, strange_key, chunk_id_key, counter=4, slots=[(absent, record)]).write()
    backwards = Slot("digits", DIGITS, printed, place_2, data_key_2)
    backwards.hand_over(place_2, data_key_2, place, data_key)
    back = Set("backwards", place, data_key, chunk_id_key, slots=[(backwards, record)]).write()
    vector("handed-over-backwards", "tampered", "a slot of generation 2 hands over the data key of generation 1", [back], f"digits {printed}")
    vector("handed-over-by-a-stranger", "tampered", "whoever holds the place hands over a data key of his own to a public key", [file], f"digits {printed}")
    vector("handed-over-by-a-stranger-hides-nothing", "opened", "and the real file still opens", [file, root], f"digits {printed}",
           opened(place, by_digits, 1, first, [root], newer=[file], keys=keys))

    # A stray file with a huge counter: real slots, wrong authentication.
    stray_set = Set("stray", place, rand("a stranger's key", 32), chunk_id_key, counter=1 << 60, slots=first)
    stray = stray_set.write()
    vector("stray-future-file", "opened", "a stranger's file with the real slots and a huge counter hides nothing", [stray, root], f"digits {printed}",
           opened(place, by_digits, 1, first, [root], refused=[(stray, "tampered")], keys=keys))
    vector("tampered", "tampered", "only the stranger's file is there: the secret is right, the file is not", [stray], f"digits {printed}")

    # Slots that were moved.
    elsewhere = Place(rand("another repository", 16), 1, place.key_id)
    vector("moved-to-another-repository", "wrong_secret", "the slot stands under another repository id",
           [Set("elsewhere", elsewhere, data_key, chunk_id_key, slots=first).write()], f"digits {printed}")
    vector("moved-to-another-generation", "tampered", "the slot of generation 1 stands in a file of generation 2",
           [Set("moved generation", Place(place.repository, 2, place.key_id), data_key, chunk_id_key, slots=first).write()], f"digits {printed}")
    vector("moved-to-another-data-key", "tampered", "the slot stands in a file of another key id",
           [Set("moved key", Place(place.repository, 1, rand("key id 9", 16)), data_key, chunk_id_key, slots=first).write()], f"digits {printed}")
    swapped = Slot("digits", DIGITS, printed, place, data_key)
    swapped.head = swapped.head.replace(swapped.id, by_password.id)
    swapped.id = by_password.id
    vector("moved-to-another-slot", "wrong_secret", "the slot stands under the id of another slot",
           [Set("moved slot", place, data_key, chunk_id_key, slots=[(swapped, details(swapped, "x", 1, None, 3, 1))]).write()], f"digits {printed}")
    turned = Slot("digits", DIGITS, printed, place, data_key)
    turned.head = turned.head.replace(b"\x01\x01\x02\x58", b"\x01\x02\x02\x58", 1)
    vector("moved-to-another-kind", "wrong_secret", "the 64 digits' slot says it is a keychain's",
           [Set("moved kind", place, data_key, chunk_id_key, slots=[(turned, details(turned, "x", 1, None, 3, 1))]).write()], f"keychain {keychain.hex()}")
    no_key = Slot("digits", DIGITS, printed, place, data_key)
    no_key.head = no_key.head.replace(rand("digits salt", 32), rand("digits salt", 32))[:-32] + rand("a stranger's public key", 32)
    vector("public-key-exchanged", "tampered", "a stranger's public key stands in the slot",
           [Set("public key", place, data_key, chunk_id_key, slots=[(no_key, details(no_key, "x", 1, None, 3, 1))]).write()], f"digits {printed}")

    # Argon2id outside its limits.
    for name, expect, params in (("argon2-less-memory", "too_weak", (65535, 3, 1)), ("argon2-fewer-passes", "too_weak", (65536, 2, 1)),
                                 ("argon2-no-lane", "too_weak", (65536, 3, 0)), ("argon2-more-memory", "too_expensive", (1048577, 3, 1)),
                                 ("argon2-more-passes", "too_expensive", (65536, 11, 1)), ("argon2-more-lanes", "too_expensive", (65536, 3, 9))):
        slot = Slot(name, PASSWORD, password, place, data_key, params if params[2] in (1, 9) else FLOOR)
        slot.head = cbor({0: slot.id, 1: PASSWORD, 2: rand(name + " salt", 32), 3: list(params), 4: bytes(32)})
        file = Set(name, place, data_key, chunk_id_key, slots=[(slot, details(slot, "x", 1, None, 3, 1))]).write()
        vector(name, "damaged", f"Argon2id of {params}: refused before any work", [file], f"password {password}", [f"{file}: {expect}"])

    # The future.
    newer = Set("critical", place, data_key, chunk_id_key, slots=first)
    newer.header[7] = 1
    file = newer.write()
    vector("unknown-critical-field", "damaged", "a critical field of the future in the header", [file], f"digits {printed}", [f"{file}: newer"])
    sealed_newer = Set("critical sealed", place, data_key, chunk_id_key, slots=first)
    sealed_newer.sealed[5] = 1
    file = sealed_newer.write()
    vector("unknown-critical-sealed-field", "newer", "a critical field of the future in the sealed part", [file], f"digits {printed}")
    strange_details = Set("details", place, data_key, chunk_id_key, slots=first)
    strange_details.sealed[2] = strange_details.sealed[2][:2]
    file = strange_details.write()
    vector("details-missing", "malformed", "a slot without details, written by a holder of the data key", [file], f"digits {printed}")
    kept = Set("optional", place, data_key, chunk_id_key, slots=first)
    kept.header[-1] = b"a hint"
    kept.sealed[-5] = ["anything", {1: 2}]
    file = kept.write()
    vector("unknown-optional-field", "opened", "a field of the future that is not critical is passed over", [file], f"digits {printed}",
           opened(place, by_digits, 1, first, [file], keys=keys))
    major = Set("major", place, data_key, chunk_id_key, slots=first)
    major.version = bytes([1, 0])
    file = major.write()
    vector("newer-major", "damaged", "another major version", [file], f"digits {printed}", [f"{file}: newer"])
    minor = Set("minor", place, data_key, chunk_id_key, slots=first)
    minor.version = bytes([0, 9])
    file = minor.write()
    vector("newer-minor", "opened", "another minor version is read", [file], f"digits {printed}", opened(place, by_digits, 1, first, [file], keys=keys))

    # Passkeys. What an authenticator gives is made up here; the rig with python-fido2 shows that a real one gives it.
    output = rand("passkey output", 32)
    credential = (1, rand("credential", 16), 3)
    by_passkey = Slot("passkey", PASSKEY, output, place, data_key, credential=credential)
    with_passkey = [(by_passkey, details(by_passkey, "Security key", 2500, 2600, 1, 1)), first[1]]
    passkeys = Set("passkeys", place, data_key, chunk_id_key, slots=with_passkey)
    passkeys.version = bytes([0, 1])
    file = passkeys.write()
    lines = opened(place, by_passkey, 1, with_passkey, [file], keys=keys)
    vector("open-passkey", "opened", "what a passkey gave opens it", [file], f"passkey {output.hex()}", lines)
    vector("wrong-passkey", "wrong_secret", "what another passkey gave, or this one for another repository", [file], f"passkey {rand('another output', 32).hex()}")
    vector("passkey-is-no-keychain", "wrong_secret", "the same bytes as the key of a keychain do not reach the slot", [file], f"keychain {output.hex()}")
    vector("passkey-offered", "ways", "the passkey is named in clear, so that it can be asked for", [file], "none", ways(slot for slot, _ in with_passkey))
    longest = Slot("longest", PASSKEY, output, place, data_key, credential=(1, rand("longest credential", 1023), 4))
    only = [(longest, details(longest, "x", 1, None, 0, 1))]
    file = Set("longest credential", place, data_key, chunk_id_key, slots=only).write()
    vector("passkey-longest-credential", "opened", "a credential id of 1023 bytes", [file], f"passkey {output.hex()}", opened(place, longest, 1, only, [file], keys=keys))
    foreign = Slot("foreign", PASSKEY, output, place, data_key, credential=(2, rand("foreign credential", 16), 1))
    zero = Slot("zero", PASSKEY, output, place, data_key, credential=(0, rand("zero credential", 16), 1))
    carried = [(foreign, details(foreign, "x", 1, None, 1, 1)), (zero, details(zero, "y", 2, None, 1, 1)), first[1]]
    file = Set("foreign", place, data_key, chunk_id_key, slots=carried).write()
    vector("passkey-unknown-relying-party", "ways", "no authenticator is asked for a relying party that is not in the list", [file], "none",
           ways(slot for slot, _ in carried))
    vector("passkey-unknown-relying-party-hides-nothing", "opened", "the other ways open, and the slot is carried", [file], f"digits {printed}",
           opened(place, by_digits, 1, carried, [file], keys=keys))
    for name, what, extra in (
        ("passkey-no-credential", "a credential id of 0 bytes", passkey(1, b"", 1)),
        ("passkey-long-credential", "a credential id of 1024 bytes", passkey(1, bytes(1024), 1)),
        ("passkey-without-transports", "a passkey map that lacks a field", {5: cbor({0: 1, 1: bytes(16)})}),
        ("passkey-relying-party-too-big", "a relying party above 255", {5: cbor({0: 256, 1: bytes(16), 2: 1})}),
        ("passkey-trailing", "a byte behind the passkey map", {5: passkey(1, bytes(16), 1)[5] + bytes(1)}),
        ("passkey-unnamed", "a passkey's slot that names no passkey", {}),
    ):
        slot = Slot(name, PASSKEY, output, place, data_key, extra=extra)
        file = Set(name, place, data_key, chunk_id_key, slots=[(slot, details(slot, "x", 1, None, 1, 1)), first[1]]).write()
        vector(name, "damaged", f"{what}: the file is refused", [file], f"passkey {output.hex()}", [f"{file}: malformed"])
    slot = Slot("critical passkey", PASSKEY, output, place, data_key, extra={5: cbor({0: 1, 1: bytes(16), 2: 1, 3: 0})})
    file = Set("critical passkey", place, data_key, chunk_id_key, slots=[(slot, details(slot, "x", 1, None, 1, 1))]).write()
    vector("passkey-critical-field", "damaged", "a critical field of the future in the passkey map", [file], f"passkey {output.hex()}", [f"{file}: newer"])

    # One slot that plain AES-GCM opens under two keys.
    victim, guess = digits("guess 1"), digits("guess 2")
    two_keys = Slot("forged", DIGITS, victim, place, data_key)
    under_guess = Slot("forged", DIGITS, guess, place, data_key)
    nonce, aad = rand("forged nonce", 12), place.associated_data(two_keys.head)
    two_keys.wrapped = nonce + forge(two_keys.wrap_key, under_guess.wrap_key, nonce, aad, rand("forged block", 16))
    inside = [AESGCM(key).decrypt(nonce, two_keys.wrapped[12:], aad) for key in (two_keys.wrap_key, under_guess.wrap_key)]
    assert inside[0] != inside[1]
    record = details(two_keys, "forged", 1, None, 3, 1)
    file = Set("forged", place, inside[0], chunk_id_key, slots=[(two_keys, record)]).write()
    lines = [f"wrapping key 1: {two_keys.wrap_key.hex()}", f"wrapping key 2: {under_guess.wrap_key.hex()}", f"nonce: {nonce.hex()}",
             f"associated data: {aad.hex()}", f"ciphertext and tag: {two_keys.wrapped[12:].hex()}", f"opens to 1: {inside[0].hex()}", f"opens to 2: {inside[1].hex()}"]
    vector("forged-two-key-slot", "wrong_secret", "the slot opens under two keys in plain AES-GCM; the second one is a wrong secret like any other",
           [file], f"digits {guess}", lines)
    vector("forged-two-key-slot-first-key", "opened", "the key it commits to is the only one that opens it", [file], f"digits {victim}",
           opened(place, two_keys, 1, [(two_keys, record)], [file], keys=(inside[0], chunk_id_key)))

    # The 64 digits themselves.
    swap = printed[:2] + printed[3] + printed[2] + printed[4:]
    wrong = printed[:40] + str((int(printed[40]) + 1) % 10) + printed[41:]
    assert swap != printed
    for name, what, text, lines in (
        ("digits-right", "every row is right", printed, ["wrong rows: []", "digits: 64", "complete: true"]),
        ("digits-swapped", "two neighbours of row 1 are swapped", swap, ["wrong rows: [1]", "digits: 64", "complete: false"]),
        ("digits-wrong", "one digit of row 6 is wrong", wrong, ["wrong rows: [6]", "digits: 64", "complete: false"]),
        ("digits-short", "the last digit is missing: its row is not judged yet", printed[:63], ["wrong rows: []", "digits: 63", "complete: false"]),
        ("digits-long", "one digit too many", printed + "0", ["wrong rows: []", "digits: 65", "complete: false"]),
        ("digits-letter", "a letter is among them", printed[:8] + "O" + printed[8:], ["wrong rows: []", "digits: 64", "complete: false"]),
    ):
        vector(name, "digits", what, [], f"digits {text}", lines)


main()
