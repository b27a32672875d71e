//! The sections of a report: what text, Markdown and HTML all tell, before it has a form.
//!
//! All text from outside passes [`clean`] here, so that nothing in a report can move a cursor or reorder letters; escaping for Markdown and
//! HTML is left to those forms.

use bbb_core::market::Parameter;
use bbb_core::projection::audit::Ended;
use bbb_core::projection::timeline::plain;
use bbb_core::projection::{Dollars, Sum, tame};
use bbb_core::spec::WorldKind;
use serde::Serialize;

use super::Report;
use super::chart::{Bars, Lines};
use super::figure::{NONE, count, money, money_each, ratio, several, share_or_none, words};

/// Something to read: a report, a plan.
pub(super) struct Document {
    /// What kind of paper it is, above the name.
    pub(super) kicker: &'static str,
    /// The same in one word.
    pub(super) kind: &'static str,
    /// What it is about.
    pub(super) name: String,
    /// Where that stands, in one line.
    pub(super) standing: String,
    /// What must be known before any figure is read.
    pub(super) banners: Vec<String>,
    /// The result in a sentence or two.
    pub(super) headline: String,
    /// All parts, in order.
    pub(super) sections: Vec<Section>,
}

/// A part of a document.
pub(super) struct Section {
    /// Whether it begins a page where it is printed.
    pub(super) begins_page: bool,
    /// What it is about.
    pub(super) title: String,
    /// What it tells.
    pub(super) blocks: Vec<Block>,
}

/// Something that a section tells.
pub(super) enum Block {
    /// The most important figures.
    Tiles(Vec<Fact>),
    /// Words and figures with a name each.
    Facts(Vec<Fact>),
    /// A sentence.
    Note(String),
    /// Rows.
    Table(Table),
    /// A line for each of several figures, over days.
    Lines(Lines),
    /// A bar for each of several things.
    Bars(Bars),
    /// Another drawing, whose figures are told beside it.
    Drawing(Drawing),
    /// Things to do or to expect, one after the other.
    Items(Vec<Item>),
    /// Commands to type.
    Commands(Vec<String>),
}

/// A name and what it stands for.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) note: String,
}

/// A drawing of figures.
pub(super) struct Drawing {
    pub(super) title: String,
    pub(super) svg: String,
}

/// Something to do or to expect.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    /// Its number, or when it is.
    pub(super) mark: String,
    pub(super) title: String,
    pub(super) text: String,
    /// What else is to be known, each under its name.
    pub(super) facts: Vec<Fact>,
    /// Where to go.
    pub(super) pages: Vec<Page>,
}

/// A page elsewhere.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Page {
    pub(super) title: String,
    /// Its address, which is one of ours and no text from outside.
    pub(super) url: &'static str,
    /// Who publishes it, and whether it was looked at.
    pub(super) note: String,
}

/// Rows under heads.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A head, and what stands under it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) holds: Holds,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Holds {
    /// Words, which may be broken into lines.
    Words,
    /// Names and times, which may not.
    Names,
    /// Figures, which may not, and stand to the right.
    Figures,
}

pub(super) fn fact(name: &'static str, value: impl Into<String>, note: impl Into<String>) -> Fact {
    Fact { name, value: value.into(), note: note.into() }
}

/// A table whose columns hold figures where their head begins with `#`, and names where it begins with `@`.
pub(super) fn table(caption: String, heads: &[&'static str], rows: Vec<Vec<String>>) -> Table {
    let column = |head: &&'static str| match (head.strip_prefix('#'), head.strip_prefix('@')) {
        (Some(head), _) => Column { head, holds: Holds::Figures },
        (None, Some(head)) => Column { head, holds: Holds::Names },
        (None, None) => Column { head, holds: Holds::Words },
    };
    Table { caption, columns: heads.iter().map(column).collect(), rows }
}

/// Text from outside, on one line, safe to show.
pub(super) fn clean(text: &str) -> String {
    tame(text, false).trim().to_owned()
}

