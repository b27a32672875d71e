//! Faults: how a request to the host fails, in the form that the exit code, the control socket and people see.
//!
//! Every error of the parts below is sorted into one of six kinds here, and nowhere else.

use std::fmt;
use std::io;

use bbb_agents::engine;
use bbb_agents::fork::NoFork;
use bbb_agents::handle::Refused;
use bbb_core::journal::{chain, export, store, writer};
use bbb_core::oversight::charter;
use bbb_core::seal;
use bbb_core::state::Misfit;
use serde::{Deserialize, Serialize};

use crate::keys;
use crate::leads;
use crate::service::unknown;
use crate::store::redb::OpenError;

/// What went wrong, roughly: what a script has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The machine, a disk or a defect.
    Failed,
    /// The input breaks a rule; nothing was changed.
    Usage,
    /// There is no such business, proposal or file.
    NotFound,
    /// It does not fit what is there: wrong status, already running.
    Refused,
    /// A journal, its store or its keys are missing, or not what was written.
    Corrupted,
    /// Nothing is wrong that can be seen, and nothing vouches for it either.
    Unproven,
}

impl Kind {
    /// The process's exit code for this kind.
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Refused => 4,
            Kind::Corrupted => 5,
            Kind::Unproven => 6,
        }
    }
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Of what kind.
    pub kind: Kind,
    /// What happened and what to do, for people.
    pub message: String,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Fault {
        Fault { kind, message: message.into() }
    }

    /// The machine, a disk or a defect.
    pub fn failed(message: impl Into<String>) -> Fault {
        Fault::new(Kind::Failed, message)
    }

    /// The input breaks a rule.
    pub fn usage(message: impl Into<String>) -> Fault {
        Fault::new(Kind::Usage, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Fault {
        Fault::new(Kind::NotFound, message)
    }

    /// It does not fit what is there.
    pub fn refused(message: impl Into<String>) -> Fault {
        Fault::new(Kind::Refused, message)
    }

    /// A file that cannot be read or written, by name.
    pub fn file(what: impl fmt::Display, error: &io::Error) -> Fault {
        let kind = if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Fault::new(kind, format!("{what}: {}", describe(error)))
    }
}

/// The system's words without its error number.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

fn of_store(error: &store::Error) -> Kind {
    match error {
        store::Error::Corrupted(_) => Kind::Corrupted,
        store::Error::Conflict { .. } | store::Error::LeaseLost { .. } | store::Error::DuplicateSignal(_) => Kind::Refused,
        _ => Kind::Failed,
    }
}

fn of_journal(error: &writer::Error) -> Kind {
    match error {
        writer::Error::Store(error) => of_store(error),
        writer::Error::Chain(_) => Kind::Corrupted,
        _ => Kind::Failed,
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Fault {
        Fault::new(of_store(&error), error.to_string())
    }
}

impl From<writer::Error> for Fault {
    fn from(error: writer::Error) -> Fault {
        Fault::new(of_journal(&error), error.to_string())
    }
}

impl From<chain::Error> for Fault {
    fn from(error: chain::Error) -> Fault {
        Fault::new(Kind::Corrupted, format!("the journal is corrupted: {error}"))
    }
}

impl From<Misfit> for Fault {
    fn from(error: Misfit) -> Fault {
        Fault::new(Kind::Corrupted, format!("the journal is corrupted: {error}"))
    }
}

impl From<export::Error> for Fault {
    fn from(error: export::Error) -> Fault {
        match error {
            export::Error::Io(error) => Fault::file("the export", &error),
            error => Fault::new(Kind::Corrupted, error.to_string()),
        }
    }
}

impl From<engine::Error> for Fault {
    fn from(error: engine::Error) -> Fault {
        let kind = match &error {
            engine::Error::Exists(_) | engine::Error::OtherVersion { .. } | engine::Error::OtherWorld { .. } => Kind::Refused,
            engine::Error::OtherPolicies(_) => Kind::Refused,
            engine::Error::Unknown(id) => return unknown(*id),
            engine::Error::BadSpec { .. } => Kind::Usage,
            engine::Error::Journal(error) => of_journal(error),
            engine::Error::Misfit(_) => Kind::Corrupted,
            engine::Error::Fork(NoFork::NotSimulated | NoFork::Over) => Kind::Refused,
            engine::Error::Fork(_) => Kind::Usage,
            engine::Error::Refused(refused) => return refused.clone().into(),
            _ => Kind::Failed,
        };
        Fault::new(kind, error.to_string())
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        let kind = match &refused {
            Refused::NotWaiting(_) | Refused::NotInDoubt(_) | Refused::NotDelegated { .. } | Refused::Status(_) => Kind::Refused,
            Refused::BadSignal(_) | Refused::BadSetting(_) => Kind::Usage,
            _ => Kind::Failed,
        };
        Fault::new(kind, refused.to_string())
    }
}

impl From<keys::Error> for Fault {
    fn from(error: keys::Error) -> Fault {
        use keys::Error;
        let kind = match &error {
            Error::NoKeys { .. } | Error::NoOwnerKey { .. } => Kind::Corrupted,
            Error::Damaged { .. } | Error::OtherOwner { .. } | Error::OtherBusiness { .. } => Kind::Corrupted,
            Error::Exposed { .. } | Error::InUse { .. } | Error::Full { .. } => Kind::Refused,
            Error::Io { .. } | Error::Unsure { .. } | Error::Random(_) => Kind::Failed,
        };
        Fault::new(kind, error.to_string())
    }
}

impl From<seal::Error> for Fault {
    fn from(error: seal::Error) -> Fault {
        let kind = match &error {
            seal::Error::Erased(_) => Kind::Refused,
            seal::Error::NoKey(_) | seal::Error::Altered(_) => Kind::Corrupted,
            seal::Error::TooLong { .. } => Kind::Usage,
            _ => Kind::Failed,
        };
        Fault::new(kind, error.to_string())
    }
}

impl From<leads::Error> for Fault {
    fn from(error: leads::Error) -> Fault {
        match &error {
            leads::Error::Io { path, source } => Fault::file(path.display(), source),
            leads::Error::TooLarge { .. } | leads::Error::Problems { .. } => Fault::usage(error.to_string()),
        }
    }
}

impl From<charter::Error> for Fault {
    fn from(error: charter::Error) -> Fault {
        Fault::usage(error.to_string())
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Fault {
        let kind = match &error {
            OpenError::AlreadyOpen { .. } | OpenError::UnknownFormat { .. } => Kind::Refused,
            OpenError::NotAStore { .. } | OpenError::Corrupted { .. } => Kind::Corrupted,
            OpenError::Io { .. } => Kind::Failed,
        };
        Fault::new(kind, error.to_string())
    }
}
