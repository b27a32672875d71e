//! OpenID Connect, from the button to the session, and what must not get that far.

use serde_json::json;

use super::browser::{parameter, with};
use super::{Scene, section};
use crate::serve::House;

const STEP_MS: i64 = 30_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_invited_registers_by_a_provider_and_signs_in_by_it_again() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let admin = house.admin().await;
    let listed = house.request(reqwest::Method::GET, "/api/auth/providers").send().await.unwrap().text().await.unwrap();
    assert_eq!(listed, r#"{"providers":[{"id":"sso","name":"The sso"}]}"#);

    // Nobody invited them.
    let mut ada = scene.browser();
    let back = ada.go("sso", &json!({}), "ada").await;
    assert_eq!(ada.come_back(&back).await, "finish");
    ada.post("/api/auth/finish", &json!({})).await.problem(403, "forbidden");
    ada.post("/api/auth/providers/sso", &json!({ "token": "bbb_iv_x" })).await.problem(403, "forbidden");

    let invited = house.post(&admin, "/api/invitations", &json!({ "email": "ada@example.org", "role": "viewer" })).await.ok();
    let to = ada.begin("sso", &json!({ "token": invited["token"] })).await;
    let [method, challenge] = ["code_challenge_method", "code_challenge"].map(|name| parameter(&to, name));
    assert_eq!((method.as_str(), challenge.len()), ("S256", 43));
    let redirect = format!("http://{}/api/auth/providers/sso/callback", house.daemon().address());
    assert_eq!(parameter(&to, "redirect_uri"), redirect);
    let secret = ada.cookie("__Host-bbb-sign-in").unwrap().clone();
    assert!(!to.as_str().contains(&secret[7..]), "the browser's secret leaves it for the daemon only");
    let back = ada.sign_in_there(&to, "ada").await;
    assert_eq!(ada.come_back(&back).await, "finish");
    let answer = ada.post("/api/auth/finish", &json!({})).await;
    let lines: Vec<&str> = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(lines.iter().any(|line| line.starts_with("__Host-bbb-session=bbb_cs_") && line.ends_with("HttpOnly; Secure; SameSite=Strict")));
    assert!(lines.iter().any(|line| line.starts_with("__Host-bbb-sign-in=; ")), "{lines:?}");
    answer.ok();
    let me = ada.get("/api/me").await.ok();
    assert_eq!((&me["email"], &me["name"], &me["admin"]), (&json!("ada@example.org"), &json!("ada"), &json!(false)));
    assert_eq!(me["memberships"].as_array().unwrap().len(), 2, "their own, and the one that they were invited to");
    ada.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");

    // Another browser: it is the identity that signs in, and no invitation is asked for.
    let mut again = scene.browser();
    let back = again.go("sso", &json!({}), "ada").await;
    assert_eq!(again.come_back(&back).await, "finish");
    again.post("/api/auth/finish", &json!({ "delivery": "token" })).await.ok();
    let mut again = scene.browser();
    let back = again.go("sso", &json!({}), "ada").await;
    again.come_back(&back).await;
    again.post("/api/auth/finish", &json!({})).await.ok();
    assert_eq!(again.get("/api/me").await.ok()["id"], me["id"]);
    let identities = again.get("/api/me/identities").await.ok();
    assert_eq!((&identities["password"], &identities["identities"][0]["provider"]), (&json!(false), &json!("The sso")));
    house.register(invited["token"].as_str(), "eve").await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_administrator_may_come_by_a_provider_too() {
    let scene = Scene::new().await;
    let token = scene.house.first_admin_token().await;
    let mut admin = scene.browser();
    let back = admin.go("sso", &json!({ "token": token }), "admin").await;
    admin.come_back(&back).await;
    admin.post("/api/auth/finish", &json!({})).await.ok();
    assert_eq!(admin.get("/api/me").await.ok()["admin"], true);
    assert!(scene.house.daemon().accounts().first_admin_token().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_of_ours_is_asked_for_after_a_provider_too() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let admin = house.admin().await;
    let mut ada = scene.registered(&admin, "ada").await;
    // Without a password none is asked for: the sign-in was a moment ago.
    let begun = ada.post("/api/me/totp", &json!({})).await.ok();
    let qr = begun["qr"].as_str().unwrap();
    assert!(qr.starts_with("<?xml") && qr.contains("<svg") && !qr.contains("<script"), "{qr}");
    let secret = totp_rs::Secret::try_from_base32(begun["secret"].as_str().unwrap()).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    ada.post("/api/me/totp/confirm", &json!({ "totp": house.code(&app) })).await.ok();

    let mut again = scene.browser();
    let back = again.go("sso", &json!({}), "ada").await;
    again.come_back(&back).await;
    again.post("/api/auth/finish", &json!({})).await.problem(401, "second-factor-required");
    again.post("/api/auth/finish", &json!({ "totp": house.code(&app) })).await.problem(401, "wrong-credentials");
    assert!(again.cookie("__Host-bbb-session").is_none());
    house.later(STEP_MS);
    again.post("/api/auth/finish", &json!({ "totp": house.code(&app) })).await.ok();
    again.get("/api/me").await.ok();
    // It is guessed no better this way than by the password.
    let mut guess = scene.browser();
    let back = guess.go("sso", &json!({}), "ada").await;
    guess.come_back(&back).await;
    for _ in 0..6 {
        guess.post("/api/auth/finish", &json!({ "totp": "000000" })).await.problem(401, "wrong-credentials");
    }
    guess.post("/api/auth/finish", &json!({ "totp": "000000" })).await.problem(429, "too-many-requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_good_once_in_the_browser_that_asked_within_ten_minutes() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let admin = house.admin().await;
    scene.registered(&admin, "ada").await;

    let mut ada = scene.browser();
    let back = ada.go("sso", &json!({}), "ada").await;
    // Another browser, with no attempt and with one of its own.
    let mut eve = scene.browser();
    assert_eq!(eve.come_back(&back).await, "none");
    eve.begin("sso", &json!({})).await;
    assert_eq!(eve.come_back(&back).await, "none");
    eve.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
    // Another state, none, and one that another browser was given.
    let foreign = eve.begin("sso", &json!({})).await;
    for state in [Some("x"), None, Some(parameter(&foreign, "state").as_str())] {
        assert_eq!(ada.come_back(&with(&back, "state", state)).await, "none");
    }
    // None of that has harmed the attempt; it comes back once.
    assert_eq!(ada.come_back(&back).await, "finish");
    assert_eq!(ada.come_back(&back).await, "none");
    ada.clone().post("/api/auth/finish", &json!({})).await.ok();
    ada.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
    assert_eq!(ada.come_back(&back).await, "none", "a state is good once");

    // Too late, on the way and at its end.
    let back = ada.go("sso", &json!({}), "ada").await;
    house.later(10 * 60_000);
    assert_eq!(ada.come_back(&back).await, "none");
    scene.set_clock();
    let back = ada.go("sso", &json!({}), "ada").await;
    assert_eq!(ada.come_back(&back).await, "finish");
    house.later(10 * 60_000);
    ada.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_of_another_attempt_and_an_answer_of_another_issuer_sign_nobody_in() {
    let scene = Scene::new().await;
    let admin = scene.house.admin().await;
    scene.registered(&admin, "ada").await;
    let mut eve = scene.browser();

    // Ada's code, stolen before she used it, in an attempt of Eve's: the verifier is another.
    let mut ada = scene.browser();
    let stolen = parameter(&ada.go("sso", &json!({}), "ada").await, "code");
    let back = eve.go("sso", &json!({}), "eve").await;
    assert_eq!(eve.come_back(&with(&back, "code", Some(&stolen))).await, "refused");
    eve.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");

    // One that was used.
    let mut ada = scene.browser();
    let back = ada.go("sso", &json!({}), "ada").await;
    let used = parameter(&back, "code");
    assert_eq!(ada.come_back(&back).await, "finish");
    let back = ada.go("sso", &json!({}), "ada").await;
    assert_eq!(ada.come_back(&with(&back, "code", Some(&used))).await, "refused");

    // An ID token that was made for another attempt.
    let to = ada.begin("sso", &json!({})).await;
    let back = ada.sign_in_there(&with(&to, "nonce", Some("another")), "ada").await;
    assert_eq!(ada.come_back(&back).await, "failed");
    let to = ada.begin("sso", &json!({})).await;
    let back = ada.sign_in_there(&with(&to, "nonce", None), "ada").await;
    assert_eq!(ada.come_back(&back).await, "failed");

    // Another issuer's answer, and one that does not say whose it is, from an issuer that does.
    for iss in [Some("https://evil.example"), None] {
        let back = ada.go("sso", &json!({}), "ada").await;
        assert_eq!(ada.come_back(&with(&back, "iss", iss)).await, "failed");
    }
    // Neither a code nor an error.
    let back = ada.go("sso", &json!({}), "ada").await;
    assert_eq!(ada.come_back(&with(&back, "code", None)).await, "failed");
    assert!(ada.cookie("__Host-bbb-sign-in").is_none(), "what came to nothing is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_refuses_is_over_and_it_says_no_more_than_a_word() {
    let scene = Scene::new().await;
    let mut ada = scene.browser();
    let to = ada.begin("sso", &json!({})).await;
    let back = ada.cancel(&to).await;
    assert_eq!(parameter(&back, "error"), "access_denied");
    assert_eq!(ada.come_back(&back).await, "refused");
    ada.post("/api/auth/finish", &json!({})).await.problem(409, "conflict");
    let to = ada.begin("sso", &json!({})).await;
    let forged = format!("{}?error=%3Cscript%3E&state={}", parameter(&to, "redirect_uri"), parameter(&to, "state"));
    assert_eq!(ada.come_back(&forged.parse().unwrap()).await, "refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_is_another_than_configured_or_does_not_answer_sends_nobody_anywhere() {
    let scene = Scene::with(|sso, config| {
        let mut renamed = sso.clone();
        renamed.id = "renamed".to_owned();
        // The same machine by another name: it says that it is another.
        renamed.issuer = sso.issuer.replace("127.0.0.1", "localhost");
        let mut gone = sso.clone();
        (gone.id, gone.issuer) = ("gone".to_owned(), "http://127.0.0.1:9".to_owned());
        config.server.sign_in.extend([renamed, gone]);
    })
    .await;
    let mut ada = scene.browser();
    for provider in ["renamed", "gone"] {
        let told = ada.post(&format!("/api/auth/providers/{provider}"), &json!({})).await.problem(503, "busy");
        assert!(!told.to_string().contains("127.0.0.1"), "the cause is in the log: {told}");
    }
    ada.post("/api/auth/providers/nobody", &json!({})).await.problem(404, "not-found");
    assert!(ada.cookies.is_empty());
    // Another site makes a browser begin nothing.
    let plain = scene.house.request(reqwest::Method::POST, "/api/auth/providers/sso").json(&json!({}));
    crate::serve::Answer::of(plain).await.problem(403, "cross-site");
    let plain = scene.house.request(reqwest::Method::POST, "/api/auth/finish").json(&json!({}));
    crate::serve::Answer::of(plain).await.problem(403, "cross-site");
    drop(scene.provider);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_send_browsers_back_to_names_that_are_configured_and_to_no_other() {
    let scene = Scene::with(|_, config| {
        config.server.hosts = vec!["bbb.example".to_owned()];
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let begin = |host: String| {
        let request = scene.house.request(reqwest::Method::POST, "/api/auth/providers/sso").header("host", host).header("x-bbb-csrf", "1");
        crate::serve::Answer::of(request.json(&json!({})))
    };
    let told = begin("bbb.example".to_owned()).await.ok();
    let to = told["location"].as_str().unwrap().parse().unwrap();
    assert_eq!(parameter(&to, "redirect_uri"), "https://bbb.example/api/auth/providers/sso/callback");
    let told = begin(scene.house.daemon().address().to_string()).await.problem(421, "wrong-host");
    assert!(told["detail"].as_str().unwrap().contains("https://bbb.example"), "{told}");
    begin("evil.example".to_owned()).await.problem(421, "wrong-host");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_without_a_secret_keeps_the_daemon_from_starting() {
    let mut house = House::new().await;
    house.stop().await;
    house.config.server.sign_in.push(section("sso", "issuer = \"http://127.0.0.1:9\""));
    let refused = house.try_start().await.unwrap_err();
    assert!(refused.message.contains("BBB_SIGN_IN_SSO_SECRET"), "{refused}");
}
