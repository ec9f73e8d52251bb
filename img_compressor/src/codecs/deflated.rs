//! Deflated Image Frame Compression: each frame is one raw deflate stream. PS3.5 A.4.13.

use std::io::Read;

use flate2::read::DeflateDecoder;

use crate::codecs::native;
use crate::image::{Cell, Image};
use crate::reason::Reason;
use crate::samples::Decoded;

/// Inflate one frame, never beyond the size that the header gives it.
///
/// # Errors
///
/// [`Reason::DeflateFailed`] for a broken stream, [`Reason::TruncatedPixelData`] for a short one.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let samples = image.sample_count() as u64;
    let size = match image.cell {
        Cell::Bit => samples.div_ceil(8),
        cell => samples * cell.bytes(),
    };
    let mut inflated = Vec::new();
    DeflateDecoder::new(bytes)
        .take(size)
        .read_to_end(&mut inflated)
        .map_err(|_| Reason::DeflateFailed)?;
    native::decode(&inflated, image)
}
