//! What the daemon is compared with: an axum handler that makes one read of a redb table and answers what is there, and nothing else.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use redb::{Database, ReadableDatabase, TableDefinition};

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const KEY: &[u8] = b"biz_0000000000000000";

/// The process.
pub(crate) struct Bare(Child);

impl Bare {
    /// Starts it with a row of this answer, at a port.
    pub(crate) fn start(directory: &std::path::Path, answer: &str, port: u16) -> Result<Bare> {
        let path = directory.join("bare.redb");
        let database = Database::create(&path)?;
        let writing = database.begin_write()?;
        writing.open_table(ROWS)?.insert(KEY, answer.as_bytes())?;
        writing.commit()?;
        drop(database);
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(&path).arg(port.to_string()).stdin(Stdio::null());
        Ok(Bare(command.spawn()?))
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves until it is killed: the file, and the port.
pub(crate) async fn serve(words: &[String]) -> Result<()> {
    let path = words.first().context("a file")?;
    let port: u16 = words.get(1).context("a port")?.parse()?;
    let router = Router::new().route("/row", get(row)).with_state(Arc::new(Database::open(path)?));
    axum::serve(tokio::net::TcpListener::bind(("127.0.0.1", port)).await?, router).await?;
    Ok(())
}

async fn row(State(database): State<Arc<Database>>) -> Result<impl IntoResponse, StatusCode> {
    let read = || -> Result<Vec<u8>> {
        let row = database.begin_read()?.open_table(ROWS)?.get(KEY)?.context("the row")?;
        Ok(row.value().to_vec())
    };
    Ok(([(CONTENT_TYPE, "application/json")], read().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?))
}
