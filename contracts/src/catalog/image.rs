//! Pictures of what is sold: how many, in which sizes, under which URLs.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most pictures of a listing.
pub const MAX_IMAGES: usize = 20;

/// What a picture shows, in words, for those who do not see it.
pub type AltText = Text<250>;

/// A size in which every picture is kept. What is kept was made by these numbers: another number wants all of them made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageSize {
    /// For lists.
    Thumb,
    /// For a phone.
    Small,
    /// For a look from near.
    Large,
}

impl ImageSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Thumb, Self::Small, Self::Large];

    /// Its name in URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Small => "small",
            Self::Large => "large",
        }
    }

    /// The size of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.name() == name)
    }

    /// The longest that a side may be, in pixels.
    #[must_use]
    pub const fn longest(self) -> u32 {
        match self {
            Self::Thumb => 160,
            Self::Small => 480,
            Self::Large => 1_200,
        }
    }

    /// Width and height, in pixels, of a picture in this size: as large as the longest side may be, never enlarged.
    #[must_use]
    pub fn of(self, (width, height): (u32, u32)) -> (u32, u32) {
        let longest = width.max(height);
        if longest <= self.longest() {
            return (width, height);
        }
        let (longest, most) = (u64::from(longest), u64::from(self.longest()));
        let fitted = |side: u32| {
            let side = (u64::from(side) * most + longest / 2) / longest;
            // No more than `most`, which was a u32.
            u32::try_from(side).unwrap_or(u32::MAX).max(1)
        };
        (fitted(width), fitted(height))
    }
}

/// A picture as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageView {
    /// Which.
    pub id: ImageId,
    /// What it shows, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<AltText>,
    /// In pixels, as it was sent and turned upright.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The sizes that it is kept in, the smallest first.
    pub variants: Vec<ImageVariant>,
}

/// A picture in one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageVariant {
    /// Which size.
    pub size: ImageSize,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Where it is, on the gateway. What is there never changes.
    pub url: String,
}

impl ImageView {
    /// A picture of this width and height.
    #[must_use]
    pub fn new(id: ImageId, alt: Option<AltText>, (width, height): (u32, u32)) -> Self {
        let variants = ImageSize::ALL.map(|size| ImageVariant::of(id, (width, height), size)).to_vec();
        Self { id, alt, width, height, variants }
    }
}

impl ImageVariant {
    /// Of a picture of this width and height.
    #[must_use]
    pub fn of(id: ImageId, picture: (u32, u32), size: ImageSize) -> Self {
        let (width, height) = size.of(picture);
        Self { size, width, height, url: format!("/v1/images/{id}/{}", size.name()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_made_smaller_in_its_proportions_and_never_larger() {
        for (picture, size, expected) in [
            ((4_000, 3_000), ImageSize::Thumb, (160, 120)),
            ((3_000, 4_000), ImageSize::Small, (360, 480)),
            ((1_201, 1_200), ImageSize::Large, (1_200, 1_199)),
            ((1_200, 10), ImageSize::Large, (1_200, 10)),
            ((65_535, 1), ImageSize::Thumb, (160, 1)),
            ((100, 50), ImageSize::Thumb, (100, 50)),
            ((u32::MAX, u32::MAX), ImageSize::Thumb, (160, 160)),
        ] {
            assert_eq!(size.of(picture), expected, "{picture:?} as {size:?}");
        }
        assert_eq!(ImageSize::ALL.map(|size| ImageSize::named(size.name())), ImageSize::ALL.map(Some));
    }
}
