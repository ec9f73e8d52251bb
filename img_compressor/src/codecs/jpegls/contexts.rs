//! What the decoder learns of the image. ISO 14495-1 A.2.1, A.6 and A.7.2.
#![expect(
    clippy::cast_possible_truncation,
    clippy::inline_always,
    reason = "once a sample; k is below 17 and C within 8 bits"
)]

use super::coding::Coding;

/// The k from which on nobody can foresee whether B[Q] leaves its bounds: 16-bit CT took 3.0 ms
/// with branches and takes 2.4 without; 8-bit noise took 2.4 ms without and takes 2.1 with them.
const NOISE: u8 = 4;

/// A[Q], B[Q], C[Q] and N[Q] of regular mode, and the Golomb parameter that follows of them.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    sum: u32,
    bias: i32,
    count: u16,
    /// C[Q], to be added to a prediction.
    pub correction: i8,
    /// k.
    pub k: u8,
}

impl Context {
    fn new(coding: &Coding) -> Self {
        let sum = first_sum(coding);
        Self {
            sum,
            bias: 0,
            count: 1,
            correction: 0,
            k: parameter(sum, 1),
        }
    }

    /// All bits set where the mapping of errors is turned round; only without loss. A.5.2.
    #[inline(always)]
    pub fn turned<const PLAIN: bool>(&self, near: i32) -> i32 {
        if self.k == 0 && (PLAIN || near == 0) {
            (2 * self.bias + i32::from(self.count) - 1) >> 31
        } else {
            0
        }
    }

    /// Code segments A.12 and A.13.
    #[inline(always)]
    pub fn update<const PLAIN: bool>(&mut self, error: i32, coding: &Coding) {
        self.sum += error.unsigned_abs();
        self.bias += if PLAIN { error } else { error * coding.step };
        if self.count == coding.reset {
            self.sum >>= 1;
            self.bias >>= 1;
            self.count >>= 1;
        }
        self.count += 1;
        if self.k < NOISE {
            self.balance();
        } else {
            self.balance_noise();
        }
        self.k = parameter(self.sum, self.count);
    }

    /// Code segment A.13.
    #[inline(always)]
    fn balance(&mut self) {
        let count = i32::from(self.count);
        if self.bias <= -count {
            self.bias = (self.bias + count).max(1 - count);
            self.correction = self.correction.saturating_sub(1);
        } else if self.bias > 0 {
            self.bias = (self.bias - count).min(0);
            self.correction = self.correction.saturating_add(1);
        }
    }

    /// The same without a branch.
    #[inline(always)]
    fn balance_noise(&mut self) {
        let count = i32::from(self.count);
        let turn = i32::from(self.bias > 0) - i32::from(self.bias <= -count);
        self.bias = (self.bias - turn * count).clamp(1 - count, 0);
        self.correction = (i32::from(self.correction) + turn).clamp(-128, 127) as i8;
    }
}

/// The first A.
fn first_sum(coding: &Coding) -> u32 {
    ((coding.range + 32) / 64).max(2).unsigned_abs()
}

/// Code segment A.10: the smallest k for which `count << k` is not below `sum`.
#[inline]
fn parameter(sum: u32, count: u16) -> u8 {
    let count = u32::from(count);
    let near = (count | 1)
        .leading_zeros()
        .saturating_sub((sum | 1).leading_zeros());
    (near + u32::from(count << near < sum)) as u8
}

/// A, N and Nn of an interrupted run.
#[derive(Clone, Copy, Debug)]
pub struct Interruption {
    sum: u32,
    count: u16,
    negative: u16,
    alike: bool,
}

impl Interruption {
    fn new(coding: &Coding, alike: bool) -> Self {
        Self {
            sum: first_sum(coding),
            count: 1,
            negative: 0,
            alike,
        }
    }

    /// k. A.7.2, Code segment A.20.
    pub fn k(&self) -> u32 {
        let half = if self.alike { self.count >> 1 } else { 0 };
        parameter(self.sum + u32::from(half), self.count).into()
    }

    /// The error that `mapped` stands for; A.7.2, Code segments A.21 to A.23.
    pub fn error(&mut self, mapped: u32, k: u32, reset: u16) -> i32 {
        let kind = u32::from(self.alike);
        let map = (mapped + kind) & 1;
        let size = ((mapped + kind + map) / 2).cast_signed();
        let mostly_negative = u32::from(self.negative) * 2 >= self.count.into();
        let negative = (k != 0 || mostly_negative) == (map == 1);
        let error = if negative { -size } else { size };
        self.negative += u16::from(error < 0);
        self.sum += (mapped + 1 - kind) >> 1;
        if self.count == reset {
            self.sum >>= 1;
            self.count >>= 1;
            self.negative >>= 1;
        }
        self.count += 1;
        error
    }
}

/// Everything that a restart forgets.
#[derive(Clone, Debug)]
pub struct Contexts {
    /// By the folded number of the three gradients.
    pub regular: [Context; 365],
    /// `RItype` 0 and 1.
    pub interrupted: [Interruption; 2],
}

impl Contexts {
    /// A.2.1.
    pub fn new(coding: &Coding) -> Self {
        Self {
            regular: [Context::new(coding); 365],
            interrupted: [false, true].map(|alike| Interruption::new(coding, alike)),
        }
    }
}
