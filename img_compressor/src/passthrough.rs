//! Pass-through: an inner baseline JPEG that already looks as we would render it, copied.
//!
//! The scans are copied bit by bit. Of the markers only tables, the frame and scan headers and
//! the restart interval are: application segments and comments may name a patient or a device.

use crate::codecs::markers::{EOI, Markers, SOS, Segment};
use crate::encode::segments;
use crate::image::{Image, Photometric};

/// Baseline and extended sequential frames with Huffman coding: what every reader shows.
const SHOWN_EVERYWHERE: [u8; 2] = [0xC0, 0xC1];

/// The stream without anything but the image; `None` where it has to be decoded.
#[must_use]
pub fn copied(stream: &[u8], image: &Image, front: &Front) -> Option<Vec<u8>> {
    let markers = Markers::of(stream)?;
    let same = (markers.height, markers.width, markers.components)
        == (image.rows, image.columns, image.samples);
    if !same || markers.precision != 8 || !SHOWN_EVERYWHERE.contains(&markers.process) {
        return None;
    }
    let mut copy = Vec::with_capacity(stream.len() + front.icc.len() + 64);
    copy.extend([0xFF, 0xD8]);
    // Behind a JFIF marker three components are YCbCr; RGB needs Adobe's marker instead.
    if markers.components == 3 && !markers.is_ycbcr(image.photometric) {
        copy.extend(segments::adobe(0));
    } else {
        copy.extend(segments::jfif(front.density));
    }
    copy.extend(&front.icc);
    copy_image(stream, &mut copy)?;
    Some(copy)
}

/// What stands before the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// Pixel aspect, where pixels are not square.
    pub density: Option<(u16, u16)>,
    /// APP2 segments of the cleaned profile, or nothing.
    pub icc: Vec<u8>,
}

/// Whether the colour of the stream is what a reader of JPEG shows.
#[must_use]
pub fn has_plain_colour(image: &Image) -> bool {
    let plain = matches!(
        image.photometric,
        Photometric::Rgb | Photometric::YbrFull | Photometric::YbrFull422
    );
    plain && image.bits_stored == 8
}

/// Copy tables, headers and scans up to the end of the image.
fn copy_image(stream: &[u8], copy: &mut Vec<u8>) -> Option<()> {
    let mut at = 2;
    loop {
        let segment = Segment::at(stream, at)?;
        at = segment.end();
        match segment.code {
            EOI => {
                copy.extend(segment.whole);
                return Some(());
            }
            // APPn and COM.
            0xE0..=0xEF | 0xFE => {}
            // Tables, the frame, the restart interval.
            0xC0 | 0xC1 | 0xC4 | 0xDB | 0xDD => copy.extend(segment.whole),
            SOS => {
                at = scan_end(stream, at)?;
                copy.extend(stream.get(segment.start..at)?);
            }
            _ => return None,
        }
    }
}

/// Where the next marker stands that is neither a stuffed byte nor a restart. B.1.1.5, E.1.4.
fn scan_end(stream: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(0xFF, stream.get(at..)?)?;
        match stream.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}
