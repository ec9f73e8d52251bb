//! Lines of samples out of bits, in regular mode. ISO 14495-1 A.3 to A.6.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::inline_always,
    reason = "once a sample; values are within MAXVAL, codes within 57 bits"
)]

use super::bits::Bits;
use super::coding::Coding;
use super::contexts::{Context, Contexts};
use super::runs::Run;

/// No mapped error is larger, whatever the parameters; with more, A would overflow.
const MOST_MAPPED: u32 = 2 * 0xFFFF;

/// A line of `N` components by pixel, with a pixel more at either end.
pub type Line<const N: usize> = [[u16; N]];

/// What a line needs besides its bits and the samples around it.
pub struct Lines {
    coding: Coding,
    /// Gradients to steps; a difference of zero is in the middle.
    quantizer: Vec<i8>,
    contexts: Contexts,
}

impl Lines {
    /// Ready for the first line of a scan.
    #[must_use]
    pub fn new(coding: Coding, precision: u32) -> Self {
        Self {
            quantizer: coding.quantizer(precision),
            contexts: Contexts::new(&coding),
            coding,
        }
    }

    /// Forget what was learned.
    pub fn restart(&mut self) {
        self.contexts = Contexts::new(&self.coding);
    }

    /// The line below `above`; `run` is the component's `RUNindex`.
    pub fn line<const N: usize>(
        &mut self,
        above: &mut Line<N>,
        line: &mut Line<N>,
        bits: &mut Bits,
        run: &mut usize,
    ) {
        let width = line.len() - 2;
        above[width + 1] = above[width];
        line[0] = above[1];
        if self.coding.is_plain() {
            self.samples::<N, true>(above, line, bits, run);
        } else {
            self.samples::<N, false>(above, line, bits, run);
        }
    }

    fn samples<const N: usize, const PLAIN: bool>(
        &mut self,
        above: &Line<N>,
        line: &mut Line<N>,
        place: &mut Bits,
        run: &mut usize,
    ) {
        let (coding, quantizer) = (&self.coding, &self.quantizer[..]);
        let contexts = &mut self.contexts.regular;
        let middle = quantizer.len() / 2;
        let step = |to: u16, from: u16| {
            let at = (middle + usize::from(to)).wrapping_sub(from.into());
            i32::from(quantizer[at])
        };
        // Local, so that it stays in registers.
        let mut bits = *place;
        let above = &above[..line.len()];
        let mut left = line[0];
        let mut at = 1;
        let mut slope: [i32; N] = std::array::from_fn(|n| step(above[1][n], above[0][n]));
        while at + 1 < line.len() {
            let (before, up, after) = (above[at - 1], above[at], above[at + 1]);
            let next: [i32; N] = std::array::from_fn(|n| step(after[n], up[n]));
            let numbers: [i32; N] =
                std::array::from_fn(|n| (next[n] * 9 + slope[n]) * 9 + step(before[n], left[n]));
            slope = next;
            if numbers == [0; N] {
                let mut end = Run {
                    coding,
                    interrupted: &mut self.contexts.interrupted,
                    index: run,
                };
                (bits, at) = end.decode::<N, PLAIN>(above, line, at, bits);
                left = line[at - 1];
                slope = std::array::from_fn(|n| step(above[at][n], above[at - 1][n]));
                continue;
            }
            for n in 0..N {
                let around = [left[n], up[n], before[n]];
                left[n] = regular::<PLAIN>(coding, contexts, &mut bits, numbers[n], around);
            }
            line[at] = left;
            at += 1;
        }
        *place = bits;
    }
}

/// One sample in regular mode. A.4 to A.6.
#[inline(always)]
fn regular<const PLAIN: bool>(
    coding: &Coding,
    contexts: &mut [Context; 365],
    bits: &mut Bits,
    number: i32,
    [a, b, c]: [u16; 3],
) -> u16 {
    let sign = number >> 31;
    let context = &mut contexts[((number ^ sign) - sign) as usize];
    let predicted = median(a.into(), b.into(), c.into());
    let correction = (i32::from(context.correction) ^ sign) - sign;
    let predicted = (predicted + correction).clamp(0, coding.most);
    let mapped = mapped(coding, bits, context.k.into());
    let half = (mapped >> 1).cast_signed();
    let error = half ^ -(mapped & 1).cast_signed() ^ context.turned::<PLAIN>(coding.near);
    context.update::<PLAIN>(error, coding);
    reconstructed::<PLAIN>(coding, predicted, (error ^ sign) - sign)
}

/// Code segment A.5.
#[inline(always)]
fn median(a: i32, b: i32, c: i32) -> i32 {
    (a + b - c).clamp(a.min(b), a.max(b))
}

/// A Golomb code of limited length. A.5.3.
#[inline(always)]
fn mapped(coding: &Coding, bits: &mut Bits, k: u32) -> u32 {
    let window = bits.window();
    let zeros = (window | 1).leading_zeros();
    if zeros >= coding.long {
        let mapped;
        (*bits, mapped) = long(coding, *bits, k, coding.escape);
        return mapped;
    }
    let length = zeros + 1 + k;
    bits.skip(length);
    // The one that ends the zeros is part of the number, and counts for a zero too many.
    let low = (window >> (64 - length)) as u32;
    let mapped = low.wrapping_add(zeros.wrapping_sub(1) << k);
    if mapped > MOST_MAPPED {
        *bits = bits.spoiled();
        return 0;
    }
    mapped
}

/// The same for any number of zeros; `escape` of them say that the number follows as it is.
#[cold]
pub fn long<'a>(coding: &Coding, mut bits: Bits<'a>, k: u32, escape: u32) -> (Bits<'a>, u32) {
    let zeros = bits.window().leading_zeros();
    if zeros > escape {
        return (bits.spoiled(), 0);
    }
    bits.skip(zeros + 1);
    let mapped = if zeros == escape {
        bits.number(coding.escaped_bits) + 1
    } else {
        (zeros << k) + bits.number(k)
    };
    if mapped > MOST_MAPPED {
        return (bits.spoiled(), 0);
    }
    (bits, mapped)
}

/// A.4.5 and Code segment A.13: within MAXVAL, modulo RANGE.
#[inline(always)]
pub fn reconstructed<const PLAIN: bool>(coding: &Coding, predicted: i32, error: i32) -> u16 {
    if PLAIN {
        return ((predicted + error) & coding.most) as u16;
    }
    let mut value = predicted + error * coding.step;
    if value < -coding.near {
        value += coding.range * coding.step;
    } else if value > coding.most + coding.near {
        value -= coding.range * coding.step;
    }
    value.clamp(0, coding.most) as u16
}
