//! Parts of a render timed in one process: the limits that `make bench` holds the binary against.
//!
//! `measure OUT QUALITY 444|420 FILE...` prepares the first frame of every file; each line on
//! stdin then names a part and a number of rounds, and is answered with processor nanoseconds
//! per image.
#![expect(clippy::print_stdout, reason = "the answers")]

use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::{env, fs, io, thread};

use img_compressor::encode::Subsampling;
use img_compressor::encode::jpeg::Encoder;
use img_compressor::grey::GreyPlan;
use img_compressor::greys::Greys;
use img_compressor::object;
use img_compressor::plan::{Limits, Pipeline, Plan};
use img_compressor::render::{Picture, Renderer};
use img_compressor::samples::Samples;
use img_compressor::source::LocalFile;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One file and everything that a part may start from.
struct Prepared {
    path: PathBuf,
    target: PathBuf,
    picture: Picture,
    stored: Samples,
    grey: Option<GreyPlan>,
}

fn main() -> Outcome<()> {
    let mut words = env::args().skip(1);
    let mut word = || words.next().ok_or("OUT QUALITY 444|420 FILE...");
    let (out, quality, chroma) = (PathBuf::from(word()?), word()?, word()?);
    let subsampling = if chroma == "420" {
        Subsampling::S420
    } else {
        Subsampling::S444
    };
    let mut encoder = Encoder::new(quality.parse()?, subsampling)?;
    let images: Vec<Prepared> = (0..)
        .zip(words)
        .map(|(number, path)| prepared(path.into(), out.join(format!("{number}.jpg"))))
        .collect::<Outcome<_>>()?;
    for line in io::stdin().lines() {
        let line = line?;
        let (part, rounds) = line.split_once(' ').ok_or("PART ROUNDS")?;
        let rounds: u64 = rounds.parse()?;
        let before = spent()?;
        for _ in 0..rounds {
            run(part, &images, &mut encoder)?;
        }
        println!("{}", (spent()? - before) / (rounds * images.len() as u64));
    }
    Ok(())
}

fn prepared(path: PathBuf, target: PathBuf) -> Outcome<Prepared> {
    let limits = Limits::default();
    let source = Box::new(LocalFile::open(&path)?);
    let object = object::open(source, limits.max_inflated).map_err(|refused| refused.reason)?;
    let plan = Plan::of(&object, None, limits)?;
    let mut renderer = Renderer::new(&object, &plan, limits)?;
    let picture = renderer.picture(0)?;
    let stored = renderer.decode(0)?.samples;
    let grey = match plan.pipeline {
        Pipeline::Grey => Some(plan.grey(&object.dataset, 0, &mut Vec::new())?),
        _ => None,
    };
    Ok(Prepared {
        path,
        target,
        picture,
        stored,
        grey,
    })
}

fn run(part: &str, images: &[Prepared], encoder: &mut Encoder) -> Outcome<()> {
    let mut greys: Option<Greys> = None;
    for image in images {
        match part {
            // What no program can beat: the encoder alone.
            "limit" => drop(black_box(encoder.encode(&image.picture, None)?)),
            // What no program that reads and writes files can beat.
            "floor" => {
                black_box(fs::read(&image.path)?);
                fs::write(&image.target, encoder.encode(&image.picture, None)?)?;
            }
            // Stored greys in memory to a JPEG in memory.
            "memory" => {
                let grey = image.grey.clone().ok_or("memory is measured of greys")?;
                let greys = greys.get_or_insert_with(|| Greys::new(grey.clone()));
                greys.set(grey);
                let picture = Picture {
                    pixels: greys.render(&image.stored),
                    warnings: Vec::new(),
                    ..image.picture
                };
                black_box(encoder.encode(&picture, None)?);
                greys.take_back(picture.pixels);
            }
            "copy" => drop(fs::copy(&image.path, &image.target)?),
            _ => return Err("limit, floor, memory or copy".into()),
        }
    }
    Ok(())
}

/// Nanoseconds that the scheduler gave this thread; it counts when it is asked for a turn.
fn spent() -> Outcome<u64> {
    thread::yield_now();
    let said = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = said.split(' ').next().unwrap_or_default();
    Ok(first.parse()?)
}
