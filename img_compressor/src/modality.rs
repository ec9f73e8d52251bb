//! Modality transformation: from stored values to physical ones. PS3.3 C.11.1, C.7.6.16.2.9.

use crate::dataset::{Dataset, tags};
use crate::lut::{LookUp, Signedness};
use crate::reason::{Reason, Warning};

/// How a stored value becomes a physical one.
#[derive(Clone, Debug, PartialEq)]
pub enum Modality {
    /// `slope * stored + intercept`; 1 and 0 where nothing is said.
    Rescale {
        /// Rescale Slope (0028,1053).
        slope: f64,
        /// Rescale Intercept (0028,1052).
        intercept: f64,
    },
    /// Modality LUT Sequence (0028,3000).
    LookUp(LookUp),
}

impl Modality {
    /// Stored values are physical ones.
    pub const IDENTITY: Self = Self::Rescale {
        slope: 1.0,
        intercept: 0.0,
    };

    /// The transformation of a frame: its own functional group, the shared one, the object.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidLookupTable`] where a Modality LUT contradicts itself: without it the
    /// values have no meaning.
    pub fn of(
        dataset: &Dataset,
        groups: &[&Dataset],
        signed_pixels: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Reason> {
        for group in groups {
            let item = group.first_item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
            if let Some(rescale) = item.and_then(|item| rescale(item, warnings)) {
                return Ok(rescale);
            }
        }
        // An item without a descriptor is an empty template, not a table.
        let table = dataset
            .first_item(tags::MODALITY_LUT_SEQUENCE)
            .filter(|item| item.bytes(tags::LUT_DESCRIPTOR).is_some());
        if let Some(item) = table {
            warnings.push(Warning::ModalityLutUsed);
            return LookUp::of(item, Signedness::FromVr { signed_pixels }).map(Self::LookUp);
        }
        Ok(rescale(dataset, warnings).unwrap_or(Self::IDENTITY))
    }

    /// The physical value of a stored one.
    #[must_use]
    pub fn value(&self, stored: f64) -> f64 {
        match self {
            Self::Rescale { slope, intercept } => stored * slope + intercept,
            Self::LookUp(table) => f64::from(table.entry(stored)),
        }
    }
}

fn rescale(dataset: &Dataset, warnings: &mut Vec<Warning>) -> Option<Modality> {
    let slope = dataset.decimal(tags::RESCALE_SLOPE);
    let intercept = dataset.decimal(tags::RESCALE_INTERCEPT);
    match (slope, intercept) {
        (Some(slope), Some(intercept)) if slope != 0.0 => {
            Some(Modality::Rescale { slope, intercept })
        }
        _ => {
            if dataset.bytes(tags::RESCALE_SLOPE).is_some() {
                warnings.push(Warning::InvalidRescaleIgnored);
            }
            None
        }
    }
}