/// What every group of figures is called in this world; nothing in a live one.
pub(super) const fn mark(world: WorldKind) -> &'static str {
    match world {
        WorldKind::Simulated => " (simulated)",
        WorldKind::Shadow => " (shadow run)",
        WorldKind::Live => "",
    }
}

/// What must be known before any figure is read.
pub(super) fn banners(report: &Report) -> Vec<String> {
    let warnings = report.models.iter().flat_map(|models| &models.warnings).map(|warning| clean(warning));
    banner(report.summary.world, model_spending(report)).into_iter().chain(warnings).collect()
}

fn banner(world: WorldKind, on_models: Option<Dollars>) -> Option<String> {
    match (world, on_models) {
        (WorldKind::Simulated, None) => Some(
            "Simulated. No money moved and nobody was written to: customers, payments and time are those of a market model.".to_owned(),
        ),
        (WorldKind::Simulated, Some(spent)) => Some(format!(
            "Simulated, but for {} of real money that model calls cost. No other money moved and nobody was written to: customers, payments and \
             time are those of a market model.",
            money(spent)
        )),
        (WorldKind::Shadow, _) => {
            Some("Shadow run. What arrived is real; what the business would have done was recorded and not sent.".to_owned())
        }
        (WorldKind::Live, _) => None,
    }
}

/// Real money that model calls cost, where they cost any.
fn model_spending(report: &Report) -> Option<Dollars> {
    report.models.as_ref().map(|models| models.spent).filter(|spent| *spent != Dollars::default())
}

/// The report as something to read.
pub(super) fn document(report: &Report) -> Document {
    Document {
        kicker: "Business report",
        kind: "report",
        name: clean(&report.summary.name),
        standing: standing(report),
        banners: banners(report),
        headline: headline(report),
        sections: sections(report),
    }
}

/// A part that goes on where the one before it ends.
pub(super) fn section(title: impl Into<String>, blocks: Vec<Block>) -> Section {
    Section { begins_page: false, title: title.into(), blocks }
}

/// All sections, in order.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let mark = mark(report.summary.world);
    let marked = |title: &str, blocks: Vec<Block>| section(format!("{title}{mark}"), blocks);
    let mut sections = vec![
        section("What it is", about(report)),
        marked("Result", result(report)),
        marked("Money", money_section(report, mark)),
        marked("Funnel and channels", funnel(report, mark)),
        marked("What growth learned", super::learned::blocks(&report.learned, mark)),
        marked("Agents", agents(report, mark)),
        marked("Oversight", oversight(report, mark)),
    ];
    if !report.temptations.is_empty() {
        sections.push(marked("What virtue cost", super::virtue::blocks(&report.temptations, mark)));
    }
    sections.extend([
        marked("Waiting for the owner", waiting(report)),
        marked("Recent failures", failures(report)),
        marked("History by week", history(report, mark)),
        section("How to verify", verify(report)),
    ]);
    if !report.hidden_market.is_empty() {
        sections.push(marked("Appendix: the hidden market", hidden_market(report)));
    }
    sections
}

/// Who it is and where it stands, in one line.
pub(super) fn standing(report: &Report) -> String {
    let about = &report.about;
    let planned = match about.days_planned {
        Some(days) => format!("day {} of {days}", about.days_run),
        None => format!("day {}, no planned end", about.days_run),
    };
    format!("{} · {} · {planned}", report.summary.business_id, report.summary.status)
}

