//! A picture that was sent: what it is its content says, and what is kept of it is drawn anew.
//!
//! Nothing of the file itself is kept, so neither what a camera writes beside the picture (where it was taken, by whom) nor
//! what somebody has hidden in it. How large it is stands in its head, and is looked at before anything is unpacked.

use super::{colours, scale, whole};
use crate::problem::{Kind, Problem};
use bytes::Bytes;
use contracts::ImageSize;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, webp::WebPEncoder},
    metadata::Orientation,
};
use std::io::Cursor;

/// The largest file, in bytes.
pub(super) const MOST_BYTES: usize = 10 << 20;
/// The largest picture, in millions of pixels.
const MOST_MEGAPIXELS: u64 = 40;
/// The most bytes of one when it is unpacked: as many pixels in four channels of 8 bits.
const MOST_UNPACKED: u64 = MOST_MEGAPIXELS * 4_000_000;
/// What decoders may need beside that.
const BESIDE: u64 = 64 << 20;
/// Of JPEG, from 1 to 100.
const QUALITY: u8 = 82;

/// A picture as it is kept.
pub(super) struct Drawn {
    /// In pixels, upright.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Each size, as JPEG, or as WebP where something shines through.
    pub sizes: [(ImageSize, Bytes); 3],
}

/// What a file is, and how large the picture in it.
pub(super) struct Head {
    format: ImageFormat,
}

impl Head {
    /// Reads it off the file's first bytes.
    ///
    /// # Errors
    /// When it is no JPEG, PNG or WebP, or the picture is too large to be unpacked.
    pub fn read(file: &[u8]) -> Result<Self, Problem> {
        let format = image::guess_format(file).ok();
        let known =
            |format: &ImageFormat| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP);
        let Some(format) = format.filter(known) else {
            return Err(Problem::new(Kind::MediaType, "send a picture: JPEG, PNG or WebP").at("body"));
        };
        let head = Self { format };
        let decoder = head.decoder(file)?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > MOST_MEGAPIXELS * 1_000_000
            || decoder.total_bytes() > MOST_UNPACKED
        {
            let why =
                format!("at most {MOST_MEGAPIXELS} million pixels, half as many where channels have 16 bits");
            return Err(Problem::field("body", why));
        }
        Ok(head)
    }

    fn decoder<'f>(&self, file: &'f [u8]) -> Result<impl ImageDecoder + use<'f>, Problem> {
        let mut reader = ImageReader::with_format(Cursor::new(file), self.format);
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MOST_UNPACKED + BESIDE);
        reader.limits(limits);
        reader.into_decoder().map_err(|_| broken())
    }

    /// Draws the picture anew in all sizes: upright, in the colours of screens. Takes long, and much memory.
    ///
    /// # Errors
    /// When the file is not whole, or not what its first bytes promise.
    pub fn draw(&self, file: &[u8]) -> Result<Drawn, Problem> {
        if self.format == ImageFormat::Jpeg && !whole::is_whole(file) {
            return Err(broken());
        }
        let mut decoder = self.decoder(file)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let profile = decoder.icc_profile().ok().flatten();
        let sent = DynamicImage::from_decoder(decoder).map_err(|_| broken())?;
        let sides = (sent.width(), sent.height());
        let mut large = scale::to(scale::layers(sent), ImageSize::Large.of(sides));
        large.apply_orientation(orientation);
        if let Some(profile) = profile {
            colours::to_screen(&mut large, &profile);
        }
        let (width, height) = if lies(orientation) { (sides.1, sides.0) } else { sides };
        let mut sizes = ImageSize::ALL.map(|size| (size, Bytes::new()));
        for (size, bytes) in &mut sizes {
            *bytes = write(scale::to(large.clone(), size.of((width, height))))?;
        }
        Ok(Drawn { width, height, sizes })
    }
}

/// Whether what is the width in the file is the height of the picture.
const fn lies(orientation: Orientation) -> bool {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    }
}

/// As JPEG; where something shines through as WebP, without loss.
fn write(picture: DynamicImage) -> Result<Bytes, Problem> {
    let mut file = Vec::new();
    let (width, height) = (picture.width(), picture.height());
    let written = if scale::shines_through(&picture) {
        let pixels = picture.into_rgba8();
        WebPEncoder::new_lossless(&mut file).write_image(&pixels, width, height, ExtendedColorType::Rgba8)
    } else {
        let pixels = picture.into_rgb8();
        let encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
        encoder.write_image(&pixels, width, height, ExtendedColorType::Rgb8)
    };
    written.map_err(|error| {
        tracing::error!(%error, "a picture could not be written");
        Problem::new(Kind::Internal, "the cause is in the log")
    })?;
    Ok(file.into())
}

fn broken() -> Problem {
    Problem::field("body", "the picture cannot be read to its end")
}
