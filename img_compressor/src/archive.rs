//! The frames of one object as one tar file, for objects of thousands of frames.
//!
//! Frames are stored as they are, so that `offset` and `bytes` of a row read one frame by range.
//! The file appears whole or not at all; two runs write the same bytes. POSIX.1-1988 ustar.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use tar::{EntryType, Header};

use crate::place::{Target, unfinished};
use crate::reason::Reason;
use crate::store::Upload;

/// Name of the file below the object's folder.
pub const NAME: &str = "frames.tar";
const BLOCK: usize = 512;

/// A tar file that is being written.
pub struct Archive {
    sink: Sink,
    key: String,
    at: u64,
}

enum Sink {
    File {
        file: BufWriter<File>,
        unfinished: PathBuf,
        path: PathBuf,
    },
    Upload(Upload),
}

impl Archive {
    /// Begin the archive of an object.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn begin(target: &Target<'_>) -> Result<Self, Reason> {
        let (sink, key) = match target {
            Target::Folder(folder) => {
                fs::create_dir_all(folder).map_err(|_| Reason::OutputUnwritable)?;
                let unfinished = unfinished(folder, NAME);
                let file = File::create(&unfinished).map_err(|_| Reason::OutputUnwritable)?;
                let path = folder.join(NAME);
                let key = path.to_string_lossy().into_owned();
                let file = BufWriter::new(file);
                let sink = Sink::File {
                    file,
                    unfinished,
                    path,
                };
                (sink, key)
            }
            Target::Bucket(stores, prefix) => {
                let address = prefix.join(NAME);
                (Sink::Upload(stores.upload(&address)?), address.to_string())
            }
        };
        Ok(Self { sink, key, at: 0 })
    }

    /// Where the archive will be.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
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
        self.write(header.as_bytes())?;
        let offset = self.at;
        self.write(bytes)?;
        let padding = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        self.write(&[0; BLOCK][..padding])?;
        Ok(offset)
    }

    /// Make the archive appear.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn finish(mut self) -> Result<(), Reason> {
        self.write(&[0; BLOCK * 2])?;
        match self.sink {
            Sink::File {
                mut file,
                unfinished,
                path,
            } => file
                .flush()
                .and_then(|()| fs::rename(&unfinished, &path))
                .map_err(|_| {
                    drop(fs::remove_file(&unfinished));
                    Reason::OutputUnwritable
                }),
            Sink::Upload(upload) => upload.finish(),
        }
    }

    /// Leave nothing behind.
    pub fn abandon(self) {
        match self.sink {
            Sink::File { unfinished, .. } => drop(fs::remove_file(unfinished)),
            Sink::Upload(upload) => upload.abandon(),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.at += bytes.len() as u64;
        match &mut self.sink {
            Sink::File { file, .. } => file.write_all(bytes).map_err(|_| Reason::OutputUnwritable),
            Sink::Upload(upload) => upload.write(bytes),
        }
    }
}
