//! The few marker segments that our JPEG files carry. ISO 10918-1 B.2.4, ISO 10918-5, ICC.1 B.4.

/// Bytes of a profile in one segment: 65,535 less the length, the name and two numbers.
const ICC_CHUNK: usize = 65_519;

/// JFIF APP0 with the pixel aspect as densities without unit.
#[must_use]
pub fn jfif(density: Option<(u16, u16)>) -> Vec<u8> {
    let (x, y) = density.unwrap_or((1, 1));
    let mut segment = b"\xFF\xE0\0\x10JFIF\0\x01\x01\0".to_vec();
    segment.extend(x.to_be_bytes());
    segment.extend(y.to_be_bytes());
    segment.extend([0, 0]);
    segment
}

/// Adobe APP14 that says whether three components are luminance and colour differences.
#[must_use]
pub fn adobe(transform: u8) -> Vec<u8> {
    let mut segment = b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0".to_vec();
    segment.push(transform);
    segment
}

/// A JFIF file with further segments behind its first one.
#[must_use]
pub fn behind_jfif(file: &[u8], segments: &[u8]) -> Vec<u8> {
    // SOI, then APP0 of 18 bytes: what libjpeg-turbo begins every grey and YCbCr file with.
    let (start, rest) = file.split_at(file.len().min(20));
    [start, segments, rest].concat()
}

/// APP2 segments of a profile; `None` where it needs more than 255.
#[must_use]
pub fn icc(profile: &[u8]) -> Option<Vec<u8>> {
    let count = u8::try_from(profile.len().div_ceil(ICC_CHUNK)).ok()?;
    let mut segments = Vec::with_capacity(profile.len() + usize::from(count) * 18);
    for (number, chunk) in (1u8..=count).zip(profile.chunks(ICC_CHUNK)) {
        segments.extend([0xFF, 0xE2]);
        segments.extend(u16::try_from(chunk.len() + 16).ok()?.to_be_bytes());
        segments.extend(b"ICC_PROFILE\0");
        segments.extend([number, count]);
        segments.extend(chunk);
    }
    Some(segments)
}
