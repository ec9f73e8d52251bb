//! Uncompressed frames: where they lie and how their cells are read. PS3.5 8.1.1, 8.2.

use std::ops::Range;

use bytemuck::cast_slice_mut;

use crate::dataset::tags;
use crate::header::PixelLocation;
use crate::image::{Cell, Image, Photometric};
use crate::object::Object;
use crate::reason::{Reason, Warning};
use crate::samples::{Decoded, Samples, interleave};
use crate::source::Source;

/// The layout of native pixel data.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    location: PixelLocation,
    /// Bits of one frame; frames of 1-bit pixels need not begin on a byte.
    frame_bits: u64,
    /// Bytes of the value that really exist.
    available: u64,
    /// Two luminances share a pair of colour differences.
    subsampled: bool,
    swap: Swap,
}

/// What big endian does to the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Swap {
    None,
    /// Bytes within OW words although cells are bytes or bits.
    Words,
    /// Each cell.
    Cells,
}

impl Layout {
    /// Find the frames of a native object; what was noticed goes to `warnings`.
    ///
    /// # Errors
    ///
    /// [`Reason::MalformedEncapsulation`] where the length is undefined.
    pub fn of(object: &Object, image: &Image, warnings: &mut Vec<Warning>) -> Result<Self, Reason> {
        let location = object.pixels;
        let length = u64::from(location.length.ok_or(Reason::MalformedEncapsulation)?);
        let left = object.source.size().saturating_sub(location.offset);
        let available = length.min(left);
        let bits = if image.cell == Cell::Bit {
            1
        } else {
            image.cell.bytes() * 8
        };
        let full = image.sample_count() as u64 * bits;
        let mut subsampled = image.photometric == Photometric::YbrFull422;
        let frames = u64::from(image.frames);
        // Some writers say 4:2:2 and store every sample.
        if subsampled && available >= (full / 8).saturating_mul(frames) {
            subsampled = false;
            warnings.push(Warning::NotSubsampled);
        }
        let frame_bits = if subsampled {
            u64::from(image.rows) * u64::from(image.columns.div_ceil(2)) * 4 * bits
        } else {
            full
        };
        // PS3.5 8.1.1: the value is padded to even length.
        if length
            > frame_bits
                .saturating_mul(frames)
                .div_ceil(8)
                .saturating_add(1)
        {
            warnings.push(Warning::ExcessPixelData);
        }
        let big_endian = object.syntax.spelling.big_endian;
        let swap = match image.cell {
            _ if !big_endian => Swap::None,
            Cell::Bit | Cell::Byte if location.vr == Some(*b"OW") => Swap::Words,
            Cell::Bit | Cell::Byte => Swap::None,
            _ => Swap::Cells,
        };
        Ok(Self {
            location,
            frame_bits,
            available,
            subsampled,
            swap,
        })
    }

    /// Read frame `index` (from 0) from the source.
    ///
    /// # Errors
    ///
    /// [`Reason::TruncatedPixelData`] where the frame is not there as a whole.
    pub fn read(&self, source: &dyn Source, image: &Image, index: u32) -> Result<Decoded, Reason> {
        let first_bit = self.first_bit(index)?;
        self.read_bits(source, image, first_bit, self.frame_bits)
    }

    /// Read some rows of frame `index` of an image whose rows lie one behind the other.
    ///
    /// # Errors
    ///
    /// [`Reason::TruncatedPixelData`] where a row is not there as a whole.
    pub fn read_rows(
        &self,
        source: &dyn Source,
        image: &Image,
        index: u32,
        rows: &Range<u32>,
    ) -> Result<Decoded, Reason> {
        let row_bits = self.frame_bits / u64::from(image.rows);
        let first_bit = self.first_bit(index)? + u64::from(rows.start) * row_bits;
        let bits = u64::from(rows.end - rows.start) * row_bits;
        self.read_bits(source, &image.strip(rows), first_bit, bits)
    }

