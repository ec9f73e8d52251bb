//! Uncompressed frames.
#![no_main]

use img_compressor::transfer::Coding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzed::decode(Coding::Encapsulated, input, |_| None));
