//! Filed: a map whose values are also found by where they stand, without looking at all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut, RangeBounds};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something that stands somewhere, and may move.
pub trait Stands {
    /// Where.
    type At: Copy + Ord;

    /// Where it stands now.
    fn at(&self) -> Self::At;
}

/// A map by id that also knows which values stand where. It is written as the map alone, and filed anew when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed<K, V: Stands> {
    all: BTreeMap<K, V>,
    at: BTreeMap<V::At, BTreeSet<K>>,
}

impl<K: Copy + Ord, V: Stands> Filed<K, V> {
    /// Those that stand at `at`, by id.
    pub fn standing(&self, at: V::At) -> impl Iterator<Item = (&K, &V)> {
        self.among(at..=at)
    }

    /// Those that stand in a range, by where they stand, then by id.
    pub fn among(&self, range: impl RangeBounds<V::At>) -> impl Iterator<Item = (&K, &V)> {
        self.at.range(range).flat_map(|(_, file)| file).filter_map(|id| self.all.get_key_value(id))
    }

    /// The value of this id, to be changed; it is filed anew once that is done.
    pub(crate) fn change(&mut self, id: K) -> Option<Changing<'_, K, V>> {
        let was = self.all.get(&id)?.at();
        Some(Changing { filed: self, id, was })
    }

    pub(crate) fn insert(&mut self, id: K, value: V) {
        self.remove(id);
        self.at.entry(value.at()).or_default().insert(id);
        self.all.insert(id, value);
    }

    pub(crate) fn remove(&mut self, id: K) -> Option<V> {
        let value = self.all.remove(&id)?;
        self.take_out(value.at(), id);
        Some(value)
    }

    /// No empty file stays, so that what holds the same is the same.
    fn take_out(&mut self, at: V::At, id: K) {
        if let Some(file) = self.at.get_mut(&at) {
            file.remove(&id);
            if file.is_empty() {
                self.at.remove(&at);
            }
        }
    }
}

impl<K, V: Stands> Default for Filed<K, V> {
    fn default() -> Filed<K, V> {
        Filed { all: BTreeMap::new(), at: BTreeMap::new() }
    }
}

/// All of them, to be read.
impl<K, V: Stands> Deref for Filed<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.all
    }
}

impl<K: Serialize, V: Stands + Serialize> Serialize for Filed<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de, K: Copy + Ord + Deserialize<'de>, V: Stands + Deserialize<'de>> Deserialize<'de> for Filed<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Filed<K, V>, D::Error> {
        let all = BTreeMap::<K, V>::deserialize(deserializer)?;
        let mut at: BTreeMap<V::At, BTreeSet<K>> = BTreeMap::new();
        for (id, value) in &all {
            at.entry(value.at()).or_default().insert(*id);
        }
        Ok(Filed { all, at })
    }
}

/// A value that is being changed.
pub(crate) struct Changing<'a, K: Copy + Ord, V: Stands> {
    filed: &'a mut Filed<K, V>,
    id: K,
    was: V::At,
}

impl<K: Copy + Ord, V: Stands> Deref for Changing<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        // Made only for an id that is there, and nobody else can change the map meanwhile.
        &self.filed.all[&self.id]
    }
}

impl<K: Copy + Ord, V: Stands> DerefMut for Changing<'_, K, V> {
    #[expect(clippy::expect_used, reason = "made only for an id that is there, and nobody else can change the map meanwhile")]
    fn deref_mut(&mut self) -> &mut V {
        self.filed.all.get_mut(&self.id).expect("it is there")
    }
}

impl<K: Copy + Ord, V: Stands> Drop for Changing<'_, K, V> {
    fn drop(&mut self) {
        let now = self.filed.all[&self.id].at();
        if now != self.was {
            self.filed.take_out(self.was, self.id);
            self.filed.at.entry(now).or_default().insert(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Seed;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Parcel(u32);

    impl Stands for Parcel {
        type At = bool;

        fn at(&self) -> bool {
            self.0.is_multiple_of(3)
        }
    }

    #[test]
    fn whatever_is_done_each_value_is_filed_where_it_stands() {
        for seed in 0..200 {
            let mut draw = Seed::new(seed).draw("filed", 0);
            let mut filed: Filed<u32, Parcel> = Filed::default();
            for _ in 0..40 {
                let (what, id, value) = (draw.below(3), draw.below(6), draw.below(250));
                match what {
                    0 => filed.insert(id, Parcel(value)),
                    1 => drop(filed.remove(id)),
                    _ => {
                        if let Some(mut parcel) = filed.change(id) {
                            parcel.0 = value;
                        }
                    }
                }
                for at in [false, true] {
                    let found: Vec<_> = filed.standing(at).collect();
                    let looked: Vec<_> = filed.iter().filter(|(_, parcel)| parcel.at() == at).collect();
                    assert_eq!(found, looked, "seed {seed}");
                }
            }
            let read: Filed<u32, Parcel> = serde_json::from_str(&serde_json::to_string(&filed).expect("plain")).expect("as written");
            assert_eq!(read, filed, "seed {seed}");
        }
    }
}
