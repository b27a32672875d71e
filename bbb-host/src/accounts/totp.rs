//! The second factor: codes of an app, which change every 30 seconds (RFC 6238), and recovery codes for who has lost it. Each is good once.
//!
//! A wrong one counts as a wrong password does. They are checked one at a time, so that none slips in between another one and its being counted.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bbb_core::time::Timestamp;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::accounts::db::{Read, Table, Writing};
use crate::accounts::id::{SessionId, UserId, random};
use crate::accounts::letters::Security;
use crate::accounts::master_key::MasterKey;
use crate::accounts::{Accounts, Error, User, secrets, sessions};

/// Whose app has which secret, encrypted.
const SECRETS: Table = TableDefinition::new("totp");
/// The recovery codes that are good, by user and hash.
const RECOVERY: Table = TableDefinition::new("recovery_codes");
/// 160 bits, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_S: u64 = 30;
/// How many steps a clock may be wrong, either way.
const DRIFT_STEPS: u16 = 1;
const ISSUER: &str = "Better Business Builder";
/// How long it may take from a secret to the first code of it.
const PENDING_MS: i64 = 15 * 60_000;
const RECOVERY_CODES: usize = 10;
/// 120 bits: nobody guesses them, also not with the database before them, so that a quick hash without a secret is enough.
const RECOVERY_BYTES: usize = 15;

/// What is kept of an app.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    sealed: Vec<u8>,
    begun_at: Timestamp,
    /// False until the first code.
    on: bool,
    /// The last step of which a code was used: those up to it are good no more.
    last_step: u64,
}

/// What somebody shows beside their password.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// The code that their app shows.
    Code(String),
    /// One of their recovery codes.
    Recovery(String),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Proof::Code(_)) { "Code(***)" } else { "Recovery(***)" })
    }
}

/// What an app needs. It is shown once.
#[derive(Clone)]
pub struct Enrolment {
    /// The secret, in base32.
    pub secret: String,
    /// The same with all else, as apps read it from a picture.
    pub uri: String,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrolment(***)")
    }
}

/// The second factor of somebody, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is asked for.
    pub on: bool,
    /// Recovery codes that are good.
    pub recovery_codes: usize,
}

/// What checking codes takes.
pub(super) struct SecondFactor {
    pub(super) key: Arc<MasterKey>,
    turn: tokio::sync::Mutex<()>,
}

impl SecondFactor {
    pub(super) fn new(key: Arc<MasterKey>) -> SecondFactor {
        SecondFactor { key, turn: tokio::sync::Mutex::default() }
    }
}

/// Whether any second factor is kept.
pub(super) fn has_secrets(tables: &impl Read) -> Result<bool, Error> {
    Ok(!tables.page::<Row>(SECRETS, &[], None, false, 1)?.is_empty())
}

fn about(user: UserId) -> Vec<u8> {
    [b"bbb totp v1".as_slice(), &user.bytes()].concat()
}

fn app(secret: &[u8], address: &str) -> Result<Totp, Error> {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(DRIFT_STEPS).with_step_duration(STEP_S);
    let builder = builder.with_secret(secret.to_vec()).with_account_name(address).with_issuer(Some(ISSUER));
    builder.build().map_err(|error| Error::Database(format!("a second factor cannot be used: {error}")))
}

/// The step of a code that is good now and was not used, if it is one.
fn step_of(app: &Totp, code: &str, now: Timestamp, last_step: u64) -> Option<u64> {
    let code: String = code.chars().filter(|char| !char.is_whitespace()).collect();
    if code.len() != usize::from(DIGITS) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    app.check(&code, now.ms().max(0).unsigned_abs() / 1000).filter(|step| *step > last_step)
}

fn recovery_hash(user: UserId, bits: &[u8]) -> [u8; 32] {
    blake3::Hasher::new_derive_key("bbb 2026 recovery code").update(&user.bytes()).update(bits).finalize().into()
}

/// The bits of a recovery code, however it is written.
fn bits_of(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|char| *char != '-' && !char.is_whitespace()).take(RECOVERY_BYTES * 2).collect();
    let secret = Secret::try_from_base32(text.to_ascii_uppercase()).ok()?;
    Some(secret.as_ref().to_vec()).filter(|bits| bits.len() == RECOVERY_BYTES)
}

/// Uses a proof; false where it is none. Then nothing is changed.
fn spend(tables: &Writing, key: &MasterKey, user: &User, proof: &Proof, now: Timestamp) -> Result<bool, Error> {
    let Some(row) = tables.get::<Row>(SECRETS, &user.id.bytes())?.filter(|row| row.on) else { return Ok(false) };
    match proof {
        Proof::Code(code) => {
            let secret = secrets::known(tables, key)?.open(&row.sealed, &about(user.id))?;
            let Some(step) = step_of(&app(&secret, &user.address)?, code, now, row.last_step) else { return Ok(false) };
            tables.put(SECRETS, &user.id.bytes(), &Row { last_step: step, ..row }).map(|()| true)
        }
        Proof::Recovery(text) => match bits_of(text) {
            Some(bits) => tables.remove(RECOVERY, &[&user.id.bytes()[..], &recovery_hash(user.id, &bits)].concat()),
            None => Ok(false),
        },
    }
}

