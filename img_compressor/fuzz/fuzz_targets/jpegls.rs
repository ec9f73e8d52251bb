//! JPEG-LS frames.
#![no_main]

use img_compressor::codecs::markers::segments;
use img_compressor::transfer::Coding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzed::decode(Coding::JpegLs, input, size));

/// What SOF55 says: rows, columns, components.
fn size(frame: &[u8]) -> Option<(u32, u32, u32)> {
    let header = segments(frame, 2).find(|segment| segment.code == 0xF7)?;
    let [_, h1, h0, w1, w0, components] = *header.body.first_chunk()?;
    let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
    Some((side(h1, h0), side(w1, w0), components.into()))
}