fn about(report: &Report) -> Vec<Block> {
    let about = &report.about;
    let origin = about.template.as_ref().map_or_else(|| "the founder's own concept".to_owned(), |slug| format!("template {}", clean(slug)));
    let price = format!("{}{}", money(about.price), if about.monthly { " a month" } else { " once" });
    let mut facts = vec![
        fact("Blueprint", clean(&report.summary.name), origin),
        fact("Industry", clean(&about.industry), ""),
        fact("What it does", clean(&about.description), ""),
        fact("Offer", clean(&about.offer), ""),
        fact("Sold to", clean(&about.target_customer), ""),
        fact("Price", price, "for new customers now"),
        fact("World", report.summary.world.as_str(), format!("seed {}", report.summary.seed)),
        fact("Period", format!("{} to {}", date(&about.started_at), date(&about.newest_at)), format!("time zone {}", clean(&about.zone))),
        fact("Autonomy", format!("level {} of 6", about.autonomy), format!("{} minds", about.mind)),
    ];
    if let Some(reviewer) = &about.reviewer {
        facts.push(fact("Reviewer", clean(reviewer), "reads every text before it leaves, and can only object"));
    }
    if let Some(licence) = &about.licence {
        facts.push(fact("Licence", clean(licence), ""));
    }
    if let Some(reason) = &about.paused_because {
        facts.push(fact("Paused", plain(reason), ""));
    }
    vec![Block::Facts(facts)]
}

fn date(moment: &str) -> &str {
    moment.split(' ').next().unwrap_or(moment)
}

fn result(report: &Report) -> Vec<Block> {
    let metrics = &report.summary.metrics;
    let (money_report, tasks) = (&report.money, &metrics.tasks);
    let ended = u64::from(tasks.completed) + u64::from(tasks.failed) + u64::from(tasks.vetoed);
    let mut tiles = vec![
        fact("Revenue", sum(metrics.revenue), several(money_report.payments, "payment with receipt", "payments with receipts")),
        fact("Spent", sum(metrics.spent), format!("{} of the budget", ratio_of(metrics.spent, money_report.budget))),
        fact("Balance", sum(money_report.balance), "revenue less spending"),
        fact("Customers", count(metrics.customers), format!("of {}", several(metrics.leads, "lead", "leads"))),
        fact("Tasks completed", count(tasks.completed), format!("{} of all that ended", ratio(tasks.completed.into(), ended))),
    ];
    let satisfaction = share_or_none(metrics.satisfaction);
    let note = metrics.mean_stars.map_or_else(|| "no ratings yet".to_owned(), |mean| format!("four stars and five; {mean:.1} on average"));
    tiles.push(fact("Satisfaction", satisfaction, note));
    vec![Block::Tiles(tiles)]
}

/// The result in a sentence or two.
pub(super) fn headline(report: &Report) -> String {
    let (metrics, money_report) = (&report.summary.metrics, &report.money);
    let scene = match report.summary.world {
        WorldKind::Simulated => "In the simulation, after ",
        WorldKind::Shadow => "In the shadow run, after ",
        WorldKind::Live => "After ",
    };
    let days = several(report.about.days_run, "day", "days");
    let balance = money_report.balance.total;
    let balance_text = match balance.0.get() {
        0 => "it broke even".to_owned(),
        1.. => format!("a surplus of {}", money(balance)),
        _ => format!("a loss of {}", money(Dollars(bbb_core::money::Cents::ZERO.minus(balance.0)))),
    };
    let nothing = metrics.revenue.total == Dollars::default() && metrics.spent.total == Dollars::default();
    let result = match nothing {
        true => "it has earned nothing and spent nothing".to_owned(),
        false => format!("it has earned {} and spent {}: {balance_text}", sum(metrics.revenue), sum(metrics.spent)),
    };
    let on_models = model_spending(report).map_or_else(String::new, |spent| match report.summary.world {
        WorldKind::Simulated => format!(" Model calls cost {} of real money.", money(spent)),
        WorldKind::Shadow | WorldKind::Live => format!(" Model calls cost {} of that.", money(spent)),
    });
    let earned = format!("{scene}{days} {result}.{on_models}");
    match standing_at(report, Ended::Waiting) + standing_at(report, Ended::InDoubt) {
        0 => format!("{earned} Nothing waits for the owner."),
        open => format!("{earned} {} for the owner.", several(open, "thing waits", "things wait")),
    }
}

/// How many proposals stand there.
fn standing_at(report: &Report, ended: Ended) -> u64 {
    report.audit.by_outcome.get(&ended).copied().unwrap_or(0)
}

