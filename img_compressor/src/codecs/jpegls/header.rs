//! The marker segments of a JPEG-LS stream. ISO 14495-1 Annex C.

use super::coding::Presets;
use super::colour::Transform;
use crate::codecs::markers::{SOI, SOS, Segment};

/// Start of a JPEG-LS frame.
const SOF55: u8 = 0xF7;
/// JPEG-LS preset parameters.
const LSE: u8 = 0xF8;
const DRI: u8 = 0xDD;
const APP0: u8 = 0xE0;
const APP8: u8 = 0xE8;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;
/// An APP8 of HP's encoder, in the order of its bytes.
const TRANSFORM: &[u8] = b"mrfx";

/// How the components of a scan follow each other. C.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interleave {
    /// One component, a scan for each.
    None,
    /// A line of each.
    Line,
    /// A sample of each.
    Sample,
}

/// What the segments so far say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Header {
    /// Bits of a sample.
    pub precision: u32,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Components.
    pub components: u32,
    /// Parameters of the code.
    pub presets: Presets,
    /// Lines between restarts, zero for none.
    pub restart: u32,
    /// Colour transform.
    pub transform: Transform,
}

impl Header {
    /// Read up to a start of scan; its interleaving, and where its data begins.
    pub fn read(&mut self, stream: &[u8], mut at: usize) -> Option<(Interleave, usize)> {
        loop {
            let segment = Segment::at(stream, at)?;
            at = segment.end();
            let body = segment.body;
            match segment.code {
                SOS => return Some((self.scan(body)?, at)),
                SOF55 => self.frame(body)?,
                LSE => self.parameters(body)?,
                DRI if (2..=4).contains(&body.len()) => self.restart = number(body)?,
                APP8 => self.transform = transform(body, self.transform)?,
                APP0..=APP15 | COM => {}
                _ => return None,
            }
        }
    }

    /// C.2.2. One frame header, whose components have names of their own and full size.
    fn frame(&mut self, body: &[u8]) -> Option<()> {
        let (head, rest) = body.split_first_chunk::<6>()?;
        let [precision, h1, h0, w1, w0, count] = *head;
        let mut components = rest.chunks_exact(3);
        let mut names: Vec<u8> = components.clone().map(|one| one[0]).collect();
        names.sort_unstable();
        names.dedup();
        let count = usize::from(count);
        let whole = count > 0 && rest.len() == count * 3 && names.len() == count;
        let sampled = components.any(|one| one[1] != 0x11);
        if self.components > 0 || !whole || sampled || !(2..=16).contains(&precision) {
            return None;
        }
        self.precision = precision.into();
        self.components = u32::try_from(count).ok()?;
        self.size(number(&[h1, h0])?, number(&[w1, w0])?)
    }

    /// A side is said once; zero says nothing.
    fn size(&mut self, height: u32, width: u32) -> Option<()> {
        for (side, said) in [(&mut self.height, height), (&mut self.width, width)] {
            match (*side, said) {
                (_, 0) => {}
                (0, said) => *side = said,
                _ => return None,
            }
        }
        Some(())
    }

    /// C.2.4.1.1 and C.2.4.1.4; mapping tables are not supported.
    fn parameters(&mut self, body: &[u8]) -> Option<()> {
        match body {
            [1, numbers @ ..] if numbers.len() == 10 => {
                for (to, from) in self.presets.numbers.iter_mut().zip(numbers.chunks(2)) {
                    *to = u16::from_be_bytes([from[0], from[1]]);
                }
                Some(())
            }
            [4, size @ 2..=4, sides @ ..] if sides.len() == usize::from(*size) * 2 => {
                let (height, width) = sides.split_at(usize::from(*size));
                self.size(number(height)?, number(width)?)
            }
            _ => None,
        }
    }

    /// C.2.3. All components or one; no mapping table, no point transform.
    fn scan(&mut self, body: &[u8]) -> Option<Interleave> {
        let (count, rest) = body.split_first()?;
        let (selectors, [near, interleave, transform]) = rest.split_last_chunk()?;
        let mapped = selectors.chunks(2).any(|one| one.get(1) != Some(&0));
        let none = self.height == 0 || self.width == 0;
        if selectors.len() != usize::from(*count) * 2 || mapped || none || transform & 15 != 0 {
            return None;
        }
        self.presets.near = *near;
        let all = self.components > 1 && u32::from(*count) == self.components;
        match interleave {
            0 if *count == 1 => Some(Interleave::None),
            1 if all => Some(Interleave::Line),
            2 if all => Some(Interleave::Sample),
            _ => None,
        }
    }
}

/// Where the first segment behind the start of image is.
#[must_use]
pub fn start(stream: &[u8]) -> Option<usize> {
    let first = Segment::at(stream, 0)?;
    (first.code == SOI).then(|| first.end())
}

/// Up to four bytes, the most significant first.
fn number(bytes: &[u8]) -> Option<u32> {
    let mut four = [0; 4];
    four.get_mut(4usize.checked_sub(bytes.len())?..)?
        .copy_from_slice(bytes);
    Some(u32::from_be_bytes(four))
}

/// Anything else in an APP8, such as SPIFF, is passed over.
fn transform(body: &[u8], before: Transform) -> Option<Transform> {
    match body.strip_prefix(TRANSFORM) {
        Some([code]) => Transform::of(*code),
        _ => Some(before),
    }
}
