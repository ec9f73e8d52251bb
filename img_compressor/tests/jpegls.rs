//! JPEG-LS held against the example of the standard and against `CharLS`.

mod charls;
mod support;

use charls::{Dice, Recipe, picture};
use img_compressor::codecs::jpegls::decode;
use img_compressor::reason::Reason;
use img_compressor::samples::{Decoded, Samples};
use support::image;

/// What our decoder makes of it.
fn ours(recipe: &Recipe, stream: &[u8]) -> Result<Decoded, Reason> {
    let size = image(recipe.height, recipe.width, recipe.components, recipe.bits);
    decode(stream, &size)
}

fn values(samples: &Samples) -> Vec<u16> {
    match samples {
        Samples::Bytes(cells) => cells.iter().map(|value| (*value).into()).collect(),
        Samples::Words(cells) => cells.clone(),
        _ => panic!("whole numbers of up to 16 bits"),
    }
}

/// By pixel, whatever the order was.
fn by_pixel(recipe: &Recipe, values: &[u16]) -> Vec<u16> {
    if recipe.interleave > 0 || recipe.components == 1 {
        return values.to_vec();
    }
    img_compressor::samples::interleave(values)
}

fn recipe(width: u32, height: u32, bits: u32, components: u32) -> Recipe {
    Recipe {
        width,
        height,
        bits,
        components,
        near: 0,
        interleave: 0,
        presets: [0; 5],
        samples: Vec::new(),
    }
}

fn is_as_charls_has_it(recipe: &Recipe) {
    let stream = recipe.encoded();
    let decoded = ours(recipe, &stream).unwrap_or_else(|reason| panic!("{reason}: {recipe:?}"));
    let expected = by_pixel(recipe, &recipe.decoded(&stream));
    assert!(expected == values(&decoded.samples), "{recipe:?}");
    assert!(!decoded.damaged && decoded.precision.is_none());
    if recipe.near == 0 {
        assert!(expected == by_pixel(recipe, &recipe.samples));
    }
}

/// ISO 14495-1 H.3: 4 by 4 pixels and the bytes that they become.
#[test]
fn the_example_of_the_standard_is_decoded() {
    let stream =
        b"\xFF\xD8\xFF\xF7\0\x0B\x08\0\x04\0\x04\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\0\0\
        \xC0\0\0\x6C\x80\x20\x8E\x01\xC0\0\0\x57\x40\0\0\x6E\xE6\0\0\x01\xBC\x18\0\0\x05\xD8\0\0\
        \x91\x60\xFF\xD9";
    let decoded = decode(stream, &image(4, 4, 1, 8)).expect("a picture");

    let expected = vec![
        0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145,
    ];
    assert_eq!(Decoded::plain(Samples::Bytes(expected)), decoded);
}

/// 2 to 16 bits, both numbers of components, each order, lossless and not, all sizes down to one.
#[test]
fn streams_of_charls_are_decoded_as_charls_decodes_them() {
    let mut dice = Dice(1);
    for bits in 2..=16 {
        let most = (1 << bits) - 1;
        for (components, interleave) in [(1, 0), (3, 0), (3, 1), (3, 2)] {
            for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (33, 17), (120, 13)] {
                for kind in 0..5 {
                    let near = [0, 1, 3, dice.roll(256), most / 2][dice.roll(5) as usize];
                    let near = near.min(most / 2).min(255).cast_signed();
                    let mut recipe = recipe(width, height, bits, components);
                    (recipe.near, recipe.interleave) = (near, interleave);
                    recipe.samples = picture(kind, &recipe, &mut dice);
                    is_as_charls_has_it(&recipe);
                    recipe.near = 0;
                    is_as_charls_has_it(&recipe);
                }
            }
        }
    }
}

