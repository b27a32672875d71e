//! Requests to hosts that tenants name: a webhook's, for one.
//!
//! A tenant must not make this daemon ask what only it can reach. So there is https and nothing else, the name is resolved once, every address that it has must be everybody's
//! ([`ranges`]), and the connection goes to one of those: a name that resolves to something else a moment later gains nothing. Redirects are not followed, proxies of the environment not
//! used, and what is answered is not read beyond its status. Hosts that the operator lists (`outbound.allowed_hosts`) may be anywhere, and over http where they are on this machine.

pub mod ranges;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};

use crate::fault::Fault;

/// How long a request may take in all, and its connection of that.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an address.
pub const MAX_URL_BYTES: usize = 1_000;
/// The most bytes that are sent.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// The most addresses of a host that are looked at.
const MAX_ADDRESSES: usize = 32;

/// Why nothing is sent to where somebody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is no address of the web.
    #[error("is an https address of at most {MAX_URL_BYTES} bytes")]
    NoUrl,
    /// It is not encrypted.
    #[error("begins with https://; http is only for hosts on the daemon's machine that its operator allows")]
    Plain,
    /// There is a password in it.
    #[error("has no user name, password or fragment")]
    Credentials,
    /// Its host is not everybody's.
    #[error("leads to a host that is not on the public network; the daemon's operator can allow it (outbound.allowed_hosts)")]
    NotPublic,
}

/// Why nothing was answered, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It may not be sent there.
    #[error("the address {0}")]
    Refused(#[from] Refused),
    /// The name has no address.
    #[error("the host's name does not resolve")]
    Unresolved,
    /// No connection, or no answer. It may have been sent all the same.
    #[error("{0}")]
    Broken(&'static str),
}

/// A host that the operator allows, on one port or on all.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    host: String,
    port: Option<u16>,
}

/// Asks hosts that tenants name.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    allowed: Vec<Allowed>,
    root: Option<Certificate>,
}

/// An address of the web that may be asked, if it leads where it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: String,
    port: u16,
    is_allowed: bool,
}

impl Target {
    /// The address, as it was understood.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The beginning of the address, without its path: that may have a secret in it.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

fn allowed(text: &str) -> Option<Allowed> {
    let text = text.trim().to_ascii_lowercase();
    // Parsed as addresses of the web are, so that the two compare.
    let url = Url::parse(&format!("https://{text}/")).ok()?;
    let is_host =
        url.path() == "/" && url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let port = match text.rsplit_once(':') {
        // The colons of a bare IPv6 address do not parse.
        Some((_, digits)) if !digits.ends_with(']') => Some(digits.parse().ok()?),
        _ => None,
    };
    is_host.then(|| Some(Allowed { host: url.host_str()?.to_owned(), port })).flatten()
}

impl Outbound {
    /// With what the operator allows and trusts beside the public: hosts, each with a port or on all, and the root certificate of a private authority in PEM.
    ///
    /// # Errors
    /// [`Fault`] names what is no host, and a certificate that is none.
    pub fn new(hosts: &[String], root: Option<&str>) -> Result<Outbound, Fault> {
        let parsed = hosts.iter().map(|text| {
            allowed(text).ok_or_else(|| {
                Fault::usage(format!(
                    "outbound.allowed_hosts has {text}: they are names or addresses, such as hooks.example or 10.0.0.7:8080"
                ))
            })
        });
        let certificate = |pem: &str| {
            Certificate::from_pem(pem.as_bytes()).map_err(|_| Fault::usage("outbound.root_certificate_file is no certificate in PEM"))
        };
        Ok(Outbound { allowed: parsed.collect::<Result<_, _>>()?, root: root.map(certificate).transpose()? })
    }

