//! Frames of one object in one tar file.

mod support;

use std::fs;
use std::io::Read;

use img_compressor::encode::{Emit, Pack};
use support::{Builder, EXPLICIT, Folder, RLE};

/// Three frames of two pixels; the second cannot be decoded.
fn cine() -> Builder {
    // One segment, a literal run of two bytes. PS3.5 G.5.
    let mut frame = [0; 64];
    (frame[0], frame[4]) = (1, 64);
    let good = |pixels: [u8; 2]| [&frame[..], &[1, pixels[0], pixels[1], 0]].concat();
    Builder::new(RLE)
        .image(2, 1, 8, "MONOCHROME2", 1)
        .window("128", "256")
        .text(0x0028_0008, *b"IS", "3")
        .fragments(&[&good([1, 2]), &[9; 70], &good([5, 6])])
}

/// Each row points at its frame; a bad frame has a row and no entry.
#[test]
fn rows_point_into_the_archive() {
    let folder = Folder::new();
    let rows = folder.answer_packed(&folder.request(&cine().file()), Emit::Pnm, Pack::Tar);

    let statuses: Vec<&str> = rows.iter().map(|row| row.status).collect();
    assert_eq!(vec!["ok", "error", "ok"], statuses);
    let key = rows[0].key.as_deref().expect("an archive");
    assert_eq!(rows[0].key, rows[2].key);
    let whole = fs::read(key).expect("an archive");
    let mut entries = Vec::new();
    for entry in tar::Archive::new(&whole[..]).entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        entries.push((name, bytes));
    }
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(vec!["000001.pnm", "000003.pnm"], names);
    let by_offset = |row: usize| {
        let start = usize::try_from(rows[row].offset.expect("a place")).expect("small");
        whole[start..start + rows[row].bytes.expect("a size")].to_vec()
    };
    assert_eq!(entries[0].1, by_offset(0));
    assert_eq!(entries[1].1, by_offset(2));
}

/// The same object gives the same bytes, and nothing else is left in the folder.
#[test]
fn an_archive_is_made_again_byte_by_byte() {
    let folder = Folder::new();
    let request = folder.request(&cine().file());
    let read = || {
        let rows = folder.answer_packed(&request, Emit::Jpeg, Pack::Tar);
        fs::read(rows[0].key.as_deref().expect("an archive")).expect("an archive")
    };

    assert_eq!(read(), read());
    let left = fs::read_dir(&request.output).expect("a folder").count();
    assert_eq!(1, left);
}

/// An object without one good frame leaves no archive, only its rows.
#[test]
fn an_archive_of_nothing_is_not_written() {
    let folder = Folder::new();
    let object = Builder::new(EXPLICIT)
        .image(4, 4, 8, "RGB", 3)
        .bytes(&[1; 8]);
    let request = folder.request(&object.file());
    let rows = folder.answer_packed(&request, Emit::Jpeg, Pack::Tar);

    assert_eq!("error", rows[0].status);
    let left = fs::read_dir(&request.output).expect("a folder").count();
    assert_eq!(0, left);
}
