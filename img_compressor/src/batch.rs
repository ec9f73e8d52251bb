//! Many objects at once: lines in, worker threads, rows out, an object's rows side by side.
//!
//! Workers take their lines themselves: a thread that hands them out costs a switch per object.
//! The calling thread watches. A worker whose frame takes too long is left behind with its loop
//! and another takes its place, so that one frame costs no other its answer.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::answer::{Answerer, Settings};
use crate::store::Stores;
use crate::watch::{Patience, Pulse, Seen};

/// Longest request line in bytes; a longer one is a bad request.
const MAX_LINE: u64 = 1 << 20;

/// What is left when every line is answered.
#[derive(Debug)]
pub struct Answered<W> {
    /// Where the rows are.
    pub output: W,
    /// Workers that still run in a frame that took too long.
    pub given_up: usize,
}

/// Answer every line of `input` on `output` with `workers` threads.
///
/// # Errors
///
/// Where `input` cannot be read or `output` cannot be written; never for a bad object.
pub fn run<R, W>(
    input: R,
    output: W,
    workers: usize,
    patience: Patience,
    settings: Settings,
    stores: &Arc<Stores>,
) -> io::Result<Answered<W>>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    let shared = Arc::new(Shared {
        input: Mutex::new(Input {
            reader: input,
            failed: None,
        }),
        output: Mutex::new(Output {
            writer: Some(output),
            failed: None,
            holder: None,
        }),
        free: Condvar::new(),
        settings,
        stores: Arc::clone(stores),
    });
    let given_up = Crew::of(&shared, workers.max(1)).watched(patience);
    let failed = lock(&shared.input).failed.take();
    let mut output = lock(&shared.output);
    // A thread that was left behind shares the output: it is taken, not unwrapped.
    match (failed.or(output.failed.take()), output.writer.take()) {
        (None, Some(output)) => Ok(Answered { output, given_up }),
        (error, _) => Err(error.unwrap_or_else(|| io::ErrorKind::Other.into())),
    }
}

/// What the workers share.
struct Shared<R, W> {
    input: Mutex<Input<R>>,
    output: Mutex<Output<W>>,
    free: Condvar,
    settings: Settings,
    stores: Arc<Stores>,
}

/// Workers by number, and what was seen of each.
struct Crew<R, W> {
    shared: Arc<Shared<R, W>>,
    at_work: HashMap<u64, (Arc<Pulse>, Option<Seen>)>,
    hired: u64,
    leave: Sender<u64>,
    left: Receiver<u64>,
}

impl<R, W> Crew<R, W>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    fn of(shared: &Arc<Shared<R, W>>, workers: usize) -> Self {
        let (leave, left) = channel();
        let mut crew = Self {
            shared: Arc::clone(shared),
            at_work: HashMap::new(),
            hired: 0,
            leave,
            left,
        };
        (0..workers).for_each(|_| crew.hire());
        crew
    }

    fn hire(&mut self) {
        let number = self.hired;
        self.hired += 1;
        let pulse = Arc::new(Pulse::default());
        self.at_work.insert(number, (Arc::clone(&pulse), None));
        let shared = Arc::clone(&self.shared);
        let leaving = Leaving(self.leave.clone(), number);
        thread::spawn(move || {
            let leaving = leaving; // whole, not its number alone
            shared.work(leaving.1, &pulse);
        });
    }

    /// Wait until all work is done; returns how many workers were given up.
    fn watched(mut self, patience: Patience) -> usize {
        let mut given_up = 0;
        while !self.at_work.is_empty() {
            match self.left.recv_timeout(patience.tick()) {
                Ok(number) => drop(self.at_work.remove(&number)),
                Err(RecvTimeoutError::Timeout) => given_up += self.look(patience),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        given_up
    }

    /// Replace who is overdue.
    fn look(&mut self, patience: Patience) -> usize {
        let mut overdue = Vec::new();
        for (number, (pulse, first)) in &mut self.at_work {
            let now = pulse.seen();
            *first = now.map(|now| now.since(*first));
            if let (Some(now), Some(first)) = (now, *first)
                && now.is_overdue(first, patience)
                && self.shared.answer_for(*number, pulse, now)
            {
                overdue.push(*number);
            }
        }
        for number in &overdue {
            self.at_work.remove(number);
            self.hire();
        }
        overdue.len()
    }
}

/// Says that a worker is gone, however it goes.
struct Leaving(Sender<u64>, u64);

impl Drop for Leaving {
    fn drop(&mut self) {
        // Nobody listens to a worker that was given up and comes back late.
        let _ = self.0.send(self.1);
    }
}

impl<R: BufRead, W: Write> Shared<R, W> {
    fn work(&self, number: u64, pulse: &Pulse) {
        pulse.start();
        let mut answerer = Answerer::new(self.settings, &self.stores);
        answerer.pulse = Some(pulse);
        while let Some(line) = self.next_line() {
            answerer.answer_line(&line, &mut |row| {
                if let Some(rows) = pulse.hold(row) {
                    self.write(number, &rows, Part::More);
                }
            });
            let Some(rows) = pulse.end() else { return };
            self.write(number, &rows, Part::Last);
        }
    }

    fn next_line(&self) -> Option<Vec<u8>> {
        lock(&self.input).next()
    }

    /// Write rows of an object as soon as no other object has the output for itself.
    fn write(&self, number: u64, rows: &[u8], part: Part) {
        let mut output = lock(&self.output);
        while output.is_held_from(number) {
            output = self
                .free
                .wait(output)
                .unwrap_or_else(PoisonError::into_inner);
        }
        output.write(rows);
        output.holder = (part == Part::More).then_some(number);
        if part == Part::Last {
            self.free.notify_all();
        }
    }

    /// Answer for a worker that is overdue; not while another's rows are half written, which is
    /// seen at the next look.
    fn answer_for(&self, number: u64, pulse: &Pulse, seen: Seen) -> bool {
        let mut output = lock(&self.output);
        if output.is_held_from(number) {
            return false;
        }
        let Some(rows) = pulse.give_up(seen) else {
            return false;
        };
        output.write(&rows);
        output.holder = None;
        self.free.notify_all();
        true
    }
}

/// Whether rows of the same object follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    More,
    Last,
}

struct Input<R> {
    reader: R,
    failed: Option<io::Error>,
}

impl<R: BufRead> Input<R> {
    /// The next line; none behind the last one and behind a failure.
    fn next(&mut self) -> Option<Vec<u8>> {
        if self.failed.is_some() {
            return None;
        }
        next_line(&mut self.reader).unwrap_or_else(|error| {
            self.failed = Some(error);
            None
        })
    }
}

/// The next line that is not blank; an overlong one is cut, which makes it a bad request.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == MAX_LINE && line.last() != Some(&b'\n') {
            skip_line(input)?;
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Some(line));
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Output<W> {
    writer: Option<W>,
    failed: Option<io::Error>,
    /// Worker whose object has more rows than are held, while it lasts.
    holder: Option<u64>,
}

impl<W: Write> Output<W> {
    fn is_held_from(&self, number: u64) -> bool {
        self.holder.is_some_and(|holder| holder != number)
    }

    fn write(&mut self, bytes: &[u8]) {
        if let (None, Some(writer)) = (&self.failed, &mut self.writer) {
            let written = writer.write_all(bytes);
            self.failed = written.and_then(|()| writer.flush()).err();
        }
    }
}
