//! Value-of-interest windowing: from physical values to grey levels. PS3.3 C.11.2.1.2.
//!
//! The input is the *output* of the modality transformation (for CT, Hounsfield units), never the
//! stored value. Grey levels are reals from 0 to 255; [`level`] rounds them once, at the end.

/// A window that the standard does not allow.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// Window Width (0028,1051) shall be at least 1 for LINEAR, above 0 for the others.
    #[error("window width is too small for its function")]
    WidthTooSmall,
    /// Window Center or Width is not a finite number.
    #[error("window center or width is not finite")]
    NotFinite,
}

/// VOI LUT Function (0028,1056).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Function {
    /// The default, with the half-step of integer values.
    #[default]
    Linear,
    /// Without the half-step.
    LinearExact,
    /// An S curve.
    Sigmoid,
}

/// A window, checked once and then applied to any number of values.
///
/// ```
/// use img_compressor::window::{Function, Window, level};
///
/// let lung = Window::new(Function::Linear, -600.0, 1500.0)?;
/// assert_eq!(0, level(lung.grey(-2000.0)));
/// assert_eq!(255, level(lung.grey(1000.0)));
/// # Ok::<(), img_compressor::window::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its function.
    pub function: Function,
    /// Window Center (0028,1050), in output units of the modality LUT.
    pub center: f64,
    /// Window Width (0028,1051), same units.
    pub width: f64,
}

impl Window {
    /// Check a window.
    ///
    /// # Errors
    ///
    /// [`WindowError::NotFinite`] where either is NaN or infinite; [`WindowError::WidthTooSmall`]
    /// where `width` is below 1 (LINEAR) or not above 0 (`LINEAR_EXACT`, SIGMOID).
    pub fn new(function: Function, center: f64, width: f64) -> Result<Self, WindowError> {
        if !(center.is_finite() && width.is_finite()) {
            return Err(WindowError::NotFinite);
        }
        let allowed = match function {
            Function::Linear => width >= 1.0,
            Function::LinearExact | Function::Sigmoid => width > 0.0,
        };
        if !allowed {
            return Err(WindowError::WidthTooSmall);
        }
        Ok(Self {
            function,
            center,
            width,
        })
    }

    /// The linear window that shows `low` as black and `high` as white; equal ones are black.
    ///
    /// Note 4 of C.11.2.1.2.1: width `high - low + 1`, centre `(low + high + 1) / 2`.
    #[must_use]
    pub fn spanning(low: f64, high: f64) -> Self {
        Self {
            function: Function::Linear,
            center: f64::midpoint(low, high + 1.0),
            width: high - low + 1.0,
        }
    }

    /// Map a physical value to a grey from 0 to 255, not yet rounded.
    #[must_use]
    pub fn grey(&self, value: f64) -> f64 {
        let (center, width) = match self.function {
            // C.11.2.1.2.1
            Function::Linear => (self.center - 0.5, self.width - 1.0),
            // C.11.2.1.3.2
            Function::LinearExact => (self.center, self.width),
            // C.11.2.1.3.1
            Function::Sigmoid => {
                return 255.0 / (1.0 + (-4.0 * (value - self.center) / self.width).exp());
            }
        };
        if value <= center - width / 2.0 {
            0.0
        } else if value > center + width / 2.0 {
            255.0
        } else {
            ((value - center) / width + 0.5) * 255.0
        }
    }
}

/// The grey level nearest to `grey`, halves up. NaN is black.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped; `as` saturates and maps NaN to 0"
)]
pub fn level(grey: f64) -> u8 {
    (grey.clamp(0.0, 255.0) + 0.5).floor() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Width 1 is legal and divides nothing by zero: it is a threshold at `c - 0.5`.
    #[test]
    fn width_one_is_a_threshold() -> Result<(), WindowError> {
        let window = Window::new(Function::Linear, 100.0, 1.0)?;

        assert_eq!(
            [0, 255],
            [99.5, 99.6].map(|value| level(window.grey(value)))
        );
        Ok(())
    }

    /// The example of C.11.2.1.2.1: c = 2048, w = 4096 is the identity on 12 bits.
    #[test]
    fn full_twelve_bit_window_spans_all_greys() -> Result<(), WindowError> {
        let window = Window::new(Function::Linear, 2048.0, 4096.0)?;

        let levels = [0.0, 2048.0, 4095.0].map(|value| level(window.grey(value)));
        assert_eq!([0, 128, 255], levels);
        Ok(())
    }

    #[test]
    fn a_window_narrower_than_one_is_refused_for_linear_only() {
        let narrow = |function| Window::new(function, 0.0, 0.5);

        assert_eq!(Err(WindowError::WidthTooSmall), narrow(Function::Linear));
        assert!(narrow(Function::LinearExact).is_ok());
        assert!(Window::new(Function::Sigmoid, f64::NAN, 1.0).is_err());
    }

    /// A constant image is black, and a range of real numbers below 1 still spans all greys.
    #[test]
    fn spanning_covers_its_ends() {
        let levels = |low, high| [low, high].map(|v| level(Window::spanning(low, high).grey(v)));

        assert_eq!([0, 255], levels(-3.0, 7.0));
        assert_eq!([0, 0], levels(5.0, 5.0));
        assert_eq!([0, 255], levels(0.25, 0.75));
    }

    #[test]
    fn sigmoid_is_half_at_its_center() -> Result<(), WindowError> {
        let window = Window::new(Function::Sigmoid, 40.0, 80.0)?;

        assert_eq!(
            [5, 128, 250],
            [-40.0, 40.0, 120.0].map(|v| level(window.grey(v)))
        );
        Ok(())
    }
}
