//! RLE Lossless. PS3.5 Annex G.
//!
//! A frame is up to 15 `PackBits` segments, one per byte plane: for each channel the most
//! significant byte first. The frame stays in the colour that the header declares.

use crate::image::{Cell, Image};
use crate::reason::Reason;
use crate::samples::{Decoded, Samples, interleave};

/// The 16 numbers of an RLE header.
const HEADER: usize = 64;

/// Decode one RLE frame.
///
/// # Errors
///
/// [`Reason::DecodeFailed`] where the segments are not those of this image,
/// [`Reason::TruncatedPixelData`] where one ends early.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let bits = image.cell == Cell::Bit;
    let width = usize::try_from(image.cell.bytes()).map_err(|_| Reason::FrameTooLarge)?;
    let channels = image.samples as usize;
    let pixels = image.pixel_count();
    let segments = segments(bytes)?;
    if segments.len() != width * channels || !matches!(width, 1 | 2 | 4) {
        return Err(Reason::DecodeFailed);
    }
    let size = if bits { pixels.div_ceil(8) } else { pixels };
    // PackBits never expands more than 64 times: refuse before allocating.
    if segments
        .iter()
        .any(|segment| segment.len().saturating_mul(64) < size)
    {
        return Err(Reason::TruncatedPixelData);
    }
    let mut planar = vec![0u8; size * segments.len()];
    for (segment, plane) in segments.iter().zip(planar.chunks_exact_mut(size)) {
        unpack(segment, plane)?;
    }
    let samples = if bits {
        let bit = |pixel: usize| planar[pixel / 8] >> (pixel % 8) & 1;
        Samples::Bytes((0..pixels).map(bit).collect())
    } else {
        joined(planar, pixels, channels, width)
    };
    Ok(Decoded::plain(samples))
}

/// Byte planes to cells, by pixel.
fn joined(planar: Vec<u8>, pixels: usize, channels: usize, width: usize) -> Samples {
    match width {
        1 if channels == 1 => Samples::Bytes(planar),
        1 => Samples::Bytes(interleave(&planar)),
        2 => Samples::Words(by_pixel(words(&planar, pixels), channels)),
        _ => Samples::Longs(by_pixel(longs(&planar, pixels), channels)),
    }
}

/// Each channel's two byte planes, the most significant first, as cells; channel by channel.
///
/// Apart from its caller: inlined, it lost its vectors and took 19 instructions a pixel.
#[inline(never)]
fn words(planar: &[u8], pixels: usize) -> Vec<u16> {
    let mut cells = Vec::with_capacity(planar.len() / 2);
    for channel in planar.chunks_exact(pixels * 2) {
        let (high, low) = channel.split_at(pixels);
        let pairs = high.iter().zip(low);
        cells.extend(pairs.map(|(high, low)| u16::from_be_bytes([*high, *low])));
    }
    cells
}

/// Likewise of four planes.
#[inline(never)]
fn longs(planar: &[u8], pixels: usize) -> Vec<u32> {
    let mut cells = Vec::with_capacity(planar.len() / 4);
    for channel in planar.chunks_exact(pixels * 4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|byte| &channel[byte * pixels..][..pixels]);
        let fours = a.iter().zip(b).zip(c).zip(d);
        cells.extend(fours.map(|(((a, b), c), d)| u32::from_be_bytes([*a, *b, *c, *d])));
    }
    cells
}

fn by_pixel<T: Copy + Default>(cells: Vec<T>, channels: usize) -> Vec<T> {
    if channels == 1 {
        cells
    } else {
        interleave(&cells)
    }
}

/// Cut the frame at the offsets of its header.
fn segments(bytes: &[u8]) -> Result<Vec<&[u8]>, Reason> {
    let header = bytes.get(..HEADER).ok_or(Reason::TruncatedPixelData)?;
    let numbers: Vec<usize> = header
        .chunks_exact(4)
        .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
        .collect();
    let count = numbers[0];
    if count == 0 || count > 15 {
        return Err(Reason::DecodeFailed);
    }
    let mut ends = numbers[2..=count].to_vec();
    ends.push(bytes.len());
    let starts = &numbers[1..=count];
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| bytes.get(*start..end).ok_or(Reason::TruncatedPixelData))
        .collect()
}

/// `PackBits`, PS3.5 G.3.1; what lies behind the last byte is padding.
fn unpack(segment: &[u8], plane: &mut [u8]) -> Result<(), Reason> {
    let (mut from, mut to) = (0, 0);
    while to < plane.len() {
        let control = *segment.get(from).ok_or(Reason::TruncatedPixelData)?;
        from += 1;
        match control {
            0..=127 => {
                let count = (usize::from(control) + 1).min(plane.len() - to);
                let literal = segment
                    .get(from..from + count)
                    .ok_or(Reason::TruncatedPixelData)?;
                plane[to..to + count].copy_from_slice(literal);
                from += count;
                to += count;
            }
            128 => {}
            _ => {
                let value = *segment.get(from).ok_or(Reason::TruncatedPixelData)?;
                let count = (257 - usize::from(control)).min(plane.len() - to);
                plane[to..to + count].fill(value);
                from += 1;
                to += count;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literal run, no-op, replicate run: the three cases of G.3.1.
    #[test]
    fn packbits_has_three_cases() -> Result<(), Reason> {
        let mut plane = [0; 6];
        unpack(&[2, 1, 2, 3, 128, 254, 9], &mut plane)?;

        assert_eq!([1, 2, 3, 9, 9, 9], plane);
        Ok(())
    }

    /// Two pixels of each width and number of channels: high bytes first, planes by channel.
    #[test]
    fn planes_become_cells_by_pixel() {
        let words = vec![0x0105, 0x0206];
        let colours = vec![0x0103, 0x0507, 0x090B, 0x0204, 0x0608, 0x0A0C];

        assert_eq!(
            Samples::Bytes(vec![1, 3, 5, 2, 4, 6]),
            joined((1..=6).collect(), 2, 3, 1)
        );
        assert_eq!(Samples::Words(words), joined(vec![1, 2, 5, 6], 2, 1, 2));
        assert_eq!(Samples::Words(colours), joined((1..=12).collect(), 2, 3, 2));
        assert_eq!(
            Samples::Longs(vec![0x0103_0507, 0x0204_0608]),
            joined((1..=8).collect(), 2, 1, 4)
        );
    }

    #[test]
    fn a_short_segment_is_truncated() {
        assert_eq!(
            Err(Reason::TruncatedPixelData),
            unpack(&[5, 1], &mut [0; 6])
        );
    }
}
