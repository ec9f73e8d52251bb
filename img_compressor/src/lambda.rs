//! What one AWS Lambda event asks for, and its reply.
//!
//! An event carries request lines, or names manifests of request lines in a bucket: directly, or
//! as the notification that a manifest was written. An object's own notification is refused: who
//! renders it must first decide by its header what may be shown, and under which name.

use std::io::Cursor;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_lambda_events::event::s3::S3Event;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Settings;
use crate::encode::{Emit, Overlays, Pack, Passthrough, Subsampling};
use crate::place::{self, Target};
use crate::plan::Limits;
use crate::reason::Reason;
use crate::store::Stores;
use crate::watch::Patience;
use crate::{batch, version};

/// File name extension of a manifest, and of the answers beside it.
const MANIFEST: &str = ".requests.jsonl";
const ANSWERS: &str = ".answers.jsonl";
const LARGEST_MANIFEST: u64 = 64 << 20;
/// A reply of Lambda has at most 6 MB; what is longer goes to `answers`.
const LARGEST_REPLY: usize = 5 << 20;

/// One invocation.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// Notifications of a bucket: manifests were written.
    Notification(S3Event),
    /// Request lines, as `batch` reads them.
    Work(Work),
}

/// An invocation by name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Work {
    /// The lines; none asks for the version.
    pub requests: Vec<Value>,
    /// `s3://` address of a file that the answers are written to instead of the reply.
    pub answers: Option<String>,
    /// JPEG quality.
    pub quality: Option<u8>,
    /// Of colour.
    pub subsampling: Subsampling,
    /// Which files are written.
    pub emit: Emit,
    /// One file per frame, or one per object.
    pub pack: Pack,
    /// Whether inner JPEGs may be copied.
    pub passthrough: Passthrough,
    /// Processor time for a frame, as `--frame-seconds`.
    pub frame_seconds: Option<f64>,
}

/// The reply of one invocation.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// What answered.
    pub version: String,
    /// A row per frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Value>>,
    /// Files of rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
}

/// Why an invocation has no reply. Words only, as everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The event names something else than a manifest.
    #[error("not_a_manifest: name it *.requests.jsonl")]
    NotAManifest,
    /// The manifest cannot be read.
    #[error("manifest_unreadable: {0}")]
    ManifestUnreadable(Reason),
    /// The answers cannot be written.
    #[error("answers_unwritable")]
    AnswersUnwritable,
    /// The answers do not fit into a reply.
    #[error("reply_too_large: ask for fewer objects, or give an address for answers")]
    ReplyTooLarge,
    /// A fault of this program.
    #[error("internal_error")]
    Internal,
}

impl From<Fault> for lambda_runtime::Diagnostic {
    fn from(fault: Fault) -> Self {
        Self {
            error_type: format!("{fault:?}"),
            error_message: fault.to_string(),
        }
    }
}

/// Answer one event.
///
/// # Errors
///
/// [`Fault`]; a bad object is a row, never a fault.
pub fn answer(event: &Event, stores: &Arc<Stores>) -> Result<Reply, Fault> {
    let mut reply = Reply {
        version: version(),
        rows: None,
        answers: Vec::new(),
    };
    match event {
        Event::Notification(notification) => {
            for record in &notification.records {
                let bucket = record.s3.bucket.name.as_deref().unwrap_or_default();
                let key = record.s3.object.key.as_deref().unwrap_or_default();
                let address = format!("s3://{bucket}/{}", decoded(key));
                reply.answers.push(manifest(&address, stores)?);
            }
        }
        Event::Work(work) => {
            let lines: Vec<String> = work.requests.iter().map(Value::to_string).collect();
            let rows = rendered(lines.join("\n").into_bytes(), work, stores)?;
            match &work.answers {
                Some(address) => reply.answers.push(written(address, &rows, stores)?),
                None if rows.len() > LARGEST_REPLY => return Err(Fault::ReplyTooLarge),
                None => reply.rows = Some(parsed(&rows)?),
            }
        }
    }
    Ok(reply)
}

impl Work {
    fn patience(&self) -> Patience {
        let asked = self.frame_seconds.map(Duration::try_from_secs_f64);
        asked
            .and_then(Result::ok)
            .map_or_else(Patience::default, Patience)
    }

    fn settings(&self) -> Settings {
        Settings {
            quality: self.quality.unwrap_or(90).clamp(1, 100),
            subsampling: self.subsampling,
            emit: self.emit,
            pack: self.pack,
            passthrough: self.passthrough,
            overlays: Overlays::Never,
            limits: Limits::default(),
        }
    }
}

fn manifest(address: &str, stores: &Arc<Stores>) -> Result<String, Fault> {
    let stem = address.strip_suffix(MANIFEST).ok_or(Fault::NotAManifest)?;
    let lines = read(address, stores).map_err(Fault::ManifestUnreadable)?;
    let rows = rendered(lines, &Work::default(), stores)?;
    written(&format!("{stem}{ANSWERS}"), &rows, stores)
}

/// A key as the object has it: notifications spell keys as query strings do.
fn decoded(key: &str) -> String {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn read(address: &str, stores: &Stores) -> Result<Vec<u8>, Reason> {
    let source = place::open(address, stores)?;
    if source.size() > LARGEST_MANIFEST {
        return Err(Reason::FrameTooLarge);
    }
    let size = usize::try_from(source.size()).map_err(|_| Reason::FrameTooLarge)?;
    let mut bytes = vec![0; size];
    source.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// A frame that takes too long is a row here too. Its thread stays behind at the lowest priority
/// and ends with its environment, which AWS keeps between events or not.
fn rendered(lines: Vec<u8>, work: &Work, stores: &Arc<Stores>) -> Result<Vec<u8>, Fault> {
    let answered = batch::run(
        Cursor::new(lines),
        Vec::new(),
        thread::available_parallelism().map_or(1, NonZero::get),
        work.patience(),
        work.settings(),
        stores,
    );
    answered
        .map(|answered| answered.output)
        .map_err(|_| Fault::Internal)
}

fn written(address: &str, rows: &[u8], stores: &Stores) -> Result<String, Fault> {
    let (folder, name) = address.rsplit_once('/').ok_or(Fault::AnswersUnwritable)?;
    Target::of(folder, stores)
        .and_then(|target| target.put(name, rows))
        .map_err(|_| Fault::AnswersUnwritable)
}

fn parsed(rows: &[u8]) -> Result<Vec<Value>, Fault> {
    rows.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).map_err(|_| Fault::Internal))
        .collect()
}
