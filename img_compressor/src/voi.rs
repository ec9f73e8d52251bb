//! Which VOI transformation a frame is shown with. PS3.3 C.11.2, C.7.6.16.2.10.
//!
//! An override, else the frame's own functional group, the shared one, a VOI LUT Sequence, the
//! first usable window of the object, else the span of its values.

use crate::dataset::{Dataset, tags};
use crate::lut::{LookUp, Signedness};
use crate::reason::Warning;
use crate::window::{Function, Window};

/// How a physical value becomes a grey.
#[derive(Clone, Debug, PartialEq)]
pub enum Voi {
    /// A window.
    Window(Window),
    /// VOI LUT Sequence (0028,3010).
    LookUp(LookUp),
    /// Black at the smallest value of the object, white at the largest.
    MinMax,
}

impl Voi {
    /// The window, where it is one.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        match self {
            Self::Window(window) => Some(*window),
            _ => None,
        }
    }

    /// The transformation of a frame.
    #[must_use]
    pub fn of(
        dataset: &Dataset,
        groups: &[&Dataset],
        signed_pixels: bool,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        for group in groups {
            let item = group.first_item(tags::FRAME_VOI_LUT_SEQUENCE);
            if let Some(voi) = item.and_then(|item| of_item(item, signed_pixels, warnings)) {
                return voi;
            }
        }
        of_item(dataset, signed_pixels, warnings).unwrap_or_else(|| {
            warnings.push(Warning::WindowFromMinMax);
            Self::MinMax
        })
    }
}

fn of_item(item: &Dataset, signed_pixels: bool, warnings: &mut Vec<Warning>) -> Option<Voi> {
    // An item without a descriptor is an empty template, not a table.
    let table = item
        .first_item(tags::VOI_LUT_SEQUENCE)
        .filter(|table| table.bytes(tags::LUT_DESCRIPTOR).is_some());
    if let Some(table) = table {
        match LookUp::of(table, Signedness::FromVr { signed_pixels }) {
            Ok(table) => {
                warnings.push(Warning::VoiLutUsed);
                return Some(Voi::LookUp(table));
            }
            Err(_) => warnings.push(Warning::InvalidVoiLutIgnored),
        }
    }
    window(item, warnings).map(Voi::Window)
}

/// The first pair that is a window. C.11.2.1.2: several pairs are alternatives.
fn window(item: &Dataset, warnings: &mut Vec<Warning>) -> Option<Window> {
    let centers = item.decimals(tags::WINDOW_CENTER);
    let widths = item.decimals(tags::WINDOW_WIDTH);
    if centers.is_empty() && widths.is_empty() {
        return None;
    }
    if centers.len() != widths.len() {
        warnings.push(Warning::WindowCountMismatch);
    }
    let function = function(item, warnings);
    for pair in centers.into_iter().zip(widths) {
        if let (Some(center), Some(width)) = pair {
            if let Ok(window) = Window::new(function, center, width) {
                return Some(window);
            }
        }
        warnings.push(Warning::InvalidWindowIgnored);
    }
    None
}

fn function(item: &Dataset, warnings: &mut Vec<Warning>) -> Function {
    match item.text(tags::VOI_LUT_FUNCTION) {
        None | Some("" | "LINEAR") => Function::Linear,
        Some("LINEAR_EXACT") => Function::LinearExact,
        Some("SIGMOID") => Function::Sigmoid,
        Some(_) => {
            warnings.push(Warning::UnknownVoiFunction);
            Function::Linear
        }
    }
}
