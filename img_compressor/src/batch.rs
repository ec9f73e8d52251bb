//! Many objects at once: lines in, worker threads, rows out, an object's rows side by side.
//!
//! Workers take their lines themselves: a thread that hands them out costs a switch per object.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::answer::{Answerer, Row, Settings};
use crate::store::Stores;

/// Longest request line in bytes; a longer one is a bad request.
const MAX_LINE: u64 = 1 << 20;
/// Rows of an object that are held back before it takes the output for itself.
const MAX_HELD: usize = 1 << 20;

/// Answer every line of `input` on `output` with `workers` threads.
///
/// # Errors
///
/// Where `input` cannot be read or `output` cannot be written; never for a bad object.
pub fn run(
    input: impl BufRead + Send,
    output: impl Write + Send,
    workers: usize,
    settings: Settings,
    stores: &Stores,
) -> io::Result<()> {
    let input = Mutex::new(Input {
        reader: input,
        failed: None,
    });
    let output = Mutex::new(Output {
        writer: output,
        failed: None,
    });
    thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|| work(&input, &output, settings, stores));
        }
        work(&input, &output, settings, stores);
    });
    let input = input.into_inner().unwrap_or_else(PoisonError::into_inner);
    let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    input.failed.or(output.failed).map_or(Ok(()), Err)
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

fn work<R: BufRead, W: Write>(
    input: &Mutex<Input<R>>,
    output: &Mutex<Output<W>>,
    settings: Settings,
    stores: &Stores,
) {
    let mut answerer = Answerer::new(settings, stores);
    loop {
        let line = lock(input).next();
        let Some(line) = line else { return };
        let mut rows = Rows {
            output,
            held: Vec::new(),
            taken: None,
        };
        answerer.answer_line(&line, &mut |row| rows.add(row));
        rows.finish();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Output<W> {
    writer: W,
    failed: Option<io::Error>,
}

impl<W: Write> Output<W> {
    fn write(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            let written = self.writer.write_all(bytes);
            self.failed = written.and_then(|()| self.writer.flush()).err();
        }
    }
}

/// Rows of one object: held until it ends, or until there are too many to hold.
struct Rows<'a, W> {
    output: &'a Mutex<Output<W>>,
    held: Vec<u8>,
    taken: Option<MutexGuard<'a, Output<W>>>,
}

impl<W: Write> Rows<'_, W> {
    fn add(&mut self, row: &Row) {
        if serde_json::to_writer(&mut self.held, row).is_ok() {
            self.held.push(b'\n');
        }
        if self.held.len() > MAX_HELD {
            let output = self.taken.get_or_insert_with(|| lock(self.output));
            output.write(&self.held);
            self.held.clear();
        }
    }

    fn finish(mut self) {
        let output = self.taken.get_or_insert_with(|| lock(self.output));
        output.write(&self.held);
    }
}
