//! What every request meets: bounds, problems, names, limits.

use bbb_host::control::client::Client;
use reqwest::Method;
use serde_json::json;

use super::{Answer, House};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_that_is_no_success_is_a_problem_with_the_id_of_its_request() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.get(&admin, "/api/nothing").await.problem(404, "not-found");
    house.get(&admin, "/api/businesses/biz_0/metrics").await.problem(404, "not-found");
    let wrong = Answer::of(house.request(Method::DELETE, "/api/auth/login")).await;
    assert_eq!(wrong.header("allow"), "POST");
    wrong.problem(405, "method");
    Answer::of(house.request(Method::GET, "/api/me")).await.problem(401, "not-signed-in");
    let login = |body: &'static str, kind: &'static str| {
        let request = house.request(Method::POST, "/api/auth/login").header("content-type", kind).body(body);
        Answer::of(request)
    };
    login("{", "application/json").await.problem(400, "malformed");
    login("{}", "text/plain").await.problem(415, "media-type");
    let told = login("{\"email\": 3, \"password\": \"\"}", "application/json").await.problem(422, "invalid");
    assert_eq!(told["errors"][0]["field"], "email");
    let told = login("{\"email\": \"a\", \"password\": \"\", \"x\": 1}", "application/json").await.problem(422, "invalid");
    assert!(told["errors"][0]["rule"].as_str().unwrap().contains("unknown field `x`"), "{told}");
    house.ask("/api/auth/login", &json!("x".repeat(300_000))).await.problem(413, "too-large");
    let deep = |open: &str, close: &str| {
        let body = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        Answer::of(
            house
                .request(Method::POST, "/api/businesses/launch")
                .bearer_auth(&admin.access)
                .header("content-type", "application/json")
                .body(body),
        )
    };
    deep("[", "]").await.problem(422, "invalid");
    deep("{\"caps\":", "}").await.problem(422, "invalid");
    house.get(&admin, "/api/businesses?limit=0").await.problem(422, "invalid");
    house.get(&admin, "/api/businesses?limits=1").await.problem(422, "invalid");
    house.get(&admin, "/api/businesses?cursor=zz!").await.problem(422, "invalid");
    let renamed = house.request(Method::GET, "/api/me").header("host", "evil.example").bearer_auth(&admin.access);
    Answer::of(renamed).await.problem(421, "wrong-host");
    let large = house.request(Method::GET, "/api/me").header("x-large", "y".repeat(100_000));
    assert_eq!(large.send().await.unwrap().status().as_u16(), 431, "the head of a request is bounded too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_that_it_lives_and_that_it_is_ready_and_what_browsers_may_make_of_answers() {
    let house = House::new().await;
    for path in ["/health", "/ready"] {
        let told = Answer::of(house.request(Method::GET, path)).await;
        assert_eq!((told.status, &told.body["status"]), (200, &json!("ok")));
        assert!(!told.headers.contains_key("ratelimit"), "whoever watches is not counted");
    }
    let page = Answer::of(house.request(Method::GET, "/api/docs")).await;
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    let told = Answer::of(house.request(Method::GET, "/api/openapi.json")).await;
    assert_eq!(told.header("x-content-type-options"), "nosniff");
    assert_eq!(told.header("content-security-policy"), "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_and_an_address_may_make_so_many_requests_and_are_told() {
    let house = House::with(|config| config.server.requests_per_minute = 12).await;
    let admin = house.admin().await;
    let mut left = Vec::new();
    let last = loop {
        let told = house.get(&admin, "/api/me").await;
        if told.status != 200 {
            break told;
        }
        assert_eq!(told.header("ratelimit-policy"), "\"account\";q=12;w=60");
        left.push(told.header("ratelimit").to_owned());
    };
    assert_eq!((left.len(), left[0].as_str()), (11, "\"account\";r=10;t=10"), "the first was asked at sign-in");
    assert_eq!(last.header("retry-after"), "5");
    last.problem(429, "too-many-requests");
    let stranger = Answer::of(house.request(Method::GET, "/api/me")).await;
    assert!(stranger.header("ratelimit").starts_with("\"address\""), "others have their own");
    house.later(5_000);
    house.get(&admin, "/api/me").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_commands_reach_the_daemon_over_its_socket_and_nobody_else_gets_its_directory() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let data = house.data();
    let rows = tokio::task::spawn_blocking(move || {
        assert!(data.try_open_store().unwrap().is_none(), "the directory is held");
        Client::connect(&data).unwrap().expect("it listens").list().unwrap()
    });
    let rows = rows.await.unwrap();
    assert_eq!(rows.iter().map(|row| row.business.to_string()).collect::<Vec<_>>(), [business["id"].as_str().unwrap()]);
    assert!(rows[0].running);
    house.stop().await;
    let data = house.data();
    assert!(tokio::task::spawn_blocking(move || data.try_open_store().unwrap().is_some()).await.unwrap(), "then it is free");
}
