//! What a browser does: keeps cookies by host, follows nobody by itself, and sends what its page's script sends.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::serve::{Answer, House};

#[derive(Clone)]
pub(super) struct Browser<'a> {
    house: &'a House,
    client: Client,
    /// By host with port, and name.
    pub(super) cookies: BTreeMap<(String, String), String>,
}

fn host(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

impl<'a> Browser<'a> {
    pub(super) fn new(house: &'a House) -> Browser<'a> {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Browser { house, client, cookies: BTreeMap::new() }
    }

    fn jar(&self, url: &Url) -> String {
        let of = host(url);
        let pairs = self.cookies.iter().filter(|((host, _), _)| *host == of).map(|((_, name), value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            let key = (host(url), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key)
            } else {
                self.cookies.insert(key, value.to_owned())
            };
        }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&String> {
        self.cookies.iter().find(|((_, known), _)| known == name).map(|(_, value)| value)
    }

    /// What a script of the daemon's page asks.
    pub(super) async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let url: Url = self.house.url(path).parse().unwrap();
        let request = self.client.request(method, url.clone()).header(COOKIE, self.jar(&url)).header("x-bbb-csrf", "1");
        let answer = Answer::of(if body.is_null() { request } else { request.json(body) }).await;
        self.keep(&url, &answer.headers);
        answer
    }

    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, &Value::Null).await
    }

    /// Goes somewhere, or sends a form there; where that sends it.
    async fn visit(&mut self, url: &Url, form: Option<&[(&str, &str)]>) -> Option<Url> {
        let request = match form {
            Some(form) => self.client.post(url.clone()).form(form),
            None => self.client.get(url.clone()),
        };
        let response = request.header(COOKIE, self.jar(url)).send().await.unwrap();
        self.keep(url, response.headers());
        let location = response.headers().get(LOCATION).map(|line| url.join(line.to_str().unwrap()).unwrap());
        let status = response.status();
        assert!(location.is_some() || status.is_success(), "{status}: {}", response.text().await.unwrap());
        location
    }

    /// Begins at the daemon; where it sends the browser.
    pub(super) async fn begin(&mut self, provider: &str, body: &Value) -> Url {
        let told = self.post(&format!("/api/auth/providers/{provider}"), body).await.ok();
        told["location"].as_str().unwrap().parse().unwrap()
    }

    /// Goes to the provider and signs in there as somebody; where it sends the browser back.
    pub(super) async fn sign_in_there(&mut self, to: &Url, name: &str) -> Url {
        let daemon = host(&self.house.url("/").parse().unwrap());
        let mut at = to.clone();
        // Sign in, agree, and come back: each is a page or two.
        for _ in 0..12 {
            if host(&at) == daemon {
                return at;
            }
            let page = at.clone();
            at = match self.visit(&page, None).await {
                Some(next) => next,
                None => {
                    let text = self.client.get(page.clone()).header(COOKIE, self.jar(&page)).send().await.unwrap().text().await.unwrap();
                    let form: &[(&str, &str)] = if text.contains("name=\"login\"") {
                        &[("prompt", "login"), ("login", name), ("password", "any")]
                    } else {
                        &[("prompt", "consent")]
                    };
                    self.visit(&page, Some(form)).await.expect("a form leads on")
                }
            };
        }
        panic!("the provider sends nobody back: {at}");
    }

    /// Begins, and signs in at the provider; where that sends the browser back.
    pub(super) async fn go(&mut self, provider: &str, body: &Value, name: &str) -> Url {
        let to = self.begin(provider, body).await;
        self.sign_in_there(&to, name).await
    }

    /// Comes back to the daemon; what its page hears of it.
    pub(super) async fn come_back(&mut self, url: &Url) -> String {
        let next = self.visit(url, None).await.expect("the daemon sends browsers to its page");
        assert_eq!(next.path(), "/sign-in");
        assert_eq!(next.query(), None, "nothing secret is in an address");
        next.fragment().unwrap().to_owned()
    }

    /// Refuses at the provider.
    pub(super) async fn cancel(&mut self, to: &Url) -> Url {
        let page = self.visit(to, None).await.unwrap();
        let abort = page.join(&format!("{}/abort", page.path())).unwrap();
        let resumed = self.visit(&abort, None).await.unwrap();
        self.visit(&resumed, None).await.unwrap()
    }
}

/// An address with a parameter in the place of another, or without it.
pub(super) fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let mut changed = url.clone();
    let pairs: Vec<(String, String)> = url.query_pairs().filter(|(known, _)| known != name).map(|(a, b)| (a.into(), b.into())).collect();
    changed.query_pairs_mut().clear().extend_pairs(pairs).extend_pairs(value.map(|value| (name, value)));
    changed
}

/// A parameter of an address.
pub(super) fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}
