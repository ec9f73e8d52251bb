//! A 16-bit grey PNG: signature, header, one compressed stream, end. ISO/IEC 15948.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::reason::Reason;

/// Encode `width` samples a row.
///
/// # Errors
///
/// [`Reason::EncodeFailed`] where the compressor refuses.
pub fn grey16(samples: &[u16], width: u32, height: u32) -> Result<Vec<u8>, Reason> {
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut row = Vec::with_capacity(width as usize * 2 + 1);
    let mut before = vec![0u16; width as usize];
    for line in samples.chunks_exact(width as usize) {
        row.clear();
        row.push(2); // filter "up", byte by byte
        for (sample, above) in line.iter().zip(&before) {
            let ([high, low], [over, under]) = (sample.to_be_bytes(), above.to_be_bytes());
            row.extend([high.wrapping_sub(over), low.wrapping_sub(under)]);
        }
        stream.write_all(&row).map_err(|_| Reason::EncodeFailed)?;
        before.copy_from_slice(line);
    }
    let packed = stream.finish().map_err(|_| Reason::EncodeFailed)?;
    let mut header = Vec::with_capacity(13);
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([16, 0, 0, 0, 0]); // 16 bits, grey, deflate, adaptive, not interlaced
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &header)?;
    chunk(&mut file, *b"IDAT", &packed)?;
    chunk(&mut file, *b"IEND", &[])?;
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) -> Result<(), Reason> {
    let length = u32::try_from(data.len()).map_err(|_| Reason::EncodeFailed)?;
    let mut check = Crc::new();
    check.update(&name);
    check.update(data);
    file.extend(length.to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(check.sum().to_be_bytes());
    Ok(())
}
