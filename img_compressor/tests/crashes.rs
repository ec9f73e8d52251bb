//! What fuzzing found, kept: each of these once hung, asked for gigabytes, or was shown as an
//! image that it is not. `docs/fuzzing.md` says how they were found.

mod support;

use img_compressor::encode::Subsampling;
use img_compressor::encode::jpeg::Encoder;
use img_compressor::render::Picture;
use support::{Builder, JPEG, reasons, rendered};

const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG_12: &str = "1.2.840.10008.1.2.4.51";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

fn colour(syntax: &str, side: u16, stream: &[u8]) -> Builder {
    Builder::new(syntax)
        .image(side, side, 8, "RGB", 3)
        .fragments(&[stream])
}

/// `CharLS` counted bits behind the end of the data, for 27 s in 602 bytes.
#[test]
fn a_jpeg_ls_frame_without_an_end_is_refused_at_once() {
    let stream = include_bytes!("crashes/no-end.jls");

    assert_eq!(
        ["decode_failed"],
        *reasons(&colour(JPEG_LS, 100, stream).file())
    );
}

/// `OpenJPEG` allocated the 4 GiB that a tile-part claims.
#[test]
fn a_tile_part_larger_than_its_image_is_refused() {
    let stream = include_bytes!("crashes/part-of-4-gib.j2k");

    assert_eq!(
        ["decode_failed"],
        *reasons(&colour(JPEG_2000, 100, stream).file())
    );
}

/// 39,430 layers of 16 tiles are eleven million packets: 5 s of 28 KB. A precinct for each pixel
/// and 65,535 layers would be days.
#[test]
fn more_packets_than_bytes_are_refused() {
    let stream = include_bytes!("crashes/part-of-4-gib.j2k");
    let mut layers = stream[..stream.len() - 1].to_vec();
    let part = layers.windows(2).position(|two| two == [0xFF, 0x90]);
    let part = part.expect("a tile-part");
    layers[part + 6..part + 10].fill(0);
    let expected = reasons(&colour(JPEG_2000, 100, &layers).file());
    let style = layers.windows(2).position(|two| two == [0xFF, 0x52]);
    let style = style.expect("COD");
    layers[style + 6..style + 8].fill(0xFF);

    assert_eq!(["ok"], *expected);
    assert_eq!(
        ["decode_failed"],
        *reasons(&colour(JPEG_2000, 100, &layers).file())
    );
}

/// The end of the image stands before its frame: the copy was a JPEG without an image.
#[test]
fn a_stream_that_ends_before_its_scan_is_not_copied() {
    let mut stream = b"\xFF\xD8\xFF\xD9\0\x02".to_vec();
    stream.extend(b"\xFF\xC0\0\x11\x08\0\x08\0\x08\x03\x01\x11\0\x02\x11\0\x03\x11\0");
    stream.extend(b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0\0\xFF\xD9");

    assert_eq!(
        ["decode_failed"],
        *reasons(&colour(JPEG, 8, &stream).file())
    );
}

/// Cells of 32 bits around values of 8: a table of 2^32 entries was asked for.
#[test]
fn a_jpeg_in_cells_of_32_bits_is_rendered_by_its_own_bits() {
    let picture = Picture {
        width: 16,
        height: 16,
        channels: 1,
        pixels: (0..=255).collect(),
        window: None,
        warnings: Vec::new(),
    };
    let mut encoder = Encoder::new(90, Subsampling::S444).expect("an encoder");
    let stream = encoder.encode(&picture, None).expect("a JPEG");
    let pixels = |bits| {
        let object = Builder::new(JPEG).image(16, 16, bits, "MONOCHROME2", 1);
        rendered(&object.fragments(&[stream])).1
    };

    assert_eq!(1, pixels(8).len());
    assert_eq!(pixels(8), pixels(32));
}

/// One bit at bit 25 of its cell, says the header; a JPEG has no cells that could be shifted.
#[test]
fn a_high_bit_changes_nothing_in_a_jpeg() {
    let stream = include_bytes!("crashes/twelve-bits.jpg");
    let object = Builder::new(JPEG_12)
        .us(0x0028_0002, 1)
        .text(0x0028_0004, *b"CS", "MONOCHROME2")
        .us(0x0028_0010, 1024)
        .us(0x0028_0011, 256)
        .us(0x0028_0100, 32)
        .us(0x0028_0101, 1)
        .us(0x0028_0102, 25);

    assert_eq!(["ok"], *reasons(&object.fragments(&[stream]).file()));
}

/// The second entry of the offset table points into the first frame, at what looks like an item:
/// the same bytes were shown as two frames.
#[test]
fn a_frame_that_begins_within_another_is_refused() {
    let smooth = include_bytes!("data/smooth.jpg");
    let length = u32::try_from(smooth.len()).expect("a small file");
    let mut fragment = smooth.to_vec();
    fragment.extend([0xFE, 0xFF, 0x00, 0xE0]);
    fragment.extend(length.to_le_bytes());
    fragment.extend(smooth);
    let mut object = Builder::new(JPEG)
        .image(16, 16, 8, "YBR_FULL_422", 3)
        .text(0x0028_0008, *b"IS", "2")
        .fragments(&[&fragment]);
    let table = [0_u32.to_le_bytes(), (8 + length).to_le_bytes()].concat();
    let empty = [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0];
    let first = object.body.windows(8).position(|eight| eight == empty);
    let first = first.expect("the item of the table");
    object.body[first + 4] = 8;
    object.body.splice(first + 8..first + 8, table);

    assert_eq!(["ok", "malformed_encapsulation"], *reasons(&object.file()));
}
