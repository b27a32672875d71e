//! `bbb resume`: goes on with a business.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bbb_agents::handle::{BusinessHandle, Command};
use bbb_core::id::BusinessId;
use bbb_core::state::Status;
use clap::Args;
use serde_json::json;

use crate::cli::access::{Holder, holder, only};
use crate::cli::launch::MAX_THREADS;
use crate::cli::run::{Session, StopSignal};
use crate::cli::screen::Screen;
use crate::cli::{Common, runtime, world};
use crate::config::Config;
use crate::control::client::Client;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::service::unknown;
use crate::store::redb::RedbStore;

#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// Worker threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS), value_name = "N")]
    threads: u16,
    /// The configuration file [default: ./bbb.toml, if there is one]
    #[arg(long, env = "BBB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Resume {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let data = DataDir::existing(&common.data)?;
        if !data.has_store() {
            return Err(Fault::not_found(format!("nothing was launched in {} yet", data.path().display())));
        }
        match holder(&data)? {
            Holder::Other(client) => self.tell(&client, &data, screen),
            Holder::This(store) => runtime(self.threads)?.block_on(self.go_on(data, store, screen)),
        }
    }

    /// Another process runs: it is told to go on, if it is the one that runs this business.
    fn tell(&self, client: &Client, data: &DataDir, screen: &mut Screen) -> Result<(), Fault> {
        let rows = client.list()?;
        let id = self.business.map_or_else(|| only(&rows), Ok)?;
        let row = rows.iter().find(|row| row.business == id).ok_or_else(|| unknown(id))?;
        if !row.running {
            let place = data.path().display();
            return Err(Fault::refused(format!("the process that holds {place} does not run {id}; stop that process first")));
        }
        client.command(id, Command::Resume)?;
        screen.result(&json!({ "business_id": id, "status": "active" }), &format!("{id} goes on"))
    }

    async fn go_on(&self, data: DataDir, store: RedbStore, screen: &mut Screen) -> Result<(), Fault> {
        let mut stop = StopSignal::catch()?;
        let session = Session::begin(data, store)?;
        let id = match self.business {
            Some(id) => id,
            None => only(&session.service.list().await?)?,
        };
        session.go_on(id, self.config.as_deref(), &mut stop, screen).await
    }
}

impl Session {
    /// Runs a business on from its journal, also out of a pause; of one that is over, shows what it came to.
    pub(super) async fn go_on(
        &self,
        id: BusinessId,
        config: Option<&Path>,
        stop: &mut StopSignal,
        screen: &mut Screen,
    ) -> Result<(), Fault> {
        let status = self.service.now(id).await?.state.status.clone();
        if status.is_over() {
            screen.note(&format!("{id} is {}: this is what it came to", status.as_str()));
            return self.show(id, screen, false).await.map(drop);
        }
        let handle = self.start_again(id, config, screen).await?;
        self.run(handle, stop, screen).await
    }

    /// The same without printing what it came to.
    pub(super) async fn run_quietly(
        &self,
        id: BusinessId,
        config: Option<&Path>,
        stop: &mut StopSignal,
        screen: &mut Screen,
    ) -> Result<(), Fault> {
        let state = self.service.now(id).await?.state;
        if state.status.is_over() {
            return Ok(());
        }
        let handle = self.start_again(id, config, screen).await?;
        let end = self.watch(handle, stop, screen).await?;
        self.judge(id, end, state.spec.world.is_simulated(), screen)
    }

    async fn start_again(&self, id: BusinessId, config: Option<&Path>, screen: &Screen) -> Result<BusinessHandle, Fault> {
        let service = &self.service;
        let state = service.now(id).await?.state;
        let spec = Arc::clone(&state.spec);
        let config = Config::load(config)?;
        let wired = world::world(&spec, &config, service.vault(id, &spec)?)?;
        if let Some(desk) = &wired.desk {
            desk.learn_all(&state);
        }
        // Within the turn of the start: nobody changes the owner's policies between here and there.
        let starting = async {
            let engine = world::engine(Arc::clone(service.store()), spec.mind, service.charter(id).await?);
            Ok::<_, Fault>(engine.resume(id, |_| Ok(wired.world)).await?)
        };
        let handle = service.start(id, wired.desk, starting).await?;
        if let Status::Paused { reason } = &state.status {
            screen.note(&format!("{id} was paused: {reason}"));
            handle.resume().await?;
        }
        screen.note(&format!("resumed {id}: {}, {}, at event {}", spec.blueprint.name, spec.world, state.sequence));
        Ok(handle)
    }
}
