//! A baseline JPEG encoder (ITU T.81), in whole numbers, so that every machine makes the same bytes.

/// A picture in red, green and blue.
pub struct Picture {
    width: i32,
    height: i32,
    pixels: Vec<[i32; 3]>,
}

/// Luminance quantisation, T.81 K.1, halved: about quality 75. Used for all three components.
const QUANTISERS: [i32; 64] = [
    8, 6, 5, 8, 12, 20, 26, 31, 6, 6, 7, 10, 13, 29, 30, 28, 7, 7, 8, 12, 20, 29, 35, 28, 7, 9, 11, 15, 26,
    44, 40, 31, 9, 11, 19, 28, 34, 55, 52, 39, 12, 18, 28, 32, 41, 52, 57, 46, 25, 32, 39, 44, 52, 61, 60,
    51, 36, 46, 48, 49, 56, 50, 52, 50,
];

const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// T.81 K.3: codes per length, and values.
const DC_LENGTHS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_VALUES: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const AC_LENGTHS: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
const AC_VALUES: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
    0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33,
    0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34,
    0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55,
    0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76,
    0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5,
    0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4,
    0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1,
    0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

/// cos(k pi / 16) in 4096ths, k = 0 to 8.
const COSINES: [i64; 9] = [4096, 4017, 3784, 3406, 2896, 2276, 1567, 799, 0];

impl Picture {
    /// Asks for the colour of every pixel; colours out of 0 to 255 are cut.
    pub fn new(width: i32, height: i32, colour: impl Fn(i32, i32) -> [i32; 3]) -> Self {
        let pixels =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| colour(x, y)).collect();
        Self { width, height, pixels }
    }

    /// The bytes of a JPEG file.
    pub fn to_jpeg(&self) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8];
        self.headers(&mut out);
        let mut bits = Bits { out, held: 0, count: 0 };
        let (dc, ac) = (codes(&DC_LENGTHS, &DC_VALUES), codes(&AC_LENGTHS, &AC_VALUES));
        let mut last = [0; 3];
        for top in (0..self.height).step_by(8) {
            for left in (0..self.width).step_by(8) {
                for (component, last) in last.iter_mut().enumerate() {
                    let block = self.block(left, top, component);
                    *last = encode_block(&mut bits, &quantise(&block), *last, &dc, &ac);
                }
            }
        }
        bits.put(0x7f, 7);
        let mut out = bits.out;
        out.extend([0xff, 0xd9]);
        out
    }

    fn headers(&self, out: &mut Vec<u8>) {
        segment(out, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        let mut table = vec![0];
        table.extend(ZIGZAG.iter().map(|at| u8::try_from(QUANTISERS[*at]).unwrap_or(u8::MAX)));
        segment(out, 0xdb, &table);
        let size = |pixels: i32| u16::try_from(pixels).unwrap_or(u16::MAX).to_be_bytes();
        let mut frame = vec![8];
        frame.extend(size(self.height));
        frame.extend(size(self.width));
        frame.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
        segment(out, 0xc0, &frame);
        let tables = [(0x00, &DC_LENGTHS, &DC_VALUES[..]), (0x10, &AC_LENGTHS, &AC_VALUES[..])];
        for (id, lengths, values) in tables {
            let mut body = vec![id];
            body.extend(lengths);
            body.extend(values);
            segment(out, 0xc4, &body);
        }
        segment(out, 0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    }

    /// 8 x 8 samples of a component around zero; beyond the edge the last pixel repeats.
    fn block(&self, left: i32, top: i32, component: usize) -> [i64; 64] {
        let mut block = [0; 64];
        for (at, sample) in (0_i32..).zip(block.iter_mut()) {
            let x = (left + at % 8).min(self.width - 1);
            let y = (top + at / 8).min(self.height - 1);
            let pixel = usize::try_from(y * self.width + x).ok().and_then(|at| self.pixels.get(at));
            let [red, green, blue] =
                pixel.copied().unwrap_or_default().map(|part| i64::from(part.clamp(0, 255)));
            // T.871, in 65536ths.
            let value = match component {
                0 => 19_595 * red + 38_470 * green + 7_471 * blue - (128 << 16),
                1 => -11_059 * red - 21_709 * green + 32_768 * blue,
                _ => 32_768 * red - 27_439 * green - 5_329 * blue,
            };
            *sample = value >> 16;
        }
        block
    }
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xff, marker]);
    out.extend(u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(body);
}

