//! What objects look like: each test is one rule of the display pipeline.

mod support;

use img_compressor::encode::Emit;
use img_compressor::mask::Rectangle;
use img_compressor::reason::Warning;
use support::{BIG_ENDIAN, Builder, DEFLATED, EXPLICIT, Folder, IMPLICIT, JPEG, RLE, rendered};

fn only(builder: &Builder) -> Vec<u8> {
    let (rows, mut frames) = rendered(builder);
    assert_eq!(1, frames.len(), "{rows:?}");
    frames.remove(0)
}

/// Signed stored values, rescaled, windowed: -1024, 40, 3071 Hounsfield units in a brain window.
#[test]
fn ct_goes_through_rescale_and_window_in_every_spelling() {
    for syntax in [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED] {
        let object = Builder::grey16(syntax, 2, 2)
            .us(0x0028_0103, 1)
            .window("40", "80")
            .text(0x0028_1052, *b"DS", "-1024")
            .text(0x0028_1053, *b"DS", "1")
            .words(&[0, 1064, 4095, 0xFFFF]);

        assert_eq!(vec![0, 129, 255, 0], only(&object), "{syntax}");
    }
}

#[test]
fn without_a_window_the_whole_object_sets_black_and_white() {
    let object = Builder::grey16(EXPLICIT, 2, 1)
        .text(0x0028_0008, *b"IS", "2")
        .words(&[100, 200, 300, 400]);
    let (rows, frames) = rendered(&object);

    assert_eq!(vec![vec![0, 85], vec![170, 255]], frames);
    assert_eq!(vec![Warning::WindowFromMinMax], rows[0].warnings);
    assert_eq!(Some([250.5, 301.0]), rows[0].window);
}

/// INVERSE and MONOCHROME1 say the same thing once.
#[test]
fn inversion_happens_once() {
    let plain = |colour| {
        Builder::new(EXPLICIT)
            .image(2, 1, 8, colour, 1)
            .window("128", "256")
    };
    let inverse = |builder: Builder| {
        let shape = builder.text(0x2050_0020, *b"CS", "INVERSE");
        only(&shape.bytes(&[0, 255]))
    };

    assert_eq!(vec![0, 255], only(&plain("MONOCHROME2").bytes(&[0, 255])));
    assert_eq!(vec![255, 0], only(&plain("MONOCHROME1").bytes(&[0, 255])));
    assert_eq!(vec![255, 0], inverse(plain("MONOCHROME1")));
    assert_eq!(vec![255, 0], inverse(plain("MONOCHROME2")));
}

/// The frame's own group wins over the shared one. C.7.6.16.
#[test]
fn each_frame_has_its_own_window() {
    let voi = |center: &str| {
        let window = Builder::new(EXPLICIT).window(center, "1");
        Builder::new(EXPLICIT).sequence(0x0028_9132, &[window])
    };
    let object = Builder::grey16(EXPLICIT, 1, 1)
        .text(0x0028_0008, *b"IS", "2")
        .sequence(0x5200_9229, &[voi("50")])
        .sequence(0x5200_9230, &[voi("10"), Builder::new(EXPLICIT)])
        .words(&[20, 20]);

    assert_eq!(vec![vec![255], vec![0]], rendered(&object).1);
}

#[test]
fn a_modality_lut_and_a_voi_lut_are_looked_up() {
    let table = |first: u16, entries: &[u16]| {
        let count = u16::try_from(entries.len()).expect("short table");
        let bytes = |words: &[u16]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        Builder::new(EXPLICIT)
            .element(0x0028_3002, *b"US", &bytes(&[count, first, 8]))
            .element(0x0028_3006, *b"OW", &bytes(entries))
    };
    let object = Builder::grey16(EXPLICIT, 3, 1)
        .sequence(0x0028_3000, &[table(1, &[10, 11, 12])])
        .sequence(0x0028_3010, &[table(10, &[200, 100, 0])])
        .words(&[0, 2, 900]);

    assert_eq!(vec![200, 100, 0], only(&object));
}

#[test]
fn palette_indices_become_colours() {
    let mut object = Builder::new(EXPLICIT).image(3, 1, 8, "PALETTE COLOR", 1);
    for channel in 0..3 {
        let descriptor = [2, 0, 5, 0, 16, 0];
        object = object.element(0x0028_1101 + channel, *b"US", &descriptor);
    }
    for channel in 0..3u8 {
        let entries = [0, channel * 50, 0xFF, 0xFF];
        object = object.element(0x0028_1201 + u32::from(channel), *b"OW", &entries);
    }

    let expected = vec![0, 50, 100, 255, 255, 255, 255, 255, 255];
    assert_eq!(expected, only(&object.bytes(&[5, 6, 7])));
}

/// Planes, subsampled pairs and swapped words all come out as red, green, blue pixels.
#[test]
fn colour_comes_out_by_pixel() {
    let planar = Builder::new(EXPLICIT)
        .image(2, 1, 8, "RGB", 3)
        .us(0x0028_0006, 1)
        .bytes(&[1, 2, 3, 4, 5, 6]);
    let subsampled = Builder::new(EXPLICIT)
        .image(2, 1, 8, "YBR_FULL_422", 3)
        .bytes(&[10, 20, 128, 128]);
    let words = Builder::new(BIG_ENDIAN).image(2, 1, 8, "RGB", 3).element(
        0x7FE0_0010,
        *b"OW",
        &[2, 1, 4, 3, 6, 5],
    );

    assert_eq!(vec![1, 3, 5, 2, 4, 6], only(&planar));
    assert_eq!(vec![10, 10, 10, 20, 20, 20], only(&subsampled));
    assert_eq!(vec![1, 2, 3, 4, 5, 6], only(&words));
}

