//! What the operator does to accounts, over the control socket.

use serde_json::{Value, json};

use super::{House, PASSWORD, Person};

/// `bbb admin …` on the house's directory, in a process of its own.
pub(super) async fn admin(house: &House, args: &[&str]) -> (i32, Value, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bbb"));
    command.arg("admin").args(args).arg("--json").arg("--data").arg(house.data().path());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_locks_unlocks_invites_and_helps_who_lost_a_second_factor() {
    let mut house = House::new().await;
    let (code, _, said) = admin(&house, &["invite"]).await;
    assert!(code == 4 && said.contains("no administrator yet"), "{said}");
    let first = house.admin().await;
    let business = house.launch(&first, json!({ "days": 1 })).await;
    let (code, invited, _) = admin(&house, &["invite", "bob@example.org"]).await;
    assert_eq!(code, 0);
    house.register(invited["token"].as_str(), "eve").await.problem(422, "invalid");
    house.register(invited["token"].as_str(), "bob").await.ok();
    let bob = house.login("bob").await;
    let made = house.post(&bob, "/api/keys", &json!({ "name": "script", "role": "owner" })).await.ok();
    let key = Person { access: made["token"].as_str().unwrap().to_owned(), ..bob.clone() };
    let (code, told, _) = admin(&house, &["lock", "BOB@example.org"]).await;
    assert!(code == 0 && told["locked_since"].is_string() && told["sessions"] == 0, "{told}");
    let id = told["id"].as_str().unwrap().to_owned();
    for who in [&bob, &key] {
        house.get(who, "/api/me").await.problem(401, "not-signed-in");
    }
    house.ask("/api/auth/refresh", &json!({ "refresh_token": bob.refresh })).await.problem(401, "wrong-credentials");
    let sign_in = |password: &str| json!({ "email": "bob@example.org", "password": password });
    house.ask("/api/auth/login", &sign_in("not-the-password")).await.problem(401, "wrong-credentials");
    house.ask("/api/auth/login", &sign_in(PASSWORD)).await.problem(403, "forbidden");
    house.stop().await;
    let (code, _, said) = admin(&house, &["users"]).await;
    assert!(code == 4 && said.contains("bbb serve"), "{said}");
    house.start().await;
    house.ask("/api/auth/login", &sign_in(PASSWORD)).await.problem(403, "forbidden");
    assert_eq!(admin(&house, &["lock", &id]).await.0, 4, "it is locked already");
    assert_eq!(admin(&house, &["unlock", &id]).await.0, 0);
    house.get(&key, "/api/me").await.ok();
    let bob = house.login("bob").await;
    house.enrol(&bob).await;
    house.ask("/api/auth/login", &sign_in(PASSWORD)).await.problem(401, "second-factor-required");
    assert_eq!(admin(&house, &["reset-second-factor", &id]).await.1["second_factor"], false);
    house.get(&bob, "/api/me").await.problem(401, "not-signed-in");
    let bob = house.login("bob").await;
    assert_eq!(admin(&house, &["end-sessions", "bob@example.org"]).await.1, json!({ "id": id, "ended": 1 }));
    house.get(&bob, "/api/me").await.problem(401, "not-signed-in");
    let (code, _, said) = admin(&house, &["lock", "nobody@example.org"]).await;
    assert!(code == 3 && said.contains("nobody@example.org"), "{said}");
    let (_, users, _) = admin(&house, &["users"]).await;
    let mut names: Vec<&str> = users["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["admin@example.org", "bob@example.org"]);
    let (_, all, _) = admin(&house, &["businesses"]).await;
    let listed = &all["businesses"][0];
    assert_eq!((&listed["id"], &listed["owner"]), (&business["id"], &json!("admin@example.org")));
    house.get(&first, "/api/me").await.ok();
}
