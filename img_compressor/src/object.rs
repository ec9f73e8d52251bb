//! A DICOM object: preamble, meta group, transfer syntax, data set, and the place of its pixels.
//!
//! Files without a preamble, without a meta group or with a wrong Transfer Syntax UID are read as
//! they are written; what was guessed is a [`Warning`].

use std::cell::RefCell;
use std::io::Read;

use flate2::read::DeflateDecoder;

use crate::dataset::{Dataset, tags};
use crate::element::element_header;
use crate::header::{self, PixelLocation};
use crate::reason::{Reason, Warning};
use crate::source::{Memory, Scan, Source, Window};
use crate::transfer::{Spelling, TransferSyntax, transfer_syntax};

/// A header that was read, and the bytes behind it.
pub struct Object {
    /// Where the pixel data is read from: the input, or the inflated data set.
    pub source: Box<dyn Source>,
    /// What was kept of the header.
    pub dataset: Dataset,
    /// Transfer Syntax UID as written, digits and dots only.
    pub transfer_syntax_uid: Option<String>,
    /// What it means.
    pub syntax: TransferSyntax,
    /// Where the pixels are.
    pub pixels: PixelLocation,
    /// What was guessed.
    pub warnings: Vec<Warning>,
    /// What was read last of the source, for whoever reads on.
    pub window: RefCell<Window>,
}

/// What could be said of an object that has no image.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Transfer Syntax UID, where it was read.
    pub transfer_syntax_uid: Option<String>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            transfer_syntax_uid: None,
        }
    }
}

/// Read the header of an object.
///
/// `max_inflated` bounds a deflated data set in bytes.
///
/// # Errors
///
/// A skip where there is nothing to render, an error where the file is not what it says.
pub fn open(source: Box<dyn Source>, max_inflated: u64) -> Result<Object, Refusal> {
    let front = front(&*source)?;
    let uid = front.uid.clone();
    read_body(source, front, max_inflated).map_err(|reason| Refusal {
        reason,
        transfer_syntax_uid: uid,
    })
}

/// What stands before the data set.
struct Front {
    body_at: u64,
    uid: Option<String>,
    warnings: Vec<Warning>,
    window: Window,
}

fn front(source: &dyn Source) -> Result<Front, Reason> {
    if source.size() == 0 {
        return Err(Reason::EmptyInput);
    }
    let scan = Scan::new(source);
    let mut warnings = Vec::new();
    let preamble = scan.array::<4>(128)? == Some(*b"DICM");
    let start = if preamble {
        132
    } else {
        if sniff(&scan, 0)?.is_none() {
            return Err(Reason::NotDicom);
        }
        warnings.push(Warning::NoPreamble);
        0
    };
    let mut at = start;
    let mut uid = None;
    // Group 0002 is always explicit little endian; its own length is often wrong.
    while let Some(element) = element_header(&scan, at, Spelling::EXPLICIT)? {
        if element.tag >> 16 != 0x0002 {
            break;
        }
        if element.tag == tags::TRANSFER_SYNTAX_UID && element.length <= 64 {
            let mut text = vec![0; element.length as usize];
            scan.read(element.value_at, &mut text)
                .map_err(|_| Reason::TruncatedHeader)?;
            uid = uid_text(&text);
        }
        at = element.value_at + u64::from(element.length);
        if at > source.size() {
            return Err(Reason::TruncatedHeader);
        }
    }
    Ok(Front {
        body_at: at,
        uid,
        warnings,
        window: scan.into_window(),
    })
}

/// Digits and dots of a UID; anything else ends it.
fn uid_text(bytes: &[u8]) -> Option<String> {
    let text: String = bytes
        .iter()
        .map(|byte| char::from(*byte))
        .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
        .collect();
    (!text.is_empty()).then_some(text)
}

