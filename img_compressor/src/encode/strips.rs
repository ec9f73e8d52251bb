//! One JPEG from strips of a picture that is too large to be held.
//!
//! Each strip is coded by itself with a restart marker behind every row of blocks, where the
//! predictions begin anew (ISO 10918-1 F.1.1.5.1), so that the scans of strips can stand one
//! behind the other. A strip of a multiple of eight rows of blocks keeps the numbering of the
//! markers; the frame header of the first one gets the height of the whole.

use crate::codecs::markers::{SOS, segments};
use crate::encode::jpeg::Encoder;
use crate::passthrough::Front;
use crate::reason::Reason;
use crate::render::Picture;

/// Rows of a strip are a multiple of this: eight rows of the largest blocks, 16 by 16.
pub const ROWS: u32 = 128;
const LAST_RESTART: [u8; 2] = [0xFF, 0xD7];
/// The end of the image.
pub const END: [u8; 2] = [0xFF, 0xD9];

/// Takes bytes of the file in their order.
pub type Write<'w> = dyn FnMut(&[u8]) -> Result<(), Reason> + 'w;

/// Codes one JPEG file strip by strip; its caller writes [`END`] behind the last one.
pub struct Strips<'a> {
    encoder: &'a mut Encoder,
    height: u32,
    front: &'a Front,
    begun: bool,
}

impl<'a> Strips<'a> {
    /// A file of `height` rows that begins with `front`.
    #[must_use]
    pub fn new(encoder: &'a mut Encoder, height: u32, front: &'a Front) -> Self {
        Self {
            encoder,
            height,
            front,
            begun: false,
        }
    }

    /// Code the next strip; all but the last have a multiple of [`ROWS`] rows.
    ///
    /// # Errors
    ///
    /// [`Reason::EncodeFailed`], or why the file cannot be written.
    pub fn add(&mut self, strip: &Picture, write: &mut Write<'_>) -> Result<(), Reason> {
        let file = self.encoder.encode_strip(strip, self.front.density)?;
        let scan = scan_start(file).ok_or(Reason::EncodeFailed)?;
        let (head, scan) = file.split_at(scan);
        let scan = scan.strip_suffix(&END).ok_or(Reason::EncodeFailed)?;
        if self.begun {
            write(&LAST_RESTART)?;
        } else {
            let (first, rest) = head.split_at(head.len().min(20));
            write(first)?;
            write(&self.front.icc)?;
            write(&with_height(rest, self.height).ok_or(Reason::EncodeFailed)?)?;
        }
        self.begun = true;
        write(scan)
    }
}

/// Where the coded data of the only scan begins.
fn scan_start(file: &[u8]) -> Option<usize> {
    segments(file, 2)
        .find(|segment| segment.code == SOS)
        .map(|scan| scan.end())
}

/// The segments with another height in their frame header. ISO 10918-1 B.2.2.
fn with_height(head: &[u8], height: u32) -> Option<Vec<u8>> {
    let frame = segments(head, 0).find(|segment| segment.code == 0xC0)?;
    let mut changed = head.to_vec();
    let height = u16::try_from(height).ok()?.to_be_bytes();
    changed
        .get_mut(frame.start + 5..frame.start + 7)?
        .copy_from_slice(&height);
    Some(changed)
}
