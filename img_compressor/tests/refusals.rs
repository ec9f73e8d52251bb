//! Bad input is one row with a reason: never a panic, never memory without bound.

mod support;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

use img_compressor::answer::Settings;
use img_compressor::batch;
use img_compressor::encode::{Emit, Overlays, Pack, Passthrough, Subsampling};
use img_compressor::plan::Limits;
use img_compressor::watch::Patience;
use support::{Builder, DEFLATED, EXPLICIT, Folder, IMPLICIT, JPEG, MPEG2, RLE, reasons};

#[test]
fn what_is_no_image_is_told_apart() {
    let text = Builder::new(EXPLICIT).text(0x0008_0060, *b"CS", "SR");
    let video = Builder::grey16(MPEG2, 8, 8).fragments(&[b"\0\0\x01\xB3"]);

    assert_eq!(["empty_input"], *reasons(b""));
    assert_eq!(["not_dicom"], *reasons(&b"GIF89a and more ".repeat(20)));
    assert_eq!(["no_pixel_data"], *reasons(&text.file()));
    assert_eq!(["video"], *reasons(&video.file()));
}

/// 65535 x 65535 in a file of a few hundred bytes is refused before anything is allocated.
#[test]
fn a_claim_is_not_believed() {
    let huge = Builder::grey16(EXPLICIT, u16::MAX, u16::MAX).words(&[0; 8]);
    let large = Builder::grey16(EXPLICIT, 4096, 4096).words(&[0; 8]);
    let encoded = Builder::grey16(RLE, u16::MAX, u16::MAX).fragments(&[&[0; 128]]);
    let rle = Builder::grey16(RLE, 4096, 4096).fragments(&[&[0; 128]]);
    let many = Builder::grey16(EXPLICIT, 2, 1)
        .text(0x0028_0008, *b"IS", "2147483647")
        .window("1", "2")
        .words(&[0; 4]);

    assert_eq!(["truncated_pixel_data"], *reasons(&huge.file()));
    assert_eq!(["truncated_pixel_data"], *reasons(&large.file()));
    assert_eq!(["frame_too_large"], *reasons(&encoded.file()));
    assert_eq!(["decode_failed"], *reasons(&rle.file()));
    assert_eq!(["ok", "ok", "truncated_pixel_data"], *reasons(&many.file()));
}

#[test]
fn attributes_that_are_garbage_have_their_own_reasons() {
    let frames = |text| Builder::grey16(EXPLICIT, 2, 1).text(0x0028_0008, *b"IS", text);
    let reason = |builder: Builder| reasons(&builder.words(&[0; 2]).file());

    assert_eq!(["invalid_number_of_frames"], *reason(frames("1A")));
    assert_eq!(["invalid_number_of_frames"], *reason(frames("-1")));
    assert_eq!(["zero_dimension"], *reason(Builder::grey16(EXPLICIT, 0, 1)));
    assert_eq!(["missing_attribute"], *reason(Builder::new(EXPLICIT)));
    let odd = Builder::new(EXPLICIT).image(2, 1, 12, "MONOCHROME2", 1);
    assert_eq!(["unsupported_pixel_format"], *reason(odd));
    let hsv = Builder::new(EXPLICIT).image(2, 1, 8, "HSV", 3);
    assert_eq!(["unsupported_photometric"], *reason(hsv));
}

/// A hundred thousand levels would exhaust a recursive reader's stack.
#[test]
fn deep_nesting_is_refused() {
    let mut deep = Builder::new(IMPLICIT).text(0x0008_0060, *b"CS", "OT");
    for _ in 0..100_000 {
        deep.head(0x0040_A730, *b"SQ", u32::MAX);
        deep.body
            .extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }

    assert_eq!(["header_too_large"], *reasons(&deep.file()));
}

/// Ten megabytes of zeros deflate to ten kilobytes; the bound of these tests is one megabyte.
#[test]
fn a_deflate_bomb_is_refused() {
    let bomb = Builder::grey16(DEFLATED, 4096, 1280).bytes(&vec![0; 10 << 20]);
    let mut broken = Builder::grey16(DEFLATED, 2, 1).words(&[0; 2]).file();
    let middle = broken.len() - 20;
    broken[middle..].fill(0xFF);

    assert_eq!(["inflated_too_large"], *reasons(&bomb.file()));
    assert_eq!(["deflate_failed"], *reasons(&broken));
}

