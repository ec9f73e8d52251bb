//! What the Image Pixel module says: size, bits, samples, colour, frames. PS3.3 C.7.6.3.

use std::ops::Range;

use crate::dataset::{Dataset, tags};
use crate::object::Object;
use crate::plan::Limits;
use crate::reason::{Reason, Warning};
use crate::transfer::Coding;

/// Samples of a strip in bytes, about.
const PIECE: u64 = 8 << 20;

/// How the samples of a pixel are to be read as colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Photometric {
    /// Grey, the smallest value is white.
    Monochrome1,
    /// Grey, the smallest value is black.
    Monochrome2,
    /// Indices into three look-up tables.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Luminance and two colour differences, full range.
    YbrFull,
    /// The same with half as many columns of colour differences.
    YbrFull422,
    /// The reversible transform of JPEG 2000, undone by its codec.
    YbrRct,
    /// The colour space of JPEG XL, undone by its codec. PS3.3 C.7.6.3.1.2.
    Xyb,
    /// The irreversible transform of JPEG 2000, undone by its codec.
    YbrIct,
}

impl Photometric {
    fn from_text(text: &str) -> Result<Self, Reason> {
        Ok(match text {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::PaletteColor,
            "RGB" => Self::Rgb,
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            "XYB" => Self::Xyb,
            "YBR_RCT" => Self::YbrRct,
            "YBR_ICT" => Self::YbrIct,
            _ => return Err(Reason::UnsupportedPhotometric),
        })
    }

    /// One sample per pixel that goes through the grey pipeline.
    #[must_use]
    pub fn is_grey(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }

    /// Three samples per pixel.
    #[must_use]
    pub fn is_colour(self) -> bool {
        !self.is_grey() && self != Self::PaletteColor
    }
}

/// What one sample is in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One bit, packed from the least significant on.
    Bit,
    /// One byte.
    Byte,
    /// Two bytes.
    Word,
    /// Four bytes.
    Long,
    /// IEEE 754 single precision.
    Float,
    /// IEEE 754 double precision.
    Double,
}

impl Cell {
    /// Bytes of a decoded sample (a bit becomes a byte).
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Bit | Self::Byte => 1,
            Self::Word => 2,
            Self::Long | Self::Float => 4,
            Self::Double => 8,
        }
    }
}

/// The checked Image Pixel module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Height in pixels, never 0.
    pub rows: u32,
    /// Width in pixels, never 0.
    pub columns: u32,
    /// Frames, never 0.
    pub frames: u32,
    /// Samples per pixel, 1 or 3.
    pub samples: u32,
    /// What one sample is.
    pub cell: Cell,
    /// Bits that carry the value.
    pub bits_stored: u32,
    /// Bits below the value in its cell.
    pub shift: u32,
    /// Values are two's complement.
    pub signed: bool,
    /// Colour.
    pub photometric: Photometric,
    /// Native samples are stored plane by plane.
    pub planar: bool,
    /// Frames are too large to be held.
    pub by_strips: bool,
}

