//! `Idempotency-Key`: a request that makes something is answered once, however often it is sent.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::accounts::id::UserId;
use crate::accounts::{Begun, Kept};
use crate::http::App;
use crate::http::problem::{Problem, What};

/// The field.
pub(crate) const FIELD: &str = "idempotency-key";
/// The most characters of a key.
const MAX_CHARS: usize = 128;

/// The keyed requests that are being carried out.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeSet<(UserId, String)>>);

/// One of them; dropped, it is none any more.
struct Turn<'a> {
    all: &'a UnderWay,
    mine: (UserId, String),
}

impl UnderWay {
    fn begin(&self, user: UserId, key: &str) -> Option<Turn<'_>> {
        let mine = (user, key.to_owned());
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(mine.clone());
        new.then_some(Turn { all: self, mine })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.mine);
    }
}

/// The key of a request; none where it has none.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let wrong = || Problem::field("Idempotency-Key", format!("is one of 1 to {MAX_CHARS} visible ASCII characters"));
    let mut lines = headers.get_all(FIELD).iter();
    let (Some(line), more) = (lines.next(), lines.next()) else { return Ok(None) };
    let text = line.to_str().map_err(|_| wrong())?;
    let good = more.is_none() && (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(Some(text)) } else { Err(wrong()) }
}

/// Something that was made.
pub(crate) struct Made<T> {
    /// Where it is.
    pub(crate) location: String,
    /// What it is.
    pub(crate) body: T,
}

fn answer(kept: &Kept) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(kept.status).map_err(Problem::failed)?;
    let mut response = (status, Bytes::from(kept.body.clone().into_bytes())).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(location) = &kept.location {
        response.headers_mut().insert(LOCATION, HeaderValue::from_str(location).map_err(Problem::failed)?);
    }
    Ok(response)
}

/// Makes something, unless a request with the same key did before: then its answer is given again. What failed is not kept, and may be tried again. What was cut short,
/// by a crash or a timeout, is made again from the same random number, and so is the same thing.
pub(crate) async fn once<T: Serialize, F: Future<Output = Result<Made<T>, Problem>>>(
    app: &App,
    user: UserId,
    headers: &HeaderMap,
    request: &impl Serialize,
    make: impl FnOnce(u64) -> F,
) -> Result<Response, Problem> {
    let Some(key) = key(headers)? else { return answer(&kept(make(getrandom::u64().map_err(Problem::failed)?).await?)?) };
    let Some(_turn) = app.keyed.begin(user, key) else {
        return Err(Problem::new(What::Conflict, "a request with this `Idempotency-Key` is under way").after(1));
    };
    let digest = digest(key, &serde_json::to_vec(request).map_err(Problem::failed)?);
    let salt = match app.accounts.begin_keyed(user, key, digest).await? {
        Begun::Now(salt) => salt,
        Begun::Other => return Err(Problem::field("Idempotency-Key", "was used for another request: use a new one")),
        Begun::Before(kept) => {
            let mut response = answer(&kept)?;
            response.headers_mut().insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
            return Ok(response);
        }
    };
    let made = make(salt).await.and_then(kept);
    app.accounts.end_keyed(user, key, digest, made.as_ref().ok().cloned()).await?;
    answer(&made?)
}

/// What is kept of a request, to know it again. Requests have addresses of people in them, which a plain hash would let be guessed; of the key only a hash is kept, so
/// that whoever reads the database guesses nothing by this.
fn digest(key: &str, request: &[u8]) -> [u8; 32] {
    let secret = blake3::derive_key("bbb-host 2026-11-27 Idempotency-Key digest of a request", key.as_bytes());
    *blake3::keyed_hash(&secret, request).as_bytes()
}

fn kept<T: Serialize>(made: Made<T>) -> Result<Kept, Problem> {
    let body = serde_json::to_string(&made.body).map_err(Problem::failed)?;
    Ok(Kept { status: StatusCode::CREATED.as_u16(), location: Some(made.location), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_short_line_of_visible_characters() {
        let read = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FIELD, HeaderValue::from_static(line));
            }
            key(&headers).map(|key| key.map(str::to_owned)).map_err(|problem| problem.what())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["4fd7-a"]), Ok(Some("4fd7-a".to_owned())));
        for bad in [&[""][..], &["a b"], &["a", "a"]] {
            assert_eq!(read(bad), Err(What::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn a_key_has_one_turn_at_a_time() {
        let (all, user) = (UnderWay::default(), UserId::from_bytes([1; 8]));
        let turn = all.begin(user, "a");
        assert!(turn.is_some() && all.begin(user, "a").is_none() && all.begin(user, "b").is_some());
        assert!(all.begin(UserId::from_bytes([2; 8]), "a").is_some(), "another user's key is another key");
        drop(turn);
        assert!(all.begin(user, "a").is_some());
    }
}
