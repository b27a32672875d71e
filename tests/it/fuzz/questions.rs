//! Founders' questions of `bbb optimize portfolio|budget|assignment|schedule`, in TOML and CSV: taken, or refused with the line or the rule. They are read, not answered.
//!
//! Each input is read as a file of every kind, both ways.

use bbb::host::cli::{QuestionKind, read_question};

use super::{Answer, Target, names_a_place, text};

const FILES: [&str; 7] = [
    include_str!("../../../examples/optimize/portfolio.toml"),
    include_str!("../../../examples/optimize/portfolio.csv"),
    include_str!("../../../examples/optimize/budget.toml"),
    include_str!("../../../examples/optimize/budget.csv"),
    include_str!("../../../examples/optimize/assignment.toml"),
    include_str!("../../../examples/optimize/assignment.csv"),
    include_str!("../../../examples/optimize/schedule.toml"),
];
const TOKENS: [&str; 34] = [
    "[[projects]]\n",
    "[[channels]]\n",
    "[[tasks]]\n",
    "[[agents]]\n",
    "[[synergies]]\n",
    "name = \"a\"\n",
    "cost = 100\n",
    "budget_usd = 1_200.50\n",
    "weekly_hours = 7.5\n",
    "value_usd = -1\n",
    "required = true\n",
    "name,cost_usd,weekly_hours,value_usd\n",
    "name,most_usd,scale_usd,min_usd,max_usd\n",
    "capacity,1,2,3\n",
    "a,1,2,3\n",
    "\"a, b\"",
    "9223372036854775807",
    "1e308",
    "-0.0",
    "nan",
    "inf",
    "0.001",
    "0x7f",
    "1979-05-27T07:32:00Z",
    "\"\"\"",
    "{ ",
    " }",
    "[",
    "]",
    ",",
    ",,",
    ";",
    "\u{feff}",
    "\0",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    let kinds = [QuestionKind::Portfolio, QuestionKind::Budget, QuestionKind::Assignment, QuestionKind::Schedule];
    let (mut taken, mut refused) = (Vec::new(), String::new());
    for kind in kinds {
        for name in ["fuzz.toml", "fuzz.csv"] {
            match read_question(kind, name, text.to_owned()) {
                Ok(()) => taken.push(format!("{kind:?} {name}")),
                Err(fault) => {
                    assert!(fault.kind == bbb_host::fault::Kind::Usage && !fault.message.is_empty(), "{fault:?}");
                    let whole = fault.message.starts_with("fuzz.") || fault.message.starts_with("a schedule is asked for");
                    assert!(whole || names_a_place(&fault.message), "{fault}");
                    refused = fault.message;
                }
            }
        }
    }
    if taken.is_empty() { Err(refused) } else { Ok(taken.join(", ")) }
}

#[test]
fn any_question_is_taken_or_refused_with_its_file() {
    let more = FILES.map(|text| text.as_bytes().to_vec()).to_vec();
    Target { name: "questions", tokens: &TOKENS, more, answer, one_in: 1 }.run();
}
