//! GitHub. The way through is walked with an emulator that others wrote; it neither checks code challenges nor knows addresses that nobody confirmed. What those come to is
//! tried on a mock of the three places that are asked: it is our own, and proves what we do, not what GitHub does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bbb_host::config::Registration;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::browser::{Browser, parameter, with};
use super::section;
use crate::serve::House;
use crate::support::peers;

/// A daemon that anybody may register with, and knows a GitHub at this address.
async fn house(base: &str, port: u16) -> (House, tempfile::NamedTempFile) {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a-secret").unwrap();
    let more = format!("kind = \"github\"\nissuer = \"{base}\"\napi = \"{base}\"\nclient_secret_file = \"{}\"", secret.path().display());
    let house = House::with(|config| {
        config.server.listen = format!("127.0.0.1:{port}");
        config.server.registration = Registration::Open;
        config.server.sign_in.push(section("github", &more));
    })
    .await;
    house.admin().await;
    (house, secret)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_registers_and_signs_in_by_an_emulator_of_github() {
    let (port, peer) = tokio::task::spawn_blocking(|| {
        let port = peers::free_port();
        (port, peers::github(&format!("http://127.0.0.1:{port}/api/auth/providers/github/callback")))
    })
    .await
    .unwrap();
    let base = format!("http://127.0.0.1:{}", peer.ports[0]);
    let (house, _secret) = house(&base, port).await;
    let mut ids = Vec::new();
    let mut codes = Vec::new();
    for name in ["ada", "ada", "grace"] {
        let mut browser = Browser::new(&house);
        let to = browser.begin("github", &json!({})).await;
        assert_eq!((parameter(&to, "scope").as_str(), parameter(&to, "code_challenge_method").as_str()), ("user:email", "S256"));
        // Its page is a form for each that there is.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form =
            [("login", name), ("redirect_uri", &parameter(&to, "redirect_uri")), ("state", &parameter(&to, "state")), ("client_id", "bbb")];
        let answer = client.post(format!("{base}/login/oauth/callback")).form(&form).send().await.unwrap();
        let back = answer.headers()["location"].to_str().unwrap().parse().unwrap();
        codes.push(parameter(&back, "code"));
        assert_eq!(browser.come_back(&back).await, "finish");
        browser.post("/api/auth/finish", &json!({})).await.ok();
        let me = browser.get("/api/me").await.ok();
        assert_eq!(me["email"], format!("{name}@example.org"));
        ids.push(me["id"].clone());
        let listed = browser.get("/api/me/identities").await.ok();
        assert_eq!((&listed["password"], &listed["identities"][0]["provider"]), (&json!(false), &json!("The github")));
    }
    assert!(ids[0] == ids[1] && ids[0] != ids[2]);
    let mut browser = Browser::new(&house);
    let to = browser.begin("github", &json!({})).await;
    let back = format!("{}?code={}&state={}", parameter(&to, "redirect_uri"), codes[0], parameter(&to, "state"));
    assert_eq!(browser.come_back(&back.parse().unwrap()).await, "refused", "a code is good once");
}

/// What the mock answers.
#[derive(Default)]
struct Answers {
    /// The code challenge of each code; good once.
    codes: BTreeMap<String, String>,
    user: Value,
    emails: Value,
    /// The status of `/user` and of `/user/emails`.
    status: u16,
    /// How often somebody was asked about.
    asked: usize,
}

/// A mock of three places of GitHub: `/login/oauth/access_token`, `/user` and `/user/emails`.
struct Mock {
    base: String,
    answers: Arc<Mutex<Answers>>,
}

impl Mock {
    fn start() -> Mock {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(Answers::default()));
        let shared = Arc::clone(&answers);
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &shared);
            }
        });
        Mock { base, answers }
    }
}

fn answer(stream: TcpStream, answers: &Mutex<Answers>) {
    let mut reader = BufReader::new(&stream);
    let mut head = String::new();
    // A client that connects and says nothing.
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
    let field = |name: &str| head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(|rest| rest.trim().to_owned()));
    let mut body = vec![0; field("content-length:").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let mut answers = answers.lock().unwrap();
    let place = head.split(' ').nth(1).unwrap_or_default();
    let is_bearer = field("authorization:").as_deref() == Some("bearer the-token");
    let (status, told) = match place {
        "/login/oauth/access_token" => (200, exchange(&body, &mut answers.codes)),
        "/user" | "/user/emails" if is_bearer => {
            answers.asked += 1;
            (answers.status, if place == "/user" { answers.user.clone() } else { answers.emails.clone() })
        }
        _ => (401, json!({ "message": "Requires authentication" })),
    };
    let told = told.to_string();
    let location = if status == 302 { "Location: /user\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{location}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        told.len()
    );
    // A client that has read enough hangs up.
    let _ = (&stream).write_all(format!("{head}{told}").as_bytes());
}

