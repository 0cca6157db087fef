//! Whether a JPEG is whole: decoders take what is missing for grey.

/// The mark of a picture's end.
const END: u8 = 0xd9;
/// Begins the pixels, which are no segment.
const SCAN: u8 = 0xda;

/// Whether the picture's end is in the file. What comes after it (cameras put previews there) is nobody's affair.
pub(super) fn is_whole(file: &[u8]) -> bool {
    // Behind the mark of its beginning.
    let mut rest = file.get(2..).unwrap_or_default();
    while let [0xff, mark, after @ ..] = rest {
        match *mark {
            END => return true,
            0xff => rest = &rest[1..], // filling
            _ => {
                let [high, low, ..] = after else { return false };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let Some(behind) = after.get(length..) else { return false };
                rest = if *mark == SCAN { behind_pixels(behind) } else { behind };
            }
        }
    }
    false
}

/// From the next mark on that is not a part of the pixels: a byte of 255 is written as `ff 00`, and `ff d0` to `ff d7`
/// are places to begin anew from.
fn behind_pixels(pixels: &[u8]) -> &[u8] {
    let is_mark = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    let place = pixels.windows(2).position(is_mark);
    place.map_or(&[], |place| &pixels[place..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{RgbImage, codecs::jpeg::JpegEncoder};

    #[test]
    fn a_jpeg_is_whole_to_its_end_and_no_byte_before() {
        let mut file = vec![];
        let noise = RgbImage::from_fn(64, 64, |x, y| {
            image::Rgb([x * y % 251, x ^ y, 7].map(|n| u8::try_from(n).unwrap()))
        });
        JpegEncoder::new(&mut file).encode_image(&noise).unwrap();
        assert!(is_whole(&file));
        for length in 0..file.len() {
            assert!(!is_whole(&file[..length]), "{length} of {}", file.len());
        }
        file.extend(b"a preview");
        assert!(is_whole(&file));
    }
}
