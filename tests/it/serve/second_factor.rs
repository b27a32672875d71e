//! The second factor: setting it up, signing in with it, losing it, and the key that its secrets are encrypted under.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use super::{Answer, House, PASSWORD, Person};

const MINUTE_MS: i64 = 60_000;
const STEP_MS: i64 = 30_000;

impl House {
    pub(crate) fn master_key(&self) -> PathBuf {
        PathBuf::from(&self.config.server.master_key_file)
    }

    /// What an app with this secret shows now.
    pub(crate) fn code(&self, app: &Totp) -> String {
        app.generate(u64::try_from(self.time_ms.load(Ordering::SeqCst) / 1000).unwrap()).to_string()
    }

    pub(crate) async fn delete(&self, who: &Person, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::DELETE, path).bearer_auth(&who.access).json(body)).await
    }

    /// Begins to set up a second factor.
    async fn begin(&self, who: &Person) -> Totp {
        let told = self.post(who, "/api/me/totp", &json!({ "password": PASSWORD })).await.ok();
        let secret = told["secret"].as_str().unwrap();
        let uri = told["uri"].as_str().unwrap();
        assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret), "{uri}");
        Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap()
    }

    /// Turns it on; the app, and the recovery codes.
    pub(crate) async fn enrol(&self, who: &Person) -> (Totp, Vec<String>) {
        let app = self.begin(who).await;
        let told = self.post(who, "/api/me/totp/confirm", &json!({ "totp": self.code(&app) })).await.ok();
        let codes = told["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        (app, codes)
    }

    async fn sign_in(&self, who: &Person, more: &Value) -> Answer {
        let mut body = json!({ "email": who.email, "password": PASSWORD });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask("/api/auth/login", &body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_asked_for_after_the_right_password_only_and_each_code_is_good_once() {
    let mut house = House::new().await;
    let (admin, other) = (house.admin().await, house.login("admin").await);
    house.post(&admin, "/api/me/totp", &json!({ "password": "not-the-password" })).await.problem(401, "wrong-credentials");
    house.post(&admin, "/api/me/totp/confirm", &json!({ "totp": "000000" })).await.problem(409, "conflict");
    let replaced = house.begin(&admin).await;
    let app = house.begin(&admin).await;
    house.post(&admin, "/api/me/totp/confirm", &json!({ "totp": house.code(&replaced) })).await.problem(401, "wrong-credentials");
    house.sign_in(&admin, &json!({})).await.ok();
    house.later(15 * MINUTE_MS);
    house.post(&admin, "/api/me/totp/confirm", &json!({ "totp": house.code(&app) })).await.problem(401, "not-signed-in");
    let (admin, other) = (house.login("admin").await, Person { access: other.access, ..house.login("admin").await });
    house.post(&admin, "/api/me/totp/confirm", &json!({ "totp": house.code(&app) })).await.problem(409, "conflict");
    let (app, codes) = house.enrol(&admin).await;
    assert_eq!(house.get(&admin, "/api/me/totp").await.ok(), json!({ "on": true, "recovery_codes": 10 }));
    house.get(&admin, "/api/me").await.ok();
    house.ask("/api/auth/refresh", &json!({ "refresh_token": other.refresh })).await.problem(401, "wrong-credentials");
    house.post(&admin, "/api/me/totp", &json!({ "password": PASSWORD })).await.problem(409, "conflict");

    house.sign_in(&admin, &json!({})).await.problem(401, "second-factor-required");
    house.sign_in(&admin, &json!({ "totp": "1", "recovery_code": "1" })).await.problem(422, "invalid");
    house.sign_in(&admin, &json!({ "totp": house.code(&app) })).await.problem(401, "wrong-credentials");
    house.later(STEP_MS);
    let code = house.code(&app);
    for wrong in [json!({ "password": "not-the-password" }), json!({ "password": "not-the-password", "totp": code })] {
        house.sign_in(&admin, &wrong).await.problem(401, "wrong-credentials");
    }
    house.sign_in(&admin, &json!({ "totp": code })).await.ok();
    house.sign_in(&admin, &json!({ "totp": code })).await.problem(401, "wrong-credentials");
    house.stop().await;
    house.start().await;
    house.sign_in(&admin, &json!({ "totp": code })).await.problem(401, "wrong-credentials");
    let early = house.code(&app);
    house.later(STEP_MS);
    let now = house.code(&app);
    house.sign_in(&admin, &json!({ "totp": now })).await.ok();
    house.sign_in(&admin, &json!({ "totp": early })).await.problem(401, "wrong-credentials");
    house.later(3 * STEP_MS);
    house.sign_in(&admin, &json!({ "totp": now })).await.problem(401, "wrong-credentials");

    house.sign_in(&admin, &json!({ "recovery_code": codes[0] })).await.ok();
    house.sign_in(&admin, &json!({ "recovery_code": codes[0] })).await.problem(401, "wrong-credentials");
    house.sign_in(&admin, &json!({ "recovery_code": codes[1].to_uppercase().replace('-', " ") })).await.ok();
    assert_eq!(house.get(&admin, "/api/me/totp").await.ok()["recovery_codes"], 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_lock_an_account_and_the_right_password_alone_forgives_none() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (app, codes) = house.enrol(&admin).await;
    house.later(STEP_MS);
    let code = house.code(&app);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for attempt in 0..6 {
        house.sign_in(&admin, &json!({ "totp": wrong })).await.problem(401, "wrong-credentials");
        if attempt < 5 {
            house.sign_in(&admin, &json!({})).await.problem(401, "second-factor-required");
        }
    }
    for right in [json!({ "totp": code }), json!({ "recovery_code": codes[0] }), json!({})] {
        let locked = house.sign_in(&admin, &right).await;
        assert_eq!(locked.header("retry-after"), "2");
        locked.problem(429, "too-many-requests");
    }
    house.later(2_000);
    // All at once: each waits for its turn, and then it is locked.
    let bad = json!({ "totp": wrong });
    let tries = futures_util::future::join_all((0..8).map(|_| house.sign_in(&admin, &bad)));
    let mut statuses: Vec<u16> = tries.await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [401, 429, 429, 429, 429, 429, 429, 429]);
    house.later(4_000);
    house.sign_in(&admin, &json!({ "recovery_code": codes[0] })).await.ok();
    house.sign_in(&admin, &json!({ "totp": wrong })).await.problem(401, "wrong-credentials");
    house.sign_in(&admin, &json!({ "recovery_code": codes[1] })).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_shows_both_turns_it_off_or_draws_new_recovery_codes() {
    let house = House::new().await;
    let admin = house.admin().await;
    let both = |code: &str| json!({ "password": PASSWORD, "recovery_code": code });
    house.delete(&admin, "/api/me/totp", &both("aaaa-aaaa-aaaa-aaaa")).await.problem(409, "conflict");
    let (app, codes) = house.enrol(&admin).await;
    house.later(STEP_MS);
    let path = "/api/me/totp/recovery-codes";
    house.post(&admin, path, &json!({ "password": PASSWORD })).await.problem(401, "second-factor-required");
    let wrong = json!({ "password": "not-the-password", "recovery_code": codes[0] });
    house.post(&admin, path, &wrong).await.problem(401, "wrong-credentials");
    let told = house.post(&admin, path, &json!({ "password": PASSWORD, "totp": house.code(&app) })).await.ok();
    let new = told["recovery_codes"].as_array().unwrap();
    assert!(new.len() == 10 && !codes.iter().any(|code| new.contains(&json!(code))));
    house.sign_in(&admin, &json!({ "recovery_code": codes[0] })).await.problem(401, "wrong-credentials");
    house.delete(&admin, "/api/me/totp", &both(&codes[1])).await.problem(401, "wrong-credentials");
    assert_eq!(house.delete(&admin, "/api/me/totp", &both(new[0].as_str().unwrap())).await.status, 204);
    assert_eq!(house.get(&admin, "/api/me/totp").await.ok(), json!({ "on": false, "recovery_codes": 0 }));
    house.login("admin").await;
    house.enrol(&admin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_secrets_are_encrypted_under_a_key_outside_of_the_data_that_must_not_be_lost() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let path = house.master_key();
    assert!(!path.exists(), "it is made when it is needed");
    let (app, codes) = house.enrol(&admin).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    house.stop().await;
    let key = std::fs::read_to_string(&path).unwrap();
    let mut secrets = vec![app.secret().as_ref().to_vec(), key.trim().as_bytes().to_vec()];
    // As it is kept: bytes are lists of numbers in the rows.
    secrets.push(app.secret().as_ref().iter().map(ToString::to_string).collect::<Vec<_>>().join(",").into_bytes());
    secrets.push(app.secret().to_base32().into_bytes());
    secrets.extend(codes.iter().map(|code| code.clone().into_bytes()));
    for entry in std::fs::read_dir(house.data().path()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
    let kept = path.with_extension("kept");
    std::fs::rename(&path, &kept).unwrap();
    for start in 0..2 {
        let refused = house.try_start().await.expect_err("without the key").to_string();
        assert!(refused.contains("missing") && refused.contains(path.to_str().unwrap()), "{refused}");
        assert!(!path.exists(), "no new one is made, attempt {start}");
    }
    std::fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let refused = house.try_start().await.expect_err("with another key").to_string();
    assert!(refused.contains("is not the master key"), "{refused}");
    std::fs::rename(&kept, &path).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(house.try_start().await.is_err_and(|fault| fault.to_string().contains("chmod 600")));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    house.start().await;
    house.later(STEP_MS);
    house.sign_in(&admin, &json!({ "totp": house.code(&app) })).await.ok();
}