/// The cosine of (2x + 1) u pi / 16.
fn cosine(x: usize, u: usize) -> i64 {
    let turn = (2 * x + 1) * u % 32;
    match turn {
        0..=8 => COSINES[turn],
        9..=16 => -COSINES[16 - turn],
        17..=24 => -COSINES[turn - 16],
        _ => COSINES[32 - turn],
    }
}

/// Forward cosine transform and division, in zigzag order.
fn quantise(block: &[i64; 64]) -> [i64; 64] {
    let mut rows = [0; 64];
    for y in 0..8 {
        for u in 0..8 {
            rows[y * 8 + u] = (0..8).map(|x| block[y * 8 + x] * cosine(x, u)).sum::<i64>() / 64;
        }
    }
    let mut out = [0; 64];
    for (place, at) in ZIGZAG.iter().enumerate() {
        let (v, u) = (at / 8, at % 8);
        let sum: i64 = (0..8).map(|y| rows[y * 8 + u] * cosine(y, v)).sum();
        // 4096 x 4096 of the cosines, 1/4 of the transform, 1/sqrt 2 for each zero frequency.
        let root = |frequency: usize| if frequency == 0 { 2896 } else { 4096 };
        let value = sum / 4096 * root(u) / 4096 * root(v) / 4096 / 64;
        let divisor = 4 * i64::from(QUANTISERS[*at]);
        out[place] = (value + value.signum() * divisor / 2) / divisor;
    }
    out
}

/// Code and its length by value.
fn codes(lengths: &[u8; 16], values: &[u8]) -> [(u32, u32); 256] {
    let mut table = [(0, 0); 256];
    let mut values = values.iter();
    let mut code = 0;
    for (length, count) in (1..).zip(lengths) {
        for value in values.by_ref().take(usize::from(*count)) {
            table[usize::from(*value)] = (code, length);
            code += 1;
        }
        code <<= 1;
    }
    table
}

/// Bits of a number without its sign.
fn size_of(number: i64) -> u32 {
    u64::BITS - number.unsigned_abs().leading_zeros()
}

fn put_number(bits: &mut Bits, number: i64, size: u32) {
    // Negative numbers are written one less, in their last bits.
    let shown = if number < 0 { number - 1 + (1 << size) } else { number };
    bits.put(u32::try_from(shown).unwrap_or(0), size);
}

fn encode_block(
    bits: &mut Bits,
    block: &[i64; 64],
    last: i64,
    dc: &[(u32, u32); 256],
    ac: &[(u32, u32); 256],
) -> i64 {
    let difference = block[0] - last;
    let size = size_of(difference);
    let (code, length) = dc[usize::try_from(size).unwrap_or(0)];
    bits.put(code, length);
    put_number(bits, difference, size);
    let mut zeros = 0;
    for value in &block[1..] {
        if *value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 {
            bits.put(ac[0xf0].0, ac[0xf0].1);
            zeros -= 16;
        }
        let size = size_of(*value);
        let (code, length) = ac[zeros << 4 | usize::try_from(size).unwrap_or(0)];
        bits.put(code, length);
        put_number(bits, *value, size);
        zeros = 0;
    }
    if zeros > 0 {
        bits.put(ac[0].0, ac[0].1);
    }
    block[0]
}

/// Bits into bytes, with a zero after each 0xff.
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, bits: u32, count: u32) {
        for at in (0..count).rev() {
            self.held = self.held << 1 | (bits >> at & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = u8::try_from(self.held & 0xff).unwrap_or(0);
                self.out.push(byte);
                if byte == 0xff {
                    self.out.push(0);
                }
                self.held = 0;
                self.count = 0;
            }
        }
    }
}
