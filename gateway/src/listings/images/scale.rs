//! Making pictures smaller.

use image::{DynamicImage, RgbaImage, imageops::FilterType};

/// The picture in 8 bits with transparency if it may have some; else as it is.
pub(super) fn layers(picture: DynamicImage) -> DynamicImage {
    if picture.color().has_alpha() { DynamicImage::ImageRgba8(picture.into_rgba8()) } else { picture }
}

/// Whether any pixel is not opaque.
pub(super) fn shines_through(picture: &DynamicImage) -> bool {
    picture.as_rgba8().is_some_and(|pixels| pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX))
}

/// The picture in another size, of pixels that weigh as much as they can be seen: else the colour of what is transparent
/// would shine around what is not.
pub(super) fn to(mut picture: DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    if (picture.width(), picture.height()) == (width, height) {
        return picture;
    }
    if let DynamicImage::ImageRgba8(pixels) = &mut picture {
        weigh(pixels);
    }
    // Averages of many pixels cost little; what is left is done well.
    if picture.width() / 2 > width && picture.height() / 2 > height {
        picture = picture.thumbnail_exact(width * 2, height * 2);
    }
    picture = picture.resize_exact(width, height, FilterType::Lanczos3);
    if let DynamicImage::ImageRgba8(pixels) = &mut picture {
        unweigh(pixels);
    }
    picture
}

fn weigh(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [colours @ .., alpha] = &mut pixel.0;
        for colour in colours {
            *colour = scaled(*colour, *alpha, u8::MAX);
        }
    }
}

fn unweigh(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [colours @ .., alpha] = &mut pixel.0;
        for colour in colours.iter_mut().filter(|_| *alpha > 0) {
            *colour = scaled(*colour, u8::MAX, *alpha);
        }
    }
}

/// `value * by / of`, rounded, at most 255. `of` is not zero.
fn scaled(value: u8, by: u8, of: u8) -> u8 {
    let (value, by, of) = (u32::from(value), u32::from(by), u32::from(of));
    u8::try_from((value * by + of / 2) / of).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn what_is_transparent_gives_its_colour_to_nothing() {
        let cut_out = RgbaImage::from_fn(40, 40, |x, y| {
            let inside = (7..33).contains(&x) && (7..33).contains(&y);
            if inside { Rgba([250, 240, 230, 255]) } else { Rgba([0, 0, 0, 0]) }
        });
        let small = to(DynamicImage::ImageRgba8(cut_out), (10, 10)).into_rgba8();
        let edges: Vec<_> = small.pixels().filter(|pixel| (32..255).contains(&pixel.0[3])).collect();
        assert!(!edges.is_empty());
        for edge in edges {
            assert!(edge.0[0] > 240 && edge.0[1] > 230 && edge.0[2] > 220, "dark around the edge: {edge:?}");
        }
        assert!(shines_through(&DynamicImage::ImageRgba8(small)));
    }
}
