//! Case files of `bbb charter test`: taken and judged, or refused with line and column.

use bbb::core::oversight::charter::Charter;
use bbb::host::cases;

use super::policies::is_place;
use super::{Answer, Target, text};

const CASES: &str = include_str!("../../../examples/charter/cases.toml");
const TOKENS: [&str; 28] = [
    "[[case]]\n",
    "[case]\n",
    "[[case.contact]]\n",
    "name = \"a\"\n",
    "action = \"send_email\"\n",
    "action = \"pay_bill\"\n",
    "role = \"sales\"\n",
    "expect = \"veto\"\n",
    "expect = \"approve\"\n",
    "rules = [\"mail-consent\"]\n",
    "rules = [",
    "contact.consent = false\n",
    "contact = { consent = true }\n",
    "mail.purpose = \"offer\"\n",
    "price.percent_of_list = 89\n",
    "act.cost_usd = 1_200.50\n",
    "owner_approved = true\n",
    "0x7f",
    "1979-05-27T07:32:00Z",
    "nan",
    "'''",
    "\"\"\"",
    "\\u0000",
    " = ",
    ".",
    "]",
    "\u{202e}",
    "é",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    match cases::parse("fuzz.toml", text) {
        Ok(cases) => {
            assert!(!cases.is_empty(), "a file without cases is none");
            for case in cases {
                assert_eq!(case.judge(Charter::shipped()), case.judge(Charter::shipped()), "{case:?}");
            }
            Ok(String::new())
        }
        Err(error) => {
            assert!(is_place(error.line, error.column, text) && !error.reason.is_empty(), "{error}");
            Err(error.reason)
        }
    }
}

#[test]
fn any_case_file_is_taken_or_refused_with_its_place() {
    Target { name: "cases", tokens: &TOKENS, more: vec![CASES.as_bytes().to_vec()], answer, one_in: 1 }.run();
}
