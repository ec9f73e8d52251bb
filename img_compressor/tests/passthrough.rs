//! When the JPEG inside an object is copied, and what of it is left behind.

mod support;

use img_compressor::answer::Row;
use img_compressor::encode::jpeg::Encoder;
use img_compressor::encode::{Emit, Subsampling};
use img_compressor::mask::Rectangle;
use img_compressor::reason::Warning;
use img_compressor::render::Picture;
use support::{Builder, EXPLICIT, Folder, JPEG};

const SIDE: u16 = 16;

/// A JFIF stream of a ramp, coded by libjpeg-turbo.
fn stream(channels: usize) -> Vec<u8> {
    let side = u32::from(SIDE);
    let count = usize::from(SIDE) * usize::from(SIDE) * channels;
    let picture = Picture {
        width: side,
        height: side,
        channels,
        pixels: (0..251).cycle().take(count).collect(),
        window: None,
        warnings: Vec::new(),
    };
    let mut encoder = Encoder::new(90, Subsampling::S420).expect("an encoder");
    encoder.encode(&picture, None).expect("a stream").to_vec()
}

/// The stream with a comment and an EXIF segment that name a person, and a pad byte.
fn talkative(stream: &[u8]) -> Vec<u8> {
    let mut talk = stream[..20].to_vec();
    talk.extend(b"\xFF\xE1\0\x0AExifJANE\xFF\xFE\0\x0AJANE^DOE");
    talk.extend(&stream[20..]);
    talk.push(0);
    talk
}

fn object(colour: &str, samples: u16) -> Builder {
    Builder::new(JPEG).image(SIDE, SIDE, 8, colour, samples)
}

fn answered(folder: &Folder, builder: &Builder) -> Row {
    let rows = folder.answer(&folder.request(&builder.file()), Emit::Jpeg);
    assert_eq!("ok", rows[0].status, "{rows:?}");
    rows[0].clone()
}

fn is_copied(builder: &Builder) -> bool {
    let row = answered(&Folder::new(), builder);
    row.warnings.contains(&Warning::StreamCopied)
}

fn written(row: &Row) -> Vec<u8> {
    std::fs::read(row.key.as_deref().expect("an image")).expect("a file")
}

/// Tables and scans are the same bytes; whom and what it is of stays behind.
#[test]
fn the_image_is_copied_and_the_talk_is_not() {
    let inner = stream(3);
    let folder = Folder::new();
    let row = answered(
        &folder,
        &object("YBR_FULL_422", 3).fragments(&[&talkative(&inner)]),
    );

    assert!(row.warnings.contains(&Warning::StreamCopied));
    assert_eq!(inner, written(&row));
}

/// A frame in pieces is joined first, and a piece that is missing is noticed.
#[test]
fn a_stream_that_does_not_end_is_not_copied() {
    let inner = stream(1);
    let (first, second) = inner.split_at(inner.len() / 4 * 2);
    let pad = [second, &[0]].concat();
    let grey = || object("MONOCHROME2", 1).window("128", "256");

    assert!(is_copied(&grey().fragments(&[first, &pad])));
    assert!(!is_copied(&grey().fragments(&[&inner[..inner.len() - 2]])));
}

/// Only a window that changes nothing lets grey through.
#[test]
fn grey_is_copied_where_the_display_pipeline_changes_nothing() {
    let inner = stream(1);
    let with = |builder: Builder| is_copied(&builder.fragments(&[&inner]));
    let plain = || object("MONOCHROME2", 1);

    assert!(with(plain().window("128", "256")));
    assert!(!with(plain().window("100", "256")));
    assert!(!with(plain()), "black and white are those of the values");
    assert!(!with(object("MONOCHROME1", 1).window("128", "256")));
    let rescaled = plain().window("128", "256").text(0x0028_1052, *b"DS", "1");
    assert!(!with(rescaled.text(0x0028_1053, *b"DS", "1")));
    let padded = plain().us(0x0028_0120, 9).window("128", "256");
    assert!(!with(padded));
}

/// What is painted is painted: a mask has the frame decoded.
#[test]
fn a_masked_frame_is_never_copied() {
    let folder = Folder::new();
    let builder = object("YBR_FULL_422", 3).fragments(&[&stream(3)]);
    let mut request = folder.request(&builder.file());
    request.masks = Some(vec![Rectangle(0, 0, 1, 1)]);
    let rows = folder.answer(&request, Emit::Jpeg);

    assert!(!rows[0].warnings.contains(&Warning::StreamCopied));
}

/// RGB is not YCbCr without a marker that says so; a JFIF marker would say the opposite.
#[test]
fn rgb_without_markers_gets_the_one_that_says_so() {
    let jfif = stream(3);
    let bare = [&jfif[..2], &jfif[20..]].concat();
    let folder = Folder::new();
    let row = answered(&folder, &object("RGB", 3).fragments(&[&bare]));

    let file = written(&row);
    assert_eq!(b"\xFF\xD8\xFF\xEE\0\x0EAdobe", &file[..11]);
    assert_eq!(0, file[17]);
    assert_eq!(jfif[20..], file[18..]);
}

/// The profile of a colour image comes along, without its words.
#[test]
fn a_profile_is_embedded_without_its_words() {
    let folder = Folder::new();
    let rgb = Builder::new(EXPLICIT).image(8, 8, 8, "RGB", 3);
    let talk = rgb.clone().element(0x0028_2000, *b"OB", &profile());
    let file = written(&answered(&folder, &talk.bytes(&[7; 192])));
    let noise = rgb
        .element(0x0028_2000, *b"OB", b"no profile, JANE")
        .bytes(&[7; 192]);
    let row = answered(&folder, &noise);

    assert_eq!(b"\xFF\xE2", &file[20..22]);
    assert!(file.windows(11).any(|name| name == b"ICC_PROFILE"));
    assert!(!file.windows(4).any(|four| four == b"JANE"));
    assert!(row.warnings.contains(&Warning::IccProfileNotEmbedded));
}

/// A small table profile that says a name wherever it can.
fn profile() -> Vec<u8> {
    let mut bytes = b"JANE".repeat(32);
    bytes[8] = 2;
    bytes[12..24].copy_from_slice(b"scnrRGB XYZ ");
    bytes[36..40].copy_from_slice(b"acsp");
    bytes.extend(2u32.to_be_bytes());
    for (signature, at) in [(b"A2B0", 156u32), (b"desc", 172)] {
        bytes.extend(signature);
        bytes.extend(at.to_be_bytes());
        bytes.extend(16u32.to_be_bytes());
    }
    bytes.extend(b"mft1\0\0\0\0\0\0\0\0\0\0\0\0");
    bytes.extend(b"descJANEJANEJANE");
    let size = u32::try_from(bytes.len()).expect("a small profile");
    bytes[..4].copy_from_slice(&size.to_be_bytes());
    bytes
}
