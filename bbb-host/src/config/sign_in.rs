//! `[[server.sign_in]]`: by whom else people sign in. Each is an issuer of OpenID Connect, or GitHub.

use std::net::IpAddr;

use bbb_integrations::secret::Secret;
use reqwest::Url;
use serde::Deserialize;

use crate::config::secret;
use crate::fault::Fault;

/// The most that can be configured: each is a button.
const MAX_PROVIDERS: usize = 10;
/// What stands in the place of an id in a path.
const RESERVED: &str = "finish";
/// The most characters of an id, and of a name.
const MAX_ID_CHARS: usize = 24;
const MAX_NAME_CHARS: usize = 40;

/// Whose protocol it speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum ProviderKind {
    #[default]
    Oidc,
    GitHub,
}

/// `[[server.sign_in]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct SignInSection {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub kind: ProviderKind,
    #[serde(default)]
    pub issuer: String,
    #[serde(default)]
    pub api: String,
    pub client_id: String,
    #[serde(default)]
    pub client_secret_file: String,
    #[serde(default = "yes")]
    pub nonce: bool,
}

const fn yes() -> bool {
    true
}

/// An address of a provider: https, or http on this machine alone; no user, query or fragment.
fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (bare && is_protected(&url)).then_some(url)
}

/// Whether nobody between here and there reads or changes what is sent: it is encrypted, or stays on this machine.
pub(crate) fn is_protected(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_here = host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" && !host.is_empty() || url.scheme() == "http" && is_here
}

impl SignInSection {
    /// Where it is: the issuer, or of GitHub its site; and of GitHub its API.
    pub(crate) fn places(&self) -> (&str, &str) {
        match self.kind {
            ProviderKind::Oidc => (&self.issuer, ""),
            ProviderKind::GitHub if self.issuer.is_empty() && self.api.is_empty() => ("https://github.com", "https://api.github.com"),
            ProviderKind::GitHub => (&self.issuer, &self.api),
        }
    }

    /// The variable of its secret.
    fn variable(&self) -> String {
        format!("BBB_SIGN_IN_{}_SECRET", self.id.to_ascii_uppercase().replace('-', "_"))
    }

    /// The secret that the provider knows this daemon by.
    ///
    /// # Errors
    /// [`Fault`] where there is none, or its file cannot be read or can be read by others.
    pub fn client_secret(&self) -> Result<Secret, Fault> {
        let variable = self.variable();
        let found = secret(&variable, &self.client_secret_file)?;
        if found.is_empty() {
            let id = &self.id;
            return Err(Fault::usage(format!("server.sign_in {id} has no secret: give {variable}, or client_secret_file")));
        }
        Ok(found)
    }

    fn check(&self) -> Result<(), String> {
        let is_id = |text: &str| {
            let inner = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            inner && (1..=MAX_ID_CHARS).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-') && text != RESERVED
        };
        if !is_id(&self.id) {
            return Err(format!("id is 1 to {MAX_ID_CHARS} of a to z, 0 to 9 and -, does not begin or end with -, and is not {RESERVED}"));
        }
        let chars = self.name.chars().count();
        if !(1..=MAX_NAME_CHARS).contains(&chars) || self.name.chars().any(char::is_control) {
            return Err(format!("name has 1 to {MAX_NAME_CHARS} characters on one line"));
        }
        if self.client_id.trim().is_empty() || self.client_id.chars().any(char::is_control) {
            return Err("client_id is what the provider calls this daemon".to_owned());
        }
        let rule = "is an address that begins with https:// (or http:// on this machine) and has no user, query or fragment";
        let (issuer, api) = self.places();
        match self.kind {
            _ if address(issuer).is_none() => Err(format!("issuer {rule}")),
            ProviderKind::Oidc if !self.api.is_empty() => Err("api is for kind = \"github\" only".to_owned()),
            ProviderKind::GitHub if address(api).is_none() => Err(format!("api {rule}; give it where issuer is given")),
            ProviderKind::GitHub if !self.nonce => Err("nonce is for kind = \"oidc\" only".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Checks all of them.
pub(super) fn check(all: &[SignInSection]) -> Result<(), Fault> {
    if all.len() > MAX_PROVIDERS {
        return Err(Fault::usage(format!("server.sign_in has {} entries: there are at most {MAX_PROVIDERS}", all.len())));
    }
    for (at, one) in all.iter().enumerate() {
        let named = |rule: String| Fault::usage(format!("server.sign_in, entry {}: {rule}", at + 1));
        one.check().map_err(named)?;
        if all[..at].iter().any(|other| other.id == one.id) {
            return Err(named(format!("another one has the id {} already", one.id)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    fn said(text: &str) -> String {
        let config = toml::from_str::<crate::config::Config>(text).expect(text);
        config.check().err().map(|fault| fault.message).unwrap_or_default()
    }

    #[test]
    fn a_provider_is_refused_where_it_could_not_be_trusted() {
        let one = |more: &str| said(&format!("[[server.sign_in]]\nid = \"sso\"\nname = \"SSO\"\nclient_id = \"bbb\"\n{more}"));
        assert_eq!(one("issuer = \"https://sso.example\""), "");
        assert_eq!(one("issuer = \"http://127.0.0.1:3000\""), "");
        assert_eq!(one("issuer = \"http://[::1]:3000\""), "");
        assert_eq!(one("kind = \"github\""), "");
        assert_eq!(one("kind = \"github\"\nissuer = \"https://git.example\"\napi = \"https://git.example/api/v3\""), "");
        for wrong in [
            "",
            "issuer = \"http://sso.example\"",
            "issuer = \"http://127.0.0.1.example\"",
            "issuer = \"https://me:pw@sso.example\"",
            "issuer = \"https://sso.example?a\"",
            "issuer = \"file:///etc\"",
            "issuer = \"https://sso.example\"\napi = \"https://sso.example\"",
            "kind = \"github\"\nissuer = \"https://git.example\"",
            "kind = \"github\"\nnonce = false",
        ] {
            assert!(one(wrong).starts_with("server.sign_in, entry 1: "), "{wrong}: {}", one(wrong));
        }
        let entry = |id: &str| format!("[[server.sign_in]]\nid = \"{id}\"\nname = \"a\"\nclient_id = \"b\"\nkind = \"github\"\n");
        for wrong in ["", "finish", "-a", "A", "a/b", &"a".repeat(25)] {
            assert!(said(&entry(wrong)).contains("id is"), "{wrong}");
        }
        assert!(said(&format!("{}{}", entry("a"), entry("a"))).contains("entry 2: another one has the id a"));
        let many: String = (0..11).map(|n| entry(&format!("a{n}"))).collect();
        assert!(said(&many).contains("at most 10"));
    }
}
