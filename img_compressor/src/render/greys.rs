//! Grey frames: the window of the object, and stored values that become levels.
//!
//! Native words take this way a few rows at a time: what was read is shown while the cache
//! still holds it, and the stored values of a frame, twice its picture, are never all there.

use std::ops::Range;

use super::{Frame, Renderer};
use crate::encode::strips::ROWS;
use crate::grey::{GreyPlan, Span};
use crate::greys::Greys;
use crate::image::Cell;
use crate::reason::{Reason, Warning};
use crate::samples::Decoded;
use crate::voi::Voi;
use crate::window::Window;

/// Grey pixels and the window that made them.
type Greyed = (Vec<u8>, Option<Window>);

/// Stored bytes of a piece; with its picture it fits into the second cache of any core.
const PIECE: usize = 64 << 10;

impl Renderer<'_> {
    /// Some rows as greys.
    pub(super) fn grey(
        &mut self,
        index: u32,
        rows: &Range<u32>,
        noticed: &mut Vec<Warning>,
    ) -> Result<Greyed, Reason> {
        match self.grey_pieces(index, rows, noticed)? {
            Some(greyed) => Ok(greyed),
            None => self.grey_whole(index, rows, noticed),
        }
    }

    /// Some rows of native words as greys; `None` where they are something else, or where the
    /// object must be measured first.
    fn grey_pieces(
        &mut self,
        index: u32,
        rows: &Range<u32>,
        noticed: &mut Vec<Warning>,
    ) -> Result<Option<Greyed>, Reason> {
        let image = &self.plan.image;
        let Frame::Native(layout) = self.frames else {
            return Ok(None);
        };
        if image.cell != Cell::Word {
            return Ok(None);
        }
        let mut plan = self.plan.grey(&self.object.dataset, index, noticed)?;
        if plan.voi == Voi::MinMax {
            let Some(span) = self.span else {
                return Ok(None);
            };
            plan.voi = Voi::Window(span.window());
        }
        let window = plan.voi.window();
        let columns = image.columns as usize;
        let step = (PIECE / 2 / columns).max(1);
        let mut greys = self.prepared(plan);
        let mut pixels = greys.room((rows.end - rows.start) as usize * columns);
        let mut cells = vec![0; pixels.len().min(step * columns)];
        let starts = rows.clone().step_by(step);
        for (start, piece) in starts.zip(pixels.chunks_mut(step * columns)) {
            let cells = &mut cells[..piece.len()];
            layout.read_words(&*self.object.source, image, (index, start), cells)?;
            greys.words(cells, piece);
        }
        self.greys = Some(greys);
        Ok(Some((pixels, window)))
    }

    fn grey_whole(
        &mut self,
        index: u32,
        rows: &Range<u32>,
        noticed: &mut Vec<Warning>,
    ) -> Result<Greyed, Reason> {
        let decoded = self.noted(index, rows, noticed)?;
        let mut plan = self.plan.grey(&self.object.dataset, index, noticed)?;
        if let Some(precision) = decoded.precision.filter(|bits| *bits != plan.bits.stored) {
            noticed.push(Warning::PrecisionMismatch);
            plan.bits.stored = precision;
        }
        let decoded = if plan.voi == Voi::MinMax {
            let (window, decoded) = self.span_window(decoded)?;
            plan.voi = Voi::Window(window);
            decoded
        } else {
            decoded
        };
        let window = plan.voi.window();
        let mut greys = self.prepared(plan);
        let pixels = greys.render(&decoded.samples);
        self.greys = Some(greys);
        Ok((pixels, window))
    }

    /// The greys of a plan; the last ones where nothing changed.
    fn prepared(&mut self, plan: GreyPlan) -> Greys {
        match self.greys.take() {
            Some(mut greys) => {
                greys.set(plan);
                greys
            }
            None => Greys::new(plan),
        }
    }

    /// The window from the smallest to the largest value of the object, so that a cine does not
    /// flicker. Several frames are decoded twice; one frame is not.
    fn span_window(&mut self, decoded: Decoded) -> Result<(Window, Decoded), Reason> {
        if let Some(span) = self.span {
            return Ok((span.window(), decoded));
        }
        let mut span = Span::default();
        let image = &self.plan.image;
        if image.frames == 1 && !image.by_strips {
            self.measure(0, &decoded, &mut span)?;
        } else {
            let mut first = Renderer::new(self.object, self.plan, self.limits)?;
            first.pulse = self.pulse;
            let pieces = (0..image.frames)
                .flat_map(|index| image.pieces(ROWS).map(move |rows| (index, rows)));
            for (index, rows) in pieces {
                match first.decode_rows(index, &rows) {
                    Ok(piece) => self.measure(index, &piece, &mut span)?,
                    Err(Reason::DecodeFailed | Reason::FrameMismatch) => {}
                    Err(_) => break,
                }
            }
        }
        self.span = Some(span);
        Ok((span.window(), decoded))
    }

    fn measure(&self, index: u32, frame: &Decoded, span: &mut Span) -> Result<(), Reason> {
        let mut unused = Vec::new();
        let mut plan = self.plan.grey(&self.object.dataset, index, &mut unused)?;
        plan.bits.stored = frame.precision.unwrap_or(plan.bits.stored);
        plan.measure(&frame.samples, span);
        Ok(())
    }
}
