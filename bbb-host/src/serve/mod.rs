//! The daemon: one process that holds a data directory, runs the businesses of many founders in it, and answers over HTTP and over the control socket.
//!
//! It starts in this order: the store (and so the directory is this process's), the accounts, whose rows are made to agree with the journals, the control socket, the
//! HTTP listener; then, in the background, the businesses that are not over. It ends in the reverse order, and every business can be resumed.

pub mod first_run;
pub(crate) mod fleet;
mod listen;
mod notices;
mod post;
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bbb_agents::world::WallClock;
use bbb_core::id::BusinessId;
use bbb_integrations::secret::Secret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::accounts::{Accounts, Way, master_key};
use crate::config::{Config, ServerSection};
use crate::control::server::Server;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::http::metrics::Metrics;
use crate::http::{self, App, Readers};
use crate::serve::fleet::Fleet;
use crate::serve::fleet::rest::Waker;
use crate::serve::notices::Notices;
use crate::serve::post::{Mailer, Post};
use crate::service::{self, Service};
use crate::sign_in::Providers;
use crate::store::redb::RedbStore;

/// Says what keeps the daemon from speaking TLS as it is configured. Reads files, and so blocks.
///
/// # Errors
/// [`Fault`] names the file that cannot be read or used.
pub(crate) fn check_tls(server: &ServerSection) -> Result<(), Fault> {
    tls::acceptor(server).map(drop)
}

