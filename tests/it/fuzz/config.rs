//! Configuration files: taken, or refused with the line or the setting.

use bbb::host::config::Config;
use bbb::host::fault::Kind;

use super::{Answer, Target, names_a_place, text};

const DEFAULTS: &str = include_str!("../../../bbb-host/src/config.default.toml");
const TOKENS: [&str; 24] = [
    "[smtp]\n",
    "[caps]\n",
    "[sender]\n",
    "[llm]\n",
    "[charter]\nfiles = [\"a.cedar\"]\n",
    "[owner]\n",
    "[quiet_hours]\n",
    "port = 25\n",
    "host = \"a\"\n",
    "tls = \"none\"\n",
    "timeout_s = 5\n",
    "money_usd = 7.5\n",
    "tokens = 100\n",
    "from = 21\n",
    "0x7f",
    "inf",
    "1979-05-27",
    "\"\"\"",
    "'",
    "[[",
    "]]",
    " = ",
    ".",
    "\0",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    match Config::parse(Some(("bbb.toml", text)), |_| None) {
        Ok(config) => {
            let _ = (config.caps(None), config.quiet_hours(), config.model());
            for missing in [config.sender().err(), config.smtp().err()].into_iter().flatten() {
                assert!(missing.message.contains('.'), "names the setting: {missing}");
            }
            Ok(String::new())
        }
        Err(fault) => {
            let placed = names_a_place(&fault.message) || names_a_setting(&fault.message);
            assert!(fault.kind == Kind::Usage && placed, "{fault:?}");
            Err(fault.message)
        }
    }
}

/// Whether a refusal begins with a setting, as in `server.listen is …`: values that environment or flags may have given as well are refused so.
fn names_a_setting(message: &str) -> bool {
    let setting = message.split_once(" is ").map(|(setting, _)| setting);
    setting.and_then(|setting| setting.split_once('.')).is_some_and(|words| {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        word(words.0) && word(words.1)
    })
}

#[test]
fn any_configuration_is_taken_or_refused_with_its_line() {
    Target { name: "config", tokens: &TOKENS, more: vec![DEFAULTS.as_bytes().to_vec()], answer, one_in: 1 }.run();
}
