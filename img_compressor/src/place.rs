//! Where objects are read and images are written: a path, or an `s3://` address.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reason::Reason;
use crate::source::{LocalFile, Source};
use crate::store::{Address, Stores, Upload};

/// Open an input for reading.
///
/// # Errors
///
/// [`Reason::InputNotFound`], [`Reason::InputUnreadable`], [`Reason::StoreUnavailable`].
pub fn open(input: &str, stores: &Stores) -> Result<Box<dyn Source>, Reason> {
    match Address::of(input) {
        Some(address) => stores.open(&address?),
        None => Ok(Box::new(LocalFile::open(Path::new(input))?)),
    }
}

/// A folder or a prefix that images of one object are written into.
pub enum Target<'a> {
    /// A local folder.
    Folder(PathBuf),
    /// A prefix in a bucket.
    Bucket(&'a Stores, Address),
}

/// Makes names of unfinished files unique within this process.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

impl<'a> Target<'a> {
    /// Prepare to write into `output`.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] where the folder cannot be made or the address is none.
    pub fn of(output: &str, stores: &'a Stores) -> Result<Self, Reason> {
        match Address::of(output) {
            Some(address) => {
                let address = address.map_err(|_| Reason::OutputUnwritable)?;
                Ok(Self::Bucket(stores, address))
            }
            None => Ok(Self::Folder(PathBuf::from(output))),
        }
    }

    /// Begin a file whose size is not known yet.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn begin(&self, name: &str) -> Result<Sink, Reason> {
        let (place, key) = match self {
            Self::Folder(folder) => {
                fs::create_dir_all(folder).map_err(|_| Reason::OutputUnwritable)?;
                let unfinished = unfinished(folder, name);
                let file = File::create(&unfinished).map_err(|_| Reason::OutputUnwritable)?;
                let path = folder.join(name);
                let key = path.to_string_lossy().into_owned();
                let file = BufWriter::new(file);
                let place = Place::File {
                    file,
                    unfinished,
                    path,
                };
                (place, key)
            }
            Self::Bucket(stores, prefix) => {
                let address = prefix.join(name);
                (Place::Upload(stores.upload(&address)?), address.to_string())
            }
        };
        Ok(Sink {
            place,
            key,
            written: 0,
        })
    }

    /// Write one image whole or not at all; returns where it is.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<String, Reason> {
        match self {
            Self::Folder(folder) => put_file(folder, name, bytes),
            Self::Bucket(stores, prefix) => {
                let address = prefix.join(name);
                stores.put(&address, bytes)?;
                Ok(address.to_string())
            }
        }
    }
}

/// A file or an object that is written piece by piece and appears when it is finished.
pub struct Sink {
    place: Place,
    key: String,
    written: u64,
}

enum Place {
    File {
        file: BufWriter<File>,
        unfinished: PathBuf,
        path: PathBuf,
    },
    Upload(Upload),
}

impl Sink {
    /// Where it will be.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Bytes so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Add bytes.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.written += bytes.len() as u64;
        match &mut self.place {
            Place::File { file, .. } => file.write_all(bytes).map_err(|_| Reason::OutputUnwritable),
            Place::Upload(upload) => upload.write(bytes),
        }
    }

    /// Make it appear; returns where it is.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`].
    pub fn finish(self) -> Result<String, Reason> {
        match self.place {
            Place::File {
                mut file,
                unfinished,
                path,
            } => file
                .flush()
                .and_then(|()| fs::rename(&unfinished, &path))
                .map_err(|_| {
                    drop(fs::remove_file(&unfinished));
                    Reason::OutputUnwritable
                })?,
            Place::Upload(upload) => upload.finish()?,
        }
        Ok(self.key)
    }

    /// Leave nothing behind.
    pub fn abandon(self) {
        match self.place {
            Place::File { unfinished, .. } => drop(fs::remove_file(unfinished)),
            Place::Upload(upload) => upload.abandon(),
        }
    }
}

/// A name beside `name` that no other writer uses.
fn unfinished(folder: &Path, name: &str) -> PathBuf {
    let number = UNFINISHED.fetch_add(1, Ordering::Relaxed);
    folder.join(format!(".{name}.{}.{number}.part", std::process::id()))
}

fn put_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<String, Reason> {
    let path = folder.join(name);
    let unfinished = unfinished(folder, name);
    let written = fs::write(&unfinished, bytes).or_else(|_| {
        // Most often the folder is not there yet.
        fs::create_dir_all(folder)?;
        fs::write(&unfinished, bytes)
    });
    if written
        .and_then(|()| fs::rename(&unfinished, &path))
        .is_err()
    {
        // Nothing is lost when the leftover cannot be removed; the next run overwrites none.
        drop(fs::remove_file(&unfinished));
        return Err(Reason::OutputUnwritable);
    }
    Ok(path.to_string_lossy().into_owned())
}
