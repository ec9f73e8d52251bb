//! RLE Lossless. PS3.5 Annex G.
//!
//! A frame is up to 15 `PackBits` segments, one per byte plane: for each channel the most
//! significant byte first. The frame stays in the colour that the header declares.

use crate::image::{Cell, Image};
use crate::reason::Reason;
use crate::samples::{Decoded, Samples};

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
    let plane = |channel: usize, byte: usize| {
        let from = (channel * width + byte) * pixels;
        &planar[from..from + pixels]
    };
    match width {
        1 if channels == 1 => Samples::Bytes(planar),
        1 => {
            let mut bytes = vec![0u8; pixels * channels];
            for channel in 0..channels {
                let targets = bytes.iter_mut().skip(channel).step_by(channels);
                targets
                    .zip(plane(channel, 0))
                    .for_each(|(to, from)| *to = *from);
            }
            Samples::Bytes(bytes)
        }
        2 => {
            let mut words = vec![0u16; pixels * channels];
            for channel in 0..channels {
                let pairs = plane(channel, 0).iter().zip(plane(channel, 1));
                let targets = words.iter_mut().skip(channel).step_by(channels);
                targets.zip(pairs).for_each(|(to, (high, low))| {
                    *to = u16::from_be_bytes([*high, *low]);
                });
            }
            Samples::Words(words)
        }
        _ => {
            let mut longs = vec![0u32; pixels * channels];
            for channel in 0..channels {
                for byte in 0..4 {
                    let targets = longs.iter_mut().skip(channel).step_by(channels);
                    targets
                        .zip(plane(channel, byte))
                        .for_each(|(to, from)| *to = *to << 8 | u32::from(*from));
                }
            }
            Samples::Longs(longs)
        }
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

    #[test]
    fn a_short_segment_is_truncated() {
        assert_eq!(
            Err(Reason::TruncatedPixelData),
            unpack(&[5, 1], &mut [0; 6])
        );
    }
}
