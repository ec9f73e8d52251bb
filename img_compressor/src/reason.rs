//! The closed lists of words that a row may use: why no image was made, and what was noticed.
//!
//! Words only: no value, UID or name from an object ever enters a message.

use serde::Serialize;

/// Why an object or a frame has no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    // Skipped: nothing is wrong, there is nothing to render.
    /// The object holds no pixel data (SR, RTSTRUCT, PDF, presentation state, DICOMDIR).
    #[error("no_pixel_data")]
    NoPixelData,
    /// MPEG-2, MPEG-4, HEVC or ST 2110 video.
    #[error("video")]
    Video,
    /// The pixel data is kept by a provider elsewhere (JPIP referenced).
    #[error("pixel_data_elsewhere")]
    PixelDataElsewhere,

    // Errors of the request or the place.
    /// The request line is no JSON object of the documented form.
    #[error("bad_request")]
    BadRequest,
    /// There is no such file or object.
    #[error("input_not_found")]
    InputNotFound,
    /// The file or object exists but may not or cannot be read.
    #[error("input_unreadable")]
    InputUnreadable,
    /// The image could not be written.
    #[error("output_unwritable")]
    OutputUnwritable,
    /// The object store is not configured or not reachable.
    #[error("store_unavailable")]
    StoreUnavailable,

    // Errors of the object.
    /// Zero bytes.
    #[error("empty_input")]
    EmptyInput,
    /// Neither a DICOM preamble nor a plausible first element.
    #[error("not_dicom")]
    NotDicom,
    /// The file ends inside an element before the pixel data.
    #[error("truncated_header")]
    TruncatedHeader,
    /// Elements whose structure the standard does not allow.
    #[error("malformed_header")]
    MalformedHeader,
    /// More sequence levels, or more kept bytes, than the stated bounds.
    #[error("header_too_large")]
    HeaderTooLarge,
    /// No Transfer Syntax UID, and an encoding that looks like none.
    #[error("missing_transfer_syntax")]
    MissingTransferSyntax,
    /// A transfer syntax that this program does not decode.
    #[error("unsupported_transfer_syntax")]
    UnsupportedTransferSyntax,
    /// Rows, Columns, Samples per Pixel, Bits Allocated or the like is absent.
    #[error("missing_attribute")]
    MissingAttribute,
    /// Rows or Columns is zero.
    #[error("zero_dimension")]
    ZeroDimension,
    /// Number of Frames is not a positive integer.
    #[error("invalid_number_of_frames")]
    InvalidNumberOfFrames,
    /// Bits Allocated, Bits Stored, High Bit and the like contradict each other.
    #[error("inconsistent_attributes")]
    InconsistentAttributes,
    /// A combination of bits and samples that is not rendered.
    #[error("unsupported_pixel_format")]
    UnsupportedPixelFormat,
    /// A Photometric Interpretation that is not rendered.
    #[error("unsupported_photometric")]
    UnsupportedPhotometric,
    /// A palette descriptor or its data is absent or contradicts itself.
    #[error("invalid_palette")]
    InvalidPalette,
    /// A modality or VOI look-up table is absent or contradicts itself.
    #[error("invalid_lookup_table")]
    InvalidLookupTable,
    /// One decoded frame would be larger than `--max-frame-mib`.
    #[error("frame_too_large")]
    FrameTooLarge,
    /// The deflated data set inflates beyond its bound.
    #[error("inflated_too_large")]
    InflatedTooLarge,
    /// The deflated stream is broken.
    #[error("deflate_failed")]
    DeflateFailed,
    /// The pixel data ends before the frame does.
    #[error("truncated_pixel_data")]
    TruncatedPixelData,
    /// Items and delimiters of encapsulated pixel data are not where they should be.
    #[error("malformed_encapsulation")]
    MalformedEncapsulation,
    /// Number of Frames says more frames than the pixel data holds.
    #[error("missing_frame")]
    MissingFrame,
    /// The compressed frame could not be decoded.
    #[error("decode_failed")]
    DecodeFailed,
    /// The compressed frame has other dimensions or components than the header.
    #[error("frame_mismatch")]
    FrameMismatch,
    /// The encoder refused the frame.
    #[error("encode_failed")]
    EncodeFailed,
    /// This pixel format cannot be emitted in the format asked for.
    #[error("unsupported_emit")]
    UnsupportedEmit,
    /// The frame took more processor time than `--frame-seconds` has for it.
    #[error("timed_out")]
    TimedOut,
    /// A fault of this program, caught at the object border.
    #[error("internal_error")]
    InternalError,
}

impl Reason {
    /// Whether the object is fine and there is nothing to render.
    #[must_use]
    pub fn is_skip(self) -> bool {
        matches!(
            self,
            Self::NoPixelData | Self::Video | Self::PixelDataElsewhere
        )
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a row of a rendered frame should say besides `ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// No `DICM` preamble.
    NoPreamble,
    /// No Transfer Syntax UID; the encoding was found by looking.
    TransferSyntaxGuessed,
    /// The data set is not encoded as its Transfer Syntax UID says.
    TransferSyntaxMismatch,
    /// Number of Frames was 0 and read as 1.
    ZeroFramesReadAsOne,
    /// No window: minimum and maximum of the whole object were used.
    WindowFromMinMax,
    /// A window that the standard does not allow was passed over.
    InvalidWindowIgnored,
    /// Window Center and Window Width have different counts.
    WindowCountMismatch,
    /// An unknown VOI LUT Function was read as LINEAR.
    UnknownVoiFunction,
    /// A VOI LUT Sequence was used instead of a window.
    VoiLutUsed,
    /// A VOI LUT that contradicts itself was passed over.
    InvalidVoiLutIgnored,
    /// A Modality LUT Sequence was used instead of a rescale.
    ModalityLutUsed,
    /// A rescale slope or intercept that is no number was passed over.
    InvalidRescaleIgnored,
    /// More pixel data than the frames need.
    ExcessPixelData,
    /// The sequence of fragments ends without its delimiter.
    MissingDelimiter,
    /// The pixel data is full resolution although the header says 4:2:2.
    NotSubsampled,
    /// The compressed frame's precision or sign is not the header's.
    PrecisionMismatch,
    /// The compressed stream is damaged but decoded.
    DamagedStream,
    /// Overlays are present and were not drawn, or not all of them.
    OverlayNotDrawn,
    /// Overlays were drawn.
    OverlayDrawn,
    /// An ICC profile is present and was not embedded.
    IccProfileNotEmbedded,
    /// Pixels are not square; the density in the JPEG says so.
    NonSquarePixels,
    /// The source was compressed with loss before.
    LossySource,
    /// Burned In Annotation is YES.
    BurnedInAnnotation,
    /// The object's own JPEG stream was copied, not coded again.
    StreamCopied,
    /// Signed samples were stored with 32768 added.
    SignedOffset,
}
