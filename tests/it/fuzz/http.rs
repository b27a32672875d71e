//! Requests to the daemon over HTTP, through everything that reads them there: tokens, cookies, `Authorization`, `Idempotency-Key`, cursors, names in paths, and bodies of JSON.
//!
//! An input is a method and a target in its first line, fields in the lines after it, and behind an empty line a body. `TOKEN`, `COOKIE`, `KEY`, `REFRESH`, `INVITATION`, `TENANT`
//! and `BUSINESS` stand for what somebody has, where the daemon runs that takes it. What frames a request on its connection is written here, since the HTTP library reads that.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Answer, Target};
use crate::serve::{self, House, PASSWORD};

/// How long an answer may take to come: longer than the daemon itself gives to a request.
const PATIENCE: Duration = Duration::from_secs(60);
/// Fields that say where a request ends and what becomes of its connection.
const FRAMING: [&str; 5] = ["connection", "content-length", "expect", "host", "transfer-encoding"];
/// The longest head that the daemon reads; of a longer request, the answer can be lost when the connection is closed with bytes that nobody read.
const LONG: usize = 16 * 1024;
const TOKENS: [&str; 60] = [
    "Authorization: Bearer TOKEN\n",
    "Authorization: Bearer KEY\n",
    "Authorization: bearer  TOKEN \n",
    "Authorization: Basic TOKEN\n",
    "Authorization: Bearer\n",
    "Authorization:\n",
    "Cookie: __Host-bbb-session=COOKIE\n",
    "Cookie: a=1; __Host-bbb-session=COOKIE; b\n",
    "X-BBB-CSRF: 1\n",
    "Origin: null\n",
    "Sec-Fetch-Site: cross-site\n",
    "Idempotency-Key: one\n",
    "Idempotency-Key: two\n",
    "Idempotency-Key:\n",
    "Content-Type: application/json\n",
    "Content-Type: text/plain\n",
    "If-Match: \"1\"\n",
    "If-None-Match: *\n",
    "X-Forwarded-For: 192.0.2.1\n",
    "TOKEN",
    "COOKIE",
    "KEY",
    "REFRESH",
    "INVITATION",
    "TENANT",
    "BUSINESS",
    "bbb_at_",
    "bbb_cs_",
    "bbb_ak_",
    "GET ",
    "POST ",
    "PUT ",
    "DELETE ",
    "/api/me",
    "/api/businesses",
    "/api/businesses/BUSINESS",
    "/api/keys",
    "/inbox/prop_1/approve",
    "/events",
    "?limit=1&cursor=",
    "?limit=",
    "AQ",
    "AQAAAAE",
    "%00",
    "%2e%2e/",
    "%ff",
    "\n\n",
    "\r",
    "\u{0}",
    "\u{e9}",
    "{\"",
    "\":",
    "null",
    "true",
    "[",
    "{",
    "}",
    "\"\\ud800\"",
    ",",
    "\"",
];