/// How often what is over is taken away from the accounts.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long readers of live events may take to hear that this is the end, and how often it is looked whether they have.
const FAREWELL: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The daemon, running.
pub struct Daemon {
    store: Arc<RedbStore>,
    address: SocketAddr,
    is_secure: bool,
    accounts: Arc<Accounts>,
    service: Arc<Service>,
    fleet: Arc<Fleet>,
    readers: Arc<Readers>,
    ending: watch::Sender<bool>,
    listening: JoinHandle<()>,
    starting: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    telling: Vec<JoinHandle<()>>,
    socket: Server,
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Daemon {
    /// Starts on a data directory whose store this process has opened. When it returns, requests are answered. Must be called in a runtime of several threads.
    ///
    /// # Errors
    /// [`Fault`] where the address cannot be listened on or is not this machine's own, or the accounts cannot be opened.
    pub async fn start(data: DataDir, store: RedbStore, config: Config, clock: WallClock) -> Result<Daemon, Fault> {
        let wanted = config.server.address()?;
        let (server, proxies) = (config.server.clone(), config.server.proxies()?);
        let is_secure = server.has_tls();
        let tls = tokio::task::spawn_blocking(move || tls::acceptor(&server)).await.map_err(|error| Fault::failed(error.to_string()))??;
        let listener = TcpListener::bind(wanted).await.map_err(|error| Fault::file(format_args!("the address {wanted}"), &error))?;
        let address = listener.local_addr().map_err(|error| Fault::file(wanted, &error))?;
        let (registration, place) = (config.server.registration, data.clone());
        let key = master_key::place(&config.server.master_key_file, data.path(), |name| std::env::var_os(name).map(PathBuf::from))?;
        let (mailer, links) = {
            let config = config.clone();
            let made = tokio::task::spawn_blocking(move || Ok::<_, Fault>((Mailer::new(&config)?, config.server.mail_links()?))).await;
            made.map_err(|error| Fault::failed(error.to_string()))??
        };
        let outbound = Arc::new(config.outbound()?);
        let opened = tokio::task::spawn_blocking(move || Accounts::open(&place, registration, key, clock)).await;
        let accounts = Arc::new(opened.map_err(|error| Fault::failed(error.to_string()))??.mailing(links));
        let store = Arc::new(store);
        let service = Arc::new(Service::new(data, Arc::<RedbStore>::clone(&store)));
        service.checkpoints().prepare().await?;
        adopt(&accounts, &service).await?;
        let socket = Server::listen_with(Arc::clone(&service), Some(Arc::clone(&accounts)))?;
        let server = config.server.clone();
        let sections = server.sign_in.clone();
        let providers = tokio::task::spawn_blocking(move || Providers::of(&sections)).await;
        let providers = providers.map_err(|error| Fault::failed(error.to_string()))??;
        let metrics = Metrics::guarded_by(server.metrics_token()?.as_ref().map(Secret::reveal));
        let opening = (Arc::clone(&service), Arc::clone(&accounts));
        let opened = tokio::task::spawn_blocking(move || Fleet::open(opening.0, opening.1, config)).await;
        let fleet = Arc::new(opened.map_err(|error| Fault::failed(error.to_string()))??);
        service.woken_by(Box::new(Waker(Arc::downgrade(&fleet))));
        let (ending, ended) = watch::channel(false);
        let app = App::new(
            (Arc::clone(&service), Arc::clone(&accounts), Arc::clone(&fleet)),
            (server.clone(), providers),
            address,
            ended.clone(),
        );
        let app = App { metrics, outbound: Arc::clone(&outbound), ..app };
        let readers = Arc::clone(&app.readers);
        let listening = {
            let manner = listen::Manner { router: http::router(&Arc::new(app)), connections: server.connections, tls, proxies };
            tokio::spawn(listen::serve(listener, manner, ended.clone()))
        };
        let post = Arc::new(Post { accounts: Arc::clone(&accounts), mailer, outbound });
        let mut telling: Vec<_> = Way::ALL.into_iter().map(|way| tokio::spawn(Arc::clone(&post).bring(way, ended.clone()))).collect();
        let notices = Notices { accounts: Arc::clone(&accounts), service: Arc::clone(&service), fleet: Arc::clone(&fleet) };
        telling.push(tokio::spawn(notices.read(ended.clone())));
        let starting = tokio::spawn(Arc::clone(&fleet).tend());
        let sweeping = tokio::spawn(sweep(Arc::clone(&accounts)));
        Ok(Daemon { store, address, is_secure, accounts, service, fleet, readers, ending, listening, starting, sweeping, telling, socket })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The beginning of its addresses, such as `http://127.0.0.1:7878`.
    pub fn base(&self) -> String {
        format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.address)
    }

    /// The accounts.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// The service.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Ends: no request is taken any more, those under way are answered, live readers are told to come again, and businesses end what they have under way and rest.
    pub async fn shut_down(self) {
        let Daemon {
            store,
            accounts,
            service,
            fleet,
            readers,
            ending,
            listening,
            starting,
            sweeping,
            telling,
            socket,
            address: _,
            is_secure: _,
        } = self;
        // Whoever holds the other end is gone already.
        let _ = ending.send(true);
        sweeping.abort();
        for one in telling {
            if let Err(error) = one.await {
                tracing::warn!(%error, "the post ended badly");
            }
        }
        if let Err(error) = listening.await {
            tracing::warn!(%error, "the listener ended badly");
        }
        // WebSockets are no requests any more: they have heard that this is the end, and say so to whoever reads.
        let said = async {
            while !readers.is_empty() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(FAREWELL, said).await.is_err() {
            tracing::warn!("readers of live events were cut off");
        }
        // Whatever is being started just now is waited for; nothing else is started.
        fleet.start_no_more();
        if let Err(error) = starting.await {
            tracing::warn!(%error, "the start of businesses ended badly");
        }
        fleet.rest().await;
        drop((socket, fleet, service));
        // Tasks that were told to end may still hold what the next start needs.
        let released = async {
            while Arc::strong_count(&store) + Arc::strong_count(&accounts) > 2 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(FAREWELL, released).await.is_err() {
            tracing::warn!("something still holds the data directory");
        }
    }
}

/// Makes the accounts' rows agree with the journals.
pub(crate) async fn adopt(accounts: &Accounts, service: &Service) -> Result<(), Fault> {
    let journals: BTreeMap<_, _> =
        service.store().list().await?.into_iter().map(|listed| (listed.business, listed.head.sequence)).collect();
    match accounts.reconcile(journals).await? {
        (0, 0) => {}
        (cut_short, adopted) => tracing::info!(cut_short, adopted, "businesses and tenants were made to agree"),
    }
    Ok(())
}

/// The businesses that are over.
pub(crate) async fn over(service: &Service) -> Result<BTreeSet<BusinessId>, Fault> {
    let listed = service.store().list().await?;
    Ok(listed.into_iter().filter(|listed| listed.ended).map(|listed| listed.business).collect())
}

async fn sweep(accounts: Arc<Accounts>) {
    loop {
        if let Err(error) = accounts.sweep().await {
            tracing::warn!(%error, "what is over was not taken away");
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// The clock on the wall.
pub fn wall_clock() -> WallClock {
    Arc::new(service::now)
}
