//! The render plan: everything the header decides, before a pixel is read.

use serde_json::json;

use crate::dataset::{Dataset, tags};
use crate::encode::segments;
use crate::grey::{Bits, GreyPlan, Padding};
use crate::icc;
use crate::image::{Cell, Image, Photometric};
use crate::modality::Modality;
use crate::object::Object;
use crate::palette::Palette;
use crate::passthrough::Front;
use crate::reason::{Reason, Warning};
use crate::voi::Voi;
use crate::window::Window;

/// Bounds that the caller sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one decoded frame.
    pub max_frame: u64,
    /// Most bytes of an inflated data set.
    pub max_inflated: u64,
    /// Native frames of more bytes are rendered strip by strip, whatever their size.
    pub strips_from: u64,
}

impl Default for Limits {
    /// 512 MiB each; strips from 64 MiB on.
    fn default() -> Self {
        Self {
            max_frame: 512 << 20,
            max_inflated: 512 << 20,
            strips_from: 64 << 20,
        }
    }
}

/// Which pipeline the samples take.
#[derive(Clone, Debug, PartialEq)]
pub enum Pipeline {
    /// One sample, shown as grey.
    Grey,
    /// One index into a palette.
    Palette(Palette),
    /// Three samples.
    Colour,
}

/// The plan of one object.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The Image Pixel module.
    pub image: Image,
    /// Which way samples go.
    pub pipeline: Pipeline,
    /// Window of the caller, instead of the object's.
    pub window: Option<Window>,
    /// What our JPEG files begin with: the aspect of the pixels, what colours mean.
    pub front: Front,
    /// What was noticed in the header.
    pub warnings: Vec<Warning>,
}

impl Plan {
    /// Decide how an object is rendered.
    ///
    /// # Errors
    ///
    /// A reason from the Image Pixel module, [`Reason::InvalidPalette`].
    pub fn of(object: &Object, window: Option<Window>, limits: Limits) -> Result<Self, Reason> {
        let mut warnings = object.warnings.clone();
        let image = Image::of(object, limits, &mut warnings)?;
        let dataset = &object.dataset;
        let pipeline = match image.photometric {
            Photometric::PaletteColor => Pipeline::Palette(Palette::of(dataset, image.signed)?),
            grey if grey.is_grey() => Pipeline::Grey,
            _ => Pipeline::Colour,
        };
        notice(object, &mut warnings);
        let density = density(dataset);
        if density.is_some() {
            warnings.push(Warning::NonSquarePixels);
        }
        let mut front = Front {
            density,
            icc: Vec::new(),
        };
        if pipeline != Pipeline::Grey {
            front.icc = icc(dataset, &mut warnings);
        }
        Ok(Self {
            image,
            pipeline,
            window,
            front,
            warnings,
        })
    }

    /// The grey pipeline of frame `index` (from 0). PS3.3 C.7.6.16: the frame's own functional
    /// group wins over the shared one.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidLookupTable`].
    pub fn grey(
        &self,
        dataset: &Dataset,
        index: u32,
        warnings: &mut Vec<Warning>,
    ) -> Result<GreyPlan, Reason> {
        let own = dataset
            .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
            .get(index as usize);
        let shared = dataset.first_item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let groups: Vec<&Dataset> = own.into_iter().chain(shared).collect();
        let bits = self.bits();
        let voi = match self.window {
            Some(window) => Voi::Window(window),
            // A bit is black or white whatever a window says.
            None if self.image.cell == Cell::Bit => Voi::Window(Window::spanning(0.0, 1.0)),
            None => Voi::of(dataset, &groups, bits.signed, warnings),
        };
        // PS3.3 C.11.6: INVERSE and MONOCHROME1 say the same thing; never twice.
        let inverse = dataset.text(tags::PRESENTATION_LUT_SHAPE) == Some("INVERSE");
        Ok(GreyPlan {
            bits,
            modality: Modality::of(dataset, &groups, bits.signed, warnings)?,
            voi,
            inverted: inverse || self.image.photometric == Photometric::Monochrome1,
            padding: self.padding(dataset),
        })
    }

    /// Which bits of a cell are the value.
    #[must_use]
    pub fn bits(&self) -> Bits {
        Bits {
            stored: self.image.bits_stored,
            shift: self.image.shift,
            signed: self.image.signed && self.image.cell != Cell::Bit,
        }
    }

