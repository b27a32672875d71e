//! Launching businesses, looking at them, and telling them what to do.

use reqwest::Method;
use serde_json::{Value, json};

use super::live::read_to_the_end;
use super::{Answer, House, TEMPLATE, of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_is_launched_runs_to_its_end_and_tells_all_of_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    let launched = house.launch(&admin, json!({ "days": 20, "caps": { "money": 5000 } })).await;
    assert_eq!((&launched["world"], &launched["pace"], &launched["tenant"]), (&json!("simulated"), &json!("fast"), &json!(admin.tenant)));
    read_to_the_end(&house, &admin, &launched).await;
    let told = house.get(&admin, &of(&launched, "")).await.ok();
    assert_eq!((&told["status"], &told["days"], &told["revenue"]["simulated"]), (&json!("completed"), &json!(20), &json!(true)));
    let metrics = house.get(&admin, &of(&launched, "/metrics")).await.ok();
    assert_eq!(metrics["metrics"]["revenue"]["total"], told["revenue"]["total"]);
    assert!(metrics["metrics"]["leads"].as_u64().unwrap() > 0 && metrics["agents"].as_array().unwrap().len() == 7);
    assert_eq!(house.get(&admin, &of(&launched, "/metrics/history")).await.ok()["history"].as_array().unwrap().len(), 20);
    assert_eq!(house.get(&admin, &of(&launched, "/agents")).await.ok()["agents"], metrics["agents"]);
    assert_eq!(house.get(&admin, &of(&launched, "/inbox")).await.ok()["waiting"], json!([]));
    // The same engine as everywhere: what it came to is what the seed says.
    let totals = &metrics["metrics"]["tasks"];
    let mut seen = 0;
    let mut path = of(&launched, "/tasks?limit=7&status=completed");
    loop {
        let page = house.get(&admin, &path).await.ok();
        seen += page["tasks"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        path = of(&launched, &format!("/tasks?limit=7&status=completed&cursor={next}"));
    }
    assert_eq!(seen as u64, totals["completed"].as_u64().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_a_journal_are_the_journal() {
    let house = House::new().await;
    let admin = house.admin().await;
    let launched = house.launch(&admin, json!({})).await;
    let live = read_to_the_end(&house, &admin, &launched).await;
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let page = house.get(&admin, &of(&launched, &format!("/journal?after={after}&limit=50"))).await.ok();
        events.extend(page["events"].as_array().unwrap().clone());
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(events.len(), live.len());
    for (index, (event, heard)) in events.iter().zip(&live).enumerate() {
        assert_eq!(event["sequence"], index + 1);
        assert_eq!((&event["payload"], &event["text"]), (&heard["payload"], &heard["text"]));
    }
    let told = house.get(&admin, &of(&launched, "")).await.ok();
    assert_eq!((&events.last().unwrap()["hash"], &json!(events.len())), (&told["head"], &told["events"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_launched_is_refused_by_field_and_nothing_is_there() {
    let house = House::new().await;
    let admin = house.admin().await;
    let refuse = |body: Value| {
        let (house, admin) = (&house, &admin);
        async move { house.post(admin, "/api/businesses/launch", &body).await }
    };
    for (body, field) in [
        (json!({ "blueprint": TEMPLATE, "days": 0 }), "days"),
        (json!({ "blueprint": TEMPLATE, "days": 4000 }), "days"),
        (json!({ "blueprint": TEMPLATE, "autonomy": 7 }), "autonomy"),
        (json!({ "blueprint": "" }), "blueprint"),
        (json!({ "blueprint": TEMPLATE, "caps": { "money": -5 } }), "caps.money"),
        (json!({ "blueprint": TEMPLATE, "pace": "slow" }), "pace"),
        (json!({ "blueprint": TEMPLATE, "founder": "a\nb" }), "founder"),
    ] {
        let told = refuse(body.clone()).await.problem(422, "invalid");
        assert_eq!(told["errors"][0]["field"], field, "{body}: {told}");
    }
    refuse(json!({ "blueprint": TEMPLATE, "world": "live" })).await.problem(422, "invalid");
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_a_keyed_launch_is_sent_one_business_is_launched() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let eve = house.guest(&admin, "eve").await;
    let body = json!({ "blueprint": TEMPLATE, "days": 2 });
    let send = |house: &House, who: &super::Person, key: &str, body: &Value| {
        let request = house.request(Method::POST, "/api/businesses/launch").bearer_auth(&who.access);
        Answer::of(request.header("idempotency-key", key).json(body))
    };
    let first = send(&house, &admin, "one", &body).await;
    assert_eq!((first.status, first.headers.contains_key("idempotency-replayed")), (201, false));
    assert_eq!(first.header("location"), of(&first.body, ""));
    let again = send(&house, &admin, "one", &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    let other = json!({ "blueprint": TEMPLATE, "days": 3 });
    send(&house, &admin, "one", &other).await.problem(422, "invalid");
    assert_ne!(send(&house, &eve, "one", &body).await.ok()["id"], first.body["id"], "each has keys of their own");
    send(&house, &admin, "two", &json!({ "blueprint": TEMPLATE, "days": 0 })).await.problem(422, "invalid");
    send(&house, &admin, "two", &other).await.ok();
    house.stop().await;
    house.start().await;
    assert_eq!(send(&house, &admin, "one", &body).await.ok()["id"], first.body["id"]);
    assert_eq!(house.get(&admin, "/api/businesses").await.ok()["businesses"].as_array().unwrap().len(), 2);
    house.later(24 * 60 * 60_000);
    let admin = house.login("admin").await;
    assert_ne!(send(&house, &admin, "one", &body).await.ok()["id"], first.body["id"], "after a day it is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn businesses_are_listed_in_pages_the_newest_first() {
    let house = House::new().await;
    let admin = house.admin().await;
    let mut launched = Vec::new();
    for _ in 0..5 {
        house.later(1000);
        launched.push(house.launch(&admin, json!({ "days": 1 })).await["id"].clone());
    }
    launched.reverse();
    let (mut listed, mut path) = (Vec::new(), "/api/businesses?limit=2".to_owned());
    loop {
        let page = house.get(&admin, &path).await.ok();
        listed.extend(page["businesses"].as_array().unwrap().iter().map(|business| business["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/businesses?limit=2&cursor={next}");
    }
    assert_eq!(listed, launched);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_at_the_pace_of_the_wall_is_paused_resumed_survives_a_restart_and_is_ended() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime", "days": 30 })).await;
    let show = |house: &House| {
        let request = house.request(Method::GET, &of(&business, "")).bearer_auth(&admin.access);
        Answer::of(request)
    };
    let told = show(&house).await.ok();
    assert_eq!((&told["status"], &told["running"], &told["days"]), (&json!("active"), &json!(true), &json!(0)));
    let paused = house.post(&admin, &of(&business, "/pause"), &json!({ "reason": "to look" })).await.ok();
    assert_eq!((&paused["status"], &paused["paused_because"]), (&json!("paused"), &json!("to look")));
    house.post(&admin, &of(&business, "/pause"), &json!({})).await.problem(409, "refused");
    house.stop().await;
    house.start().await;
    let told = house.post(&admin, &of(&business, "/resume"), &json!({})).await.ok();
    assert_eq!((&told["status"], &told["running"]), (&json!("active"), &json!(true)));
    let told = Answer::of(house.request(Method::PUT, &of(&business, "/autonomy")).bearer_auth(&admin.access).json(&json!({ "level": 2 })));
    assert_eq!(told.await.ok()["autonomy"], 2);
    let stopped = house.post(&admin, &of(&business, "/stop"), &json!({})).await.ok();
    assert_eq!(stopped["status"], "stopped");
    house.post(&admin, &of(&business, "/resume"), &json!({})).await.problem(409, "refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_ended_goes_on_after_a_restart_and_comes_to_the_same_end() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let cut_short = house.launch(&admin, json!({ "days": 150 })).await;
    house.stop().await;
    house.start().await;
    read_to_the_end(&house, &admin, &cut_short).await;
    let cut_short = house.get(&admin, &of(&cut_short, "/metrics")).await.ok();
    let whole = house.launch(&admin, json!({ "days": 150 })).await;
    read_to_the_end(&house, &admin, &whole).await;
    let whole = house.get(&admin, &of(&whole, "/metrics")).await.ok();
    assert_eq!(cut_short["metrics"], whole["metrics"]);
    assert_eq!(cut_short["status"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_human_owner_answers_what_a_business_asks() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime", "autonomy": 2, "owner": "human" })).await;
    let waiting = loop {
        let inbox = house.get(&admin, &of(&business, "/inbox")).await.ok();
        let waiting = inbox["waiting"].as_array().unwrap().clone();
        if waiting.len() >= 2 {
            break waiting;
        }
        tokio::task::yield_now().await;
    };
    let name = |index: usize| waiting[index]["proposal"].as_str().unwrap().to_owned();
    assert!(!waiting[0]["content"].as_str().unwrap().is_empty());
    let approve = of(&business, &format!("/inbox/{}/approve", name(0)));
    assert_eq!(house.post(&admin, &approve, &Value::Null).await.status, 204);
    house.post(&admin, &approve, &Value::Null).await.problem(409, "refused");
    let veto = of(&business, &format!("/inbox/{}/veto", name(1)));
    assert_eq!(house.post(&admin, &veto, &json!({ "reason": "not now" })).await.status, 204);
    let inbox = house.get(&admin, &of(&business, "/inbox")).await.ok();
    let left: Vec<&Value> = inbox["waiting"].as_array().unwrap().iter().map(|item| &item["proposal"]).collect();
    assert!(!left.contains(&&waiting[0]["proposal"]) && !left.contains(&&waiting[1]["proposal"]), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_binds_a_business_and_what_oversight_said_is_shown() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "days": 10, "caps": { "money": 4000, "ask_above": 7 } })).await;
    read_to_the_end(&house, &admin, &business).await;
    let charter = house.get(&admin, &of(&business, "/charter")).await;
    let policies = charter.body["policies"].as_array().unwrap().clone();
    assert!(policies.len() > 30 && policies.iter().all(|policy| policy["owners"] == false));
    let request = house.request(Method::GET, &of(&business, "/charter")).bearer_auth(&admin.access);
    assert_eq!(Answer::of(request.header("if-none-match", charter.header("etag"))).await.status, 304);
    let budgets = house.get(&admin, &of(&business, "/budgets")).await.ok();
    let one = |resource: &str, window: &str| {
        let all = budgets["budgets"].as_array().unwrap();
        all.iter().find(|one| one["resource"] == resource && one["window"] == window).unwrap().clone()
    };
    assert_eq!((&one("simulated_money", "total")["cap"], &one("real_money", "total")["cap"]), (&json!(400_000), &json!(0)));
    assert_eq!(budgets["ask_above_cents"], 700);
    let spent = house.get(&admin, &of(&business, "")).await.ok()["spent"]["total"].as_f64().unwrap();
    assert_eq!(one("simulated_money", "total")["used"].as_f64().unwrap(), (spent * 100.0).round());
    let metrics = house.get(&admin, &of(&business, "/metrics")).await.ok();
    let (mut seen, mut path) = (0, of(&business, "/audit?limit=40"));
    loop {
        let page = house.get(&admin, &path).await.ok();
        let proposals = page["proposals"].as_array().unwrap();
        seen += proposals.iter().filter(|row| !row["verdicts"].as_array().unwrap().is_empty()).count();
        let Some(next) = page["next"].as_str() else { break };
        path = of(&business, &format!("/audit?limit=40&cursor={next}"));
    }
    assert_eq!(seen as u64, metrics["oversight"]["reviewed"].as_u64().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_business_came_to_and_why_it_did_something_is_told() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "days": 10 })).await;
    read_to_the_end(&house, &admin, &business).await;
    let metrics = house.get(&admin, &of(&business, "/metrics")).await.ok();
    let report = house.get(&admin, &of(&business, "/report")).await;
    assert!(report.body.is_object() && report.header("content-type") == "application/json");
    let form = |name: &str| of(&business, &format!("/report?format={name}"));
    let text = house.get(&admin, &form("markdown")).await;
    assert!(text.body.as_str().unwrap().contains("imulated"), "a simulated result says so");
    let page = house.get(&admin, &form("html")).await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src"));
    assert!(page.body.as_str().unwrap().contains("<svg"));
    house.get(&admin, &form("pdf")).await.problem(422, "invalid");
    let why = house.get(&admin, &of(&business, "/proposals/prop_0/why")).await.ok();
    assert_eq!((&why["business_id"], &why["proposal"]["id"]), (&business["id"], &json!("prop_0")));
    assert!(!why["verdicts"].as_array().unwrap().is_empty());
    let made = metrics["oversight"]["reviewed"].as_u64().unwrap();
    house.get(&admin, &of(&business, &format!("/proposals/prop_{}/why", made + 100))).await.problem(404, "not-found");
    house.get(&admin, &of(&business, "/proposals/0/why")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sets_what_a_business_may_use_and_do_and_no_more_real_money_than_there_is() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let put = |path: &str, body: Value| Answer::of(house.request(Method::PUT, &of(&business, path)).bearer_auth(&admin.access).json(&body));
    let cap = |resource: &str, window: &str, cap: u64| json!({ "caps": [{ "resource": resource, "window": window, "cap": cap }] });
    let told = put("/budgets", cap("messages", "day", 7)).await.ok();
    let set = told["budgets"].as_array().unwrap().iter().find(|one| one["resource"] == "messages" && one["window"] == "day").unwrap();
    assert_eq!((&set["cap"], &set["unit"]), (&json!(7), &json!("messages")));
    assert_eq!(put("/budgets", json!({ "ask_above_cents": 5 })).await.ok()["ask_above_cents"], 5);
    put("/budgets", cap("real_money", "total", 20_000)).await.ok();
    put("/budgets", cap("real_money", "total", 20_001)).await.problem(409, "refused");
    put("/budgets", cap("real_money", "total", 10_000)).await.ok();
    put("/budgets", cap("real_money", "week", 1)).await.problem(422, "invalid");
    put("/budgets", cap("tokens", "day", u64::MAX)).await.problem(422, "invalid");
    put("/budgets", json!({ "ask_above_cents": -1 })).await.problem(422, "invalid");
    put("/autonomy", json!({ "level": 1, "kind": "send_email" })).await.ok();
    put("/autonomy", json!({ "level": 1, "kind": "send_money" })).await.problem(422, "invalid");
    put("/autonomy", json!({ "level": 9 })).await.problem(422, "invalid");
    let doubt = |name: &str| of(&business, &format!("/inbox/{name}/doubt"));
    house.post(&admin, &doubt("prop_1"), &json!({ "happened": true })).await.problem(409, "refused");
    house.post(&admin, &doubt("prop_99999"), &json!({ "happened": true })).await.problem(404, "not-found");
    house.post(&admin, &doubt("1"), &json!({ "happened": true })).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_change_is_not_sent_again() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({})).await;
    read_to_the_end(&house, &admin, &business).await;
    let first = house.get(&admin, &of(&business, "")).await;
    let tag = first.header("etag").to_owned();
    let again =
        |tag: &str| Answer::of(house.request(Method::GET, &of(&business, "")).bearer_auth(&admin.access).header("if-none-match", tag));
    let told = again(&tag).await;
    assert_eq!((told.status, &told.body, told.header("etag")), (304, &Value::Null, tag.as_str()));
    assert_eq!(again("\"other\"").await.ok(), first.body);
}
