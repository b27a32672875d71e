//! What reaches the daemon from other machines: TLS 1.3, or proxies that are trusted.

use std::os::unix::fs::PermissionsExt;

use reqwest::tls::Version;
use reqwest::{Certificate, Client, Method};
use serde_json::json;

use super::{Answer, House};
use crate::support::peers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_certificate_it_speaks_tls_1_3_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let certificate = tokio::task::spawn_blocking(peers::certificate).await.unwrap();
    let key = place.path().join("server.key");
    std::fs::copy(&certificate.key, &key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let house = House::with(|config| {
        config.server.tls_certificate_file = certificate.chain.display().to_string();
        config.server.tls_key_file = key.display().to_string();
    })
    .await;
    assert!(house.daemon().base().starts_with("https://"));
    let url = format!("https://localhost:{}/health", house.daemon().address().port());
    let builder = || {
        let root = Certificate::from_pem(certificate.root.as_bytes()).unwrap();
        Client::builder().no_proxy().tls_certs_only([root])
    };
    let told = Answer::of(builder().min_tls_version(Version::TLS_1_3).build().unwrap().get(&url)).await;
    assert_eq!((told.status, told.header("strict-transport-security")), (200, "max-age=31536000"));
    let old = builder().max_tls_version(Version::TLS_1_2).build().unwrap().get(&url).send().await;
    assert!(old.is_err(), "{old:?}");
    let plain = Client::builder().no_proxy().build().unwrap().get(url.replace("https", "http")).send().await;
    assert!(plain.is_err(), "{plain:?}");
}

#[test]
fn a_key_that_others_may_read_is_refused_and_so_is_what_is_no_certificate() {
    let place = crate::cli::Place::new();
    place.write("chain.pem", "nothing");
    place.write("key.pem", "nothing");
    let config =
        |chain: &str| format!("[server]\nlisten = \"0.0.0.0:0\"\ntls_certificate_file = \"{chain}\"\ntls_key_file = \"key.pem\"\n");
    place.write("bbb.toml", &config("chain.pem"));
    place.bbb(&["serve"]).fails(2, "chain.pem");
    place.write("bbb.toml", &config("none.pem"));
    place.bbb(&["serve"]).fails(3, "none.pem");
    let certificate = peers::certificate();
    std::fs::copy(certificate.chain, place.path().join("chain.pem")).unwrap();
    place.write("bbb.toml", &config("chain.pem"));
    let key = place.path().join("key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    place.bbb(&["serve"]).fails(2, "chmod 600");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    place.bbb(&["serve"]).fails(2, "key.pem");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_trusted_proxy_clients_are_told_apart_and_nobody_else_is_heard() {
    let house = House::with(|config| config.server.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    house.admin().await;
    let login = |from: &'static str, password: &'static str| {
        let body = json!({ "email": "admin@example.org", "password": password });
        Answer::of(house.request(Method::POST, "/api/auth/login").header("x-forwarded-for", from).json(&body))
    };
    for _ in 0..6 {
        login("203.0.113.9, 192.0.2.1", "not-the-password").await.problem(401, "wrong-credentials");
    }
    login("203.0.113.8, 192.0.2.1", super::PASSWORD).await.problem(429, "too-many-requests");
    login("192.0.2.1, 192.0.2.2", super::PASSWORD).await.ok();
    let other = House::with(|config| config.server.trusted_proxies = vec!["192.0.2.9".to_owned()]).await;
    assert!(other.request(Method::GET, "/health").send().await.is_err(), "this machine is not the proxy");
}