impl Image {
    /// Read and check the module; what was noticed goes to `warnings`.
    ///
    /// `limits` bound one decoded frame in bytes; native frames by strips may be larger.
    ///
    /// # Errors
    ///
    /// Any reason from [`Reason::MissingAttribute`] to [`Reason::FrameTooLarge`].
    pub fn of(
        object: &Object,
        limits: Limits,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Reason> {
        let dataset = &object.dataset;
        let size = |tag| match dataset.word(tag) {
            None => Err(Reason::MissingAttribute),
            Some(0) => Err(Reason::ZeroDimension),
            Some(size) => Ok(u32::from(size)),
        };
        let (rows, columns) = (size(tags::ROWS)?, size(tags::COLUMNS)?);
        let samples = u32::from(dataset.word(tags::SAMPLES_PER_PIXEL).unwrap_or(1));
        let photometric = photometric(dataset, samples)?;
        if samples != if photometric.is_colour() { 3 } else { 1 } {
            return Err(Reason::InconsistentAttributes);
        }
        let cell = cell(object)?;
        let (bits_stored, shift) = bits(dataset, cell, object.syntax.coding)?;
        let mut image = Self {
            rows,
            columns,
            frames: frames(dataset, warnings)?,
            samples,
            cell,
            bits_stored,
            shift,
            signed: dataset.word(tags::PIXEL_REPRESENTATION) == Some(1),
            photometric,
            planar: dataset.word(tags::PLANAR_CONFIGURATION) == Some(1),
            by_strips: false,
        };
        let native = object.pixels.length.is_some();
        image.by_strips =
            native && image.has_whole_rows() && image.frame_bytes() > limits.strips_from;
        image.check(limits.max_frame)?;
        Ok(image)
    }

    fn check(&self, max_frame: u64) -> Result<(), Reason> {
        let real = matches!(self.cell, Cell::Float | Cell::Double);
        if real && !self.photometric.is_grey() {
            return Err(Reason::UnsupportedPixelFormat);
        }
        if self.cell == Cell::Bit && self.photometric.is_colour() {
            return Err(Reason::UnsupportedPixelFormat);
        }
        if self.frame_bytes() > max_frame && !self.by_strips {
            return Err(Reason::FrameTooLarge);
        }
        Ok(())
    }

    /// Whether the rows of a native frame lie one behind the other, each whole bytes.
    fn has_whole_rows(&self) -> bool {
        let planes = self.planar && self.samples > 1;
        self.cell != Cell::Bit && !planes && self.photometric != Photometric::YbrFull422
    }

    /// Bytes of one decoded frame.
    #[must_use]
    pub fn frame_bytes(&self) -> u64 {
        self.sample_count() as u64 * self.cell.bytes()
    }

    /// The rows of a frame that are rendered at a time: all of them, or `multiple` and its
    /// multiples up to 8 MiB of samples.
    pub fn pieces(&self, multiple: u32) -> impl Iterator<Item = Range<u32>> + use<> {
        let rows = self.rows;
        let row_bytes = self.frame_bytes() / u64::from(rows);
        let fitting = u32::try_from(PIECE / row_bytes.max(1)).unwrap_or(u32::MAX);
        let step = if self.by_strips {
            (fitting / multiple).max(1) * multiple
        } else {
            rows
        };
        (0..rows)
            .step_by(step as usize)
            .map(move |start| start..start.saturating_add(step).min(rows))
    }

    /// Some rows of a frame, as an image of its own.
    #[must_use]
    pub fn strip(&self, rows: &Range<u32>) -> Self {
        Self {
            rows: rows.end - rows.start,
            ..self.clone()
        }
    }

    /// Pixels of one frame.
    #[must_use]
    pub fn pixel_count(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Samples of one frame.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.pixel_count() * self.samples as usize
    }
}

fn photometric(dataset: &Dataset, samples: u32) -> Result<Photometric, Reason> {
    match dataset.text(tags::PHOTOMETRIC_INTERPRETATION) {
        Some(text) if !text.is_empty() => Photometric::from_text(text),
        // Absent in some damaged headers; grey is the only reading of one sample.
        _ if samples == 1 => Ok(Photometric::Monochrome2),
        _ => Err(Reason::MissingAttribute),
    }
}

fn cell(object: &Object) -> Result<Cell, Reason> {
    let allocated = object.dataset.word(tags::BITS_ALLOCATED);
    match object.pixels.tag {
        tags::FLOAT_PIXEL_DATA => return Ok(Cell::Float),
        tags::DOUBLE_FLOAT_PIXEL_DATA => return Ok(Cell::Double),
        _ => {}
    }
    match allocated.ok_or(Reason::MissingAttribute)? {
        1 => Ok(Cell::Bit),
        8 => Ok(Cell::Byte),
        16 => Ok(Cell::Word),
        32 => Ok(Cell::Long),
        _ => Err(Reason::UnsupportedPixelFormat),
    }
}

/// Bits stored, and the bits below them. PS3.5 8.1.1.
fn bits(dataset: &Dataset, cell: Cell, coding: Coding) -> Result<(u32, u32), Reason> {
    let allocated = match cell {
        Cell::Float | Cell::Double => return Ok((32, 0)),
        Cell::Bit => return Ok((1, 0)),
        Cell::Byte => 8,
        Cell::Word => 16,
        Cell::Long => 32,
    };
    let stored = dataset.word(tags::BITS_STORED).map_or(allocated, u32::from);
    if stored == 0 || stored > allocated {
        return Err(Reason::InconsistentAttributes);
    }
    let high = dataset.word(tags::HIGH_BIT).map_or(stored - 1, u32::from);
    // Codecs deliver values without the bits around them; a High Bit outside the cell is noise.
    let cells = matches!(coding, Coding::Native | Coding::Encapsulated | Coding::Rle);
    let shift = if cells && high < allocated && high + 1 >= stored {
        high + 1 - stored
    } else {
        0
    };
    Ok((stored, shift))
}

/// Number of Frames (0028,0008), IS, VM 1. Empty is 1.
fn frames(dataset: &Dataset, warnings: &mut Vec<Warning>) -> Result<u32, Reason> {
    let Some(bytes) = dataset.bytes(tags::NUMBER_OF_FRAMES) else {
        return Ok(1);
    };
    let text = dataset.text(tags::NUMBER_OF_FRAMES);
    if bytes.iter().all(|byte| matches!(byte, b' ' | 0)) {
        return Ok(1);
    }
    match text.and_then(|text| text.parse::<i64>().ok()) {
        Some(0) => {
            warnings.push(Warning::ZeroFramesReadAsOne);
            Ok(1)
        }
        // IS holds -2^31 to 2^31 - 1.
        Some(count @ 1..=0x7FFF_FFFF) => {
            u32::try_from(count).map_err(|_| Reason::InvalidNumberOfFrames)
        }
        _ => Err(Reason::InvalidNumberOfFrames),
    }
}
