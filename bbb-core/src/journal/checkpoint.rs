//! Signed checkpoints: the host's word, outside the store, that a journal had so many events and this head at a time.
//!
//! Only checking is here; signing takes a secret and is the host's. A checkpoint also signs the root of a Merkle tree over all records up to it
//! ([`crate::journal::merkle`]), from which [`crate::journal::proof`] proves single events. `docs/design/journal-format.md` explains every byte.

use serde::{Deserialize, Serialize};

use crate::id::BusinessId;
use crate::journal::chain::{Hash, Head, Record};
use crate::journal::hex;
use crate::journal::keys::{KeyList, PublicKey, Signature};
use crate::journal::merkle::Tree;
use crate::time::Timestamp;

/// The name of a checkpoint's format.
pub const FORMAT: &str = "bbb-checkpoint/1";
/// The longest line or file of a checkpoint.
pub const MAX_CHECKPOINT_BYTES: usize = 1024;
/// What is signed begins with a domain, so that no signature of one kind serves as one of another.
const CHECKPOINT_DOMAIN: &[u8] = b"bbb 2026 journal checkpoint v1\0";
/// What a checkpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Whose journal.
    pub business: BusinessId,
    /// Where it ended.
    pub head: Head,
    /// The root of the Merkle tree over the hashes of all records up to there.
    pub root: Hash,
    /// When, by the host's clock.
    pub at: Timestamp,
}

impl Statement {
    /// The bytes that are signed: the domain, then fields of fixed size.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = CHECKPOINT_DOMAIN.to_vec();
        bytes.extend_from_slice(&self.business.bytes());
        bytes.extend_from_slice(&self.head.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.head.hash.0);
        bytes.extend_from_slice(&self.root.0);
        bytes.extend_from_slice(&self.at.ms().to_le_bytes());
        bytes
    }
}

/// A signed statement. Its signature is genuine wherever there is one of these; whether its key is to be trusted is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireCheckpoint", into = "WireCheckpoint")]
pub struct Checkpoint {
    statement: Statement,
    key: PublicKey,
    signature: Signature,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCheckpoint {
    format: String,
    business: BusinessId,
    sequence: u64,
    #[serde(with = "hex")]
    hash: [u8; 32],
    #[serde(with = "hex")]
    root: [u8; 32],
    at_ms: i64,
    key: PublicKey,
    signature: Signature,
}

impl From<Checkpoint> for WireCheckpoint {
    fn from(checkpoint: Checkpoint) -> WireCheckpoint {
        let Checkpoint { statement: Statement { business, head, root, at }, key, signature } = checkpoint;
        let (sequence, hash, root, at_ms) = (head.sequence, head.hash.0, root.0, at.ms());
        WireCheckpoint { format: FORMAT.to_owned(), business, sequence, hash, root, at_ms, key, signature }
    }
}

impl TryFrom<WireCheckpoint> for Checkpoint {
    type Error = Error;

