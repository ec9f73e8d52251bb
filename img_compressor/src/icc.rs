//! ICC profiles: what colours mean, and nothing of whom or what they were made by. ICC.1:2010.
//!
//! A device's profile may carry serial numbers, dates and free text. What is embedded is built
//! anew from the tags that colour conversion needs; all else is left behind.

/// A colour space tag: its signature and the types that it may have, all of them numbers only.
type Kept = (&'static [u8; 4], &'static [&'static [u8; 4]]);

const CURVES: &[&[u8; 4]] = &[b"curv", b"para"];
const TABLES: &[&[u8; 4]] = &[b"mft1", b"mft2", b"mAB ", b"mBA "];

/// ICC.1:2010 9.2: the tags of matrix and table profiles.
const KEPT: &[Kept] = &[
    (b"wtpt", &[b"XYZ "]),
    (b"chad", &[b"sf32"]),
    (b"rXYZ", &[b"XYZ "]),
    (b"gXYZ", &[b"XYZ "]),
    (b"bXYZ", &[b"XYZ "]),
    (b"rTRC", CURVES),
    (b"gTRC", CURVES),
    (b"bTRC", CURVES),
    (b"A2B0", TABLES),
    (b"A2B1", TABLES),
    (b"A2B2", TABLES),
    (b"B2A0", TABLES),
    (b"B2A1", TABLES),
    (b"B2A2", TABLES),
];

const CLASSES: &[&[u8; 4]] = &[b"scnr", b"mntr", b"prtr", b"spac"];
const SPACES: &[&[u8; 4]] = &[b"XYZ ", b"Lab "];
/// The illuminant that every profile has. ICC.1:2010 7.2.16.
const D50: [u8; 12] = [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D];
const HEADER: usize = 128;
const MOST_TAGS: usize = 100;
const DESCRIPTION: &str = "RGB";
const COPYRIGHT: &str = "none";

/// The profile of an RGB image rebuilt without text, dates and names; `None` where it is none.
#[must_use]
pub fn cleaned(profile: &[u8]) -> Option<Vec<u8>> {
    let size = usize::try_from(word(profile, 0)?).ok()?;
    let profile = profile.get(..size)?;
    if profile.get(16..20)? != b"RGB " || profile.get(36..40)? != b"acsp" {
        return None;
    }
    let mut tags = kept(profile)?;
    if !has_colours(&tags) {
        return None;
    }
    let version = *profile.get(8)?;
    tags.push((*b"desc", description(version)));
    tags.push((*b"cprt", copyright(version)));
    let mut clean = header(profile)?;
    clean.extend(u32::try_from(tags.len()).ok()?.to_be_bytes());
    let start = clean.len() + tags.len() * 12;
    let mut body: Vec<u8> = Vec::new();
    let mut places: Vec<(&[u8], usize)> = Vec::new();
    for (signature, data) in &tags {
        // Channels often share one curve.
        let known = places.iter().find(|(same, _)| same == data);
        let at = known.map_or(start + body.len(), |(_, at)| *at);
        if known.is_none() {
            places.push((data, at));
            body.extend(data);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        clean.extend(signature);
        clean.extend(u32::try_from(at).ok()?.to_be_bytes());
        clean.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
    }
    clean.extend(body);
    let total = u32::try_from(clean.len()).ok()?;
    clean[..4].copy_from_slice(&total.to_be_bytes());
    Some(clean)
}

/// The header's fields that colour conversion reads. ICC.1:2010 7.2.
fn header(profile: &[u8]) -> Option<Vec<u8>> {
    let class = profile.get(12..16)?;
    let connection = profile.get(20..24)?;
    let intent = word(profile, 64)?.min(3).to_be_bytes();
    if !CLASSES.iter().any(|known| class == *known) || !SPACES.iter().any(|s| connection == *s) {
        return None;
    }
    let mut header = Vec::with_capacity(HEADER);
    header.extend([0; 8]);
    header.extend([*profile.get(8)?, 0, 0, 0]);
    header.extend(class);
    header.extend(b"RGB ");
    header.extend(connection);
    // A date is required; this one is nobody's.
    header.extend([0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    header.extend(b"acsp");
    header.resize(64, 0);
    header.extend(intent);
    header.extend(D50);
    header.resize(HEADER, 0);
    Some(header)
}

fn kept(profile: &[u8]) -> Option<Vec<([u8; 4], Vec<u8>)>> {
    let count = usize::try_from(word(profile, HEADER)?).ok()?;
    let mut tags = Vec::new();
    for number in 0..count.min(MOST_TAGS) {
        let entry = HEADER + 4 + number * 12;
        let signature: [u8; 4] = profile.get(entry..entry + 4)?.try_into().ok()?;
        let start = usize::try_from(word(profile, entry + 4)?).ok()?;
        let length = usize::try_from(word(profile, entry + 8)?).ok()?;
        let types = KEPT.iter().find(|(kept, _)| **kept == signature);
        if let Some((_, types)) = types {
            let data = profile.get(start..start.checked_add(length)?)?;
            if !types.iter().any(|kind| data.starts_with(*kind)) {
                return None;
            }
            tags.push((signature, data.to_vec()));
        }
    }
    Some(tags)
}

/// Either a table to the connection space, or three primaries with their curves.
fn has_colours(tags: &[([u8; 4], Vec<u8>)]) -> bool {
    let has = |wanted: &[u8; 4]| tags.iter().any(|(signature, _)| signature == wanted);
    let matrix: [&[u8; 4]; 6] = [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"];
    has(b"A2B0") || matrix.into_iter().all(has)
}

fn description(version: u8) -> Vec<u8> {
    if version >= 4 {
        return localized(DESCRIPTION);
    }
    // ICC.1:2001 6.5.17: ASCII, no Unicode, no script code with its 67 bytes.
    let mut data = b"desc\0\0\0\0\0\0\0".to_vec();
    data.push(u8::try_from(DESCRIPTION.len() + 1).unwrap_or(1));
    data.extend(DESCRIPTION.bytes());
    data.resize(data.len() + 1 + 8 + 3 + 67, 0);
    data
}

fn copyright(version: u8) -> Vec<u8> {
    if version >= 4 {
        return localized(COPYRIGHT);
    }
    let mut data = b"text\0\0\0\0".to_vec();
    data.extend(COPYRIGHT.bytes());
    data.push(0);
    data
}

/// multiLocalizedUnicodeType with one record. ICC.1:2010 10.13.
fn localized(text: &str) -> Vec<u8> {
    let mut data = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS\0\0\0".to_vec();
    data.push(u8::try_from(text.len() * 2).unwrap_or(0));
    data.extend([0, 0, 0, 28]);
    data.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    data
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix profile whose text, dates and makers say `SECRET`.
    fn profile(version: u8) -> Vec<u8> {
        let tags: [(&[u8; 4], &[u8; 4]); 8] = [
            (b"rXYZ", b"XYZ "),
            (b"gXYZ", b"XYZ "),
            (b"bXYZ", b"XYZ "),
            (b"rTRC", b"curv"),
            (b"gTRC", b"curv"),
            (b"bTRC", b"curv"),
            (b"desc", b"text"),
            (b"dmnd", b"text"),
        ];
        let mut bytes = vec![b'S'; HEADER];
        bytes[8] = version;
        bytes[12..24].copy_from_slice(b"scnrRGB XYZ ");
        bytes[36..40].copy_from_slice(b"acsp");
        bytes.extend(8u32.to_be_bytes());
        let first = HEADER + 4 + tags.len() * 12;
        for (number, (signature, _)) in tags.iter().enumerate() {
            bytes.extend(*signature);
            bytes.extend(
                u32::try_from(first + number * 20)
                    .unwrap_or(0)
                    .to_be_bytes(),
            );
            bytes.extend(20u32.to_be_bytes());
        }
        for (signature, kind) in tags {
            bytes.extend(kind);
            let secret = signature == b"desc" || signature == b"dmnd";
            bytes.extend(if secret {
                b"SECRETSECRETSECR"
            } else {
                &[1; 16]
            });
        }
        let size = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
        bytes[..4].copy_from_slice(&size);
        bytes
    }

    #[test]
    fn text_and_makers_stay_behind() {
        for version in [2, 4] {
            let clean = cleaned(&profile(version)).unwrap_or_default();

            assert_eq!(Some(clean.len()), word(&clean, 0).map(|size| size as usize));
            assert_eq!(Some(8), word(&clean, HEADER));
            assert!(!clean.windows(4).any(|four| four == b"SECR"));
            assert_eq!(&[0; 16], &clean[40..56]);
        }
    }

    #[test]
    fn what_is_no_profile_is_not_embedded() {
        let whole = profile(2);
        let short = &whole[..whole.len() - 1];
        let mut grey = whole.clone();
        grey[16..20].copy_from_slice(b"GRAY");
        let mut named = whole.clone();
        named[12..16].copy_from_slice(b"JANE");

        assert_eq!(None, cleaned(short));
        assert_eq!(None, cleaned(&grey));
        assert_eq!(None, cleaned(&named));
        assert_eq!(None, cleaned(b""));
    }
}
