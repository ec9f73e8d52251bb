//! Where bytes come from: positioned reads of a file, of memory, and a scanning window over both.
//!
//! Nothing here knows DICOM. The object store implements [`Source`] in its own room.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::reason::Reason;

/// Bytes that can be read from any position.
pub trait Source {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// Fill `buffer` with the bytes that begin at `offset`.
    ///
    /// # Errors
    ///
    /// [`Reason::TruncatedPixelData`] where the source ends first, [`Reason::InputUnreadable`]
    /// where the place refuses.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Reason>;
}

/// A local file, read with `pread`.
#[derive(Debug)]
pub struct LocalFile {
    file: File,
    size: u64,
}

impl LocalFile {
    /// Open a file for reading.
    ///
    /// # Errors
    ///
    /// [`Reason::InputNotFound`] or [`Reason::InputUnreadable`] (a folder is unreadable).
    pub fn open(path: &Path) -> Result<Self, Reason> {
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Reason::InputNotFound,
            _ => Reason::InputUnreadable,
        })?;
        let about = file.metadata().map_err(|_| Reason::InputUnreadable)?;
        if !about.is_file() {
            return Err(Reason::InputUnreadable);
        }
        Ok(Self {
            file,
            size: about.len(),
        })
    }
}

#[cfg(unix)]
fn read_file_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
fn read_file_at(mut file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

impl Source for LocalFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Reason> {
        read_file_at(&self.file, offset, buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Reason::TruncatedPixelData,
            _ => Reason::InputUnreadable,
        })
    }
}

/// Bytes in memory: an inflated data set, or a test.
#[derive(Debug)]
pub struct Memory(pub Vec<u8>);

impl Source for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Reason> {
        let start = usize::try_from(offset).map_err(|_| Reason::TruncatedPixelData)?;
        let end = start
            .checked_add(buffer.len())
            .ok_or(Reason::TruncatedPixelData)?;
        let bytes = self.0.get(start..end).ok_or(Reason::TruncatedPixelData)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// The first window; real headers measured 0.8 to 20 KB.
const FIRST_WINDOW: usize = 16 * 1024;
/// Windows grow fourfold up to this size.
const LAST_WINDOW: usize = 1024 * 1024;

/// A forward-moving window over a source, for reading many small things in order.
pub struct Scan<'a> {
    source: &'a dyn Source,
    window: RefCell<Window>,
}

/// Bytes of a source and where they begin.
#[derive(Debug)]
pub struct Window {
    start: u64,
    bytes: Vec<u8>,
    next_size: usize,
}

impl Default for Window {
    /// Nothing read yet.
    fn default() -> Self {
        Self {
            start: 0,
            bytes: Vec::new(),
            next_size: FIRST_WINDOW,
        }
    }
}

impl<'a> Scan<'a> {
    /// A window over `source`, empty until the first read.
    #[must_use]
    pub fn new(source: &'a dyn Source) -> Self {
        Self::resumed(source, Window::default())
    }

    /// A window over `source` that holds what another scan of it has read.
    #[must_use]
    pub fn resumed(source: &'a dyn Source, window: Window) -> Self {
        Self {
            source,
            window: RefCell::new(window),
        }
    }

    /// What was read last, for a scan that goes on.
    #[must_use]
    pub fn into_window(self) -> Window {
        self.window.into_inner()
    }

    /// Size of the source in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// The `N` bytes at `offset`, or `None` where the source ends first.
    ///
    /// # Errors
    ///
    /// As the source's own reads.
    pub fn array<const N: usize>(&self, offset: u64) -> Result<Option<[u8; N]>, Reason> {
        if offset
            .checked_add(N as u64)
            .is_none_or(|end| end > self.size())
        {
            return Ok(None);
        }
        let mut taken = [0; N];
        self.read(offset, &mut taken)?;
        Ok(Some(taken))
    }

    /// Fill `buffer` from `offset`; large reads bypass the window.
    ///
    /// # Errors
    ///
    /// As the source's own reads.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Reason> {
        if buffer.len() > LAST_WINDOW / 4 {
            return self.source.read_at(offset, buffer);
        }
        let window = &mut *self.window.borrow_mut();
        if !window.holds(offset, buffer.len()) {
            window.move_to(self.source, offset, buffer.len())?;
        }
        let from = usize::try_from(offset - window.start).map_err(|_| Reason::MalformedHeader)?;
        buffer.copy_from_slice(&window.bytes[from..from + buffer.len()]);
        Ok(())
    }
}

impl Window {
    fn holds(&self, offset: u64, length: usize) -> bool {
        offset >= self.start
            && offset.saturating_add(length as u64) <= self.start + self.bytes.len() as u64
    }

    fn move_to(&mut self, source: &dyn Source, offset: u64, need: usize) -> Result<(), Reason> {
        let left = source.size().saturating_sub(offset);
        if left < need as u64 {
            return Err(Reason::TruncatedPixelData);
        }
        let wanted = self.next_size.max(need);
        let size = usize::try_from(left).map_or(wanted, |left| wanted.min(left));
        self.bytes.resize(size, 0);
        self.start = offset;
        let read = source.read_at(offset, &mut self.bytes);
        if read.is_err() {
            self.bytes.clear();
        }
        self.next_size = (self.next_size * 4).min(LAST_WINDOW);
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A read at the very end succeeds, one byte further is no read at all.
    #[test]
    fn scan_ends_where_the_source_ends() -> Result<(), Reason> {
        let source = Memory((0..=255).collect());
        let scan = Scan::new(&source);

        assert_eq!(Some([254, 255]), scan.array::<2>(254)?);
        assert_eq!(None, scan.array::<2>(255)?);
        assert_eq!(None, scan.array::<2>(u64::MAX)?);
        Ok(())
    }

    /// Going backwards moves the window back.
    #[test]
    fn scan_reads_backwards() -> Result<(), Reason> {
        let source = Memory((0..100_000_u32).map(|n| (n % 251) as u8).collect());
        let scan = Scan::new(&source);

        assert_eq!(Some([(90_000 % 251) as u8]), scan.array(90_000)?);
        assert_eq!(Some([7]), scan.array(7)?);
        Ok(())
    }
}
