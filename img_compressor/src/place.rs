//! Where objects are read and images are written: a path, or an `s3://` address.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reason::Reason;
use crate::source::{LocalFile, Source};
use crate::store::{Address, Stores};

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

/// A name beside `name` that no other writer uses.
#[must_use]
pub fn unfinished(folder: &Path, name: &str) -> PathBuf {
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
