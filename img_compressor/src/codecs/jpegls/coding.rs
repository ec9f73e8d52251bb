//! The parameters of a scan. ISO 14495-1 A.2.1 and C.2.4.1.1.

/// What the stream says: LSE 1 (zero stands for the default) and NEAR of the scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presets {
    /// MAXVAL, T1, T2, T3, RESET.
    pub numbers: [u16; 5],
    /// Largest difference of a decoded sample.
    pub near: u8,
}

/// What follows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// MAXVAL.
    pub most: i32,
    /// NEAR.
    pub near: i32,
    /// 2 NEAR + 1.
    pub step: i32,
    /// RANGE.
    pub range: i32,
    /// qbpp: bits of a mapped error behind the escape.
    pub escaped_bits: u32,
    /// LIMIT less qbpp and 1: zeros of the escape.
    pub escape: u32,
    /// Zeros from which on a code is read with more care.
    pub long: u32,
    /// T1 to T3.
    pub thresholds: [i32; 3],
    /// RESET.
    pub reset: u16,
}

impl Coding {
    /// `None` where Table C.1 does not allow the numbers.
    #[must_use]
    pub fn of(precision: u32, presets: Presets) -> Option<Self> {
        let [most, t1, t2, t3, reset] = presets.numbers.map(i32::from);
        let highest = (1 << precision) - 1;
        let most = within(most, highest, 1, highest)?;
        let near = i32::from(presets.near);
        if near > most / 2 {
            return None;
        }
        let [d1, d2, d3] = thresholds(most, near);
        let t1 = within(t1, d1, near + 1, most)?;
        let t2 = within(t2, d2, t1, most)?;
        let t3 = within(t3, d3, t2, most)?;
        let reset = within(reset, 64, 3, most.max(255))?;
        let step = 2 * near + 1;
        let range = (most + 2 * near) / step + 1;
        let bits = bits_of(most + 1).max(2);
        let escaped_bits = bits_of(range);
        let escape = 2 * (bits + bits.max(8)) - escaped_bits - 1;
        Some(Self {
            most,
            near,
            step,
            range,
            escaped_bits,
            escape,
            long: escape.min(40),
            thresholds: [t1, t2, t3],
            reset: u16::try_from(reset).ok()?,
        })
    }

    /// Errors are whole and wrap at a power of two.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.near == 0 && self.range.count_ones() == 1
    }

    /// A.3.3, Code segment A.4, for every difference of two samples: at `2^precision + difference`.
    #[must_use]
    pub fn quantizer(&self, precision: u32) -> Vec<i8> {
        let half = 1 << precision;
        let [t1, t2, t3] = self.thresholds;
        let mut table = vec![0; half * 2];
        let (low, high) = table.split_at_mut(half);
        for (from, step) in [(self.near + 1, 1), (t1, 2), (t2, 3), (t3, 4)] {
            let from = usize::try_from(from).unwrap_or(0).min(half);
            high[from..].fill(step);
            low[..=(half - from).min(half - 1)].fill(-step);
        }
        table
    }
}

/// The number, or the default for zero, where it is within its bounds.
///
/// A default is taken as it comes, as the standard's own clamping makes it.
fn within(number: i32, default: i32, least: i32, most: i32) -> Option<i32> {
    match number {
        0 => Some(default),
        number => (least..=most).contains(&number).then_some(number),
    }
}

/// The number of bits that count to `number` values, rounded up.
fn bits_of(number: i32) -> u32 {
    i32::BITS - (number - 1).leading_zeros()
}

/// Default thresholds. C.2.4.1.1.1, Figure C.3.
fn thresholds(most: i32, near: i32) -> [i32; 3] {
    const BASIC: [i32; 3] = [3, 7, 21];
    let mut least = near + 1;
    let mut number = 0;
    BASIC.map(|basic| {
        number += 1;
        let (floor, spread) = (number + 1, (2 * number + 1) * near);
        let value = if most >= 128 {
            let factor = (most.min(4095) + 128) / 256;
            factor * (basic - floor) + floor + spread
        } else {
            floor.max(basic / (256 / (most + 1)) + spread)
        };
        if (least..=most).contains(&value) {
            least = value;
        }
        least
    })
}
