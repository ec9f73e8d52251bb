//! What the fuzz targets share: small bounds, and an image in front of a compressed frame.
//!
//! A panic, a signal, a timeout and memory beyond the bound are findings. A reason is not.

use std::cell::RefCell;

use img_compressor::codecs::markers::Markers;
use img_compressor::dataset::{Dataset, tags};
use img_compressor::header::PixelLocation;
use img_compressor::image::{Cell, Image, Photometric};
use img_compressor::object::Object;
use img_compressor::passthrough::Front;
use img_compressor::plan::{Limits, Pipeline, Plan};
use img_compressor::render::Renderer;
use img_compressor::source::Memory;
use img_compressor::transfer::{Coding, Spelling, TransferSyntax};

/// Bounds that keep one input cheap; strips begin early so that they are met.
pub const LIMITS: Limits = Limits {
    max_frame: 16 << 20,
    max_inflated: 4 << 20,
    strips_from: 4 << 10,
};

/// Bytes in front of a frame that say what the header says of it.
pub const PREFIX: usize = 8;

const PHOTOMETRICS: [Photometric; 9] = [
    Photometric::Monochrome1,
    Photometric::Monochrome2,
    Photometric::PaletteColor,
    Photometric::Rgb,
    Photometric::YbrFull,
    Photometric::YbrFull422,
    Photometric::YbrRct,
    Photometric::Xyb,
    Photometric::YbrIct,
];

const CELLS: [Cell; 6] = [
    Cell::Bit,
    Cell::Byte,
    Cell::Word,
    Cell::Long,
    Cell::Float,
    Cell::Double,
];

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let at = all.iter().position(|known| known == one);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

/// The prefix that [`split`] reads as this image.
#[must_use]
pub fn prefix(image: &Image) -> [u8; PREFIX] {
    let small = |value: u32| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
    let ([r0, r1], [c0, c1]) = (small(image.rows), small(image.columns));
    let flags = u8::from(image.signed) | u8::from(image.planar) << 1;
    let kind = place(&CELLS, &image.cell) << 4 | place(&PHOTOMETRICS, &image.photometric);
    let bits = u8::try_from(image.bits_stored).unwrap_or(0);
    let shift = u8::try_from(image.shift).unwrap_or(0);
    [r0, r1, c0, c1, kind, bits, shift, flags]
}

/// The image that the first bytes describe, within what `Image::of` lets through, and the rest.
#[must_use]
pub fn split(input: &[u8]) -> Option<(Image, &[u8])> {
    let ([r0, r1, c0, c1, kind, bits, shift, flags], frame) = input.split_first_chunk()?;
    let photometric = PHOTOMETRICS[usize::from(kind & 15) % PHOTOMETRICS.len()];
    let cell = CELLS[usize::from(kind >> 4) % CELLS.len()];
    let (allocated, bits_stored) = match cell {
        Cell::Bit => (1, 1),
        Cell::Float | Cell::Double => (32, 32),
        cell => {
            let allocated = u32::try_from(cell.bytes() * 8).ok()?;
            (allocated, u32::from(*bits) % (allocated + 1))
        }
    };
    let image = Image {
        rows: u16::from_le_bytes([*r0, *r1]).max(1).into(),
        columns: u16::from_le_bytes([*c0, *c1]).max(1).into(),
        frames: 1,
        samples: if photometric.is_colour() { 3 } else { 1 },
        cell,
        bits_stored: bits_stored.max(1),
        shift: u32::from(*shift) % (allocated - bits_stored.max(1) + 1),
        signed: flags & 1 == 1,
        photometric,
        planar: flags & 2 == 2,
        by_strips: false,
    };
    let real = matches!(cell, Cell::Float | Cell::Double) && !photometric.is_grey();
    let bit = cell == Cell::Bit && photometric.is_colour();
    (!real && !bit && image.frame_bytes() <= LIMITS.max_frame).then_some((image, frame))
}

