//! Colour profiles: what is embedded is clean, and cleaning it again changes nothing.
#![no_main]

use img_compressor::encode::segments;
use img_compressor::icc;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(clean) = icc::cleaned(input) else {
        return;
    };
    assert_eq!(Some(&clean), icc::cleaned(&clean).as_ref());
    if let Some(segments) = segments::icc(&clean) {
        assert!(segments.len() >= clean.len());
    }
});
