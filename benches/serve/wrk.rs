//! The load generator: `wrk`, with a script that prints what it counted as one line of JSON.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How hard it is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
    pub(crate) script: &'a str,
    pub(crate) url: &'a str,
    pub(crate) args: &'a [&'a str],
}

/// That it is there.
pub(crate) fn check() -> Result<()> {
    match Command::new("wrk").arg("-v").output() {
        Ok(_) => Ok(()),
        Err(error) => bail!("wrk does not start ({error}): apt-get install wrk"),
    }
}

impl Load<'_> {
    pub(crate) fn start(self) -> Result<Child> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/serve");
        let script = scripts.join(self.script);
        let mut command = Command::new("wrk");
        command.env("BBB_LOAD_SCRIPTS", scripts);
        command.args(["-t1", &format!("-c{}", self.connections), &format!("-d{}s", self.seconds), "--timeout", "30s", "-s"]).arg(script);
        command.arg(self.url).arg("--").args(self.args).stdout(Stdio::piped());
        command.spawn().context("wrk")
    }

    /// Asks, and says what came of it.
    pub(crate) fn run(self) -> Result<Value> {
        counted(self.start()?)
    }
}

/// What was counted, once it has ended.
pub(crate) fn counted(child: Child) -> Result<Value> {
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("COUNTED ")).with_context(|| format!("wrk counted nothing: {text}"))?;
    Ok(serde_json::from_str(line)?)
}