/// Give the image the size that the stream claims, so that the decoder is reached; colour or
/// grey too where only that differs.
pub fn adopt(image: &mut Image, height: u32, width: u32, components: u32) {
    let mut sized = Image {
        rows: height.max(1),
        columns: width.max(1),
        ..image.clone()
    };
    if components == 3 && !sized.photometric.is_colour() {
        (sized.photometric, sized.samples) = (Photometric::Rgb, 3);
    } else if components == 1 && sized.photometric.is_colour() {
        (sized.photometric, sized.samples) = (Photometric::Monochrome2, 1);
    }
    let sides = sized.rows <= 0xFFFF && sized.columns <= 0xFFFF;
    if sides && sized.frame_bytes() <= LIMITS.max_frame {
        *image = sized;
    }
}

/// What the frame header of a JPEG or JPEG-LS stream says: rows, columns, components.
#[must_use]
pub fn jpeg_size(frame: &[u8]) -> Option<(u32, u32, u32)> {
    let markers = Markers::of(frame)?;
    Some((markers.height, markers.width, markers.components))
}

/// What SIZ of a codestream says: rows, columns, components.
#[must_use]
pub fn j2k_size(frame: &[u8]) -> Option<(u32, u32, u32)> {
    let at = frame
        .windows(4)
        .position(|four| four == [0xFF, 0x4F, 0xFF, 0x51])?;
    let number = |from: usize| {
        let four = frame.get(at + from..at + from + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    let components = number(38)? & 0xFFFF;
    let (width, height) = (number(8)?.checked_sub(number(16)?)?, number(12)?);
    Some((height.checked_sub(number(20)?)?, width, components))
}

/// Decode and render as the program would; what comes out has the size of the header.
pub fn decode(coding: Coding, input: &[u8], size: impl Fn(&[u8]) -> Option<(u32, u32, u32)>) {
    let Some((mut image, frame)) = split(input) else {
        return;
    };
    if let Some((height, width, components)) = size(frame) {
        adopt(&mut image, height, width, components);
    }
    // As `Image::of` has it: only codings of cells have bits below the value.
    if !matches!(coding, Coding::Native | Coding::Encapsulated | Coding::Rle) {
        image.shift = 0;
    }
    let (object, plan) = (
        object(coding, Dataset::default(), &encapsulated(frame)),
        plan(image),
    );
    let renderer = Renderer::new(&object, &plan, LIMITS);
    let Ok(picture) = renderer.and_then(|mut renderer| renderer.picture(0)) else {
        return;
    };
    let expected = plan.image.pixel_count() * picture.channels;
    assert_eq!(expected, picture.pixels.len());
}

/// An empty offset table, one fragment, the delimiter.
fn encapsulated(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap_or(0).to_le_bytes();
    let table = [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0];
    let end = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    [&table[..], &length, frame, &end].concat()
}

/// An object whose source is its encapsulated pixel data alone.
#[must_use]
pub fn object(coding: Coding, dataset: Dataset, pixels: &[u8]) -> Object {
    Object {
        source: Box::new(Memory(pixels.to_vec())),
        dataset,
        transfer_syntax_uid: None,
        syntax: TransferSyntax {
            spelling: Spelling::EXPLICIT,
            coding,
            deflated: false,
            lossy: false,
        },
        pixels: PixelLocation {
            tag: tags::PIXEL_DATA,
            vr: Some(*b"OB"),
            offset: 0,
            length: None,
        },
        warnings: Vec::new(),
        window: RefCell::default(),
    }
}

/// No window, so that the span of the values is measured.
fn plan(image: Image) -> Plan {
    let colour = image.photometric.is_colour();
    Plan {
        image,
        pipeline: if colour {
            Pipeline::Colour
        } else {
            Pipeline::Grey
        },
        window: None,
        front: Front::default(),
        warnings: Vec::new(),
    }
}
