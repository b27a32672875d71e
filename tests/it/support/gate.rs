//! A relay between the business and a real SMTP server that can hold an exchange at a chosen point, for as long as a test wants. What was held is broken off
//! when it is let go: by then whoever was held is dead.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long something that must come may take. Nothing waits for this long unless the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A point in an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// The client has asked to send, and the server does not know it yet.
    BeforeData,
    /// The server has half of the content.
    AmidContent,
    /// The server has the mail and has said so, and the client does not know it yet.
    BeforeAnswer,
    /// The client has the answer.
    AfterAnswer,
}

impl Point {
    pub(crate) const ALL: [Point; 4] = [Point::BeforeData, Point::AmidContent, Point::BeforeAnswer, Point::AfterAnswer];
}

#[derive(Default)]
struct Rule {
    hold: Option<(Point, u64)>,
    /// Exchanges that are held.
    held: u64,
    /// Counts the rules: an exchange that was held under an earlier one is broken off.
    serial: u64,
}

#[derive(Default)]
struct Shared {
    rule: Mutex<Rule>,
    changed: Condvar,
}

/// The relay.
pub(crate) struct Gate {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

impl Gate {
    /// A relay to a server on this machine.
    pub(crate) fn to(server: u16) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::<Shared>::default();
        let relay = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&relay);
                // A connection that breaks is one whose client was killed.
                std::thread::spawn(move || exchange(client, server, &shared));
            }
        });
        Gate { port, shared }
    }

    /// Lets everything pass; what was held is broken off.
    pub(crate) fn open(&self) {
        self.set(None);
    }

    /// Lets so many exchanges pass a point, and holds all others there.
    pub(crate) fn hold(&self, point: Point, passing: u64) {
        self.set(Some((point, passing)));
    }

    fn set(&self, hold: Option<(Point, u64)>) {
        let mut rule = self.shared.rule();
        *rule = Rule { hold, held: 0, serial: rule.serial + 1 };
        self.shared.changed.notify_all();
    }

    /// Waits until an exchange is held.
    pub(crate) fn wait(&self) {
        let rule = self.shared.rule();
        let waited = self.shared.changed.wait_timeout_while(rule, PATIENCE, |rule| rule.held == 0);
        let (rule, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "no mail came to {:?}", rule.hold);
    }
}

impl Shared {
    fn rule(&self) -> MutexGuard<'_, Rule> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the exchange may go on from `point`, which it may be held at first.
    fn passes(&self, point: Point) -> bool {
        let mut rule = self.rule();
        match &mut rule.hold {
            Some((held, passing)) if *held == point && *passing > 0 => *passing -= 1,
            Some((held, _)) if *held == point => {
                let serial = rule.serial;
                rule.held += 1;
                self.changed.notify_all();
                drop(self.changed.wait_while(rule, |rule| rule.serial == serial).unwrap_or_else(PoisonError::into_inner));
                return false;
            }
            _ => {}
        }
        true
    }
}

/// One side of the relay.
struct Side(BufReader<TcpStream>);

impl Side {
    fn new(stream: TcpStream) -> Side {
        // Small lines go back and forth: waiting for more would only cost time.
        let _ = stream.set_nodelay(true);
        Side(BufReader::new(stream))
    }

    /// The next line with its break; nothing at the end.
    fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).ok()?;
        line.ends_with(b"\n").then_some(line)
    }

    /// An answer, which may have several lines.
    fn answer(&mut self) -> Option<Vec<u8>> {
        let mut answer = Vec::new();
        loop {
            let line = self.line()?;
            answer.extend_from_slice(&line);
            if line.get(3) != Some(&b'-') {
                return Some(answer);
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.0.get_mut().write_all(bytes).ok()
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.0.get_ref().shutdown(Shutdown::Both);
    }
}

/// Relays one exchange; ends early when one side breaks off or when it was held.
fn exchange(client: TcpStream, server: u16, shared: &Shared) -> Option<()> {
    let mut client = Side::new(client);
    let mut server = Side::new(TcpStream::connect(("127.0.0.1", server)).ok()?);
    client.send(&server.answer()?)?;
    while let Some(line) = client.line() {
        let is_data = line.eq_ignore_ascii_case(b"DATA\r\n");
        if is_data && !shared.passes(Point::BeforeData) {
            return None;
        }
        server.send(&line)?;
        let answer = server.answer()?;
        client.send(&answer)?;
        if is_data && answer.starts_with(b"354") {
            content(&mut client, &mut server, shared)?;
        }
    }
    Some(())
}

fn content(client: &mut Side, server: &mut Side, shared: &Shared) -> Option<()> {
    let mut content = Vec::new();
    while !content.ends_with(b"\r\n.\r\n") {
        content.extend_from_slice(&client.line()?);
    }
    let (first, second) = content.split_at(content.len() / 2);
    server.send(first)?;
    shared.passes(Point::AmidContent).then_some(())?;
    server.send(second)?;
    let answer = server.answer()?;
    shared.passes(Point::BeforeAnswer).then_some(())?;
    client.send(&answer)?;
    shared.passes(Point::AfterAnswer).then_some(())
}
