//! What the daemon mails about accounts, to a real server.

use bbb_host::config::Registration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, House, PASSWORD, Person, until};
use crate::support::peers::{self, Peer};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

async fn server() -> Peer {
    tokio::task::spawn_blocking(|| peers::aiosmtpd(None)).await.unwrap()
}

/// The mails to an address, each as one text without the line breaks of its encoding.
pub(super) fn to(peer: &Peer, address: &str) -> Vec<String> {
    let line = format!("\nTo: {address}\n");
    let plain = |mail: String| mail.replace("=\n", "").replace("=3D", "=");
    peers::mails(peer).into_iter().filter(|mail| mail.contains(&line)).map(plain).collect()
}

/// Waits for the mail to an address with this subject, and returns it.
pub(super) async fn mail(peer: &Peer, address: &str, subject: &str) -> String {
    let line = format!("\nSubject: {subject}\n");
    until(&format!("a mail to {address}: {subject}"), || to(peer, address).into_iter().find(|mail| mail.contains(&line))).await
}

/// The token of the link in a mail.
pub(super) fn token(mail: &str) -> String {
    let rest = mail.split("https://bbb.example/welcome#").nth(1).unwrap_or_else(|| panic!("no link: {mail}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Confirms the address of somebody who has just registered.
pub(super) async fn confirmed(house: &House, peer: &Peer, who: &Person) {
    let token = token(&mail(peer, &who.email, "Confirm your address").await);
    house.ask("/api/auth/confirm", &json!({ "token": token, "password": PASSWORD })).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_registers_where_anybody_may_confirms_the_address_first_and_learns_nothing_of_others() {
    let peer = server().await;
    let house = House::mailing(peer.ports[0], |config| config.server.registration = Registration::Open).await;
    house.register(None, "ada").await.problem(403, "forbidden");
    let admin = house.admin().await;
    for _ in 0..3 {
        let weak = json!({ "email": "ada@example.org", "name": "ada", "password": "password12" });
        house.ask("/api/auth/register", &weak).await.problem(422, "weak-password");
    }
    let first = house.register(None, "ada").await;
    assert_eq!(first.status, 202, "{first:?}");
    let taken = house.register(None, "admin").await;
    assert_eq!((taken.status, taken.body), (first.status, first.body));
    house.ask("/api/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD })).await.problem(401, "wrong-credentials");
    let letter = mail(&peer, "ada@example.org", "Confirm your address").await;
    for line in
        ["From: \"Better Business Builder\" <bbb@bbb.example>", "Auto-Submitted: auto-generated", "Content-Type: text/plain; charset=utf-8"]
    {
        assert!(letter.contains(line), "{line} is not in {letter}");
    }
    assert!(letter.contains("\nMessage-ID: <msg_") && letter.contains("@bbb.example>\n"), "{letter}");
    let token = token(&letter);
    let confirm = |password: Option<&str>| {
        let body = json!({ "token": token, "password": password });
        let house = &house;
        async move { house.ask("/api/auth/confirm", &body).await }
    };
    assert_eq!(confirm(None).await.problem(422, "invalid")["errors"][0]["field"], "password");
    confirm(Some("another-horse-battery-9")).await.problem(401, "wrong-credentials");
    assert_eq!(confirm(Some(PASSWORD)).await.ok()["email"], "ada@example.org");
    confirm(Some(PASSWORD)).await.problem(403, "forbidden");
    let ada = house.login("ada").await;
    assert_eq!(house.get(&ada, "/api/me").await.ok()["email_confirmed"], true);
    // The one who has the account hears of it, and gets no link.
    let told = mail(&peer, &admin.email, "You have an account already").await;
    assert!(!told.contains("#bbb_"), "{told}");
    assert_eq!(house.get(&admin, "/api/admin/users").await.ok()["users"].as_array().unwrap().len(), 2);
    // Nor is a link good for more than a day.
    house.register(None, "bob").await.ok();
    let late = super::mail::token(&mail(&peer, "bob@example.org", "Confirm your address").await);
    house.later(24 * HOUR_MS);
    house.ask("/api/auth/confirm", &json!({ "token": late, "password": PASSWORD })).await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_anew_once_by_the_link_and_gets_nobody_past_the_second_factor() {
    let peer = server().await;
    let house = House::mailing(peer.ports[0], |_| {}).await;
    let admin = house.admin().await;
    let forgot = |email: &str| {
        let (house, body) = (&house, json!({ "email": email }));
        async move { house.ask("/api/auth/forgot", &body).await }
    };
    // Not before the address is confirmed: it may be somebody else's.
    assert_eq!(forgot(&admin.email).await.status, 202);
    confirmed(&house, &peer, &admin).await;
    let (known, unknown) = (forgot(&admin.email).await, forgot("nobody@example.org").await);
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    let link = token(&mail(&peer, &admin.email, "Set a new password").await);
    let (app, _) = house.enrol(&admin).await;
    let made = house.post(&admin, "/api/keys", &json!({ "name": "script", "role": "viewer" })).await.ok();
    let key = Person { access: made["token"].as_str().unwrap().to_owned(), ..admin.clone() };
    let reset = |token: &str, password: &str| {
        let (house, body) = (&house, json!({ "token": token, "password": password }));
        async move { house.ask("/api/auth/reset", &body).await }
    };
    reset(&link, "password12").await.problem(422, "weak-password");
    house.ask("/api/auth/confirm", &json!({ "token": link })).await.problem(403, "forbidden");
    let new = "another-horse-battery-9";
    assert_eq!(reset(&link, new).await.status, 204, "what failed did not use it up");
    reset(&link, new).await.problem(403, "forbidden");
    house.get(&admin, "/api/me").await.problem(401, "not-signed-in");
    house.get(&key, "/api/me").await.ok();
    let sign_in = |password: &str, more: Value| {
        let mut body = json!({ "email": admin.email, "password": password });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let house = &house;
        async move { house.ask("/api/auth/login", &body).await }
    };
    sign_in(PASSWORD, json!({})).await.problem(401, "wrong-credentials");
    sign_in(new, json!({})).await.problem(401, "second-factor-required");
    house.later(30_000);
    sign_in(new, json!({ "totp": house.code(&app) })).await.ok();
    for subject in ["Your password was changed", "Your second factor was turned on", "An API key was made"] {
        mail(&peer, &admin.email, subject).await;
    }
    // Three mails to an address within an hour, whether it has an account or not.
    assert_eq!(forgot(&admin.email).await.status, 202);
    let (known, unknown) = (forgot(&admin.email).await, forgot("nobody@example.org").await.status);
    assert!(known.headers.contains_key("retry-after"));
    known.problem(429, "too-many-requests");
    assert_eq!(unknown, 202);
    let late = until("the second link", || {
        let mut all = to(&peer, &admin.email).into_iter().filter(|mail| mail.contains("bbb_pr_")).map(|mail| token(&mail));
        all.rfind(|token| *token != link)
    })
    .await;
    house.later(30 * MINUTE_MS);
    reset(&late, PASSWORD).await.problem(403, "forbidden");
    assert!(to(&peer, "nobody@example.org").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_changed_when_it_is_confirmed_and_the_old_one_hears_of_it() {
    let peer = server().await;
    let house = House::mailing(peer.ports[0], |_| {}).await;
    let admin = house.admin().await;
    confirmed(&house, &peer, &admin).await;
    let bob = house.guest(&admin, "bob").await;
    let change = |email: &str| {
        let (house, admin, body) = (&house, &admin, json!({ "email": email }));
        async move { house.post(admin, "/api/me/email", &body).await }
    };
    change(&admin.email).await.problem(409, "conflict");
    change("ada@localhost").await.problem(422, "invalid");
    change("ada@example.org\r\nBcc: eve@example.org").await.problem(422, "invalid");
    let (free, taken) = (change("ada@example.org").await, change(&bob.email).await);
    assert_eq!((free.status, &free.body), (202, &taken.body));
    assert_eq!(taken.status, 202);
    let told = mail(&peer, &bob.email, "This address has an account").await;
    assert!(!told.contains("#bbb_"), "{told}");
    let link = token(&mail(&peer, "ada@example.org", "Confirm your address").await);
    assert_eq!(house.get(&admin, "/api/me").await.ok()["email"], admin.email, "not before it is confirmed");
    house.ask("/api/auth/confirm", &json!({ "token": link })).await.problem(422, "invalid");
    house.ask("/api/auth/confirm", &json!({ "token": link, "password": PASSWORD })).await.ok();
    let me = house.get(&admin, "/api/me").await.ok();
    assert_eq!((&me["email"], &me["email_confirmed"]), (&json!("ada@example.org"), &json!(true)));
    mail(&peer, &admin.email, "The address of your account was changed").await;
    house.ask("/api/auth/login", &json!({ "email": admin.email, "password": PASSWORD })).await.problem(401, "wrong-credentials");
    house.login("ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_hear_of_failed_sign_ins_once_a_day_and_of_a_changed_password() {
    let peer = server().await;
    let house = House::mailing(peer.ports[0], |_| {}).await;
    let admin = house.admin().await;
    confirmed(&house, &peer, &admin).await;
    let wrong = json!({ "email": admin.email, "password": "not-the-password" });
    for _ in 0..7 {
        house.ask("/api/auth/login", &wrong).await;
        house.later(MINUTE_MS);
    }
    mail(&peer, &admin.email, "Sign-ins to your account failed").await;
    let body = json!({ "current": PASSWORD, "new": "another-horse-battery-9" });
    house.later(MINUTE_MS);
    assert_eq!(house.post(&admin, "/api/auth/password", &body).await.status, 204);
    mail(&peer, &admin.email, "Your password was changed").await;
    let failed = to(&peer, &admin.email).into_iter().filter(|mail| mail.contains("Sign-ins to your account failed"));
    assert_eq!(failed.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_mail_server_what_needs_mail_says_so() {
    let house = House::new().await;
    let admin = house.admin().await;
    let told = house.ask("/api/auth/forgot", &json!({ "email": admin.email })).await.problem(409, "no-mail");
    assert!(told["detail"].as_str().unwrap().contains("server.mail_from"), "{told}");
    house.post(&admin, "/api/me/email", &json!({ "email": "ada@example.org" })).await.problem(409, "no-mail");
    assert_eq!(house.get(&admin, "/api/notifications").await.ok()["mailed"], false);
    let letters = house.daemon().accounts().letters().unwrap();
    assert!(letters.iter().all(|tally| tally.waiting == 0), "{letters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_waits_for_the_server_over_restarts_and_no_token_stands_on_disk() {
    let mut house = House::mailing(1, |_| {}).await;
    let admin = house.admin().await;
    until("a failed attempt", || {
        let waiting = house.daemon().accounts().waiting_letters(bbb_host::accounts::Way::Mail, 10).unwrap();
        waiting.first().filter(|letter| letter.attempts == 1).map(|letter| letter.id)
    })
    .await;
    let metrics = Answer::of(house.request(Method::GET, "/metrics")).await.ok();
    assert!(metrics.as_str().unwrap().contains("bbb_outbox_waiting{way=\"mail\"} 1\n"), "{metrics}");
    let (_, stuck, _) = super::admin::admin(&house, &["outbox"]).await;
    let letter = &stuck["waiting"][0];
    assert_eq!((&letter["way"], &letter["attempts"]), (&json!("mail"), &json!(1)), "{stuck}");
    assert!(!stuck.to_string().contains("example.org"), "whom it goes to is encrypted: {stuck}");
    house.stop().await;
    let peer = server().await;
    house.change(|config| super::mails_by(config, peer.ports[0]));
    house.start().await;
    house.later(MINUTE_MS);
    let mail = mail(&peer, &admin.email, "Confirm your address").await;
    assert!(mail.contains(&format!("Message-ID: <{}@bbb.example>", letter["id"].as_str().unwrap())), "{mail}");
    let secret = token(&mail);
    house.stop().await;
    for entry in std::fs::read_dir(house.data().path()).unwrap() {
        let Ok(bytes) = std::fs::read(entry.unwrap().path()) else { continue };
        let secret = &secret.as_bytes()["bbb_ev_".len()..];
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_server_takes_for_a_day_is_given_up_and_counted() {
    let house = House::mailing(1, |_| {}).await;
    house.admin().await;
    let accounts = house.daemon().accounts();
    for attempt in 1..60 {
        let tally = until("an attempt", || {
            let tally = accounts.letters().unwrap()[0];
            (tally.failed >= attempt).then_some(tally)
        })
        .await;
        if tally.waiting == 0 {
            until("it is counted", || (accounts.letters().unwrap()[0].given_up == 1).then_some(())).await;
            assert_eq!(tally.said, 0);
            assert!((15..25).contains(&attempt), "{attempt} attempts in a day");
            return;
        }
        let waiting = accounts.waiting_letters(bbb_host::accounts::Way::Mail, 1).unwrap();
        house.later(waiting[0].due_at.ms() - house.now_ms());
    }
    panic!("it was never given up");
}
