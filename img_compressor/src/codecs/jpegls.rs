//! JPEG-LS (ISO 14495-1) by `CharLS`.
#![allow(unsafe_code, reason = "CharLS is a C++ library with a C interface")]

use std::borrow::Cow;
use std::ptr::null_mut;

use charls_sys as charls;

use crate::codecs::markers::{SOS, segments};
use crate::image::Image;
use crate::reason::Reason;
use crate::samples::{Decoded, Samples, interleave};

/// End of image.
const END: [u8; 2] = [0xFF, 0xD9];

/// Decode one JPEG-LS frame.
///
/// # Errors
///
/// [`Reason::DecodeFailed`] where it is no JPEG-LS or is broken; [`Reason::FrameMismatch`] where
/// its size or components are not the header's.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let stream = ended(bytes);
    let mut decoder = Decoder::new()?;
    let frame = decoder.header(&stream)?;
    let components = u32::try_from(frame.component_count).map_err(|_| Reason::DecodeFailed)?;
    if (frame.height, frame.width, components) != (image.rows, image.columns, image.samples) {
        return Err(Reason::FrameMismatch);
    }
    let precision = u32::try_from(frame.bits_per_sample).map_err(|_| Reason::DecodeFailed)?;
    let planar = components > 1 && is_planar(bytes);
    let count = image.sample_count();
    let samples = if precision <= 8 {
        let mut samples = vec![0u8; count];
        decoder.read(&mut samples)?;
        Samples::Bytes(if planar {
            interleave(&samples)
        } else {
            samples
        })
    } else {
        let mut samples = vec![0u16; count];
        decoder.read(bytemuck::cast_slice_mut(&mut samples))?;
        Samples::Words(if planar {
            interleave(&samples)
        } else {
            samples
        })
    };
    Ok(Decoded {
        precision: (precision != image.bits_stored).then_some(precision),
        damaged: matches!(stream, Cow::Owned(_)),
        ..Decoded::plain(samples)
    })
}

/// The stream with an end of image behind it, where it has none.
///
/// `CharLS` 2.4.5 counts up to 2^31 bits, one by one, where the bytes end without a marker inside
/// a long run of zero bits (seen: 27 s of 600 bytes); in front of a marker it gives up at once.
fn ended(bytes: &[u8]) -> Cow<'_, [u8]> {
    let used = bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count();
    if bytes[..used].ends_with(&END) {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned([bytes, &END].concat())
}

/// A decoder that borrows its input for as long as it lives.
struct Decoder<'a> {
    handle: *mut charls::charls_jpegls_decoder,
    source: std::marker::PhantomData<&'a [u8]>,
}

impl<'a> Decoder<'a> {
    fn new() -> Result<Self, Reason> {
        // SAFETY: no arguments to get wrong; a null handle is checked.
        let handle = unsafe { charls::charls_jpegls_decoder_create() };
        if handle.is_null() {
            return Err(Reason::DecodeFailed);
        }
        Ok(Self {
            handle,
            source: std::marker::PhantomData,
        })
    }

    fn header(&mut self, bytes: &'a [u8]) -> Result<charls::charls_frame_info, Reason> {
        let mut frame = charls::charls_frame_info {
            width: 0,
            height: 0,
            bits_per_sample: 0,
            component_count: 0,
        };
        // SAFETY: `bytes` outlives the decoder by its lifetime; `frame` is a valid place.
        unsafe {
            passed(charls::charls_jpegls_decoder_set_source_buffer(
                self.handle,
                bytes.as_ptr().cast(),
                bytes.len(),
            ))?;
            passed(charls::charls_jpegls_decoder_read_header(self.handle))?;
            passed(charls::charls_jpegls_decoder_get_frame_info(
                self.handle,
                &raw mut frame,
            ))?;
        }
        Ok(frame)
    }

    fn read(&mut self, target: &mut [u8]) -> Result<(), Reason> {
        // SAFETY: CharLS checks the length that it is given against the frame's.
        unsafe {
            passed(charls::charls_jpegls_decoder_decode_to_buffer(
                self.handle,
                target.as_mut_ptr().cast(),
                target.len(),
                0,
            ))
        }
    }
}

impl Drop for Decoder<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle came from create and is not used again.
        unsafe { charls::charls_jpegls_decoder_destroy(self.handle) };
        self.handle = null_mut();
    }
}

/// Whether the first scan holds one component: ILV 0. ISO 14495-1 C.2.3.
fn is_planar(bytes: &[u8]) -> bool {
    segments(bytes, 2)
        .find(|segment| segment.code == SOS)
        .is_some_and(|scan| scan.body.first() == Some(&1))
}

fn passed(code: charls::charls_jpegls_errc) -> Result<(), Reason> {
    if code == 0 {
        Ok(())
    } else {
        Err(Reason::DecodeFailed)
    }
}