#[test]
fn a_lost_delimiter_is_forgiven_and_a_lost_frame_is_named() {
    let mut frames = Builder::new(RLE)
        .image(1, 1, 8, "MONOCHROME2", 1)
        .text(0x0028_0008, *b"IS", "3")
        .window("128", "256");
    let mut frame = vec![0u8; 66];
    (frame[0], frame[4], frame[65]) = (1, 64, 7);
    frames = frames.fragments(&[&frame, &frame]);
    frames.body.truncate(frames.body.len() - 8);

    assert_eq!(["ok", "ok", "missing_frame"], *reasons(&frames.file()));
}

/// Every prefix of an object, and the object with every byte changed, is answered.
#[test]
fn damaged_objects_are_always_answered() {
    let window = Builder::new(EXPLICIT).window("10", "20");
    let group = Builder::new(EXPLICIT).sequence(0x0028_9132, &[window]);
    let object = Builder::grey16(EXPLICIT, 2, 2)
        .sequence(0x5200_9230, &[group])
        .words(&[1, 2, 3, 4])
        .file();
    let jpeg = Builder::new(JPEG)
        .image(8, 8, 8, "RGB", 3)
        .fragments(&[b"\xFF\xD8\xFF\xC0\0\x11\x08\0\x08\0\x08\x03\x01\x11\0\x02\x11\0\x03\x11\0"])
        .file();
    let start = Instant::now();
    for file in [object, jpeg] {
        for cut in 128..file.len() {
            assert!(!reasons(&file[..cut]).is_empty());
        }
        for at in 132..file.len() {
            for value in [0, 0xFF, file[at] ^ 1] {
                let mut changed = file.clone();
                changed[at] = value;
                let reasons = reasons(&changed);
                assert!(!reasons.contains(&"internal_error".to_owned()), "byte {at}");
            }
        }
    }
    assert!(start.elapsed().as_secs() < 60);
}

fn batch_lines(input: &str) -> Vec<serde_json::Value> {
    let settings = Settings {
        quality: 90,
        subsampling: Subsampling::S444,
        emit: Emit::Jpeg,
        pack: Pack::None,
        passthrough: Passthrough::Auto,
        overlays: Overlays::Never,
        limits: Limits::default(),
    };
    let answered = batch::run(
        Cursor::new(input.to_owned()),
        Vec::new(),
        3,
        Patience::default(),
        settings,
        &Arc::default(),
    )
    .expect("streams in memory");
    let lines = answered
        .output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect()
}

/// Each object's rows stand side by side, and a line that is no request is answered too.
#[test]
fn a_batch_answers_every_line() {
    let folder = Folder::new();
    let object = Builder::grey16(EXPLICIT, 2, 1)
        .text(0x0028_0008, *b"IS", "3")
        .words(&[1, 2, 3, 4, 5, 6]);
    let input = folder.request(&object.file()).input;
    let mut requests = String::from("no json\n\n");
    for number in 0..20 {
        let output = folder.0.join(number.to_string());
        let line = serde_json::json!({"input": input, "output": output, "id": number.to_string()});
        requests.push_str(&line.to_string());
        requests.push('\n');
    }
    let rows = batch_lines(&requests);

    assert_eq!(61, rows.len());
    let refused = rows.iter().filter(|row| row["reason"] == "bad_request");
    assert_eq!(1, refused.count());
    let ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    let mut changes = ids.clone();
    changes.dedup();
    assert_eq!((60, 20), (ids.len(), changes.len()));
}

/// A misspelt mask must not publish what it should have hidden.
#[test]
fn unknown_fields_are_refused() {
    let rows = batch_lines(r#"{"input": "a", "output": "b", "mask": [[0, 0, 1, 1]]}"#);

    assert_eq!("bad_request", rows[0]["reason"]);
}

#[test]
fn places_that_are_not_there_are_named() {
    let folder = Folder::new();
    let object = Builder::grey16(EXPLICIT, 2, 1).words(&[1, 2]);
    let mut request = folder.request(&object.file());
    request.output.clone_from(&request.input); // a file is no folder
    let unwritable = folder.answer(&request, Emit::Jpeg);
    request.input = "/nowhere/at all".to_owned();
    let missing = folder.answer(&request, Emit::Jpeg);

    let reason = |rows: &[img_compressor::answer::Row]| rows[0].reason.map(|r| r.to_string());
    assert_eq!(Some("output_unwritable".to_owned()), reason(&unwritable));
    assert_eq!(Some("input_not_found".to_owned()), reason(&missing));
}
