//! A server that does as it is told: for faults that no real peer produces.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One thing that the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sends bytes.
    Say(String),
    /// Reads one line.
    Hear,
    /// Reads up to and including this text.
    HearUntil(&'static str),
    /// Reads this many bytes at least.
    HearBytes(usize),
    /// Closes the connection in good order.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing until the other side has gone.
    Silence,
}

pub(crate) fn say(text: &str) -> Step {
    Step::Say(text.to_owned())
}

/// Where scripts are played. Peers and what looks for them are at 127.0.0.1, so nobody comes here by a port that was somebody else's a moment ago.
pub(crate) const HOST: &str = "127.0.0.2";

/// A server on loopback that takes one connection through its steps. It takes no second one: that would be a retry.
pub(crate) struct Script {
    pub(crate) port: u16,
    server: JoinHandle<String>,
}

impl Script {
    pub(crate) async fn start(steps: Vec<Step>) -> Script {
        let listener = TcpListener::bind((HOST, 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("bound").port();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            let heard = play(stream, steps).await;
            let again = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
            assert!(again.is_err(), "there was a second connection");
            heard
        });
        Script { port, server }
    }

    /// Everything that the server heard, after the other side has gone.
    pub(crate) async fn heard(self) -> String {
        let limit = Duration::from_secs(20);
        tokio::time::timeout(limit, self.server).await.expect("the script should end").expect("the script should not panic")
    }
}

async fn play(stream: TcpStream, steps: Vec<Step>) -> String {
    let mut stream = BufReader::new(stream);
    let mut heard = Vec::new();
    for step in steps {
        // The other side may have gone; then the rest of the script is of no interest.
        let done = match step {
            Step::Say(text) => stream.write_all(text.as_bytes()).await.is_ok(),
            Step::Hear => stream.read_until(b'\n', &mut heard).await.is_ok_and(|count| count > 0),
            Step::HearUntil(end) => hear_until(&mut stream, end, &mut heard).await,
            Step::HearBytes(count) => {
                let mut bytes = vec![0; count];
                stream.read_exact(&mut bytes).await.is_ok() && {
                    heard.extend_from_slice(&bytes);
                    true
                }
            }
            Step::Close => return text(heard),
            Step::Reset => {
                stream.get_ref().set_zero_linger().expect("a socket option");
                return text(heard);
            }
            Step::Silence => {
                let _ = stream.read_to_end(&mut heard).await;
                return text(heard);
            }
        };
        if !done {
            return text(heard);
        }
    }
    let _ = stream.read_to_end(&mut heard).await;
    text(heard)
}

async fn hear_until(stream: &mut BufReader<TcpStream>, end: &str, heard: &mut Vec<u8>) -> bool {
    let from = heard.len();
    loop {
        match stream.read_until(b'\n', heard).await {
            Ok(0) | Err(_) => return false,
            Ok(_) if heard[from..].ends_with(end.as_bytes()) => return true,
            Ok(_) => {}
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
