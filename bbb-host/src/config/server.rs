//! `[server]`: how the daemon listens, and what it allows.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bbb_integrations::mail::address;
use bbb_integrations::secret::Secret;
use serde::Deserialize;

use crate::config::sign_in::{self, SignInSection};
use crate::config::{MAX_TIMEOUT_S, names, secret};
use crate::fault::Fault;

/// The most connections that can be configured.
const MAX_CONNECTIONS: usize = 65_536;
/// The most businesses of one account, and in memory, that can be configured.
const MAX_BUSINESSES: usize = 100_000;
/// The most businesses that can be configured to be started at a time.
const MAX_STARTS: usize = 256;
/// The most businesses at full speed that can be configured to take turns at a time, and the most events of them in an hour.
const MAX_FAST: usize = 256;
const MAX_FAST_EVENTS: u64 = 1_000_000_000_000;
/// The longest that a business can be configured to be idle before it rests, in seconds: a day.
const MAX_REST_S: u64 = 24 * 60 * 60;

/// The longest that what somebody has shown can be configured to count: a day.
const MAX_STEP_UP_MINUTES: u32 = 24 * 60;

/// The most bytes of the beginning of links.
const MAX_URL_BYTES: usize = 200;

/// The fewest characters of a token for metrics.
const MIN_TOKEN_CHARS: usize = 16;

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct ServerSection {
    pub listen: String,
    pub registration: Registration,
    pub real_businesses: RealBusinesses,
    #[serde(deserialize_with = "names")]
    pub hosts: Vec<String>,
    pub tls_certificate_file: String,
    pub tls_key_file: String,
    #[serde(deserialize_with = "names")]
    pub trusted_proxies: Vec<String>,
    pub request_timeout_s: u64,
    pub connections: usize,
    pub requests_per_minute: u32,
    pub businesses_per_tenant: usize,
    pub starts_at_a_time: usize,
    pub live_businesses: usize,
    pub rest_after_s: u64,
    pub fast_at_a_time: usize,
    pub fast_events_per_hour: u64,
    pub master_key_file: String,
    pub step_up_minutes: u32,
    pub metrics_token_file: String,
    pub mail_from: String,
    pub public_url: String,
    pub sign_in: Vec<SignInSection>,
}

/// Who may register once there is an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum Registration {
    Invitation,
    Open,
}

/// Who may launch shadow and live businesses over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum RealBusinesses {
    Nobody,
    Administrators,
    Everybody,
}

impl RealBusinesses {
    /// Whether somebody may, whatever their role in a tenant allows.
    pub(crate) const fn admit(self, is_admin: bool) -> bool {
        match self {
            RealBusinesses::Nobody => false,
            RealBusinesses::Administrators => is_admin,
            RealBusinesses::Everybody => true,
        }
    }
}

impl Default for ServerSection {
    fn default() -> Self {
        ServerSection {
            listen: "127.0.0.1:7878".to_owned(),
            registration: Registration::Invitation,
            real_businesses: RealBusinesses::Administrators,
            hosts: Vec::new(),
            tls_certificate_file: String::new(),
            tls_key_file: String::new(),
            trusted_proxies: Vec::new(),
            request_timeout_s: 30,
            connections: 512,
            requests_per_minute: 600,
            businesses_per_tenant: 100,
            starts_at_a_time: 4,
            live_businesses: 10_000,
            rest_after_s: 60,
            fast_at_a_time: 8,
            fast_events_per_hour: 50_000_000,
            master_key_file: String::new(),
            step_up_minutes: 15,
            metrics_token_file: String::new(),
            mail_from: String::new(),
            public_url: String::new(),
            sign_in: Vec::new(),
        }
    }
}

