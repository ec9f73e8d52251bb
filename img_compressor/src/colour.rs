//! Colour samples to red, green and blue bytes. PS3.3 C.7.6.3.1.2.

use crate::samples::Samples;
use crate::window::level;

/// Bytes of each channel: cells of more or fewer than 8 bits are scaled by their full range.
#[must_use]
pub fn eight_bits(samples: Samples, stored: u32, shift: u32) -> Vec<u8> {
    match samples {
        Samples::Bytes(bytes) if stored == 8 => bytes,
        Samples::Bytes(cells) => scaled(cells.into_iter().map(u32::from), stored, shift),
        Samples::Words(cells) => scaled(cells.into_iter().map(u32::from), stored, shift),
        Samples::Longs(cells) => scaled(cells.into_iter(), stored, shift),
        Samples::Floats(cells) => cells.into_iter().map(|cell| level(cell.into())).collect(),
        Samples::Doubles(cells) => cells.into_iter().map(level).collect(),
    }
}

fn scaled(cells: impl Iterator<Item = u32>, stored: u32, shift: u32) -> Vec<u8> {
    let mask = (1u64 << stored) - 1;
    let table: Vec<u8> = if stored <= 16 {
        (0..=mask).map(|value| share(value, mask)).collect()
    } else {
        Vec::new()
    };
    cells
        .map(|cell| {
            let value = u64::from(cell >> shift) & mask;
            usize::try_from(value)
                .ok()
                .and_then(|index| table.get(index).copied())
                .unwrap_or_else(|| share(value, mask))
        })
        .collect()
}

/// `value / full` of 255, halves up.
fn share(value: u64, full: u64) -> u8 {
    u8::try_from((value * 510 + full) / (full * 2)).unwrap_or(u8::MAX)
}

/// Undo full-range `YCbCr` in place.
pub fn from_ycbcr(pixels: &mut [u8]) {
    let tables = Tables::new();
    for pixel in pixels.chunks_exact_mut(3) {
        let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]];
        pixel.copy_from_slice(&tables.rgb(y, cb, cr));
    }
}

/// The products of the inverse matrix; luminance is whole, so rounding a sum is exact.
struct Tables {
    red: [i32; 256],
    blue: [i32; 256],
    green_cb: [f64; 256],
    green_cr: [f64; 256],
}

impl Tables {
    fn new() -> Self {
        let centred = |index: usize| f64::from(u32::try_from(index).unwrap_or(0)) - 128.0;
        Self {
            red: std::array::from_fn(|cr| whole(1.402 * centred(cr))),
            blue: std::array::from_fn(|cb| whole(1.772 * centred(cb))),
            green_cb: std::array::from_fn(|cb| 0.114 * 1.772 / 0.587 * centred(cb)),
            green_cr: std::array::from_fn(|cr| 0.299 * 1.402 / 0.587 * centred(cr)),
        }
    }

    fn rgb(&self, y: u8, cb: u8, cr: u8) -> [u8; 3] {
        let (y, cb, cr) = (i32::from(y), usize::from(cb), usize::from(cr));
        let green = whole(-(self.green_cb[cb] + self.green_cr[cr]));
        [y + self.red[cr], y + green, y + self.blue[cb]].map(byte)
    }
}

/// Nearest whole number, halves up.
#[expect(clippy::cast_possible_truncation, reason = "within -256 to 256")]
fn whole(value: f64) -> i32 {
    (value + 0.5).floor() as i32
}

fn byte(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_the_full_range() {
        let mut pixels = [128, 128, 128, 76, 85, 255, 255, 128, 128];
        from_ycbcr(&mut pixels);

        assert_eq!([128, 128, 128, 254, 0, 0, 255, 255, 255], pixels);
    }

    /// Scaling is by the full range, never by dropping bits.
    #[test]
    fn sixteen_bits_scale_by_their_range() {
        let words = Samples::Words(vec![0, 0x00FF, 0x8000, 0xFFFF]);

        assert_eq!(vec![0, 1, 128, 255], eight_bits(words, 16, 0));
        assert_eq!(
            vec![0, 255],
            eight_bits(Samples::Words(vec![0, 0x0FFF]), 12, 0)
        );
    }
}
