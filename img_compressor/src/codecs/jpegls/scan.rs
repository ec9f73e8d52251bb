//! The lines of a scan and its restart intervals. ISO 14495-1 A.8, C.2.5 and D.1.

use super::bits::Data;
use super::coding::Coding;
use super::header::Header;
use super::lines::Lines;
use crate::codecs::markers::Segment;

/// First of the eight restart markers.
const RST0: u8 = 0xD0;

/// A whole scan: `planes` components, each of `N` samples by pixel.
pub struct Scan<const N: usize> {
    header: Header,
    lines: Lines,
    data: Data,
    /// Two lines of each component, above and below in turn.
    around: [Vec<Vec<[u16; N]>>; 2],
    runs: Vec<usize>,
}

impl<const N: usize> Scan<N> {
    /// `None` where the parameters are not allowed.
    #[must_use]
    pub fn new(header: Header, planes: usize) -> Option<Self> {
        let coding = Coding::of(header.precision, header.presets)?;
        let lines = vec![vec![[0; N]; header.width as usize + 2]; planes];
        Some(Self {
            header,
            lines: Lines::new(coding, header.precision),
            data: Data::default(),
            around: [lines.clone(), lines],
            runs: vec![0; planes],
        })
    }

    /// Give the decoded lines, top to bottom, to `taker`; the bytes of the stream that they were.
    ///
    /// `None` where they are broken: at the end of a line at the latest.
    pub fn decode(
        mut self,
        stream: &[u8],
        mut taker: impl FnMut(&[Vec<[u16; N]>]),
    ) -> Option<usize> {
        let height = self.header.height;
        let interval = match self.header.restart {
            0 => height,
            lines => lines,
        };
        let (mut at, mut row) = (0, 0);
        loop {
            let count = interval.min(height - row);
            at += self.interval(&stream[at..], count, &mut taker)?;
            row += count;
            if row == height {
                return Some(at);
            }
            let marker = Segment::at(stream, at)?;
            // They count from 0 to 7. C.1.2.
            let number = (row / interval - 1) % 8;
            if u32::from(marker.code) != u32::from(RST0) + number {
                return None;
            }
            at = marker.end();
            self.restart();
        }
    }

    fn interval(
        &mut self,
        stream: &[u8],
        count: u32,
        taker: &mut impl FnMut(&[Vec<[u16; N]>]),
    ) -> Option<usize> {
        let length = self.data.read(stream);
        let mut bits = self.data.bits();
        for _ in 0..count {
            let [above, below] = &mut self.around;
            let planes = above.iter_mut().zip(below).zip(&mut self.runs);
            for ((above, below), run) in planes {
                self.lines.line(above, below, &mut bits, run);
            }
            if bits.is_overrun() {
                return None;
            }
            taker(&self.around[1]);
            self.around.swap(0, 1);
        }
        bits.is_finished().then_some(length)
    }

    fn restart(&mut self) {
        self.lines.restart();
        self.runs.fill(0);
        for line in self.around.iter_mut().flatten() {
            line.fill([0; N]);
        }
    }
}