impl ServerSection {
    /// Checks what its types do not.
    pub(super) fn check(&self) -> Result<(), Fault> {
        self.parse()?;
        self.proxies()?;
        self.mail_links()?;
        sign_in::check(&self.sign_in)?;
        if self.tls_certificate_file.is_empty() != self.tls_key_file.is_empty() {
            return Err(Fault::usage("server.tls_certificate_file and server.tls_key_file belong together: give both, or none"));
        }
        if !(1..=MAX_TIMEOUT_S).contains(&self.request_timeout_s) {
            return Err(Fault::usage(format!(
                "server.request_timeout_s is {}: it needs 1 to {MAX_TIMEOUT_S} seconds",
                self.request_timeout_s
            )));
        }
        let counts = [
            ("connections", self.connections, MAX_CONNECTIONS),
            ("businesses_per_tenant", self.businesses_per_tenant, MAX_BUSINESSES),
            ("live_businesses", self.live_businesses, MAX_BUSINESSES),
            ("starts_at_a_time", self.starts_at_a_time, MAX_STARTS),
            ("fast_at_a_time", self.fast_at_a_time, MAX_FAST),
        ];
        if let Some((name, count, most)) = counts.into_iter().find(|(_, count, most)| !(1..=*most).contains(count)) {
            return Err(Fault::usage(format!("server.{name} is {count}: it is 1 to {most}")));
        }
        if !(1..=MAX_FAST_EVENTS).contains(&self.fast_events_per_hour) {
            let events = self.fast_events_per_hour;
            return Err(Fault::usage(format!("server.fast_events_per_hour is {events}: it is 1 to {MAX_FAST_EVENTS}")));
        }
        if self.rest_after_s > MAX_REST_S {
            return Err(Fault::usage(format!("server.rest_after_s is {}: it is at most {MAX_REST_S}", self.rest_after_s)));
        }
        if !(1..=MAX_STEP_UP_MINUTES).contains(&self.step_up_minutes) {
            let most = MAX_STEP_UP_MINUTES;
            return Err(Fault::usage(format!("server.step_up_minutes is {}: it is 1 to {most}", self.step_up_minutes)));
        }
        match self.requests_per_minute {
            0 => Err(Fault::usage("server.requests_per_minute is 0: it is at least 1")),
            _ => Ok(()),
        }
    }

    fn parse(&self) -> Result<SocketAddr, Fault> {
        let text = self.listen.trim();
        let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
        text.parse()
            .map_err(|_| Fault::usage(format!("server.listen is {}: it is an address with a port, such as 127.0.0.1:7878", self.listen)))
    }

    /// Whether it speaks TLS itself.
    pub fn has_tls(&self) -> bool {
        !self.tls_certificate_file.is_empty()
    }

    /// The proxies that speak for clients.
    ///
    /// # Errors
    /// [`Fault`] names what is no address.
    pub fn proxies(&self) -> Result<Vec<IpAddr>, Fault> {
        let wrong = |text: &String| Fault::usage(format!("server.trusted_proxies has {text}: they are addresses without ports"));
        self.trusted_proxies
            .iter()
            .map(|text| text.parse::<IpAddr>().map(|address| address.to_canonical()).map_err(|_| wrong(text)))
            .collect()
    }

    /// Where it listens. Without TLS and without proxies that speak it, only this machine may reach that.
    ///
    /// # Errors
    /// [`crate::fault::Kind::Usage`] for what is no address, [`crate::fault::Kind::Refused`] for one that others could reach in the clear.
    pub fn address(&self) -> Result<SocketAddr, Fault> {
        let address = self.parse()?;
        if !address.ip().is_loopback() && !self.has_tls() && self.trusted_proxies.is_empty() {
            return Err(Fault::refused(format!(
                "server.listen is {address}, which other machines reach: passwords would cross the network in the clear; listen on 127.0.0.1, or configure TLS \
                 (server.tls_certificate_file, server.tls_key_file) or server.trusted_proxies"
            )));
        }
        Ok(address)
    }

