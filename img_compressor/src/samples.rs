//! One decoded frame: samples by pixel, before any meaning is given to them.

/// Samples in the order row, column, channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Cells of up to 8 bits.
    Bytes(Vec<u8>),
    /// Cells of up to 16 bits.
    Words(Vec<u16>),
    /// Cells of 32 bits.
    Longs(Vec<u32>),
    /// Single precision.
    Floats(Vec<f32>),
    /// Double precision.
    Doubles(Vec<f64>),
}

impl Samples {
    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(samples) => samples.len(),
            Self::Words(samples) => samples.len(),
            Self::Longs(samples) => samples.len(),
            Self::Floats(samples) => samples.len(),
            Self::Doubles(samples) => samples.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Which colour the decoded channels are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// As Photometric Interpretation says.
    Declared,
    /// The codec undid a colour transform; red, green, blue.
    Rgb,
}

/// A decoded frame and what its codec knew about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The samples.
    pub samples: Samples,
    /// Colour of the channels.
    pub space: Space,
    /// Bits of a value, where the compressed stream says so.
    pub precision: Option<u32>,
    /// The stream was damaged but decoded.
    pub damaged: bool,
}

impl Decoded {
    /// Samples whose meaning the header alone tells.
    #[must_use]
    pub fn plain(samples: Samples) -> Self {
        Self {
            samples,
            space: Space::Declared,
            precision: None,
            damaged: false,
        }
    }
}

/// Interleave three planes that lie one behind the other: `RRR GGG BBB` to `RGB RGB RGB`.
#[must_use]
pub fn interleave<T: Copy + Default>(planes: &[T]) -> Vec<T> {
    let (red, rest) = planes.split_at(planes.len() / 3);
    let (green, blue) = rest.split_at(rest.len() / 2);
    by_pixel([red, green, blue], |value| value)
}

/// Cells of three planes of one length, by pixel.
#[must_use]
pub fn by_pixel<P: Copy, T: Copy + Default>(planes: [&[P]; 3], cell: impl Fn(P) -> T) -> Vec<T> {
    let [red, green, blue] = planes;
    let mut pixels = vec![T::default(); red.len() * 3];
    let colours = red.iter().zip(green).zip(blue);
    for (pixel, ((red, green), blue)) in pixels.chunks_exact_mut(3).zip(colours) {
        pixel.copy_from_slice(&[cell(*red), cell(*green), cell(*blue)]);
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_pixels() {
        assert_eq!(vec![1, 3, 5, 2, 4, 6], interleave(&[1, 2, 3, 4, 5, 6]));
    }
}
