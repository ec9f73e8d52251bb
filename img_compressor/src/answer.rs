//! One object from request to rows: open, plan, render, paint, encode, write, report.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ring::digest::{self, SHA256};
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::encode::jpeg::Encoder;
use crate::encode::strips::{self, Strips};
use crate::encode::{Emit, Overlays, Pack, Passthrough, Subsampling, png, pnm, segments};
use crate::greys::Greys;
use crate::image::Image;
use crate::mask::{Paint, Rectangle};
use crate::object::{self, Object};
use crate::overlay::{Overlay, Shape};
use crate::place::{self, Sink, Target};
use crate::plan::{Limits, Pipeline, Plan};
use crate::reason::{Reason, Warning};
use crate::render::{Copied, Picture, Renderer};
use crate::store::Stores;
use crate::watch::Pulse;
use crate::window::{Function, Window};

/// One line of the request stream.
///
/// Unknown fields are refused: a misspelt mask must not publish what it should have hidden.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Path or `s3://` address of the object.
    pub input: String,
    /// Folder or `s3://` prefix of its images.
    pub output: String,
    /// Rectangles painted black.
    #[serde(default)]
    pub masks: Option<Vec<Rectangle>>,
    /// Rectangles that alone are kept.
    #[serde(default)]
    pub keep: Option<Vec<Rectangle>>,
    /// Centre and width, instead of the object's.
    #[serde(default)]
    pub window: Option<[f64; 2]>,
    /// Echoed.
    #[serde(default)]
    pub id: Option<String>,
}

/// One line of the answer stream: a frame, or an object without frames.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
pub struct Row {
    /// As in the request.
    pub id: Option<String>,
    /// As in the request.
    pub input: Option<String>,
    /// From 1.
    pub frame: Option<u32>,
    /// Where the image is.
    pub key: Option<String>,
    /// Where it begins, if it is part of an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Its size.
    pub bytes: Option<usize>,
    /// Its SHA-256 in hex.
    pub sha256: Option<String>,
    /// Its width in pixels.
    pub width: Option<u32>,
    /// Its height in pixels.
    pub height: Option<u32>,
    /// `ok`, `skipped` or `error`.
    pub status: &'static str,
    /// Why there is no image.
    pub reason: Option<Reason>,
    /// Centre and width that were used.
    pub window: Option<[f64; 2]>,
    /// Transfer Syntax UID of the object.
    pub transfer_syntax: Option<String>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// What is the same for every object of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Of colour.
    pub subsampling: Subsampling,
    /// Which files are written.
    pub emit: Emit,
    /// One file per frame, or one per object.
    pub pack: Pack,
    /// Whether inner JPEGs may be copied.
    pub passthrough: Passthrough,
    /// Whether overlay planes are drawn.
    pub overlays: Overlays,
    /// Bounds.
    pub limits: Limits,
}

/// Answers one request after the other; one per thread.
pub struct Answerer<'a> {
    settings: Settings,
    stores: &'a Stores,
    encoder: Option<Encoder>,
    greys: Option<Greys>,
    /// Where it says what it is at, if somebody watches.
    pub pulse: Option<&'a Pulse>,
}

/// What rows of one object have in common.
struct Common<'a> {
    request: &'a Request,
    transfer_syntax: Option<String>,
}

impl Common<'_> {
    fn row(&self) -> Row {
        Row {
            id: self.request.id.clone(),
            input: Some(self.request.input.clone()),
            transfer_syntax: self.transfer_syntax.clone(),
            ..Row::default()
        }
    }

    fn refusal(&self, reason: Reason, frame: Option<u32>) -> Row {
        Row {
            frame,
            status: if reason.is_skip() { "skipped" } else { "error" },
            reason: Some(reason),
            ..self.row()
        }
    }
}

impl<'a> Answerer<'a> {
    /// An answerer with nothing open.
    #[must_use]
    pub fn new(settings: Settings, stores: &'a Stores) -> Self {
        Self {
            settings,
            stores,
            encoder: None,
            greys: None,
            pulse: None,
        }
    }

