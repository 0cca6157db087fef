//! What `catalog` is asked about pictures. It knows what there is to show, never the bytes: those are in a store of objects,
//! which the gateway alone reads and writes.
//!
//! Objects come before the row that shows them, and go after it: an upload is begun, so that its objects are known as
//! astray; they are stored; then the picture is added to its listing. What is astray for too long, or was taken away, is
//! listed, deleted from the store, and forgotten.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most pictures astray that are listed, or forgotten, at once.
pub const MAX_STRAYS: usize = 100;

/// SHA-256 of a picture as it was sent, in hex.
pub type ImageHash = Text<64>;

/// Begins an upload: gives the picture its id, under which objects may be stored for an hour.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BeginImage {
    /// The listing that shall show it.
    pub slug: Slug,
    /// What was sent.
    pub content: ImageHash,
}

/// What an upload is to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageBegun {
    /// A picture that the listing does not show yet.
    New(ImageId),
    /// The listing shows what was sent already: there is nothing to store.
    Known(ImageAdded),
}

/// Shows a picture, whose objects are stored, behind the others of its listing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AddImage {
    /// As the upload began.
    pub id: ImageId,
    /// The same listing.
    pub slug: Slug,
    /// What was sent.
    pub content: ImageHash,
    /// What it shows, in words.
    #[serde(default)]
    pub alt: Option<AltText>,
    /// In pixels, upright.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// A picture that a listing shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageAdded {
    /// The picture; another than was asked for when the listing showed the same content already.
    pub image: ImageView,
    /// The listing's version now.
    pub version: i64,
}

/// Says which pictures a listing shows, in which order, and what each shows. What is left out is taken away.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutImages {
    /// Which listing.
    pub slug: Slug,
    /// The listing's version that the change builds on.
    pub version: i64,
    /// Pictures that the listing shows, each once.
    pub images: Vec<PutImage>,
}

/// One picture of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutImage {
    /// Which.
    pub id: ImageId,
    /// What it shows, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<AltText>,
}

/// The pictures of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Images {
    /// In their order.
    pub images: Vec<ImageView>,
    /// The listing's version.
    pub version: i64,
}

/// Takes a picture away from its listing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeleteImage {
    /// Which listing.
    pub slug: Slug,
    /// Which picture.
    pub id: ImageId,
}

/// Lists pictures whose objects are to be deleted. From then on they can't be added any more; for a minute nobody else is
/// told of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListStrayImages {}

/// Forgets pictures whose objects are deleted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ForgetImages {
    /// At most [`MAX_STRAYS`] that were listed.
    pub ids: Vec<ImageId>,
}
