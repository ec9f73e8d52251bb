//! From bytes to a [`Dataset`] and the place of the pixel data, without recursion.
//!
//! The walk keeps its own stack, so that no nesting in a file can exhaust the program's; it reads
//! nothing after the pixel data and keeps only what [`tags::is_kept`] names. PS3.5 section 7.

use crate::dataset::{Dataset, Element, Tag, Value, Vr, tags};
use crate::element::{ElementHeader, UNDEFINED, element_header};
use crate::reason::Reason;
use crate::source::Scan;
use crate::transfer::Spelling;

/// Most levels of sequences and items that are walked.
pub const MAX_DEPTH: usize = 512;
/// Most bytes of one value that are kept.
pub const MAX_VALUE: u64 = 16 * 1024 * 1024;
/// Most bytes of all kept values.
pub const MAX_KEPT: u64 = 64 * 1024 * 1024;
/// Most kept elements and items, in all functional groups together.
pub const MAX_ELEMENTS: usize = 4_000_000;

/// Where the pixel data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelLocation {
    /// Pixel Data, Float Pixel Data or Double Float Pixel Data.
    pub tag: Tag,
    /// VR as written.
    pub vr: Vr,
    /// First byte of the value.
    pub offset: u64,
    /// Length of the value as written; `None` is encapsulated.
    pub length: Option<u32>,
}

/// A header and where its pixels are.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What was kept.
    pub dataset: Dataset,
    /// Where the pixels are, if there are any.
    pub pixels: Option<PixelLocation>,
}

/// One open level: a data set (the object itself, or an item) or a sequence.
struct Level {
    is_sequence: bool,
    end: Option<u64>,
    spelling: Spelling,
    tag: Tag,
    vr: Vr,
    kept: Option<Kept>,
}

enum Kept {
    Dataset(Dataset),
    Items(Vec<Dataset>),
}

struct Walk<'a> {
    scan: &'a Scan<'a>,
    levels: Vec<Level>,
    kept_bytes: u64,
    kept_elements: usize,
}

/// Walk a data set from `start` to its pixel data or its end.
///
/// # Errors
///
/// [`Reason::TruncatedHeader`], [`Reason::MalformedHeader`], [`Reason::HeaderTooLarge`], or the
/// source's own.
pub fn parse(scan: &Scan<'_>, start: u64, spelling: Spelling) -> Result<Parsed, Reason> {
    let mut walk = Walk {
        scan,
        levels: vec![Level {
            is_sequence: false,
            end: None,
            spelling,
            tag: 0,
            vr: None,
            kept: Some(Kept::Dataset(Dataset {
                elements: Vec::new(),
                big_endian: spelling.big_endian,
            })),
        }],
        kept_bytes: 0,
        kept_elements: 0,
    };
    let pixels = walk.run(start)?;
    while walk.levels.len() > 1 {
        walk.close()?;
    }
    match walk.levels.pop().and_then(|level| level.kept) {
        Some(Kept::Dataset(dataset)) => Ok(Parsed { dataset, pixels }),
        _ => Err(Reason::MalformedHeader),
    }
}

