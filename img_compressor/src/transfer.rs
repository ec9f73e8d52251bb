//! Transfer syntaxes: how a data set is spelled and how its pixels are coded. PS3.5 Annex A.

use crate::reason::Reason;

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// Value representations are written in the stream.
    pub explicit: bool,
    /// The retired big endian syntax.
    pub big_endian: bool,
}

impl Spelling {
    /// Explicit VR little endian: the meta group and every encapsulated object.
    pub const EXPLICIT: Self = Self {
        explicit: true,
        big_endian: false,
    };
    /// Implicit VR little endian: the default of the network.
    pub const IMPLICIT: Self = Self {
        explicit: false,
        big_endian: false,
    };
    /// Explicit VR big endian, retired.
    pub const BIG_ENDIAN: Self = Self {
        explicit: true,
        big_endian: true,
    };
}

/// How one frame's pixels are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Uncompressed, not encapsulated.
    Native,
    /// Uncompressed, one frame per item (Encapsulated Uncompressed).
    Encapsulated,
    /// RLE Lossless, PS3.5 Annex G.
    Rle,
    /// Any process of ISO 10918-1 that libjpeg-turbo decodes.
    Jpeg,
    /// JPEG-LS.
    JpegLs,
    /// JPEG 2000 Part 1 and High-Throughput JPEG 2000.
    Jpeg2000,
    /// JPEG XL.
    JpegXl,
    /// Each frame is one raw deflate stream (Deflated Image Frame Compression).
    DeflatedFrame,
}

/// What a Transfer Syntax UID says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferSyntax {
    /// How elements are written.
    pub spelling: Spelling,
    /// How pixels are coded.
    pub coding: Coding,
    /// The whole data set after the meta group is deflated.
    pub deflated: bool,
    /// The coding loses information.
    pub lossy: bool,
}

const fn encapsulated(coding: Coding, lossy: bool) -> TransferSyntax {
    TransferSyntax {
        spelling: Spelling::EXPLICIT,
        coding,
        deflated: false,
        lossy,
    }
}

const fn native(spelling: Spelling, deflated: bool) -> TransferSyntax {
    TransferSyntax {
        spelling,
        coding: Coding::Native,
        deflated,
        lossy: false,
    }
}

/// Read a Transfer Syntax UID.
///
/// # Errors
///
/// [`Reason::Video`], [`Reason::PixelDataElsewhere`] for syntaxes without still frames of their
/// own, [`Reason::UnsupportedTransferSyntax`] for the rest (private ones). The header of
/// such an object is still explicit little endian.
pub fn transfer_syntax(uid: &str) -> Result<TransferSyntax, Reason> {
    let Some(suffix) = uid.strip_prefix("1.2.840.10008.1.2") else {
        // GE's private syntax: implicit little endian headers, big endian pixels.
        return Err(Reason::UnsupportedTransferSyntax);
    };
    Ok(match suffix {
        "" => native(Spelling::IMPLICIT, false),
        ".1" => native(Spelling::EXPLICIT, false),
        ".1.99" => native(Spelling::EXPLICIT, true),
        ".2" => native(Spelling::BIG_ENDIAN, false),
        ".1.98" => encapsulated(Coding::Encapsulated, false),
        ".5" => encapsulated(Coding::Rle, false),
        ".8.1" => encapsulated(Coding::DeflatedFrame, false),
        ".4.57" | ".4.58" | ".4.65" | ".4.66" | ".4.70" => encapsulated(Coding::Jpeg, false),
        ".4.50" | ".4.51" | ".4.52" | ".4.53" | ".4.54" | ".4.55" | ".4.56" | ".4.59" | ".4.60"
        | ".4.61" | ".4.62" | ".4.63" | ".4.64" => encapsulated(Coding::Jpeg, true),
        ".4.80" => encapsulated(Coding::JpegLs, false),
        ".4.81" => encapsulated(Coding::JpegLs, true),
        ".4.90" | ".4.92" | ".4.201" | ".4.202" => encapsulated(Coding::Jpeg2000, false),
        ".4.91" | ".4.93" | ".4.203" => encapsulated(Coding::Jpeg2000, true),
        ".4.110" => encapsulated(Coding::JpegXl, false),
        // A JPEG packed again (.111) lost what it lost when it was made.
        ".4.111" | ".4.112" => encapsulated(Coding::JpegXl, true),
        ".4.94" | ".4.95" | ".4.204" | ".4.205" => return Err(Reason::PixelDataElsewhere),
        video if is_video(video) => return Err(Reason::Video),
        _ => return Err(Reason::UnsupportedTransferSyntax),
    })
}

/// MPEG-2 .100-.101, MPEG-4 AVC .102-.106, HEVC .107-.108 (each `.1` when fragmentable), and
/// SMPTE ST 2110 .7.x.
fn is_video(suffix: &str) -> bool {
    let process = suffix
        .strip_prefix(".4.")
        .and_then(|rest| rest.split('.').next())
        .and_then(|number| number.parse::<u32>().ok());
    process.is_some_and(|number| (100..=108).contains(&number)) || suffix.starts_with(".7.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_is_told_from_stills() {
        for uid in [
            "1.2.840.10008.1.2.4.100",
            "1.2.840.10008.1.2.4.102.1",
            "1.2.840.10008.1.2.7.1",
        ] {
            assert_eq!(Err(Reason::Video), transfer_syntax(uid));
        }
        assert!(transfer_syntax("1.2.840.10008.1.2.4.50").is_ok_and(|syntax| syntax.lossy));
    }

    #[test]
    fn a_private_syntax_is_unsupported() {
        let private = transfer_syntax("1.2.840.113619.5.2");

        assert_eq!(Err(Reason::UnsupportedTransferSyntax), private);
    }
}
