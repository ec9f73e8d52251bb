//! Frames of grey pixels by a prepared plan.
//!
//! Values of up to 16 bits go through a table with one entry per stored value, so that every pixel
//! costs one read and gives exactly what the real formulas give, or through a line that is equal
//! to that table.

use std::mem;

use crate::grey::{GreyPlan, Table};
use crate::line::Line;
use crate::samples::Samples;

/// Most bytes of a picture whose memory is kept for the next one.
const KEPT: usize = 16 << 20;

/// A prepared plan: the table of the last frame serves the next one while nothing changes.
#[derive(Debug)]
pub struct Greys {
    plan: GreyPlan,
    levels: Option<Levels>,
    spare: Vec<u8>,
}

#[derive(Debug)]
struct Levels {
    table: Box<Table>,
    line: Option<Line>,
}

impl Greys {
    /// Prepare a plan.
    #[must_use]
    pub fn new(plan: GreyPlan) -> Self {
        Self {
            plan,
            levels: None,
            spare: Vec::new(),
        }
    }

    /// Take another plan; the table is kept if it is the same.
    pub fn set(&mut self, plan: GreyPlan) {
        if plan != self.plan {
            self.plan = plan;
            self.levels = None;
        }
    }

    /// Room for `size` levels, of any value: what was taken back, if anything was.
    #[must_use]
    pub fn room(&mut self, size: usize) -> Vec<u8> {
        let mut pixels = mem::take(&mut self.spare);
        if pixels.capacity() < size {
            // Fresh zeros cost nothing before they are written; grown memory is copied.
            return vec![0; size];
        }
        pixels.resize(size, 0);
        pixels
    }

    /// Take back the memory of a picture: fresh memory costs a fault per page.
    pub fn take_back(&mut self, pixels: Vec<u8>) {
        if pixels.capacity() <= KEPT {
            self.spare = pixels;
        }
    }

    /// One grey level per sample.
    pub fn render(&mut self, samples: &Samples) -> Vec<u8> {
        match samples {
            Samples::Bytes(cells) => self.bytes(cells),
            Samples::Words(cells) => {
                let mut pixels = self.room(cells.len());
                self.words(cells, &mut pixels);
                pixels
            }
            Samples::Longs(cells) => cells
                .iter()
                .map(|cell| self.plan.level_of_stored(self.plan.bits.value(*cell)))
                .collect(),
            Samples::Floats(values) => values
                .iter()
                .map(|value| {
                    self.plan
                        .level_of(self.plan.modality.value(f64::from(*value)))
                })
                .collect(),
            Samples::Doubles(values) => values
                .iter()
                .map(|value| self.plan.level_of(self.plan.modality.value(*value)))
                .collect(),
        }
    }

    fn levels(&mut self) -> &Levels {
        let plan = &self.plan;
        self.levels.get_or_insert_with(|| {
            let table = plan.table();
            let line = plan.line(&table);
            Levels { table, line }
        })
    }

    fn bytes(&mut self, cells: &[u8]) -> Vec<u8> {
        let mut pixels = self.room(cells.len());
        let (mask, shift) = self.plan.bits.mask();
        let Levels { table, line } = self.levels();
        if let Some(line) = line {
            line.render(cells, &mut pixels);
            return pixels;
        }
        let by_cell: [u8; 256] =
            std::array::from_fn(|cell| table[(cell >> shift) & usize::from(mask)]);
        for (pixel, cell) in pixels.iter_mut().zip(cells) {
            *pixel = by_cell[usize::from(*cell)];
        }
        pixels
    }

    /// The grey level of each cell.
    pub fn words(&mut self, cells: &[u16], pixels: &mut [u8]) {
        let (mask, shift) = self.plan.bits.mask();
        let Levels { table, line } = self.levels();
        if let Some(line) = line {
            return line.render(cells, pixels);
        }
        for (pixel, cell) in pixels.iter_mut().zip(cells) {
            // An index of 16 bits into a table of 65,536 needs no bounds check.
            *pixel = table[usize::from((cell >> shift) & mask)];
        }
    }
}
