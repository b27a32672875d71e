//! Signing in by others: OpenID Connect (authorization code with PKCE) and GitHub. What is here talks to providers and says who somebody is there; it knows neither the
//! accounts nor HTTP's server side.
//!
//! The measure is RFC 9700 (the best current practice of OAuth 2.0 security), with RFC 9207 against a mix-up of issuers and RFC 7636 for PKCE.

mod fetch;
mod github;
mod id_token;
mod oidc;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bbb_core::time::Timestamp;
use bbb_integrations::secret::Secret;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::config::{ProviderKind, SignInSection};
use crate::fault::Fault;
use crate::sign_in::fetch::Fetcher;

/// The most characters of what a provider calls somebody (OpenID Connect Core, section 2).
const MAX_SUBJECT_CHARS: usize = 255;

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The provider said no, or whoever sat there did: its word for it (RFC 6749, 4.1.2.1 and 5.2).
    Refused(String),
    /// It could not be asked.
    Unreachable(String),
    /// What it said must not be believed.
    Untrusted(String),
}

impl Failure {
    fn untrusted(text: impl Into<String>) -> Failure {
        Failure::Untrusted(text.into())
    }
}

/// Somebody, as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proven {
    /// Who says so.
    pub(crate) issuer: String,
    /// What they are called there: it is nobody else's, and stays.
    pub(crate) subject: String,
    /// Their address, where the provider says that it is theirs.
    pub(crate) address: Option<String>,
    /// Their name.
    pub(crate) name: Option<String>,
    /// When they last showed there who they are, where it says so.
    pub(crate) shown_at: Option<Timestamp>,
}

/// What ties an attempt to one browser: all derived from a secret that only that has.
#[derive(Clone)]
pub(crate) struct Ties {
    bits: [u8; 32],
}

impl Ties {
    pub(crate) fn new(bits: [u8; 32]) -> Ties {
        Ties { bits }
    }

    fn derive(&self, what: &str) -> String {
        URL_SAFE_NO_PAD.encode(blake3::derive_key(what, &self.bits))
    }

    /// What the provider must send back: against requests that another site forged.
    pub(crate) fn state(&self) -> String {
        self.derive("bbb 2026 sign-in state")
    }

    /// What must stand in the ID token: against an answer that was made for somebody else.
    pub(crate) fn nonce(&self) -> String {
        self.derive("bbb 2026 sign-in nonce")
    }

    /// What the code is only good with (RFC 7636): 256 bits.
    fn verifier(&self) -> String {
        self.derive("bbb 2026 sign-in code verifier")
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }
}

impl std::fmt::Debug for Ties {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ties(***)")
    }
}

/// A provider, with what it knows this daemon by.
pub(crate) struct Provider {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ProviderKind,
    issuer: String,
    api: String,
    client_id: String,
    client_secret: Secret,
    nonce: bool,
    known: oidc::Known,
}

/// All that are configured.
pub(crate) struct Providers {
    all: Vec<Provider>,
    fetcher: Fetcher,
}

impl Providers {
    /// Those of a configuration. Reads files, and asks nobody yet: a provider that is away keeps no daemon from starting.
    ///
    /// # Errors
    /// [`Fault`] names the one without a secret.
    pub(crate) fn of(sections: &[SignInSection]) -> Result<Providers, Fault> {
        let mut hosts = BTreeSet::new();
        let mut all = Vec::new();
        for section in sections {
            let (issuer, api) = section.places();
            hosts.extend([issuer, api].into_iter().filter_map(|text| Url::parse(text).ok()?.host_str().map(str::to_owned)));
            all.push(Provider {
                id: section.id.clone(),
                name: section.name.clone(),
                kind: section.kind,
                issuer: issuer.to_owned(),
                api: api.to_owned(),
                client_id: section.client_id.clone(),
                client_secret: section.client_secret()?,
                nonce: section.nonce,
                known: oidc::Known::default(),
            });
        }
        Ok(Providers { all, fetcher: Fetcher::new(hosts)? })
    }

