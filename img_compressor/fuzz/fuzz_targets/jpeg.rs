//! JPEG frames of every process.
#![no_main]

use img_compressor::transfer::Coding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzed::decode(Coding::Jpeg, input, fuzzed::jpeg_size));
