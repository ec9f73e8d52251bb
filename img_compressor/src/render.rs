//! From a plan and a frame's samples to the 8-bit pixels that are encoded.

mod greys;

use std::ops::Range;

use crate::codecs::{self, native};
use crate::colour;
use crate::frames::Frames;
use crate::grey::Span;
use crate::greys::Greys;
use crate::image::{Image, Photometric};
use crate::object::Object;
use crate::passthrough;
use crate::plan::{Limits, Pipeline, Plan};
use crate::reason::{Reason, Warning};
use crate::samples::{Decoded, Samples, Space};
use crate::transfer::Coding;
use crate::watch::Pulse;
use crate::window::Window;

/// 8-bit pixels, by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 1 is grey, 3 is red, green, blue.
    pub channels: usize,
    /// `width * height * channels` levels.
    pub pixels: Vec<u8>,
    /// Window that was used, if one was.
    pub window: Option<Window>,
    /// What was noticed, of the object and of this frame.
    pub warnings: Vec<Warning>,
}

/// A frame that needed no rendering.
#[derive(Clone, Debug, PartialEq)]
pub struct Copied {
    /// A JPEG file.
    pub bytes: Vec<u8>,
    /// Window that changes nothing, if there is one.
    pub window: Option<Window>,
    /// What was noticed, of the object and of this frame.
    pub warnings: Vec<Warning>,
}

/// Where frames come from.
enum Frame<'a> {
    Native(native::Layout),
    Encapsulated(Box<Frames<'a>>, Vec<u8>),
}

/// Renders the frames of one object in ascending order.
pub struct Renderer<'a> {
    object: &'a Object,
    plan: &'a Plan,
    limits: Limits,
    frames: Frame<'a>,
    /// Frame whose compressed bytes are held.
    loaded: Option<u32>,
    /// Span of the whole object, once it was needed.
    span: Option<Span>,
    /// Prepared greys; handed on from object to object, since a series shares its window.
    pub greys: Option<Greys>,
    /// Where each step is told, if somebody watches.
    pub pulse: Option<&'a Pulse>,
    warnings: Vec<Warning>,
}

impl<'a> Renderer<'a> {
    /// Prepare to render an object.
    ///
    /// # Errors
    ///
    /// Where the frames cannot be located.
    pub fn new(object: &'a Object, plan: &'a Plan, limits: Limits) -> Result<Self, Reason> {
        let mut warnings = plan.warnings.clone();
        let frames = locate(object, plan, limits, &mut warnings)?;
        Ok(Self {
            object,
            plan,
            limits,
            frames,
            loaded: None,
            span: None,
            greys: None,
            pulse: None,
            warnings,
        })
    }

    /// Frame `index` (from 0) as the JPEG that it already is; `None` where it must be rendered.
    ///
    /// # Errors
    ///
    /// Why the frame has no bytes.
    pub fn copied(&mut self, index: u32) -> Result<Option<Copied>, Reason> {
        let plan = self.plan;
        let image = &plan.image;
        let mut warnings = Vec::new();
        let window = match plan.pipeline {
            _ if self.object.syntax.coding != Coding::Jpeg => return Ok(None),
            Pipeline::Colour if passthrough::has_plain_colour(image) => None,
            Pipeline::Palette(_) | Pipeline::Colour => return Ok(None),
            Pipeline::Grey => {
                let grey = plan.grey(&self.object.dataset, index, &mut warnings)?;
                if !grey.is_identity() {
                    return Ok(None);
                }
                grey.voi.window()
            }
        };
        let Some(stream) = self.stream(index)? else {
            return Ok(None);
        };
        let Some(bytes) = passthrough::copied(stream, image, &plan.front) else {
            return Ok(None);
        };
        warnings.push(Warning::StreamCopied);
        warnings.extend_from_slice(&self.warnings);
        warnings.sort_unstable();
        warnings.dedup();
        Ok(Some(Copied {
            bytes,
            window,
            warnings,
        }))
    }

    /// The compressed bytes of frame `index`, read once; `None` where pixels are native.
    fn stream(&mut self, index: u32) -> Result<Option<&[u8]>, Reason> {
        let Frame::Encapsulated(frames, bytes) = &mut self.frames else {
            return Ok(None);
        };
        if self.loaded != Some(index) {
            self.loaded = None;
            frames.read(index, bytes)?;
            self.warnings.extend(frames.warnings());
            self.loaded = Some(index);
        }
        Ok(Some(bytes))
    }

    /// Decode frame `index` (from 0).
    ///
    /// # Errors
    ///
    /// Why the frame has no samples.
    pub fn decode(&mut self, index: u32) -> Result<Decoded, Reason> {
        self.decode_rows(index, &(0..self.plan.image.rows))
    }

    /// Some rows begin; an error where somebody has lost patience.
    fn beat(&self, rows: &Range<u32>) -> Result<(), Reason> {
        let image = &self.plan.image;
        let row = u64::from(image.columns) * u64::from(image.samples);
        self.pulse.map_or(Ok(()), |pulse| {
            pulse.beat(u64::from(rows.end - rows.start) * row)
        })
    }

