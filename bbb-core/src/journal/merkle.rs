//! A Merkle tree over the hashes of a journal's records, shaped as in RFC 6962: a short path proves that one record is among many.
//!
//! Leaves and inner nodes are hashed in domains of their own, so that no node can be passed off as a leaf.

use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};

use crate::journal::chain::Hash;

static LEAF: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context("bbb 2026 journal tree leaf v1"));
static NODE: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context("bbb 2026 journal tree node v1"));

/// The longest path: a tree of 2^64 leaves has no longer one.
pub const MAX_PATH: usize = 64;

fn leaf(record: &Hash) -> Hash {
    Hash(*blake3::Hasher::new_from_context_key(&LEAF).update(&record.0).finalize().as_bytes())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Hash(*blake3::Hasher::new_from_context_key(&NODE).update(&left.0).update(&right.0).finalize().as_bytes())
}

/// A tree that grows at its right edge. It keeps the roots of its whole subtrees only, so its size is logarithmic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    count: u64,
    /// The roots of the whole subtrees, largest first: one for each bit that is set in `count`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// How many records it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds the next record's hash.
    pub fn push(&mut self, record: &Hash) {
        let mut top = leaf(record);
        let mut rest = self.count;
        while rest & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            top = node(&left, &top);
            rest >>= 1;
        }
        self.peaks.push(top);
        self.count += 1;
    }

    /// The root; nothing for an empty tree.
    pub fn root(&self) -> Option<Hash> {
        let mut peaks = self.peaks.iter().rev();
        let last = *peaks.next()?;
        Some(peaks.fold(last, |right, left| node(left, &right)))
    }
}

/// The root over these records' hashes; nothing where there are none.
pub fn root<'a>(records: impl IntoIterator<Item = &'a Hash>) -> Option<Hash> {
    let mut tree = Tree::default();
    records.into_iter().for_each(|record| tree.push(record));
    tree.root()
}

/// The nodes beside the way from record `index` (from 0) up to the root; nothing where there is no such record.
pub fn path(records: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= records.len() {
        return None;
    }
    let (mut path, mut rest, mut index) = (Vec::new(), records, index);
    while rest.len() > 1 {
        // The largest power of two below the length.
        let split = rest.len().next_power_of_two() / 2;
        let (left, right) = rest.split_at(split);
        let beside = if index < split { right } else { left };
        path.extend(root(beside));
        (rest, index) = if index < split { (left, index) } else { (right, index - split) };
    }
    path.reverse();
    Some(path)
}

/// The root to which a path leads from record `index` (from 0) of `count`; nothing where the path does not have the shape that these two call for.
pub fn climb(record: &Hash, index: u64, count: u64, path: &[Hash]) -> Option<Hash> {
    if index >= count {
        return None;
    }
    let (mut at, mut last, mut top) = (index, count - 1, leaf(record));
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            top = node(beside, &top);
            // At the right edge a level without a neighbour has no node of its own.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            top = node(&top, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: u8) -> Vec<Hash> {
        (0..count).map(|n| Hash([n; 32])).collect()
    }

    /// As RFC 6962 section 2.1 says it.
    fn by_definition(records: &[Hash]) -> Hash {
        match records {
            [one] => leaf(one),
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn every_root_is_that_of_the_definition_and_every_path_leads_to_it() {
        assert_eq!(root(&[]), None);
        for count in 1..=40u8 {
            let all = records(count);
            let want = by_definition(&all);
            assert_eq!(root(&all), Some(want), "{count} records");
            for (index, record) in all.iter().enumerate() {
                let path = path(&all, index).expect("there");
                assert!(path.len() <= 6);
                assert_eq!(climb(record, index as u64, count.into(), &path), Some(want), "record {index} of {count}");
            }
            assert_eq!(path(&all, count.into()), None);
        }
    }

    #[test]
    fn a_path_of_another_place_count_or_length_leads_elsewhere() {
        for count in 1..=20u8 {
            let all = records(count);
            let root = root(&all).expect("some");
            for (index, record) in all.iter().enumerate() {
                let good = path(&all, index).expect("there");
                let leads = |index: u64, count: u64, path: &[Hash]| climb(record, index, count, path) == Some(root);
                for other in (0..u64::from(count)).filter(|other| *other != index as u64) {
                    assert!(!leads(other, count.into(), &good), "record {index} of {count} as {other}");
                }
                assert!(!leads(u64::from(count), count.into(), &good));
                assert!(!leads(index as u64, count.into(), &[good.as_slice(), &[root]].concat()));
                if let Some((_, shorter)) = good.split_last() {
                    assert!(!leads(index as u64, count.into(), shorter));
                }
                for place in 0..good.len() {
                    let mut altered = good.clone();
                    altered[place].0[7] ^= 1;
                    assert!(!leads(index as u64, count.into(), &altered));
                }
            }
        }
        // A node is no leaf: the root of two, taken for a record, is not the root of one.
        let two = root(&records(2)).expect("some");
        assert_ne!(root(&[two]), Some(two));
    }
}
