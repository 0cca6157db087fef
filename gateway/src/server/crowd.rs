//! How many connections there are, of each address.

use crate::address::counted;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// All that are open. Clones share it.
#[derive(Clone)]
pub(super) struct Crowd {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place, as long as it is held.
pub(super) struct Place {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    /// At most so many of one address.
    pub fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// None when this address has all that it may have.
    pub fn admit(&self, peer: IpAddr) -> Option<Place> {
        let address = counted(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_places_and_gives_them_back() {
        let crowd = Crowd::new(2);
        let [ann, bob] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        let first = crowd.admit(ann).unwrap();
        let _second = crowd.admit(ann).unwrap();
        assert!(crowd.admit(ann).is_none());
        drop(crowd.admit(bob).unwrap());
        assert_eq!(crowd.open.lock().unwrap().len(), 1, "who has gone is forgotten");
        drop(first);
        assert!(crowd.admit(ann).is_some());
    }
}
