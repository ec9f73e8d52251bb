//! From pixels to the bytes of a file: JPEG, PNM or 16-bit PNG.

pub mod jpeg;
pub mod png;
pub mod segments;
pub mod strips;

use serde::Deserialize;

use crate::reason::Reason;
use crate::render::Picture;

/// What is written for each frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// Baseline JPEG of the rendered pixels.
    #[default]
    Jpeg,
    /// The rendered pixels before JPEG (PGM or PPM), for tests.
    Pnm,
    /// Stored values as 16-bit grey PNG, without window; signed values have 32768 added.
    Png16,
}

impl Emit {
    /// File name extension.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Pnm => "pnm",
            Self::Png16 => "png",
        }
    }
}

/// How the images of one object are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pack {
    /// One file per frame.
    #[default]
    None,
    /// One tar file per object; rows say where each frame begins in it.
    Tar,
}

/// Whether a JPEG inside the object may be copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Passthrough {
    /// Where it looks as it would be rendered.
    #[default]
    Auto,
    /// Every frame is decoded, rendered and coded.
    Never,
}

/// Whether overlay planes are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Overlays {
    /// Never; the row says that there are some.
    #[default]
    Never,
    /// White, unless something is masked.
    Draw,
}

/// Chroma subsampling of colour JPEGs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subsampling {
    /// Every pixel has its own colour.
    #[default]
    #[value(name = "444")]
    #[serde(rename = "444")]
    S444,
    /// Four pixels share a colour: smaller, and coloured text suffers.
    #[value(name = "420")]
    #[serde(rename = "420")]
    S420,
}

/// A binary PGM or PPM.
///
/// # Errors
///
/// Never; it has the form of the other encoders.
pub fn pnm(picture: &Picture) -> Result<Vec<u8>, Reason> {
    let magic = if picture.channels == 1 { "P5" } else { "P6" };
    let mut bytes = format!("{magic}\n{} {}\n255\n", picture.width, picture.height).into_bytes();
    bytes.extend_from_slice(&picture.pixels);
    Ok(bytes)
}
