//! Look-up tables of the Modality, VOI and palette modules: descriptor and data.
//! PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5.

use crate::dataset::{Dataset, Tag, tags};
use crate::reason::Reason;

/// A look-up table, its ends extended to both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// Input value of the first entry.
    pub first: i32,
    /// Bits of an entry, 8 to 16.
    pub bits: u32,
    /// The entries.
    pub entries: Vec<u16>,
}

/// How the second number of a descriptor is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signedness {
    /// As the VR says; in implicit streams as Pixel Representation says.
    FromVr {
        /// Pixel Representation is 1.
        signed_pixels: bool,
    },
    /// Never negative.
    Unsigned,
}

impl LookUp {
    /// Read the table of an item of a Modality or VOI LUT Sequence.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidLookupTable`] where descriptor or data is absent or they contradict.
    pub fn of(item: &Dataset, signedness: Signedness) -> Result<Self, Reason> {
        let (count, first, bits) =
            descriptor(item, tags::LUT_DESCRIPTOR, signedness).ok_or(Reason::InvalidLookupTable)?;
        let entries =
            entries(item, tags::LUT_DATA, count, bits).ok_or(Reason::InvalidLookupTable)?;
        Ok(Self {
            first,
            bits,
            entries,
        })
    }

    /// The entry for `value`; values outside take the nearest end.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    pub fn entry(&self, value: f64) -> u16 {
        let index = (value.round() as i64).saturating_sub(i64::from(self.first));
        let last = self.entries.len() - 1;
        let index = usize::try_from(index.max(0)).map_or(last, |index| index.min(last));
        self.entries[index]
    }

    /// The largest entry that the descriptor's bits allow.
    #[must_use]
    pub fn full_scale(&self) -> f64 {
        f64::from((1u32 << self.bits) - 1)
    }
}

/// Number of entries (0 is 65536), first input value, bits per entry.
#[must_use]
pub fn descriptor(dataset: &Dataset, tag: Tag, how: Signedness) -> Option<(usize, i32, u32)> {
    let words = dataset.words(tag)?;
    let [count, first, bits] = *words.get(..3)? else {
        return None;
    };
    let signed = match how {
        Signedness::Unsigned => false,
        Signedness::FromVr { signed_pixels } => match dataset.element(tag)?.vr {
            Some([b'S', b'S']) => true,
            Some([b'U', b'S']) => false,
            _ => signed_pixels,
        },
    };
    let first = if signed {
        i32::from(first.cast_signed())
    } else {
        i32::from(first)
    };
    let count = if count == 0 {
        65_536
    } else {
        usize::from(count)
    };
    (1..=16)
        .contains(&bits)
        .then_some((count, first, u32::from(bits)))
}

/// `count` entries: one word each, or two to a word where the data is only half as long.
#[must_use]
pub fn entries(dataset: &Dataset, tag: Tag, count: usize, bits: u32) -> Option<Vec<u16>> {
    let words = dataset.words(tag)?;
    if words.len() >= count {
        return Some(words[..count].to_vec());
    }
    if bits <= 8 && words.len() * 2 >= count {
        // PS3.3 C.7.6.3.1.6: the first of two 8-bit entries is the least significant byte.
        let halves = words.iter().flat_map(|word| [word & 0xFF, word >> 8]);
        return Some(halves.take(count).collect());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_take_the_ends() {
        let table = LookUp {
            first: -1,
            bits: 8,
            entries: vec![10, 20, 30],
        };

        let entries = [-9.0, -1.0, 0.0, 1.0, 1e300].map(|value| table.entry(value));
        assert_eq!([10, 10, 20, 30, 30], entries);
    }
}
