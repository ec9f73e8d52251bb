//! Finds out what the linked libjpeg-turbo was built with, so that `--version` can say it.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let config = env::var("DEP_TURBOJPEG_INCLUDE")
        .map(|folder| Path::new(&folder).join("jconfig.h"))
        .and_then(|path| fs::read_to_string(path).map_err(|_| env::VarError::NotPresent))
        .unwrap_or_default();
    let simd = config
        .lines()
        .any(|line| line.trim() == "#define WITH_SIMD 1");
    let version = config
        .lines()
        .find_map(|line| line.trim().strip_prefix("#define LIBJPEG_TURBO_VERSION"))
        .map_or("unknown", str::trim);
    println!("cargo::rustc-env=TURBO_VERSION={version}");
    println!(
        "cargo::rustc-env=TURBO_SIMD={}",
        if simd { "yes" } else { "no" }
    );
    if !simd {
        println!(
            "cargo::warning=libjpeg-turbo was built without SIMD (is nasm missing?): JPEG coding is about 4 times slower"
        );
    }
}