/// As GitHub says it: what is refused with status 200 too.
fn exchange(body: &[u8], codes: &mut BTreeMap<String, String>) -> Value {
    let url: reqwest::Url = format!("http://x/?{}", std::str::from_utf8(body).unwrap()).parse().unwrap();
    assert_eq!((parameter(&url, "client_id").as_str(), parameter(&url, "client_secret").as_str()), ("bbb", "a-secret"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(parameter(&url, "code_verifier")));
    match codes.remove(&parameter(&url, "code")) {
        Some(known) if known == challenge => json!({ "access_token": "the-token", "token_type": "bearer", "scope": "user:email" }),
        _ => json!({ "error": "bad_verification_code", "error_description": "The code passed is incorrect or expired." }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_mock_of_github_says_is_believed_only_with_the_verifier_and_for_an_address_that_was_confirmed() {
    let mock = Mock::start();
    let (house, _secret) = house(&mock.base, 0).await;
    let set = |status: u16, user: Value, emails: Value| {
        let mut answers = mock.answers.lock().unwrap();
        (answers.status, answers.user, answers.emails) = (status, user, emails);
    };
    let ada = json!({ "id": 7, "login": "ada", "name": null, "email": "public@example.org" });
    let address = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified });
    let good = json!([address("other@example.org", false, true), address("ada@example.org", true, true)]);
    // Sends a browser off, and back with a code for its challenge or another one.
    let go = |challenge: Option<&'static str>| {
        let (house, answers) = (&house, &mock.answers);
        async move {
            let mut browser = Browser::new(house);
            let to = browser.begin("github", &json!({})).await;
            let known = challenge.map_or_else(|| parameter(&to, "code_challenge"), str::to_owned);
            answers.lock().unwrap().codes.insert("the-code".to_owned(), known);
            let back = format!("{}?code=the-code&state={}", parameter(&to, "redirect_uri"), parameter(&to, "state"));
            (browser, back.parse::<reqwest::Url>().unwrap())
        }
    };
    set(200, ada.clone(), good.clone());
    let (mut browser, back) = go(Some("of-another-browser")).await;
    assert_eq!(browser.come_back(&back).await, "refused");
    assert_eq!(mock.answers.lock().unwrap().asked, 0);
    let (mut browser, back) = go(None).await;
    assert_eq!(browser.come_back(&with(&back, "iss", Some("https://evil.example"))).await, "failed");

    for emails in [json!([]), json!([address("ada@example.org", true, false), address("other@example.org", false, true)])] {
        set(200, ada.clone(), emails);
        let (mut browser, back) = go(None).await;
        assert_eq!(browser.come_back(&back).await, "finish");
        browser.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
    }
    for (status, user) in [
        (302, ada.clone()),
        (500, ada.clone()),
        (403, ada.clone()),
        (200, json!({ "id": "7", "login": "ada" })),
        (200, json!("x".repeat(300_000))),
    ] {
        set(status, user, good.clone());
        let (mut browser, back) = go(None).await;
        assert_eq!(browser.come_back(&back).await, "failed");
    }
    set(200, ada, good);
    let (mut browser, back) = go(None).await;
    assert_eq!(browser.come_back(&back).await, "finish");
    browser.post("/api/auth/finish", &json!({})).await.ok();
    let me = browser.get("/api/me").await.ok();
    assert_eq!((&me["email"], &me["name"]), (&json!("ada@example.org"), &json!("ada")));
    // The number is who it is: a new name and address change nothing, and the old ones with another number are somebody else.
    set(200, json!({ "id": 7, "login": "lovelace" }), json!([address("new@example.org", true, true)]));
    let (mut browser, back) = go(None).await;
    browser.come_back(&back).await;
    browser.post("/api/auth/finish", &json!({})).await.ok();
    assert_eq!(browser.get("/api/me").await.ok()["id"], me["id"]);
    set(200, json!({ "id": 8, "login": "ada" }), json!([address("ada@example.org", true, true)]));
    let (mut browser, back) = go(None).await;
    browser.come_back(&back).await;
    browser.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
}
