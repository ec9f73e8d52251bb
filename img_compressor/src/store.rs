//! The object store: `s3://` addresses, ranged reads with read-ahead, whole-object writes.
//!
//! The only room that knows the network. Credentials, region and endpoint come from the usual
//! `AWS_*` variables; a custom endpoint is addressed path-style and may be plain http.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart};
use tokio::runtime::{Handle, Runtime};

use crate::reason::Reason;
use crate::source::Source;

/// The first read of an object: most objects of one frame come whole.
const FIRST_RANGE: u64 = 1 << 20;
/// Later reads are at least this long, so that small frames share a request.
const READ_AHEAD: u64 = 8 << 20;
/// Bytes of one part of an upload.
const PART: usize = 8 << 20;

/// An `s3://bucket/key` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    bucket: String,
    key: String,
}

impl Address {
    /// `None` where the text is a path; an error where it is an address of nothing.
    #[must_use]
    pub fn of(text: &str) -> Option<Result<Self, Reason>> {
        let rest = text.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Some(Err(Reason::InputNotFound));
        }
        Some(Ok(Self {
            bucket: bucket.to_owned(),
            key: key.trim_end_matches('/').to_owned(),
        }))
    }

    /// The address of `name` under this prefix.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let key = if self.key.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.key)
        };
        Self {
            bucket: self.bucket.clone(),
            key,
        }
    }

    fn path(&self) -> Result<Path, Reason> {
        Path::parse(&self.key).map_err(|_| Reason::InputNotFound)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Clients by bucket, made when first asked for.
#[derive(Default)]
pub struct Stores {
    runtime: OnceLock<Option<Runtime>>,
    buckets: Mutex<HashMap<String, Arc<AmazonS3>>>,
}

impl Stores {
    fn runtime(&self) -> Result<&Handle, Reason> {
        let runtime = self.runtime.get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .ok()
        });
        runtime
            .as_ref()
            .map(Runtime::handle)
            .ok_or(Reason::StoreUnavailable)
    }

    fn bucket(&self, name: &str) -> Result<Arc<AmazonS3>, Reason> {
        let mut buckets = self.buckets.lock().map_err(|_| Reason::StoreUnavailable)?;
        if let Some(store) = buckets.get(name) {
            return Ok(Arc::clone(store));
        }
        // The first provider wins; a second installation is no fault.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_allow_http(true);
        if let Ok(endpoint) = std::env::var("AWS_ENDPOINT_URL") {
            builder = builder
                .with_endpoint(endpoint)
                .with_virtual_hosted_style_request(false);
        }
        let store = builder.build().map_err(|_| Reason::StoreUnavailable)?;
        let store = Arc::new(store);
        buckets.insert(name.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    /// Open an object; its first range is read at once and tells its size.
    ///
    /// # Errors
    ///
    /// [`Reason::InputNotFound`], [`Reason::InputUnreadable`], [`Reason::StoreUnavailable`].
    pub fn open(&self, address: &Address) -> Result<Box<dyn Source>, Reason> {
        let handle = self.runtime()?.clone();
        let store = self.bucket(&address.bucket)?;
        let path = address.path()?;
        let first = handle.block_on(get(&store, &path, 0, FIRST_RANGE));
        let (size, bytes) = first.or_else(|error| {
            // A range of an empty object is refused; its size is asked for instead.
            match handle.block_on(store.head(&path)) {
                Ok(meta) if meta.size == 0 => Ok((0, Vec::new())),
                _ => Err(reason_of(&error)),
            }
        })?;
        Ok(Box::new(RemoteObject {
            handle,
            store,
            path,
            size,
            window: RefCell::new((0, bytes)),
        }))
    }

    /// Begin an object whose size is not known yet.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn upload(&self, address: &Address) -> Result<Upload, Reason> {
        let store = self.bucket(&address.bucket)?;
        let path = address.path().map_err(|_| Reason::OutputUnwritable)?;
        let handle = self.runtime()?.clone();
        let upload = handle
            .block_on(store.put_multipart(&path))
            .map_err(|_| Reason::OutputUnwritable)?;
        let parts = WriteMultipart::new_with_chunk_size(upload, PART);
        Ok(Upload { handle, parts })
    }

    /// Write a whole object.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] or [`Reason::StoreUnavailable`].
    pub fn put(&self, address: &Address, bytes: &[u8]) -> Result<(), Reason> {
        let store = self.bucket(&address.bucket)?;
        let path = address.path().map_err(|_| Reason::OutputUnwritable)?;
        let payload = object_store::PutPayload::from(bytes.to_vec());
        self.runtime()?
            .block_on(store.put(&path, payload))
            .map(drop)
            .map_err(|_| Reason::OutputUnwritable)
    }
}

