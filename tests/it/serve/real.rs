//! Shadow and live businesses over HTTP: who may launch them, what they need, and that they write to whom they may.

use bbb_host::config::{Config, RealBusinesses};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, Person, TEMPLATE, mail, of, until};
use crate::support::DEAD_PORT;
use crate::support::peers::{self, Peer};

const ADA: &str = "ada@engines-ltd.net";

/// A sender, a server on this port, and no quiet hours, so that no test depends on the time of the day.
fn set_up(config: &mut Config, port: u16) {
    let sender = &mut config.sender;
    (sender.name, sender.address) = ("Tester".to_owned(), "hello@tester-co.net".to_owned());
    (sender.postal_address, sender.unsubscribe) = ("1 Road, Town".to_owned(), "https://tester-co.net/u".to_owned());
    (config.smtp.host, config.smtp.port, config.smtp.tls) = ("127.0.0.1".to_owned(), port, bbb_host::config::TlsSetting::None);
    (config.quiet_hours.from, config.quiet_hours.to) = (0, 0);
}

async fn house(port: u16) -> House {
    House::with(|config| set_up(config, port)).await
}

/// A launch of this world, with somebody who agreed to be written to and somebody who did not.
pub(super) fn wanted(world: &str) -> Value {
    let ada = json!({ "email": ADA, "name": "Ada Lovelace", "company": "Engines Ltd", "note": "met at the fair", "consent": true });
    let eve = json!({ "email": "eve@gmail.com", "name": "Eve", "consent": false });
    json!({ "blueprint": TEMPLATE, "world": world, "caps": { "money": 20 }, "leads": [ada, eve], "licence_confirmed": true })
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn launch(house: &House, who: &Person, body: &Value) -> Answer {
    house.post(who, "/api/businesses/launch", body).await
}

/// The first mail that a business wants to send.
async fn mail_that_waits(house: &House, who: &Person, business: &Value) -> Value {
    loop {
        let inbox = house.get(who, &of(business, "/inbox")).await.ok();
        if let Some(item) = inbox["waiting"].as_array().unwrap().iter().find(|item| item["kind"] == "send_email") {
            return item.clone();
        }
        tokio::task::yield_now().await;
    }
}

async fn approve(house: &House, who: &Person, business: &Value, item: &Value) {
    let path = of(business, &format!("/inbox/{}/approve", item["proposal"].as_str().unwrap()));
    assert_eq!(house.post(who, &path, &Value::Null).await.status, 204);
}

/// What became of a proposal that was approved, once it has ended.
async fn ended(house: &House, who: &Person, business: &Value, item: &Value) -> Value {
    loop {
        let audit = house.get(who, &of(business, "/audit?limit=200")).await.ok();
        let rows = audit["proposals"].as_array().unwrap();
        let row = rows.iter().find(|row| row["proposal"] == item["proposal"]).unwrap();
        if !["waiting", "approved", "begun"].iter().any(|stage| row["outcome"] == *stage) {
            return row.clone();
        }
        tokio::task::yield_now().await;
    }
}

async fn server() -> Peer {
    tokio::task::spawn_blocking(|| peers::aiosmtpd(None)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_business_writes_to_who_agreed_once_its_owner_approves_and_outlives_the_daemon() {
    let peer = server().await;
    let mut house = house(peer.ports[0]).await;
    let admin = house.admin().await;
    let business = launch(&house, &admin, &wanted("live")).await.ok();
    let told = [&business["world"], &business["pace"], &business["owner"], &business["autonomy"], &business["revenue"]["simulated"]];
    assert_eq!(told, [&json!("live"), &json!("realtime"), &json!("human"), &json!(2), &json!(false)]);
    let item = mail_that_waits(&house, &admin, &business).await;
    let content = item["content"].as_str().unwrap();
    assert!(content.contains(ADA) && content.contains("1 Road, Town"), "{content}");
    assert!(peers::mails(&peer).is_empty(), "nothing leaves before it is approved");
    // It outlives the process, keys and all.
    house.stop().await;
    house.start().await;
    approve(&house, &admin, &business, &item).await;
    let sent = until("the mail", || mail::to(&peer, ADA).pop()).await;
    assert!(sent.contains("<hello@tester-co.net>") && sent.contains("1 Road, Town"), "{sent}");
    let mails = async || {
        let page = house.get(&admin, &of(&business, "/contacts")).await.ok();
        let contacts = page["contacts"].as_array().unwrap().clone();
        let of = |address: &str| contacts.iter().find(|one| one["profile"]["email"] == address).map(|one| one["mails"].clone());
        (of(ADA), of("eve@gmail.com"))
    };
    while mails().await != (Some(json!(1)), Some(json!(0))) {
        tokio::task::yield_now().await;
    }
    assert!(mail::to(&peer, "eve@gmail.com").is_empty());
    // No address stands in the clear.
    house.stop().await;
    for file in std::fs::read_dir(house.data().path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"engines"), "{} holds an address", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_needs_no_sender_and_sends_nothing() {
    let house = House::with(|config| (config.quiet_hours.from, config.quiet_hours.to) = (0, 0)).await;
    let admin = house.admin().await;
    let business = launch(&house, &admin, &wanted("shadow")).await.ok();
    let item = mail_that_waits(&house, &admin, &business).await;
    approve(&house, &admin, &business, &item).await;
    let row = ended(&house, &admin, &business, &item).await;
    assert_eq!(row["outcome"], "done", "{row}");
    let journal = house.get(&admin, &of(&business, "/journal?limit=200")).await.ok();
    assert!(journal["events"].as_array().unwrap().iter().any(|event| event["text"].as_str().unwrap().contains("recorded, not sent")));
    let contacts = house.get(&admin, &of(&business, "/contacts")).await.ok();
    let mails = |address: &str| {
        contacts["contacts"].as_array().unwrap().iter().find(|one| one["profile"]["email"] == address).unwrap()["mails"].clone()
    };
    assert_eq!((mails(ADA), mails("eve@gmail.com")), (json!(1), json!(0)), "it goes on as if it had been sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_an_owner_in_person_and_an_operator_who_allows_it() {
    let mut house = house(DEAD_PORT).await;
    let admin = house.admin().await;
    let body = wanted("live");
    let eve = house.guest(&admin, "eve").await;
    launch(&house, &eve, &body).await.problem(403, "operator-forbids");
    // A member of the administrator's tenant who runs businesses.
    let invited = json!({ "role": "operator", "email": "op@example.org", "tenant": admin.tenant });
    let invited = house.post(&admin, "/api/invitations", &invited).await.ok();
    house.register(invited["token"].as_str(), "op").await.ok();
    let operator = house.login("op").await;
    let theirs = json!({ "tenant": admin.tenant });
    launch(&house, &operator, &with(body.clone(), &theirs)).await.problem(403, "forbidden");
    let made = house.post(&admin, "/api/keys", &json!({ "name": "script", "role": "owner" })).await.ok();
    let key = Person { access: made["token"].as_str().unwrap().to_owned(), ..admin.clone() };
    launch(&house, &key, &body).await.problem(403, "human-required");
    for (setting, who) in [(RealBusinesses::Nobody, &admin), (RealBusinesses::Everybody, &eve)] {
        house.stop().await;
        house.change(|config| config.server.real_businesses = setting);
        house.start().await;
        let told = launch(&house, who, &body).await;
        match setting {
            RealBusinesses::Everybody => assert_eq!(told.ok()["world"], "live"),
            _ => drop(told.problem(403, "operator-forbids")),
        }
    }
    house.later(16 * 60_000);
    let again = house.ask("/api/auth/refresh", &json!({ "refresh_token": eve.refresh })).await.ok();
    let stale = Person { access: again["access_token"].as_str().unwrap().to_owned(), ..eve };
    launch(&house, &stale, &body).await.problem(403, "step-up-required");
    let simulated = json!({ "blueprint": TEMPLATE, "days": 1 });
    launch(&house, &stale, &simulated).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_named_and_nothing_is_there() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let told = launch(&house, &admin, &wanted("live")).await.problem(409, "not-set-up");
    assert!(told["detail"].as_str().unwrap().contains("sender."), "{told}");
    house.stop().await;
    house.change(|config| {
        set_up(config, DEAD_PORT);
        config.smtp.host.clear();
    });
    house.start().await;
    let told = launch(&house, &admin, &wanted("live")).await.problem(409, "not-set-up");
    assert!(told["detail"].as_str().unwrap().contains("smtp"), "{told}");
    house.stop().await;
    house.change(|config| config.smtp.host = "127.0.0.1".to_owned());
    house.start().await;
    let lead = |email: &str, name: &str| json!({ "email": email, "name": name, "consent": true });
    for (more, field) in [
        (json!({ "caps": {} }), "caps.money"),
        (json!({ "caps": { "money": 20, "messages_per_day": 51 } }), "caps.messages_per_day"),
        (json!({ "pace": "fast" }), "pace"),
        (json!({ "owner": "simulated" }), "owner"),
        (json!({ "zone": "Mars/Olympus" }), "zone"),
        (json!({ "charter": "permit (" }), "charter"),
        (json!({ "leads": [lead("a@b.example", ""), lead("nobody", "")] }), "leads[1].email"),
        (json!({ "leads": [lead("a@b.example", ""), lead("A@B.example", "")] }), "leads[1].email"),
        (json!({ "leads": [lead("a@b.example", "a\nb")] }), "leads[0].name"),
        (json!({ "leads": [{ "email": "a@b.example" }] }), "leads[0]"),
        (json!({ "world": "simulated" }), "leads"),
        (json!({ "world": "simulated", "leads": [], "mind": "llm" }), "mind"),
    ] {
        let told = launch(&house, &admin, &with(wanted("live"), &more)).await.problem(422, "invalid");
        assert_eq!(told["errors"][0]["field"], field, "{more}: {told}");
        assert!(!told.to_string().contains("nobody"), "what was sent is not repeated: {told}");
    }
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_allotted_than_there_is_and_no_more_allowed_than_is_configured() {
    let house = house(DEAD_PORT).await;
    let admin = house.admin().await;
    let money = |amount: u32| with(wanted("shadow"), &json!({ "caps": { "money": amount, "messages_per_day": 5 } }));
    let business = launch(&house, &admin, &money(150)).await.ok();
    let told = launch(&house, &admin, &money(51)).await.problem(409, "refused");
    assert!(!told.to_string().contains("150"), "what others have is not told: {told}");
    launch(&house, &admin, &money(50)).await.ok();
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"].as_array().unwrap().len(), 2);
    let put = |resource: &str, cap: u64| {
        let body = json!({ "caps": [{ "resource": resource, "window": "day", "cap": cap }] });
        Answer::of(house.request(Method::PUT, &of(&business, "/budgets")).bearer_auth(&admin.access).json(&body))
    };
    put("messages", 50).await.ok();
    put("messages", 51).await.problem(409, "refused");
    put("tokens", 200_001).await.problem(409, "refused");
    put("messages", 4).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_launch_that_is_sent_again_is_the_same_business() {
    let house = house(DEAD_PORT).await;
    let admin = house.admin().await;
    let send = |body: &Value| {
        let request = house.request(Method::POST, "/api/businesses/launch").bearer_auth(&admin.access);
        request.header("idempotency-key", "4fd7").json(body)
    };
    // Whoever hangs up does not cut it in two.
    for ms in 0..5 {
        let hung_up = send(&wanted("shadow")).timeout(std::time::Duration::from_millis(ms)).send().await;
        drop(hung_up);
    }
    let first = loop {
        let told = Answer::of(send(&wanted("shadow"))).await;
        // The one before may be under way yet.
        if told.status != 409 {
            break told.ok();
        }
    };
    assert_eq!(Answer::of(send(&wanted("shadow"))).await.ok()["id"], first["id"]);
    Answer::of(send(&wanted("live"))).await.problem(422, "invalid");
    let listed = house.get(&admin, "/api/businesses").await.ok();
    assert_eq!(listed["businesses"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_said_is_noted_by_programs_too_and_people_are_brought_in_and_forgotten_in_person() {
    let mut house = house(DEAD_PORT).await;
    let admin = house.admin().await;
    let business = launch(&house, &admin, &wanted("shadow")).await.ok();
    let made = house.post(&admin, "/api/keys", &json!({ "name": "mailbox", "role": "operator" })).await.ok();
    let key = Person { access: made["token"].as_str().unwrap().to_owned(), ..admin.clone() };
    let heard = async |who: &Person, body: Value| house.post(who, &of(&business, "/contacts/heard"), &body).await;
    let replied = heard(&key, json!({ "what": "replied", "who": ADA, "intent": "interested" })).await.ok();
    assert_eq!((&replied["known"], &replied["new"], &replied["order"]), (&json!(true), &json!(true), &Value::Null));
    let ordered = json!({ "what": "ordered", "who": replied["contact"], "price_usd": 120.5, "reference": "A-1" });
    let first = heard(&key, ordered.clone()).await.ok();
    assert!(first["new"] == true && first["order"].is_string(), "{first}");
    assert_eq!(heard(&key, ordered).await.ok()["new"], false, "the same order twice is one");
    heard(&key, json!({ "what": "ordered", "who": "bob@looms-ltd.net", "price_usd": 1 })).await.problem(404, "not-found");
    for (body, part) in [
        (json!({ "what": "sang", "who": ADA }), "unknown variant"),
        (json!({ "what": "replied", "who": ADA, "intent": "happy" }), "unknown variant"),
        (json!({ "what": "replied", "who": "ada at home", "intent": "declined" }), "neither a mail address"),
        (json!({ "what": "ordered", "who": ADA, "price_usd": 0.001 }), "two decimals"),
        (json!({ "what": "ordered", "who": ADA, "price_usd": 1, "reference": "" }), "reference"),
    ] {
        let told = heard(&key, body.clone()).await.problem(422, "invalid").to_string();
        assert!(told.contains(part) && !told.contains("at home"), "{body}: {told}");
    }
    let more = json!({ "leads": [{ "email": "bob@looms-ltd.net", "consent": true }, { "email": ADA, "consent": true }] });
    house.post(&key, &of(&business, "/contacts"), &more).await.problem(403, "human-required");
    let brought = house.post(&admin, &of(&business, "/contacts"), &more).await.ok();
    assert_eq!((&brought["new"], &brought["new_with_consent"], &brought["known"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(heard(&key, json!({ "what": "unsubscribed", "who": "bob@looms-ltd.net" })).await.ok()["new"], true);
    assert_eq!(house.post(&admin, &of(&business, "/contacts"), &more).await.ok()["left_out"], 1, "nothing brings them back");
    assert_eq!(house.post(&admin, &of(&business, "/contacts/erase"), &json!({ "who": ADA })).await.ok()["new"], true);
    let contacts = house.get(&admin, &of(&business, "/contacts")).await.ok();
    let ada = contacts["contacts"].as_array().unwrap().iter().find(|one| one["contact"] == replied["contact"]).unwrap();
    assert_eq!((&ada["erased"], &ada["suppressed"], &ada["profile"]), (&json!(true), &json!(true), &Value::Null));
    // It is in the journal, whoever runs it next.
    house.stop().await;
    house.start().await;
    let again = house.get(&admin, &of(&business, "/contacts")).await.ok();
    assert_eq!(again["contacts"].as_array().unwrap().iter().filter(|one| one["suppressed"] == true).count(), 2, "{again}");
}
