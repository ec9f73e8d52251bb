//! PALETTE COLOR: three look-up tables from an index to a colour. PS3.3 C.7.6.3.1.5, C.7.9.

use crate::dataset::{Dataset, tags};
use crate::grey::Bits;
use crate::lut::{Signedness, descriptor, entries};
use crate::reason::Reason;
use crate::samples::Samples;
use crate::window::level;

/// Most entries that segments may expand to, as the descriptor allows.
const MAX_ENTRIES: usize = 65_536;

/// A palette, already at 8 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    first: i64,
    colours: Vec<[u8; 3]>,
}

impl Palette {
    /// Read the palette of an object.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidPalette`] where a descriptor or its data is absent or contradicts.
    pub fn of(dataset: &Dataset, signed_pixels: bool) -> Result<Self, Reason> {
        let signedness = Signedness::FromVr { signed_pixels };
        let mut channels = Vec::with_capacity(3);
        let mut start = 0;
        for channel in 0..3 {
            let (count, first, bits) =
                descriptor(dataset, tags::PALETTE_DESCRIPTORS[channel], signedness)
                    .ok_or(Reason::InvalidPalette)?;
            let data = channel_entries(dataset, channel, count, bits)?;
            start = i64::from(first);
            channels.push(eight_bits(&data, bits));
        }
        let colours = channels[0]
            .iter()
            .zip(&channels[1])
            .zip(&channels[2])
            .map(|((red, green), blue)| [*red, *green, *blue])
            .collect::<Vec<_>>();
        if colours.is_empty() {
            return Err(Reason::InvalidPalette);
        }
        Ok(Self {
            first: start,
            colours,
        })
    }

    /// Three levels per sample; indices outside take the nearest end.
    #[must_use]
    pub fn render(&self, samples: &Samples, bits: Bits) -> Vec<u8> {
        let last = self.colours.len() - 1;
        let colour = |cell: u32| {
            let index = (bits.value(cell) - self.first).max(0);
            self.colours[usize::try_from(index).map_or(last, |index| index.min(last))]
        };
        match samples {
            Samples::Bytes(cells) => cells.iter().flat_map(|c| colour(u32::from(*c))).collect(),
            Samples::Words(cells) => cells.iter().flat_map(|c| colour(u32::from(*c))).collect(),
            Samples::Longs(cells) => cells.iter().flat_map(|c| colour(*c)).collect(),
            Samples::Floats(_) | Samples::Doubles(_) => vec![0; samples.len() * 3],
        }
    }
}

fn channel_entries(
    dataset: &Dataset,
    channel: usize,
    count: usize,
    bits: u32,
) -> Result<Vec<u16>, Reason> {
    if let Some(data) = entries(dataset, tags::PALETTE_DATA[channel], count, bits) {
        return Ok(data);
    }
    let segments = dataset
        .words(tags::SEGMENTED_PALETTE_DATA[channel])
        .ok_or(Reason::InvalidPalette)?;
    let segments = if bits <= 8 {
        segments
            .iter()
            .flat_map(|word| [word & 0xFF, word >> 8])
            .collect()
    } else {
        segments
    };
    let mut data = expanded(&segments, bits <= 8).ok_or(Reason::InvalidPalette)?;
    if data.len() < count {
        return Err(Reason::InvalidPalette);
    }
    data.truncate(count);
    Ok(data)
}

/// The full range of the descriptor's bits becomes 0 to 255.
fn eight_bits(data: &[u16], bits: u32) -> Vec<u8> {
    // Some writers say 8 bits and use 16.
    let wide = data.iter().any(|entry| u32::from(*entry) >> bits != 0);
    let full = f64::from((1u32 << if wide { 16 } else { bits }) - 1);
    data.iter()
        .map(|entry| level(f64::from(*entry) * 255.0 / full))
        .collect()
}

/// Expand segments: discrete, linear, indirect. PS3.3 C.7.9.2.
fn expanded(words: &[u16], bytes: bool) -> Option<Vec<u16>> {
    let mut data = Vec::new();
    let mut at = 0;
    while at + 1 < words.len() {
        at = segment(words, at, &mut data, bytes, true)?;
        if data.len() > MAX_ENTRIES {
            return None;
        }
    }
    Some(data)
}

/// Expand the segment at `at`; returns where the next one begins. An indirect segment may not
/// point to another, so this calls itself once at most.
fn segment(
    words: &[u16],
    at: usize,
    data: &mut Vec<u16>,
    bytes: bool,
    may_jump: bool,
) -> Option<usize> {
    let length = usize::from(*words.get(at + 1)?);
    match *words.get(at)? {
        0 => {
            data.extend_from_slice(words.get(at + 2..at + 2 + length)?);
            Some(at + 2 + length)
        }
        1 => {
            let from = f64::from(*data.last()?);
            let to = f64::from(*words.get(at + 2)?);
            for step in 1..=length {
                data.push(between(from, to, step, length));
            }
            Some(at + 3)
        }
        2 if may_jump => {
            // The offset is 32 bits: two words, or four bytes for 8-bit entries.
            let width = if bytes { 4 } else { 2 };
            let bits = if bytes { 8 } else { 16 };
            let parts = words.get(at + 2..at + 2 + width)?;
            let offset = parts
                .iter()
                .rev()
                .fold(0usize, |value, part| value << bits | usize::from(*part));
            let mut target = offset;
            for _ in 0..length {
                target = segment(words, target, data, bytes, false)?;
                if data.len() > MAX_ENTRIES {
                    return None;
                }
            }
            Some(at + 2 + width)
        }
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 65535 steps between two 16-bit values"
)]
fn between(from: f64, to: f64, step: usize, steps: usize) -> u16 {
    (from + (to - from) * step as f64 / steps as f64 + 0.5).floor() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of the example in C.7.9.2: a value, a line from it, and the same again.
    #[test]
    fn segments_expand() {
        let words = [0, 1, 10, 1, 4, 30, 2, 1, 0, 0];

        assert_eq!(Some(vec![10, 15, 20, 25, 30, 10]), expanded(&words, false));
    }

    #[test]
    fn an_indirect_segment_cannot_loop() {
        assert_eq!(None, expanded(&[2, 1, 0, 0], false));
    }
}
