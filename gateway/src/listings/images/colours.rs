//! The colours of screens (sRGB): what is drawn anew says nothing of colours any more, so they must be those that browsers
//! take it for. Telephones write others, which would look pale.

use image::DynamicImage;
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Turns a picture's colours, which its ICC profile explains, into those of screens. A profile that makes no sense, or is
/// about others than red, green and blue, is left aside.
pub(super) fn to_screen(picture: &mut DynamicImage, profile: &[u8]) {
    let with_alpha = picture.color().has_alpha();
    let turned = if with_alpha {
        let mut pixels = std::mem::take(picture).into_rgba8();
        let turned = turn(&mut pixels, Layout::Rgba, profile);
        *picture = DynamicImage::ImageRgba8(pixels);
        turned
    } else {
        let mut pixels = std::mem::take(picture).into_rgb8();
        let turned = turn(&mut pixels, Layout::Rgb, profile);
        *picture = DynamicImage::ImageRgb8(pixels);
        turned
    };
    if let Err(error) = turned {
        tracing::debug!(%error, "colours stay as they are");
    }
}

/// All or nothing of it.
fn turn(pixels: &mut [u8], layout: Layout, profile: &[u8]) -> Result<(), CmsError> {
    let profile = ColorProfile::new_from_slice(profile)?;
    if profile.color_space != DataColorSpace::Rgb {
        return Ok(());
    }
    let screen = ColorProfile::new_srgb();
    let way = profile.create_transform_8bit(layout, &screen, layout, TransformOptions::default())?;
    let mut turned = vec![0; pixels.len()];
    way.transform(pixels, &mut turned)?;
    pixels.copy_from_slice(&turned);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    #[test]
    fn colours_of_telephones_look_the_same_on_screens_and_nonsense_changes_nothing() {
        let strong = RgbImage::from_pixel(3, 2, Rgb([0, 200, 0]));
        let mut picture = DynamicImage::ImageRgb8(strong.clone());
        to_screen(&mut picture, b"no profile");
        assert_eq!(picture.as_rgb8(), Some(&strong));
        to_screen(&mut picture, &ColorProfile::new_srgb().encode().unwrap());
        assert!(picture.as_rgb8().unwrap().pixels().all(|pixel| pixel.0[1].abs_diff(200) <= 1));
        to_screen(&mut picture, &ColorProfile::new_display_p3().encode().unwrap());
        assert!(picture.as_rgb8().unwrap().pixels().all(|pixel| pixel.0[1] > 203), "a greener green");
    }
}
