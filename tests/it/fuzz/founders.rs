//! Founders' files of `bbb recommend --founder` and `bbb plan --founder`: taken, or refused with the line.

use bbb::host::cli::read_founder;
use bbb::host::fault::Kind;

use super::{Answer, Target, names_a_place, text};

const EXAMPLE: &str = include_str!("../../../examples/founder.toml");
const TOKENS: [&str; 32] = [
    "name = \"Ada\"\n",
    "name = \"\"\n",
    "state = \"CA\"\n",
    "state = \"new york\"\n",
    "state = \"XX\"\n",
    "budget_usd = 3000\n",
    "budget_usd = 3000.5\n",
    "budget_usd = \"12.34\"\n",
    "budget_usd = 9223372036854775807\n",
    "budget_usd = 1e300\n",
    "hours_per_week = 15\n",
    "hours_per_week = -9223372036854775808\n",
    "industry = \"educ\"\n",
    "risk = \"bold\"\n",
    "risk = { bold = 1 }\n",
    "nan",
    "-inf",
    "-0.0",
    "0.001",
    "0x7f",
    "1979-05-27T07:32:00Z",
    "\"\"\"",
    "'''",
    "\\u0000",
    "\\u202E",
    " = ",
    ".",
    "{ ",
    "[[",
    "\u{202e}",
    "é",
    "\0",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    match read_founder("founder.toml", text) {
        Ok(()) => Ok(String::new()),
        Err(fault) => {
            assert!(fault.kind == Kind::Usage && fault.message.starts_with("founder.toml, line "), "{fault:?}");
            assert!(names_a_place(&fault.message), "{fault:?}");
            Err(fault.message)
        }
    }
}

#[test]
fn any_founders_file_is_taken_or_refused_with_its_line() {
    Target { name: "founders", tokens: &TOKENS, more: vec![EXAMPLE.as_bytes().to_vec()], answer, one_in: 1 }.run();
}
