//! The marker segments of a JPEG stream, and what they say before its first scan. ISO 10918-1
//! Annex B; JPEG-LS has the same (ISO 14495-1 Annex C).

use crate::image::Photometric;

/// Start of image.
pub const SOI: u8 = 0xD8;
/// End of image.
pub const EOI: u8 = 0xD9;
/// Start of scan.
pub const SOS: u8 = 0xDA;

/// A marker and what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Second byte of the marker.
    pub code: u8,
    /// Marker, length and content.
    pub whole: &'a [u8],
    /// Content; empty where the marker stands alone.
    pub body: &'a [u8],
    /// Where the marker begins.
    pub start: usize,
}

impl<'a> Segment<'a> {
    /// The segment at `at`, behind fill bytes (B.1.1.2); `None` where there is no whole one.
    #[must_use]
    pub fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let fill = bytes.get(at..)?.iter().take_while(|byte| **byte == 0xFF);
        let start = at + fill.count().checked_sub(1)?;
        let code = *bytes.get(start + 1)?;
        // Markers without a length: TEM, restarts, SOI, EOI. Table B.1.
        let (length, head) = if matches!(code, 0x01 | 0xD0..=EOI) {
            (0, 2)
        } else {
            let length = [*bytes.get(start + 2)?, *bytes.get(start + 3)?];
            (usize::from(u16::from_be_bytes(length)), 4)
        };
        let whole = bytes.get(start..start + 2 + length)?;
        let body = whole.get(head..)?;
        Some(Self {
            code,
            whole,
            body,
            start,
        })
    }

    /// Where the next one, or the data of a scan, begins.
    #[must_use]
    pub fn end(&self) -> usize {
        self.start + self.whole.len()
    }
}

/// The segments from `at` on; behind a start of scan, data follows.
pub fn segments(bytes: &[u8], at: usize) -> impl Iterator<Item = Segment<'_>> {
    let first = Segment::at(bytes, at);
    std::iter::successors(first, |segment| Segment::at(bytes, segment.end()))
}

/// What the markers before the first scan say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Markers {
    /// Code of the frame header, `0xC0` for baseline.
    pub process: u8,
    /// Bits of a sample.
    pub precision: u32,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Samples of a pixel.
    pub components: u32,
    /// A lossless process.
    pub lossless: bool,
    /// Component identifiers of the frame header.
    pub identifiers: [u8; 3],
    /// A JFIF marker is there.
    pub jfif: bool,
    /// Transform of the Adobe marker.
    pub adobe_transform: Option<u8>,
}

impl Markers {
    /// Walk the markers up to the first scan; `None` where they are none.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut markers = Self::default();
        if bytes.get(..2)? != [0xFF, SOI] {
            return None;
        }
        for segment in segments(bytes, 2) {
            match segment.code {
                SOS => return (markers.components > 0).then_some(markers),
                // An image that ends before its first scan has no pixels.
                EOI => return None,
                code => markers.read(code, segment.body)?,
            }
        }
        None
    }

    fn read(&mut self, code: u8, body: &[u8]) -> Option<()> {
        match code {
            // Frame headers; C4, C8 and CC are tables.
            0xC0..=0xCF if !matches!(code, 0xC4 | 0xC8 | 0xCC) => {
                self.process = code;
                self.lossless = matches!(code, 0xC3 | 0xC7 | 0xCB | 0xCF);
                self.precision = u32::from(*body.first()?);
                self.height = u32::from(u16::from_be_bytes([*body.get(1)?, *body.get(2)?]));
                self.width = u32::from(u16::from_be_bytes([*body.get(3)?, *body.get(4)?]));
                self.components = u32::from(*body.get(5)?);
                for (number, identifier) in self.identifiers.iter_mut().enumerate() {
                    *identifier = body.get(6 + number * 3).copied().unwrap_or(0);
                }
            }
            0xE0 if body.starts_with(b"JFIF\0") => self.jfif = true,
            0xEE if body.starts_with(b"Adobe") => self.adobe_transform = body.get(11).copied(),
            _ => {}
        }
        Some(())
    }

    /// Whether the three components are luminance and colour differences.
    #[must_use]
    pub fn is_ycbcr(&self, photometric: Photometric) -> bool {
        match (self.adobe_transform, self.jfif) {
            (Some(transform), _) => transform != 0,
            (None, true) => true,
            (None, false) => photometric != Photometric::Rgb && self.identifiers != *b"RGB",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fill bytes belong to no segment; a marker may stand alone; a cut one ends the walk.
    #[test]
    fn segments_are_walked_to_the_first_that_is_none() {
        let stream = b"\xFF\xD8\xFF\xFF\xFF\xFE\0\x03a\xFF\x01\xFF\xDB\0\x02\xFF\xC4\0\x04b";
        let seen: Vec<(u8, &[u8], usize)> = segments(stream, 0)
            .map(|segment| (segment.code, segment.body, segment.end()))
            .collect();

        assert_eq!(
            vec![
                (SOI, &b""[..], 2),
                (0xFE, b"a", 9),
                (0x01, b"", 11),
                (0xDB, b"", 15)
            ],
            seen
        );
        assert_eq!(
            None,
            Segment::at(b"\xFF\xDB\0\x01", 0),
            "a length counts itself"
        );
        assert_eq!(None, Segment::at(b"\xFF\xDB\0\0", 0));
        assert_eq!(None, Segment::at(b"\xFF\xFF", 0));
    }
}
