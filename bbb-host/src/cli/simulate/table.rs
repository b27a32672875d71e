//! What policies came to, as text.

use std::fmt::Write;

use bbb_core::money::{Cents, dollars};

use crate::simulate::summary::{Row, share};

/// A row for each blueprint and policy, and what the columns mean.
pub(in crate::cli) fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let width = rows.iter().map(|row| row.blueprint.chars().count()).max().unwrap_or(0).max(9);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:width$}  {:8} {:>12} {:>27} {:>12} {:>6} {:>12} {:>13} {:>12} {:>5} {:>7} {:>7} {:>7}",
        "BLUEPRINT",
        "POLICY",
        "PROFIT",
        "95 % INTERVAL",
        "WORST 5 %",
        "RUINED",
        "REGRET",
        "UPPER BOUND",
        "QUARTER",
        "ASKED",
        "SUCCESS",
        "CONVERT",
        "SATISFY"
    );
    for row in rows {
        let [low, high] = row.median_profit_interval_cents;
        let interval = format!("{} to {}", money(low), money(high));
        let regret = row.regret_cents.map_or("-".to_owned(), money);
        let bound = row.expected_profit_bound_cents.map_or("-".to_owned(), money);
        let _ = writeln!(
            text,
            "{:width$}  {:8} {:>12} {interval:>27} {:>12} {:>6} {regret:>12} {bound:>13} {:>12} {:>5.1} {:>7} {:>7} {:>7}",
            row.blueprint,
            row.policy.as_str(),
            money(row.median_profit_cents),
            money(row.worst_profit_cents),
            share(Some(row.ruined)),
            money(row.last_quarter_revenue_cents),
            row.asked_a_month,
            share(row.success),
            share(row.conversion),
            share(row.satisfaction),
        );
    }
    text.push_str(
        "\nPROFIT: the median of revenue less spending, with its interval by 1,000 bootstrap samples. WORST 5 %: the mean of the worst of them. REGRET: how much less the mean run\n\
         earned than the oracle's in the same future. UPPER BOUND: of the expected profit, which no growth policy exceeds; the mean of these futures. QUARTER: the median\n\
         revenue of the last 90 days. ASKED: decisions of the owner in 30 days. SUCCESS: of all tasks that ended.\n\
         CONVERT: customers of qualified leads. SATISFY: ratings of four stars and five. RUINED: the cash that the founder brought, three months of expenses and the cost to open, ran out.\n",
    );
    text
}

pub(in crate::cli) fn money(cents: i64) -> String {
    dollars(Cents::new(cents))
}
