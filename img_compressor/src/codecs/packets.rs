//! What a JPEG 2000 codestream claims to hold, before `OpenJPEG` believes it. ISO 15444-1 Annex A.
//!
//! The library allocates the length of each tile-part, up to 4 GiB, before it looks what is
//! there, and visits every packet, of which a header of a hundred bytes can name billions.

/// SOT and its length, always 10. Coded data holds no such marker (B.10.1).
const TILE_PART: [u8; 4] = [0xFF, 0x90, 0, 0x0A];
/// Headers of a tile-part and of its packets, beyond what the pixels can need.
const PART_HEADERS: usize = 1 << 20;
/// Packets of a stream that was cut; each costs a third of a microsecond.
const CUT_STREAM: u64 = 1 << 20;

/// Whether no tile-part is longer than its stream and its pixels, and no more packets are named
/// than the stream has bytes: one packet is one byte at least (B.10.1).
#[must_use]
pub fn is_affordable(stream: &[u8], samples: usize) -> bool {
    let most = samples.saturating_mul(size_of::<i32>()).max(stream.len());
    let fits = |at: usize| {
        number(stream, at + 6).is_none_or(|length| length <= (most + PART_HEADERS) as u64)
    };
    let parts = || memchr::memmem::find_iter(stream, &TILE_PART);
    parts().all(fits)
        && packets(stream, parts()).is_some_and(|all| all <= CUT_STREAM.max(stream.len() as u64))
}

/// An upper bound of the packets of all tiles, components, resolutions, layers and precincts.
fn packets(stream: &[u8], parts: impl Iterator<Item = usize>) -> Option<u64> {
    let [right, bottom, wide, high] = [8, 12, 24, 28].map(|at| number(stream, at));
    let (right, bottom, wide, high) = (right?, bottom?, wide?.max(1), high?.max(1));
    let tiles = right.div_ceil(wide) * bottom.div_ceil(high);
    let tile = (wide.min(right), high.min(bottom));
    let components = number(stream, 38)? & 0xFFFF;
    let (mut layers, mut precincts) = (1, 1);
    // The main header behind SOC, and those of the tile-parts behind SOT.
    for start in std::iter::once(2).chain(parts.map(|at| at + 12)) {
        for (code, body) in segments(stream, start) {
            match (code, body) {
                // COD: style, progression, layers, transform, coding parameters.
                (0x52, [style, _, first, second, _, coding @ ..]) => {
                    layers = layers.max(u64::from(u16::from_be_bytes([*first, *second])));
                    precincts = precincts.max(of_tile(tile, *style, coding));
                }
                // COC: component, style, coding parameters.
                (0x53, [_, style, coding @ ..]) if components < 257 => {
                    precincts = precincts.max(of_tile(tile, *style, coding));
                }
                _ => {}
            }
        }
    }
    Some(
        [tiles, components, layers]
            .into_iter()
            .fold(precincts, u64::saturating_mul),
    )
}

/// Precincts of all resolutions of one component of one tile. A.6.1, B.6.
fn of_tile((width, height): (u64, u64), style: u8, coding: &[u8]) -> u64 {
    let levels = coding.first().copied().unwrap_or(0).min(32);
    (0..=levels)
        .map(|level| {
            let size = coding.get(5 + usize::from(level)).copied();
            let size = size.filter(|_| style & 1 == 1).unwrap_or(0xFF);
            let scale = u32::from(levels - level);
            let across = (width >> scale >> (size & 15)) + 1;
            let down = (height >> scale >> (size >> 4)) + 1;
            across.saturating_mul(down)
        })
        .fold(0, u64::saturating_add)
}

/// Marker and content of each segment from `at` up to the data of a tile-part.
fn segments(stream: &[u8], mut at: usize) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [0xFF, code, high, low] = *stream.get(at..at + 4)? else {
            return None;
        };
        if matches!(code, 0x90 | 0x93) {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = stream.get(at + 4..at + 2 + length)?;
        at += 2 + length;
        Some((code, body))
    })
}

fn number(stream: &[u8], at: usize) -> Option<u64> {
    let four = stream.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four).into())
}
