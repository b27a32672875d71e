//! `bbb serve`, as an operator starts it.

use std::os::unix::fs::PermissionsExt;

use crate::cli::Place;

#[test]
fn serve_says_where_to_go_writes_the_first_link_for_its_owner_only_and_ends_in_peace() {
    let place = Place::new();
    let mut daemon = place.serving(&["serve", "--listen", "127.0.0.1:0"]);
    let line = daemon.until("listens on http://127.0.0.1:");
    let address = line.split("http://").nth(1).unwrap().to_owned();
    daemon.until("good once, for 15 minutes");
    let file = place.data().join("first-admin.link");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let link = std::fs::read_to_string(&file).unwrap();
    assert!(link.starts_with(&format!("http://{address}/welcome#bbb_fa_")), "{link}");
    let token = link.trim().split('#').nth(1).unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let body = serde_json::json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": super::PASSWORD });
        let told = client.post(format!("http://{address}/api/auth/register")).json(&body).send().await.unwrap();
        assert_eq!(told.status().as_u16(), 201);
        let body = serde_json::json!({ "email": "ada@example.org", "password": super::PASSWORD });
        let told = client.post(format!("http://{address}/api/auth/login")).json(&body).send().await.unwrap();
        let told: serde_json::Value = told.json().await.unwrap();
        let body = serde_json::json!({ "blueprint": super::TEMPLATE, "pace": "realtime" });
        let launch = client.post(format!("http://{address}/api/businesses/launch")).bearer_auth(told["access_token"].as_str().unwrap());
        assert_eq!(launch.json(&body).send().await.unwrap().status().as_u16(), 201);
    });
    assert!(!file.exists(), "it is used");
    let status = place.bbb(&["status", "--json"]).json();
    assert_eq!((&status["status"], &status["running"]), (&"active".into(), &true.into()));
    place.bbb(&["launch", super::TEMPLATE]).fails(4, "another bbb process");
    place.bbb(&["serve"]).fails(4, "another bbb process");
    place.bbb(&["pause", "--reason", "to look"]).ok();
    daemon.signal("-TERM");
    assert_eq!(daemon.end(), 0);
    let status = place.bbb(&["status", "--json"]).json();
    assert_eq!((&status["status"], &status["running"]), (&"paused".into(), &false.into()));
    assert!(!daemon.said(&token[..20]), "the link is never said where others may read it");
}

#[test]
fn serve_does_not_listen_where_others_reach_it() {
    let place = Place::new();
    place.bbb(&["serve", "--listen", "0.0.0.0:7878"]).fails(4, "TLS");
    place.bbb(&["serve", "--listen", "nowhere"]).fails(2, "server.listen");
    assert!(!place.data().exists(), "and makes nothing");
}

#[test]
fn its_log_says_who_asked_for_what_and_when_as_json_where_that_is_wanted() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("BBB_LOG_FORMAT", "json");
    let mut daemon = Place::listened_to(command);
    let address = daemon.until("listens on http://").split("http://").nth(1).unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(format!("http://{address}/api/me?secret=1")).bearer_auth("bbb_at_secret").send().await.unwrap();
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    });
    let line = daemon.until(&id);
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let said = ["level", "request", "method", "path"].map(|name| told[name].as_str().unwrap());
    assert_eq!(said, ["INFO", &id, "GET", "/api/me"], "{line}");
    assert!(told["status"] == 401 && told["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
    assert!(!line.contains("secret"), "{line}");
    let mut wrong = place.command(&["status"]);
    assert_eq!(wrong.env("BBB_LOG_FORMAT", "xml").output().unwrap().status.code(), Some(2));
}
