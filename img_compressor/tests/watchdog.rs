//! A frame without an end is one row with a reason, and costs no other frame its own.
//!
//! The program itself is run: a thread in such a frame ends with its process only.

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use img_compressor::answer::{Answerer, Settings};
use img_compressor::encode::Pack;
use img_compressor::store::Stores;
use img_compressor::watch::{Patience, Pulse};
use serde_json::{Value, json};
use support::{Builder, EXPLICIT, Folder, SETTINGS};

const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

/// A small image; it takes a thousandth of the limits here.
fn quick() -> Builder {
    Builder::grey16(EXPLICIT, 8, 8).words(&[7; 64])
}

/// What one batch says of the requests: id, frame, reason (or status).
fn answered(requests: &[Value], options: &[&str]) -> Vec<(String, Option<u64>, String)> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_img-compressor"))
        .arg("batch")
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut input = process.stdin.take().expect("a pipe");
    for request in requests {
        writeln!(input, "{request}").expect("a reader");
    }
    drop(input);
    let output = process.wait_with_output().expect("an end");

    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).expect("text");
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let word = row["reason"].as_str().or(row["status"].as_str());
        let id = row["id"].as_str().unwrap_or_default().to_owned();
        (id, row["frame"].as_u64(), word.unwrap_or("").to_owned())
    };
    lines.lines().map(row).collect()
}

fn request(folder: &Folder, id: &str, object: &Builder) -> Value {
    let input = folder.0.join(format!("{id}.dcm"));
    fs::write(&input, object.file()).expect("a temporary file");
    json!({"input": input, "output": folder.0.join("out").join(id), "id": id})
}

/// Twenty minutes of painting: 60,000 masks, each as large as the image of 4096 x 4096.
fn endless(folder: &Folder, id: &str) -> Value {
    let image = Builder::new(EXPLICIT).image(4096, 4096, 8, "MONOCHROME2", 1);
    let image = image.window("128", "256");
    let mut request = request(folder, id, &image.bytes(&vec![0; 1 << 24]));
    request["masks"] = json!(vec![[0, 0, 4096, 4096]; 60_000]);
    request
}

/// One worker: who comes behind the endless frame is answered by another worker.
#[test]
fn an_endless_frame_costs_one_row() {
    let folder = Folder::new();
    let requests = [
        request(&folder, "first", &quick()),
        endless(&folder, "endless"),
        request(&folder, "behind", &quick()),
    ];

    let rows = answered(&requests, &["--workers", "1", "--frame-seconds", "0.5"]);

    let row = |id: &str, word: &str| (id.to_owned(), Some(1), word.to_owned());
    let expected = [
        row("first", "ok"),
        row("endless", "timed_out"),
        row("behind", "ok"),
    ];
    assert_eq!(expected, *rows);
    let left: Vec<_> = fs::read_dir(folder.0.join("out"))
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(2, left.len(), "{left:?}");
}

/// Every worker gets one, more than once.
#[test]
fn endless_frames_are_answered_each() {
    let folder = Folder::new();
    let mut requests: Vec<Value> = (0..3)
        .map(|id| endless(&folder, &format!("{id}")))
        .collect();
    requests.push(request(&folder, "quick", &quick()));

    let rows = answered(&requests, &["--workers", "2", "--frame-seconds", "0.2"]);

    let mut words: Vec<(&str, &str)> = rows
        .iter()
        .map(|(id, _, word)| (id.as_str(), word.as_str()))
        .collect();
    words.sort_unstable();
    let late = "timed_out";
    assert_eq!(
        [("0", late), ("1", late), ("2", late), ("quick", "ok")],
        *words
    );
}

/// What comes back late finds that it was answered for: no image appears that no row names.
#[test]
fn a_frame_that_ends_after_all_is_not_written() {
    let folder = Folder::new();
    let mut late = endless(&folder, "late");
    // A second of painting: it is seen in time on busy cores too.
    late["masks"] = json!(vec![[0, 0, 4096, 4096]; 1_000]);
    let late = late.to_string().into_bytes();
    for settings in [Pack::None, Pack::Tar].map(|pack| Settings { pack, ..SETTINGS }) {
        let pulse = Pulse::default();
        let heard = AtomicBool::new(false);
        let rows = thread::scope(|scope| {
            let worker = scope.spawn(|| {
                pulse.start();
                let stores = Stores::default();
                let mut answerer = Answerer::new(settings, &stores);
                answerer.pulse = Some(&pulse);
                answerer.answer_line(&late, &mut |row| {
                    drop(pulse.hold(row));
                });
                heard.store(pulse.end().is_some(), Ordering::Relaxed);
            });
            let patience = Patience(Duration::from_millis(100));
            let mut first = None;
            while !worker.is_finished() {
                let now = pulse.seen();
                first = now.map(|now| now.since(first));
                if let (Some(now), Some(first)) = (now, first)
                    && now.is_overdue(first, patience)
                {
                    return pulse.give_up(now);
                }
                thread::sleep(Duration::from_millis(5));
            }
            None
        });

        assert!(rows.is_some(), "the frame was too fast to be given up");
        assert!(!heard.load(Ordering::Relaxed));
        let written = fs::read_dir(folder.0.join("out/late"));
        assert_eq!(0, written.map_or(0, Iterator::count));
    }
}

/// A slow object is not an endless frame: the limit is one frame's, whatever the object takes.
#[test]
fn a_limit_is_of_a_frame_and_not_of_its_object() {
    let folder = Folder::new();
    let frames = 400;
    let object = Builder::grey16(EXPLICIT, 256, 256)
        .text(0x0028_0008, *b"IS", &frames.to_string())
        .words(&vec![7; 256 * 256 * frames]);

    let rows = answered(
        &[request(&folder, "a", &object)],
        &["--frame-seconds", "0.1"],
    );

    assert_eq!(frames, rows.len(), "{:?}", rows[0]);
    assert!(rows.iter().all(|(_, _, word)| word == "ok"));
}

/// `CharLS` 2.4.5 read zero bits behind the end of these 2,514 bytes for ever. A decoder that
/// does not is free to refuse them.
#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "CharLS asserts and aborts when it is built for debugging"
)]
fn a_jpeg_ls_frame_that_ends_in_a_run_has_an_answer() {
    let folder = Folder::new();
    let stream = include_bytes!("crashes/no-end-in-run.jls");
    let image = Builder::grey16(JPEG_LS, 64, 64).fragments(&[stream]);
    let requests = [
        request(&folder, "endless", &image),
        request(&folder, "quick", &quick()),
    ];

    let mut rows = answered(&requests, &["--frame-seconds", "0.5"]);

    rows.sort_unstable();
    let [(_, _, endless), (_, _, quick)] = &rows[..] else {
        panic!("two rows, not {rows:?}");
    };
    assert!(
        ["timed_out", "decode_failed"].contains(&endless.as_str()),
        "{endless}"
    );
    assert_eq!("ok", quick);
}