    /// Whether an address may be kept as one to ask. What a name resolves to is looked at with every request.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn target(&self, text: &str) -> Result<Target, Refused> {
        if text.len() > MAX_URL_BYTES {
            return Err(Refused::NoUrl);
        }
        let url = Url::parse(text.trim()).map_err(|_| Refused::NoUrl)?;
        let (Some(host), Some(port)) = (url.host_str().map(str::to_owned), url.port_or_known_default()) else { return Err(Refused::NoUrl) };
        if !matches!(url.scheme(), "https" | "http") || url.as_str().len() > MAX_URL_BYTES {
            return Err(Refused::NoUrl);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Refused::Credentials);
        }
        // `host.` is another way to write `host`.
        let name = host.trim_end_matches('.');
        let is_allowed = self.allowed.iter().any(|one| one.host == name && one.port.is_none_or(|only| only == port));
        if url.scheme() == "http" && !is_allowed {
            return Err(Refused::Plain);
        }
        let target = Target { url, host, port, is_allowed };
        match target.literal() {
            Some(address) => target.check(address).map(|()| target),
            None => Ok(target),
        }
    }

    /// Sends JSON, and returns the status of the answer.
    ///
    /// # Errors
    /// [`Failure`]. What broke off may have arrived.
    pub async fn post(&self, target: &Target, headers: HeaderMap, body: String) -> Result<u16, Failure> {
        match tokio::time::timeout(TIMEOUT, self.send(target, headers, body)).await {
            Ok(answered) => answered,
            Err(_) => Err(Failure::Broken("there was no answer in time")),
        }
    }

    async fn send(&self, target: &Target, headers: HeaderMap, body: String) -> Result<u16, Failure> {
        if body.len() > MAX_BODY_BYTES {
            return Err(Failure::Broken("the message is too large"));
        }
        let addresses = target.resolve().await?;
        self.send_to(target, &addresses, headers, body).await
    }

    /// Sends it to one of these addresses, whatever the name resolves to now.
    async fn send_to(&self, target: &Target, addresses: &[SocketAddr], headers: HeaderMap, body: String) -> Result<u16, Failure> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(target.url.scheme() == "https")
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("bbb/", env!("CARGO_PKG_VERSION")))
            // Whatever it asks for, it gets these.
            .dns_resolver(Arc::new(Pinned(addresses.to_vec())));
        let client = match &self.root {
            Some(root) => client.tls_certs_merge([root.clone()]),
            None => client,
        };
        let client = client.build().map_err(|_| Failure::Broken("no connection can be made"))?;
        let sent = client.post(target.url.clone()).headers(headers).body(body).send().await;
        // The body of the answer is dropped with it, unread.
        sent.map(|answer| answer.status().as_u16()).map_err(|error| Failure::Broken(words(&error)))
    }
}

/// A resolver that knows these addresses and no other, whatever the name.
struct Pinned(Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// What went wrong, without the address, which the library's own words repeat.
fn words(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "there was no answer in time",
        error if error.is_connect() => "no connection, or its certificate is not trusted",
        _ => "the connection broke off",
    }
}