    /// Pixel Padding Value to Range Limit; the VR follows Pixel Representation, not the stream.
    fn padding(&self, dataset: &Dataset) -> Option<Padding> {
        if !matches!(self.image.cell, Cell::Byte | Cell::Word) {
            return None;
        }
        let read = |tag| {
            dataset.word(tag).map(|word| {
                if self.image.signed {
                    i64::from(word.cast_signed())
                } else {
                    i64::from(word)
                }
            })
        };
        let value = read(tags::PIXEL_PADDING_VALUE)?;
        let limit = read(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
        Some(Padding {
            low: value.min(limit),
            high: value.max(limit),
        })
    }

    /// The plan as JSON, free of anything that describes a patient.
    #[must_use]
    pub fn describe(&self, object: &Object) -> serde_json::Value {
        let image = &self.image;
        let mut warnings = self.warnings.clone();
        let grey = match self.pipeline {
            Pipeline::Grey => self.grey(&object.dataset, 0, &mut warnings).ok(),
            _ => None,
        };
        json!({
            "transfer_syntax": object.transfer_syntax_uid,
            "coding": format!("{:?}", object.syntax.coding),
            "rows": image.rows,
            "columns": image.columns,
            "frames": image.frames,
            "samples_per_pixel": image.samples,
            "cell": format!("{:?}", image.cell),
            "bits_stored": image.bits_stored,
            "shift": image.shift,
            "signed": image.signed,
            "photometric": format!("{:?}", image.photometric),
            "modality": grey.as_ref().map(|plan| match &plan.modality {
                Modality::Rescale { slope, intercept } => json!({"slope": slope, "intercept": intercept}),
                Modality::LookUp(table) => json!({"entries": table.entries.len(), "bits": table.bits}),
            }),
            "voi": grey.as_ref().map(|plan| match &plan.voi {
                Voi::Window(window) => json!({
                    "function": format!("{:?}", window.function),
                    "center": window.center,
                    "width": window.width,
                }),
                Voi::LookUp(table) => json!({"entries": table.entries.len(), "bits": table.bits}),
                Voi::MinMax => json!("min_max"),
            }),
            "inverted": grey.as_ref().map(|plan| plan.inverted),
            "has_padding": grey.as_ref().map(|plan| plan.padding.is_some()),
            "density": self.front.density,
            "warnings": warnings,
        })
    }
}

/// What a reader of the image should know and the header says.
fn notice(object: &Object, warnings: &mut Vec<Warning>) {
    let dataset = &object.dataset;
    let said_lossy = dataset.text(tags::LOSSY_IMAGE_COMPRESSION) == Some("01");
    if said_lossy || object.syntax.lossy {
        warnings.push(Warning::LossySource);
    }
    if dataset.text(tags::BURNED_IN_ANNOTATION) == Some("YES") {
        warnings.push(Warning::BurnedInAnnotation);
    }
    let rows = |group| dataset.element(group | tags::OVERLAY_ROWS).is_some();
    if tags::overlay_groups().any(rows) {
        warnings.push(Warning::OverlayNotDrawn);
    }
}

/// Segments of the profile (0028,2000), PS3.3 C.11.15, cleaned; nothing where there is none.
fn icc(dataset: &Dataset, warnings: &mut Vec<Warning>) -> Vec<u8> {
    let path = dataset.first_item(tags::OPTICAL_PATH_SEQUENCE);
    let profile = dataset
        .bytes(tags::ICC_PROFILE)
        .or_else(|| path.and_then(|path| path.bytes(tags::ICC_PROFILE)));
    let Some(profile) = profile else {
        return Vec::new();
    };
    icc::cleaned(profile)
        .and_then(|profile| segments::icc(&profile))
        .unwrap_or_else(|| {
            warnings.push(Warning::IccProfileNotEmbedded);
            Vec::new()
        })
}

/// Pixel Aspect Ratio (vertical, horizontal), else Pixel Spacing (between rows, between columns):
/// densities go the other way round, so the first number is the horizontal density.
fn density(dataset: &Dataset) -> Option<(u16, u16)> {
    let pair = |tag| match dataset.decimals(tag)[..] {
        [Some(first), Some(second)] if first > 0.0 && second > 0.0 => Some((first, second)),
        _ => None,
    };
    let (vertical, horizontal) =
        pair(tags::PIXEL_ASPECT_RATIO).or_else(|| pair(tags::PIXEL_SPACING))?;
    if (vertical / horizontal - 1.0).abs() < 1e-3 {
        return None;
    }
    let scale = 10_000.0 / vertical.max(horizontal);
    Some((small(vertical * scale), small(horizontal * scale)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1..=10000"
)]
fn small(value: f64) -> u16 {
    value.round().clamp(1.0, 10_000.0) as u16
}
