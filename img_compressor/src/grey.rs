//! The grey pipeline: stored value, modality, VOI, presentation, one byte.

use crate::line::Line;
use crate::modality::Modality;
use crate::samples::Samples;
use crate::voi::Voi;
use crate::window::{Function, Window, level};

/// Entries of a table: one for every 16-bit cell.
const TABLE: usize = 1 << 16;
/// A level for every 16-bit cell.
pub type Table = [u8; TABLE];

/// Which bits of a cell are the value. PS3.5 8.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Bits of the value.
    pub stored: u32,
    /// Bits below it.
    pub shift: u32,
    /// Two's complement.
    pub signed: bool,
}

impl Bits {
    /// The value's bits of a cell of up to 16 bits, and the bits below them.
    pub(crate) fn mask(self) -> (u16, u32) {
        let mask = (1u32 << self.stored.min(16)) - 1;
        (u16::try_from(mask).unwrap_or(u16::MAX), self.shift)
    }

    /// The smallest and the largest value of cells of up to 16 bits.
    fn ends<T: Copy + Into<u16>>(self, cells: &[T]) -> [i64; 2] {
        let (mask, shift) = self.mask();
        // Turns two's complement into the order of unsigned numbers, and back.
        let flip = if self.signed { mask / 2 + 1 } else { 0 };
        let (mut low, mut high) = (u16::MAX, 0);
        for cell in cells {
            let value = ((*cell).into() >> shift & mask) ^ flip;
            (low, high) = (low.min(value), high.max(value));
        }
        let plain = Self { shift: 0, ..self };
        [low, high].map(|end| plain.value((end ^ flip).into()))
    }

    /// The value of a cell, without what lies around it.
    #[must_use]
    pub fn value(self, cell: u32) -> i64 {
        let mask = (1u64 << self.stored) - 1;
        let bits = (u64::from(cell) >> self.shift) & mask;
        let negative = self.signed && bits >> (self.stored - 1) & 1 == 1;
        let value = bits.cast_signed();
        if negative {
            value - (1i64 << self.stored)
        } else {
            value
        }
    }
}

/// Stored values that are no image. PS3.3 C.7.5.1.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Smallest of them.
    pub low: i64,
    /// Largest of them.
    pub high: i64,
}

impl Padding {
    /// Whether a stored value is padding.
    #[must_use]
    pub fn holds(self, stored: i64) -> bool {
        (self.low..=self.high).contains(&stored)
    }
}

/// Everything between a stored value and its grey level.
#[derive(Clone, Debug, PartialEq)]
pub struct GreyPlan {
    /// Which bits count.
    pub bits: Bits,
    /// Stored to physical.
    pub modality: Modality,
    /// Physical to grey.
    pub voi: Voi,
    /// White and black change places, once.
    pub inverted: bool,
    /// Values drawn as background.
    pub padding: Option<Padding>,
}

/// The smallest and largest physical value met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span(pub Option<(f64, f64)>);

impl Span {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            let (low, high) = self.0.unwrap_or((value, value));
            self.0 = Some((low.min(value), high.max(value)));
        }
    }

    /// The window of this span; an object of nothing but padding is black.
    #[must_use]
    pub fn window(self) -> Window {
        let (low, high) = self.0.unwrap_or((0.0, 0.0));
        Window::spanning(low, high)
    }
}

impl GreyPlan {
    /// The grey level of a physical value.
    pub(crate) fn level_of(&self, value: f64) -> u8 {
        let grey = match &self.voi {
            Voi::Window(window) => window.grey(value),
            Voi::LookUp(table) => f64::from(table.entry(value)) * 255.0 / table.full_scale(),
            Voi::MinMax => 0.0,
        };
        if value.is_nan() {
            return 0;
        }
        // PS3.3 C.7.6.3.1.2: MONOCHROME1 is inverted behind the VOI LUT.
        level(if self.inverted {
            255.0 - grey.min(255.0)
        } else {
            grey
        })
    }

    pub(crate) fn level_of_stored(&self, stored: i64) -> u8 {
        if self.padding.is_some_and(|padding| padding.holds(stored)) {
            return 0;
        }
        self.level_of_image(stored)
    }

