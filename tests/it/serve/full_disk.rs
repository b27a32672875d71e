//! A disk that fills up under the daemon: what would write is refused with the reason, what reads is answered, and everything goes on once there is room again.
//!
//! The data directory is a small file system in memory, in a mount namespace of the daemon's own, and is filled through the daemon's view of it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Client;
use serde_json::{Value, json};

use super::kill::sign_in;
use super::{Answer, PASSWORD, TEMPLATE};
use crate::cli::{Place, Running};

/// How large the file system is.
const SIZE: &str = "96m";

/// A daemon whose data directory is a file system of its own, and the directory as seen from here.
fn serve(place: &Place) -> (Running, PathBuf, String) {
    std::fs::create_dir_all(place.data()).unwrap();
    let serve = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    // Root may mount; anybody else may where they are root of a namespace of users.
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new("unshare");
    command.args(if root { &["--mount"][..] } else { &["--mount", "--user", "--map-root-user"] });
    command.args(["sh", "-c", "mount -t tmpfs -o size=$0,mode=700 tmpfs \"$1\" && shift && exec \"$@\"", SIZE]).arg(place.data());
    command.arg(serve.get_program()).args(serve.get_args());
    command.current_dir(serve.get_current_dir().unwrap_or(place.path()));
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("BBB_SERVER_BUSINESSES_PER_TENANT", "200").env("BBB_SERVER_REQUESTS_PER_MINUTE", "100000");
    let mut daemon = Place::listened_to(command);
    let address = daemon.until("listens on http://").split("http://").nth(1).unwrap().to_owned();
    daemon.until("first-admin.link");
    let seen = PathBuf::from(format!("/proc/{}/root", daemon.id())).join(place.data().strip_prefix("/").unwrap());
    (daemon, seen, format!("http://{address}"))
}

/// Fills the disk to the last byte.
fn fill(directory: &Path) -> PathBuf {
    let path = directory.join("fill");
    let mut file = File::create(&path).unwrap();
    let mut bytes = vec![0_u8; 64 * 1024];
    while !bytes.is_empty() {
        match file.write(&bytes) {
            Ok(count) if count > 0 => {}
            _ => bytes.truncate(bytes.len() / 2),
        }
    }
    path
}

struct Browser {
    client: Client,
    base: String,
    token: String,
}

impl Browser {
    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(&body)).await
    }

    async fn launch(&self, days: u32, pace: &str) -> Answer {
        self.post("/api/businesses/launch", json!({ "blueprint": TEMPLATE, "seed": 42, "days": days, "pace": pace })).await
    }

    /// The figures of a business, once it is over.
    async fn figures(&self, business: &Value) -> Value {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
        loop {
            let told = self.get(&super::of(business, "/metrics")).await.ok();
            if told["status"] == "completed" {
                return told["metrics"].clone();
            }
            assert!(std::time::Instant::now() < deadline, "it never came to its end: {told}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

#[test]
fn a_full_disk_refuses_what_would_write_reads_on_and_needs_no_restart() {
    let place = Place::new();
    let (daemon, seen, base) = serve(&place);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder().no_proxy().build().unwrap();
        let link = std::fs::read_to_string(seen.join("first-admin.link")).unwrap();
        let body = json!({ "token": link.trim().split('#').nth(1), "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
        Answer::of(client.post(format!("{base}/api/auth/register")).json(&body)).await.ok();
        let token = sign_in(&client, &base).await;
        let browser = Browser { client, base, token };
        let slow = browser.launch(30, "realtime").await.ok();
        let fast = browser.launch(400, "fast").await.ok();
        let full = fill(&seen);
        // There may be room within the files yet.
        let mut known = 2;
        let refused = loop {
            match browser.launch(30, "realtime").await {
                told if told.status == 201 => known += 1,
                told => break told,
            }
        };
        refused.problem(507, "disk-full");
        let login = json!({ "email": "ada@example.org", "password": PASSWORD });
        for _ in 0..3 {
            for (path, body) in [
                (super::of(&slow, "/pause"), json!({})),
                (super::of(&slow, "/resume"), json!({})),
                ("/api/auth/login".to_owned(), login.clone()),
            ] {
                let told = browser.post(&path, body).await;
                assert!([200, 507].contains(&told.status), "{path}: {told:?}");
            }
            browser.launch(30, "realtime").await.problem(507, "disk-full");
            for path in ["/api/me", "/api/businesses", "/ready", "/metrics"] {
                browser.get(path).await.ok();
            }
            for rest in ["", "/metrics", "/journal", "/tasks", "/inbox", "/audit", "/charter"] {
                browser.get(&super::of(&slow, rest)).await.ok();
                browser.get(&super::of(&fast, rest)).await.ok();
            }
        }
        std::fs::remove_file(full).unwrap();

        // What was refused was not done, and what was under way ends as if nothing had been.
        let listed = browser.get("/api/businesses?limit=200").await.ok();
        assert_eq!(listed["businesses"].as_array().unwrap().len(), known);
        let cut_short = browser.figures(&fast).await;
        let whole = browser.launch(400, "fast").await.ok();
        assert_eq!(cut_short, browser.figures(&whole).await);
        let token = sign_in(&browser.client, &browser.base).await;
        let browser = Browser { token, ..browser };
        browser.post(&super::of(&slow, "/stop"), json!({})).await.ok();
        assert_eq!(browser.get(&super::of(&slow, "")).await.ok()["status"], "stopped");
    });
    drop(daemon);
}
