//! Encapsulated pixel data: offset tables, fragments, delimiters.
//!
//! The first byte says the coding and whether there is an extended table, the second how many
//! frames the header names and how long that table is.
#![no_main]

use img_compressor::dataset::{Dataset, Element, Value, tags};
use img_compressor::frames::Frames;
use img_compressor::image::{Cell, Image, Photometric};
use img_compressor::transfer::Coding;
use libfuzzer_sys::fuzz_target;

const CODINGS: [Coding; 7] = [
    Coding::Encapsulated,
    Coding::Rle,
    Coding::Jpeg,
    Coding::JpegLs,
    Coding::Jpeg2000,
    Coding::JpegXl,
    Coding::DeflatedFrame,
];

fuzz_target!(|input: &[u8]| {
    let Some(([first, second], rest)) = input.split_first_chunk() else {
        return;
    };
    let frames = u32::from(second & 31) + 1;
    let extended = if first & 8 == 8 {
        usize::from(second >> 5) * 8
    } else {
        0
    };
    let (table, pixels) = rest.split_at(extended.min(rest.len()));
    let coding = CODINGS[usize::from(first & 7) % CODINGS.len()];
    let object = fuzzed::object(coding, dataset(table), pixels);
    let image = image(frames);
    let Ok(mut index) = Frames::new(&object, &image, fuzzed::LIMITS.max_frame) else {
        return;
    };
    let mut bytes = Vec::new();
    let mut total = 0;
    for frame in 0..frames {
        if index.read(frame, &mut bytes).is_err() {
            break;
        }
        total += bytes.len();
        index.warnings();
    }
    assert!(total <= pixels.len(), "a byte belongs to one frame");
});

fn dataset(table: &[u8]) -> Dataset {
    let element = Element {
        tag: tags::EXTENDED_OFFSET_TABLE,
        vr: Some(*b"OV"),
        value: Value::Bytes(table.to_vec()),
    };
    Dataset {
        elements: vec![element],
        big_endian: false,
    }
}

fn image(frames: u32) -> Image {
    Image {
        rows: 1,
        columns: 1,
        frames,
        samples: 1,
        cell: Cell::Byte,
        bits_stored: 8,
        shift: 0,
        signed: false,
        photometric: Photometric::Monochrome2,
        planar: false,
        by_strips: false,
    }
}
