//! Every way to the outside, as a closed list: what decides can reach neither the network nor a credential, and who can is named here.
//!
//! `docs/design/oversight.md` explains why each of them is no way around oversight.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that reach the network, the disk or credentials.
const REACHING: [&str; 22] = [
    "async-openai",
    "curl",
    "h2",
    "hyper",
    "hyper-util",
    "keyring",
    "lettre",
    "mio",
    "native-tls",
    "openssl",
    "quinn",
    "redb",
    "reqwest",
    "rpassword",
    "rustls",
    "rustix",
    "socket2",
    "tempfile",
    "tokio-rustls",
    "tonic",
    "tungstenite",
    "ureq",
];
/// Features of tokio that do.
const REACHING_TOKIO: [&str; 5] = ["full", "fs", "net", "process", "signal"];
/// Words in source text that do. Randomness and the clock are among them: they enter from outside too.
const REACHING_WORDS: [&str; 14] = [
    "std::net",
    "std::fs",
    "std::env",
    "std::process",
    "std::os",
    "tokio::net",
    "tokio::fs",
    "tokio::process",
    "getrandom",
    "SystemTime",
    "Instant::now",
    "thread_rng",
    "OsRng",
    "unsafe ",
];
/// The one file with unsafe code: it calls what is compiled for a processor's own instructions, and knows nothing of businesses.
const UNSAFE_FILE: &str = "bbb-core/src/optimizer/sampler/simd.rs";
/// Words by which a connection, a listener or a process is made.
const CONNECTING_WORDS: [&str; 10] = [
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "AsyncSmtpConnection",
    "SmtpTransport",
    "reqwest::",
    "process::Command",
    "tokio::process",
];
/// The files that may: adapters, which take a permit for everything that they send, and the socket of the data directory, which only local commands reach.
const CONNECTING_FILES: [&str; 6] = [
    "bbb-host/src/control/client.rs",
    "bbb-host/src/control/server.rs",
    "bbb-integrations/src/llm/http.rs",
    "bbb-integrations/src/llm/openai.rs",
    "bbb-integrations/src/mail/lines.rs",
    "bbb-integrations/src/mail/smtp.rs",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Source files below a directory, without their unit tests' own files.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.starts_with("tests") {
            found.push(path);
        }
    }
    found
}

/// The lines of a file that are code and no unit test.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    product.lines().map(str::trim).filter(|line| !line.starts_with("//")).map(str::to_owned).collect()
}

fn offences(directory: &str, words: &[&str]) -> BTreeSet<(String, String)> {
    let root = root();
    let mut found = BTreeSet::new();
    for path in sources(&root.join(directory)) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        for line in code(&path) {
            found.extend(words.iter().filter(|word| line.contains(**word)).map(|word| (name.clone(), (*word).to_owned())));
        }
    }
    found
}

/// What a crate is built with when it is built alone: names, versions, features.
fn tree(package: &str) -> Vec<(String, BTreeSet<String>)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}|{f}", "--package", package];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo runs these tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let (name, features) = line.split_once('|').unwrap();
        let features = features.trim_end_matches(" (*)").split(',').map(str::to_owned).collect();
        (name.split(' ').next().unwrap().to_owned(), features)
    };
    text.lines().filter(|line| !line.is_empty()).map(line).collect()
}

#[test]
fn what_decides_can_reach_neither_the_network_nor_a_credential() {
    for package in ["bbb-core", "bbb-agents"] {
        let tree = tree(package);
        assert!(tree.iter().any(|(name, _)| name == "cedar-policy") && tree.len() > 50, "the tree of {package} was read");
        for (name, features) in tree {
            assert!(!REACHING.contains(&name.as_str()), "{package} depends on {name}");
            let reaching = REACHING_TOKIO.iter().find(|feature| name == "tokio" && features.contains(**feature));
            assert!(reaching.is_none(), "{package} uses tokio with {reaching:?}");
        }
        let mut offences = offences(&format!("{package}/src"), &REACHING_WORDS);
        offences.remove(&(UNSAFE_FILE.to_owned(), "unsafe ".to_owned()));
        assert_eq!(offences, BTreeSet::new());
    }
}

#[test]
fn only_adapters_and_the_local_socket_make_connections() {
    let found: BTreeSet<String> = ["bbb-core/src", "bbb-agents/src", "bbb-integrations/src", "bbb-host/src", "src"]
        .into_iter()
        .flat_map(|directory| offences(directory, &CONNECTING_WORDS))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(
        found,
        CONNECTING_FILES.map(str::to_owned).into(),
        "a new way to the outside needs a permit, a line here, and one in docs/design/oversight.md"
    );
}

#[test]
fn minds_see_neither_the_market_nor_the_journal_nor_a_port() {
    let forbidden = ["crate::market", "crate::journal", "crate::port", "super::super::market", "Permit<"];
    assert_eq!(offences("bbb-core/src/decide", &forbidden), BTreeSet::new());
    assert_eq!(offences("bbb-core/src/oversight", &["crate::market", "crate::decide"]), BTreeSet::new(), "nor does oversight ask a mind");
}

#[test]
fn permits_are_made_in_one_place() {
    let made: BTreeSet<String> = ["bbb-core/src", "bbb-agents/src", "bbb-integrations/src", "bbb-host/src", "src"]
        .into_iter()
        .flat_map(|directory| offences(directory, &["Granted::new(", "Permit {"]))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(made, ["bbb-core/src/oversight/mod.rs", "bbb-core/src/oversight/permit.rs"].map(str::to_owned).into());
    let acknowledged: BTreeSet<String> = ["bbb-core/src", "bbb-agents/src"]
        .into_iter()
        .flat_map(|directory| offences(directory, &["Acknowledgement {"]))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(acknowledged, ["bbb-core/src/journal/writer.rs"].map(str::to_owned).into());
}
