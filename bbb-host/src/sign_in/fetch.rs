//! Requests to providers: no redirects, so many seconds, so many bytes, JSON, and nothing in a private network but what the operator configured.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bbb_integrations::secret::Secret;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

use crate::config::is_protected;
use crate::fault::Fault;
use crate::outbound::ranges::is_public;
use crate::sign_in::Failure;

/// How long a connection may take, and a whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer: a document of keys has some thousand.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Resolves names; those that are not the operator's to public addresses only.
struct Resolver {
    configured: Arc<BTreeSet<String>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let configured = Arc::clone(&self.configured);
        Box::pin(async move {
            let is_configured = configured.contains(name.as_str());
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found.filter(|address| is_configured || is_public(address.ip())).collect();
            if fit.is_empty() {
                return Err(format!("{} has no address that is everybody's", name.as_str()).into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

/// Makes requests.
pub(super) struct Fetcher {
    client: Client,
    configured: Arc<BTreeSet<String>>,
}

impl Fetcher {
    /// For providers at these hosts, which are the operator's word.
    pub(super) fn new(configured: BTreeSet<String>) -> Result<Fetcher, Fault> {
        let configured = Arc::new(configured);
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .referer(false)
            // A proxy would resolve names itself.
            .no_proxy()
            .dns_resolver(Resolver { configured: Arc::clone(&configured) })
            .build()
            .map_err(|error| Fault::failed(format!("a client for providers of sign-ins cannot be made: {error}")))?;
        Ok(Fetcher { client, configured })
    }

    /// Refuses an address that an answer named, and nobody may be sent to.
    pub(super) fn admit(&self, text: &str) -> Result<Url, Failure> {
        let url = Url::parse(text).map_err(|_| Failure::untrusted("it names an address that is none"))?;
        let host = url.host_str().unwrap_or_default();
        if !is_protected(&url) {
            return Err(Failure::untrusted(format!("it names an address at {host} that is not https")));
        }
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if !self.configured.contains(host) && literal.is_ok_and(|address| !is_public(address)) {
            return Err(Failure::untrusted(format!("it names {host}, which is in a private network and not configured")));
        }
        Ok(url)
    }

    pub(super) async fn get(&self, url: &Url, bearer: Option<&str>) -> Result<Value, Failure> {
        let request = self.client.get(url.clone());
        self.ask(if let Some(token) = bearer { request.bearer_auth(token) } else { request }).await.and_then(success)
    }

    /// Sends a form; the secret in the head, where `in_head`, else in the form. Returns the status with the answer: what is refused is said in it.
    pub(super) async fn post(
        &self,
        url: &Url,
        mut form: Vec<(&'static str, String)>,
        (id, secret): (&str, &Secret),
        in_head: bool,
    ) -> Result<(u16, Value), Failure> {
        let mut request = self.client.post(url.clone());
        if in_head {
            request = request.basic_auth(encoded(id), Some(encoded(secret.reveal())));
        } else {
            form.extend([("client_id", id.to_owned()), ("client_secret", secret.reveal().to_owned())]);
        }
        self.ask(request.form(&form)).await
    }

    async fn ask(&self, request: RequestBuilder) -> Result<(u16, Value), Failure> {
        let request = request.header(ACCEPT, "application/json").header(USER_AGENT, "better-business-builder");
        // Without the address: a query may have what is nobody's business.
        let unreachable = |error: reqwest::Error| Failure::Unreachable(error_in_full(&error.without_url()));
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Failure::untrusted("it answers with a redirect, which is not followed"));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(Failure::untrusted(format!("its answer is over the limit of {MAX_ANSWER_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status.is_server_error() {
            return Err(Failure::Unreachable(format!("it answers with status {status}")));
        }
        let value = serde_json::from_slice(&bytes).map_err(|_| Failure::untrusted(format!("its answer, status {status}, is no JSON")))?;
        Ok((status.as_u16(), value))
    }
}

fn success((status, value): (u16, Value)) -> Result<Value, Failure> {
    if status == 200 { Ok(value) } else { Err(Failure::untrusted(format!("it answers with status {status}"))) }
}

/// As a form encodes it, which RFC 6749 (2.3.1) wants in the head too.
fn encoded(text: &str) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// An error with all its causes: the first says only that a request was not answered.
fn error_in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_sends_nobody_into_a_private_network_that_the_operator_did_not_name() {
        let fetcher = Fetcher::new(BTreeSet::from(["10.0.0.1".to_owned(), "127.0.0.1".to_owned()])).unwrap();
        let admitted = |text: &str| fetcher.admit(text).is_ok();
        assert!(admitted("https://sso.example/token") && admitted("https://10.0.0.1/token") && admitted("http://127.0.0.1:3000/token"));
        assert!(admitted("https://[2606:50c0:8000::153]/"));
        for wrong in [
            "https://10.0.0.2/token",
            "https://127.0.0.2/",
            "https://2130706434/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.2]/",
            "https://169.254.169.254/latest",
            "http://sso.example/token",
            "ftp://sso.example/",
            "token",
            "",
        ] {
            assert!(!admitted(wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_to_what_is_this_machines_only_where_it_was_configured() {
        let resolve = |configured: &[&str]| {
            let configured = Arc::new(configured.iter().map(|name| (*name).to_owned()).collect());
            Resolver { configured }.resolve("localhost".parse().unwrap())
        };
        assert!(resolve(&["localhost"]).await.is_ok());
        assert!(resolve(&["elsewhere"]).await.is_err());
    }

    #[test]
    fn secrets_are_encoded_as_forms_are() {
        assert_eq!(encoded("a-b_c.~9"), "a-b_c.~9");
        assert_eq!(encoded("a:b%/ä"), "a%3Ab%25%2F%C3%A4");
    }
}
