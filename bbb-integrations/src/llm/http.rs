//! The one HTTP exchange under the model client: sent once, its answer bounded, its failure sorted by whether the request may have been
//! worked on.
//!
//! The client's own service would try again by itself, beyond the budget's sight; it would read a body of any size, and log a body that it
//! cannot read, which is personal. So it gets this service instead.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use serde::Deserialize;
use serde_json::Value;

use super::openai::Completion;

/// The most bytes of a refusal that are read.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The request did not leave.
    #[error("{0}")]
    NotSent(String),
    /// The provider answered with an error.
    #[error("{status}")]
    Refused { status: u16, words: String },
    /// The request left, and what became of it is unknown.
    #[error("{0}")]
    Lost(String),
    /// The provider worked, and its answer cannot be used.
    #[error("{0}")]
    Unusable(String),
}

impl From<CallError> for OpenAIError {
    fn from(error: CallError) -> OpenAIError {
        OpenAIError::Boxed(Box::new(error))
    }
}

#[derive(Clone)]
pub(super) struct Exchange {
    client: reqwest::Client,
    max_response_bytes: usize,
}

impl Exchange {
    pub(super) fn new(client: reqwest::Client, max_response_bytes: usize) -> Exchange {
        Exchange { client, max_response_bytes }
    }

    async fn run(self, factory: HttpRequestFactory) -> Result<reqwest::Response, CallError> {
        let request = factory.build().await.map_err(|_| CallError::NotSent("the request cannot be built".to_owned()))?;
        let mut response = self.client.execute(request).await.map_err(|error| sort(&error))?;
        let status = response.status();
        if !status.is_success() {
            // The status says enough, should its explanation be too long or break off.
            let body = read(&mut response, MAX_REFUSAL_BYTES).await.ok().flatten().unwrap_or_default();
            return Err(CallError::Refused { status: status.as_u16(), words: explain(&body) });
        }
        let body = read(&mut response, self.max_response_bytes).await?;
        let body = body.ok_or_else(|| CallError::Unusable(format!("the answer is over {} bytes", self.max_response_bytes)))?;
        if serde_json::from_slice::<Completion>(&body).is_err() {
            return Err(CallError::Unusable("the answer is not a chat completion".to_owned()));
        }
        Ok(http::Response::new(reqwest::Body::from(body)).into())
    }
}

impl tower_service::Service<HttpRequestFactory> for Exchange {
    type Response = reqwest::Response;
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, CallError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        Box::pin(self.clone().run(factory))
    }
}

/// The whole body, or none if it is longer than `max_bytes`.
async fn read(response: &mut reqwest::Response, max_bytes: usize) -> Result<Option<Vec<u8>>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| sort(&error))? {
        if body.len() + chunk.len() > max_bytes {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// The kind of failure only: its text can carry the address of the provider and more.
fn sort(error: &reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::NotSent(if error.is_timeout() { "connecting timed out" } else { "no connection" }.to_owned())
    } else if error.is_builder() {
        CallError::NotSent("the request cannot be built".to_owned())
    } else if error.is_timeout() {
        CallError::Lost("no answer in time".to_owned())
    } else {
        CallError::Lost("the connection broke off".to_owned())
    }
}

/// What a refusal says about itself: type, code and message where it has the usual form, its text otherwise.
fn explain(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Wrapped {
        error: Value,
    }
    let Ok(Wrapped { error }) = serde_json::from_slice(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    let words = ["type", "code", "message"].iter().filter_map(|field| error.get(field)?.as_str());
    match &error {
        Value::String(text) => text.clone(),
        _ => words.collect::<Vec<_>>().join(": "),
    }
}
