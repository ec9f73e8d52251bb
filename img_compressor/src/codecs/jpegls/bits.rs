//! Bits of a scan. ISO 14495-1 A.1 and C.1.1: behind a byte `0xFF`, one zero bit is stuffed.

/// Zero bytes behind the data, so that a window can be read at its last bit.
const MARGIN: usize = 8;
const EIGHT: usize = 8;

/// Entropy-coded data without its stuffed bits.
#[derive(Default)]
pub struct Data {
    bytes: Vec<u8>,
    bits: usize,
}

impl Data {
    /// Take the data at the front of `stream`; how many bytes they were.
    ///
    /// A marker or the end of the stream follows them.
    pub fn read(&mut self, stream: &[u8]) -> usize {
        self.bytes.clear();
        self.bytes.reserve(stream.len() + MARGIN);
        let mut writer = Writer {
            bytes: &mut self.bytes,
            pending: 0,
            count: 0,
        };
        let mut at = 0;
        while let Some(byte) = stream.get(at) {
            if let Some(eight) = plain(&stream[at..]) {
                writer.eight(eight);
                at += EIGHT;
            } else if *byte != 0xFF {
                writer.put((*byte).into(), 8);
                at += 1;
            } else if let Some(stuffed @ ..0x80) = stream.get(at + 1) {
                writer.put(0xFF, 8);
                writer.put((*stuffed).into(), 7);
                at += 2;
            } else {
                break;
            }
        }
        self.bits = writer.end();
        at
    }

    /// A reader at the first bit.
    #[must_use]
    pub fn bits(&self) -> Bits<'_> {
        Bits {
            bytes: &self.bytes,
            end: self.bits,
            at: 0,
        }
    }
}

/// Eight bytes of which none is `0xFF`.
fn plain(stream: &[u8]) -> Option<u64> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let eight = u64::from_be_bytes(*stream.first_chunk()?);
    // A byte of the complement is zero where a borrow reaches its high bit first.
    let zero = (!eight).wrapping_sub(LOW) & eight & (LOW << 7);
    (zero == 0).then_some(eight)
}

struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    /// Fewer than eight bits, at the top.
    pending: u64,
    count: u32,
}

impl Writer<'_> {
    fn eight(&mut self, bits: u64) {
        let whole = self.pending | bits >> self.count;
        self.bytes.extend_from_slice(&whole.to_be_bytes());
        self.pending = bits << 1 << (63 - self.count);
    }

    /// Up to eight bits.
    fn put(&mut self, bits: u64, count: u32) {
        self.pending |= bits << (64 - count - self.count);
        self.count += count;
        if self.count >= 8 {
            self.bytes.push(self.pending.to_be_bytes()[0]);
            self.pending <<= 8;
            self.count -= 8;
        }
    }

    /// Write what is pending, and zeros; the number of bits.
    fn end(self) -> usize {
        let bits = self.bytes.len() * 8 + self.count as usize;
        self.bytes.extend(self.pending.to_be_bytes());
        bits
    }
}

/// A place in [`Data`]; zeros lie behind its end.
#[derive(Clone, Copy)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    end: usize,
    at: usize,
}

impl Bits<'_> {
    /// The next 57 bits or more, the first of them on top.
    #[inline]
    #[must_use]
    pub fn window(&self) -> u64 {
        let eight = self
            .bytes
            .get(self.at / 8..)
            .and_then(|rest| rest.first_chunk());
        eight.map_or(0, |eight| u64::from_be_bytes(*eight) << (self.at % 8))
    }

    /// Go on by so many bits.
    #[inline]
    pub fn skip(&mut self, count: u32) {
        self.at += count as usize;
    }

    /// The next bit.
    #[inline]
    pub fn bit(&mut self) -> bool {
        let set = self.window() >> 63 == 1;
        self.skip(1);
        set
    }

    /// A number of up to 16 bits.
    #[inline]
    pub fn number(&mut self, count: u32) -> u32 {
        let [.., high, low] = (self.window() >> 1 >> (63 - count)).to_be_bytes();
        self.skip(count);
        u16::from_be_bytes([high, low]).into()
    }

    /// Bits that no encoder writes were met: nothing is left.
    #[must_use]
    pub fn spoiled(self) -> Self {
        Self {
            at: self.end + 1,
            ..self
        }
    }

    /// More was read than there is.
    #[must_use]
    pub fn is_overrun(&self) -> bool {
        self.at > self.end
    }

    /// Nothing is left but zeros up to the end of a byte.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.is_overrun() && self.end - self.at < 8 && self.window() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as the standard tells it.
    fn plainly(stream: &[u8]) -> (Vec<bool>, usize) {
        let (mut bits, mut stuffed) = (Vec::new(), false);
        for (at, byte) in stream.iter().enumerate() {
            let full = *byte == 0xFF;
            if full && stream.get(at + 1).is_none_or(|next| *next >= 0x80) {
                return (bits, at);
            }
            let first = u32::from(stuffed);
            bits.extend((first..8).map(|bit| byte >> (7 - bit) & 1 == 1));
            stuffed = full;
        }
        (bits, stream.len())
    }

    #[test]
    fn stuffed_bits_are_left_out_wherever_they_are() {
        let mut data = Data::default();
        let mut state = 1u32;
        for length in 0..400 {
            let stream: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let [byte, .., dice] = state.to_be_bytes();
                    [byte >> 1, 0xFF][usize::from(dice < 20)]
                })
                .collect();
            let (expected, taken) = plainly(&stream);
            assert_eq!(taken, data.read(&stream));
            let mut bits = data.bits();
            let read: Vec<bool> = expected.iter().map(|_| bits.bit()).collect();
            assert_eq!(expected, read);
            assert!(!bits.is_overrun() && bits.is_finished());
            bits.skip(1);
            assert!(bits.is_overrun() && !bits.is_finished());
        }
    }

    #[test]
    fn only_zeros_of_the_last_byte_may_be_left() {
        let mut data = Data::default();
        data.read(&[0xA5, 0x80]);
        let mut bits = data.bits();
        assert_eq!(0xA5, bits.number(8));
        assert!(!bits.is_finished(), "a whole byte");
        assert!(bits.bit());
        assert!(bits.is_finished());
        assert!(bits.spoiled().is_overrun());
        assert_eq!(0, bits.spoiled().number(16));
    }
}
