//! `bbb journal key` and `bbb journal rotate-key`: the public side of the signing key.

use bbb_core::journal::keys::KeyList;
use clap::Args;
use serde_json::{Value, json};

use crate::checkpoints::Checkpoints;
use crate::cli::run::take;
use crate::cli::screen::Screen;
use crate::cli::{Common, runtime};
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::keys::Signer;
use crate::service::{Service, now};

#[derive(Debug, Args)]
pub(in crate::cli) struct Key {}

#[derive(Debug, Args)]
pub(in crate::cli) struct RotateKey {}

fn object(keys: &KeyList) -> Value {
    let all: Vec<String> = keys.keys().map(ToString::to_string).collect();
    json!({ "key": keys.current().to_string(), "keys": all, "rotations": keys.rotations() })
}

impl Key {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let data = DataDir::existing(&common.data)?;
        let keys = Checkpoints::new(data.path(), now).keys()?;
        let keys = keys.ok_or_else(|| {
            Fault::not_found(format!("there is no signing key in {} yet: the first launch makes it", data.path().display()))
        })?;
        screen.result(&object(&keys), &keys.current().to_string())
    }
}

impl RotateKey {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let data = DataDir::existing(&common.data)?;
        if !data.has_store() || Signer::keys(data.path()).is_ok_and(|keys| keys.is_none()) {
            return Err(Fault::not_found(format!("there is no signing key in {} yet: the first launch makes it", data.path().display())));
        }
        // Alone, so that nobody signs with the old key meanwhile.
        let service = Service::new(data.clone(), std::sync::Arc::new(take(&data)?));
        let keys = runtime(1)?.block_on(service.checkpoints().rotate(service.store().as_ref()))?;
        let text = format!(
            "the new public key is {}\nwhat the key before it signed stays verifiable; whoever verifies should get the new one from you",
            keys.current()
        );
        screen.result(&object(&keys), &text)
    }
}
