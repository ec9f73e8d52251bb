//! Samples like the one before, and the one that ends them. ISO 14495-1 A.7.

use super::bits::Bits;
use super::coding::Coding;
use super::contexts::Interruption;
use super::lines::{Line, long, reconstructed};

/// Bits that say how long a run of ones may be. A.2.1.
const J: [u8; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];
/// Run mode of one component, or of all of a pixel.
pub struct Run<'a> {
    /// Parameters.
    pub coding: &'a Coding,
    /// Statistics of the sample behind a run.
    pub interrupted: &'a mut [Interruption; 2],
    /// `RUNindex`.
    pub index: &'a mut usize,
}

impl Run<'_> {
    /// Fill the line from `start` on; where it goes on behind the run.
    #[inline(never)]
    pub fn decode<'a, const N: usize, const PLAIN: bool>(
        &mut self,
        above: &Line<N>,
        line: &mut Line<N>,
        start: usize,
        mut bits: Bits<'a>,
    ) -> (Bits<'a>, usize) {
        let left = line[start - 1];
        let width = line.len() - 1;
        let end = start + self.length(width - start, &mut bits);
        line[start..end].fill(left);
        if end == width {
            return (bits, end);
        }
        let up = above[end];
        line[end] = std::array::from_fn(|n| {
            let (left, up) = (i32::from(left[n]), i32::from(up[n]));
            let alike = N == 1 && (left - up).abs() <= self.coding.near;
            let error = self.error(alike, &mut bits);
            if alike {
                reconstructed::<PLAIN>(self.coding, left, error)
            } else {
                let error = if up < left { -error } else { error };
                reconstructed::<PLAIN>(self.coding, up, error)
            }
        });
        *self.index = self.index.saturating_sub(1);
        (bits, end + 1)
    }

    /// Code segments A.14 to A.16.
    fn length(&mut self, most: usize, bits: &mut Bits) -> usize {
        let mut length = 0;
        while bits.bit() {
            let step = 1 << J[*self.index];
            length += step;
            if length > most {
                return most;
            }
            *self.index = (*self.index + 1).min(J.len() - 1);
            if length == most {
                return most;
            }
        }
        length += bits.number(J[*self.index].into()) as usize;
        if length > most {
            *bits = bits.spoiled();
            return most;
        }
        length
    }

    /// A.7.2.
    fn error(&mut self, alike: bool, bits: &mut Bits) -> i32 {
        let context = &mut self.interrupted[usize::from(alike)];
        let k = context.k();
        let escape = self.coding.escape - u32::from(J[*self.index]) - 1;
        let mapped;
        (*bits, mapped) = long(self.coding, *bits, k, escape);
        context.error(mapped, k, self.coding.reset)
    }
}
