//! The colour transforms of HP's encoder, which are no part of the standard but are met.

/// Which one an APP8 segment names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transform {
    /// Samples as they are.
    #[default]
    None,
    /// Differences to green.
    Hp1,
    /// Differences to green, and to the mean of red and green.
    Hp2,
    /// A reversible luminance and two differences.
    Hp3,
}

impl Transform {
    /// `None` for those that nobody decodes.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        [Self::None, Self::Hp1, Self::Hp2, Self::Hp3]
            .get(usize::from(code))
            .copied()
    }

    /// Red, green and blue of `bits`, 8 or 16, in place.
    pub fn undo(self, pixels: &mut [[u16; 3]], bits: u32) {
        if self != Self::None {
            let whole = 1 << bits;
            for pixel in pixels {
                // Modulo `whole`: nothing is cut off.
                let values = self.undone(pixel.map(i32::from), whole);
                *pixel = values.map(|value| u16::try_from(value & (whole - 1)).unwrap_or(0));
            }
        }
    }

    /// Modulo `whole`.
    fn undone(self, [v1, v2, v3]: [i32; 3], whole: i32) -> [i32; 3] {
        let half = whole / 2;
        match self {
            Self::None => [v1, v2, v3],
            Self::Hp1 => [v1 + v2 - half, v2, v3 + v2 - half],
            Self::Hp2 => {
                let red = (v1 + v2 - half) & (whole - 1);
                [red, v2, v3 + ((red + v2) >> 1) - half]
            }
            Self::Hp3 => {
                let green = v1 - ((v3 + v2) >> 2) + whole / 4;
                [v3 + green - half, green, v2 + green - half]
            }
        }
    }
}