    /// Read 16-bit cells of frame `index` from its row `row` on into memory that is there.
    ///
    /// # Errors
    ///
    /// [`Reason::TruncatedPixelData`] where they are not there as a whole.
    pub fn read_words(
        &self,
        source: &dyn Source,
        image: &Image,
        (index, row): (u32, u32),
        words: &mut [u16],
    ) -> Result<(), Reason> {
        let row_bits = self.frame_bits / u64::from(image.rows);
        let first_bit = self.first_bit(index)? + u64::from(row) * row_bits;
        let end = first_bit / 8 + words.len() as u64 * 2;
        let (offset, _) = self.bytes_of(first_bit, end)?;
        self.words(source, offset, words)
    }

    fn words(&self, source: &dyn Source, offset: u64, words: &mut [u16]) -> Result<(), Reason> {
        source.read_at(offset, cast_slice_mut(words))?;
        order(words, self.swap, u16::from_le, u16::from_be);
        Ok(())
    }

    /// Where bytes of the value lie in the source, from a bit to an end in bytes.
    fn bytes_of(&self, first_bit: u64, end: u64) -> Result<(u64, u64), Reason> {
        if end > self.available {
            return Err(Reason::TruncatedPixelData);
        }
        let start = first_bit / 8;
        Ok((self.location.offset + start, end - start))
    }

    fn first_bit(&self, index: u32) -> Result<u64, Reason> {
        u64::from(index)
            .checked_mul(self.frame_bits)
            .ok_or(Reason::TruncatedPixelData)
    }

    fn read_bits(
        &self,
        source: &dyn Source,
        image: &Image,
        first_bit: u64,
        bits: u64,
    ) -> Result<Decoded, Reason> {
        let end = (first_bit + bits).div_ceil(8);
        let (offset, length) = self.bytes_of(first_bit, end)?;
        let samples = match image.cell {
            Cell::Bit => self.bits(source, first_bit, end, image)?,
            Cell::Byte => Samples::Bytes(self.bytes(source, offset, length)?),
            Cell::Word => {
                let mut words = vec![0u16; cells(length, 2)?];
                self.words(source, offset, &mut words)?;
                Samples::Words(words)
            }
            Cell::Long | Cell::Float => {
                let mut longs = vec![0u32; cells(length, 4)?];
                source.read_at(offset, cast_slice_mut(&mut longs))?;
                order(&mut longs, self.swap, u32::from_le, u32::from_be);
                if image.cell == Cell::Float {
                    Samples::Floats(longs.into_iter().map(f32::from_bits).collect())
                } else {
                    Samples::Longs(longs)
                }
            }
            Cell::Double => {
                let mut quads = vec![0u64; cells(length, 8)?];
                source.read_at(offset, cast_slice_mut(&mut quads))?;
                order(&mut quads, self.swap, u64::from_le, u64::from_be);
                Samples::Doubles(quads.into_iter().map(f64::from_bits).collect())
            }
        };
        Ok(Decoded::plain(self.arrange(samples, image)))
    }

    /// By pixel, whatever the stored order.
    fn arrange(&self, samples: Samples, image: &Image) -> Samples {
        if image.samples == 1 {
            return samples;
        }
        match samples {
            Samples::Bytes(bytes) if self.subsampled => {
                Samples::Bytes(upsampled(&bytes, image.columns as usize))
            }
            Samples::Words(words) if self.subsampled => {
                Samples::Words(upsampled(&words, image.columns as usize))
            }
            Samples::Bytes(bytes) if image.planar => Samples::Bytes(interleave(&bytes)),
            Samples::Words(words) if image.planar => Samples::Words(interleave(&words)),
            Samples::Longs(longs) if self.subsampled => {
                Samples::Longs(upsampled(&longs, image.columns as usize))
            }
            Samples::Longs(longs) if image.planar => Samples::Longs(interleave(&longs)),
            other => other,
        }
    }

