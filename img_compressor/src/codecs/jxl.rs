//! JPEG XL (ISO 18181) by jxl-oxide: lossless, lossy, and JPEG that was packed again.

use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, JxlImage};

use crate::image::Image;
use crate::reason::Reason;
use crate::samples::{Decoded, Samples, Space};

/// Working memory of the decoder: a few planes of 32-bit samples, and its tables.
const PLANES: usize = 6;
const TABLES: usize = 64 << 20;

/// Decode one JPEG XL frame.
///
/// # Errors
///
/// [`Reason::DecodeFailed`] where it is no JPEG XL, is broken or needs more memory than its size
/// explains; [`Reason::FrameMismatch`] where its size or components are not the header's;
/// [`Reason::UnsupportedPixelFormat`] for floating point and more than 16 bits.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let count = image.sample_count();
    let memory = AllocTracker::with_limit(count * size_of::<f32>() * PLANES + TABLES);
    let frame = JxlImage::builder()
        .alloc_tracker(memory)
        .read(bytes)
        .map_err(|_| Reason::DecodeFailed)?;
    let format = frame.pixel_format();
    let channels = if format.is_grayscale() { 1 } else { 3 };
    if (frame.height(), frame.width(), channels) != (image.rows, image.columns, image.samples) {
        return Err(Reason::FrameMismatch);
    }
    let bits = match frame.image_header().metadata.bit_depth {
        BitDepth::IntegerSample { bits_per_sample } if bits_per_sample <= 16 => bits_per_sample,
        _ => return Err(Reason::UnsupportedPixelFormat),
    };
    let render = frame.render_frame(0).map_err(|_| Reason::DecodeFailed)?;
    let mut shares = vec![0f32; count];
    let mut stream = render.stream_no_alpha();
    if stream.channels() != channels || stream.write_to_buffer(&mut shares) != count {
        return Err(Reason::DecodeFailed);
    }
    Ok(Decoded {
        samples: whole(&shares, bits),
        space: if channels == 3 {
            Space::Rgb
        } else {
            Space::Declared
        },
        precision: (bits != image.bits_stored).then_some(bits),
        damaged: false,
    })
}

/// Shares of the full range as numbers of `bits` bits; 24 bits of an f32 hold 16 exactly.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range; `as` maps NaN to 0"
)]
fn whole(shares: &[f32], bits: u32) -> Samples {
    let full = f64::from((1u32 << bits) - 1);
    let number = |share: &f32| (f64::from(*share) * full + 0.5).clamp(0.0, full);
    if bits <= 8 {
        Samples::Bytes(shares.iter().map(|share| number(share) as u8).collect())
    } else {
        Samples::Words(shares.iter().map(|share| number(share) as u16).collect())
    }
}
