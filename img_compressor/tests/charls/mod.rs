//! Pictures for `CharLS`, which knows nothing of our decoder: its encoder, and what its decoder
//! makes of a stream.
#![allow(unsafe_code, reason = "CharLS is a C++ library with a C interface")]

use charls_sys::{
    charls_frame_info, charls_jpegls_decoder_create, charls_jpegls_decoder_decode_to_buffer,
    charls_jpegls_decoder_destroy, charls_jpegls_decoder_read_header,
    charls_jpegls_decoder_set_source_buffer, charls_jpegls_encoder_create,
    charls_jpegls_encoder_destroy, charls_jpegls_encoder_encode_from_buffer,
    charls_jpegls_encoder_get_bytes_written, charls_jpegls_encoder_set_destination_buffer,
    charls_jpegls_encoder_set_frame_info, charls_jpegls_encoder_set_interleave_mode,
    charls_jpegls_encoder_set_near_lossless, charls_jpegls_encoder_set_preset_coding_parameters,
    charls_jpegls_pc_parameters,
};

/// A picture and how it is to be encoded.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub width: u32,
    pub height: u32,
    pub bits: u32,
    pub components: u32,
    pub near: i32,
    /// 0 none, 1 line, 2 sample.
    pub interleave: i32,
    /// MAXVAL, T1, T2, T3, RESET; zero for the default.
    pub presets: [i32; 5],
    /// By plane where nothing is interleaved, by pixel otherwise.
    pub samples: Vec<u16>,
}

impl Recipe {
    pub fn count(&self) -> usize {
        (self.width * self.height * self.components) as usize
    }

    fn cells(&self) -> Vec<u8> {
        if self.bits > 8 {
            self.samples
                .iter()
                .flat_map(|value| value.to_ne_bytes())
                .collect()
        } else {
            self.samples
                .iter()
                .map(|value| value.to_le_bytes()[0])
                .collect()
        }
    }

    /// The stream that `CharLS` writes.
    pub fn encoded(&self) -> Vec<u8> {
        let cells = self.cells();
        let mut stream = vec![0; cells.len() * 4 + 4096];
        let mut written = 0;
        let frame = charls_frame_info {
            width: self.width,
            height: self.height,
            bits_per_sample: self.bits.cast_signed(),
            component_count: self.components.cast_signed(),
        };
        let [
            maximum_sample_value,
            threshold1,
            threshold2,
            threshold3,
            reset_value,
        ] = self.presets;
        let presets = charls_jpegls_pc_parameters {
            maximum_sample_value,
            threshold1,
            threshold2,
            threshold3,
            reset_value,
        };
        // SAFETY: every pointer is of a living value, and each length is that of its buffer.
        let codes = unsafe {
            let encoder = charls_jpegls_encoder_create();
            let codes = [
                charls_jpegls_encoder_set_frame_info(encoder, &raw const frame),
                charls_jpegls_encoder_set_near_lossless(encoder, self.near),
                charls_jpegls_encoder_set_interleave_mode(encoder, self.interleave),
                charls_jpegls_encoder_set_preset_coding_parameters(encoder, &raw const presets),
                charls_jpegls_encoder_set_destination_buffer(
                    encoder,
                    stream.as_mut_ptr().cast(),
                    stream.len(),
                ),
                charls_jpegls_encoder_encode_from_buffer(
                    encoder,
                    cells.as_ptr().cast(),
                    cells.len(),
                    0,
                ),
                charls_jpegls_encoder_get_bytes_written(encoder, &raw mut written),
            ];
            charls_jpegls_encoder_destroy(encoder);
            codes
        };
        assert_eq!([0; 7], codes, "{self:?}");
        stream.truncate(written);
        stream
    }

    /// What the decoder of `CharLS` makes of a stream of this size.
    pub fn decoded(&self, stream: &[u8]) -> Vec<u16> {
        let width = if self.bits > 8 { 2 } else { 1 };
        let mut cells = vec![0u8; self.count() * width];
        // SAFETY: as above.
        let codes = unsafe {
            let decoder = charls_jpegls_decoder_create();
            let (source, target) = (stream.as_ptr().cast(), cells.as_mut_ptr().cast());
            let codes = [
                charls_jpegls_decoder_set_source_buffer(decoder, source, stream.len()),
                charls_jpegls_decoder_read_header(decoder),
                charls_jpegls_decoder_decode_to_buffer(decoder, target, cells.len(), 0),
            ];
            charls_jpegls_decoder_destroy(decoder);
            codes
        };
        assert_eq!([0; 3], codes, "{self:?}");
        let value = |cell: &[u8]| match *cell {
            [low, high] => u16::from_ne_bytes([low, high]),
            _ => cell[0].into(),
        };
        cells.chunks(width).map(value).collect()
    }
}

/// Numbers that are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u32::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// Noise, a slope with noise, islands, black and white, and one value.
pub fn picture(kind: u32, recipe: &Recipe, dice: &mut Dice) -> Vec<u16> {
    let most = (1 << recipe.bits) - 1;
    let width = recipe.width as usize;
    let value = |at: usize| {
        let place = u32::try_from(at % width * 3 + at / width * 2).expect("a small picture");
        match kind {
            0 => dice.roll(most + 1),
            1 => (place + dice.roll(3 + most / 64)) & most,
            2 if dice.roll(50) == 0 => dice.roll(most + 1),
            3 => most * dice.roll(2),
            _ => most / 3,
        }
    };
    let values = (0..recipe.count()).map(value);
    values
        .map(|value| u16::try_from(value).expect("16 bits"))
        .collect()
}
