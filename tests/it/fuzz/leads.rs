//! Lists of leads: taken whole, or refused with line and column of each problem; no problem repeats what a cell says.

use bbb::core::draw::Seed;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::host::leads::{self, Error, MAX_PROBLEMS};

use super::{Answer, Target};

const TOKENS: [&str; 22] = [
    "email,name,company,consent,note\n",
    "Consent,Email\n",
    "email",
    "consent",
    "ada@example.com",
    "@",
    "a@b",
    "\"Ada \"\"Countess\"\" L.\"",
    "yes",
    "no",
    "maybe",
    ",",
    ",,,,,",
    "\"",
    "\n",
    "\r",
    "\r\n",
    "\u{feff}",
    "\0",
    "\u{202e}",
    "xn--",
    "é@é.é",
];

fn answer(input: &[u8]) -> Answer {
    match leads::parse(input) {
        Ok(leads) => {
            let vault = Vault::new(std::sync::Arc::new(DerivedKeys::new(Seed::new(1))));
            let some = &leads[..leads.len().min(3)];
            let arrivals = leads::arrivals(some, &vault).unwrap();
            assert_eq!(arrivals.len(), some.len());
            Ok(String::new())
        }
        Err(Error::Problems { problems, .. }) => {
            let lines = input.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
            assert!((1..=MAX_PROBLEMS).contains(&problems.len()), "{problems:?}");
            for problem in &problems {
                assert!((1..=lines).contains(&problem.line) && !problem.rule.is_empty(), "{problem} of {lines}");
            }
            Err(problems[0].rule.clone())
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn any_list_of_leads_is_taken_or_refused_with_its_places() {
    Target { name: "leads", tokens: &TOKENS, more: Vec::new(), answer, one_in: 1 }.run();
}
