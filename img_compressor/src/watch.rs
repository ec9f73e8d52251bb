//! How long one frame may take. A loop in a C codec cannot be interrupted, only left behind.
//!
//! A worker says what it is at ([`Pulse`]); whoever watches gives up one that takes more
//! processor time than [`Patience`] has for it, and answers in its place. What the worker finds
//! out later, if it ever does, is not written.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::answer::Row;
use crate::clock::Clock;
use crate::reason::Reason;

/// Samples that fit into the base of a limit; a frame of more has a multiple of it.
const SAMPLES: u64 = 60_000_000;
/// Rows of an object that are held back before it takes the output for itself.
const MAX_HELD: usize = 1 << 20;

/// Processor time for a frame of up to 60 million samples, and for each 60 million more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub Duration);

impl Default for Patience {
    /// 60 s: a second for each million samples, where the slowest codec takes a fraction of one
    /// (`docs/compressor.md` has the figures).
    fn default() -> Self {
        Self(Duration::from_secs(60))
    }
}

impl Patience {
    /// What a frame of so many samples may take.
    #[must_use]
    pub fn limit(self, samples: u64) -> Duration {
        let times = samples.div_ceil(SAMPLES).max(1);
        self.0
            .saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
    }

    /// How often to look: much shorter than the limit, and no load.
    #[must_use]
    pub fn tick(self) -> Duration {
        (self.0 / 8).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

/// What one worker is at, for others to see.
#[derive(Debug, Default)]
pub struct Pulse {
    clock: OnceLock<Option<Clock>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    beat: u64,
    samples: u64,
    /// What a row of this object has in common; none between two objects.
    row: Option<Row>,
    held: Vec<u8>,
    given_up: bool,
}

impl Pulse {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This thread is the worker.
    pub fn start(&self) {
        self.clock.get_or_init(Clock::of_this_thread);
    }

    /// An object, or more of what is known of it, is at hand.
    pub fn object(&self, row: Row) {
        let mut state = self.state();
        state.beat += 1;
        state.samples = 0;
        state.row = Some(row);
    }

    /// A frame of so many samples is at hand.
    ///
    /// # Errors
    ///
    /// [`Reason::TimedOut`] where the object was answered by whoever watches.
    pub fn frame(&self, number: u32, samples: u64) -> Result<(), Reason> {
        if let Some(row) = &mut self.state().row {
            row.frame = Some(number);
        }
        self.beat(samples)
    }

    /// A step of so many samples begins.
    ///
    /// # Errors
    ///
    /// [`Reason::TimedOut`] where the object was answered by whoever watches.
    pub fn beat(&self, samples: u64) -> Result<(), Reason> {
        let mut state = self.state();
        state.beat += 1;
        state.samples = samples;
        if state.given_up {
            return Err(Reason::TimedOut);
        }
        Ok(())
    }

    /// Keep a row until its object ends; returns all rows once there are too many to keep.
    pub fn hold(&self, row: &Row) -> Option<Vec<u8>> {
        let mut state = self.state();
        if state.given_up {
            return None;
        }
        add_line(&mut state.held, row);
        (state.held.len() > MAX_HELD).then(|| std::mem::take(&mut state.held))
    }

    /// The object ends: its rows, or nothing if it was answered by whoever watches.
    pub fn end(&self) -> Option<Vec<u8>> {
        let mut state = self.state();
        state.beat += 1;
        state.row = None;
        (!state.given_up).then(|| std::mem::take(&mut state.held))
    }

    /// Where the worker is and what it has taken; nothing between two objects.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        let spent = self.clock.get()?.as_ref()?.spent()?;
        let state = self.state();
        state.row.is_some().then_some(Seen {
            beat: state.beat,
            samples: state.samples,
            spent,
        })
    }

    /// Answer in the worker's place: the rows that it held and one that says why there are no
    /// more. Nothing where it has moved on since it was `seen`.
    #[must_use]
    pub fn give_up(&self, seen: Seen) -> Option<Vec<u8>> {
        let mut state = self.state();
        if state.beat != seen.beat {
            return None;
        }
        let row = state.row.take()?;
        state.given_up = true;
        let mut rows = std::mem::take(&mut state.held);
        add_line(
            &mut rows,
            &Row {
                status: "error",
                reason: Some(Reason::TimedOut),
                ..row
            },
        );
        if let Some(Some(clock)) = self.clock.get() {
            clock.step_back();
        }
        Some(rows)
    }
}

fn add_line(lines: &mut Vec<u8>, row: &Row) {
    if serde_json::to_writer(&mut *lines, row).is_ok() {
        lines.push(b'\n');
    }
}

/// One look at a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    beat: u64,
    samples: u64,
    spent: Duration,
}

