//! Registering, signing in and out, and what neither tells.

use reqwest::Method;
use serde_json::json;

use super::{Answer, House, PASSWORD, Person};

const MINUTE_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_administrator_has_a_link_that_is_good_once_and_for_a_quarter_of_an_hour() {
    let house = House::new().await;
    house.register(None, "ada").await.problem(403, "forbidden");
    house.register(Some("bbb_fa_AAAA"), "ada").await.problem(403, "forbidden");
    let late = house.first_admin_token().await;
    house.later(15 * MINUTE_MS);
    house.register(Some(&late), "ada").await.problem(403, "forbidden");
    let replaced = house.first_admin_token().await;
    let token = house.first_admin_token().await;
    house.register(Some(&replaced), "ada").await.problem(403, "forbidden");
    let weak = json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": "password12" });
    house.ask("/api/auth/register", &weak).await.problem(422, "weak-password");
    assert_eq!(house.register(Some(&token), "ada").await.ok()["admin"], true, "what failed did not use it up");
    house.register(Some(&token), "eve").await.problem(403, "forbidden");
    assert!(house.daemon().accounts().first_admin_token().await.unwrap().is_none(), "there is one now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_register_by_invitation_once_and_under_the_address_that_was_invited() {
    let house = House::new().await;
    let admin = house.admin().await;
    let invited = house.post(&admin, "/api/invitations", &json!({ "email": "Bob@Example.org" })).await.ok();
    let token = invited["token"].as_str();
    let told = house.register(token, "eve").await.problem(422, "invalid");
    assert_eq!(told["errors"][0]["field"], "email");
    assert_eq!(house.register(token, "bob").await.ok()["admin"], false);
    house.register(token, "bob").await.problem(403, "forbidden");
    let bob = house.login("bob").await;
    house.post(&bob, "/api/invitations", &json!({})).await.problem(403, "forbidden");
    house.get(&bob, "/api/admin/users").await.problem(403, "forbidden");
    assert_eq!(house.get(&admin, "/api/admin/users").await.ok()["users"].as_array().unwrap().len(), 2);
    house.register(None, "eve").await.problem(403, "forbidden");
    let open = House::with(|config| config.server.registration = bbb_host::config::Registration::Open).await;
    open.register(None, "eve").await.problem(403, "forbidden");
    open.admin().await;
    assert_eq!(open.register(None, "eve").await.ok()["admin"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let house = House::new().await;
    house.admin().await;
    let try_as = |email: &str| {
        let body = json!({ "email": email, "password": "not-the-password" });
        let house = &house;
        async move { house.ask("/api/auth/login", &body).await.problem(401, "wrong-credentials") }
    };
    let (mut known, mut unknown, mut none) = (try_as("admin@example.org").await, try_as("bob@example.org").await, try_as("bob").await);
    for told in [&mut known, &mut unknown, &mut none] {
        told.as_object_mut().unwrap().remove("instance");
    }
    assert_eq!(known, unknown);
    assert_eq!(known, none);
    let body = json!({ "email": "  ADMIN@example.org", "password": PASSWORD });
    house.ask("/api/auth/login", &body).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_lock_an_account_whether_there_is_one_or_not() {
    let house = House::new().await;
    house.admin().await;
    for email in ["admin@example.org", "nobody@example.org"] {
        let wrong = json!({ "email": email, "password": "not-the-password" });
        for _ in 0..6 {
            house.ask("/api/auth/login", &wrong).await.problem(401, "wrong-credentials");
        }
        let right = json!({ "email": email, "password": PASSWORD });
        let locked = house.ask("/api/auth/login", &right).await;
        assert_eq!(locked.header("retry-after"), "2");
        locked.problem(429, "too-many-requests");
    }
    house.later(2_000);
    house.login("admin").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_guesses_is_no_more_than_its_count() {
    let house = House::new().await;
    house.admin().await;
    for email in ["admin@example.org", "nobody@example.org"] {
        let guess = json!({ "email": email, "password": "not-the-password" });
        let burst = futures_util::future::join_all((0..24).map(|_| house.ask("/api/auth/login", &guess))).await;
        let count = |status: u16| burst.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(401), count(429)), (6, 18), "they all began before the first had failed");
    }
    house.later(2_000);
    house.login("admin").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_good_once_and_its_second_use_ends_the_session() {
    let house = House::new().await;
    let first = house.admin().await;
    let other = house.login("admin").await;
    let refresh = |token: String| {
        let house = &house;
        async move { house.ask("/api/auth/refresh", &json!({ "refresh_token": token })).await }
    };
    let next = refresh(first.refresh.clone()).await.ok();
    let second = Person { access: next["access_token"].as_str().unwrap().to_owned(), ..first.clone() };
    house.get(&second, "/api/me").await.ok();
    house.get(&first, "/api/me").await.problem(401, "not-signed-in");
    house.later(16 * MINUTE_MS);
    house.get(&second, "/api/me").await.problem(401, "not-signed-in");
    let next = refresh(next["refresh_token"].as_str().unwrap().to_owned()).await.ok();
    let third = Person { access: next["access_token"].as_str().unwrap().to_owned(), ..first.clone() };
    house.get(&third, "/api/me").await.ok();
    refresh(first.refresh.clone()).await.problem(401, "wrong-credentials");
    house.get(&third, "/api/me").await.problem(401, "not-signed-in");
    refresh(next["refresh_token"].as_str().unwrap().to_owned()).await.problem(401, "wrong-credentials");
    refresh(other.access.clone()).await.problem(401, "wrong-credentials");
    refresh(other.refresh.clone()).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_a_session_and_so_does_ending_it_from_another_one() {
    let mut house = House::new().await;
    let (one, other) = (house.admin().await, house.login("admin").await);
    let sessions = house.get(&one, "/api/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    let current = |current: bool| {
        let all = sessions["sessions"].as_array().unwrap();
        all.iter().find(|session| session["current"] == current).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let end = |id: String| Answer::of(house.request(Method::DELETE, &format!("/api/sessions/{id}")).bearer_auth(&one.access));
    end(current(false)).await.ok();
    end(current(false)).await.problem(404, "not-found");
    house.get(&other, "/api/me").await.problem(401, "not-signed-in");
    house.stop().await;
    house.start().await;
    house.get(&one, "/api/me").await.ok();
    assert_eq!(house.post(&one, "/api/auth/logout", &json!({})).await.status, 204);
    house.get(&one, "/api/me").await.problem(401, "not-signed-in");
    house.ask("/api/auth/refresh", &json!({ "refresh_token": one.refresh })).await.problem(401, "wrong-credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_gets_a_cookie_and_nothing_that_another_site_sends_is_done() {
    let house = House::new().await;
    let admin = house.admin().await;
    let login = || {
        house.request(Method::POST, "/api/auth/login").json(&json!({ "email": admin.email, "password": PASSWORD, "delivery": "cookie" }))
    };
    Answer::of(login()).await.problem(403, "cross-site");
    Answer::of(login().header("x-bbb-csrf", "1").header("origin", "http://evil.example")).await.problem(403, "cross-site");
    let told = Answer::of(login().header("x-bbb-csrf", "1")).await;
    let line = told.header("set-cookie").to_owned();
    assert!(line.starts_with("__Host-bbb-session=bbb_cs_"), "{line}");
    for attribute in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"] {
        assert!(line.contains(attribute), "{attribute} is not in {line}");
    }
    assert_eq!(told.body.as_object().unwrap().keys().collect::<Vec<_>>(), ["expires_at"], "no script reads a token");
    let cookie = line.split(';').next().unwrap().to_owned();
    let with = |method: Method, path: &str| house.request(method, path).header("cookie", &cookie);
    Answer::of(with(Method::GET, "/api/me")).await.ok();
    Answer::of(with(Method::POST, "/api/auth/logout")).await.problem(403, "cross-site");
    let own = house.url("");
    let from_site = with(Method::POST, "/api/auth/logout").header("x-bbb-csrf", "1").header("sec-fetch-site", "cross-site");
    Answer::of(from_site).await.problem(403, "cross-site");
    // A cookie's token is none for a program.
    let token = cookie.split_once('=').unwrap().1;
    Answer::of(house.request(Method::GET, "/api/me").bearer_auth(token)).await.problem(401, "not-signed-in");
    for _ in 0..20 {
        house.later(11 * 60 * MINUTE_MS);
        let told = Answer::of(with(Method::GET, "/api/me")).await;
        if told.status == 401 {
            break;
        }
        told.ok();
    }
    Answer::of(with(Method::GET, "/api/me")).await.problem(401, "not-signed-in");
    let told = Answer::of(login().header("x-bbb-csrf", "1").header("origin", own.clone())).await;
    let cookie = told.header("set-cookie").split(';').next().unwrap().to_owned();
    let logout = house.request(Method::POST, "/api/auth/logout").header("cookie", &cookie);
    let told = Answer::of(logout.header("x-bbb-csrf", "1").header("origin", own)).await;
    assert!(told.status == 204 && told.header("set-cookie").contains("Max-Age=0"));
    Answer::of(house.request(Method::GET, "/api/me").header("cookie", &cookie)).await.problem(401, "not-signed-in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_could_be_used_stands_in_the_data_directory() {
    let mut house = House::new().await;
    let token = house.first_admin_token().await;
    house.register(Some(&token), "admin").await.ok();
    let admin = house.login("admin").await;
    house.stop().await;
    let secrets = [PASSWORD, &token, &admin.access, &admin.refresh].map(|secret| secret.as_bytes().to_vec());
    let mut files = 0;
    for entry in std::fs::read_dir(house.data().path()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        files += 1;
        for secret in &secrets {
            // Without its prefix, in case only the random part were kept.
            let secret = secret.strip_prefix(b"bbb_").map_or(&secret[..], |rest| &rest[3..]);
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
    assert!(files >= 2, "the journals and the accounts");
}
