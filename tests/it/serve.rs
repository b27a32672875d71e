//! The daemon, over HTTP as its users reach it: in this process, on a port of its own, in a directory of its own, at a time that tests set.

mod accounts;
mod admin;
mod advice;
mod binary;
mod businesses;
mod charter;
mod contacts;
mod described;
mod fork;
mod full_disk;
mod keys;
mod kill;
mod live;
mod mail;
mod metrics;
mod notices;
mod openapi;
mod outside;
mod real;
mod removal;
mod rest;
mod second_factor;
mod shares;
mod sign_in;
mod skeleton;
mod step_up;
mod tenants;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bbb_core::time::Timestamp;
use bbb_host::config::Config;
use bbb_host::data_dir::DataDir;
use bbb_host::fault::Fault;
use bbb_host::serve::Daemon;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct-horse-battery-8";
pub(crate) const TEMPLATE: &str = "AI Chatbot Integration Service";

/// A data directory, with the daemon that runs in it.
pub(crate) struct House {
    dir: tempfile::TempDir,
    config: Config,
    time_ms: Arc<AtomicI64>,
    daemon: Option<Daemon>,
    client: Client,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        Answer { status, headers, body }
    }

    /// That this is a success, and what it says.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// That this is a problem of a kind, and what it says.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, slug: &str) -> Value {
        assert_eq!((self.status, self.body["type"].as_str()), (status, Some(format!("urn:bbb:problem:{slug}").as_str())), "{self:?}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.body["status"], status);
        let id = self.headers["x-request-id"].to_str().unwrap();
        assert_eq!(self.body["instance"], format!("urn:bbb:request:{id}"), "{:?}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) tenant: String,
}

impl House {
    pub(crate) async fn new() -> House {
        House::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> House {
        let mut config = Config::default();
        config.server.listen = "127.0.0.1:0".to_owned();
        config.server.requests_per_minute = 100_000;
        let dir = tempfile::tempdir().unwrap();
        config.server.master_key_file = dir.path().join("state/master.key").display().to_string();
        change(&mut config);
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let time_ms = Arc::new(AtomicI64::new(1_800_000_000_000));
        let mut house = House { dir, config, time_ms, daemon: None, client };
        house.start().await;
        house
    }

    pub(crate) async fn start(&mut self) {
        self.try_start().await.unwrap();
    }

    pub(crate) async fn try_start(&mut self) -> Result<(), Fault> {
        let data = self.data();
        let store = tokio::task::spawn_blocking({
            let data = data.clone();
            move || data.try_open_store().unwrap().expect("nobody else holds it")
        });
        let time_ms = Arc::clone(&self.time_ms);
        let clock = Arc::new(move || Timestamp::from_ms(time_ms.load(Ordering::SeqCst)));
        self.daemon = Some(Daemon::start(data, store.await.unwrap(), self.config.clone(), clock).await?);
        Ok(())
    }

    pub(crate) async fn stop(&mut self) {
        self.daemon.take().unwrap().shut_down().await;
    }

    pub(crate) fn data(&self) -> DataDir {
        DataDir::create(&self.dir.path().join("data")).unwrap()
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    pub(crate) fn later(&self, ms: i64) {
        self.time_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.daemon().address())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, who: &Person, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).bearer_auth(&who.access)).await
    }

    pub(crate) async fn post(&self, who: &Person, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).bearer_auth(&who.access).json(body)).await
    }

    /// A request of somebody who is not signed in.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn register(&self, token: Option<&str>, name: &str) -> Answer {
        let body = json!({ "token": token, "email": format!("{name}@example.org"), "name": name, "password": PASSWORD });
        self.ask("/api/auth/register", &body).await
    }

    pub(crate) async fn login(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let told = self.ask("/api/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok();
        let text = |field: &str| told[field].as_str().unwrap().to_owned();
        let mut person = Person { email, access: text("access_token"), refresh: text("refresh_token"), tenant: String::new() };
        person.tenant = self.get(&person, "/api/me").await.ok()["tenant"].as_str().unwrap().to_owned();
        person
    }

    pub(crate) async fn first_admin_token(&self) -> String {
        self.daemon().accounts().first_admin_token().await.unwrap().expect("there is no administrator yet").reveal()
    }

    /// The first administrator.
    pub(crate) async fn admin(&self) -> Person {
        let token = self.first_admin_token().await;
        self.register(Some(&token), "admin").await.ok();
        self.login("admin").await
    }

    /// Somebody whom the administrator invited.
    pub(crate) async fn guest(&self, admin: &Person, name: &str) -> Person {
        let invited = self.post(admin, "/api/invitations", &json!({})).await.ok();
        self.register(invited["token"].as_str(), name).await.ok();
        self.login(name).await
    }

    /// Launches a business, and returns it.
    pub(crate) async fn launch(&self, who: &Person, more: Value) -> Value {
        let mut body = json!({ "blueprint": TEMPLATE, "seed": 42, "days": 3 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(who, "/api/businesses/launch", &body).await.ok()
    }
}

impl House {
    /// One whose daemon writes mails to a server on this port.
    pub(crate) async fn mailing(port: u16, change: impl FnOnce(&mut Config)) -> House {
        House::with(|config| {
            mails_by(config, port);
            change(config);
        })
        .await
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.time_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }
}

pub(crate) fn mails_by(config: &mut Config, port: u16) {
    (config.smtp.host, config.smtp.port, config.smtp.tls) = ("127.0.0.1".to_owned(), port, bbb_host::config::TlsSetting::None);
    config.server.mail_from = "bbb@bbb.example".to_owned();
    config.server.public_url = "https://bbb.example".to_owned();
}

/// Waits until something is so; it is looked at again and again, for as long as a busy machine may need.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(std::time::Instant::now() < deadline, "it never came to: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The path of a business.
pub(crate) fn of(business: &Value, rest: &str) -> String {
    format!("/api/businesses/{}{rest}", business["id"].as_str().unwrap())
}