fn read_body(source: Box<dyn Source>, front: Front, max: u64) -> Result<Object, Reason> {
    let mut warnings = front.warnings;
    let declared = front.uid.as_deref().map(transfer_syntax);
    let (source, body_at, window) = match declared {
        Some(Ok(syntax)) if syntax.deflated => {
            let inflated = inflate(&*source, front.body_at, max)?;
            let source: Box<dyn Source> = Box::new(Memory(inflated));
            (source, 0, Window::default())
        }
        _ => (source, front.body_at, front.window),
    };
    let scan = Scan::resumed(&*source, window);
    let (spelling, syntax) = spelling(&scan, body_at, declared, &mut warnings)?;
    let parsed = header::parse(&scan, body_at, spelling).map_err(|reason| match reason {
        Reason::TruncatedPixelData => Reason::TruncatedHeader,
        other => other,
    })?;
    let pixels = parsed.pixels.ok_or(Reason::NoPixelData)?;
    let syntax = syntax?;
    let window = RefCell::new(scan.into_window());
    Ok(Object {
        window,
        dataset: parsed.dataset,
        transfer_syntax_uid: front.uid,
        syntax,
        pixels,
        warnings,
        source,
    })
}

type Declared = Option<Result<TransferSyntax, Reason>>;

/// How the data set is really spelled, next to how it is declared.
///
/// The syntax itself may be one that is not rendered; that is told only after the header, since
/// an object without pixel data is a skip whatever its syntax.
fn spelling(
    scan: &Scan<'_>,
    at: u64,
    declared: Declared,
    warnings: &mut Vec<Warning>,
) -> Result<(Spelling, Result<TransferSyntax, Reason>), Reason> {
    let seen = sniff(scan, at)?;
    Ok(match declared {
        None => {
            let spelling = seen.ok_or(Reason::MissingTransferSyntax)?;
            warnings.push(Warning::TransferSyntaxGuessed);
            (spelling, native_syntax(spelling))
        }
        Some(Err(reason)) => (seen.unwrap_or(Spelling::EXPLICIT), Err(reason)),
        Some(Ok(mut syntax)) => {
            if let Some(seen) = seen.filter(|seen| *seen != syntax.spelling) {
                warnings.push(Warning::TransferSyntaxMismatch);
                syntax.spelling = seen;
            }
            (syntax.spelling, Ok(syntax))
        }
    })
}

fn native_syntax(spelling: Spelling) -> Result<TransferSyntax, Reason> {
    transfer_syntax(match spelling {
        Spelling::IMPLICIT => "1.2.840.10008.1.2",
        Spelling::BIG_ENDIAN => "1.2.840.10008.1.2.2",
        _ => "1.2.840.10008.1.2.1",
    })
}

/// The spelling of what begins at `at`, if it looks like a data set at all.
fn sniff(scan: &Scan<'_>, at: u64) -> Result<Option<Spelling>, Reason> {
    let Some([g0, g1, e0, e1, v0, v1, l0, l1]) = scan.array::<8>(at)? else {
        return Ok(None);
    };
    let little = u16::from_le_bytes([g0, g1]);
    let big = u16::from_be_bytes([g0, g1]);
    // The first group of a data set is 0002, 0004 (DICOMDIR) or 0008; some begin later.
    let plausible = |group: u16| group != 0 && group <= 0x0028 && group.is_multiple_of(2);
    if v0.is_ascii_uppercase() && v1.is_ascii_uppercase() {
        return Ok(if plausible(little) {
            Some(Spelling::EXPLICIT)
        } else if plausible(big) {
            Some(Spelling::BIG_ENDIAN)
        } else {
            None
        });
    }
    let length = u32::from_le_bytes([v0, v1, l0, l1]);
    let element = u16::from_le_bytes([e0, e1]);
    let fits = length == u32::MAX || at + 8 + u64::from(length) <= scan.size();
    let implicit = plausible(little) && little >= 8 && fits && element <= 0x9999;
    Ok(implicit.then_some(Spelling::IMPLICIT))
}

/// Inflate everything from `at`, never beyond `max` bytes.
fn inflate(source: &dyn Source, at: u64, max: u64) -> Result<Vec<u8>, Reason> {
    let length = source.size().saturating_sub(at);
    if length > max {
        return Err(Reason::InflatedTooLarge);
    }
    let mut packed = vec![0; usize::try_from(length).map_err(|_| Reason::InflatedTooLarge)?];
    source.read_at(at, &mut packed)?;
    let mut inflated = Vec::new();
    let read = DeflateDecoder::new(&*packed)
        .take(max + 1)
        .read_to_end(&mut inflated);
    if inflated.len() as u64 > max {
        return Err(Reason::InflatedTooLarge);
    }
    match read {
        Ok(_) => Ok(inflated),
        Err(_) => Err(Reason::DeflateFailed),
    }
}
