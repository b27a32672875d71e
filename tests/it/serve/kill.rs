//! The daemon, killed by SIGKILL while it launches: what it said is there, nothing is there twice, and everything goes on.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};

use super::{Answer, PASSWORD, TEMPLATE};
use crate::cli::{Place, Running};

/// Kills, and launches that are under way at a time.
const ROUNDS: usize = 5;
const AT_A_TIME: usize = 4;

/// A daemon that listens, and its address.
pub(super) fn serve(place: &Place) -> (Running, String) {
    let mut daemon = place.serving(&["serve", "--listen", "127.0.0.1:0"]);
    let address = daemon.until("listens on http://").split("http://").nth(1).unwrap().to_owned();
    daemon.until("the API");
    (daemon, format!("http://{address}"))
}

/// Makes the first administrator, by the link that the daemon wrote.
pub(super) async fn register(client: &reqwest::Client, base: &str, place: &Place) {
    let link = std::fs::read_to_string(place.data().join("first-admin.link")).unwrap();
    let body = json!({ "token": link.trim().split('#').nth(1), "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    Answer::of(client.post(format!("{base}/api/auth/register")).json(&body)).await.ok();
}

pub(super) async fn sign_in(client: &reqwest::Client, base: &str) -> String {
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let told = Answer::of(client.post(format!("{base}/api/auth/login")).json(&body)).await.ok();
    told["access_token"].as_str().unwrap().to_owned()
}

/// What is sent with a key.
enum Sent {
    /// A simulated launch, which comes to its end.
    Simulated,
    /// A launch of a shadow business.
    Shadow,
    /// A fork of the first business, with a price of its own.
    Fork(u32),
}

impl Sent {
    fn with(key: &str) -> Sent {
        let number = key.split_once('-').map_or(0, |(round, next)| 10 * round.parse::<u32>().unwrap() + next.parse::<u32>().unwrap());
        match number % 3 {
            _ if key == "first" => Sent::Simulated,
            0 => Sent::Simulated,
            1 => Sent::Shadow,
            _ => Sent::Fork(number),
        }
    }
}

/// Launches or forks with a key. Nothing where the daemon died over it.
async fn launch(client: &reqwest::Client, base: &str, token: &str, (first, key): (&str, String)) -> Option<(String, String)> {
    let (path, body) = match Sent::with(&key) {
        Sent::Simulated => ("launch".to_owned(), json!({ "blueprint": TEMPLATE, "days": 2 })),
        Sent::Shadow => {
            let leads = [json!({ "email": "eve@example.org", "consent": true })];
            ("launch".to_owned(), json!({ "blueprint": TEMPLATE, "world": "shadow", "caps": { "money": 0 }, "leads": leads }))
        }
        Sent::Fork(number) => (format!("{first}/fork"), json!({ "at_day": 1, "price_usd": 100 + number })),
    };
    let request = client.post(format!("{base}/api/businesses/{path}")).bearer_auth(token).header("idempotency-key", &key).json(&body);
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let told: Value = response.json().await.ok()?;
    assert_eq!(status, 201, "{told}");
    Some((key, told["id"].as_str().unwrap().to_owned()))
}

/// Reads a business's events until it is over.
async fn ends(client: &reqwest::Client, base: &str, token: &str, id: &str) {
    let events = client.get(format!("{base}/api/businesses/{id}/events")).bearer_auth(token).send().await.unwrap();
    assert!(events.text().await.unwrap().contains("\"ended\""), "{id} goes on to its end");
}

async fn listed(client: &reqwest::Client, base: &str, token: &str) -> BTreeSet<String> {
    let told = Answer::of(client.get(format!("{base}/api/businesses?limit=200")).bearer_auth(token)).await.ok();
    assert_eq!(told["next"], Value::Null);
    told["businesses"].as_array().unwrap().iter().map(|business| business["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_killed_daemon_keeps_what_it_said_and_launches_nothing_twice() {
    let place = Place::new();
    let (mut daemon, mut base) = serve(&place);
    daemon.until("first-admin.link");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        register(&client, &base, &place).await;
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let token = sign_in(&client, &base).await;
        let (key, first) = launch(&client, &base, &token, ("", "first".to_owned())).await.unwrap();
        ends(&client, &base, &token, &first).await;
        let mut sent: Vec<String> = vec![key];
        for round in 0..ROUNDS {
            let token = sign_in(&client, &base).await;
            let mut next = 0;
            let mut key = || {
                next += 1;
                format!("{round}-{next}")
            };
            let mut under_way = FuturesUnordered::new();
            for _ in 0..AT_A_TIME {
                let key = key();
                sent.push(key.clone());
                under_way.push(launch(&client, &base, &token, (&first, key)));
            }
            // It is killed with others under way, after a number of answers that grows.
            for _ in 0..round {
                told.extend(under_way.next().await.flatten());
                let key = key();
                sent.push(key.clone());
                under_way.push(launch(&client, &base, &token, (&first, key)));
            }
            daemon.signal("-KILL");
            while let Some(answer) = under_way.next().await {
                told.extend(answer);
            }
            drop(under_way);
            assert_eq!(daemon.end(), -1);
            (daemon, base) = serve(&place);
        }
        let token = sign_in(&client, &base).await;
        let before = listed(&client, &base, &token).await;
        assert!(told.values().all(|id| before.contains(id)), "{told:?} in {before:?}");
        for key in &sent {
            let (_, id) = launch(&client, &base, &token, (&first, key.clone())).await.unwrap();
            assert_eq!(told.entry(key.clone()).or_insert(id.clone()), &id, "{key}");
        }
        let after = listed(&client, &base, &token).await;
        assert_eq!(after, told.values().cloned().collect(), "one for each key, and no other");
        assert_eq!(after.len(), sent.len());
        for (_, id) in told.iter().filter(|(key, _)| !matches!(Sent::with(key), Sent::Shadow)) {
            ends(&client, &base, &token, id).await;
        }
    });
    daemon.signal("-TERM");
    assert_eq!(daemon.end(), 0);
    for row in place.bbb(&["status", "--json"]).json()["businesses"].as_array().unwrap() {
        place.bbb(&["journal", "verify", row["business"].as_str().unwrap()]).ok();
    }
}
