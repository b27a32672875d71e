//! Passwords: argon2id on threads of their own, a few at a time, since each takes 19 MiB and tens of milliseconds.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use zxcvbn::Score;

use crate::accounts::Error;
use crate::accounts::id::random;
use crate::fault::Fault;

/// The memory of one hash, in KiB, and its passes and lanes: what OWASP asks for at least.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many are computed at a time.
const AT_A_TIME: usize = 4;
/// How long one may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// The characters of a password.
pub(super) const MIN_CHARS: usize = 10;
const MAX_CHARS: usize = 128;

/// Makes and checks hashes.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// The hash of a password that nobody has: checked where there is no account, so that this takes as long.
    nobodys: String,
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Error::Database(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, Error> {
    let salt: [u8; 16] = random()?;
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::Database(format!("a password could not be hashed: {error}")))
}

fn fits(password: &str, hash: &str) -> Result<bool, Error> {
    let hash = PasswordHash::new(hash).map_err(|_| Error::Database("a password's hash cannot be read".to_owned()))?;
    // The parameters are those of the hash: earlier ones go on to work.
    Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
}

impl Passwords {
    pub(super) fn new() -> Result<Passwords, Fault> {
        let nobodys = hash(&format!("{:?}", random::<16>()?))?;
        Ok(Passwords { turns: Arc::new(Semaphore::new(AT_A_TIME)), nobodys })
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        // The semaphore is never closed.
        let Ok(Ok(turn)) = turn else { return Err(Error::Busy) };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|error| Error::Database(error.to_string()))?
    }

    /// Refuses a password that is easy to guess, before anything is done for it.
    pub(super) async fn check(&self, password: String, about: [String; 2]) -> Result<(), Error> {
        self.in_turn(move || check(&password, &about)).await
    }

    /// The hash of a password that is hard to guess, also for who knows this about its owner. Guessing takes long for some passwords, and so has its turn too.
    pub(super) async fn hash(&self, password: String, about: [String; 2]) -> Result<String, Error> {
        self.in_turn(move || {
            check(&password, &about)?;
            hash(&password)
        })
        .await
    }

    /// Whether a password fits a hash. Where there is none, it takes as long and does not.
    pub(super) async fn fits(&self, password: String, known: Option<String>) -> Result<bool, Error> {
        let nobodys = self.nobodys.clone();
        self.in_turn(move || {
            let fits = fits(&password, known.as_deref().unwrap_or(&nobodys))?;
            Ok(fits && known.is_some())
        })
        .await
    }
}

/// Refuses a password that is easy to guess; what is known of its owner is guessed first.
fn check(password: &str, about: &[String]) -> Result<(), Error> {
    let chars = password.chars().count();
    if !(MIN_CHARS..=MAX_CHARS).contains(&chars) {
        return Err(Error::Bad { field: "password", rule: format!("has {MIN_CHARS} to {MAX_CHARS} characters") });
    }
    let about: Vec<&str> = about.iter().flat_map(|text| text.split(['@', '.', ' '])).chain(["better business builder"]).collect();
    let estimate = zxcvbn::zxcvbn(password, &about);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(zxcvbn::feedback::Feedback::warning).map(|warning| warning.to_string());
    let hints = feedback.into_iter().flat_map(zxcvbn::feedback::Feedback::suggestions).map(ToString::to_string);
    let words: Vec<String> = warning.into_iter().chain(hints).collect();
    Err(Error::Weak(if words.is_empty() { "use more words, and rarer ones".to_owned() } else { words.join(" ") }))
}

/// Whether a text could be a password at all: longer ones are not hashed.
pub(super) fn is_plausible(password: &str) -> bool {
    password.chars().count() <= MAX_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_easy_to_guess_are_refused_with_a_hint() {
        assert!(matches!(check("short", &[]), Err(Error::Bad { field: "password", .. })));
        assert!(matches!(check(&"x".repeat(129), &[]), Err(Error::Bad { .. })));
        let Err(Error::Weak(hint)) = check("password123", &[]) else { panic!("it is the second guess of everybody") };
        assert!(hint.len() > 10, "{hint}");
        assert!(matches!(check("lovelace1815", &["ada@lovelace.net".to_owned(), "Ada Lovelace 1815".to_owned()]), Err(Error::Weak(_))));
        assert_eq!(check("correct-horse-battery-8", &["ada@lovelace.net".to_owned()]), Ok(()));
    }

    #[tokio::test]
    async fn only_the_right_password_fits_and_nobodys_never_does() {
        let passwords = Passwords::new().unwrap();
        let nothing = || [String::new(), String::new()];
        let hash = passwords.hash("correct-horse-battery-8".to_owned(), nothing()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct-horse-battery-8".to_owned(), nothing()).await.unwrap(), "each has a salt of its own");
        assert_eq!(passwords.fits("correct-horse-battery-8".to_owned(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.fits("correct-horse-battery-9".to_owned(), Some(hash)).await, Ok(false));
        assert_eq!(passwords.fits("correct-horse-battery-8".to_owned(), None).await, Ok(false));
    }
}
