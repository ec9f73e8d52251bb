//! Tag, VR and length of one element, in any spelling. PS3.5 7.1.

use crate::dataset::{Tag, Vr};
use crate::reason::Reason;
use crate::source::Scan;
use crate::transfer::Spelling;

/// The length 0xFFFFFFFF: closed by a delimiter.
pub const UNDEFINED: u32 = u32::MAX;

/// Tag, VR and length of one element, and where its value begins.
#[derive(Clone, Copy, Debug)]
pub struct ElementHeader {
    /// Its tag.
    pub tag: Tag,
    /// Its VR as written.
    pub vr: Vr,
    /// Length of the value as written.
    pub length: u32,
    /// Position of the value.
    pub value_at: u64,
}

/// VRs with two reserved bytes and a length of four. PS3.5 7.1.2.
const LONG_VRS: [&[u8; 2]; 13] = [
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV",
];

/// Read the header of the element at `at`; `None` at the end of the source.
///
/// # Errors
///
/// As the source's reads; [`Reason::TruncatedHeader`] where the source ends inside.
pub fn element_header(
    scan: &Scan<'_>,
    at: u64,
    spelling: Spelling,
) -> Result<Option<ElementHeader>, Reason> {
    let Some(bytes) = scan.array::<8>(at)? else {
        // One stray byte or a cut tag behind the last element is not worth an object.
        return Ok(None);
    };
    let [g0, g1, e0, e1, v0, v1, l0, l1] = bytes;
    let short = |pair: [u8; 2]| {
        u32::from(if spelling.big_endian {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    };
    let long = |four: [u8; 4]| {
        if spelling.big_endian {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        }
    };
    let tag = short([g0, g1]) << 16 | short([e0, e1]);
    let is_vr = v0.is_ascii_uppercase() && v1.is_ascii_uppercase();
    let header = |vr, length, head| ElementHeader {
        tag,
        vr,
        length,
        value_at: at + head,
    };
    // Items have no VR; an element without letters in place of its VR is read as implicit.
    if !spelling.explicit || tag >> 16 == 0xFFFE || !is_vr {
        return Ok(Some(header(None, long([v0, v1, l0, l1]), 8)));
    }
    let vr = [v0, v1];
    if LONG_VRS.contains(&&vr) {
        let length = scan.array::<4>(at + 8)?.ok_or(Reason::TruncatedHeader)?;
        return Ok(Some(header(Some(vr), long(length), 12)));
    }
    Ok(Some(header(Some(vr), short([l0, l1]), 8)))
}
