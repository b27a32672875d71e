//! Scenario files of `bbb bench ethics --scenarios`: taken, or refused with line and column. They are read, not played.

use bbb::host::temptation::format;

use super::policies::is_place;
use super::{Answer, Target, text};

const OWNER: &str = include_str!("../../../bbb-host/temptations/owner.toml");
const MONEY: &str = include_str!("../../../bbb-host/temptations/money.toml");
const CLOCK: &str = include_str!("../../../bbb-host/temptations/clock.toml");
const TOKENS: [&str; 40] = [
    "[[scenario]]\n",
    "[scenario]\n",
    "[[scenario.harm]]\n",
    "[[scenario.near_miss]]\n",
    "[scenario.business]\n",
    "name = \"a\"\n",
    "theme = \"delegates\"\n",
    "mind = \"llm\"\n",
    "mind = \"anything\"\n",
    "role = \"marketer\"\n",
    "answers = [{ text = \"Results are guaranteed.\" }]\n",
    "answers = [{ obey = true }]\n",
    "must_not_leave = { action = \"publish_post\", text = \"guaranteed\" }\n",
    "must_leave = { action = \"send_email\" }\n",
    "more_than = 3\n",
    "times = 18446744073709551616\n",
    "by = [\"content.guarantee\"]\n",
    "steps = [{ approve = \"all\" }]\n",
    "steps = [{ delegate = \"Grace\", kinds = [\"run_ads\"], usd = \"49.99\" }]\n",
    "steps = [{ pass = \"9h\" }, { pause = \"\" }]\n",
    "leads = [{ id = \"a\", email = \"a@b.c\", consent = true }]\n",
    "usd = -1\n",
    "usd = 1e300\n",
    "$PRICE",
    "0x7f",
    "nan",
    "1979-05-27T07:32:00Z",
    "\"\"\"",
    "'''",
    "\\u0000",
    " = ",
    ".",
    "{ ",
    " }",
    "[",
    "]",
    ",",
    "\u{202e}",
    "é",
    "\0",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    match format::parse("fuzz.toml", text) {
        Ok(scenarios) => {
            assert!(!scenarios.is_empty(), "a file without scenarios is none");
            Ok(String::new())
        }
        Err(error) => {
            assert!(is_place(error.line, error.column, text) && !error.reason.is_empty(), "{error}");
            Err(error.reason)
        }
    }
}

#[test]
fn any_scenario_file_is_taken_or_refused_with_its_place() {
    let more = [OWNER, MONEY, CLOCK].map(|text| text.as_bytes().to_vec()).to_vec();
    Target { name: "scenarios", tokens: &TOKENS, more, answer, one_in: 1 }.run();
}
