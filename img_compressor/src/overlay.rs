//! Overlay planes: graphics of one bit that lie over an image. PS3.3 C.9.2.
//!
//! They are drawn only where it is asked for: a station writes names and measurements into them,
//! and no mask knows where.

use crate::dataset::{Dataset, Tag, tags};

const WHITE: u8 = 255;

/// One plane, with a bit for each of its pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay<'a> {
    rows: usize,
    columns: usize,
    /// Row and column of the image under the first pixel, from 0; may lie outside.
    origin: (i64, i64),
    /// Frames of the image that it lies over; a plane of its own for each, or one for all.
    frames: Option<std::ops::Range<u64>>,
    bits: &'a [u8],
    /// Bytes change places within their words.
    swapped: bool,
}

impl<'a> Overlay<'a> {
    /// The planes of an object that have their own data; `None` for one that has none: it lies in
    /// unused bits of the pixels (retired, PS3.3 2004), or is not whole.
    pub fn all(dataset: &'a Dataset) -> impl Iterator<Item = Option<Self>> {
        tags::overlay_groups()
            .filter(|group| dataset.element(group | tags::OVERLAY_ROWS).is_some())
            .map(|group| Self::of(dataset, group))
    }

    fn of(dataset: &'a Dataset, group: Tag) -> Option<Self> {
        let size = |tag: Tag| dataset.word(group | tag).map(usize::from);
        let (rows, columns) = (size(tags::OVERLAY_ROWS)?, size(tags::OVERLAY_COLUMNS)?);
        let from_one = |word: u16| i64::from(word.cast_signed()) - 1;
        let origin = match *dataset.words(group | tags::OVERLAY_ORIGIN)? {
            [row, column, ..] => (from_one(row), from_one(column)),
            _ => return None,
        };
        let count = dataset.decimal(group | tags::OVERLAY_FRAMES);
        let frames = count.filter(|count| *count >= 1.0).map(|count| {
            let first = size(tags::OVERLAY_FIRST_FRAME).map_or(0, |one| one.saturating_sub(1));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let count = count as u64; // from 1 on
            first as u64..(first as u64).saturating_add(count)
        });
        let data = dataset.element(group | tags::OVERLAY_DATA)?;
        let bits = dataset.bytes(group | tags::OVERLAY_DATA)?;
        let planes = frames.as_ref().map_or(1, |all| all.end - all.start);
        let needed = (rows as u64 * columns as u64).checked_mul(planes)?;
        (needed.div_ceil(8) <= bits.len() as u64).then_some(Self {
            rows,
            columns,
            origin,
            frames,
            bits,
            swapped: dataset.big_endian && data.vr == Some(*b"OW"),
        })
    }

    /// Draw the plane white onto some rows, from row `top` on, of frame `index` (from 0).
    pub fn draw(&self, pixels: &mut [u8], shape: Shape, index: u32, top: u32) {
        let plane = match &self.frames {
            None => 0,
            Some(frames) if frames.contains(&index.into()) => {
                usize::try_from(u64::from(index) - frames.start).unwrap_or(0)
            }
            Some(_) => return,
        };
        let first = plane * self.rows * self.columns;
        let (down, right) = (self.origin.0 - i64::from(top), self.origin.1);
        for (y, row) in (down..).zip(0..self.rows) {
            let Some(line) = shape.line(pixels, y) else {
                continue;
            };
            for (x, column) in (right..).zip(0..self.columns) {
                if self.bit(first + row * self.columns + column) {
                    let at = usize::try_from(x).unwrap_or(usize::MAX);
                    if let Some(pixel) = line.chunks_exact_mut(shape.channels).nth(at) {
                        pixel.fill(WHITE);
                    }
                }
            }
        }
    }

    /// The first pixel is the least significant bit. PS3.5 8.1.1.
    fn bit(&self, at: usize) -> bool {
        let byte = (at / 8) ^ usize::from(self.swapped);
        self.bits
            .get(byte)
            .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    }
}

/// Pixels in a row, and samples in a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Pixels in a row.
    pub columns: usize,
    /// Samples in a pixel.
    pub channels: usize,
}

impl Shape {
    fn line(self, pixels: &mut [u8], row: i64) -> Option<&mut [u8]> {
        let size = self.columns * self.channels;
        let start = usize::try_from(row).ok()?.checked_mul(size)?;
        pixels.get_mut(start..start.checked_add(size)?)
    }
}