    /// As [`Self::level_of_stored`], of a value that is no padding.
    fn level_of_image(&self, stored: i64) -> u8 {
        self.level_of(self.modality.value(real(stored)))
    }

    /// Whether bytes are shown as they are stored.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        let bytes = self.bits.stored == 8 && self.bits.shift == 0 && !self.bits.signed;
        bytes
            && self.voi != Voi::MinMax
            && (0..=u8::MAX).all(|stored| self.level_of_stored(stored.into()) == stored)
    }

    /// The grey level of every cell, by the bits of the value.
    ///
    /// A window over a rising rescale rises too: only the stored values inside the window are
    /// computed one by one, which for CT is a few hundred of 65,536.
    #[expect(clippy::large_stack_arrays, reason = "64 KiB on its way to the heap")]
    pub(crate) fn table(&self) -> Box<Table> {
        let mut levels = Box::new([0; TABLE]);
        let plain = Bits {
            shift: 0,
            ..self.bits
        };
        let cells = 1u32 << self.bits.stored;
        let (low, high) = self.slope_ends().unwrap_or((i64::MIN, i64::MAX));
        let [below, above] = [low, high].map(|end| self.level_of_image(end));
        for (cell, target) in (0..cells).zip(levels.iter_mut()) {
            let stored = plain.value(cell);
            *target = if self.padding.is_some_and(|padding| padding.holds(stored)) {
                0
            } else if stored <= low {
                below
            } else if stored >= high {
                above
            } else {
                self.level_of_image(stored)
            };
        }
        levels
    }

    /// The last stored value at the black end of the window and the first at its white end;
    /// `None` where neither the window nor the rescale is a rising line.
    fn slope_ends(&self) -> Option<(i64, i64)> {
        let (Voi::Window(window), Modality::Rescale { slope, .. }) = (&self.voi, &self.modality)
        else {
            return None;
        };
        if *slope <= 0.0 || window.function == Function::Sigmoid {
            return None;
        }
        let grey = |stored: i64| window.grey(self.modality.value(real(stored)));
        let low = first_stored(&|stored| grey(stored) > 0.0) - 1;
        let high = first_stored(&|stored| grey(stored) >= 255.0);
        Some((low, high))
    }

    /// The line that is equal to `table`, if there is one.
    pub(crate) fn line(&self, table: &Table) -> Option<Line> {
        let (ends, Voi::Window(window)) = (self.slope_ends()?, &self.voi) else {
            return None;
        };
        let grey = |stored: i64| {
            let grey = window.grey(self.modality.value(real(stored)));
            if self.inverted { 255.0 - grey } else { grey }
        };
        Line::through(self.bits, ends, &grey).filter(|line| line.equals(table))
    }

    /// Add the physical values of a frame to `span`.
    pub fn measure(&self, samples: &Samples, span: &mut Span) {
        match samples {
            Samples::Floats(values) => {
                for value in values {
                    span.add(self.modality.value(f64::from(*value)));
                }
            }
            Samples::Doubles(values) => {
                for value in values {
                    span.add(self.modality.value(*value));
                }
            }
            Samples::Bytes(cells) => self.measure_cells(cells, span),
            Samples::Words(cells) => self.measure_cells(cells, span),
            Samples::Longs(cells) => {
                for cell in cells {
                    self.measure_stored(self.bits.value(*cell), span);
                }
            }
        }
    }

    /// Up to 16 bits: a rescale keeps or turns the order of values, so that their ends are its
    /// ends. Else mark which values occur, then look at each value once.
    fn measure_cells<T: Copy + Into<u16>>(&self, cells: &[T], span: &mut Span) {
        if self.padding.is_none() && matches!(self.modality, Modality::Rescale { .. }) {
            for end in self.bits.ends(cells) {
                self.measure_stored(end, span);
            }
            return;
        }
        let plain = Bits {
            shift: 0,
            ..self.bits
        };
        let mask = (1u32 << self.bits.stored) - 1;
        let mut seen = vec![false; 1 << self.bits.stored];
        for cell in cells {
            let cell = u32::from((*cell).into());
            seen[(cell >> self.bits.shift & mask) as usize] = true;
        }
        for (cell, seen) in (0u32..).zip(seen) {
            if seen {
                self.measure_stored(plain.value(cell), span);
            }
        }
    }

    fn measure_stored(&self, stored: i64, span: &mut Span) {
        if !self.padding.is_some_and(|padding| padding.holds(stored)) {
            span.add(self.modality.value(real(stored)));
        }
    }
}

