//! Rows in memory between `load` and `save`, which know what became of them.

use std::collections::BTreeMap;

/// The rows of one table that a batch touches, by key, in the key's order.
///
/// `save` inserts what is [`fresh`](Self::fresh) and updates what has [`changed`](Self::changed); a row that was
/// only looked at costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<K, V> {
    rows: BTreeMap<K, (V, Fate)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stored,
    Changed,
    Fresh,
}

impl<K: Ord, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new() }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Rows<K, V> {
    /// Rows as they stand in the database.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(stored: I) -> Self {
        Self { rows: stored.into_iter().map(|(key, value)| (key, (value, Fate::Stored))).collect() }
    }
}

impl<K: Ord, V> Rows<K, V> {
    /// Looks at a row.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key).map(|(value, _)| value)
    }

    /// A row to be changed; it counts as changed from now on.
    pub fn change(&mut self, key: &K) -> Option<&mut V> {
        let (value, fate) = self.rows.get_mut(key)?;
        if *fate == Fate::Stored {
            *fate = Fate::Changed;
        }
        Some(value)
    }

    /// Puts a row in the place of the one with this key, or makes it.
    pub fn put(&mut self, key: K, value: V) {
        match self.rows.get_mut(&key) {
            Some((stored, fate)) => {
                *stored = value;
                if *fate == Fate::Stored {
                    *fate = Fate::Changed;
                }
            }
            None => {
                self.rows.insert(key, (value, Fate::Fresh));
            }
        }
    }

    /// Rows that the database does not have yet.
    pub fn fresh(&self) -> impl Iterator<Item = (&K, &V)> {
        self.with(Fate::Fresh)
    }

    /// Rows that the database has otherwise.
    pub fn changed(&self) -> impl Iterator<Item = (&K, &V)> {
        self.with(Fate::Changed)
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().map(|(key, (value, _))| (key, value))
    }

    fn with(&self, wanted: Fate) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().filter(move |(_, (_, fate))| *fate == wanted).map(|(key, (value, _))| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_or_made_is_saved() {
        let mut rows: Rows<i32, &str> = [(1, "a"), (2, "b"), (3, "c")].into_iter().collect();
        *rows.change(&1).unwrap() = "A";
        rows.put(2, "B");
        rows.put(4, "D");
        rows.put(4, "DD");
        assert_eq!(rows.get(&3), Some(&"c"));
        assert_eq!(rows.changed().collect::<Vec<_>>(), [(&1, &"A"), (&2, &"B")]);
        assert_eq!(rows.fresh().collect::<Vec<_>>(), [(&4, &"DD")]);
    }
}