impl Walk<'_> {
    fn run(&mut self, start: u64) -> Result<Option<PixelLocation>, Reason> {
        let mut at = start;
        loop {
            while self.levels.len() > 1 && self.top().end.is_some_and(|end| at >= end) {
                self.close()?;
            }
            let spelling = self.top().spelling;
            let Some(header) = element_header(self.scan, at, spelling)? else {
                return Ok(None);
            };
            if self.levels.len() == 1 && is_pixel_data(header.tag) {
                return Ok(Some(PixelLocation {
                    tag: header.tag,
                    vr: header.vr,
                    offset: header.value_at,
                    length: (header.length != UNDEFINED).then_some(header.length),
                }));
            }
            at = if self.top().is_sequence {
                self.in_sequence(header)?
            } else {
                self.in_dataset(header)?
            };
        }
    }

    fn top(&self) -> &Level {
        &self.levels[self.levels.len() - 1]
    }

    /// An item or a delimiter; returns where to go on.
    fn in_sequence(&mut self, header: ElementHeader) -> Result<u64, Reason> {
        match header.tag {
            tags::ITEM => {
                let keeps = self.top().kept.is_some();
                let spelling = self.top().spelling;
                if !keeps && header.length != UNDEFINED {
                    return self.after(header);
                }
                let kept = keeps.then(|| {
                    Kept::Dataset(Dataset {
                        elements: Vec::new(),
                        big_endian: spelling.big_endian,
                    })
                });
                self.open(header, false, spelling, kept)
            }
            tags::SEQUENCE_END => {
                self.close()?;
                Ok(header.value_at)
            }
            // An item closed twice, as some writers do for items of defined length.
            tags::ITEM_END => Ok(header.value_at),
            _ => Err(Reason::MalformedHeader),
        }
    }

    /// An element of a data set; returns where to go on.
    fn in_dataset(&mut self, header: ElementHeader) -> Result<u64, Reason> {
        match header.tag {
            tags::ITEM_END => {
                if self.levels.len() > 1 {
                    self.close()?;
                }
                return Ok(header.value_at);
            }
            tags::SEQUENCE_END => {
                // The item lost its own delimiter: the sequence ends, and so does the item.
                if self.levels.len() > 2 {
                    self.close()?;
                    self.close()?;
                }
                return Ok(header.value_at);
            }
            _ => {}
        }
        let keeps = self.top().kept.is_some();
        let descends = keeps && tags::DESCENDED.contains(&header.tag);
        if descends || header.length == UNDEFINED {
            // PS3.5 6.2.2: a UN of undefined length is a sequence in implicit little endian.
            let spelling = match header.vr {
                Some([b'U', b'N']) => Spelling::IMPLICIT,
                _ => self.top().spelling,
            };
            let kept = descends.then(|| Kept::Items(Vec::new()));
            return self.open(header, true, spelling, kept);
        }
        if keeps && tags::is_kept(header.tag) {
            self.keep(header)?;
        }
        self.after(header)
    }

    fn open(
        &mut self,
        header: ElementHeader,
        is_sequence: bool,
        spelling: Spelling,
        kept: Option<Kept>,
    ) -> Result<u64, Reason> {
        if self.levels.len() >= MAX_DEPTH {
            return Err(Reason::HeaderTooLarge);
        }
        let end = match header.length {
            UNDEFINED => None,
            _ => Some(self.after(header)?),
        };
        self.count_element()?;
        self.levels.push(Level {
            is_sequence,
            end,
            spelling,
            tag: header.tag,
            vr: header.vr,
            kept,
        });
        Ok(header.value_at)
    }

    /// Close the top level and hand what it kept to the level below.
    fn close(&mut self) -> Result<(), Reason> {
        let level = self.levels.pop().ok_or(Reason::MalformedHeader)?;
        let below = self.levels.last_mut().ok_or(Reason::MalformedHeader)?;
        match (level.kept, &mut below.kept) {
            (Some(Kept::Dataset(dataset)), Some(Kept::Items(items))) => items.push(dataset),
            (Some(Kept::Items(items)), Some(Kept::Dataset(dataset))) => {
                dataset.elements.push(Element {
                    tag: level.tag,
                    vr: level.vr,
                    value: Value::Items(items),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Where the element behind this one begins.
    fn after(&self, header: ElementHeader) -> Result<u64, Reason> {
        let end = header.value_at + u64::from(header.length);
        if end > self.scan.size() {
            return Err(Reason::TruncatedHeader);
        }
        Ok(end)
    }

    fn count_element(&mut self) -> Result<(), Reason> {
        self.kept_elements += 1;
        if self.kept_elements > MAX_ELEMENTS {
            return Err(Reason::HeaderTooLarge);
        }
        Ok(())
    }

    fn keep(&mut self, header: ElementHeader) -> Result<(), Reason> {
        self.after(header)?;
        let length = u64::from(header.length);
        self.kept_bytes += length;
        self.count_element()?;
        if length > MAX_VALUE || self.kept_bytes > MAX_KEPT {
            // Nothing that rendering needs is so large; it is as good as absent.
            self.kept_bytes -= length;
            return Ok(());
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| Reason::HeaderTooLarge)?];
        self.scan.read(header.value_at, &mut bytes)?;
        if let Some(Level {
            kept: Some(Kept::Dataset(dataset)),
            ..
        }) = self.levels.last_mut()
        {
            dataset.elements.push(Element {
                tag: header.tag,
                vr: header.vr,
                value: Value::Bytes(bytes),
            });
        }
        Ok(())
    }
}

fn is_pixel_data(tag: Tag) -> bool {
    matches!(
        tag,
        tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA
    )
}
