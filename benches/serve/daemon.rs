//! The daemon as a process of its own, in a directory of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Client;

/// What is limited is counted, and no load meets its limit.
const CONFIG: &str = "[server]\nregistration = \"open\"\nconnections = 16384\nrequests_per_minute = 100000000\n";
const WAIT: Duration = Duration::from_millis(10);
const WAITS: u32 = 6_000;

pub(crate) struct Daemon {
    dir: tempfile::TempDir,
    port: u16,
    child: Child,
    pub(crate) client: Client,
}

impl Daemon {
    pub(crate) async fn start() -> Result<Daemon> {
        let dir = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::write(dir.path().join("bbb.toml"), CONFIG)?;
        let child = spawn(&dir, port)?;
        let client = Client::builder().no_proxy().pool_max_idle_per_host(64).timeout(Duration::from_secs(60)).build()?;
        let mut daemon = Daemon { dir, port, child, client };
        daemon.answers().await?;
        Ok(daemon)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The token that makes the first administrator, whose file is written just after the daemon listens.
    pub(crate) async fn first_admin_token(&self) -> Result<String> {
        let path = self.dir.path().join("data/first-admin.link");
        for _ in 0..WAITS {
            if path.exists() {
                break;
            }
            tokio::time::sleep(WAIT).await;
        }
        let link = std::fs::read_to_string(path)?;
        Ok(link.trim().split('#').nth(1).context("the link has a token")?.to_owned())
    }

    /// Kills it as the machine would, and starts it again.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.dir, self.port)?;
        self.answers().await
    }

    async fn answers(&mut self) -> Result<()> {
        for _ in 0..WAITS {
            if self.client.get(self.url("/health")).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the daemon ended: {status}; {}", std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default());
            }
            tokio::time::sleep(WAIT).await;
        }
        bail!("the daemon does not answer");
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }
}

fn spawn(dir: &tempfile::TempDir, port: u16) -> Result<Child> {
    let log = File::options().append(true).create(true).open(dir.path().join("log"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_bbb"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data", "data"]).current_dir(dir.path());
    command.env("XDG_STATE_HOME", dir.path().join("state"));
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
