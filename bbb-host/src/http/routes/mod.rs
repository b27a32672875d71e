//! The paths of the API: a file per subject.

pub(crate) mod advice;
pub(crate) mod blueprints;
pub(crate) mod businesses;
pub(crate) mod charter;
pub(crate) mod commands;
pub(crate) mod contacts;
pub(crate) mod evidence;
pub(crate) mod fork;
pub(crate) mod health;
pub(crate) mod heard;
pub(crate) mod identities;
pub(crate) mod inbox;
pub(crate) mod keys;
pub(crate) mod launch;
pub(crate) mod mail;
pub(crate) mod metrics;
pub(crate) mod notifications;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod providers;
pub(crate) mod records;
pub(crate) mod removal;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod terms;

use crate::accounts::Error;
use crate::fault::Fault;
use crate::http::problem::{Problem, What};
use crate::serve::fleet::launch::LaunchError;

/// The most entries of a page, and how many there are where a request does not say.
pub(crate) const MAX_PAGE: usize = 200;
pub(crate) const DEFAULT_PAGE: usize = 50;

/// When a launch may be tried again that a full daemon refused, in seconds.
const FULL_S: u64 = 30;

/// The length of a page that was asked for.
pub(crate) fn page_length(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(DEFAULT_PAGE),
        Some(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::field("limit", format!("is 1 to {MAX_PAGE}"))),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let text = error.to_string();
        match error {
            Error::Wrong => Problem::new(What::WrongCredentials, text),
            Error::SecondFactor => Problem::new(What::SecondFactor, text),
            Error::Locked { seconds } => Problem::new(What::TooMany, text).after(seconds),
            Error::NoMail => Problem::new(What::NoMail, text),
            Error::Busy => Problem::new(What::Busy, text).after(1),
            Error::NotInvited | Error::BadGrant | Error::Barred => Problem::new(What::Forbidden, text),
            Error::Bad { field, rule } => Problem::field(field, rule),
            Error::Weak(hint) => Problem::new(What::WeakPassword, hint),
            Error::NotFound => Problem::not_found(),
            Error::Full(text) => Problem::new(What::Quota, text),
            Error::Conflict(text) => Problem::new(What::Conflict, text),
            Error::Database(_) | Error::Key(_) => Problem::failed(text),
        }
    }
}

impl From<LaunchError> for Problem {
    fn from(error: LaunchError) -> Problem {
        match error {
            LaunchError::Account(error) => error.into(),
            LaunchError::Fault(fault) => fault.into(),
            LaunchError::NotSetUp(fault) => launch::not_set_up(fault),
            LaunchError::Full => {
                Problem::new(What::Busy, "as many businesses are busy as the daemon runs at a time; come again").after(FULL_S)
            }
            LaunchError::Spent { seconds } => {
                let text = "the tenant's businesses at the pace fast have made as many events as an hour allows; they go on as more are allowed, and launches and forks at \
                            this pace come after them";
                Problem::new(What::TooMany, text).after(seconds)
            }
        }
    }
}

/// A refused command in words that fit a browser: those of the command line name its commands.
pub(crate) fn refused(fault: Fault) -> Problem {
    Problem::from(Fault { message: plain(&fault.message), ..fault })
}

/// Words that fit a browser.
pub(crate) fn plain(message: &str) -> String {
    message.split("; see: bbb").next().unwrap_or_default().to_owned()
}
