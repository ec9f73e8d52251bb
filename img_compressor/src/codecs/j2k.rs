//! Not here yet.

use crate::image::Image;
use crate::reason::Reason;
use crate::samples::Decoded;

/// Decode one frame.
///
/// # Errors
///
/// Always, until the codec is here.
pub fn decode(_bytes: &[u8], _image: &Image) -> Result<Decoded, Reason> {
    Err(Reason::UnsupportedTransferSyntax)
}
