//! The frames of one object as one tar file, for objects of thousands of frames.
//!
//! Frames are stored as they are, so that `offset` and `bytes` of a row read one frame by range.
//! Two runs write the same bytes. POSIX.1-1988 ustar.

use tar::{EntryType, Header};

use crate::place::{Sink, Target};
use crate::reason::Reason;

/// Name of the file below the object's folder.
pub const NAME: &str = "frames.tar";
const BLOCK: usize = 512;

/// A tar file that is being written.
pub struct Archive(Sink);

impl Archive {
    /// Begin the archive of an object.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn begin(target: &Target<'_>) -> Result<Self, Reason> {
        target.begin(NAME).map(Self)
    }

    /// Where the archive will be.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.key()
    }

    /// Add one file; returns where its bytes begin in the archive.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<u64, Reason> {
        let mut header = Header::new_ustar();
        header
            .set_path(name)
            .map_err(|_| Reason::OutputUnwritable)?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_cksum();
        self.0.write(header.as_bytes())?;
        let offset = self.0.written();
        self.0.write(bytes)?;
        let padding = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        self.0.write(&[0; BLOCK][..padding])?;
        Ok(offset)
    }

    /// Make the archive appear.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn finish(mut self) -> Result<(), Reason> {
        self.0.write(&[0; BLOCK * 2])?;
        self.0.finish().map(drop)
    }

    /// Leave nothing behind.
    pub fn abandon(self) {
        self.0.abandon();
    }
}