    pub(crate) fn all(&self) -> &[Provider] {
        &self.all
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.id == id)
    }

    /// The issuers that sign anybody in now.
    pub(crate) fn issuers(&self) -> BTreeSet<String> {
        self.all.iter().map(Provider::issuer).collect()
    }

    /// Where a browser is to be sent, to come back to `redirect` with a code. With `again`, whoever sits there is to show once more who they are.
    pub(crate) async fn begin(&self, provider: &Provider, redirect: &str, ties: &Ties, again: bool) -> Result<Url, Failure> {
        match provider.kind {
            ProviderKind::Oidc => oidc::begin(&self.fetcher, provider, redirect, ties, again).await,
            ProviderKind::GitHub => github::begin(provider, redirect, ties),
        }
    }

    /// Who somebody is who came back with this code. `iss` is the issuer that the answer names, where it names one.
    pub(crate) async fn finish(
        &self,
        provider: &Provider,
        (code, iss): (&str, Option<&str>),
        redirect: &str,
        ties: &Ties,
        now: Timestamp,
    ) -> Result<Proven, Failure> {
        let proven = match provider.kind {
            ProviderKind::Oidc => oidc::finish(&self.fetcher, provider, (code, iss), redirect, ties, now).await?,
            ProviderKind::GitHub => github::finish(&self.fetcher, provider, (code, iss), redirect, ties).await?,
        };
        if proven.subject.is_empty() || proven.subject.chars().count() > MAX_SUBJECT_CHARS {
            return Err(Failure::untrusted(format!("it calls somebody by none or more than {MAX_SUBJECT_CHARS} characters")));
        }
        Ok(proven)
    }
}

impl Provider {
    /// What identities of it are kept under. GitHub is no issuer of OpenID Connect, and so shares its name with none.
    pub(crate) fn issuer(&self) -> String {
        match self.kind {
            ProviderKind::Oidc => self.issuer.clone(),
            ProviderKind::GitHub => format!("github+{}", self.issuer),
        }
    }

    /// Exchanges a code for what `endpoint` gives. What is said to be an error, with whatever status, is a refusal.
    async fn exchange(
        &self,
        fetcher: &Fetcher,
        endpoint: &Url,
        (code, redirect): (&str, &str),
        ties: &Ties,
        in_head: bool,
    ) -> Result<(u16, Value), Failure> {
        let form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", redirect.to_owned()),
            ("code_verifier", ties.verifier()),
        ];
        let (status, told) = fetcher.post(endpoint, form, (&self.client_id, &self.client_secret), in_head).await?;
        match told.get("error") {
            Some(error) => Err(Failure::Refused(word(error.as_str().unwrap_or_default()))),
            None => Ok((status, told)),
        }
    }
}

/// The word for an error in an answer of a token endpoint, where it is one: visible ASCII (RFC 6749, 5.2), and short.
pub(crate) fn word(text: &str) -> String {
    let is_word = !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { text.to_owned() } else { "an_error_without_a_proper_name".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ties_an_attempt_to_a_browser_gives_nothing_else_away() {
        let ties = Ties::new([7; 32]);
        let all = [ties.state(), ties.nonce(), ties.verifier(), ties.challenge()];
        let distinct: BTreeSet<&String> = all.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert!(all.iter().all(|text| text.len() == 43), "RFC 7636 wants 43 characters of a verifier at least");
        assert_ne!(Ties::new([8; 32]).state(), ties.state());
        assert_eq!(format!("{ties:?}"), "Ties(***)");
    }

    #[test]
    fn a_word_of_a_provider_is_shown_only_where_it_is_one() {
        assert_eq!(word("access_denied"), "access_denied");
        for text in ["", "<script>", "Access", &"a".repeat(65)] {
            assert_eq!(word(text), "an_error_without_a_proper_name");
        }
    }
}
