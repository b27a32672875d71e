//! OpenID Connect: discovery, the authorization request, and the code's exchange for an ID token.

use std::time::{Duration, Instant};

use bbb_core::time::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::sign_in::fetch::Fetcher;
use crate::sign_in::id_token::{self, Expected};
use crate::sign_in::{Failure, Proven, Provider, Ties};

/// How long what an issuer says of itself and its keys is believed, and how soon it may be asked again because a key is unknown.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How long an issuer that could not be asked is left alone: anybody can make us ask.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What an issuer says of itself (OpenID Connect Discovery 1.0, section 3; RFC 8414).
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The same, with its keys.
#[derive(Debug, Clone)]
struct Issuer {
    authorization: Url,
    token: Url,
    /// Where it says of somebody what the ID token does not.
    about: Option<Url>,
    /// Whether the secret goes into the head of a request, and not into its form.
    in_head: bool,
    says_who_it_is: bool,
    keys: JwkSet,
    asked_at: Instant,
}

/// What is known of an issuer. One asks at a time, and who waited hears what came of it.
#[derive(Default)]
pub(super) struct Known(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    issuer: Option<Issuer>,
    /// When it was asked in vain, and why.
    failure: Option<(Instant, Failure)>,
}

impl Known {
    async fn ask(fetcher: &Fetcher, provider: &Provider) -> Result<Issuer, Failure> {
        let base = provider.issuer.trim_end_matches('/');
        let url = fetcher.admit(&format!("{base}/.well-known/openid-configuration"))?;
        let told: Metadata = read(fetcher.get(&url, None).await?, "what it says of itself")?;
        // Or whoever answers here could speak for another issuer.
        if told.issuer != provider.issuer {
            return Err(Failure::untrusted("it says that it is another issuer than the one that is configured"));
        }
        let (authorization, token) = (fetcher.admit(&told.authorization_endpoint)?, fetcher.admit(&told.token_endpoint)?);
        let about = told.userinfo_endpoint.as_deref().map(|text| fetcher.admit(text)).transpose()?;
        let keys = keys_in(fetcher.get(&fetcher.admit(&told.jwks_uri)?, None).await?)?;
        let methods = told.token_endpoint_auth_methods_supported;
        let in_head = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let says_who_it_is = told.authorization_response_iss_parameter_supported;
        Ok(Issuer { authorization, token, about, in_head, says_who_it_is, keys, asked_at: Instant::now() })
    }

    /// What was asked less than so long ago, else what it says now.
    async fn get(&self, fetcher: &Fetcher, provider: &Provider, age: Duration) -> Result<Issuer, Failure> {
        let mut known = self.0.lock().await;
        if let Some(issuer) = known.issuer.as_ref().filter(|issuer| issuer.asked_at.elapsed() < age) {
            return Ok(issuer.clone());
        }
        if let Some((_, failure)) = known.failure.as_ref().filter(|(at, _)| at.elapsed() < REST_AFTER_FAILURE) {
            return Err(failure.clone());
        }
        match Known::ask(fetcher, provider).await {
            Ok(issuer) => {
                *known = Remembered { issuer: Some(issuer.clone()), failure: None };
                Ok(issuer)
            }
            Err(failure) => {
                known.failure = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(value: Value, what: &str) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| Failure::untrusted(format!("{what} cannot be read: {error}")))
}

/// The keys of a document. One that cannot be read is none, and takes no other with it.
fn keys_in(document: Value) -> Result<JwkSet, Failure> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    let Document { keys } = read(document, "the document of its keys")?;
    Ok(JwkSet { keys: keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()).collect() })
}

pub(super) async fn begin(fetcher: &Fetcher, provider: &Provider, redirect: &str, ties: &Ties, again: bool) -> Result<Url, Failure> {
    let issuer = provider.known.get(fetcher, provider, KNOWN_FOR).await?;
    let mut url = issuer.authorization;
    let mut query = url.query_pairs_mut();
    query.append_pair("response_type", "code").append_pair("client_id", &provider.client_id).append_pair("redirect_uri", redirect);
    query.append_pair("scope", "openid email profile").append_pair("state", &ties.state());
    query.append_pair("code_challenge", &ties.challenge()).append_pair("code_challenge_method", "S256");
    if provider.nonce {
        query.append_pair("nonce", &ties.nonce());
    }
    if again {
        query.append_pair("prompt", "login").append_pair("max_age", "0");
    }
    drop(query);
    Ok(url)
}

/// What is said of somebody (OpenID Connect Core, section 5.3).
#[derive(Deserialize)]
struct About {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default, deserialize_with = "id_token::truth")]
    email_verified: bool,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

pub(super) async fn finish(
    fetcher: &Fetcher,
    provider: &Provider,
    (code, iss): (&str, Option<&str>),
    redirect: &str,
    ties: &Ties,
    now: Timestamp,
) -> Result<Proven, Failure> {
    let mut issuer = provider.known.get(fetcher, provider, KNOWN_FOR).await?;
    // RFC 9207: an answer of another issuer must not make us send its code, or anybody's, here.
    match iss {
        Some(iss) if iss != provider.issuer => return Err(Failure::untrusted("the answer is another issuer's")),
        None if issuer.says_who_it_is => return Err(Failure::untrusted("the answer does not say whose it is, though this issuer does so")),
        _ => {}
    }
    let (status, told) = provider.exchange(fetcher, &issuer.token, (code, redirect), ties, issuer.in_head).await?;
    if status != 200 {
        return Err(Failure::untrusted(format!("it answers with status {status}")));
    }
    // Without what serde says: it may quote the answer.
    let tokens: Tokens = serde_json::from_value(told).map_err(|_| Failure::untrusted("its answer has no ID token"))?;
    if id_token::needs_other_keys(&tokens.id_token, &issuer.keys) {
        issuer = provider.known.get(fetcher, provider, ASK_AGAIN_AFTER).await?;
    }
    let nonce = provider.nonce.then(|| ties.nonce());
    let expected = Expected {
        issuer: &provider.issuer,
        client_id: &provider.client_id,
        nonce: nonce.as_deref(),
        access_token: tokens.access_token.as_deref(),
        now,
    };
    let mut proven = id_token::check(&tokens.id_token, &issuer.keys, &expected)?;
    if let (None, Some(about), Some(token)) = (&proven.address, &issuer.about, &tokens.access_token) {
        let told = serde_json::from_value::<About>(fetcher.get(about, Some(token)).await?);
        let told = told.map_err(|_| Failure::untrusted("what it says of somebody cannot be read"))?;
        // Or the access token could be somebody else's (section 5.3.2).
        if told.sub != proven.subject {
            return Err(Failure::untrusted("what it says of somebody is about somebody else"));
        }
        proven.address = told.email.filter(|_| told.email_verified);
        proven.name = proven.name.or(told.name);
    }
    Ok(proven)
}
