//! Rectangles painted black before anything is encoded, and rectangles that alone are kept.

use serde::Deserialize;

/// `[x, y, width, height]` in pixels of the frame; parts outside the frame are ignored.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Rectangle(pub i64, pub i64, pub i64, pub i64);

impl Rectangle {
    fn holds(self, x: i64, y: i64) -> bool {
        let Self(left, top, width, height) = self;
        x >= left && y >= top && x < left.saturating_add(width) && y < top.saturating_add(height)
    }

    /// Half-open ranges of columns and rows inside a frame.
    fn inside(
        self,
        width: usize,
        height: usize,
    ) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let Self(left, top, wide, high) = self;
        (span(left, wide, width), span(top, high, height))
    }
}

fn span(start: i64, length: i64, limit: usize) -> std::ops::Range<usize> {
    let clamp = |value: i64| usize::try_from(value.max(0)).map_or(limit, |value| value.min(limit));
    let (from, to) = (clamp(start), clamp(start.saturating_add(length.max(0))));
    from..to.max(from)
}

/// What is painted on every frame of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Painted black.
    pub masks: Vec<Rectangle>,
    /// Everything outside all of these is painted black; an empty list keeps nothing.
    pub keep: Option<Vec<Rectangle>>,
}

impl Paint {
    /// Whether nothing is painted.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.masks.is_empty() && self.keep.is_none()
    }

    /// The same rectangles as seen from row `top` on.
    #[must_use]
    pub fn below(&self, top: u32) -> Self {
        let lift = |all: &[Rectangle]| {
            all.iter()
                .map(|Rectangle(x, y, width, height)| {
                    Rectangle(*x, y.saturating_sub(top.into()), *width, *height)
                })
                .collect::<Vec<_>>()
        };
        Self {
            masks: lift(&self.masks),
            keep: self.keep.as_deref().map(lift),
        }
    }

    /// Paint a frame of `width` pixels a row and `channels` samples a pixel.
    pub fn apply<T: Copy + Default>(&self, samples: &mut [T], width: usize, channels: usize) {
        let row = width * channels;
        if row == 0 {
            return;
        }
        let height = samples.len() / row;
        for mask in &self.masks {
            let (columns, rows) = mask.inside(width, height);
            for line in samples
                .chunks_exact_mut(row)
                .take(rows.end)
                .skip(rows.start)
            {
                line[columns.start * channels..columns.end * channels].fill(T::default());
            }
        }
        let Some(keep) = &self.keep else { return };
        for (y, line) in (0i64..).zip(samples.chunks_exact_mut(row)) {
            for (x, pixel) in (0i64..).zip(line.chunks_exact_mut(channels)) {
                if !keep.iter().any(|kept| kept.holds(x, y)) {
                    pixel.fill(T::default());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(paint: &Paint) -> Vec<u8> {
        let mut pixels = vec![1; 12];
        paint.apply(&mut pixels, 4, 1);
        pixels
    }

    /// Half of this rectangle lies outside; the other half is black.
    #[test]
    fn a_mask_is_cut_at_the_border() {
        let masks = vec![Rectangle(-1, -1, 3, 2), Rectangle(3, 2, i64::MAX, i64::MAX)];

        let expected = vec![0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0];
        assert_eq!(expected, painted(&Paint { masks, keep: None }));
    }

    #[test]
    fn only_what_is_kept_stays() {
        let keep = Some(vec![Rectangle(1, 1, 2, 1)]);
        let masks = vec![Rectangle(2, 0, 1, 3)];

        let expected = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        assert_eq!(expected, painted(&Paint { masks, keep }));
    }

    #[test]
    fn an_empty_keep_list_keeps_nothing() {
        let paint = Paint {
            masks: Vec::new(),
            keep: Some(Vec::new()),
        };

        assert_eq!(vec![0; 12], painted(&paint));
    }
}
