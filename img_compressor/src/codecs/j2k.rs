//! JPEG 2000 and High-Throughput JPEG 2000 (ISO 15444-1, -15) by `OpenJPEG`.
#![allow(unsafe_code, reason = "OpenJPEG is a C library")]

use std::ffi::{c_char, c_void};
use std::ptr::null_mut;

use openjpeg_sys as opj;

use crate::codecs::packets;
use crate::image::Image;
use crate::reason::Reason;
use crate::samples::{self, Decoded, Samples, Space};

/// A codestream begins with SOC and SIZ.
const CODESTREAM: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// Tiles are allocated one by one; a bomb of one-pixel tiles is refused.
const MAX_TILES: u64 = 65_535;

/// What the main header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Main {
    width: u32,
    height: u32,
    components: u32,
    precision: u32,
    /// A multiple component transform is undone by the decoder.
    transform: bool,
}

impl Main {
    /// Read SIZ, and COD for the transform. ISO 15444-1 A.5.1, A.6.1.
    fn of(stream: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            let four: [u8; 4] = stream.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_be_bytes(four))
        };
        let word = |at: usize| Some(u16::from_be_bytes([*stream.get(at)?, *stream.get(at + 1)?]));
        if stream.get(..4)? != CODESTREAM {
            return None;
        }
        let (x1, y1, x0, y0) = (number(8)?, number(12)?, number(16)?, number(20)?);
        let (tile_width, tile_height) = (number(24)?, number(28)?);
        let (width, height) = (x1.checked_sub(x0)?, y1.checked_sub(y0)?);
        let across = u64::from(x1).checked_div(tile_width.into())?;
        let down = u64::from(y1).checked_div(tile_height.into())?;
        if (across + 1) * (down + 1) > MAX_TILES {
            return None;
        }
        let mut main = Self {
            width,
            height,
            components: u32::from(word(40)?),
            precision: u32::from(*stream.get(42)? & 0x7F) + 1,
            transform: false,
        };
        let mut at = 4 + usize::from(word(4)?);
        // Main header segments, up to the first tile.
        while let Some(marker) = word(at).filter(|marker| *marker != 0xFF90) {
            if marker == 0xFF52 {
                main.transform = *stream.get(at + 8)? == 1;
                break;
            }
            at += 2 + usize::from(word(at + 2)?);
        }
        Some(main)
    }
}

/// Decode one JPEG 2000 frame, bare codestream or JP2.
///
/// # Errors
///
/// [`Reason::DecodeFailed`] where it is broken; [`Reason::FrameMismatch`] where its size or
/// components are not the header's.
pub fn decode(bytes: &[u8], image: &Image) -> Result<Decoded, Reason> {
    let start = codestream(bytes).ok_or(Reason::DecodeFailed)?;
    let main = Main::of(&bytes[start..]).ok_or(Reason::DecodeFailed)?;
    // PS3.5 A.4.4 wants a bare codestream; boxes around one may still order its channels. A
    // palette box would multiply them and has no place in DICOM.
    let boxes = &bytes[..start];
    if boxes.windows(4).any(|name| name == b"pclr") {
        return Err(Reason::DecodeFailed);
    }
    if (main.height, main.width, main.components) != (image.rows, image.columns, image.samples) {
        return Err(Reason::FrameMismatch);
    }
    if !packets::is_affordable(&bytes[start..], image.sample_count()) {
        return Err(Reason::DecodeFailed);
    }
    let decoder = Decoder::new(bytes, !boxes.is_empty())?;
    let (samples, damaged) = decoder.decode(image)?;
    Ok(Decoded {
        samples,
        space: if main.transform {
            Space::Rgb
        } else {
            Space::Declared
        },
        precision: (main.precision != image.bits_stored).then_some(main.precision),
        damaged,
    })
}

/// Where the codestream begins: at once, or in the box that `OpenJPEG` will decode. One that
/// stands in another box would be checked in its place. ISO 15444-1 I.4.
fn codestream(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(&CODESTREAM) {
        return Some(0);
    }
    let mut at = 0usize;
    loop {
        let [l0, l1, l2, l3, name @ ..]: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        let (head, length) = match u32::from_be_bytes([l0, l1, l2, l3]) {
            1 => {
                let long = bytes.get(at + 8..at + 16)?.try_into().ok()?;
                (16, usize::try_from(u64::from_be_bytes(long)).ok()?)
            }
            length => (8, length as usize),
        };
        if name == *b"jp2c" {
            let start = at + head;
            return bytes
                .get(start..)?
                .starts_with(&CODESTREAM)
                .then_some(start);
        }
        at = at.checked_add(length).filter(|_| length >= head)?;
    }
}

