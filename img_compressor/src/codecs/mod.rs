//! From one frame's bytes to its samples: one room per coding.
//!
//! `unsafe` is allowed in the rooms that speak to C libraries, and nowhere else. Each codec checks
//! the size that its stream claims against the header before it allocates.

pub mod deflated;
pub mod j2k;
pub mod jpeg;
pub mod jpegls;
pub mod jxl;
pub mod markers;
pub mod native;
mod packets;
pub mod rle;

use crate::image::Image;
use crate::reason::Reason;
use crate::samples::Decoded;
use crate::transfer::Coding;

/// Decode one encapsulated frame.
///
/// # Errors
///
/// [`Reason::DecodeFailed`], [`Reason::FrameMismatch`] or [`Reason::TruncatedPixelData`].
pub fn decode(coding: Coding, bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    match coding {
        Coding::Rle => rle::decode(bytes, image),
        Coding::Jpeg => jpeg::decode(bytes, image),
        Coding::JpegLs => jpegls::decode(bytes, image),
        Coding::Jpeg2000 => j2k::decode(bytes, image),
        Coding::JpegXl => jxl::decode(bytes, image),
        Coding::DeflatedFrame => deflated::decode(bytes, image),
        Coding::Native | Coding::Encapsulated => native::decode(bytes, image),
    }
}