/// `CharLS` reads and writes beyond its lines where samples are interleaved and RESET is not 64.
#[test]
fn thresholds_and_reset_of_the_stream_are_used() {
    let mut dice = Dice(2);
    for bits in [2, 7, 8, 12, 16] {
        for near in [0, 1] {
            let most = (1 << bits) - 1;
            let resets = [[0, 0, 0, 0, 3], [0, 0, 0, 0, 63], [0, 0, 0, 0, 255]];
            let steps = [[0, near + 1, near + 1, most, 64], [most, 0, most, most, 0]];
            for presets in resets.into_iter().chain(steps) {
                for (components, interleave) in [(1, 0), (3, 1)] {
                    let mut recipe = recipe(41, 23, bits, components);
                    (recipe.near, recipe.presets) = (near, presets);
                    recipe.interleave = interleave;
                    recipe.samples = picture(1, &recipe, &mut dice);
                    is_as_charls_has_it(&recipe);
                }
            }
        }
    }
}

#[test]
fn colour_transforms_of_hp_are_undone() {
    let mut dice = Dice(3);
    for (bits, interleave) in [(8, 1), (8, 2), (16, 1), (16, 2)] {
        let mut recipe = recipe(31, 12, bits, 3);
        recipe.interleave = interleave;
        recipe.samples = picture(0, &recipe, &mut dice);
        for transform in 0..=3 {
            let stream = with(
                &recipe.encoded(),
                &[b"\xFF\xE8\0\x07mrfx", &[transform][..]].concat(),
            );
            let decoded = ours(&recipe, &stream).expect("a picture");
            assert!(recipe.decoded(&stream) == values(&decoded.samples));
            assert_eq!(transform == 0, recipe.samples == values(&decoded.samples));
        }
    }
}

/// Where the data of the only scan is.
fn data(stream: &[u8]) -> std::ops::Range<usize> {
    let scan = stream.windows(2).position(|two| two == [0xFF, 0xDA]);
    let scan = scan.expect("a scan");
    scan + 2 + usize::from(stream[scan + 3])..stream.len() - 2
}

/// `segment` behind the start of image.
fn with(stream: &[u8], segment: &[u8]) -> Vec<u8> {
    [&stream[..2], segment, &stream[2..]].concat()
}

/// Each interval is coded as if it were an image of its own: C.2.5.
#[test]
fn intervals_begin_anew_behind_their_markers() {
    let mut dice = Dice(4);
    for (components, interleave) in [(1, 0), (3, 1), (3, 2)] {
        let mut whole = recipe(19, 32, 12, components);
        whole.interleave = interleave;
        whole.samples = picture(1, &whole, &mut dice);
        let line = (whole.width * components) as usize;
        let mut stream = with(&whole.encoded(), b"\xFF\xDD\0\x04\0\x03");
        stream.truncate(data(&stream).start);
        for (number, samples) in (0..).zip(whole.samples.chunks(line * 3)) {
            let mut part = whole.clone();
            part.height = u32::try_from(samples.len() / line).expect("a few lines");
            part.samples = samples.to_vec();
            let coded = part.encoded();
            stream.extend(&coded[data(&coded)]);
            stream.extend([
                0xFF,
                if part.height == 3 {
                    0xD0 + number % 8
                } else {
                    0xD9
                },
            ]);
        }
        let decoded = ours(&whole, &stream).expect("a picture");
        assert!(whole.samples == values(&decoded.samples));
        assert_eq!(whole.samples, whole.decoded(&stream));
        let second = stream.windows(2).position(|two| two == [0xFF, 0xD1]);
        stream[second.expect("a restart") + 1] = 0xD2;
        assert_eq!(Err(Reason::DecodeFailed), ours(&whole, &stream));
    }
}

/// A.2.1 takes RANGE and LIMIT from MAXVAL, not from the precision.
#[test]
fn the_largest_value_of_the_stream_counts() {
    let mut twelve = recipe(40, 30, 12, 1);
    twelve.samples = picture(1, &twelve, &mut Dice(5));
    let stream = twelve.encoded();
    let mut sixteen = with(&stream, b"\xFF\xF8\0\x0D\x01\x0F\xFF\0\0\0\0\0\0\0\0");
    let frame = sixteen.windows(2).position(|two| two == [0xFF, 0xF7]);
    sixteen[frame.expect("a frame header") + 4] = 16;

    let decoded = decode(&sixteen, &image(30, 40, 1, 12)).expect("a picture");

    assert_eq!(Some(16), decoded.precision);
    assert_eq!(twelve.samples, values(&decoded.samples));
}

