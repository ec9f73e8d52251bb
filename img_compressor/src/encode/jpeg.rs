//! Baseline JPEG by libjpeg-turbo: JFIF only, no EXIF, no comment.
#![allow(unsafe_code, reason = "libjpeg-turbo is a C library")]

use std::ptr::null_mut;

use turbojpeg_sys as turbo;

use crate::encode::Subsampling;
use crate::reason::Reason;
use crate::render::Picture;

/// An encoder and its output buffer, for any number of pictures.
#[derive(Debug)]
pub struct Encoder {
    handle: turbo::tjhandle,
    quality: u8,
    subsampling: Subsampling,
    buffer: Vec<u8>,
}

impl Encoder {
    /// An encoder of `quality` 1 to 100.
    ///
    /// # Errors
    ///
    /// [`Reason::EncodeFailed`] where libjpeg-turbo has no memory.
    pub fn new(quality: u8, subsampling: Subsampling) -> Result<Self, Reason> {
        // SAFETY: no arguments to get wrong; a null handle is checked.
        let handle = unsafe { turbo::tj3Init(turbo::TJINIT_TJINIT_COMPRESS.cast_signed()) };
        if handle.is_null() {
            return Err(Reason::EncodeFailed);
        }
        Ok(Self {
            handle,
            quality: quality.clamp(1, 100),
            subsampling,
            buffer: Vec::new(),
        })
    }

    /// Encode a picture; the bytes live until the next call.
    ///
    /// # Errors
    ///
    /// [`Reason::EncodeFailed`] where the picture is not what it says or libjpeg-turbo refuses.
    pub fn encode(
        &mut self,
        picture: &Picture,
        density: Option<(u16, u16)>,
    ) -> Result<&[u8], Reason> {
        self.coded(picture, density, 0)
    }

    /// As [`Self::encode`], with a restart marker behind each row of blocks.
    ///
    /// # Errors
    ///
    /// As [`Self::encode`].
    pub fn encode_strip(
        &mut self,
        strip: &Picture,
        density: Option<(u16, u16)>,
    ) -> Result<&[u8], Reason> {
        self.coded(strip, density, 1)
    }

    fn coded(
        &mut self,
        picture: &Picture,
        density: Option<(u16, u16)>,
        restart_rows: i32,
    ) -> Result<&[u8], Reason> {
        let expected = picture.width as usize * picture.height as usize * picture.channels;
        let width = i32::try_from(picture.width).map_err(|_| Reason::EncodeFailed)?;
        let height = i32::try_from(picture.height).map_err(|_| Reason::EncodeFailed)?;
        if picture.pixels.len() != expected || expected == 0 {
            return Err(Reason::EncodeFailed);
        }
        let (format, sampling) = match (picture.channels, self.subsampling) {
            (1, _) => (turbo::TJPF_TJPF_GRAY, turbo::TJSAMP_TJSAMP_GRAY),
            (_, Subsampling::S444) => (turbo::TJPF_TJPF_RGB, turbo::TJSAMP_TJSAMP_444),
            (_, Subsampling::S420) => (turbo::TJPF_TJPF_RGB, turbo::TJSAMP_TJSAMP_420),
        };
        let (x, y) = density.unwrap_or((1, 1));
        self.set(turbo::TJPARAM_TJPARAM_NOREALLOC, 1)?;
        self.set(turbo::TJPARAM_TJPARAM_QUALITY, i32::from(self.quality))?;
        self.set(turbo::TJPARAM_TJPARAM_SUBSAMP, sampling)?;
        self.set(turbo::TJPARAM_TJPARAM_XDENSITY, i32::from(x))?;
        self.set(turbo::TJPARAM_TJPARAM_YDENSITY, i32::from(y))?;
        self.set(turbo::TJPARAM_TJPARAM_DENSITYUNITS, 0)?;
        self.set(turbo::TJPARAM_TJPARAM_RESTARTROWS, restart_rows)?;
        // SAFETY: a pure computation on three numbers.
        let bound = unsafe { turbo::tj3JPEGBufSize(width, height, sampling) };
        let bound = usize::try_from(bound).map_err(|_| Reason::EncodeFailed)?;
        if bound == 0 {
            return Err(Reason::EncodeFailed);
        }
        if self.buffer.len() < bound {
            self.buffer.resize(bound, 0);
        }
        let mut target = self.buffer.as_mut_ptr();
        let mut size = self.buffer.len() as turbo::size_t;
        // SAFETY: `pixels` holds width * height * channels bytes (checked above) and pitch 0 means
        // rows without gaps; NOREALLOC keeps `target` ours, and its size is the library's own
        // worst case.
        let status = unsafe {
            turbo::tj3Compress8(
                self.handle,
                picture.pixels.as_ptr(),
                width,
                0,
                height,
                format,
                &raw mut target,
                &raw mut size,
            )
        };
        let size = usize::try_from(size).map_err(|_| Reason::EncodeFailed)?;
        if status != 0 {
            return Err(Reason::EncodeFailed);
        }
        self.buffer.get(..size).ok_or(Reason::EncodeFailed)
    }

    fn set(&mut self, parameter: turbo::TJPARAM, value: i32) -> Result<(), Reason> {
        // SAFETY: the handle is live until drop; a refused value is a status, not a fault.
        let status = unsafe { turbo::tj3Set(self.handle, parameter.cast_signed(), value) };
        if status == 0 {
            Ok(())
        } else {
            Err(Reason::EncodeFailed)
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the handle came from tj3Init and is not used again.
        unsafe { turbo::tj3Destroy(self.handle) };
        self.handle = null_mut();
    }
}
