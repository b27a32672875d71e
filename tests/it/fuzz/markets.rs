//! Market files of `bbb launch --market`: taken, or refused with the line, and where a figure is out of its range with the field and the range.

use bbb::core::market::Scenario;
use bbb::host::fault::Kind;
use bbb::host::scenario;

use super::{Answer, Target, names_a_place, text};

const TOKENS: [&str; 36] = [
    "size_percent = 150\n",
    "awareness_days = 2001\n",
    "season_peak_day = 0\n",
    "ad_cost_percent = 1\n",
    "delivery_capacity_percent = 10000\n",
    "dispute_fee_cents = 4294967296\n",
    "viral_percent = 101\n",
    "price_tolerance_percent = -5\n",
    "[share_percent]\n",
    "[quality_points]\n",
    "quality_points.seo = 51\n",
    "share_percent = { seo = 0, social = 0 }\n",
    "seo = 0\n",
    "social = -50\n",
    "email = 100\n",
    "paid_search = 0\n",
    "referral = 0\n",
    "outbound = 0\n",
    "radio = 1\n",
    "0x7f",
    "0b1",
    "1_0",
    "1e2",
    "nan",
    "1979-05-27",
    "'size_percent'",
    "\"\"\"",
    "'''",
    "#",
    " = ",
    ".",
    "{ ",
    " }",
    "[[",
    "\u{202e}",
    "\0",
];

fn answer(input: &[u8]) -> Answer {
    let text = text(input)?;
    match scenario::parse("market.toml", text) {
        Ok(scenario) => {
            assert_eq!(scenario.check(), Ok(()), "what is taken is within its ranges");
            let json = serde_json::to_string(&scenario).unwrap();
            assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario, "what is journaled reads back");
            Ok(if scenario == Scenario::default() { "as nothing" } else { "" }.to_owned())
        }
        Err(fault) => {
            assert!(fault.kind == Kind::Usage && fault.message.starts_with("market.toml, line "), "{fault:?}");
            assert!(names_a_place(&fault.message), "{fault:?}");
            if let Some((before, range)) = fault.message.split_once("; it must be ") {
                let figures = range.split_once(" to ").map(|(least, most)| (least.parse::<i64>(), most.parse::<i64>()));
                assert!(matches!(figures, Some((Ok(least), Ok(most))) if least < most), "{fault:?}");
                let (place, rule) = before.split_once(": ").unwrap();
                let line: usize = place.rsplit(' ').next().unwrap().parse().unwrap();
                let field = rule.split_once(" is ").unwrap().0;
                let key = field.split_once('.').map_or(field, |(_, channel)| channel);
                let written = text.split('\n').nth(line - 1).unwrap();
                // A key that is written with escapes is there in other letters.
                assert!(written.contains(key) || written.contains('\\'), "{fault:?}: {written}");
            }
            Err(fault.message)
        }
    }
}

#[test]
fn any_market_file_is_taken_or_refused_with_its_line() {
    Target { name: "markets", tokens: &TOKENS, more: Vec::new(), answer, one_in: 1 }.run();
}
