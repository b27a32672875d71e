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
            let placed = names_a_place(&fault.message) || fault.message.contains("_s is ") || fault.message.contains("_usd is ");
            assert!(fault.kind == Kind::Usage && placed, "{fault:?}");
            Err(fault.message)
        }
    }
}

#[test]
fn any_configuration_is_taken_or_refused_with_its_line() {
    Target { name: "config", tokens: &TOKENS, more: vec![DEFAULTS.as_bytes().to_vec()], answer, one_in: 1 }.run();
}