impl Seen {
    /// The earlier of two looks at the same step; else this one.
    #[must_use]
    pub fn since(self, earlier: Option<Self>) -> Self {
        earlier
            .filter(|earlier| earlier.beat == self.beat)
            .unwrap_or(self)
    }

    /// Whether the step has taken more than it may since `first`.
    #[must_use]
    pub fn is_overdue(self, first: Self, patience: Patience) -> bool {
        self.spent.saturating_sub(first.spent) > patience.limit(self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> Row {
        Row {
            id: Some(id.to_owned()),
            ..Row::default()
        }
    }

    fn seen(beat: u64, samples: u64, seconds: u64) -> Seen {
        let spent = Duration::from_secs(seconds);
        Seen {
            beat,
            samples,
            spent,
        }
    }

    /// The largest frame that fits into 512 MiB has minutes, an ordinary one a minute.
    #[test]
    fn a_large_frame_may_take_longer() {
        let patience = Patience::default();

        assert_eq!(60, patience.limit(0).as_secs());
        assert_eq!(60, patience.limit(SAMPLES).as_secs());
        assert_eq!(120, patience.limit(SAMPLES + 1).as_secs());
        assert_eq!(540, patience.limit(512 << 20).as_secs());
    }

    #[test]
    fn only_time_in_one_step_counts() {
        let patience = Patience::default();
        let first = seen(1, 0, 100);
        let same = seen(1, 0, 161);
        let moved = seen(2, 0, 161);

        assert!(same.is_overdue(same.since(Some(first)), patience));
        assert!(!same.is_overdue(same.since(None), patience));
        assert!(!moved.is_overdue(moved.since(Some(first)), patience));
    }

    /// Rows that the worker held come first; what it says afterwards is not heard.
    #[test]
    fn who_is_given_up_is_answered_for() {
        let pulse = Pulse::default();
        pulse.start();
        pulse.object(row("a"));
        assert_eq!(Ok(()), pulse.frame(2, 0));
        assert_eq!(None, pulse.hold(&row("a")));
        let seen = pulse.seen().expect("a worker at work");
        let rows = pulse.give_up(seen).expect("rows");
        let rows = String::from_utf8(rows).expect("text");
        let lines: Vec<&str> = rows.lines().collect();

        assert_eq!(2, lines.len());
        assert!(lines[1].contains(r#""frame":2"#));
        assert!(lines[1].contains(r#""status":"error","reason":"timed_out""#));
        assert_eq!(Err(Reason::TimedOut), pulse.beat(0));
        assert_eq!(None, pulse.hold(&row("a")));
        assert_eq!(None, pulse.end());
    }

    #[test]
    fn who_has_moved_on_is_not_given_up() {
        let pulse = Pulse::default();
        pulse.start();
        pulse.object(row("a"));
        let before = pulse.seen().expect("a worker at work");
        assert_eq!(Ok(()), pulse.beat(0));

        assert_eq!(None, pulse.give_up(before));
        assert_eq!(Ok(()), pulse.beat(0));
    }

    #[test]
    fn nobody_is_late_between_two_objects() {
        let pulse = Pulse::default();
        pulse.start();
        pulse.object(row("a"));
        assert_eq!(Some(Vec::new()), pulse.end());

        assert_eq!(None, pulse.seen());
    }
}