impl Target {
    /// The address, where the host is one and no name.
    fn literal(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    fn check(&self, address: IpAddr) -> Result<(), Refused> {
        match (self.is_allowed, self.url.scheme()) {
            (true, "http") if !address.to_canonical().is_loopback() => Err(Refused::Plain),
            (true, _) => Ok(()),
            (false, _) if ranges::is_public(address) => Ok(()),
            (false, _) => Err(Refused::NotPublic),
        }
    }

    /// The addresses of the host. One that is not everybody's refuses all: whoever mixes them means no good.
    async fn resolve(&self) -> Result<Vec<SocketAddr>, Failure> {
        let addresses: Vec<SocketAddr> = match self.literal() {
            Some(address) => vec![SocketAddr::new(address, self.port)],
            None => {
                let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
                found.map_err(|_| Failure::Unresolved)?.take(MAX_ADDRESSES).collect()
            }
        };
        if addresses.is_empty() {
            return Err(Failure::Unresolved);
        }
        for address in &addresses {
            self.check(address.ip())?;
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outbound(hosts: &[&str]) -> Outbound {
        Outbound::new(&hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>(), None).unwrap()
    }

    #[test]
    fn addresses_that_lead_elsewhere_are_refused_however_they_are_written() {
        let public = outbound(&[]);
        for good in ["https://hooks.example/x?y=1", "https://HOOKS.example:8443", "https://1.1.1.1/", "https://[2606:4700::1111]/"] {
            assert!(public.target(good).is_ok(), "{good}");
        }
        let refused = |text: &str| public.target(text).map(|target| target.url).expect_err(text);
        for inside in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.1",
            "https://[64:ff9b::a00:1]/",
            "https://[fd00:ec2::254]/",
            "https://①②⑦.0.0.1/",
            "https://127.0.0.1./",
        ] {
            assert_eq!(refused(inside), Refused::NotPublic, "{inside}");
        }
        for plain in ["http://hooks.example/", "http://1.1.1.1/"] {
            assert_eq!(refused(plain), Refused::Plain);
        }
        for none in [
            "",
            "hooks.example",
            "ftp://hooks.example/",
            "file:///etc/passwd",
            "https://",
            "javascript:alert(1)",
            &format!("https://a.example/{}", "x".repeat(MAX_URL_BYTES)),
        ] {
            assert_eq!(refused(none), Refused::NoUrl, "{none}");
        }
        for secret in ["https://ada:secret@hooks.example/", "https://ada@hooks.example/", "https://hooks.example/#x"] {
            assert_eq!(refused(secret), Refused::Credentials, "{secret}");
        }
    }

    #[test]
    fn what_the_operator_allows_may_be_inside_and_in_the_clear_on_this_machine_only() {
        let with = outbound(&["127.0.0.1:8080", "10.0.0.7", "[::1]:9", "Hooks.Internal"]);
        for good in [
            "http://127.0.0.1:8080/x",
            "https://127.0.0.1:8080/",
            "https://10.0.0.7/",
            "https://10.0.0.7:99/",
            "http://[::1]:9/",
            "https://hooks.internal/",
        ] {
            assert!(with.target(good).is_ok(), "{good}");
        }
        for bad in ["http://127.0.0.1:8081/", "http://10.0.0.7/", "https://10.0.0.8/", "http://[::1]:10/", "https://127.0.0.1/"] {
            assert!(with.target(bad).is_err(), "{bad}");
        }
        for wrong in ["", "a/b", "http://a", "a:b", "a@b", "::1"] {
            assert!(Outbound::new(&[wrong.to_owned()], None).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_is_refused_by_what_it_resolves_to() {
        let target = outbound(&[]).target("https://localhost:1/").unwrap();
        assert_eq!(target.resolve().await, Err(Failure::Refused(Refused::NotPublic)));
        let target = outbound(&["localhost"]).target("http://localhost:1/").unwrap();
        assert!(target.resolve().await.unwrap().iter().all(|address| address.ip().is_loopback()));
        assert!(matches!(outbound(&["localhost:1"]).post(&target, HeaderMap::new(), "{}".to_owned()).await, Err(Failure::Broken(_))));
    }

    #[tokio::test]
    async fn the_connection_goes_to_the_address_that_was_looked_at_and_redirects_are_not_followed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"{}") {
                tokio::io::AsyncReadExt::read_buf(&mut stream, &mut head).await.unwrap();
            }
            let answer = b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 9999999\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
            (String::from_utf8(head).unwrap(), stream)
        });
        // A name that nothing resolves.
        let outbound = outbound(&["hooks.invalid"]);
        let target = outbound.target(&format!("http://hooks.invalid:{}/a?b=c", address.port())).unwrap();
        let sent = outbound.send_to(&target, &[address], HeaderMap::new(), "{}".to_owned()).await;
        assert_eq!(sent, Ok(307), "the body of the answer is not waited for");
        let head = heard.await.unwrap().0;
        assert!(head.starts_with("POST /a?b=c HTTP/1.1\r\n") && head.to_lowercase().contains("host: hooks.invalid"), "{head}");
    }

    proptest! {
        #[test]
        fn no_text_leads_to_an_address_that_is_not_public(text in "https?://[0-9a-fx.:\\[\\]@/]{1,30}") {
            if let Ok(target) = outbound(&[]).target(&text) {
                prop_assert!(target.literal().is_none_or(ranges::is_public), "{:?}", target);
                prop_assert_eq!(target.url.scheme(), "https");
            }
        }

        #[test]
        fn every_private_address_is_refused_as_a_literal(address in any::<u32>()) {
            let address = std::net::Ipv4Addr::from(address);
            prop_assert_eq!(outbound(&[]).target(&format!("https://{address}/")).is_ok(), ranges::is_public(address.into()));
            prop_assert_eq!(outbound(&[]).target(&format!("https://{}/", u32::from(address))).is_ok(), ranges::is_public(address.into()));
        }
    }
}
