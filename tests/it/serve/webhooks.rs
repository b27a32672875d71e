//! Webhooks: signed as Standard Webhooks has it, which the official library checks, and led nowhere that they must not lead.

use bbb_host::accounts::Way;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, Person, until};
use crate::support::peers::{self, Peer};

const DAY_MS: i64 = 24 * 60 * 60_000;

/// A house whose webhooks may lead to a receiver on this machine.
pub(super) async fn house() -> (House, Peer) {
    // As if it were the time of the house.
    let peer = tokio::task::spawn_blocking(|| peers::webhook_receiver(1_800_000_000_000, None)).await.unwrap();
    let house = House::with(|config| config.outbound.allowed_hosts = vec![format!("127.0.0.1:{}", peer.ports[0])]).await;
    (house, peer)
}

pub(super) async fn webhook(house: &House, peer: &Peer, who: &Person, more: Value) -> Value {
    let mut body = json!({ "url": format!("http://127.0.0.1:{}/hook?token=x", peer.ports[0]) });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.post(who, "/api/webhooks", &body).await.ok()
}

pub(super) fn knows(peer: &Peer, secrets: &[&Value]) {
    let lines: Vec<&str> = secrets.iter().map(|secret| secret.as_str().unwrap()).collect();
    std::fs::write(peer.dir.path().join("secrets"), lines.join("\n")).unwrap();
}

fn answers(peer: &Peer, status: u16) {
    std::fs::write(peer.dir.path().join("status"), status.to_string()).unwrap();
}

