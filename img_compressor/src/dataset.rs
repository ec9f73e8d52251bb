//! The elements that rendering needs, and how their values are read.
//!
//! A [`Dataset`] holds raw bytes; nothing is converted before somebody asks, and a value that
//! cannot be converted is absent, never an error with its text in it.

/// A tag, `(group << 16) | element`.
pub type Tag = u32;

/// A two-letter value representation as written; `None` in implicit streams.
pub type Vr = Option<[u8; 2]>;

/// The value of one element.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Bytes as in the stream.
    Bytes(Vec<u8>),
    /// Items of a sequence.
    Items(Vec<Dataset>),
}

/// One element that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// Its VR, where the stream says it.
    pub vr: Vr,
    /// Its value.
    pub value: Value,
}

/// Kept elements of a data set or of a sequence item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// In stream order.
    pub elements: Vec<Element>,
    /// Numbers are big endian.
    pub big_endian: bool,
}

impl Dataset {
    /// The first element with this tag.
    #[must_use]
    pub fn element(&self, tag: Tag) -> Option<&Element> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    /// Raw bytes of an element that is present and not empty.
    #[must_use]
    pub fn bytes(&self, tag: Tag) -> Option<&[u8]> {
        match &self.element(tag)?.value {
            Value::Bytes(bytes) if !bytes.is_empty() => Some(bytes),
            _ => None,
        }
    }