    fn try_from(wire: WireCheckpoint) -> Result<Checkpoint, Error> {
        if wire.format != FORMAT {
            return Err(Error::UnknownFormat { found: wire.format, known: FORMAT });
        }
        let head = Head { sequence: wire.sequence, hash: Hash(wire.hash) };
        let statement = Statement { business: wire.business, head, root: Hash(wire.root), at: Timestamp::from_ms(wire.at_ms) };
        Checkpoint::new(statement, wire.key, wire.signature)
    }
}

/// What is wrong with a checkpoint, or with a journal according to one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not what this build writes.
    #[error("{0}")]
    Unreadable(String),
    /// The format is unknown.
    #[error("its format is `{found}`, this build reads `{known}`")]
    UnknownFormat {
        /// As it says.
        found: String,
        /// As this build knows.
        known: &'static str,
    },
    /// The signature is not the key's over this content.
    #[error("the checkpoint of event {sequence} has a signature that is not its key's: it was altered or forged")]
    BadSignature {
        /// The checkpoint's event.
        sequence: u64,
    },
    /// A rotation was not signed by the key before it and by the key that it brings.
    #[error("rotation {number} in the list of keys is not signed by both of its keys: it was altered or forged")]
    BadRotation {
        /// Counted from 1.
        number: usize,
    },
    /// The list of keys names one twice, or has too many.
    #[error("the list of keys {0}")]
    BadKeys(String),
    /// It is about another business.
    #[error("the checkpoint of event {sequence} is of {found}, not of {expected}")]
    OtherBusiness {
        /// The checkpoint's event.
        sequence: u64,
        /// Whose journal is checked.
        expected: BusinessId,
        /// Whose it is.
        found: BusinessId,
    },
    /// A key that the list does not have.
    #[error("the checkpoint of event {sequence} is signed by {key}, which is not in the list of keys")]
    UnknownKey {
        /// The checkpoint's event.
        sequence: u64,
        /// Its key.
        key: PublicKey,
    },
    /// Two checkpoints that cannot follow each other.
    #[error("the checkpoint of event {second} cannot follow that of event {first}: {reason}")]
    OutOfOrder {
        /// The first one's event.
        first: u64,
        /// The second one's event.
        second: u64,
        /// Why not.
        reason: &'static str,
    },
    /// The journal ends too early.
    #[error(
        "the journal of {business} ends at event {end}, but a checkpoint of {at} says that event {sequence} was committed, with the hash {hash}: events are missing at its end"
    )]
    Truncated {
        /// Whose journal.
        business: BusinessId,
        /// Where it ends.
        end: u64,
        /// What the checkpoint says.
        sequence: u64,
        /// What the checkpoint says.
        hash: Hash,
        /// When the checkpoint was made.
        at: Timestamp,
    },
    /// The journal is another one.
    #[error(
        "event {sequence} of {business} has the hash {found}, but a checkpoint of {at} says {hash}: an event after {after} and up to {sequence} was altered"
    )]
    Disagrees {
        /// Whose journal.
        business: BusinessId,
        /// The last event that an earlier checkpoint vouches for, or 0.
        after: u64,
        /// The checkpoint's event.
        sequence: u64,
        /// The hash in the journal.
        found: Hash,
        /// What the checkpoint says.
        hash: Hash,
        /// When the checkpoint was made.
        at: Timestamp,
    },
    /// The records' hashes are right, and the tree over them is not.
    #[error("the checkpoint of event {sequence} has another tree root than the journal: {found} is right")]
    OtherRoot {
        /// The checkpoint's event.
        sequence: u64,
        /// The root over the journal's records.
        found: Hash,
    },
    /// No checkpoint at all.
    #[error("there is no checkpoint: nothing here is signed")]
    Unsigned,
    /// The trusted key does not vouch for what is newest.
    #[error("{key} does not vouch for this: {reason}")]
    Untrusted {
        /// The key that is trusted.
        key: PublicKey,
        /// Why not.
        reason: String,
    },
}

impl Checkpoint {
    /// A checkpoint with this signature.
    ///
    /// # Errors
    /// [`Error::BadSignature`] where the key did not sign this.
    pub fn new(statement: Statement, key: PublicKey, signature: Signature) -> Result<Checkpoint, Error> {
        match key.signed(&statement.bytes(), &signature) {
            true => Ok(Checkpoint { statement, key, signature }),
            false => Err(Error::BadSignature { sequence: statement.head.sequence }),
        }
    }

    /// Whose journal.
    pub fn business(&self) -> BusinessId {
        self.statement.business
    }

    /// Where it ended.
    pub fn head(&self) -> Head {
        self.statement.head
    }

    /// The root of the tree over its records.
    pub fn root(&self) -> Hash {
        self.statement.root
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.statement.at
    }

    /// By which key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The one line that it is written as, without its end.
    pub fn to_line(&self) -> String {
        // Cannot fail: numbers and texts in a flat object.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the line. Only the very text that [`Checkpoint::to_line`] writes is accepted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_line(text: &str) -> Result<Checkpoint, Error> {
        if text.len() > MAX_CHECKPOINT_BYTES {
            return Err(Error::Unreadable(format!("a checkpoint has at most {MAX_CHECKPOINT_BYTES} bytes")));
        }
        exact(text, "a checkpoint")
    }

    /// Checks the hash that a journal has for this checkpoint's event; none where it ends before it, at `end`. `after` is the last event known to be right.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Disagrees`].
    pub fn compare(&self, found: Option<Hash>, end: u64, after: u64) -> Result<(), Error> {
        let Statement { business, head: Head { sequence, hash }, at, .. } = self.statement;
        match found {
            None => Err(Error::Truncated { business, end, sequence, hash, at }),
            Some(found) if found != hash => Err(Error::Disagrees { business, after, sequence, found, hash, at }),
            Some(_) => Ok(()),
        }
    }
}