    /// Answer one line of the request stream, every row through `send`.
    pub fn answer_line(&mut self, line: &[u8], send: &mut dyn FnMut(&Row)) {
        match serde_json::from_slice::<Request>(line) {
            Ok(request) => self.answer(&request, send),
            Err(_) => send(&Row {
                status: "error",
                reason: Some(Reason::BadRequest),
                ..Row::default()
            }),
        }
    }

    /// Answer one request. Whatever happens inside, there is at least one row.
    pub fn answer(&mut self, request: &Request, send: &mut dyn FnMut(&Row)) {
        let mut common = Common {
            request,
            transfer_syntax: None,
        };
        self.at_object(&common);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.object(&mut common, send)));
        if outcome.is_err() {
            // The encoder may be in any state; the next object gets a new one.
            self.encoder = None;
        }
        if let Err(reason) = outcome.unwrap_or(Err(Reason::InternalError)) {
            send(&common.refusal(reason, None));
        }
    }

    fn at_object(&self, common: &Common<'_>) {
        if let Some(pulse) = self.pulse {
            pulse.object(common.row());
        }
    }

    /// A frame begins; an error where somebody has lost patience.
    fn at_frame(&self, row: &Row, image: &Image) -> Result<(), Reason> {
        let number = row.frame.unwrap_or(0);
        self.pulse.map_or(Ok(()), |pulse| {
            pulse.frame(number, image.sample_count() as u64)
        })
    }

    fn object(
        &mut self,
        common: &mut Common<'_>,
        send: &mut dyn FnMut(&Row),
    ) -> Result<(), Reason> {
        let request = common.request;
        let window = request
            .window
            .map(|[center, width]| Window::new(Function::Linear, center, width))
            .transpose()
            .map_err(|_| Reason::BadRequest)?;
        let paint = Paint {
            masks: request.masks.clone().unwrap_or_default(),
            keep: request.keep.clone(),
        };
        let limits = self.settings.limits;
        let source = place::open(&request.input, self.stores)?;
        let object = object::open(source, limits.max_inflated).map_err(|refusal| {
            common.transfer_syntax = refusal.transfer_syntax_uid;
            refusal.reason
        })?;
        common
            .transfer_syntax
            .clone_from(&object.transfer_syntax_uid);
        self.at_object(common);
        let plan = Plan::of(&object, window, limits)?;
        let target = Target::of(&request.output, self.stores)?;
        let draw = self.settings.overlays == Overlays::Draw && paint.is_nothing();
        let job = Job {
            object: &object,
            plan: &plan,
            paint: &paint,
            overlays: draw.then(|| Overlay::all(&object.dataset).collect()),
        };
        match self.settings.pack {
            Pack::None => self.frames(&job, &mut Output::Files(&target), common, send),
            Pack::Tar => self.packed(&job, &target, common, send),
        }
    }

    /// Rows are sent once the archive that they point into is there.
    fn packed(
        &mut self,
        job: &Job<'_>,
        target: &Target<'_>,
        common: &Common<'_>,
        send: &mut dyn FnMut(&Row),
    ) -> Result<(), Reason> {
        let mut rows = Vec::new();
        let mut output = Output::Archive(Archive::begin(target)?);
        let done = self.frames(job, &mut output, common, &mut |row| rows.push(row.clone()));
        let done = done.and_then(|()| may_write(self.pulse));
        let Output::Archive(archive) = output else {
            return Err(Reason::InternalError);
        };
        if done.is_err() || rows.iter().all(|row| row.key.is_none()) {
            archive.abandon();
            done?;
        } else {
            archive.finish()?;
        }
        rows.iter().for_each(send);
        Ok(())
    }

    fn frames(
        &mut self,
        job: &Job<'_>,
        output: &mut Output<'_>,
        common: &Common<'_>,
        send: &mut dyn FnMut(&Row),
    ) -> Result<(), Reason> {
        let mut renderer = Renderer::new(job.object, job.plan, self.settings.limits)?;
        renderer.greys = self.greys.take();
        renderer.pulse = self.pulse;
        for index in 0..job.plan.image.frames {
            match self.frame(job, &mut renderer, index, output, common) {
                Ok(row) => send(&row),
                // Somebody has answered in our place: leave nothing behind.
                Err(Reason::TimedOut) => return Err(Reason::TimedOut),
                Err(reason) => {
                    send(&common.refusal(reason, Some(index + 1)));
                    if ends_object(reason) {
                        break;
                    }
                }
            }
        }
        self.greys = renderer.greys.take();
        Ok(())
    }

    fn frame(
        &mut self,
        job: &Job<'_>,
        renderer: &mut Renderer<'_>,
        index: u32,
        output: &mut Output<'_>,
        common: &Common<'_>,
    ) -> Result<Row, Reason> {
        let name = file_name(index, self.settings.emit);
        let image = &job.plan.image;
        let mut row = Row {
            frame: Some(index + 1),
            width: Some(image.columns),
            height: Some(image.rows),
            status: "ok",
            ..common.row()
        };
        let owned;
        let pulse = self.pulse;
        self.at_frame(&row, image)?;
        if let Some(copied) = self.copied(job, renderer, index)? {
            row.window = copied.window.map(pair);
            row.warnings = copied.warnings;
            may_write(self.pulse)?;
            return output.finished(row, &name, &copied.bytes);
        }
        if image.by_strips {
            if let (Emit::Jpeg, Output::Files(target)) = (self.settings.emit, &*output) {
                return self.by_strips(job, renderer, index, target, row);
            }
            if image.frame_bytes() > self.settings.limits.max_frame {
                return Err(Reason::FrameTooLarge);
            }
        }
        let columns = image.columns as usize;
        let bytes = if self.settings.emit == Emit::Png16 && job.plan.pipeline == Pipeline::Grey {
            let (mut words, warnings) = renderer.stored(index)?;
            job.paint.apply(&mut words, columns, 1);
            row.warnings = warnings;
            owned = png::grey16(&words, image.columns, image.rows)?;
            &owned
        } else {
            let mut picture = renderer.picture(index)?;
            job.finish(&mut picture, index, 0);
            row.window = picture.window.map(pair);
            row.warnings = std::mem::take(&mut picture.warnings);
            match self.settings.emit {
                Emit::Png16 => return Err(Reason::UnsupportedEmit),
                Emit::Pnm => {
                    owned = pnm(&picture)?;
                    &owned
                }
                Emit::Jpeg => {
                    let front = &job.plan.front;
                    let file = self.encoder()?.encode(&picture, front.density)?;
                    renderer.take_back(picture);
                    if front.icc.is_empty() {
                        file
                    } else {
                        owned = segments::behind_jfif(file, &front.icc);
                        &owned
                    }
                }
            }
        };
        may_write(pulse)?;
        output.finished(row, &name, bytes)
    }

    /// One frame that is too large to be held.
    fn by_strips(
        &mut self,
        job: &Job<'_>,
        renderer: &mut Renderer<'_>,
        index: u32,
        target: &Target<'_>,
        mut row: Row,
    ) -> Result<Row, Reason> {
        let (image, front) = (&job.plan.image, &job.plan.front);
        let mut digest = digest::Context::new(&SHA256);
        let mut sink = target.begin(&file_name(index, Emit::Jpeg))?;
        let mut write = |bytes: &[u8], sink: &mut Sink| {
            digest.update(bytes);
            sink.write(bytes)
        };
        let mut strips = Strips::new(self.encoder()?, image.rows, front);
        let done = image.pieces(strips::ROWS).try_for_each(|rows| {
            let mut strip = renderer.strip(index, &rows)?;
            job.finish(&mut strip, index, rows.start);
            row.window = strip.window.map(pair);
            row.warnings = std::mem::take(&mut strip.warnings);
            strips.add(&strip, &mut |bytes| write(bytes, &mut sink))
        });
        let done = done.and_then(|()| write(&strips::END, &mut sink));
        let done = done.and_then(|()| may_write(self.pulse));
        if let Err(reason) = done {
            sink.abandon();
            return Err(reason);
        }
        row.bytes = usize::try_from(sink.written()).ok();
        row.sha256 = Some(hex(digest.finish().as_ref()));
        row.key = Some(sink.finish()?);
        Ok(row)
    }

    /// The frame's own JPEG, where it may be published as it is.
    fn copied(
        &self,
        job: &Job<'_>,
        renderer: &mut Renderer<'_>,
        index: u32,
    ) -> Result<Option<Copied>, Reason> {
        let Settings {
            passthrough, emit, ..
        } = self.settings;
        let may = passthrough == Passthrough::Auto
            && emit == Emit::Jpeg
            && job.plan.window.is_none()
            && job.paint.is_nothing()
            && job.overlays.as_ref().is_none_or(Vec::is_empty);
        if may {
            renderer.copied(index)
        } else {
            Ok(None)
        }
    }

    fn encoder(&mut self) -> Result<&mut Encoder, Reason> {
        match &mut self.encoder {
            Some(encoder) => Ok(encoder),
            none => {
                let Settings {
                    quality,
                    subsampling,
                    ..
                } = self.settings;
                Ok(none.insert(Encoder::new(quality, subsampling)?))
            }
        }
    }
}