/// A read position in memory, for the callbacks.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    damaged: bool,
}

/// The text of a warning is not looked at; that there was one is.
unsafe extern "C" fn warned(_text: *const c_char, user: *mut c_void) {
    // SAFETY: `user` is the cursor that `Decoder` keeps alive.
    unsafe { (*user.cast::<Cursor<'_>>()).damaged = true };
}

unsafe extern "C" fn read(target: *mut c_void, length: usize, user: *mut c_void) -> usize {
    // SAFETY: `user` is the cursor that `Decoder` keeps alive; `target` holds `length` bytes.
    unsafe {
        let cursor = &mut *user.cast::<Cursor<'_>>();
        let left = &cursor.bytes[cursor.at.min(cursor.bytes.len())..];
        if left.is_empty() {
            return usize::MAX; // end of stream
        }
        let count = length.min(left.len());
        std::ptr::copy_nonoverlapping(left.as_ptr(), target.cast(), count);
        cursor.at += count;
        count
    }
}

unsafe extern "C" fn skip(count: i64, user: *mut c_void) -> i64 {
    // SAFETY: `user` is the cursor that `Decoder` keeps alive.
    let cursor = unsafe { &mut *user.cast::<Cursor<'_>>() };
    let Some(to) = usize::try_from(count)
        .ok()
        .and_then(|count| cursor.at.checked_add(count))
        .filter(|to| *to <= cursor.bytes.len())
    else {
        return -1;
    };
    cursor.at = to;
    count
}

unsafe extern "C" fn seek(to: i64, user: *mut c_void) -> i32 {
    // SAFETY: `user` is the cursor that `Decoder` keeps alive.
    let cursor = unsafe { &mut *user.cast::<Cursor<'_>>() };
    match usize::try_from(to) {
        Ok(to) if to <= cursor.bytes.len() => {
            cursor.at = to;
            1
        }
        _ => 0,
    }
}

/// Codec, stream and image of one frame; all freed together.
struct Decoder<'a> {
    codec: *mut opj::opj_codec_t,
    stream: *mut opj::opj_stream_t,
    image: *mut opj::opj_image_t,
    cursor: Box<Cursor<'a>>,
}

impl<'a> Decoder<'a> {
    fn new(bytes: &'a [u8], boxed: bool) -> Result<Self, Reason> {
        let format = if boxed {
            opj::OPJ_CODEC_FORMAT::OPJ_CODEC_JP2
        } else {
            opj::OPJ_CODEC_FORMAT::OPJ_CODEC_J2K
        };
        // SAFETY: no arguments to get wrong; null handles are checked.
        let (codec, stream) = unsafe {
            (
                opj::opj_create_decompress(format),
                opj::opj_stream_create(1 << 20, 1),
            )
        };
        let decoder = Self {
            codec,
            stream,
            image: null_mut(),
            cursor: Box::new(Cursor {
                bytes,
                at: 0,
                damaged: false,
            }),
        };
        if decoder.codec.is_null() || decoder.stream.is_null() {
            return Err(Reason::DecodeFailed);
        }
        Ok(decoder)
    }

    fn decode(mut self, image: &Image) -> Result<(Samples, bool), Reason> {
        let user = (&raw mut *self.cursor).cast::<c_void>();
        let length = self.cursor.bytes.len() as u64;
        // SAFETY: codec and stream are live; the cursor is boxed and lives as long as they do; the
        // parameters are filled by the library before they are used.
        unsafe {
            opj::opj_stream_set_read_function(self.stream, Some(read));
            opj::opj_stream_set_skip_function(self.stream, Some(skip));
            opj::opj_stream_set_seek_function(self.stream, Some(seek));
            opj::opj_stream_set_user_data(self.stream, user, None);
            opj::opj_stream_set_user_data_length(self.stream, length);
            let mut parameters = std::mem::zeroed::<opj::opj_dparameters_t>();
            opj::opj_set_default_decoder_parameters(&raw mut parameters);
            done(opj::opj_setup_decoder(self.codec, &raw mut parameters))?;
            // Strict mode gives up early without an error; what is damaged is reported instead.
            done(opj::opj_decoder_set_strict_mode(self.codec, 0))?;
            done(opj::opj_set_warning_handler(self.codec, Some(warned), user))?;
            done(opj::opj_read_header(
                self.stream,
                self.codec,
                &raw mut self.image,
            ))?;
            self.is_of(image)?;
            done(opj::opj_decode(self.codec, self.stream, self.image))?;
        }
        // SAFETY: the codec is live; a missing end marker is no loss once the image is there.
        let ended = unsafe { opj::opj_end_decompress(self.codec, self.stream) };
        Ok((self.samples(image)?, self.cursor.damaged || ended == 0))
    }

    /// What `OpenJPEG` is about to allocate must be what was checked here.
    fn is_of(&self, image: &Image) -> Result<(), Reason> {
        // SAFETY: `image` was made by opj_read_header, which succeeded, and lives until drop.
        let header = unsafe { self.image.as_ref() }.ok_or(Reason::DecodeFailed)?;
        let width = header.x1.checked_sub(header.x0);
        let height = header.y1.checked_sub(header.y0);
        if (height, width, header.numcomps)
            == (Some(image.rows), Some(image.columns), image.samples)
        {
            Ok(())
        } else {
            Err(Reason::FrameMismatch)
        }
    }

    fn samples(&self, image: &Image) -> Result<Samples, Reason> {
        // SAFETY: `image` was made by opj_read_header, which succeeded, and lives until drop.
        let decoded = unsafe { self.image.as_ref() }.ok_or(Reason::DecodeFailed)?;
        if decoded.numcomps != image.samples || decoded.comps.is_null() {
            return Err(Reason::FrameMismatch);
        }
        // SAFETY: the library allocates `numcomps` components.
        let components =
            unsafe { std::slice::from_raw_parts(decoded.comps, decoded.numcomps as usize) };
        let mut planes = Vec::with_capacity(components.len());
        for component in components {
            let whole = component.w == image.columns && component.h == image.rows;
            if !whole || component.data.is_null() {
                return Err(Reason::FrameMismatch);
            }
            // SAFETY: a decoded component holds w * h samples.
            planes.push(unsafe {
                std::slice::from_raw_parts(component.data.cast_const(), image.pixel_count())
            });
        }
        Ok(gathered(&planes, components[0].prec))
    }
}

/// By pixel, as the bits that a cell of the precision holds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the pipeline masks to the precision"
)]
fn gathered(planes: &[&[i32]], precision: u32) -> Samples {
    match precision {
        0..=8 => Samples::Bytes(by_pixel(planes, |value| value as u8)),
        9..=16 => Samples::Words(by_pixel(planes, |value| value as u16)),
        _ => Samples::Longs(by_pixel(planes, |value| value as u32)),
    }
}

fn by_pixel<T: Copy + Default>(planes: &[&[i32]], cell: impl Fn(i32) -> T) -> Vec<T> {
    match *planes {
        [red, green, blue] => samples::by_pixel([red, green, blue], cell),
        // Samples per Pixel is 1 or 3.
        _ => planes[0].iter().map(|value| cell(*value)).collect(),
    }
}

fn done(status: opj::OPJ_BOOL) -> Result<(), Reason> {
    if status == 0 {
        Err(Reason::DecodeFailed)
    } else {
        Ok(())
    }
}

impl Drop for Decoder<'_> {
    fn drop(&mut self) {
        // SAFETY: all three came from the library (null where never made, which it accepts) and
        // are not used again.
        unsafe {
            opj::opj_image_destroy(self.image);
            opj::opj_stream_destroy(self.stream);
            opj::opj_destroy_codec(self.codec);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small codestream in a box of its own once stood for the large one that was decoded.
    #[test]
    fn the_codestream_is_the_one_that_is_decoded() {
        let boxed = |name: &[u8]| [&[0, 0, 0, 12], name, &CODESTREAM].concat();
        let decoy = [boxed(b"uuid"), boxed(b"jp2c")].concat();

        assert_eq!(Some(20), codestream(&decoy));
        assert_eq!(Some(8), codestream(&boxed(b"jp2c")));
        assert_eq!(Some(0), codestream(&CODESTREAM));
        assert_eq!(None, codestream(&boxed(b"uuid")));
        assert_eq!(None, codestream(&[0; 64]));
    }
}
