//! How the pictures of a listing shall be.

use contracts::{ImageId, ImageView, PutImage, Refusal};
use std::collections::BTreeSet;

/// The pictures that are left out of what shall be; none if all is so already.
pub fn arrange(shown: &[ImageView], wanted: &[PutImage]) -> Result<Option<Vec<ImageId>>, Refusal> {
    let mut seen = BTreeSet::new();
    for (index, put) in wanted.iter().enumerate() {
        let wrong =
            |why: &str| Err(Refusal::Invalid { field: format!("images[{index}].id"), why: why.to_owned() });
        if !shown.iter().any(|image| image.id == put.id) {
            return wrong("is no picture of this listing");
        }
        if !seen.insert(put.id) {
            return wrong("stands here twice");
        }
    }
    let as_wanted = |(image, put): (&ImageView, &PutImage)| image.id == put.id && image.alt == put.alt;
    if shown.len() == wanted.len() && shown.iter().zip(wanted).all(as_wanted) {
        return Ok(None);
    }
    Ok(Some(shown.iter().map(|image| image.id).filter(|id| !seen.contains(id)).collect()))
}