    /// Bytes; in big endian OW the two of each word change places.
    fn bytes(&self, source: &dyn Source, offset: u64, length: u64) -> Result<Vec<u8>, Reason> {
        let size = cells(length, 1)?;
        if self.swap != Swap::Words {
            let mut bytes = vec![0; size];
            source.read_at(offset, &mut bytes)?;
            return Ok(bytes);
        }
        // Words are counted from the start of the value, not of the frame.
        let odd = (offset - self.location.offset) % 2;
        let even_end = self
            .available
            .min(offset - self.location.offset + length + 1);
        let whole = even_end - (offset - self.location.offset - odd);
        let mut bytes = vec![0; cells(whole - whole % 2, 1)?];
        source.read_at(offset - odd, &mut bytes)?;
        bytes.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        let from = usize::from(odd == 1);
        let frame = bytes.get(from..from + size);
        frame.map(<[u8]>::to_vec).ok_or(Reason::TruncatedPixelData)
    }

    /// One byte, 0 or 1, per packed bit; the first pixel is the least significant bit.
    fn bits(
        &self,
        source: &dyn Source,
        first_bit: u64,
        end: u64,
        image: &Image,
    ) -> Result<Samples, Reason> {
        let start = first_bit / 8;
        let packed = self.bytes(source, self.location.offset + start, end - start)?;
        let from = cells(first_bit % 8, 1)?;
        Ok(Samples::Bytes(unpacked(&packed, from, image.pixel_count())))
    }
}

fn cells(bytes: u64, size: u64) -> Result<usize, Reason> {
    usize::try_from(bytes / size).map_err(|_| Reason::FrameTooLarge)
}

fn order<T: Copy>(cells: &mut [T], swap: Swap, little: fn(T) -> T, big: fn(T) -> T) {
    if swap == Swap::Cells {
        for cell in cells {
            *cell = big(*cell);
        }
    } else if cfg!(target_endian = "big") {
        for cell in cells {
            *cell = little(*cell);
        }
    }
}

fn unpacked(packed: &[u8], from: usize, count: usize) -> Vec<u8> {
    (from..from + count)
        .map(|bit| packed.get(bit / 8).map_or(0, |byte| byte >> (bit % 8) & 1))
        .collect()
}

/// `Y1 Y2 Cb Cr` to `Y1 Cb Cr, Y2 Cb Cr`. PS3.3 C.7.6.3.1.2.
fn upsampled<T: Copy>(packed: &[T], columns: usize) -> Vec<T> {
    let row = columns.div_ceil(2) * 4;
    let mut pixels = Vec::with_capacity(packed.len() / 4 * 6);
    for line in packed.chunks_exact(row) {
        for column in 0..columns {
            let four = &line[column / 2 * 4..column / 2 * 4 + 4];
            pixels.extend([four[column % 2], four[2], four[3]]);
        }
    }
    pixels
}

/// Decode uncompressed bytes that were encapsulated or deflated: little endian, one frame.
///
/// # Errors
///
/// [`Reason::TruncatedPixelData`] where the bytes are too few.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let layout = Layout {
        location: PixelLocation {
            tag: tags::PIXEL_DATA,
            vr: None,
            offset: 0,
            length: None,
        },
        frame_bits: 0,
        available: bytes.len() as u64,
        subsampled: false,
        swap: Swap::None,
    };
    let bits = if image.cell == Cell::Bit {
        1
    } else {
        image.cell.bytes() * 8
    };
    let layout = Layout {
        frame_bits: image.sample_count() as u64 * bits,
        ..layout
    };
    layout.read(&Borrowed(bytes), image, 0)
}

struct Borrowed<'a>(&'a [u8]);

impl Source for Borrowed<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Reason> {
        let start = usize::try_from(offset).map_err(|_| Reason::TruncatedPixelData)?;
        let bytes = start
            .checked_add(buffer.len())
            .and_then(|end| self.0.get(start..end))
            .ok_or(Reason::TruncatedPixelData)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_least_significant_first() {
        assert_eq!(vec![1, 1, 0, 1, 0], unpacked(&[0b1011_0101, 0b0], 4, 5));
    }

    #[test]
    fn subsampled_pairs_share_their_colour() {
        let pixels = upsampled(&[10, 11, 1, 2, 20, 21, 3, 4], 2);

        assert_eq!(vec![10, 1, 2, 11, 1, 2, 20, 3, 4, 21, 3, 4], pixels);
    }
}