/// An object that is written in parts; it appears when it is finished.
pub struct Upload {
    handle: Handle,
    parts: WriteMultipart,
}

/// Parts of one upload in flight; each is held in memory.
const PARTS_IN_FLIGHT: usize = 2;

impl Upload {
    /// Add bytes; waits while too many parts are under way.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] where a part was refused.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        let _inside = self.handle.enter();
        self.parts.write(bytes);
        self.handle
            .block_on(self.parts.wait_for_capacity(PARTS_IN_FLIGHT))
            .map_err(|_| Reason::OutputUnwritable)
    }

    /// Make the object appear.
    ///
    /// # Errors
    ///
    /// [`Reason::OutputUnwritable`] where the store refuses.
    pub fn finish(self) -> Result<(), Reason> {
        self.handle
            .block_on(self.parts.finish())
            .map(drop)
            .map_err(|_| Reason::OutputUnwritable)
    }

    /// Have the store forget what was written.
    pub fn abandon(self) {
        // A store that is gone forgets by its own lifecycle rule.
        drop(self.handle.block_on(self.parts.abort()));
    }
}

fn reason_of(error: &object_store::Error) -> Reason {
    match error {
        object_store::Error::NotFound { .. } => Reason::InputNotFound,
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Reason::InputUnreadable,
        _ => Reason::StoreUnavailable,
    }
}

async fn get(
    store: &AmazonS3,
    path: &Path,
    offset: u64,
    length: u64,
) -> object_store::Result<(u64, Vec<u8>)> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(offset..offset + length)),
        ..GetOptions::default()
    };
    let result = store.get_opts(path, options).await?;
    let size = result.meta.size;
    Ok((size, result.bytes().await?.to_vec()))
}

/// An object in a bucket, read by ranges; one window is held.
struct RemoteObject {
    handle: Handle,
    store: Arc<AmazonS3>,
    path: Path,
    size: u64,
    window: RefCell<(u64, Vec<u8>)>,
}

impl Source for RemoteObject {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Reason> {
        let need = buffer.len() as u64;
        let end = offset.saturating_add(need);
        if end > self.size {
            return Err(Reason::TruncatedPixelData);
        }
        let window = &mut *self.window.borrow_mut();
        if offset < window.0 || end > window.0 + window.1.len() as u64 {
            let length = need.max(READ_AHEAD).min(self.size - offset);
            // The old window goes before the new one comes.
            *window = (0, Vec::new());
            let (_, bytes) = self
                .handle
                .block_on(get(&self.store, &self.path, offset, length))
                .map_err(|error| reason_of(&error))?;
            *window = (offset, bytes);
        }
        let from = usize::try_from(offset - window.0).map_err(|_| Reason::InputUnreadable)?;
        let bytes = window.1.get(from..from + buffer.len());
        buffer.copy_from_slice(bytes.ok_or(Reason::InputUnreadable)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        assert_eq!(None, Address::of("/data/s3/file"));
        assert_eq!(Some(Err(Reason::InputNotFound)), Address::of("s3:///key"));
        let prefix = Address::of("s3://bucket/a/b/").and_then(Result::ok);
        let joined = prefix.map(|prefix| prefix.join("000001.jpg").to_string());
        assert_eq!(Some("s3://bucket/a/b/000001.jpg".to_owned()), joined);
    }
}
