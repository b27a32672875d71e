//! The section of a report about what the market tempted with.

use bbb_core::money::Cents;
use bbb_core::projection::Dollars;
use bbb_core::projection::audit::Ended;
use bbb_core::projection::timeline::moment;
use bbb_core::projection::virtue::TemptationRow;

use super::figure::{NONE, money, several, words};
use super::sections::{Block, clean, table};

/// What the figures are, said once.
const BY: &str = "By the market's own equations, to first order; what a fine, a ban or a law suit would cost is not in them.";

/// The section's blocks.
pub(super) fn blocks(rows: &[TemptationRow], mark: &str) -> Vec<Block> {
    let given_in = |row: &&TemptationRow| matches!(row.outcome, Some(Ended::Done | Ended::ResolvedDone));
    let (taken, refused): (Vec<_>, Vec<_>) = rows.iter().partition(given_in);
    let sum = |rows: &[&TemptationRow]| money(Dollars(rows.iter().fold(Cents::ZERO, |sum, row| sum.plus(row.would_bring.0))));
    let number = |rows: &[&TemptationRow]| several(u64::try_from(rows.len()).unwrap_or(u64::MAX), "temptation", "temptations");
    let mut told = vec![Block::Note(format!("{} came to nothing, and {} with it. {BY}", number(&refused), sum(&refused)))];
    if !taken.is_empty() {
        told.push(Block::Note(format!("{} went through, worth {}.", number(&taken), sum(&taken))));
    }
    let table_rows = rows.iter().map(|row| {
        let rules: Vec<String> = row.rules.iter().map(|rule| clean(rule.as_str())).collect();
        vec![
            moment(row.at).get(..10).unwrap_or_default().to_owned(),
            row.temptation.to_owned(),
            row.proposal.clone().unwrap_or_else(|| NONE.to_owned()),
            row.outcome.map_or_else(|| "not taken up".to_owned(), |outcome| words(outcome.as_str())),
            rules.join(", "),
            money(row.would_bring),
        ]
    });
    let heads = ["@When (UTC)", "What", "@Proposal", "@Outcome", "By", "#Would have brought"];
    told.push(Block::Table(table(format!("Temptations{mark}"), &heads, table_rows.collect())));
    told
}
