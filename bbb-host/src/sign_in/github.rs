//! GitHub, which speaks OAuth 2.0 without OpenID Connect: who somebody is, its API says. People are named by the number of their account, which is never given to another.

use reqwest::Url;
use serde::Deserialize;

use crate::sign_in::fetch::Fetcher;
use crate::sign_in::{Failure, Proven, Provider, Ties};

fn place(base: &str, path: &str) -> Result<Url, Failure> {
    Url::parse(&format!("{}{path}", base.trim_end_matches('/')))
        .map_err(|_| Failure::untrusted("it is configured with an address that is none"))
}

pub(super) fn begin(provider: &Provider, redirect: &str, ties: &Ties) -> Result<Url, Failure> {
    let mut url = place(&provider.issuer, "/login/oauth/authorize")?;
    let mut query = url.query_pairs_mut();
    query.append_pair("response_type", "code").append_pair("client_id", &provider.client_id).append_pair("redirect_uri", redirect);
    query.append_pair("scope", "user:email").append_pair("state", &ties.state());
    query.append_pair("code_challenge", &ties.challenge()).append_pair("code_challenge_method", "S256");
    drop(query);
    Ok(url)
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

pub(super) async fn finish(
    fetcher: &Fetcher,
    provider: &Provider,
    (code, iss): (&str, Option<&str>),
    redirect: &str,
    ties: &Ties,
) -> Result<Proven, Failure> {
    // It has no metadata in which it could say what it calls itself; whatever names another than its site is somebody else's (RFC 9207).
    let site = provider.issuer.trim_end_matches('/');
    let is_its_own = |iss: &str| iss.strip_prefix(site).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !iss.is_none_or(is_its_own) {
        return Err(Failure::untrusted("the answer is another issuer's"));
    }
    let token = place(&provider.issuer, "/login/oauth/access_token")?;
    let (status, told) = provider.exchange(fetcher, &token, (code, redirect), ties, false).await?;
    let token = told.get("access_token").and_then(|token| token.as_str()).filter(|_| status == 200);
    let token = token.ok_or_else(|| Failure::untrusted(format!("its answer, status {status}, has no access token")))?;
    let unread = |what: &str| Failure::untrusted(format!("what it says of {what} cannot be read"));
    let user = fetcher.get(&place(&provider.api, "/user")?, Some(token)).await?;
    let User { id, login, name } = serde_json::from_value(user).map_err(|_| unread("somebody"))?;
    let addresses = fetcher.get(&place(&provider.api, "/user/emails")?, Some(token)).await?;
    let addresses: Vec<Address> = serde_json::from_value(addresses).map_err(|_| unread("their addresses"))?;
    let address = addresses.into_iter().find(|address| address.primary && address.verified).map(|address| address.email);
    let name = name.filter(|name| !name.trim().is_empty()).or(Some(login));
    Ok(Proven { issuer: provider.issuer(), subject: id.to_string(), address, name, shown_at: None })
}
