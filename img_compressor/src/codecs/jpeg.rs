//! JPEG (ISO 10918-1) by libjpeg-turbo: baseline, extended of 8 and 12 bits, progressive, lossless.
//!
//! libjpeg decides on colour by markers; DICOM decides by Photometric Interpretation and by
//! markers (PS3.5 8.2.1). The markers are read here and, where the two differ, an Adobe marker
//! that says the right thing is put in front of the frame.
#![allow(unsafe_code, reason = "libjpeg-turbo is a C library")]

use std::borrow::Cow;

use turbojpeg_sys as turbo;

use crate::codecs::markers::{self, Markers, SOS};
use crate::encode::segments;
use crate::image::{Image, Photometric};
use crate::reason::Reason;
use crate::samples::{Decoded, Samples, Space};

/// Most scans of a progressive frame: a small file cannot keep the decoder busy for hours.
const MAX_SCANS: i32 = 500;

/// Bits of the widest sample that a JPEG holds; Bits Stored says more only in cells of 32.
const WIDEST: u32 = 16;

/// Decode one JPEG frame.
///
/// # Errors
///
/// [`Reason::DecodeFailed`] where it is no JPEG or is broken; [`Reason::FrameMismatch`] where its
/// size or components are not the header's.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let markers = Markers::of(bytes).ok_or(Reason::DecodeFailed)?;
    if (markers.height, markers.width, markers.components)
        != (image.rows, image.columns, image.samples)
    {
        return Err(Reason::FrameMismatch);
    }
    let colour = markers.components == 3;
    // libjpeg converts no colour in lossless frames, and refuses those that a marker calls YCbCr.
    let converts = colour && !markers.lossless && markers.is_ycbcr(image.photometric);
    let stream = if colour {
        with_transform(bytes, u8::from(converts))
    } else {
        Cow::Borrowed(bytes)
    };
    let mut decoder = Decoder::new()?;
    let (samples, damaged) = decoder.decode(&stream, markers, image.sample_count())?;
    let lossless_ycbcr = colour && markers.lossless && image.photometric != Photometric::Rgb;
    Ok(Decoded {
        samples,
        space: if colour && !lossless_ycbcr {
            Space::Rgb
        } else {
            Space::Declared
        },
        precision: (markers.precision > image.bits_stored || image.bits_stored > WIDEST)
            .then_some(markers.precision),
        damaged,
    })
}

/// The frame with one Adobe marker, and without the JFIF and Adobe markers it had.
fn with_transform(bytes: &[u8], transform: u8) -> Cow<'_, [u8]> {
    let mut stream = Vec::with_capacity(bytes.len() + 16);
    stream.extend([0xFF, 0xD8]);
    stream.extend(segments::adobe(transform));
    let mut at = 2;
    for segment in markers::segments(bytes, at).take_while(|segment| segment.code != SOS) {
        if !matches!(segment.code, 0xE0 | 0xEE) {
            stream.extend(segment.whole);
        }
        at = segment.end();
    }
    stream.extend(&bytes[at..]);
    Cow::Owned(stream)
}

struct Decoder(turbo::tjhandle);

impl Decoder {
    fn new() -> Result<Self, Reason> {
        // SAFETY: no arguments to get wrong; a null handle is checked.
        let handle = unsafe { turbo::tj3Init(turbo::TJINIT_TJINIT_DECOMPRESS.cast_signed()) };
        if handle.is_null() {
            return Err(Reason::DecodeFailed);
        }
        // SAFETY: the handle is live; a refused value is a status, not a fault.
        unsafe {
            turbo::tj3Set(
                handle,
                turbo::TJPARAM_TJPARAM_SCANLIMIT.cast_signed(),
                MAX_SCANS,
            );
        }
        Ok(Self(handle))
    }

    /// Samples of a frame whose size was checked, and whether it was damaged.
    fn decode(
        &mut self,
        stream: &[u8],
        markers: Markers,
        count: usize,
    ) -> Result<(Samples, bool), Reason> {
        self.header(stream, markers)?;
        let format = if markers.components == 3 {
            turbo::TJPF_TJPF_RGB
        } else {
            turbo::TJPF_TJPF_GRAY
        };
        let size = stream.len() as turbo::size_t;
        let (data, handle) = (stream.as_ptr(), self.0);
        // SAFETY (all three): `header` made sure that the frame has the size that `count` samples
        // were allocated for; pitch 0 means rows without gaps.
        let (samples, status) = match markers.precision {
            0..=8 => {
                let mut bytes = vec![0u8; count];
                let target = bytes.as_mut_ptr();
                let status =
                    unsafe { turbo::tj3Decompress8(handle, data, size, target, 0, format) };
                (Samples::Bytes(bytes), status)
            }
            9..=12 => {
                let mut words = vec![0i16; count];
                let target = words.as_mut_ptr();
                let status =
                    unsafe { turbo::tj3Decompress12(handle, data, size, target, 0, format) };
                let words = words.into_iter().map(i16::cast_unsigned).collect();
                (Samples::Words(words), status)
            }
            _ => {
                let mut words = vec![0u16; count];
                let target = words.as_mut_ptr();
                let status =
                    unsafe { turbo::tj3Decompress16(handle, data, size, target, 0, format) };
                (Samples::Words(words), status)
            }
        };
        Ok((samples, self.is_damaged(status)?))
    }

    /// What libjpeg reads must be what was checked here.
    fn header(&mut self, stream: &[u8], markers: Markers) -> Result<(), Reason> {
        let size = stream.len() as turbo::size_t;
        // SAFETY: the pointer and the length are those of one slice.
        let status = unsafe { turbo::tj3DecompressHeader(self.0, stream.as_ptr(), size) };
        self.is_damaged(status)?;
        let get = |parameter: turbo::TJPARAM| {
            // SAFETY: the handle is live.
            let value = unsafe { turbo::tj3Get(self.0, parameter.cast_signed()) };
            u32::try_from(value).ok()
        };
        let seen = (
            get(turbo::TJPARAM_TJPARAM_JPEGWIDTH),
            get(turbo::TJPARAM_TJPARAM_JPEGHEIGHT),
            get(turbo::TJPARAM_TJPARAM_PRECISION),
        );
        let expected = (
            Some(markers.width),
            Some(markers.height),
            Some(markers.precision),
        );
        if seen == expected {
            Ok(())
        } else {
            Err(Reason::DecodeFailed)
        }
    }

    fn is_damaged(&self, status: i32) -> Result<bool, Reason> {
        if status == 0 {
            return Ok(false);
        }
        // SAFETY: the handle is live.
        let code = unsafe { turbo::tj3GetErrorCode(self.0) };
        if code == turbo::TJERR_TJERR_WARNING.cast_signed() {
            Ok(true)
        } else {
            Err(Reason::DecodeFailed)
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the handle came from tj3Init and is not used again.
        unsafe { turbo::tj3Destroy(self.0) };
    }
}
