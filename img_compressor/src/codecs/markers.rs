//! What a JPEG stream says of itself before its first scan. ISO 10918-1 Annex B.

use crate::image::Photometric;

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
        let mut at = 2;
        if bytes.get(..2)? != [0xFF, 0xD8] {
            return None;
        }
        loop {
            // Fill bytes may stand before a marker. B.1.1.2.
            while *bytes.get(at)? == 0xFF && *bytes.get(at + 1)? == 0xFF {
                at += 1;
            }
            if *bytes.get(at)? != 0xFF {
                return None;
            }
            let code = *bytes.get(at + 1)?;
            if code == 0xDA {
                return (markers.components > 0).then_some(markers);
            }
            // An image that ends before its first scan has no pixels.
            if code == 0xD9 {
                return None;
            }
            if code == 0x01 || (0xD0..=0xD8).contains(&code) {
                at += 2;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([
                *bytes.get(at + 2)?,
                *bytes.get(at + 3)?,
            ]));
            let body = bytes.get(at + 4..at + 2 + length)?;
            markers.read(code, body)?;
            at += 2 + length;
        }
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
