//! Frames that are too large to be held look as if they had been.

mod support;

use std::fs;

use img_compressor::answer::{Row, Settings};
use img_compressor::codecs::jpeg;
use img_compressor::encode::{Emit, Subsampling};
use img_compressor::image::{Cell, Image, Photometric};
use img_compressor::mask::Rectangle;
use img_compressor::plan::Limits;
use img_compressor::reason::Reason;
use img_compressor::samples::Samples;
use support::{Builder, EXPLICIT, Folder, SETTINGS};

const WIDE: u16 = 203;
const HIGH: u16 = 397;

/// Every frame by strips, and none small enough to be held.
fn strips(subsampling: Subsampling) -> Settings {
    Settings {
        subsampling,
        limits: Limits {
            max_frame: 1,
            strips_from: 0,
            ..SETTINGS.limits
        },
        ..SETTINGS
    }
}

fn written(row: &Row) -> Vec<u8> {
    fs::read(row.key.as_deref().expect("an image")).expect("a file")
}

/// What a JPEG decoder sees.
fn seen(file: &[u8], samples: u32) -> Samples {
    let image = Image {
        rows: HIGH.into(),
        columns: WIDE.into(),
        frames: 1,
        samples,
        cell: Cell::Byte,
        bits_stored: 8,
        shift: 0,
        signed: false,
        photometric: if samples == 3 {
            Photometric::YbrFull
        } else {
            Photometric::Monochrome2
        },
        planar: false,
        by_strips: false,
    };
    jpeg::decode(file, &image).expect("a JPEG").samples
}

fn grey() -> Builder {
    let count = u32::from(WIDE) * u32::from(HIGH);
    let words: Vec<u16> = (0..count).map(|n| (n * 7 % 4096) as u16).collect();
    Builder::grey16(EXPLICIT, WIDE, HIGH).words(&words)
}

fn colour() -> Builder {
    let count = usize::from(WIDE) * usize::from(HIGH) * 3;
    let bytes: Vec<u8> = (0..=250).cycle().take(count + count % 2).collect();
    Builder::new(EXPLICIT)
        .image(WIDE, HIGH, 8, "RGB", 3)
        .bytes(&bytes)
}

/// Blocks and their coefficients are the same; only restart markers stand between them.
#[test]
fn strips_are_the_same_picture() {
    for (builder, samples, subsampling) in [
        (grey(), 1, Subsampling::S444),
        (colour(), 3, Subsampling::S444),
        (colour(), 3, Subsampling::S420),
    ] {
        let folder = Folder::new();
        let mut request = folder.request(&builder.file());
        // Across the border of two strips.
        request.masks = Some(vec![Rectangle(20, 120, 40, 30)]);
        request.keep = Some(vec![Rectangle(5, 5, 190, 380)]);
        let whole = folder.answer_with(
            &request,
            &Settings {
                subsampling,
                ..SETTINGS
            },
        );
        let whole_file = written(&whole[0]);
        let pieces = folder.answer_with(&request, &strips(subsampling));

        assert_eq!("ok", pieces[0].status, "{pieces:?}");
        assert_eq!(whole[0].window, pieces[0].window);
        let file = written(&pieces[0]);
        assert_eq!(Some(file.len()), pieces[0].bytes);
        assert!(file.windows(2).any(|two| two == [0xFF, 0xD7]));
        assert_eq!(seen(&whole_file, samples), seen(&file, samples));
    }
}

/// Without a window the strips are read twice: once to measure the whole frame.
#[test]
fn black_and_white_are_those_of_the_whole_frame() {
    let folder = Folder::new();
    let rows = folder.answer_with(&folder.request(&grey().file()), &strips(Subsampling::S444));

    assert_eq!(Some([2048.0, 4096.0]), rows[0].window);
}

/// A frame that ends early leaves no file, and other formats need the whole frame.
#[test]
fn what_cannot_be_done_by_strips_is_refused() {
    let folder = Folder::new();
    let mut file = grey().file();
    file.truncate(file.len() - 1000);
    let request = folder.request(&file);
    let cut = folder.answer_with(&request, &strips(Subsampling::S444));
    let pnm = Settings {
        emit: Emit::Pnm,
        ..strips(Subsampling::S444)
    };
    let whole = folder.answer_with(&folder.request(&grey().file()), &pnm);

    assert_eq!(Some(Reason::TruncatedPixelData), cut[0].reason);
    assert_eq!(0, fs::read_dir(&request.output).expect("a folder").count());
    assert_eq!(Some(Reason::FrameTooLarge), whole[0].reason);
}