fn forget_recovery(tables: &Writing, user: UserId) -> Result<(), Error> {
    for (key, ()) in tables.all::<()>(RECOVERY, &user.bytes())? {
        tables.remove(RECOVERY, &key)?;
    }
    Ok(())
}

/// Takes a second factor away; says whether there was one that was asked for.
pub(super) fn forget(tables: &Writing, user: UserId) -> Result<bool, Error> {
    let was_on = tables.get::<Row>(SECRETS, &user.bytes())?.is_some_and(|row| row.on);
    tables.remove(SECRETS, &user.bytes())?;
    forget_recovery(tables, user)?;
    Ok(was_on)
}

/// New recovery codes in the place of all others.
fn draw_recovery(tables: &Writing, user: UserId) -> Result<Vec<String>, Error> {
    forget_recovery(tables, user)?;
    let mut codes = Vec::new();
    for _ in 0..RECOVERY_CODES {
        let bits: [u8; RECOVERY_BYTES] = random()?;
        tables.put(RECOVERY, &[&user.bytes()[..], &recovery_hash(user, &bits)].concat(), &())?;
        let text = Secret::from(bits.to_vec()).to_base32().to_ascii_lowercase();
        let groups: Vec<&str> = text.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        codes.push(groups.join("-"));
    }
    Ok(codes)
}

/// Takes away secrets of which no code ever came.
pub(super) fn sweep(tables: &Writing, now: Timestamp) -> Result<(), Error> {
    for (key, row) in tables.all::<Row>(SECRETS, &[])? {
        if !row.on && now.since(row.begun_at) >= PENDING_MS {
            tables.remove(SECRETS, &key)?;
        }
    }
    Ok(())
}

