//! Objects made in code, answered into a folder that goes away.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use img_compressor::answer::{Answerer, Request, Row, Settings};
use img_compressor::encode::{Emit, Overlays, Pack, Passthrough, Subsampling};
use img_compressor::image::{Cell, Image, Photometric};
use img_compressor::plan::Limits;
use img_compressor::store::Stores;

pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";
pub const RLE: &str = "1.2.840.10008.1.2.5";
pub const MPEG2: &str = "1.2.840.10008.1.2.4.100";

/// What a header says of one frame, grey or colour, for a codec alone.
pub fn image(rows: u32, columns: u32, samples: u32, bits: u32) -> Image {
    Image {
        rows,
        columns,
        frames: 1,
        samples,
        cell: if bits > 8 { Cell::Word } else { Cell::Byte },
        bits_stored: bits,
        shift: 0,
        signed: false,
        photometric: if samples == 3 {
            Photometric::Rgb
        } else {
            Photometric::Monochrome2
        },
        planar: false,
        by_strips: false,
    }
}

/// Elements of a data set, in the order in which they are added.
#[derive(Clone)]
pub struct Builder {
    syntax: String,
    pub body: Vec<u8>,
}

impl Builder {
    pub fn new(syntax: &str) -> Self {
        Self {
            syntax: syntax.to_owned(),
            body: Vec::new(),
        }
    }

    /// A grey image of `columns` by `rows` with 16-bit cells.
    pub fn grey16(syntax: &str, columns: u16, rows: u16) -> Self {
        Self::new(syntax).image(columns, rows, 16, "MONOCHROME2", 1)
    }

    pub fn image(self, columns: u16, rows: u16, bits: u16, colour: &str, samples: u16) -> Self {
        self.us(0x0028_0002, samples)
            .text(0x0028_0004, *b"CS", colour)
            .us(0x0028_0010, rows)
            .us(0x0028_0011, columns)
            .bits(bits, bits)
    }

    /// Bits Allocated, Bits Stored, High Bit.
    pub fn bits(self, allocated: u16, stored: u16) -> Self {
        self.us(0x0028_0100, allocated)
            .us(0x0028_0101, stored)
            .us(0x0028_0102, stored - 1)
    }

    pub fn us(self, tag: u32, value: u16) -> Self {
        let bytes = if self.syntax == BIG_ENDIAN {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.element(tag, *b"US", &bytes)
    }

    pub fn text(self, tag: u32, vr: [u8; 2], value: &str) -> Self {
        let mut value = value.to_owned();
        if value.len() % 2 == 1 {
            value.push(' ');
        }
        self.element(tag, vr, value.as_bytes())
    }

    pub fn window(self, center: &str, width: &str) -> Self {
        self.text(0x0028_1050, *b"DS", center)
            .text(0x0028_1051, *b"DS", width)
    }

    pub fn element(mut self, tag: u32, vr: [u8; 2], value: &[u8]) -> Self {
        let length = u32::try_from(value.len()).expect("short value");
        self.head(tag, vr, length);
        self.body.extend(value);
        self
    }

    pub fn head(&mut self, tag: u32, vr: [u8; 2], length: u32) {
        let big = self.syntax == BIG_ENDIAN;
        let short = |value: u32| {
            let value = u16::try_from(value & 0xFFFF).expect("16 bits");
            if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let long = if big {
            length.to_be_bytes()
        } else {
            length.to_le_bytes()
        };
        self.body.extend(short(tag >> 16));
        self.body.extend(short(tag));
        if self.syntax == IMPLICIT {
            self.body.extend(long);
        } else if matches!(&vr, b"OW" | b"OB" | b"SQ" | b"UN" | b"OF") {
            self.body.extend(vr);
            self.body.extend([0, 0]);
            self.body.extend(long);
        } else {
            self.body.extend(vr);
            self.body.extend(short(length));
        }
    }

    /// A sequence of items, each the body of another builder.
    pub fn sequence(self, tag: u32, items: &[Builder]) -> Self {
        let mut value = Vec::new();
        for item in items {
            let length = u32::try_from(item.body.len()).expect("short item");
            value.extend([0xFE, 0xFF, 0x00, 0xE0]);
            value.extend(length.to_le_bytes());
            value.extend(&item.body);
        }
        self.element(tag, *b"SQ", &value)
    }

    pub fn words(self, values: &[u16]) -> Self {
        let big = self.syntax == BIG_ENDIAN;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| {
                if big {
                    value.to_be_bytes()
                } else {
                    value.to_le_bytes()
                }
            })
            .collect();
        self.element(0x7FE0_0010, *b"OW", &bytes)
    }

    pub fn bytes(self, values: &[u8]) -> Self {
        self.element(0x7FE0_0010, *b"OB", values)
    }

    /// Encapsulated pixel data: an empty offset table, fragments, the delimiter.
    pub fn fragments(mut self, fragments: &[&[u8]]) -> Self {
        self.head(0x7FE0_0010, *b"OB", u32::MAX);
        self.body.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
        for fragment in fragments {
            let length = u32::try_from(fragment.len()).expect("short fragment");
            self.body.extend([0xFE, 0xFF, 0x00, 0xE0]);
            self.body.extend(length.to_le_bytes());
            self.body.extend(*fragment);
        }
        self.body.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        self
    }

    /// A whole file: preamble, meta group, data set.
    pub fn file(&self) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        let meta = Self::new(EXPLICIT).text(0x0002_0010, *b"UI", &self.syntax);
        bytes.extend(meta.body);
        if self.syntax == DEFLATED {
            use std::io::Write;
            let mut packed =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            packed.write_all(&self.body).expect("memory");
            bytes.extend(packed.finish().expect("memory"));
        } else {
            bytes.extend(&self.body);
        }
        bytes
    }
}

