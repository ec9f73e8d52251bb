//! JPEG XL frames against the pixels that they were made of.

mod support;

use std::fs;

use img_compressor::image::Image;
use img_compressor::reason::Reason;
use img_compressor::samples::{Samples, Space};
use img_compressor::{codecs, transfer};
use support::{Builder, image, rendered};

const LOSSLESS: &str = "1.2.840.10008.1.2.4.110";

fn data(name: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).expect("test data")
}

/// The formula of the test data.
fn pixels(count: u32, modulus: u32) -> Vec<u32> {
    (0..count).map(|n| (n * n * 7 + n * 31) % modulus).collect()
}

fn decoded(name: &str, image: &Image) -> Result<(Vec<u32>, Space), Reason> {
    let coding = transfer::transfer_syntax(LOSSLESS)?.coding;
    let decoded = codecs::decode(coding, &data(name), image)?;
    let samples = match decoded.samples {
        Samples::Bytes(bytes) => bytes.into_iter().map(u32::from).collect(),
        Samples::Words(words) => words.into_iter().map(u32::from).collect(),
        _ => Vec::new(),
    };
    Ok((samples, decoded.space))
}

#[test]
fn lossless_frames_come_out_bit_by_bit() {
    for (name, samples, bits) in [
        ("grey12.jxl", 1, 12),
        ("grey16.jxl", 1, 16),
        ("rgb.jxl", 3, 8),
    ] {
        let (values, _) = decoded(name, &image(16, 16, samples, bits)).expect("a frame");

        assert_eq!(pixels(256 * samples, 1 << bits), values, "{name}");
    }
}

/// A JPEG that was packed again is the JPEG, within what two decoders may differ by.
#[test]
fn a_packed_jpeg_looks_like_the_jpeg() {
    let rgb = image(16, 16, 3, 8);
    let (packed, space) = decoded("smooth.jxl", &rgb).expect("a frame");
    let plain = codecs::jpeg::decode(&data("smooth.jpg"), &rgb).expect("a frame");
    let Samples::Bytes(plain) = plain.samples else {
        panic!("8 bits")
    };

    let worst = plain
        .iter()
        .zip(&packed)
        .map(|(a, b)| u32::from(*a).abs_diff(*b));
    assert_eq!(Space::Rgb, space);
    assert!(worst.max().unwrap_or(255) <= 2);
}

/// Through the whole pipeline, as an object.
#[test]
fn an_object_is_rendered() {
    let object = Builder::new(LOSSLESS)
        .image(16, 16, 16, "MONOCHROME2", 1)
        .window("32768", "65536")
        .fragments(&[&data("grey16.jxl")]);
    let (rows, frames) = rendered(&object);

    let expected: Vec<u32> = pixels(256, 65_536)
        .into_iter()
        .map(|value| (value * 510 + 65_535) / 131_070)
        .collect();
    let levels: Vec<u32> = frames.concat().into_iter().map(u32::from).collect();
    assert_eq!(expected, levels, "{rows:?}");
}

#[test]
fn what_is_no_frame_of_this_object_is_refused() {
    let grey = image(16, 16, 1, 16);
    let cut = data("grey16.jxl").len() / 2;
    let coding = transfer::transfer_syntax(LOSSLESS).expect("known").coding;
    let refused = |bytes: &[u8], image: &Image| codecs::decode(coding, bytes, image).err();

    assert_eq!(
        Some(Reason::FrameMismatch),
        refused(&data("rgb.jxl"), &grey)
    );
    let wide = Image {
        columns: 17,
        ..grey.clone()
    };
    assert_eq!(
        Some(Reason::FrameMismatch),
        refused(&data("grey16.jxl"), &wide)
    );
    assert_eq!(
        Some(Reason::DecodeFailed),
        refused(&data("grey16.jxl")[..cut], &grey)
    );
    assert_eq!(Some(Reason::DecodeFailed), refused(b"no frame", &grey));
}