pub(super) async fn took(peer: &Peer, count: usize) -> Vec<Value> {
    until(&format!("{count} messages"), || Some(peers::taken(peer)).filter(|taken| taken.len() >= count)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_library_verifies_what_is_sent_also_while_the_secret_changes() {
    let (house, peer) = house().await;
    let admin = house.admin().await;
    let made = webhook(&house, &peer, &admin, json!({ "kinds": ["business_over"] })).await;
    let (id, first) = (made["id"].as_str().unwrap(), &made["secret"]);
    assert!(first.as_str().unwrap().starts_with("whsec_"));
    let strange = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    knows(&peer, &[first, &strange]);
    let post = |what: &str| {
        let (house, admin, path) = (&house, &admin, format!("/api/webhooks/{id}/{what}"));
        async move { house.post(admin, &path, &Value::Null).await }
    };
    assert_eq!(post("test").await.status, 202);
    let taken = took(&peer, 1).await;
    assert_eq!(taken[0]["verified"], json!([true, false]), "{taken:?}");
    assert_eq!((&taken[0]["body"]["type"], &taken[0]["path"]), (&json!("test"), &json!("/hook?token=x")));
    assert!(taken[0]["id"].as_str().unwrap().starts_with("msg_"));
    let second = post("rotate").await.ok()["secret"].clone();
    knows(&peer, &[first, &second]);
    post("test").await.ok();
    assert_eq!(took(&peer, 2).await[1]["verified"], json!([true, true]), "both sign for a day");
    let listed = house.get(&admin, "/api/webhooks").await.ok();
    let shown = &listed["webhooks"][0];
    assert_eq!((&shown["origin"], &shown["kinds"]), (&json!(format!("http://127.0.0.1:{}", peer.ports[0])), &json!(["business_over"])));
    assert!(!listed.to_string().contains("whsec_") && !listed.to_string().contains("token"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_certificate_must_be_trusted() {
    let (certificate, peer) = tokio::task::spawn_blocking(|| {
        let certificate = peers::certificate();
        let peer = peers::webhook_receiver(1_800_000_000_000, Some(&certificate));
        (certificate, peer)
    })
    .await
    .unwrap();
    let allowed = vec![format!("localhost:{}", peer.ports[0])];
    let url = format!("https://localhost:{}/", peer.ports[0]);
    let strict = House::with(|config| config.outbound.allowed_hosts.clone_from(&allowed)).await;
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root.pem");
    std::fs::write(&root, &certificate.root).unwrap();
    let trusting = House::with(|config| {
        config.outbound.allowed_hosts = allowed;
        config.outbound.root_certificate_file = root.display().to_string();
    })
    .await;
    for house in [&strict, &trusting] {
        let admin = house.admin().await;
        let made = house.post(&admin, "/api/webhooks", &json!({ "url": url })).await.ok();
        knows(&peer, &[&made["secret"]]);
        house.post(&admin, &format!("/api/webhooks/{}/test", made["id"].as_str().unwrap()), &Value::Null).await.ok();
        let accounts = house.daemon().accounts();
        until("an attempt", || Some(accounts.letters().unwrap()[1]).filter(|tally| tally.said + tally.failed > 0)).await;
    }
    let taken = peers::taken(&peer);
    assert_eq!((taken.len(), &taken[0]["verified"]), (1, &json!([true])), "the other one was refused before anything was sent: {taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_sent_again_under_its_id_redirects_are_not_followed_and_a_dead_webhook_is_switched_off() {
    let (house, peer) = house().await;
    let admin = house.admin().await;
    let made = webhook(&house, &peer, &admin, json!({})).await;
    let path = format!("/api/webhooks/{}", made["id"].as_str().unwrap());
    let test = format!("{path}/test");
    let shown = || async { house.get(&admin, "/api/webhooks").await.ok()["webhooks"][0].clone() };
    answers(&peer, 302);
    house.post(&admin, &test, &Value::Null).await.ok();
    took(&peer, 1).await;
    let failed = |count| {
        let accounts = house.daemon().accounts();
        until("a failed attempt", move || (accounts.letters().unwrap()[1].failed >= count).then_some(()))
    };
    failed(1).await;
    house.later(60_000);
    let taken = took(&peer, 2).await;
    assert_eq!(taken[0]["id"], taken[1]["id"]);
    assert!(taken.iter().all(|one| one["path"] == "/hook?token=x"), "{taken:?}");
    failed(2).await;
    assert!(shown().await["failing_since"].is_string());
    answers(&peer, 204);
    house.later(10 * 60_000);
    took(&peer, 3).await;
    until("the message was said", || (house.daemon().accounts().letters().unwrap()[1].waiting == 0).then_some(())).await;
    assert_eq!(shown().await["failing_since"], Value::Null, "one success forgives");
    answers(&peer, 500);
    let id = made["id"].as_str().unwrap().parse().unwrap();
    for day in 0.. {
        let before = house.daemon().accounts().letters().unwrap()[1].failed;
        // Messages of days before are tried again too, and one of them may be the last straw.
        if house.daemon().accounts().test_webhook(id).await.is_err() {
            assert!(day > 2, "{day}");
            break;
        }
        failed(before + 1).await;
        assert!(day < 5, "it fails on and on");
        house.later(DAY_MS);
    }
    let admin = house.login("admin").await;
    let listed = house.get(&admin, "/api/webhooks").await.ok();
    assert_eq!(listed["webhooks"][0]["on"], false, "{listed}");
    house.post(&admin, &test, &Value::Null).await.problem(409, "conflict");
    let on = Answer::of(house.request(Method::PUT, &path).bearer_auth(&admin.access).json(&json!({ "on": true }))).await.ok();
    assert_eq!((&on["on"], &on["failing_since"]), (&json!(true), &Value::Null));
    answers(&peer, 410);
    house.post(&admin, &test, &Value::Null).await.ok();
    let accounts = house.daemon().accounts();
    until("it is gone", || (!accounts.webhook(made["id"].as_str().unwrap().parse().unwrap()).unwrap().on).then_some(())).await;
    let gone = house.request(Method::DELETE, &path).bearer_auth(&admin.access);
    assert_eq!(Answer::of(gone).await.status, 204);
    until("nothing waits for it", || {
        house.later(60_000);
        accounts.waiting_letters(Way::Webhook, 10).unwrap().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_lead_to_the_public_network_only_and_are_their_tenants_alone() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest(&admin, "ada").await, house.guest(&admin, "eve").await);
    for url in [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://ada:secret@hooks.example/",
        "ftp://hooks.example/",
        "hooks",
    ] {
        let told = house.post(&ada, "/api/webhooks", &json!({ "url": url })).await.problem(422, "invalid");
        assert_eq!(told["errors"][0]["field"], "url", "{told}");
        assert!(!told.to_string().contains("secret"), "{told}");
    }
    let made = house.post(&ada, "/api/webhooks", &json!({ "url": "https://hooks.example/" })).await.ok();
    let id = made["id"].as_str().unwrap();
    for (method, rest, body) in [
        (Method::PUT, "", json!({ "on": true })),
        (Method::DELETE, "", Value::Null),
        (Method::POST, "/test", Value::Null),
        (Method::POST, "/rotate", Value::Null),
    ] {
        let mut answers = Vec::new();
        for id in [id, "whk_00000000000000aa", "whk_x"] {
            let request = house.request(method.clone(), &format!("/api/webhooks/{id}{rest}")).bearer_auth(&eve.access);
            let mut told = Answer::of(if body.is_null() { request } else { request.json(&body) }).await.problem(404, "not-found");
            told.as_object_mut().unwrap().remove("instance");
            answers.push(told);
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    }
    house.get(&eve, &format!("/api/webhooks?tenant={}", ada.tenant)).await.problem(404, "not-found");
    let body = json!({ "url": "https://hooks.example/" });
    house.post(&eve, &format!("/api/webhooks?tenant={}", ada.tenant), &body).await.problem(404, "not-found");
    let invited = house.post(&ada, "/api/invitations", &json!({ "role": "operator" })).await.ok();
    house.register(invited["token"].as_str(), "bob").await.ok();
    let bob = house.login("bob").await;
    house.get(&bob, &format!("/api/webhooks?tenant={}", ada.tenant)).await.ok();
    house.post(&bob, &format!("/api/webhooks?tenant={}", ada.tenant), &body).await.problem(403, "forbidden");
    for _ in 1..10 {
        house.post(&ada, "/api/webhooks", &body).await.ok();
    }
    house.post(&ada, "/api/webhooks", &body).await.problem(403, "quota");
}
