//! A business and its alternatives as one HTML file: what each came to, and how the cash went.

use bbb_core::money::{Cents, dollars};

use super::figure::several;
use super::sections::{Block, Document, section, table};
use super::{Error, drawing, html};
use crate::what_if::{Comparison, HEADS};

/// The most characters of a name beside its line.
const MAX_LABEL_CHARS: usize = 16;

/// The page.
///
/// # Errors
/// [`Error`] where the page's template is wrong, which is a defect of this build.
pub fn what_if_html(comparison: &Comparison) -> Result<String, Error> {
    let Comparison { original, alternatives, .. } = comparison;
    let named = || std::iter::once(("original", original)).chain(alternatives.iter().map(|one| (one.name.as_str(), &one.figures)));
    let labels: Vec<String> = named().map(|(name, _)| label(name)).collect();
    let cash: Vec<(&str, Vec<Cents>)> = labels
        .iter()
        .zip(named())
        .map(|(label, (_, figures))| (label.as_str(), figures.cash_by_week.iter().map(|cash| cash.0).collect()))
        .collect();
    let week = f64::from(comparison.at_day.saturating_sub(1)) / 7.0;
    let drawing = drawing::courses("cash", "Cash by week (simulated)", &cash, Some((week, "here they part")));
    let figures = named().map(|(name, figures)| row(name, figures.cells()));
    let differences = alternatives.iter().map(|one| row(&one.name, one.difference.cells()));
    let heads = |first| [[first].as_slice(), &HEADS].concat();
    let mut blocks = vec![
        Block::Table(table("What each came to from there on (simulated)".to_owned(), &heads("@Business"), figures.collect())),
        Block::Table(table("More or less than the original (simulated)".to_owned(), &heads("@Alternative"), differences.collect())),
        Block::Note("Refused: what oversight vetoed. Stars: the mean of the ratings. Cash: what the founder brought, the cost to open and three months of expenses, with all that was earned, less all that was spent.".to_owned()),
    ];
    blocks.extend((comparison.later_orders > 0).then(|| Block::Note(later_orders(comparison.later_orders))));
    let ids = named().map(|(name, figures)| vec![name.to_owned(), figures.business_id.to_string(), figures.status.to_owned()]);
    let ids =
        table("Where to look further, with bbb report, why and journal show".to_owned(), &["@Business", "@Name", "Status"], ids.collect());
    html::page(Document {
        kicker: "Simulated alternatives",
        kind: "what if",
        name: comparison.blueprint.clone(),
        standing: format!("from event {} on, in day {}", comparison.at_event, comparison.at_day),
        banners: vec!["Simulated: nothing here has happened, and nothing here is a forecast. All money is the simulator's.".to_owned()],
        headline: headline(comparison),
        sections: vec![
            section("Cash over time (simulated)", vec![Block::Drawing(drawing)]),
            section("Figures (simulated)", blocks),
            section("The businesses (simulated)", vec![Block::Table(ids)]),
        ],
    })
}

fn row(name: &str, cells: [String; 7]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn label(name: &str) -> String {
    if name.chars().count() <= MAX_LABEL_CHARS { name.to_owned() } else { name.chars().take(MAX_LABEL_CHARS - 1).chain(['…']).collect() }
}

/// That people told the original something which the alternatives do not know.
pub(crate) fn later_orders(count: usize) -> String {
    format!("After the fork people gave the original {}, which the alternatives did not get.", several(count as u64, "order", "orders"))
}

fn headline(comparison: &Comparison) -> String {
    let Some(best) = comparison.alternatives.iter().max_by_key(|one| one.figures.profit) else { return String::new() };
    let (profit, than) = (best.difference.profit.0, dollars(comparison.original.profit.0));
    match profit.cmp(&Cents::ZERO) {
        std::cmp::Ordering::Greater => format!("With {} it earns {} more than the {than} of the original.", best.name, dollars(profit)),
        std::cmp::Ordering::Equal => format!("No alternative earns more than the {than} of the original."),
        std::cmp::Ordering::Less => {
            let less = dollars(Cents::ZERO.minus(profit));
            format!("No alternative earns more than the {than} of the original; {} comes next with {less} less.", best.name)
        }
    }
}
