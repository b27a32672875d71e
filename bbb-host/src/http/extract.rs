//! What handlers take from requests, each with a problem where it does not fit: axum's own extractors answer in plain text.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::MAX_BODY_BYTES;
use crate::http::problem::{Problem, What};

/// A body of JSON.
#[derive(Debug, Clone)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(What::TooLarge, format!("a body has at most {MAX_BODY_BYTES} bytes")),
            _ => Problem::new(What::Malformed, "the body did not arrive whole"),
        })?;
        if !is_json {
            return Err(Problem::new(What::MediaType, "send `Content-Type: application/json`"));
        }
        parse(&bytes).map(Body)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads JSON; what does not fit is named by its path.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde takes a list for a struct, its fields in the order in which they happen to stand in the code.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first == b'[') {
        return Err(Problem::field("the body", "is a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.into_inner());
        match inner.classify() {
            // Serde says where; that is of use in a long body only, but harms nowhere.
            serde_json::error::Category::Data => {
                let rule = inner.to_string();
                Problem::field(if path == "." { "the body".to_owned() } else { path }, rule)
            }
            _ => Problem::new(What::Malformed, format!("the body is no JSON: {inner}")),
        }
    })?;
    reader.end().map_err(|error| Problem::new(What::Malformed, format!("the body is no JSON: {error}")))?;
    Ok(value)
}

/// Parameters after the question mark.
#[derive(Debug, Clone)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Asked(asked)).map_err(|rejection| Problem::field("the query", rejection.body_text()))
    }
}

/// Names in the path. One that is not of the right form names nothing.
#[derive(Debug, Clone)]
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<T>::from_request_parts(parts, state).await.map(|Path(named)| Named(named)).map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        days: u32,
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        let refused = |text: &str| format!("{:?}", parse::<Outer>(text.as_bytes()).map(|outer| outer.inner.days).expect_err(text));
        assert!(refused(r#"{"inner":{"days":"x"}}"#).contains(r#"field: "inner.days""#));
        assert!(refused(r#"{"inner":{"days":1,"hours":2}}"#).contains("unknown field `hours`"));
        assert!(refused("[]").contains("the body"));
        assert!(refused(r#"{"inner":{"days":1}} x"#).contains("Malformed"));
        assert!(refused("{").contains("Malformed"));
        assert!(refused("").contains("Malformed"));
        assert_eq!(parse::<Outer>(br#" {"inner":{"days":3}} "#).expect("fits").inner.days, 3);
    }
}
