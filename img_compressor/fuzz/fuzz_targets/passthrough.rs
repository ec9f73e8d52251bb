//! Copied streams: nothing personal is left, and the copy is an image of the same size.
#![no_main]

use img_compressor::codecs::markers::Markers;
use img_compressor::passthrough::{self, Front};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((mut image, frame)) = fuzzed::split(input) else {
        return;
    };
    if let Some((height, width, components)) = fuzzed::jpeg_size(frame) {
        fuzzed::adopt(&mut image, height, width, components);
    }
    let Some(copy) = passthrough::copied(frame, &image, &Front::default()) else {
        return;
    };
    let markers = Markers::of(&copy).expect("a copy is a JPEG");
    assert_eq!(
        (image.rows, image.columns, image.samples),
        (markers.height, markers.width, markers.components)
    );
    assert_eq!(1, extras(&copy), "one marker of ours and no other");
    let twice = passthrough::copied(&copy, &image, &Front::default());
    assert_eq!(Some(copy), twice);
});

/// Application segments and comments, wherever in the stream.
fn extras(stream: &[u8]) -> usize {
    let mut at = 2;
    let mut count = 0;
    while let Some([0xFF, code, high, low]) = stream.get(at..at + 4) {
        count += usize::from(matches!(code, 0xE0..=0xEF | 0xFE));
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
        if *code == 0xDA {
            while !matches!(stream.get(at..at + 2), None | Some([0xFF, 1..=0xCF | 0xD8..])) {
                at += 1;
            }
        }
    }
    count
}