/// Three frames of three pixels share two bytes.
#[test]
fn one_bit_frames_need_not_begin_on_a_byte() {
    let object = Builder::new(EXPLICIT)
        .image(3, 1, 1, "MONOCHROME2", 1)
        .text(0x0028_0008, *b"IS", "3")
        .bytes(&[0b0110_0101, 0b0000_0001]);

    let frames = vec![vec![255, 0, 255], vec![0, 0, 255], vec![255, 0, 255]];
    assert_eq!(frames, rendered(&object).1);
}

fn rle(planes: &[&[u8]]) -> Vec<u8> {
    let mut header = [0u32; 16];
    header[0] = u32::try_from(planes.len()).expect("few planes");
    let mut data = Vec::new();
    for (number, plane) in planes.iter().enumerate() {
        header[number + 1] = u32::try_from(64 + data.len()).expect("short planes");
        data.push(u8::try_from(plane.len() - 1).expect("short plane"));
        data.extend(*plane);
    }
    let mut frame: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    frame.extend(data);
    frame
}

/// One 8-bit sample is not shifted, and 16-bit planes come most significant first.
#[test]
fn rle_planes_are_joined() {
    let byte = Builder::new(RLE)
        .image(3, 1, 8, "MONOCHROME2", 1)
        .window("128", "256")
        .fragments(&[&rle(&[&[1, 2, 3]])]);
    let word = Builder::grey16(RLE, 2, 1)
        .window("32768", "65536")
        .fragments(&[&rle(&[&[0, 0x80], &[0xFF, 0]])]);

    assert_eq!(vec![1, 2, 3], only(&byte));
    assert_eq!(vec![1, 128], only(&word));
}

/// Without an offset table and with a frame in two fragments, each frame is still found.
#[test]
fn jpeg_frames_in_several_fragments_are_joined() {
    let folder = Folder::new();
    let source = Builder::new(EXPLICIT)
        .image(16, 16, 8, "MONOCHROME2", 1)
        .window("128", "256")
        .text(0x0028_0008, *b"IS", "2")
        .bytes(&[vec![200; 256], vec![50; 256]].concat());
    let rows = folder.answer(&folder.request(&source.file()), Emit::Jpeg);
    let mut frames = rows
        .iter()
        .map(|row| std::fs::read(row.key.as_deref().expect("an image")).expect("a file"));
    let (first, second) = (frames.next().expect("one"), frames.next().expect("two"));
    let object = Builder::new(JPEG)
        .image(16, 16, 8, "MONOCHROME2", 1)
        .window("128", "256")
        .text(0x0028_0008, *b"IS", "2")
        .fragments(&[&first[..100], &first[100..], &second]);

    let levels: Vec<u8> = rendered(&object).1.iter().map(|frame| frame[0]).collect();
    assert_eq!(vec![200, 50], levels);
}

/// Padding is black and does not stretch the window; overlay bits above the value are nothing.
#[test]
fn padding_and_overlay_bits_are_no_image() {
    let object = Builder::new(EXPLICIT)
        .us(0x0028_0010, 1)
        .us(0x0028_0011, 3)
        .bits(16, 12)
        .us(0x0028_0120, 0)
        .words(&[0, 0xF064, 0x00C8]);

    assert_eq!(vec![0, 0, 255], only(&object));
}

#[test]
fn float_pixels_use_their_finite_range() {
    let values = [f32::NAN, -0.5, f32::INFINITY, 0.5];
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let object = Builder::new(EXPLICIT)
        .image(4, 1, 32, "MONOCHROME2", 1)
        .element(0x7FE0_0008, *b"OF", &bytes);

    assert_eq!(vec![0, 0, 255, 255], only(&object));
}

/// Masks are painted on what is written, in JPEG as in the pixels before it.
#[test]
fn masks_and_kept_rectangles_hide_pixels() {
    let folder = Folder::new();
    let object = Builder::new(EXPLICIT)
        .image(3, 1, 8, "MONOCHROME2", 1)
        .window("128", "256")
        .bytes(&[9, 9, 9]);
    let mut request = folder.request(&object.file());
    request.masks = Some(vec![Rectangle(0, 0, 1, 1)]);
    request.keep = Some(vec![Rectangle(0, 0, 2, 1)]);
    let rows = folder.answer(&request, Emit::Pnm);
    let bytes = std::fs::read(rows[0].key.as_deref().expect("an image")).expect("a file");

    assert_eq!([0, 9, 0], bytes[bytes.len() - 3..]);
}

/// JFIF, tables, frame, scan: no EXIF (APP1), no comment, no other application segment.
#[test]
fn the_jpeg_carries_nothing_but_the_image() {
    let folder = Folder::new();
    let object = Builder::new(EXPLICIT)
        .text(0x0010_0010, *b"PN", "Doe^Jane")
        .image(8, 8, 8, "RGB", 3)
        .bytes(&[7; 192]);
    let rows = folder.answer(&folder.request(&object.file()), Emit::Jpeg);
    let bytes = std::fs::read(rows[0].key.as_deref().expect("an image")).expect("a file");

    let markers: Vec<u8> = bytes
        .windows(2)
        .filter(|pair| pair[0] == 0xFF && matches!(pair[1], 0xE0..=0xEF | 0xFE))
        .map(|pair| pair[1])
        .collect();
    assert_eq!(vec![0xE0], markers);
    assert!(!bytes.windows(3).any(|three| three == b"Doe"));
}
