//! Headers: open, plan, and the plan of a frame.
#![no_main]

use img_compressor::object;
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
});