/// The first stored value of up to 16 bits from which on `reached` holds; one past them if none.
fn first_stored(reached: &dyn Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (-32_769i64, 65_536i64);
    while low < high {
        // Rounded down, also below zero: `low` must move when it is next to `high`.
        let middle = low + (high - low) / 2;
        if reached(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[expect(clippy::cast_precision_loss, reason = "32-bit values are exact in f64")]
fn real(stored: i64) -> f64 {
    stored as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::greys::Greys;

    /// Overlay bits above the value are not part of it, and its own sign bit is.
    #[test]
    fn bits_around_the_value_are_ignored() {
        let bits = Bits {
            stored: 12,
            shift: 0,
            signed: true,
        };

        assert_eq!(
            [-1, 2047, -2048],
            [0xFFFF, 0xF7FF, 0x0800].map(|c| bits.value(c))
        );
    }

    fn plan(voi: Voi) -> GreyPlan {
        GreyPlan {
            bits: Bits {
                stored: 8,
                shift: 0,
                signed: false,
            },
            modality: Modality::IDENTITY,
            voi,
            inverted: false,
            padding: Some(Padding {
                low: 250,
                high: 255,
            }),
        }
    }

    #[test]
    fn padding_is_black_and_not_measured() {
        let mut span = Span::default();
        let samples = Samples::Bytes(vec![10, 20, 255, 250]);
        plan(Voi::MinMax).measure(&samples, &mut span);
        let mut greys = Greys::new(plan(Voi::Window(span.window())));

        assert_eq!(Span(Some((10.0, 20.0))), span);
        assert_eq!(vec![0, 255, 0, 0], greys.render(&samples));
    }

    /// The short cut of the table gives what the formula gives, value by value; windows far
    /// below and far above every stored value once kept its search from ending.
    #[test]
    fn the_table_equals_the_formula() -> Result<(), crate::window::WindowError> {
        for center in [40.0, 0.0, -1e6, 1e6, -20_000.5] {
            for (width, slope, signed) in [(80.0, 1.0, true), (1.0, 0.37, false), (1e6, -2.0, true)]
            {
                let mut plan = plan(Voi::Window(Window::new(Function::Linear, center, width)?));
                plan.bits = Bits {
                    stored: 16,
                    shift: 0,
                    signed,
                };
                plan.modality = Modality::Rescale {
                    slope,
                    intercept: -24.5,
                };
                plan.inverted = signed;
                let formula = |cell| plan.level_of_stored(plan.bits.value(cell));
                let table = plan.table();
                assert!(
                    (0u32..)
                        .zip(table.iter())
                        .all(|(cell, level)| *level == formula(cell))
                );
                let line = plan.line(&table);
                assert!(line.is_none_or(|line| line.equals(&*table)));
            }
        }
        Ok(())
    }

    /// Usual windows are lines, rising and falling, over signed and unsigned values.
    #[test]
    fn usual_windows_are_lines() -> Result<(), crate::window::WindowError> {
        for (center, width, stored) in [
            (40.0, 400.0, 12),
            (-600.0, 1500.0, 16),
            (2048.0, 4096.0, 12),
        ] {
            for turned in [false, true] {
                let window = Window::new(Function::Linear, center, width)?;
                let bits = Bits {
                    stored,
                    shift: 0,
                    signed: turned,
                };
                let plan = GreyPlan {
                    bits,
                    inverted: turned,
                    padding: None,
                    ..plan(Voi::Window(window))
                };
                assert!(plan.line(&plan.table()).is_some());
            }
        }
        Ok(())
    }

    #[test]
    fn not_a_number_is_black() {
        let mut inverted = plan(Voi::Window(Window::spanning(0.0, 1.0)));
        inverted.inverted = true;

        let levels = Greys::new(inverted).render(&Samples::Floats(vec![f32::NAN, 0.0, 1.0]));
        assert_eq!(vec![0, 255, 0], levels);
    }
}