/// An error where somebody has lost patience and answered: nothing may appear any more.
fn may_write(pulse: Option<&Pulse>) -> Result<(), Reason> {
    pulse.map_or(Ok(()), |pulse| pulse.beat(0))
}

fn file_name(index: u32, emit: Emit) -> String {
    format!("{:06}.{}", index + 1, emit.extension())
}

/// Where the frames of one object go.
enum Output<'a> {
    Files(&'a Target<'a>),
    Archive(Archive),
}

impl Output<'_> {
    /// Write a frame's file and complete its row.
    fn finished(&mut self, mut row: Row, name: &str, bytes: &[u8]) -> Result<Row, Reason> {
        row.bytes = Some(bytes.len());
        row.sha256 = Some(hex(digest::digest(&SHA256, bytes).as_ref()));
        row.key = Some(match self {
            Self::Files(target) => target.put(name, bytes)?,
            Self::Archive(archive) => {
                row.offset = Some(archive.add(name, bytes)?);
                archive.key().to_owned()
            }
        });
        Ok(row)
    }
}

fn pair(window: Window) -> [f64; 2] {
    [window.center, window.width]
}

struct Job<'a> {
    object: &'a Object,
    plan: &'a Plan,
    paint: &'a Paint,
    /// Planes that are drawn, where that was asked for; `None` for one that cannot be.
    overlays: Option<Vec<Option<Overlay<'a>>>>,
}

