//! DICOM pixel data to images, the way the standard's display pipeline says.
//!
//! One room per step, in the order in which a value meets them: [`source`] and [`store`] read
//! bytes, [`object`], [`header`] and [`element`] find the elements and the pixels, [`image`] and [`plan`]
//! decide, [`frames`] and [`codecs`] decode, [`modality`], [`voi`], [`window`], [`grey`], [`greys`], [`line`],
//! [`palette`] and [`colour`] render, [`overlay`] draws, [`mask`] hides, [`encode`] codes ([`icc`] says what colours mean), [`passthrough`] copies what needs none of it, [`place`] and [`archive`] write,
//! [`answer`] reports and [`batch`] does it for many ([`memory`] is kept from one to the next, [`watch`] and [`clock`] leave a frame that takes too long).

pub mod answer;
pub mod archive;
pub mod batch;
pub mod clock;
pub mod codecs;
pub mod colour;
pub mod dataset;
pub mod element;
pub mod encode;
pub mod frames;
pub mod grey;
pub mod greys;
pub mod header;
pub mod icc;
pub mod image;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod line;
pub mod lut;
pub mod mask;
pub mod memory;
pub mod modality;
pub mod object;
pub mod overlay;
pub mod palette;
pub mod passthrough;
pub mod place;
pub mod plan;
pub mod reason;
pub mod render;
pub mod samples;
pub mod source;
pub mod store;
pub mod transfer;
pub mod voi;
pub mod watch;
pub mod window;

/// What this program is, in one line: its version and whether SIMD is in.
#[must_use]
pub fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("img-compressor {version} (libjpeg-turbo {TURBO_VERSION}, simd: {TURBO_SIMD})")
}

/// Version of the linked libjpeg-turbo.
pub const TURBO_VERSION: &str = env!("TURBO_VERSION");
/// Whether it was built with SIMD, `yes` or `no`.
pub const TURBO_SIMD: &str = env!("TURBO_SIMD");