impl Accounts {
    /// The second factor of somebody.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn second_factor(&self, user: UserId) -> Result<Standing, Error> {
        self.db.read(|tables| {
            let on = tables.get::<Row>(SECRETS, &user.bytes())?.is_some_and(|row| row.on);
            Ok(Standing { on, recovery_codes: tables.all::<()>(RECOVERY, &user.bytes())?.len() })
        })
    }

    /// Asks for the second factor of somebody who has one, and uses it.
    ///
    /// # Errors
    /// [`Error::SecondFactor`] where none is given, [`Error::Wrong`] for a wrong one, [`Error::Locked`] after too many of them.
    pub(super) async fn prove_second(&self, user: &User, proof: Option<Proof>, from: IpAddr) -> Result<(), Error> {
        if !self.second_factor(user.id)?.on {
            return Ok(());
        }
        let proof = proof.ok_or(Error::SecondFactor)?;
        let (key, now, whose) = (Arc::clone(&self.second.key), self.now(), user.clone());
        self.in_turn(user, from, self.db.write(move |tables| Ok(spend(tables, &key, &whose, &proof, now)?.then_some(())))).await
    }

    /// Checks something in its turn, and counts it where it is wrong.
    async fn in_turn<T>(&self, user: &User, from: IpAddr, check: impl Future<Output = Result<Option<T>, Error>>) -> Result<T, Error> {
        let _turn = self.second.turn.lock().await;
        self.counted(&user.address, from, check).await
    }

    /// Draws a secret for the app of somebody who gives their password again, where they have one. It is asked for from the first code on.
    ///
    /// # Errors
    /// As [`Accounts::sign_in`]; [`Error::Conflict`] where there is a second factor already, [`Error::Key`].
    pub async fn begin_second_factor(&self, user: &User, password: Option<String>, from: IpAddr) -> Result<Enrolment, Error> {
        self.prove_again(user, password, from).await?;
        let (key, now, id) = (Arc::clone(&self.second.key), self.now(), user.id);
        let secret: [u8; SECRET_BYTES] = random()?;
        let uri = app(&secret, &user.address)?.to_url().map_err(|error| Error::Database(error.to_string()))?;
        self.db
            .write(move |tables| {
                if tables.get::<Row>(SECRETS, &id.bytes())?.is_some_and(|row| row.on) {
                    return Err(Error::Conflict("there is a second factor: turn it off before another one is set up"));
                }
                let sealed = secrets::key_for_more(tables, &key)?.seal(&secret, &about(id))?;
                tables.put(SECRETS, &id.bytes(), &Row { sealed, begun_at: now, on: false, last_step: 0 })
            })
            .await?;
        Ok(Enrolment { secret: Secret::from(secret.to_vec()).to_base32(), uri })
    }

    /// Turns the second factor on by the first code of it, and gives recovery codes. All sessions end but this one: they began without it.
    ///
    /// # Errors
    /// [`Error::Conflict`] where nothing was begun within 15 minutes, [`Error::Wrong`], [`Error::Locked`], [`Error::Key`].
    pub async fn confirm_second_factor(
        &self,
        user: &User,
        session: Option<SessionId>,
        code: String,
        from: IpAddr,
    ) -> Result<Vec<String>, Error> {
        let (key, now, whose) = (Arc::clone(&self.second.key), self.now(), user.clone());
        let outbox = Arc::clone(&self.outbox);
        let confirm = self.db.write(move |tables| {
            let id = whose.id;
            let row: Option<Row> = tables.get(SECRETS, &id.bytes())?;
            let row = row.filter(|row| !row.on && now.since(row.begun_at) < PENDING_MS);
            let row = row.ok_or(Error::Conflict("no second factor waits for its first code: begin again"))?;
            let secret = secrets::known(tables, &key)?.open(&row.sealed, &about(id))?;
            let Some(step) = step_of(&app(&secret, &whose.address)?, &code, now, row.last_step) else { return Ok(None) };
            tables.put(SECRETS, &id.bytes(), &Row { on: true, last_step: step, ..row })?;
            sessions::end_others(tables, id, session)?;
            if let Some(session) = session {
                sessions::note_shown(tables, session, now)?;
            }
            outbox.tell(tables, now, id, &Security::SecondFactorOn)?;
            draw_recovery(tables, id).map(Some)
        });
        self.in_turn(user, from, confirm).await
    }

    /// Turns the second factor off, for who shows both once more.
    ///
    /// # Errors
    /// As [`Accounts::sign_in`]; [`Error::Conflict`] where there is none.
    pub async fn end_second_factor(&self, user: &User, password: Option<String>, proof: Proof, from: IpAddr) -> Result<(), Error> {
        self.prove_both(user, password, proof, from).await?;
        let (id, now, outbox) = (user.id, self.now(), Arc::clone(&self.outbox));
        self.db
            .write(move |tables| {
                forget(tables, id)?;
                outbox.tell(tables, now, id, &Security::SecondFactorOff)
            })
            .await
    }

    /// New recovery codes in the place of all others, for who shows both once more.
    ///
    /// # Errors
    /// As [`Accounts::sign_in`]; [`Error::Conflict`] where there is no second factor.
    pub async fn new_recovery_codes(
        &self,
        user: &User,
        password: Option<String>,
        proof: Proof,
        from: IpAddr,
    ) -> Result<Vec<String>, Error> {
        self.prove_both(user, password, proof, from).await?;
        let id = user.id;
        self.db.write(move |tables| draw_recovery(tables, id)).await
    }

    /// Asks for the password, of those who have one, and the second factor.
    async fn prove_both(&self, user: &User, password: Option<String>, proof: Proof, from: IpAddr) -> Result<(), Error> {
        if !self.second_factor(user.id)?.on {
            return Err(Error::Conflict("there is no second factor"));
        }
        self.prove_again(user, password, from).await?;
        self.prove_second(user, Some(proof), from).await?;
        self.lockout.succeeded(&user.address, from);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_and_good_for_a_step_before_and_after_and_once() {
        let app = app(b"12345678901234567890", "ada@example.org").unwrap();
        // Appendix B, the last six digits.
        for (time_s, code) in [
            (59_i64, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |s: i64| Timestamp::from_ms(s * 1000);
            let step = time_s.unsigned_abs() / STEP_S;
            assert_eq!(step_of(&app, code, at(time_s), 0), Some(step), "{time_s}");
            assert_eq!(step_of(&app, code, at(time_s + 30), 0), Some(step), "a step late");
            assert_eq!(step_of(&app, code, at(time_s - 30), 0), Some(step), "a step early");
            assert_eq!(step_of(&app, code, at(time_s + 60), 0), None, "two steps late");
            assert_eq!(step_of(&app, code, at(time_s), step), None, "used");
            assert_eq!(step_of(&app, &format!(" {} {} ", &code[..3], &code[3..]), at(time_s), step - 1), Some(step), "as apps show it");
        }
        for wrong in ["", "28708", "2870820", "28708x", "+87082"] {
            assert_eq!(step_of(&app, wrong, Timestamp::from_ms(59_000), 0), None, "{wrong:?}");
        }
        let uri = app.to_url().unwrap();
        assert!(
            uri.starts_with("otpauth://totp/Better%20Business%20Builder:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{uri}"
        );
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_written() {
        let bits = bits_of("aaaq-eaye-auda-ocaj-bifq-ydio").unwrap();
        assert_eq!(bits, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
        assert_eq!(bits_of(" AAAQEAYEAUDA ocajbifqydio "), Some(bits));
        for wrong in [
            "",
            "aaaq-eaye-auda-ocaj-bifq-ydi",
            "aaaq-eaye-auda-ocaj",
            "aaaq-eaye-auda-ocaj-bifq-ydio-aaaa",
            "0aaq-eaye-auda-ocaj-bifq-ydio",
        ] {
            assert_eq!(bits_of(wrong), None, "{wrong:?}");
        }
    }
}
