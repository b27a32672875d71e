//! `bbb serve`: runs the daemon until a signal ends it.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::run::{StopSignal, take};
use crate::cli::screen::Screen;
use crate::cli::{Common, runtime};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::serve::{Daemon, first_run, wall_clock};
use crate::store::redb::RedbStore;

/// The most worker threads.
const MAX_THREADS: i64 = 256;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen; without TLS, this machine only [default: server.listen of the configuration, 127.0.0.1:7878]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Worker threads
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=MAX_THREADS), value_name = "N")]
    threads: u16,
    /// The configuration file [default: ./bbb.toml, if there is one]
    #[arg(long, env = "BBB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        // Before anything is made on disk.
        config.server.address()?;
        let data = DataDir::create(&common.data)?;
        let store = take(&data)?;
        runtime(self.threads)?.block_on(serve(data, store, config, screen))
    }
}

async fn serve(data: DataDir, store: RedbStore, config: Config, screen: &mut Screen) -> Result<(), Fault> {
    let mut stop = StopSignal::catch()?;
    let daemon = Daemon::start(data.clone(), store, config, wall_clock()).await?;
    welcome(&daemon, &data, screen).await?;
    stop.came().await;
    screen.note("ending: requests are answered, businesses end what they have under way; they go on with the next bbb serve");
    tokio::select! {
        () = daemon.shut_down() => Ok(()),
        // A second signal does not wait. What is under way then is settled by its recovery class when the businesses go on.
        () = stop.came() => Err(Fault::failed("ended before everything had come to rest")),
    }
}

/// Says where to go, and how to become the administrator where there is none.
async fn welcome(daemon: &Daemon, data: &DataDir, screen: &mut Screen) -> Result<(), Fault> {
    let base = daemon.base();
    first_run::forget(data)?;
    let link = daemon.accounts().first_admin_token().await?.map(|token| first_run::link(&base, &token));
    let to_person = !screen.is_json() && std::io::stdout().is_terminal();
    let file = match &link {
        Some(link) if !to_person => Some(first_run::write(data, link)?),
        _ => None,
    };
    if screen.is_json() {
        let object = json!({ "address": base, "docs": format!("{base}/api/docs"), "openapi": format!("{base}/api/openapi.json"), "first_admin_link_file": file });
        return screen.object(&object);
    }
    let mut text = format!("bbb listens on {base}\n  the API       {base}/api/docs\n");
    match (link, file) {
        (Some(_), Some(file)) => {
            text.push_str(&format!(
                "  first of all  become its administrator: the link in {} is good once, for 15 minutes\n",
                file.display()
            ));
        }
        (Some(link), None) => {
            text.push_str(&format!("  first of all  become its administrator, within 15 minutes, by this link:\n                {link}\n"));
        }
        (None, _) => {}
    }
    screen.print(&text)
}