fn small() -> (Recipe, Vec<u8>) {
    let mut recipe = recipe(16, 8, 8, 1);
    recipe.samples = picture(1, &recipe, &mut Dice(6));
    let stream = recipe.encoded();
    (recipe, stream)
}

#[test]
fn segments_that_change_nothing_are_passed_over() {
    let (recipe, stream) = small();
    let expected = ours(&recipe, &stream);
    let spiff = b"\xFF\xE8\0\x08\0\0\0\x01\xFF\xD8";
    let others: [&[u8]; 4] = [spiff, b"\xFF\xFE\0\x04hi", b"\xFF\xFF\xFF\xE3\0\x02", b""];
    for segment in others {
        assert_eq!(expected, ours(&recipe, &with(&stream, segment)));
    }
    let mut sized = with(&stream, b"\xFF\xF8\0\x0A\x04\x03\0\0\x08\0\0\x10");
    let frame = sized.windows(2).position(|two| two == [0xFF, 0xF7]);
    let frame = frame.expect("a frame header");
    sized[frame + 5..frame + 9].fill(0);
    assert_eq!(expected, ours(&recipe, &sized));
}

#[test]
fn what_is_not_supported_is_refused() {
    let (recipe, stream) = small();
    let table = b"\xFF\xF8\0\x06\x02\x01\x01\0";
    let others: [&[u8]; 6] = [
        table,
        b"\xFF\xDC\0\x04\0\x08",
        b"\xFF\xC0\0\x0B\x08\0\x08\0\x10\x01\x01\x11\0",
        b"\xFF\xD9",
        b"\xFF\xE8\0\x07mrfx\x05",
        b"\xFF\xF8\0\x0D\x01\x0F\xFF\0\0\0\0\0\0\0\0",
    ];
    for segment in others {
        let refused = ours(&recipe, &with(&stream, segment));
        assert_eq!(Err(Reason::DecodeFailed), refused, "{segment:?}");
    }
    let start = data(&stream).start;
    // Mapping table, NEAR, interleave of one component, point transform.
    for (behind, value) in [(4, 1), (3, 128), (2, 1), (1, 1)] {
        let mut changed = stream.clone();
        changed[start - behind] = value;
        let refused = ours(&recipe, &changed);
        assert_eq!(Err(Reason::DecodeFailed), refused, "{behind}");
    }
    let other = decode(&stream, &image(8, 17, 1, 8));
    assert_eq!(Err(Reason::FrameMismatch), other);
}

/// Only an end of image may be missing.
#[test]
fn a_stream_that_is_cut_anywhere_is_refused() {
    let (recipe, stream) = small();
    let whole = ours(&recipe, &stream).expect("a picture");
    for length in 0..stream.len() - 2 {
        assert_eq!(Err(Reason::DecodeFailed), ours(&recipe, &stream[..length]));
    }
    for length in [stream.len() - 2, stream.len() - 1] {
        let cut = ours(&recipe, &stream[..length]).expect("a picture");
        assert!(cut.damaged && cut.samples == whole.samples);
    }
    let mut longer = stream[..stream.len() - 2].to_vec();
    longer.extend([0, 0xFF, 0xD9]);
    assert_eq!(Err(Reason::DecodeFailed), ours(&recipe, &longer));
}

/// Errors beyond any RANGE made `CharLS` 2.4.5 look for a Golomb parameter for ever.
#[test]
fn errors_that_no_encoder_writes_end_the_work() {
    let stream = include_bytes!("crashes/no-end-in-run.jls");

    let refused = decode(stream, &image(64, 64, 1, 16));

    assert_eq!(Err(Reason::DecodeFailed), refused);
}
