//! JPEG-LS, ISO/IEC 14495-1 (ITU-T T.87): lossless and near-lossless, 2 to 16 bits, components by
//! plane, line or sample.
//!
//! Not decoded are mapping tables, point transforms and a number of lines that comes behind them
//! (DNL). A restart interval counts lines.

mod bits;
mod coding;
mod colour;
mod contexts;
mod header;
mod lines;
mod runs;
mod scan;

use crate::codecs::markers::{EOI, Segment};
use crate::image::Image;
use crate::reason::Reason;
use crate::samples::{Decoded, Samples, interleave};
use colour::Transform;
use header::{Header, Interleave};
use scan::Scan;

/// End of image.
const END: [u8; 2] = [0xFF, EOI];

/// Decode one JPEG-LS frame.
///
/// Broken bits end the work at the end of their line, so that it is bounded by the size of the
/// frame and of the stream.
///
/// # Errors
///
/// [`Reason::DecodeFailed`] where it is no JPEG-LS or is broken; [`Reason::FrameMismatch`] where
/// its size or components are not the header's.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let mut header = Header::default();
    let first = header::start(bytes).and_then(|start| header.read(bytes, start));
    let (interleaved, at) = first.ok_or(Reason::DecodeFailed)?;
    let size = (header.height, header.width, header.components);
    if size != (image.rows, image.columns, image.samples) {
        return Err(Reason::FrameMismatch);
    }
    let precision = header.precision;
    let stream = Stream { bytes, at, header };
    let count = image.sample_count();
    let samples = if precision <= 8 {
        let cells = stream.cells(interleaved, count, |value| value.to_le_bytes()[0]);
        cells.map(Samples::Bytes)
    } else {
        let cells = stream.cells(interleaved, count, |value| value);
        cells.map(Samples::Words)
    };
    Ok(Decoded {
        precision: (precision != image.bits_stored).then_some(precision),
        damaged: !is_ended(bytes),
        ..Decoded::plain(samples.ok_or(Reason::DecodeFailed)?)
    })
}

/// Whether an end of image is the last, but for padding.
fn is_ended(bytes: &[u8]) -> bool {
    let padding = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    bytes[..bytes.len() - padding].ends_with(&END)
}

/// A stream whose header was read up to the first scan.
struct Stream<'a> {
    bytes: &'a [u8],
    at: usize,
    header: Header,
}

impl Stream<'_> {
    /// Samples by pixel; `None` where a scan is broken.
    fn cells<T: Copy + Default>(
        mut self,
        interleaved: Interleave,
        count: usize,
        cell: impl Fn(u16) -> T + Copy,
    ) -> Option<Vec<T>> {
        let mut cells = Vec::with_capacity(count);
        match interleaved {
            Interleave::None => {
                self.plane(&mut cells, cell)?;
                for _ in 1..self.header.components {
                    let (interleaved, at) = self.header.read(self.bytes, self.at)?;
                    self.at = at;
                    (interleaved == Interleave::None).then_some(())?;
                    self.plane(&mut cells, cell)?;
                }
            }
            Interleave::Line => self.pixels::<1, T>(3, &mut cells, cell, |lines, row| {
                let [red, green, blue] = [0, 1, 2].map(|n: usize| lines[n][1..].as_flattened());
                for (to, ((red, green), blue)) in
                    row.iter_mut().zip(red.iter().zip(green).zip(blue))
                {
                    *to = [*red, *green, *blue];
                }
            })?,
            Interleave::Sample => self.pixels::<3, T>(1, &mut cells, cell, |lines, row| {
                row.copy_from_slice(&lines[0][1..=row.len()]);
            })?,
        }
        self.is_over().then_some(())?;
        let planar = interleaved == Interleave::None && self.header.components > 1;
        Some(if planar { interleave(&cells) } else { cells })
    }

    /// One component.
    fn plane<T>(&mut self, cells: &mut Vec<T>, cell: impl Fn(u16) -> T) -> Option<()> {
        let scan = Scan::<1>::new(self.header, 1)?;
        self.at += scan.decode(&self.bytes[self.at..], |lines| {
            let line = &lines[0][1..lines[0].len() - 1];
            cells.extend(line.iter().map(|[value]| cell(*value)));
        })?;
        Some(())
    }

    /// Three components; `join` makes a row of pixels of their lines.
    fn pixels<const N: usize, T>(
        &mut self,
        planes: usize,
        cells: &mut Vec<T>,
        cell: impl Fn(u16) -> T,
        join: impl Fn(&[Vec<[u16; N]>], &mut [[u16; 3]]),
    ) -> Option<()> {
        let Header {
            transform,
            precision,
            ..
        } = self.header;
        if transform != Transform::None && !matches!(precision, 8 | 16) {
            return None;
        }
        let scan = Scan::<N>::new(self.header, planes)?;
        let mut row = vec![[0; 3]; self.header.width as usize];
        self.at += scan.decode(&self.bytes[self.at..], |lines| {
            join(lines, &mut row);
            transform.undo(&mut row, precision);
            cells.extend(row.as_flattened().iter().map(|value| cell(*value)));
        })?;
        Some(())
    }

    /// An end of image follows, or nothing.
    fn is_over(&self) -> bool {
        let cut = self.bytes[self.at..].iter().all(|byte| *byte == 0xFF);
        cut || Segment::at(self.bytes, self.at).is_some_and(|segment| segment.code == EOI)
    }
}