/// Says that a list was cut.
fn oldest_of(shown: usize, all: u64) -> String {
    if shown as u64 == all { String::new() } else { format!("; the oldest {shown} of {}", count(all)) }
}

/// A sum in its own book, without its kind: the section's title says it.
fn sum(sum: Sum) -> String {
    money(sum.total)
}

fn ratio_of(part: Sum, whole: Sum) -> String {
    let size = |sum: Sum| u64::try_from(sum.total.0.get()).unwrap_or(0);
    ratio(size(part), size(whole))
}

fn money_section(report: &Report, mark: &str) -> Vec<Block> {
    let (metrics, money_report) = (&report.summary.metrics, &report.money);
    let refunds = match money_report.refunds {
        0 => String::new(),
        refunds => format!("; {} counted as spending", several(refunds, "refund", "refunds")),
    };
    let payments = match money_report.payments {
        0 => "no payments yet".to_owned(),
        payments => several(payments, "payment, with its receipt", "payments, each with its receipt"),
    };
    let lost = match money_report.taken_back {
        0 => String::new(),
        count => format!("; less {} that banks took back in {}", sum(money_report.lost), several(count, "case", "cases")),
    };
    let proof = format!("{payments}{refunds}{lost}");
    let mut facts = vec![
        fact("Revenue", sum(metrics.revenue), proof),
        fact("Spent", sum(metrics.spent), format!("of a budget of {}", sum(money_report.budget))),
        fact("Budget left", sum(money_report.left), format!("{} held for what is under way", sum(money_report.held))),
        fact("Messages sent", count(money_report.messages), ""),
    ];
    if money_report.tokens > 0 {
        facts.push(fact("Model tokens", count(money_report.tokens), ""));
    }
    if let Some(real) = money_report.real_spent.filter(|real| real.total != Dollars::default()) {
        facts.push(fact("Real money spent", sum(real), "real, not simulated: model calls"));
    }
    let mut blocks = vec![Block::Facts(facts), Block::Lines(Lines::of_money(report, mark))];
    let simulated = metrics.spent.simulated;
    let spent = report.spending.of_world(simulated);
    let total = u64::try_from(spent.total.0.get()).unwrap_or(0);
    let mut kinds: Vec<_> = spent.by_kind.iter().collect();
    kinds.sort_by_key(|(_, line)| std::cmp::Reverse(line.total));
    let rows = kinds.into_iter().map(|(kind, line)| {
        let part = u64::try_from(line.total.0.get()).unwrap_or(0);
        vec![words(kind.as_str()), count(line.effects), money(line.total), ratio(part, total)]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    blocks.push(match rows.is_empty() {
        true => Block::Note("Nothing was spent.".to_owned()),
        false => Block::Table(table(format!("Spending by what it was for{mark}"), &["For", "#Effects", "#Spent", "#Share"], rows)),
    });
    blocks
}

fn funnel(report: &Report, mark: &str) -> Vec<Block> {
    let steps = &report.funnel.total;
    let stages = [("Leads", steps.leads), ("Qualified", steps.qualified), ("Offered", steps.offered), ("Customers", steps.customers)];
    let mut blocks = vec![Block::Bars(Bars::of_funnel(&stages, mark))];
    let row = |(name, number): &(&str, u32)| vec![(*name).to_owned(), count(*number), ratio((*number).into(), steps.leads.into())];
    let rows = stages.iter().map(row).collect();
    blocks.push(Block::Table(table(format!("How far leads have come{mark}"), &["Step", "#Contacts", "#Of leads"], rows)));
    if report.channels.is_empty() {
        blocks.push(Block::Note("No channel has brought or cost anything yet.".to_owned()));
        return blocks;
    }
    blocks.push(Block::Bars(Bars::of_channels(report, mark)));
    let rows = report.channels.iter().map(|row| {
        let steps = &row.steps;
        vec![
            words(row.channel),
            count(steps.leads),
            count(steps.qualified),
            count(steps.customers),
            money(row.spent),
            money_each(row.spent, steps.leads),
            money_each(row.spent, steps.customers),
        ]
    });
    let heads = ["Channel", "#Leads", "#Qualified", "#Customers", "#Spent", "#Per lead", "#Per customer"];
    blocks.push(Block::Table(table(format!("Channels{mark}"), &heads, rows.collect())));
    blocks
}

fn agents(report: &Report, mark: &str) -> Vec<Block> {
    let rows = report.agent_details.iter().map(|row| {
        vec![
            row.role.as_str().to_owned(),
            count(row.completed),
            count(row.failed),
            count(row.vetoed),
            count(row.open),
            share_or_none(row.success_rate),
            row.mean_hours.map_or_else(|| NONE.to_owned(), |hours| format!("{hours:.1}")),
            count(row.crashes),
        ]
    });
    let heads = ["Role", "#Completed", "#Failed", "#Vetoed", "#Open", "#Success", "#Hours", "#Crashes"];
    vec![
        Block::Bars(Bars::of_roles(report, mark)),
        Block::Table(table(format!("Tasks by role{mark}; hours from creation to completion, on average"), &heads, rows.collect())),
    ]
}

fn oversight(report: &Report, mark: &str) -> Vec<Block> {
    let (rulings, audit) = (&report.summary.oversight, &report.audit);
    let of_all = |part: u64| ratio(part, rulings.reviewed);
    let answers = format!("{} approved, {} refused since", count(audit.answered_yes), count(audit.answered_no));
    let escalated = if rulings.escalated == 0 { of_all(0) } else { format!("{}; {answers}", of_all(rulings.escalated)) };
    let mut blocks = vec![Block::Tiles(vec![
        fact("Reviewed", count(rulings.reviewed), "before anything happened"),
        fact("Approved", count(rulings.approved), of_all(rulings.approved)),
        fact("Vetoed", count(rulings.vetoed), of_all(rulings.vetoed)),
        fact("Escalated", count(rulings.escalated), escalated),
    ])];
    if report.rules.is_empty() {
        blocks.push(Block::Note("No rule has decided against a proposal.".to_owned()));
    } else {
        blocks.push(Block::Bars(Bars::of_rules(report, mark)));
        let row = |row: &super::RuleRow| vec![clean(row.rule.as_str()), count(row.vetoed), count(row.escalated)];
        let rows = report.rules.iter().map(row).collect();
        blocks.push(Block::Table(table(format!("Decisions by rule{mark}"), &["Rule", "#Vetoed", "#Escalated"], rows)));
    }
    if !report.vetoes.is_empty() {
        let rows = report.vetoes.iter().map(|row| {
            let rules: Vec<String> = row.rules.iter().map(|rule| clean(rule.as_str())).collect();
            let because = if row.why.is_empty() { String::new() } else { format!(": {}", row.why) };
            let why = format!("{}{because}", rules.join(", "));
            vec![row.at.clone(), row.proposal.clone(), format!("{}: {}", row.role, row.what), row.by.to_owned(), why]
        });
        let all: u64 = audit.by_outcome.iter().filter(|(ended, _)| ended.is_refused()).map(|(_, number)| *number).sum();
        let shown = report.vetoes.len() as u64;
        let cut = if shown < all { format!(", the newest {} of {}", count(shown), count(all)) } else { ", newest first".to_owned() };
        let caption = format!("Proposals that did not happen{cut}{mark}");
        blocks.push(Block::Table(table(caption, &["@When (UTC)", "@Proposal", "What", "@By", "Why"], rows.collect())));
    }
    blocks
}

fn waiting(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    let row = |row: &super::OpenRow| {
        let rules: Vec<String> = row.rules.iter().map(|rule| clean(rule.as_str())).collect();
        let until = row.expires_at.clone().unwrap_or_else(|| NONE.to_owned());
        vec![row.proposal.clone(), format!("{}: {}", row.role, row.what), rules.join(", "), until]
    };
    if !report.waiting.is_empty() {
        let rows = report.waiting.iter().map(row).collect();
        let cut = oldest_of(report.waiting.len(), standing_at(report, Ended::Waiting));
        let caption = format!("Escalations without an answer{cut}");
        blocks.push(Block::Table(table(caption, &["@Proposal", "What", "Escalated by", "@Until (UTC)"], rows)));
    }
    if !report.in_doubt.is_empty() {
        let rows = report.in_doubt.iter().map(|open| row(open).into_iter().take(2).collect()).collect();
        let cut = oldest_of(report.in_doubt.len(), standing_at(report, Ended::InDoubt));
        let caption = format!("Effects in doubt: nobody knows whether they happened, and what is held for them stays held{cut}");
        blocks.push(Block::Table(table(caption, &["@Proposal", "What"], rows)));
    }
    if blocks.is_empty() {
        blocks.push(Block::Note("Nothing: no approval is asked for, and no effect is in doubt.".to_owned()));
    }
    blocks
}

fn failures(report: &Report) -> Vec<Block> {
    if report.failures.is_empty() {
        return vec![Block::Note("None.".to_owned())];
    }
    let rows = report.failures.iter().map(|row| vec![row.at.clone(), row.what.clone()]).collect();
    vec![Block::Table(table("Newest first".to_owned(), &["@When (UTC)", "What"], rows))]
}

fn history(report: &Report, mark: &str) -> Vec<Block> {
    if report.weeks.is_empty() {
        return vec![Block::Note("No day has ended yet.".to_owned())];
    }
    let rows = report.weeks.iter().map(|week| {
        vec![
            count(week.week),
            money(week.revenue),
            money(week.spent),
            count(week.leads),
            count(week.qualified),
            count(week.customers),
            count(week.tasks_completed),
            count(week.tasks_failed),
        ]
    });
    let heads = ["#Week", "#Revenue", "#Spent", "#Leads", "#Qualified", "#Customers", "#Done", "#Failed"];
    let caption = format!("What each week brought{mark}; the last one may be shorter. Done and failed are tasks");
    vec![Block::Table(table(caption, &heads, rows.collect()))]
}

fn verify(report: &Report) -> Vec<Block> {
    let summary = &report.summary;
    let mut blocks = vec![
        Block::Note("Every figure above is computed from the journal: an append-only record whose last hash covers all of it.".to_owned()),
        Block::Facts(vec![
            fact("Events", count(summary.journal.events), ""),
            fact("Head", summary.journal.head.to_string(), "BLAKE3, of the newest event and all before it"),
        ]),
        Block::Commands(vec![format!("bbb journal verify {}", summary.business_id), format!("bbb journal show {}", summary.business_id)]),
    ];
    if summary.world.is_simulated() && report.about.mind == "playbook" && report.about.reviewer.is_none() {
        let text =
            format!("A simulated run is a function of its seed: the same launch with seed {} ends with the same head.", summary.seed);
        blocks.push(Block::Note(text));
    }
    blocks
}

fn hidden_market(report: &Report) -> Vec<Block> {
    let row = |parameter: &Parameter| {
        let origin = if parameter.given { "given" } else { "drawn" };
        vec![parameter.name.clone(), format!("{:.2}", parameter.value), parameter.unit.to_owned(), origin.to_owned()]
    };
    let rows = report.hidden_market.iter().map(row).collect();
    vec![
        Block::Note("What the market model was made of in this run; its minds saw none of it.".to_owned()),
        Block::Table(table("Parameters".to_owned(), &["@Name", "#Value", "Unit", "@Origin"], rows)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_live_world_has_no_mark() {
        for world in [WorldKind::Simulated, WorldKind::Shadow, WorldKind::Live] {
            assert_eq!(mark(world).is_empty(), world == WorldKind::Live);
            assert_eq!(banner(world, None).is_none(), world == WorldKind::Live);
        }
    }
}
