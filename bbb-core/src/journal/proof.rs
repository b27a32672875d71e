//! Proofs that one event is in a journal under a checkpoint, for someone who has neither the journal nor its store.
//!
//! A proof is the record with the hash of the one before it, the path from it to the root of the tree, and the checkpoint that signs that root. What is
//! sealed in the record stays sealed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::journal::chain::{Hash, Head, Record};
use crate::journal::checkpoint::{self, Checkpoint, MAX_CHECKPOINT_BYTES};
use crate::journal::export::Line;
use crate::journal::keys::{KeyList, MAX_KEYS_BYTES, PublicKey};
use crate::journal::{hex, merkle};
use crate::limits::MAX_EVENT_BYTES;

/// The name of the format.
pub const FORMAT: &str = "bbb-proof/1";

/// The longest proof.
pub const MAX_PROOF_BYTES: usize = MAX_EVENT_BYTES + MAX_KEYS_BYTES + MAX_CHECKPOINT_BYTES + 70 * merkle::MAX_PATH + 2048;

/// A proof. Whoever has one has not checked it yet: see [`Proof::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The keys that may have signed.
    pub keys: KeyList,
    /// What signs the tree.
    pub checkpoint: Checkpoint,
    /// The hash of the record before; [`crate::journal::chain::GENESIS`] before the first.
    pub previous: Hash,
    /// The record.
    pub record: Record,
    /// The nodes beside the way up, lowest first.
    pub path: Vec<Hash>,
}

/// What is wrong with a proof, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no proof.
    #[error("{0}")]
    Unreadable(String),
    /// The format is unknown.
    #[error("its format is `{0}`, this build reads `{FORMAT}`")]
    UnknownFormat(String),
    /// The record does not match its hash.
    #[error("event {0} does not match its hash: it was altered")]
    AlteredRecord(u64),
    /// The path does not lead from the record to the checkpoint's root.
    #[error("event {sequence} is not among the {count} events of the checkpoint: the path does not lead from it to the signed root")]
    NotIncluded {
        /// The event.
        sequence: u64,
        /// How many events the checkpoint covers.
        count: u64,
    },
    /// The checkpoint or its key is wrong.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The journal has no such event, or the checkpoint does not cover it.
    #[error("event {sequence} is not covered by the checkpoint of event {covered}")]
    NotCovered {
        /// The wanted event.
        sequence: u64,
        /// How far the checkpoint goes.
        covered: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    format: String,
    keys: KeyList,
    checkpoint: Checkpoint,
    #[serde(with = "hex")]
    previous: [u8; 32],
    path: Vec<Node>,
    #[serde(borrow)]
    record: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Node(#[serde(with = "hex")] [u8; 32]);

impl Proof {
    /// Proves event `sequence` of a journal, whose records up to the checkpoint these are, from the first one on.
    ///
    /// # Errors
    /// [`Error::NotCovered`]; [`Error::Checkpoint`] and [`Error::NotIncluded`] where the records are not those of the checkpoint.
    pub fn of(keys: &KeyList, checkpoint: Checkpoint, records: &[Record], sequence: u64) -> Result<Proof, Error> {
        let covered = checkpoint.head().sequence;
        let not_covered = || Error::NotCovered { sequence, covered };
        let at = |sequence: u64| usize::try_from(sequence.checked_sub(1)?).ok();
        let place = at(sequence).filter(|_| sequence <= covered).ok_or_else(not_covered)?;
        let length = usize::try_from(covered).map_err(|_| not_covered())?;
        let end = records.len() as u64;
        let Some(records) = records.get(..length) else {
            return Err(checkpoint.compare(None, end, 0).map_or_else(Error::from, |()| not_covered()));
        };
        let hashes: Vec<Hash> = records.iter().map(|record| record.hash).collect();
        let previous = place.checked_sub(1).map_or(Head::EMPTY.hash, |before| hashes[before]);
        let path = merkle::path(&hashes, place).ok_or_else(not_covered)?;
        let proof = Proof { keys: keys.clone(), checkpoint, previous, record: records[place].clone(), path };
        proof.check_included()?;
        Ok(proof)
    }

    fn check_included(&self) -> Result<(), Error> {
        let (sequence, count) = (self.record.sequence, self.checkpoint.head().sequence);
        if self.record.hash != self.record.chained(&self.previous) {
            return Err(Error::AlteredRecord(sequence));
        }
        let root = sequence.checked_sub(1).and_then(|index| merkle::climb(&self.record.hash, index, count, &self.path));
        match root == Some(self.checkpoint.root()) {
            true => Ok(()),
            false => Err(Error::NotIncluded { sequence, count }),
        }
    }

    /// Checks everything, from the record up to the trusted key.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, trusted: &PublicKey) -> Result<(), Error> {
        self.check_included()?;
        Ok(self.keys.vouches(trusted, &self.checkpoint)?)
    }

    /// The proof as one line of JSON, without its end.
    ///
    /// # Errors
    /// [`Error::Unreadable`] where the record's payload is no JSON.
    pub fn to_text(&self) -> Result<String, Error> {
        let unreadable = |error: serde_json::Error| Error::Unreadable(error.to_string());
        let record = Line::of(&self.record).map_err(Error::Unreadable)?;
        let record = serde_json::value::to_raw_value(&record).map_err(unreadable)?;
        let wire = Wire {
            format: FORMAT.to_owned(),
            keys: self.keys.clone(),
            checkpoint: self.checkpoint,
            previous: self.previous.0,
            path: self.path.iter().map(|node| Node(node.0)).collect(),
            record: &record,
        };
        serde_json::to_string(&wire).map_err(unreadable)
    }

    /// Reads a proof, with or without a line break at its end. Only the very text that [`Proof::to_text`] writes is accepted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_text(text: &str) -> Result<Proof, Error> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        if text.len() > MAX_PROOF_BYTES {
            return Err(Error::Unreadable(format!("a proof has at most {MAX_PROOF_BYTES} bytes")));
        }
        let bad = |reason: String| Error::Unreadable(format!("this is not a proof: {reason}"));
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if wire.format != FORMAT {
            return Err(Error::UnknownFormat(wire.format));
        }
        if wire.path.len() > merkle::MAX_PATH {
            return Err(bad(format!("a path has at most {} nodes", merkle::MAX_PATH)));
        }
        let line: Line<'_> = serde_json::from_str(wire.record.get()).map_err(|error| bad(error.to_string()))?;
        let record = line.record().map_err(bad)?;
        let path = wire.path.iter().map(|node| Hash(node.0)).collect();
        let proof = Proof { keys: wire.keys, checkpoint: wire.checkpoint, previous: Hash(wire.previous), record, path };
        match proof.to_text() {
            Ok(again) if again == text => Ok(proof),
            _ => Err(bad("it was reformatted".to_owned())),
        }
    }
}
