//! Where one frame's bytes are in encapsulated pixel data. PS3.5 A.4.
//!
//! With an offset table each frame is found by itself. Without one the fragments are walked once,
//! in order; no more than one frame's bytes are held.

use crate::dataset::{Dataset, tags};
use crate::element::element_header;
use crate::image::Image;
use crate::object::Object;
use crate::reason::{Reason, Warning};
use crate::source::{Scan, Source};
use crate::transfer::{Coding, Spelling};

/// Most bytes of a Basic Offset Table.
const MAX_TABLE: u32 = 64 * 1024 * 1024;

/// Finds the bytes of one frame after the other.
pub struct Frames<'a> {
    scan: Scan<'a>,
    source: &'a dyn Source,
    coding: Coding,
    count: u32,
    max_frame: u64,
    /// Position of each frame's first item; empty without a table.
    table: Vec<u64>,
    at: u64,
    /// End of the bytes that frames were made of so far.
    consumed: u64,
    warned: Vec<Warning>,
}

impl<'a> Frames<'a> {
    /// Read the offset tables of an encapsulated object.
    ///
    /// # Errors
    ///
    /// [`Reason::MalformedEncapsulation`] where the first item is none.
    pub fn new(object: &'a Object, image: &Image, max_frame: u64) -> Result<Self, Reason> {
        let scan = Scan::resumed(&*object.source, object.window.take());
        let first = element_header(&scan, object.pixels.offset, Spelling::EXPLICIT)?
            .ok_or(Reason::TruncatedPixelData)?;
        if first.tag != tags::ITEM || first.length == u32::MAX {
            return Err(Reason::MalformedEncapsulation);
        }
        let base = first.value_at + u64::from(first.length);
        let mut table = extended_table(&object.dataset);
        if table.is_empty() && first.length <= MAX_TABLE {
            table = basic_table(&scan, first.value_at, first.length)?;
        }
        let mut frames = Self {
            scan,
            source: &*object.source,
            coding: object.syntax.coding,
            count: image.frames,
            max_frame,
            table: Vec::new(),
            at: base,
            consumed: base,
            warned: Vec::new(),
        };
        frames.table = frames.checked(table, base);
        Ok(frames)
    }

    /// A table is used only if it has an entry for every frame, each the start of an item.
    fn checked(&self, table: Vec<u64>, base: u64) -> Vec<u64> {
        let starts: Vec<u64> = table
            .into_iter()
            .map(|offset| base.saturating_add(offset))
            .collect();
        let fits = starts.len() == self.count as usize
            && starts.first() == Some(&base)
            && starts.is_sorted_by(|before, after| before < after)
            && starts.last().is_some_and(|last| *last < self.scan.size());
        if fits { starts } else { Vec::new() }
    }

    /// The bytes of frame `index` (from 0, ascending), fragments joined, into `bytes`.
    ///
    /// # Errors
    ///
    /// [`Reason::MissingFrame`] where the sequence of fragments ends first; a truncated or
    /// malformed item; a frame that the table lets begin within the one before.
    pub fn read(&mut self, index: u32, bytes: &mut Vec<u8>) -> Result<(), Reason> {
        bytes.clear();
        let mut end = None;
        if let Some(start) = self.table.get(index as usize) {
            if *start < self.consumed {
                return Err(Reason::MalformedEncapsulation);
            }
            self.at = *start;
            end = self.table.get(index as usize + 1).copied();
        }
        let mut count = 0;
        loop {
            if end.is_some_and(|end| self.at >= end) {
                break;
            }
            let Some((value_at, length)) = self.item()? else {
                break;
            };
            if count > 0 && end.is_none() && self.begins_frame(index, value_at, length)? {
                break;
            }
            self.join(value_at, length, bytes)?;
            count += 1;
        }
        if count == 0 {
            return Err(Reason::MissingFrame);
        }
        self.consumed = self.at;
        Ok(())
    }

    /// What was noticed since the last call.
    pub fn warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warned)
    }

    /// The next fragment, not yet consumed; `None` behind the last.
    fn item(&mut self) -> Result<Option<(u64, u32)>, Reason> {
        let Some(item) = element_header(&self.scan, self.at, Spelling::EXPLICIT)? else {
            self.warned.push(Warning::MissingDelimiter);
            return Ok(None);
        };
        match item.tag {
            tags::ITEM if item.length != u32::MAX => Ok(Some((item.value_at, item.length))),
            tags::SEQUENCE_END => Ok(None),
            _ => Err(Reason::MalformedEncapsulation),
        }
    }

    fn join(&mut self, value_at: u64, length: u32, bytes: &mut Vec<u8>) -> Result<(), Reason> {
        let end = value_at + u64::from(length);
        if end > self.scan.size() {
            return Err(Reason::TruncatedPixelData);
        }
        if bytes.len() as u64 + u64::from(length) > self.max_frame.saturating_add(1 << 20) {
            return Err(Reason::FrameTooLarge);
        }
        let from = bytes.len();
        bytes.resize(from + length as usize, 0);
        if length < 64 * 1024 {
            self.scan.read(value_at, &mut bytes[from..])?;
        } else {
            self.source.read_at(value_at, &mut bytes[from..])?;
        }
        self.at = end;
        Ok(())
    }

    /// Without a table: whether this fragment is the first of the next frame.
    ///
    /// RLE and deflated frames are one fragment each (PS3.5 A.4.2). The other codecs begin a
    /// frame with a marker that cannot begin a continuation. A single frame owns every fragment.
    fn begins_frame(&self, index: u32, value_at: u64, length: u32) -> Result<bool, Reason> {
        if self.count == 1 {
            return Ok(false);
        }
        if index + 1 == self.count && !self.table.is_empty() {
            return Ok(false);
        }
        let one_each = matches!(
            self.coding,
            Coding::Rle | Coding::DeflatedFrame | Coding::Encapsulated
        );
        if one_each {
            return Ok(true);
        }
        if length < 4 {
            return Ok(false);
        }
        let start = self.scan.array::<4>(value_at)?.unwrap_or_default();
        Ok(matches!(
            start,
            [0xFF, 0xD8, 0xFF, _] | [0xFF, 0x0A, _, _] | [0xFF, 0x4F, 0xFF, 0x51] | [0, 0, 0, 0x0C]
        ))
    }
}

/// Extended Offset Table (7FE0,0001), OV. PS3.3 C.7.6.3.1.8.
fn extended_table(dataset: &Dataset) -> Vec<u64> {
    dataset
        .bytes(tags::EXTENDED_OFFSET_TABLE)
        .map(|bytes| bytes.chunks_exact(8).map(little_endian).collect())
        .unwrap_or_default()
}

fn basic_table(scan: &Scan<'_>, at: u64, length: u32) -> Result<Vec<u64>, Reason> {
    if at + u64::from(length) > scan.size() {
        return Err(Reason::TruncatedPixelData);
    }
    let mut bytes = vec![0; length as usize];
    scan.read(at, &mut bytes)?;
    Ok(bytes.chunks_exact(4).map(little_endian).collect())
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}