/// A daemon, and what somebody has who is signed in to it.
struct World {
    runtime: Runtime,
    house: House,
    address: SocketAddr,
    names: Vec<(&'static str, String)>,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

impl World {
    fn begin() -> World {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (house, names) = runtime.block_on(async {
            let house = House::with(|config| config.server.businesses_per_tenant = 3).await;
            let admin = house.admin().await;
            let business = house.launch(&admin, json!({ "pace": "realtime", "autonomy": 2, "owner": "human" })).await;
            let key = house.post(&admin, "/api/keys", &json!({ "name": "fuzz", "role": "owner" })).await.ok();
            let invitation = house.post(&admin, "/api/invitations", &json!({})).await.ok();
            let login = json!({ "email": admin.email, "password": PASSWORD, "delivery": "cookie" });
            let browser = serve::Answer::of(house.request(Method::POST, "/api/auth/login").header("x-bbb-csrf", "1").json(&login)).await;
            let cookie = browser.header("set-cookie").split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let names = vec![
                ("TOKEN", admin.access),
                ("COOKIE", cookie),
                ("KEY", text(&key["token"])),
                ("REFRESH", admin.refresh),
                ("INVITATION", text(&invitation["token"])),
                ("TENANT", admin.tenant),
                ("BUSINESS", text(&business["id"])),
            ];
            (house, names)
        });
        World { address: house.daemon().address(), runtime, house, names }
    }

    /// The input as a request on the wire.
    fn request(&self, input: &[u8]) -> Vec<u8> {
        let mut input = input.to_vec();
        for (name, value) in &self.names {
            input = replaced(&input, name.as_bytes(), value.as_bytes());
        }
        let (head, body) = match input.windows(2).position(|two| two == b"\n\n") {
            Some(at) => (&input[..at], &input[at + 2..]),
            None => (&input[..], &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let mut request = [lines.next().unwrap_or_default(), b" HTTP/1.1\r\n"].concat();
        for line in lines.filter(|line| !line.is_empty()) {
            let name = String::from_utf8_lossy(line.split(|byte| *byte == b':').next().unwrap_or_default()).trim().to_ascii_lowercase();
            if !FRAMING.contains(&name.as_str()) {
                request.extend_from_slice(line);
                request.extend_from_slice(b"\r\n");
            }
        }
        request
            .extend_from_slice(format!("Host: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", self.address, body.len()).as_bytes());
        request.extend_from_slice(body);
        request
    }

    fn ask(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // What is refused for its length is answered before it is all read, and the answer can be lost on the way.
        drop(stream.write_all(request));
        let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            answer.extend_from_slice(&piece[..read]);
            if answer.windows(17).any(|bytes| bytes == b"text/event-stream") {
                break;
            }
        }
        answer
    }
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut new, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        if text[at..].starts_with(from) {
            new.extend_from_slice(to);
            at += from.len();
        } else {
            new.push(text[at]);
            at += 1;
        }
    }
    new
}

fn answer(input: &[u8]) -> Answer {
    let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    let world = world.as_ref().unwrap();
    let request = world.request(input);
    let answer = world.ask(&request);
    if answer.is_empty() {
        assert!(request.len() > LONG, "no answer to {}", String::from_utf8_lossy(&request));
        return Err("too long".to_owned());
    }
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text}"));
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status in {head}"));
    let head = head.to_ascii_lowercase();
    if status < 400 {
        return Ok(format!("{status}"));
    }
    if matches!(status, 400 | 414 | 431) && !head.contains("x-request-id") {
        return Err(format!("the library says {status}"));
    }
    assert!(head.contains("application/problem+json"), "{text}");
    if head.starts_with("http/1.1") && body.is_empty() && request.starts_with(b"HEAD ") {
        return Err(format!("{status} to HEAD"));
    }
    let problem: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(status < 500, "{text}\nto {}", String::from_utf8_lossy(&request));
    assert_eq!(problem["status"], status, "{text}");
    let words = problem["detail"].as_str().unwrap_or_default();
    assert!(!words.is_empty(), "a refusal says what is wrong: {text}");
    Err(format!("{} {words}", problem["type"].as_str().unwrap_or_default()))
}

#[test]
fn any_request_is_answered_or_refused_with_a_problem() {
    *WORLD.lock().unwrap_or_else(PoisonError::into_inner) = Some(World::begin());
    for (path, input) in super::kept("http") {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".txt");
        let taken = [
            "me-token",
            "me-cookie",
            "me-key",
            "step-up",
            "key",
            "invitation",
            "launch",
            "launch-shadow",
            "tasks",
            "charter-check",
            "pause",
        ];
        if taken.contains(&name) {
            assert!(answer(&input).is_ok(), "{name}: {:?}", answer(&input));
        }
    }
    Target { name: "http", tokens: &TOKENS, more: Vec::new(), answer, one_in: 2 }.run();
    let Some(World { runtime, mut house, .. }) = WORLD.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        unreachable!("nobody else takes it")
    };
    // It still serves, and ends in peace.
    runtime.block_on(async {
        assert_eq!(serve::Answer::of(house.request(Method::GET, "/ready")).await.status, 200);
        house.stop().await;
    });
}