    /// Items of a sequence; none where it is absent.
    #[must_use]
    pub fn items(&self, tag: Tag) -> &[Dataset] {
        match self.element(tag).map(|element| &element.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// First item of a sequence.
    #[must_use]
    pub fn first_item(&self, tag: Tag) -> Option<&Dataset> {
        self.items(tag).first()
    }

    /// Values of a US, SS or OW element, each as the 16 bits in the stream.
    #[must_use]
    pub fn words(&self, tag: Tag) -> Option<Vec<u16>> {
        let swap = self.big_endian;
        self.bytes(tag).map(|bytes| {
            let pairs = bytes.chunks_exact(2);
            pairs.map(|pair| word([pair[0], pair[1]], swap)).collect()
        })
    }

    /// First value of a US element.
    #[must_use]
    pub fn word(&self, tag: Tag) -> Option<u16> {
        match self.bytes(tag)? {
            [first, second, ..] => Some(word([*first, *second], self.big_endian)),
            _ => None,
        }
    }

    /// Text of an element without padding; `None` unless it is ASCII.
    #[must_use]
    pub fn text(&self, tag: Tag) -> Option<&str> {
        let text = std::str::from_utf8(self.bytes(tag)?).ok()?;
        text.is_ascii()
            .then(|| text.trim_matches(|letter: char| letter == '\0' || letter.is_whitespace()))
    }

    /// Values of a DS or IS element; one that is no finite number is `None`.
    #[must_use]
    pub fn decimals(&self, tag: Tag) -> Vec<Option<f64>> {
        self.text(tag)
            .filter(|text| !text.is_empty())
            .map_or_else(Vec::new, |text| text.split('\\').map(decimal).collect())
    }

    /// First value of a DS element.
    #[must_use]
    pub fn decimal(&self, tag: Tag) -> Option<f64> {
        self.decimals(tag).first().copied().flatten()
    }
}

fn decimal(text: &str) -> Option<f64> {
    let value = text.trim().parse::<f64>().ok()?;
    value.is_finite().then_some(value)
}

fn word(pair: [u8; 2], big_endian: bool) -> u16 {
    if big_endian {
        u16::from_be_bytes(pair)
    } else {
        u16::from_le_bytes(pair)
    }
}

/// Tags that the renderer asks for.
pub mod tags {
    use super::Tag;

    /// Transfer Syntax UID.
    pub const TRANSFER_SYNTAX_UID: Tag = 0x0002_0010;
    /// Pixel Spacing.
    pub const PIXEL_SPACING: Tag = 0x0028_0030;
    /// Samples per Pixel.
    pub const SAMPLES_PER_PIXEL: Tag = 0x0028_0002;
    /// Photometric Interpretation.
    pub const PHOTOMETRIC_INTERPRETATION: Tag = 0x0028_0004;
    /// Planar Configuration.
    pub const PLANAR_CONFIGURATION: Tag = 0x0028_0006;
    /// Number of Frames.
    pub const NUMBER_OF_FRAMES: Tag = 0x0028_0008;
    /// Rows.
    pub const ROWS: Tag = 0x0028_0010;
    /// Columns.
    pub const COLUMNS: Tag = 0x0028_0011;
    /// Pixel Aspect Ratio.
    pub const PIXEL_ASPECT_RATIO: Tag = 0x0028_0034;
    /// Bits Allocated.
    pub const BITS_ALLOCATED: Tag = 0x0028_0100;
    /// Bits Stored.
    pub const BITS_STORED: Tag = 0x0028_0101;
    /// High Bit.
    pub const HIGH_BIT: Tag = 0x0028_0102;
    /// Pixel Representation.
    pub const PIXEL_REPRESENTATION: Tag = 0x0028_0103;
    /// Pixel Padding Value.
    pub const PIXEL_PADDING_VALUE: Tag = 0x0028_0120;
    /// Pixel Padding Range Limit.
    pub const PIXEL_PADDING_RANGE_LIMIT: Tag = 0x0028_0121;
    /// Burned In Annotation.
    pub const BURNED_IN_ANNOTATION: Tag = 0x0028_0301;
    /// Window Center.
    pub const WINDOW_CENTER: Tag = 0x0028_1050;
    /// Window Width.
    pub const WINDOW_WIDTH: Tag = 0x0028_1051;
    /// Rescale Intercept.
    pub const RESCALE_INTERCEPT: Tag = 0x0028_1052;
    /// Rescale Slope.
    pub const RESCALE_SLOPE: Tag = 0x0028_1053;
    /// VOI LUT Function.
    pub const VOI_LUT_FUNCTION: Tag = 0x0028_1056;
    /// Red, green and blue palette descriptors.
    pub const PALETTE_DESCRIPTORS: [Tag; 3] = [0x0028_1101, 0x0028_1102, 0x0028_1103];
    /// Red, green and blue palette data.
    pub const PALETTE_DATA: [Tag; 3] = [0x0028_1201, 0x0028_1202, 0x0028_1203];
    /// Red, green and blue segmented palette data.
    pub const SEGMENTED_PALETTE_DATA: [Tag; 3] = [0x0028_1221, 0x0028_1222, 0x0028_1223];
    /// ICC Profile.
    pub const ICC_PROFILE: Tag = 0x0028_2000;
    /// Lossy Image Compression.
    pub const LOSSY_IMAGE_COMPRESSION: Tag = 0x0028_2110;
    /// Modality LUT Sequence.
    pub const MODALITY_LUT_SEQUENCE: Tag = 0x0028_3000;
    /// LUT Descriptor.
    pub const LUT_DESCRIPTOR: Tag = 0x0028_3002;
    /// LUT Data.
    pub const LUT_DATA: Tag = 0x0028_3006;
    /// VOI LUT Sequence.
    pub const VOI_LUT_SEQUENCE: Tag = 0x0028_3010;
    /// Frame VOI LUT Sequence.
    pub const FRAME_VOI_LUT_SEQUENCE: Tag = 0x0028_9132;
    /// Pixel Value Transformation Sequence.
    pub const PIXEL_VALUE_TRANSFORMATION_SEQUENCE: Tag = 0x0028_9145;
    /// Optical Path Sequence.
    pub const OPTICAL_PATH_SEQUENCE: Tag = 0x0048_0105;
    /// Presentation LUT Shape.
    pub const PRESENTATION_LUT_SHAPE: Tag = 0x2050_0020;
    /// Shared Functional Groups Sequence.
    pub const SHARED_FUNCTIONAL_GROUPS_SEQUENCE: Tag = 0x5200_9229;
    /// Per-Frame Functional Groups Sequence.
    pub const PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE: Tag = 0x5200_9230;
    /// Overlay Rows, without its group.
    pub const OVERLAY_ROWS: Tag = 0x0010;
    /// Overlay Columns, without its group.
    pub const OVERLAY_COLUMNS: Tag = 0x0011;
    /// Number of Frames in Overlay, without its group.
    pub const OVERLAY_FRAMES: Tag = 0x0015;
    /// Overlay Origin, without its group.
    pub const OVERLAY_ORIGIN: Tag = 0x0050;
    /// Image Frame Origin, without its group.
    pub const OVERLAY_FIRST_FRAME: Tag = 0x0051;
    /// Overlay Data, without its group.
    pub const OVERLAY_DATA: Tag = 0x3000;
    /// Extended Offset Table.
    pub const EXTENDED_OFFSET_TABLE: Tag = 0x7FE0_0001;
    /// Extended Offset Table Lengths.
    pub const EXTENDED_OFFSET_TABLE_LENGTHS: Tag = 0x7FE0_0002;
    /// Float Pixel Data.
    pub const FLOAT_PIXEL_DATA: Tag = 0x7FE0_0008;
    /// Double Float Pixel Data.
    pub const DOUBLE_FLOAT_PIXEL_DATA: Tag = 0x7FE0_0009;
    /// Pixel Data.
    pub const PIXEL_DATA: Tag = 0x7FE0_0010;
    /// Item.
    pub const ITEM: Tag = 0xFFFE_E000;
    /// Item Delimitation Item.
    pub const ITEM_END: Tag = 0xFFFE_E00D;
    /// Sequence Delimitation Item.
    pub const SEQUENCE_END: Tag = 0xFFFE_E0DD;

    /// What is read of an overlay plane.
    const OVERLAY: [Tag; 6] = [
        OVERLAY_ROWS,
        OVERLAY_COLUMNS,
        OVERLAY_FRAMES,
        OVERLAY_ORIGIN,
        OVERLAY_FIRST_FRAME,
        OVERLAY_DATA,
    ];

    /// The groups that overlay planes may have, 6000 to 601E. PS3.5 7.6.
    pub fn overlay_groups() -> impl Iterator<Item = Tag> {
        (0x6000..=0x601E).step_by(2).map(|group: Tag| group << 16)
    }

    /// Sequences whose items are read.
    pub const DESCENDED: [Tag; 7] = [
        MODALITY_LUT_SEQUENCE,
        VOI_LUT_SEQUENCE,
        FRAME_VOI_LUT_SEQUENCE,
        PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
        OPTICAL_PATH_SEQUENCE,
        SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    ];

    /// Whether the value of this element is kept.
    #[must_use]
    pub fn is_kept(tag: Tag) -> bool {
        match tag >> 16 {
            0x0028 => !matches!(tag, 0x0028_0200..=0x0028_0300),
            0x6000..=0x601E => OVERLAY.contains(&(tag & 0xFFFF)),
            0x7FE0 => tag < FLOAT_PIXEL_DATA,
            _ => matches!(tag, TRANSFER_SYNTAX_UID | PRESENTATION_LUT_SHAPE),
        }
    }
}
