//! Overlays: never drawn by themselves, and where they lie if it is asked for. PS3.3 C.9.2.

mod support;

use img_compressor::answer::{Request, Row, Settings};
use img_compressor::encode::{Emit, Overlays};
use img_compressor::mask::Rectangle;
use img_compressor::plan::Limits;
use img_compressor::reason::Warning;
use support::{Builder, EXPLICIT, Folder, SETTINGS};

/// A black image of 4 x 4 with an overlay of 3 x 2 whose corner bits are set.
fn object(group: u32, origin: [i16; 2]) -> Builder {
    let [row, column] = origin.map(i16::to_le_bytes);
    Builder::new(EXPLICIT)
        .image(4, 4, 8, "MONOCHROME2", 1)
        .window("128", "256")
        .us(group | 0x0010, 2)
        .us(group | 0x0011, 3)
        .element(group | 0x0050, *b"SS", &[row, column].concat())
        .us(group | 0x0100, 1)
        .us(group | 0x0102, 0)
        .element(group | 0x3000, *b"OW", &[0b10_0001, 0])
}

fn drawn(request: impl Fn(&mut Request), settings: &Settings, builder: &Builder) -> (Row, Vec<u8>) {
    let folder = Folder::new();
    let mut asked = folder.request(&builder.clone().bytes(&[0; 16]).file());
    request(&mut asked);
    let rows = folder.answer_with(&asked, settings);
    let file = std::fs::read(rows[0].key.as_deref().expect("an image")).expect("a file");
    (rows[0].clone(), file[file.len() - 16..].to_vec())
}

const DRAW: Settings = Settings {
    emit: Emit::Pnm,
    overlays: Overlays::Draw,
    ..SETTINGS
};

fn lit(pixels: &[u8]) -> Vec<usize> {
    (0..16).filter(|at| pixels[*at] == 255).collect()
}

#[test]
fn an_overlay_is_not_drawn_by_itself() {
    let plain = Settings {
        emit: Emit::Pnm,
        ..SETTINGS
    };
    let (row, pixels) = drawn(|_| (), &plain, &object(0x6000_0000, [1, 1]));

    assert_eq!(vec![0; 16], pixels);
    assert_eq!(vec![Warning::OverlayNotDrawn], row.warnings);
}

/// Its first pixel lies where its origin says, from 1; what lies outside is cut.
#[test]
fn an_overlay_lies_at_its_origin() {
    let at = |origin| lit(&drawn(|_| (), &DRAW, &object(0x601E_0000, origin)).1);

    assert_eq!(vec![0, 6], at([1, 1]));
    assert_eq!(vec![5, 11], at([2, 2]));
    assert_eq!(vec![15], at([4, 4]));
    assert_eq!(vec![1], at([0, 0]));
    let (row, _) = drawn(|_| (), &DRAW, &object(0x601E_0000, [1, 1]));
    assert_eq!(vec![Warning::OverlayDrawn], row.warnings);
}

/// Who masks does not know what an overlay says elsewhere.
#[test]
fn nothing_is_drawn_where_something_is_masked() {
    let masked = |asked: &mut Request| asked.masks = Some(vec![Rectangle(3, 3, 1, 1)]);
    let kept = |asked: &mut Request| asked.keep = Some(vec![Rectangle(0, 0, 4, 4)]);

    assert!(lit(&drawn(masked, &DRAW, &object(0x6000_0000, [1, 1])).1).is_empty());
    assert!(lit(&drawn(kept, &DRAW, &object(0x6000_0000, [1, 1])).1).is_empty());
}

/// An overlay of frames lies over those that it is of.
#[test]
fn an_overlay_of_frames_lies_over_its_own() {
    let builder = object(0x6000_0000, [1, 1])
        .text(0x6000_0015, *b"IS", "1")
        .us(0x6000_0051, 2);

    assert!(lit(&drawn(|_| (), &DRAW, &builder).1).is_empty());
}

/// Data that is too short is no overlay, and is told.
#[test]
fn an_overlay_that_is_not_whole_is_not_drawn() {
    let builder = object(0x6000_0000, [1, 1])
        .text(0x6000_0015, *b"IS", "1000000000")
        .us(0x6000_0051, 1);
    let (row, pixels) = drawn(|_| (), &DRAW, &builder);

    assert!(lit(&pixels).is_empty());
    assert_eq!(vec![Warning::OverlayNotDrawn], row.warnings);
}

/// A frame by strips gets it too.
#[test]
fn strips_get_their_part() {
    let builder = |overlay: bool| {
        let high = Builder::new(EXPLICIT)
            .image(16, 300, 8, "MONOCHROME2", 1)
            .window("128", "256");
        let high = if overlay {
            high.us(0x6000_0010, 16)
                .us(0x6000_0011, 16)
                .element(0x6000_0050, *b"SS", &[0x81, 0, 1, 0])
                .element(0x6000_3000, *b"OW", &[0xFF; 32])
        } else {
            high
        };
        let pixels: Vec<u8> = (0..16 * 300)
            .map(|at| {
                if !overlay && (128..144).contains(&(at / 16)) {
                    255
                } else {
                    0
                }
            })
            .collect();
        high.bytes(&pixels).file()
    };
    let settings = Settings {
        overlays: Overlays::Draw,
        limits: Limits {
            strips_from: 16,
            ..SETTINGS.limits
        },
        ..SETTINGS
    };
    let file = |object: &[u8]| {
        let folder = Folder::new();
        let rows = folder.answer_with(&folder.request(object), &settings);
        std::fs::read(rows[0].key.as_deref().expect("an image")).expect("a file")
    };

    assert_eq!(file(&builder(false)), file(&builder(true)));
}