/// Small bounds.
pub const SETTINGS: Settings = Settings {
    quality: 90,
    subsampling: Subsampling::S444,
    emit: Emit::Jpeg,
    pack: Pack::None,
    passthrough: Passthrough::Auto,
    overlays: Overlays::Never,
    limits: Limits {
        max_frame: 64 << 20,
        max_inflated: 1 << 20,
        strips_from: 64 << 20,
    },
};

/// A folder of one test.
pub struct Folder(pub PathBuf);

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Folder {
    pub fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("img-compressor-{}-{number}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn request(&self, file: &[u8]) -> Request {
        let input = self.0.join("input.dcm");
        fs::write(&input, file).expect("a temporary file");
        Request {
            input: input.to_string_lossy().into_owned(),
            output: self.0.join("out").to_string_lossy().into_owned(),
            ..Request::default()
        }
    }

    pub fn answer(&self, request: &Request, emit: Emit) -> Vec<Row> {
        self.answer_packed(request, emit, Pack::None)
    }

    pub fn answer_packed(&self, request: &Request, emit: Emit, pack: Pack) -> Vec<Row> {
        self.answer_with(
            request,
            &Settings {
                emit,
                pack,
                ..SETTINGS
            },
        )
    }

    #[expect(clippy::unused_self, reason = "answers go into the folder")]
    pub fn answer_with(&self, request: &Request, settings: &Settings) -> Vec<Row> {
        let stores = Stores::default();
        let mut rows = Vec::new();
        Answerer::new(*settings, &stores).answer(request, &mut |row| rows.push(row.clone()));
        rows
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Rows and the pixels of every frame that was rendered.
pub fn rendered(builder: &Builder) -> (Vec<Row>, Vec<Vec<u8>>) {
    let folder = Folder::new();
    let rows = folder.answer(&folder.request(&builder.file()), Emit::Pnm);
    let pixels = rows.iter().filter_map(|row| row.key.as_deref()).map(pixels);
    let pixels = pixels.collect();
    (rows, pixels)
}

/// Reasons of all rows, `ok` for a frame that was rendered.
pub fn reasons(file: &[u8]) -> Vec<String> {
    let folder = Folder::new();
    let rows = folder.answer(&folder.request(file), Emit::Jpeg);
    rows.iter()
        .map(|row| {
            row.reason
                .map_or("ok".to_owned(), |reason| reason.to_string())
        })
        .collect()
}

fn pixels(key: &str) -> Vec<u8> {
    let bytes = fs::read(Path::new(key)).expect("an image");
    let header = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(2)
        .map_or(0, |(at, _)| at + 1);
    bytes[header..].to_vec()
}
