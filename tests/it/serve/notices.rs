//! What members are told of their businesses: once, whatever is killed in between.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::kill::{register, serve, sign_in};
use super::mail::{confirmed, mail, to};
use super::webhooks::{house, took, webhook};
use super::{Answer, House, Person, TEMPLATE, of, until};
use crate::cli::Place;
use crate::support::peers;

const DAY_MS: i64 = 24 * 60 * 60_000;

async fn prefer(house: &House, who: &Person, mail: Value) -> Value {
    Answer::of(house.request(Method::PUT, "/api/notifications").bearer_auth(&who.access).json(&json!({ "mail": mail }))).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_are_mailed_as_each_prefers() {
    let peer = tokio::task::spawn_blocking(|| peers::aiosmtpd(None)).await.unwrap();
    let house = House::mailing(peer.ports[0], |_| {}).await;
    let admin = house.admin().await;
    confirmed(&house, &peer, &admin).await;
    let invited = house.post(&admin, "/api/invitations", &json!({ "role": "viewer", "email": "eve@example.org" })).await.ok();
    house.register(invited["token"].as_str(), "eve").await.ok();
    let eve = house.login("eve").await;
    confirmed(&house, &peer, &eve).await;
    let shown = house.get(&admin, "/api/notifications").await.ok();
    assert_eq!((&shown["mailed"], &shown["mail"]["approval_waiting"]), (&json!(true), &json!("at_once")));
    let business = house.launch(&admin, json!({ "pace": "realtime", "autonomy": 2, "owner": "human" })).await;
    let id = business["id"].as_str().unwrap();
    let asked = mail(&peer, &admin.email, "A business waits for your answer").await;
    assert!(asked.contains(id), "{asked}");
    until("all is said", || (house.daemon().accounts().letters().unwrap()[0].waiting == 0).then_some(())).await;
    assert!(!to(&peer, &eve.email).iter().any(|mail| mail.contains("waits for your answer")), "a viewer cannot answer");
    prefer(&house, &admin, json!({ "business_over": "daily", "budget_alert": "never" })).await;
    house.post(&admin, &of(&business, "/stop"), &json!({})).await.ok();
    mail(&peer, &eve.email, "A business is over").await;
    let over = house.launch(&admin, json!({ "days": 1 })).await;
    let accounts = house.daemon().accounts();
    let read = |business: &Value| {
        let (id, events) = (business["id"].as_str().unwrap().parse().unwrap(), 1);
        until("its journal was read", move || accounts.noted(id).unwrap().filter(|noted| noted.sequence > events))
    };
    read(&over).await;
    assert!(!to(&peer, &admin.email).iter().any(|mail| mail.contains("A business is over")));
    // Both are in one mail, on the next morning; a business that has just ended may be read a moment later.
    until("both are over", || {
        let ended = |one: &Value| accounts.noted(one["id"].as_str().unwrap().parse().unwrap()).unwrap().is_some();
        (ended(&business) && ended(&over)).then_some(())
    })
    .await;
    let mut lines = BTreeSet::new();
    while lines.len() < 2 {
        house.later(DAY_MS);
        mail(&peer, &admin.email, "What your businesses did").await;
        for digest in to(&peer, &admin.email).iter().filter(|mail| mail.contains("What your businesses did")) {
            lines.extend([&business, &over].map(|one| one["id"].as_str().unwrap()).into_iter().filter(|id| digest.contains(id)));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_hear_of_budgets_and_the_end_and_a_fork_repeats_nothing_of_its_source() {
    let (house, peer) = house().await;
    let admin = house.admin().await;
    webhook(&house, &peer, &admin, json!({})).await;
    let business = house.launch(&admin, json!({ "days": 20, "caps": { "messages": 1 } })).await;
    let over = |one: &Value, taken: &[Value]| {
        taken.iter().filter(|taken| taken["body"]["type"] == "business.over" && taken["body"]["data"]["business_id"] == one["id"]).count()
    };
    until("it is over", || (over(&business, &peers::taken(&peer)) == 1).then_some(())).await;
    let events = house.get(&admin, &of(&business, "")).await.ok()["events"].as_u64().unwrap();
    let body = json!({ "at_event": events / 2, "price_usd": 100 });
    let fork = house.post(&admin, &of(&business, "/fork"), &body).await;
    let fork = fork.ok();
    until("the fork is over", || (over(&fork, &peers::taken(&peer)) == 1).then_some(())).await;
    let taken = took(&peer, 2).await;
    let alerts: Vec<_> =
        taken.iter().filter(|one| one["body"]["type"] == "budget.alert" && one["body"]["data"]["business_id"] == business["id"]).collect();
    let percents: BTreeSet<_> =
        alerts.iter().map(|one| (one["body"]["data"]["resource"].as_str(), one["body"]["data"]["percent"].as_u64())).collect();
    assert!(percents.contains(&(Some("messages"), Some(100))), "{alerts:?}");
    let mut ids = BTreeMap::new();
    for one in &taken {
        *ids.entry(one["id"].as_str().unwrap()).or_insert(0) += 1;
    }
    assert!(ids.values().all(|count| *count == 1), "{taken:?}");
    let of_fork = taken.iter().filter(|one| one["body"]["data"]["business_id"] == fork["id"]);
    assert!(of_fork.clone().all(|one| one["body"]["data"]["event"].as_u64().unwrap() > events / 2), "{taken:?}");
}

/// What the journals of all businesses tell: `(business, event)` of each budget that reached 80 % and of each end.
fn told_by_journals(place: &Place) -> BTreeSet<(String, u64)> {
    let mut all = BTreeSet::new();
    for row in place.bbb(&["status", "--json"]).json()["businesses"].as_array().unwrap() {
        let id = row["business"].as_str().unwrap();
        let text = place.bbb(&["journal", "export", id]).ok();
        for line in text.lines() {
            let Ok(record) = serde_json::from_str::<Value>(line) else { continue };
            let payload = &record["payload"];
            let alert = payload["type"] == "budget_reached" && payload["window"] == "total" && payload["percent"].as_u64() >= Some(80);
            if alert || payload["type"] == "ended" {
                all.insert((id.to_owned(), record["sequence"].as_u64().unwrap()));
            }
        }
    }
    all
}

#[test]
fn a_daemon_that_is_killed_again_and_again_tells_everything_and_nothing_under_two_ids() {
    let now_ms = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let peer = peers::webhook_receiver(now_ms, None);
    let place = Place::new();
    let state = place.path().join("master.key");
    place.write(
        "bbb.toml",
        &format!("[server]\nmaster_key_file = \"{}\"\n[outbound]\nallowed_hosts = [\"127.0.0.1:{}\"]\n", state.display(), peer.ports[0]),
    );
    let (mut daemon, mut base) = serve(&place);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        register(&client, &base, &place).await;
        let token = sign_in(&client, &base).await;
        let body = json!({ "url": format!("http://127.0.0.1:{}/", peer.ports[0]) });
        Answer::of(client.post(format!("{base}/api/webhooks")).bearer_auth(&token).json(&body)).await.ok();
        for round in 0..6 {
            // It uses up its messages.
            let body = json!({ "blueprint": TEMPLATE, "days": 20, "seed": 100 + round, "caps": { "messages": 5 } });
            Answer::of(client.post(format!("{base}/api/businesses/launch")).bearer_auth(&token).json(&body)).await.ok();
            // Killed at another moment each time: some before a journal was read, some while messages are under way.
            until("some were told", || (peers::taken(&peer).len() >= round).then_some(())).await;
            daemon.signal("-KILL");
            assert_eq!(daemon.end(), -1);
            (daemon, base) = serve(&place);
        }
        until("all are over and told", || {
            let over = peers::taken(&peer).into_iter().filter(|one| one["body"]["type"] == "business.over");
            let ids: BTreeSet<String> = over.map(|one| one["body"]["data"]["business_id"].as_str().unwrap().to_owned()).collect();
            (ids.len() == 6).then_some(())
        })
        .await;
        // What was under way when the daemon was killed may come later than what was said after it.
        until("nothing waits any more", || {
            let outbox = place.bbb(&["admin", "outbox", "--json"]).json();
            outbox["waiting"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
    });
    daemon.signal("-TERM");
    assert_eq!(daemon.end(), 0);
    let expected = told_by_journals(&place);
    assert!(expected.len() > 9, "the end of each, and 80 % or 100 % of most: {expected:?}");
    // A message may have come twice, where the daemon was killed before it noted that it was taken: then under one id.
    let mut ids: BTreeMap<(String, u64), BTreeSet<String>> = BTreeMap::new();
    for one in peers::taken(&peer) {
        let data = &one["body"]["data"];
        let which = (data["business_id"].as_str().unwrap().to_owned(), data["event"].as_u64().unwrap());
        ids.entry(which).or_default().insert(one["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_a_business_does_not_run_is_told_each_time_that_it_comes_to_that_and_once() {
    let (mut house, peer) = house().await;
    let admin = house.admin().await;
    webhook(&house, &peer, &admin, json!({ "kinds": ["business_failed"] })).await;
    let business = house.launch(&admin, json!({ "pace": "realtime", "days": 30 })).await;
    let id = business["id"].as_str().unwrap();
    house.stop().await;
    let signed = house.data().path().join(format!("{id}.checkpoints"));
    let good = std::fs::read(&signed).unwrap();
    for count in 1..=2 {
        std::fs::write(&signed, "nothing\n").unwrap();
        // It is to be started, not to rest.
        drop(std::fs::remove_file(house.data().path().join("rests.redb")));
        for _ in 0..2 {
            house.start().await;
            let taken = took(&peer, count).await;
            assert_eq!(taken.len(), count, "{taken:?}");
            assert_eq!(
                (&taken[count - 1]["body"]["type"], &taken[count - 1]["body"]["data"]["business_id"]),
                (&json!("business.failed"), &json!(id))
            );
            house.stop().await;
        }
        std::fs::write(&signed, &good).unwrap();
        house.start().await;
        let accounts = house.daemon().accounts();
        until("it runs again", || (!accounts.noted(id.parse().unwrap()).unwrap().unwrap().failed).then_some(())).await;
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_far_journals_without_news_were_read_is_written_when_the_daemon_ends() {
    let mut house = House::with(|config| config.server.rest_after_s = 0).await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let id = business["id"].as_str().unwrap().parse().unwrap();
    until("it rests", || (!house.daemon().service().is_running(id)).then_some(())).await;
    // Each start looks at all journals before it ends; nothing is due in this one.
    for _ in 0..2 {
        house.stop().await;
        house.start().await;
    }
    let events = house.daemon().service().events(id).await.unwrap().0;
    assert_eq!(house.daemon().accounts().noted(id).unwrap().map(|noted| noted.sequence), Some(events.len() as u64));
}
