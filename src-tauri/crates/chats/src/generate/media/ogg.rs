//! A voice message of silence: Ogg with Opus frames that decode to nothing (RFC 3533, RFC 7845).

const SERIAL: u32 = 0x636f_6666;
/// A 20 ms mono frame of silence: CELT, fullband.
const FRAME: [u8; 3] = [0xf8, 0xff, 0xfe];
const FRAMES_PER_SECOND: u64 = 50;
/// Samples of a frame at 48 kHz.
const FRAME_SAMPLES: u64 = 960;
const PRE_SKIP: u16 = 312;

/// `seconds` of silence.
pub fn silence(seconds: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(48_000_u32.to_le_bytes());
    head.extend([0, 0, 0]);
    page(&mut out, 2, 0, 0, &[&head]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend(6_u32.to_le_bytes());
    tags.extend(b"coffer");
    tags.extend(0_u32.to_le_bytes());
    page(&mut out, 0, 0, 1, &[&tags]);
    let frames: Vec<&[u8]> = (0..FRAMES_PER_SECOND).map(|_| &FRAME[..]).collect();
    for second in 1..=seconds {
        let kind = if second == seconds { 4 } else { 0 };
        let samples = second * FRAMES_PER_SECOND * FRAME_SAMPLES + u64::from(PRE_SKIP);
        page(&mut out, kind, samples, u32::try_from(second + 1).unwrap_or(u32::MAX), &frames);
    }
    out
}

/// One page; packets are shorter than 255 bytes.
fn page(out: &mut Vec<u8>, kind: u8, granule: u64, number: u32, packets: &[&[u8]]) {
    let mut page = b"OggS\0".to_vec();
    page.push(kind);
    page.extend(granule.to_le_bytes());
    page.extend(SERIAL.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(u8::try_from(packets.len()).expect("a page has at most 255 packets"));
    for packet in packets {
        page.push(u8::try_from(packet.len()).expect("packets are short"));
    }
    for packet in packets {
        page.extend_from_slice(packet);
    }
    let sum = checksum(&page).to_le_bytes();
    page.splice(22..26, sum);
    out.extend(page);
}

/// CRC-32 with polynomial 0x04c11db7, neither reflected nor inverted: RFC 3533, 6.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum: u32, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| {
            if sum & 0x8000_0000 == 0 { sum << 1 } else { (sum << 1) ^ 0x04c1_1db7 }
        })
    })
}
