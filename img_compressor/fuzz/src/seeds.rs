//! Writes the first corpus of every target: objects, their frames, and files of one codec.
//!
//! `seeds CORPUS PATH...`: each path is a file or a folder; what is larger than 64 KiB stays out.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use img_compressor::dataset::tags;
use img_compressor::frames::Frames;
use img_compressor::image::{Cell, Image, Photometric};
use img_compressor::object::{self, Object};
use img_compressor::plan::Plan;
use img_compressor::source::Memory;
use img_compressor::transfer::Coding;

const MOST: usize = 64 << 10;
/// Frames of one object that become seeds.
const FRAMES: u32 = 2;

fn main() -> io::Result<()> {
    let mut paths = env::args_os().skip(1).map(PathBuf::from);
    let corpus = paths.next().unwrap_or_else(|| "corpus".into());
    let mut files = Vec::new();
    paths.try_for_each(|path| collect(&path, &mut files))?;
    files.sort();
    let mut seeds = Seeds { corpus, count: 0 };
    for file in &files {
        let bytes = fs::read(file)?;
        let kind = file.extension().and_then(|end| end.to_str());
        match kind {
            Some("jxl") => seeds.stream("jxl", &bytes)?,
            Some("jpg") => seeds.stream("jpeg", &bytes)?,
            Some("jls") => seeds.stream("jpegls", &bytes)?,
            Some("j2k") => seeds.stream("j2k", &bytes)?,
            Some("icc") => seeds.add("icc", &bytes)?,
            _ => seeds.object(bytes)?,
        }
    }
    println!("{} seeds of {} files", seeds.count, files.len());
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

struct Seeds {
    corpus: PathBuf,
    count: u32,
}

impl Seeds {
    fn add(&mut self, target: &str, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > MOST {
            return Ok(());
        }
        let folder = self.corpus.join(target);
        fs::create_dir_all(&folder)?;
        self.count += 1;
        fs::write(folder.join(format!("seed-{:05}", self.count)), bytes)
    }

    /// A file of one codec, as the headers that it may be met with.
    fn stream(&mut self, target: &str, bytes: &[u8]) -> io::Result<()> {
        for (photometric, samples) in [(Photometric::Monochrome2, 1), (Photometric::Rgb, 3)] {
            for cell in [Cell::Byte, Cell::Word] {
                let image = Image {
                    rows: 16,
                    columns: 16,
                    frames: 1,
                    samples,
                    cell,
                    bits_stored: if cell == Cell::Byte { 8 } else { 16 },
                    shift: 0,
                    signed: false,
                    photometric,
                    planar: false,
                    by_strips: false,
                };
                self.add(target, &[&fuzzed::prefix(&image), bytes].concat())?;
            }
        }
        Ok(())
    }

    fn object(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.add("parse", &bytes)?;
        self.add("whole", &bytes)?;
        let source = Box::new(Memory(bytes));
        let Ok(object) = object::open(source, fuzzed::LIMITS.max_inflated) else {
            return Ok(());
        };
        if let Some(profile) = object.dataset.bytes(tags::ICC_PROFILE) {
            self.add("icc", profile)?;
        }
        if let Some(path) = object.dataset.first_item(tags::OPTICAL_PATH_SEQUENCE) {
            self.add("icc", path.bytes(tags::ICC_PROFILE).unwrap_or_default())?;
        }
        match Plan::of(&object, None, fuzzed::LIMITS) {
            Ok(plan) if object.pixels.length.is_none() => self.frames(&object, &plan.image),
            Ok(plan) => self.native(&object, &plan.image),
            Err(_) => Ok(()),
        }
    }

    fn native(&mut self, object: &Object, image: &Image) -> io::Result<()> {
        let size = usize::try_from(image.frame_bytes()).unwrap_or(usize::MAX);
        if size > MOST {
            return Ok(());
        }
        let mut pixels = vec![0; size];
        if object
            .source
            .read_at(object.pixels.offset, &mut pixels)
            .is_ok()
        {
            self.add("native", &[&fuzzed::prefix(image), &*pixels].concat())?;
        }
        Ok(())
    }

    fn frames(&mut self, object: &Object, image: &Image) -> io::Result<()> {
        let (number, target) = match object.syntax.coding {
            Coding::Native | Coding::Encapsulated => (0, "native"),
            Coding::Rle => (1, "rle"),
            Coding::Jpeg => (2, "jpeg"),
            Coding::JpegLs => (3, "jpegls"),
            Coding::Jpeg2000 => (4, "j2k"),
            Coding::JpegXl => (5, "jxl"),
            Coding::DeflatedFrame => (6, "deflated"),
        };
        let left = object.source.size().saturating_sub(object.pixels.offset);
        let mut pixels = vec![0; usize::try_from(left).unwrap_or(0)];
        if object
            .source
            .read_at(object.pixels.offset, &mut pixels)
            .is_ok()
        {
            let count = u8::try_from(image.frames.clamp(1, 32) - 1).unwrap_or(0);
            self.add("frames", &[&[number, count], &*pixels].concat())?;
        }
        let Ok(mut frames) = Frames::new(object, image, fuzzed::LIMITS.max_frame) else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        for index in 0..image.frames.min(FRAMES) {
            if frames.read(index, &mut bytes).is_err() {
                break;
            }
            let seed = [&fuzzed::prefix(image), &*bytes].concat();
            self.add(target, &seed)?;
            if target == "jpeg" {
                self.add("passthrough", &seed)?;
            }
        }
        Ok(())
    }
}
