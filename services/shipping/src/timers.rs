//! What happens with time alone: where parcels went of people who left is erased.

use crate::store;
use chassis::leavers;

/// Erases addresses of people who left, once no parcel goes there any more.
pub type EraseLeavers = leavers::EraseLeavers<store::Erased>;