    /// The token that Prometheus sends; none where only this machine reads the metrics.
    ///
    /// # Errors
    /// [`Fault`] names a file that cannot be read, that others can read, and one with too short a token.
    pub fn metrics_token(&self) -> Result<Option<Secret>, Fault> {
        let token = secret("BBB_METRICS_TOKEN", &self.metrics_token_file)?;
        if token.is_empty() && self.metrics_token_file.is_empty() {
            return Ok(None);
        }
        let good = token.reveal().len() >= MIN_TOKEN_CHARS && token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
        if good {
            return Ok(Some(token));
        }
        Err(Fault::usage(format!(
            "the token for metrics, of BBB_METRICS_TOKEN or server.metrics_token_file, is none: it is one line of at least {MIN_TOKEN_CHARS} visible ASCII characters"
        )))
    }

    /// The beginning of links in mails, without a slash at its end; none where the daemon sends no mail.
    ///
    /// # Errors
    /// [`Fault`] where one of the two is given without the other, or is none.
    pub fn mail_links(&self) -> Result<Option<String>, Fault> {
        let (from, url) = (self.mail_from.trim(), self.public_url.trim().trim_end_matches('/'));
        if from.is_empty() {
            return Ok(None);
        }
        address::parse(from).map_err(|error| Fault::usage(format!("server.mail_from is {from}: {error}")))?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_plain =
            |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]/_~".contains(&byte));
        if url.len() > MAX_URL_BYTES || !rest.is_some_and(is_plain) {
            return Err(Fault::usage(format!(
                "server.public_url is {}: mails of the daemon need it, such as https://bbb.example.org",
                if url.is_empty() { "not set" } else { url }
            )));
        }
        Ok(Some(url.to_owned()))
    }

    /// How long what somebody has shown counts, in milliseconds.
    pub fn step_up_ms(&self) -> i64 {
        i64::from(self.step_up_minutes) * 60_000
    }

    /// The longest that a request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Kind;

    #[test]
    fn mail_needs_an_address_to_come_from_and_one_to_lead_to() {
        let links = |mail_from: &str, public_url: &str| {
            ServerSection { mail_from: mail_from.to_owned(), public_url: public_url.to_owned(), ..ServerSection::default() }.mail_links()
        };
        assert_eq!(links("", ""), Ok(None));
        assert_eq!(links("", "https://bbb.example/"), Ok(None));
        assert_eq!(links("bbb@bbb.example", "https://bbb.example/"), Ok(Some("https://bbb.example".to_owned())));
        for (from, url, named) in [
            ("bbb", "https://bbb.example", "server.mail_from"),
            ("bbb@bbb.example", "", "server.public_url is not set"),
            ("bbb@bbb.example", "bbb.example", "server.public_url"),
            ("bbb@bbb.example", "https://bbb.example\n\nx", "server.public_url"),
            ("bbb@bbb.example", "https://", "server.public_url"),
        ] {
            assert!(links(from, url).is_err_and(|fault| fault.message.contains(named)), "{from} {url}");
        }
    }

    #[test]
    fn it_listens_where_only_this_machine_reaches_it() {
        let address = |listen: &str| ServerSection { listen: listen.to_owned(), ..ServerSection::default() }.address();
        assert_eq!(address("localhost:80").map(|address| address.to_string()), Ok("127.0.0.1:80".to_owned()));
        assert_eq!(address("[::1]:80").map(|address| address.to_string()), Ok("[::1]:80".to_owned()));
        for listen in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80"] {
            let refused = address(listen).expect_err(listen);
            assert!(refused.kind == Kind::Refused && refused.message.contains("TLS"), "{refused}");
        }
        let tls = ServerSection { tls_certificate_file: "a".to_owned(), listen: "0.0.0.0:80".to_owned(), ..ServerSection::default() };
        assert!(tls.address().is_ok() && tls.check().is_err_and(|fault| fault.message.contains("belong together")));
        let behind = |proxy: &str| ServerSection {
            trusted_proxies: vec![proxy.to_owned()],
            listen: "0.0.0.0:80".to_owned(),
            ..ServerSection::default()
        };
        assert!(behind("192.0.2.1").check().is_ok() && behind("192.0.2.1").address().is_ok());
        assert!(behind("proxy").check().is_err_and(|fault| fault.message.contains("proxy")));
        assert_eq!(address("7878").map_err(|fault| fault.kind), Err(Kind::Usage));
    }
}