    fn decode_rows(&mut self, index: u32, rows: &Range<u32>) -> Result<Decoded, Reason> {
        self.beat(rows)?;
        let (object, image) = (self.object, &self.plan.image);
        if let Frame::Native(layout) = &self.frames {
            let whole = *rows == (0..image.rows);
            let decoded = if whole {
                layout.read(&*object.source, image, index)?
            } else {
                layout.read_rows(&*object.source, image, index, rows)?
            };
            return of_size(decoded, image, rows);
        }
        let stream = self.stream(index)?.unwrap_or_default();
        let decoded = codecs::decode(object.syntax.coding, stream, image)?;
        of_size(decoded, image, rows)
    }

    /// Render frame `index` (from 0).
    ///
    /// # Errors
    ///
    /// Why the frame has no picture.
    pub fn picture(&mut self, index: u32) -> Result<Picture, Reason> {
        self.strip(index, &(0..self.plan.image.rows))
    }

    /// Render some rows of frame `index`; fewer than all only of an image by strips.
    ///
    /// # Errors
    ///
    /// Why there is no picture.
    pub fn strip(&mut self, index: u32, rows: &Range<u32>) -> Result<Picture, Reason> {
        self.beat(rows)?;
        let image = &self.plan.image;
        let mut noticed = Vec::new();
        let (channels, pixels, window) = match &self.plan.pipeline {
            Pipeline::Grey => {
                let (pixels, window) = self.grey(index, rows, &mut noticed)?;
                (1, pixels, window)
            }
            Pipeline::Palette(palette) => {
                let decoded = self.noted(index, rows, &mut noticed)?;
                (3, palette.render(&decoded.samples, self.plan.bits()), None)
            }
            Pipeline::Colour => {
                let decoded = self.noted(index, rows, &mut noticed)?;
                (3, self.colour(decoded), None)
            }
        };
        noticed.extend_from_slice(&self.warnings);
        noticed.sort_unstable();
        noticed.dedup();
        Ok(Picture {
            width: image.columns,
            height: rows.end - rows.start,
            channels,
            pixels,
            window,
            warnings: noticed,
        })
    }

    /// Take back the memory of a picture that was encoded.
    pub fn take_back(&mut self, picture: Picture) {
        if let Some(greys) = &mut self.greys {
            greys.take_back(picture.pixels);
        }
    }

    /// Decode some rows and note what their codec noticed.
    fn noted(
        &mut self,
        index: u32,
        rows: &Range<u32>,
        noticed: &mut Vec<Warning>,
    ) -> Result<Decoded, Reason> {
        let decoded = self.decode_rows(index, rows)?;
        noticed.extend(frame_warnings(&decoded));
        Ok(decoded)
    }

    fn colour(&self, decoded: Decoded) -> Vec<u8> {
        let image = &self.plan.image;
        let stored = decoded.precision.unwrap_or(image.bits_stored);
        let mut pixels = colour::eight_bits(decoded.samples, stored, image.shift);
        let declared = matches!(
            image.photometric,
            Photometric::YbrFull | Photometric::YbrFull422
        );
        if declared && decoded.space == Space::Declared {
            colour::from_ycbcr(&mut pixels);
        }
        pixels
    }

    /// Stored values of frame `index` as 16-bit greys, for a lossless copy.
    ///
    /// # Errors
    ///
    /// [`Reason::UnsupportedEmit`] for colour, floats and 32-bit values.
    pub fn stored(&mut self, index: u32) -> Result<(Vec<u16>, Vec<Warning>), Reason> {
        if self.plan.pipeline != Pipeline::Grey {
            return Err(Reason::UnsupportedEmit);
        }
        let decoded = self.decode(index)?;
        let mut bits = self.plan.bits();
        bits.stored = decoded.precision.unwrap_or(bits.stored);
        let offset = if bits.signed { 32_768 } else { 0 };
        let word = |cell: u32| u16::try_from(bits.value(cell) + offset).unwrap_or(0);
        let words = match &decoded.samples {
            Samples::Bytes(cells) => cells.iter().map(|cell| word((*cell).into())).collect(),
            Samples::Words(cells) => cells.iter().map(|cell| word((*cell).into())).collect(),
            _ => return Err(Reason::UnsupportedEmit),
        };
        let mut warnings = self.warnings.clone();
        warnings.extend(frame_warnings(&decoded));
        if bits.signed {
            warnings.push(Warning::SignedOffset);
        }
        warnings.sort_unstable();
        warnings.dedup();
        Ok((words, warnings))
    }
}

fn locate<'a>(
    object: &'a Object,
    plan: &Plan,
    limits: Limits,
    warnings: &mut Vec<Warning>,
) -> Result<Frame<'a>, Reason> {
    let native = object.syntax.coding == Coding::Native || object.pixels.length.is_some();
    if native {
        let layout = native::Layout::of(object, &plan.image, warnings)?;
        return Ok(Frame::Native(layout));
    }
    let frames = Frames::new(object, &plan.image, limits.max_frame)?;
    Ok(Frame::Encapsulated(Box::new(frames), Vec::new()))
}

fn of_size(decoded: Decoded, image: &Image, rows: &Range<u32>) -> Result<Decoded, Reason> {
    let row = image.columns as usize * image.samples as usize;
    if decoded.samples.len() == (rows.end - rows.start) as usize * row {
        Ok(decoded)
    } else {
        Err(Reason::FrameMismatch)
    }
}

fn frame_warnings(decoded: &Decoded) -> Vec<Warning> {
    if decoded.damaged {
        vec![Warning::DamagedStream]
    } else {
        Vec::new()
    }
}