impl Job<'_> {
    /// Draw over rows of frame `index` from `top` on what was asked for, then paint.
    fn finish(&self, picture: &mut Picture, index: u32, top: u32) {
        let shape = Shape {
            columns: picture.width as usize,
            channels: picture.channels,
        };
        let overlays = self.overlays.as_deref().unwrap_or_default();
        for overlay in overlays.iter().flatten() {
            overlay.draw(&mut picture.pixels, shape, index, top);
        }
        if overlays.iter().any(Option::is_some) {
            picture.warnings.push(Warning::OverlayDrawn);
            if overlays.iter().all(Option::is_some) {
                picture
                    .warnings
                    .retain(|warning| *warning != Warning::OverlayNotDrawn);
            }
            picture.warnings.sort_unstable();
        }
        let paint = self.paint.below(top);
        paint.apply(&mut picture.pixels, shape.columns, shape.channels);
    }
}

/// Behind these no later frame can be found or written: one row stands for all that follow.
fn ends_object(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::TruncatedPixelData
            | Reason::MalformedEncapsulation
            | Reason::MissingFrame
            | Reason::FrameTooLarge
            | Reason::InvalidLookupTable
            | Reason::UnsupportedEmit
            | Reason::InputUnreadable
            | Reason::StoreUnavailable
            | Reason::OutputUnwritable
    )
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
