//! Signing in by others. The provider is a real one (`oidc-provider`), of whom browsers are sent here and there; what goes wrong is made to by changing what they carry.

mod browser;
mod github;
mod hijack;
mod link;
mod oidc;

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use bbb_host::config::{Config, SignInSection};

use self::browser::Browser;
use super::House;
use crate::support::peers::{self, Peer};

/// A section of the configuration, as a file has it.
fn section(id: &str, more: &str) -> SignInSection {
    let text = format!("[server]\n[[server.sign_in]]\nid = \"{id}\"\nname = \"The {id}\"\nclient_id = \"bbb\"\n{more}");
    Config::parse(Some(("bbb.toml", &text)), |_| None).unwrap().server.sign_in.remove(0)
}

/// A daemon, and a provider that it knows as `sso`.
struct Scene {
    house: House,
    provider: Peer,
    _secret: tempfile::NamedTempFile,
}

impl Scene {
    async fn new() -> Scene {
        Scene::with(|_, _| {}).await
    }

    /// `change` gets the section and the configuration before the daemon starts.
    async fn with(change: impl FnOnce(&mut SignInSection, &mut Config)) -> Scene {
        let provider =
            tokio::task::spawn_blocking(|| peers::oidc_provider("http://127.0.0.1/api/auth/providers/sso/callback")).await.unwrap();
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "a/secret+of:bbb\n").unwrap();
        let issuer = format!("http://127.0.0.1:{}", provider.ports[0]);
        let more = format!("issuer = \"{issuer}\"\nclient_secret_file = \"{}\"", secret.path().display());
        let mut sso = section("sso", &more);
        let house = House::with(|config| {
            change(&mut sso, config);
            config.server.sign_in.push(sso);
        })
        .await;
        let scene = Scene { house, provider, _secret: secret };
        scene.set_clock();
        scene
    }

    /// The provider reads the clock on the wall, and what it signs is good for an hour by that.
    fn set_clock(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        self.house.time_ms.store(i64::try_from(now).unwrap(), Ordering::SeqCst);
    }

    fn browser(&self) -> Browser<'_> {
        Browser::new(&self.house)
    }

    /// Somebody who is signed in by the provider, by an account that an invitation lets them have.
    async fn registered(&self, admin: &super::Person, name: &str) -> Browser<'_> {
        let invited = self.house.post(admin, "/api/invitations", &serde_json::json!({})).await.ok();
        let mut browser = self.browser();
        let back = browser.go("sso", &serde_json::json!({ "token": invited["token"] }), name).await;
        assert_eq!(browser.come_back(&back).await, "finish");
        browser.post("/api/auth/finish", &serde_json::json!({})).await.ok();
        browser
    }
}
