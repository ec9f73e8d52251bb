//! JPEG 2000 and HTJ2K frames.
#![no_main]

use img_compressor::transfer::Coding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzed::decode(Coding::Jpeg2000, input, fuzzed::j2k_size));
