//! The command line: data to stdout, words to stderr.
#![expect(clippy::print_stdout, reason = "the command line speaks on stdout")]

use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, panic, thread};

use clap::{Args, Parser, Subcommand};
use img_compressor::answer::{Answerer, Request, Row, Settings};
use img_compressor::encode::{Emit, Overlays, Pack, Passthrough, Subsampling};
use img_compressor::plan::{Limits, Plan};
use img_compressor::reason::Reason;
use img_compressor::store::Stores;
use img_compressor::watch::Patience;
use img_compressor::{batch, clock, memory, object, place};

/// Renders DICOM pixel data to JPEG.
#[derive(Parser)]
#[command(
    name = "img-compressor",
    disable_version_flag = true,
    arg_required_else_help = true
)]
struct Cli {
    /// Print the version and whether SIMD is in.
    #[arg(long, short = 'V')]
    version: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Render files or folders, one folder of images per object.
    Render {
        /// Files, folders or s3:// addresses.
        #[arg(required = true)]
        inputs: Vec<String>,
        /// Folder or s3:// prefix.
        #[arg(long)]
        out: String,
        #[command(flatten)]
        coding: Coding,
    },
    /// Answer JSON requests, one a line on stdin, with one JSON row a frame on stdout.
    Batch {
        /// Worker threads; as many as cores by default.
        #[arg(long)]
        workers: Option<usize>,
        /// Processor time for a frame of 60 million samples, and for each 60 million more.
        #[arg(long, default_value = "60", value_parser = seconds)]
        frame_seconds: Duration,
        #[command(flatten)]
        coding: Coding,
    },
    /// Print the render plan of an object as JSON, without reading a pixel.
    Inspect {
        /// File or s3:// address.
        input: String,
    },
}

#[derive(Args)]
struct Coding {
    /// JPEG quality.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Chroma subsampling of colour.
    #[arg(long, value_enum, default_value_t)]
    subsampling: Subsampling,
    /// What is written for each frame.
    #[arg(long, value_enum, default_value_t)]
    emit: Emit,
    /// One file per frame, or one tar file per object.
    #[arg(long, value_enum, default_value_t)]
    pack: Pack,
    /// Copy a JPEG inside the object where it already looks right, or never.
    #[arg(long, value_enum, default_value_t)]
    passthrough: Passthrough,
    /// Draw overlay planes, which may hold names; never where something is masked.
    #[arg(long, value_enum, default_value_t)]
    overlays: Overlays,
    /// Largest decoded frame, and largest inflated data set, in MiB.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    max_frame_mib: u64,
}

impl Coding {
    fn settings(&self) -> Settings {
        Settings {
            quality: self.quality,
            subsampling: self.subsampling,
            emit: self.emit,
            pack: self.pack,
            passthrough: self.passthrough,
            overlays: self.overlays,
            limits: Limits {
                max_frame: self.max_frame_mib << 20,
                max_inflated: self.max_frame_mib << 20,
                ..Limits::default()
            },
        }
    }
}

fn main() -> ExitCode {
    memory::keep_freed();
    // A panic is answered with a row; its message may hold a value and is not printed.
    panic::set_hook(Box::new(|info| {
        let place = info.location();
        let line = place.map_or(0, panic::Location::line);
        eprintln!("internal error at line {line}");
    }));
    let cli = Cli::parse();
    if cli.version {
        println!("{}", img_compressor::version());
        return ExitCode::SUCCESS;
    }
    match cli.command {
        Some(Command::Batch {
            workers,
            frame_seconds,
            coding,
        }) => run_batch(workers, Patience(frame_seconds), &coding),
        Some(Command::Render {
            inputs,
            out,
            coding,
        }) => render(&inputs, &out, &coding),
        Some(Command::Inspect { input }) => inspect(&input),
        None => ExitCode::from(2),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "no number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn run_batch(workers: Option<usize>, patience: Patience, coding: &Coding) -> ExitCode {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let answered = batch::run(
        BufReader::new(io::stdin()),
        BufWriter::new(io::stdout()),
        workers.unwrap_or(cores).clamp(1, 1024),
        patience,
        coding.settings(),
        &Arc::default(),
    );
    match answered {
        Ok(answered) if answered.given_up > 0 => clock::leave(0),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the request or answer stream broke: {}", error.kind());
            clock::leave(2)
        }
    }
}

fn render(inputs: &[String], out: &str, coding: &Coding) -> ExitCode {
    let stores = Stores::default();
    let mut answerer = Answerer::new(coding.settings(), &stores);
    let mut failed = false;
    for (number, input) in (1..).zip(expanded(inputs)) {
        let request = Request {
            output: format!("{}/{}", out.trim_end_matches('/'), folder(number, &input)),
            input,
            ..Request::default()
        };
        let mut rows: Vec<Row> = Vec::new();
        answerer.answer(&request, &mut |row| rows.push(row.clone()));
        let images = rows.iter().filter(|row| row.status == "ok").count();
        println!("{images:>6} images  {}", request.input);
        for row in rows.iter().filter(|row| row.status != "ok") {
            let reason = row.reason.map(|reason| reason.to_string());
            println!("       {}: {}", row.status, reason.unwrap_or_default());
            failed |= row.status == "error";
        }
    }
    ExitCode::from(u8::from(failed))
}

/// A folder name that two inputs never share.
fn folder(number: usize, input: &str) -> String {
    let stem = Path::new(input)
        .file_stem()
        .map_or_else(|| "object".into(), |stem| stem.to_string_lossy());
    format!("{number:04}-{stem}")
}

/// Files of folders, in the order of their names.
fn expanded(inputs: &[String]) -> Vec<String> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = inputs.iter().rev().map(PathBuf::from).collect();
    while let Some(path) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&path) else {
            files.push(path.to_string_lossy().into_owned());
            continue;
        };
        let mut children: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        children.sort_unstable();
        waiting.extend(children.into_iter().rev());
    }
    files
}

fn inspect(input: &str) -> ExitCode {
    match described(input) {
        Ok(plan) => {
            println!("{plan:#}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            println!("{:#}", serde_json::json!({ "reason": reason }));
            ExitCode::FAILURE
        }
    }
}

fn described(input: &str) -> Result<serde_json::Value, Reason> {
    let limits = Limits::default();
    let source = place::open(input, &Stores::default())?;
    let object = object::open(source, limits.max_inflated).map_err(|refusal| refusal.reason)?;
    let plan = Plan::of(&object, None, limits)?;
    Ok(plan.describe(&object))
}