/// Reads JSON that is exactly as this build writes it: no other white space, order or spelling, so that one thing has one text.
pub(super) fn exact<T: for<'de> Deserialize<'de> + Serialize>(text: &str, what: &str) -> Result<T, Error> {
    let value: T = serde_json::from_str(text).map_err(|error| Error::Unreadable(format!("this is not {what}: {error}")))?;
    match serde_json::to_string(&value) {
        Ok(again) if again == text => Ok(value),
        _ => Err(Error::Unreadable(format!("this is not {what} as it was written: it was reformatted"))),
    }
}

/// Checkpoints and the keys that made them: what a data directory or an export has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The keys.
    pub keys: KeyList,
    /// The checkpoints, oldest first.
    pub checkpoints: Vec<Checkpoint>,
}

/// How far a journal is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Where the journal ends.
    pub end: Head,
    /// The newest checkpoint, and how many there are.
    pub newest: Option<(Checkpoint, usize)>,
}

impl Verdict {
    /// How many events at the end no checkpoint vouches for.
    pub fn unsigned(&self) -> u64 {
        self.end.sequence - self.newest.map_or(0, |(checkpoint, _)| checkpoint.head().sequence.min(self.end.sequence))
    }
}

/// Checks a journal, whose chain must have been verified, against its checkpoints, and against others that were kept elsewhere. Where a key is trusted, only
/// checkpoints by it or a later key count, and there must be one.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(
    business: BusinessId,
    records: &[Record],
    signed: Option<&Signed>,
    kept: &[Checkpoint],
    trusted: Option<&PublicKey>,
) -> Result<Verdict, Error> {
    let end = records.last().map_or(Head::EMPTY, |last| Head { sequence: last.sequence, hash: last.hash });
    let alone;
    let signed = match (signed, trusted.or(kept.first().map(Checkpoint::key))) {
        (Some(signed), _) => signed,
        // Without a list of keys, what was kept elsewhere can still be compared.
        (None, Some(key)) => {
            alone = Signed { keys: KeyList::new(*key), checkpoints: Vec::new() };
            &alone
        }
        (None, None) => return Ok(Verdict { end, newest: None }),
    };
    signed.keys.check_order(business, &signed.checkpoints)?;
    for checkpoint in kept {
        signed.keys.check_order(business, std::slice::from_ref(checkpoint))?;
    }
    let mut all: Vec<&Checkpoint> =
        signed.checkpoints.iter().chain(kept.iter().filter(|kept| !signed.checkpoints.contains(kept))).collect();
    // Stable: of the same event, those of the journal come first.
    all.sort_by_key(|checkpoint| checkpoint.head().sequence);
    let (mut tree, mut rest, mut after) = (Tree::default(), records.iter(), 0);
    for checkpoint in &all {
        let sequence = checkpoint.head().sequence;
        // Records are numbered from 1 without gaps: their chain was verified.
        let index = usize::try_from(sequence).ok().and_then(|sequence| sequence.checked_sub(1));
        let found = index.and_then(|index| records.get(index)).map(|record| record.hash);
        checkpoint.compare(found, end.sequence, after)?;
        while tree.count() < sequence
            && let Some(record) = rest.next()
        {
            tree.push(&record.hash);
        }
        if let Some(root) = tree.root().filter(|root| *root != checkpoint.root()) {
            return Err(Error::OtherRoot { sequence, found: root });
        }
        after = sequence;
    }
    let Some(trusted) = trusted else {
        return Ok(Verdict { end, newest: all.last().map(|newest| (**newest, all.len())) });
    };
    // What an older key signed must be true too, but does not count: whoever stole that key can sign what happened to be true, and more.
    let vouched = all.iter().rev().find(|checkpoint| signed.keys.vouches(trusted, checkpoint).is_ok());
    match (vouched, all.last()) {
        (Some(newest), _) => Ok(Verdict { end, newest: Some((**newest, all.len())) }),
        (None, Some(last)) => Err(signed.keys.vouches(trusted, last).err().unwrap_or(Error::Unsigned)),
        (None, None) => Err(Error::Unsigned),
    }
}
