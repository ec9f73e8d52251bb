//! Headers: open, plan, the plan of a frame, and overlays onto rows of it.
#![no_main]

use img_compressor::object;
use img_compressor::overlay::{Overlay, Shape};
use img_compressor::plan::Plan;
use img_compressor::source::Memory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let source = Box::new(Memory(input.to_vec()));
    let Ok(object) = object::open(source, fuzzed::LIMITS.max_inflated) else {
        return;
    };
    let Ok(plan) = Plan::of(&object, None, fuzzed::LIMITS) else {
        return;
    };
    assert!(plan.image.frame_bytes() <= fuzzed::LIMITS.max_frame || plan.image.by_strips);
    let text = plan.describe(&object).to_string();
    assert!(text.len() < 8 << 10, "the plan quotes the object");
    let shape = Shape {
        columns: 64,
        channels: 3,
    };
    let mut rows = vec![0; 64 * 64 * 3];
    for overlay in Overlay::all(&object.dataset).flatten() {
        overlay.draw(&mut rows, shape, 1, 8);
    }
    let pixels = rows
        .chunks_exact(3)
        .all(|pixel| pixel == [0; 3] || pixel == [255; 3]);
    assert!(pixels, "an overlay draws whole pixels");
});
