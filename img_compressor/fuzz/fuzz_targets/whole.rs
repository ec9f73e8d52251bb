//! One object from bytes to images, as the program does it, without files.
#![no_main]

use img_compressor::encode::jpeg::Encoder;
use img_compressor::encode::strips::{self, Strips};
use img_compressor::encode::{Subsampling, png};
use img_compressor::mask::{Paint, Rectangle};
use img_compressor::object::{self, Object};
use img_compressor::plan::Plan;
use img_compressor::reason::Reason;
use img_compressor::render::Renderer;
use img_compressor::source::Memory;
use libfuzzer_sys::fuzz_target;

/// Frames of one input that are looked at.
const FRAMES: u32 = 3;

fuzz_target!(|input: &[u8]| {
    let source = Box::new(Memory(input.to_vec()));
    let Ok(object) = object::open(source, fuzzed::LIMITS.max_inflated) else {
        return;
    };
    if let Ok(mut plan) = Plan::of(&object, None, fuzzed::LIMITS) {
        plan.image.frames = plan.image.frames.min(FRAMES);
        let _ = answered(&object, &plan);
    }
});

fn answered(object: &Object, plan: &Plan) -> Result<(), Reason> {
    let mut encoder = Encoder::new(90, Subsampling::S444)?;
    let mut renderer = Renderer::new(object, plan, fuzzed::LIMITS)?;
    for index in 0..plan.image.frames {
        if plan.image.by_strips {
            by_strips(plan, &mut renderer, &mut encoder, index)?;
            continue;
        }
        let copied = renderer.copied(index)?;
        assert!(copied.is_none_or(|copied| copied.bytes.starts_with(&[0xFF, 0xD8])));
        let image = &plan.image;
        if let Ok(mut picture) = renderer.picture(index) {
            let size = image.pixel_count() * picture.channels;
            assert_eq!(size, picture.pixels.len());
            let paint = Paint {
                masks: vec![Rectangle(1, 1, 3, i64::MAX)],
                keep: None,
            };
            paint.apply(
                &mut picture.pixels,
                image.columns as usize,
                picture.channels,
            );
            let file = encoder.encode(&picture, plan.front.density);
            file.expect("a picture of the right size can be coded");
        }
        if let Ok((words, _)) = renderer.stored(index) {
            png::grey16(&words, image.columns, image.rows)?;
        }
    }
    Ok(())
}

fn by_strips(
    plan: &Plan,
    renderer: &mut Renderer<'_>,
    encoder: &mut Encoder,
    index: u32,
) -> Result<(), Reason> {
    let mut strips = Strips::new(encoder, plan.image.rows, &plan.front);
    let mut size = 0;
    for rows in plan.image.pieces(strips::ROWS) {
        let strip = renderer.strip(index, &rows)?;
        strips.add(&strip, &mut |bytes| {
            size += bytes.len();
            Ok(())
        })?;
    }
    assert!(size > 0);
    Ok(())
}
