//! A founder's plan as Markdown, CSV or one HTML file, and the frontier of portfolios as one HTML file.
//!
//! Titles say which figures are planned and which are simulated. Text of the founder passes [`clean`], as all text from outside.

use bbb_core::blueprint::Billing;
use bbb_core::money::{Cents, dollars};
use bbb_core::plan::cash_flow::Span;
use bbb_core::plan::checklist::Step;
use bbb_core::plan::founder::Founder;
use bbb_core::plan::frontier::{Frontier, Point};
use bbb_core::plan::milestone::Milestone;
use bbb_core::plan::ninety::{Business, Plan};
use bbb_core::plan::outlook::Uncertainty;
use bbb_core::plan::percent;

use super::figure::{count, several};
use super::sections::{Block, Document, Item, Page, Section, clean, fact, section, table};
use super::{Error, drawing, html, markdown};

/// The plan as Markdown.
pub fn plan_markdown(plan: &Plan, seed: u64) -> String {
    markdown::paper(&document(plan, seed))
}

/// The plan as one HTML file.
///
/// # Errors
/// [`Error`] where the page's template is wrong, which is a defect of this build.
pub fn plan_html(plan: &Plan, seed: u64) -> Result<String, Error> {
    html::page(document(plan, seed))
}

/// The plan's weeks as CSV (RFC 4180): dollars with two decimals, a line for each week.
///
/// # Errors
/// [`Error`] where it could not be written, which memory alone could bring about.
pub fn plan_csv(plan: &Plan) -> Result<String, Error> {
    let failed = |error: csv::Error| Error(error.to_string());
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "week",
        "from_day",
        "to_day",
        "planned_opening_usd",
        "planned_revenue_usd",
        "planned_expenses_usd",
        "planned_net_usd",
        "planned_balance_usd",
        "simulated_balance_p10_usd",
        "simulated_balance_p50_usd",
        "simulated_balance_p90_usd",
    ])
    .map_err(failed)?;
    for (week, told) in plan.cash_flow.weeks.iter().zip(&plan.band.weeks) {
        let days = [week.number, week.from_day, week.to_day].map(|number| number.to_string());
        let planned = [week.opening, week.revenue, week.expenses, net(week), week.balance];
        let money = planned.iter().chain(told).map(Cents::to_string);
        out.write_record(days.into_iter().chain(money)).map_err(failed)?;
    }
    let bytes = out.into_inner().map_err(|error| Error(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Error(error.to_string()))
}

fn net(span: &Span) -> Cents {
    span.revenue.minus(span.expenses).minus(span.opening)
}

fn document(plan: &Plan, seed: u64) -> Document {
    let business = &plan.business;
    Document {
        kicker: "90-day plan",
        kind: "90-day plan",
        name: clean(&business.name),
        standing: standing(plan, seed),
        banners: banners(plan),
        headline: headline(plan),
        sections: vec![
            section("What it is", what_it_is(business)),
            section("Ninety days in figures (planned and simulated)", vec![figures(plan)]),
            Section { begins_page: true, ..section("Cash flow by week (planned, with a simulated band)", cash_flow(plan)) },
            section("How sure is that? (simulated)", how_sure(plan)),
            Section { begins_page: true, ..section("Milestones (planned)", vec![milestones(&plan.milestones)]) },
            Section { begins_page: true, ..section("Launch checklist", checklist(&plan.checklist)) },
            section("Next", next(plan)),
        ],
    }
}

fn standing(plan: &Plan, seed: u64) -> String {
    let who = plan.founder.as_ref().map(|name| format!("for {}", clean(name)));
    let place = plan.state.map(|state| state.name.to_owned());
    let days = format!("90 days, {} weeks", plan.cash_flow.weeks.len());
    let drawn = format!("{} futures, seed {seed}", count(plan.band.draws));
    who.into_iter().chain(place).chain([days, drawn]).collect::<Vec<_>>().join(" · ")
}

fn banners(plan: &Plan) -> Vec<String> {
    let first = "Planned and simulated: nothing here has happened. Planned figures follow from the blueprint's planning figures, simulated ones from drawn \
                 futures under stated assumptions. No forecast, and no legal or tax advice."
        .to_owned();
    let short = plan.business.startup_cost.minus(plan.cash_flow.money);
    let short = (short > Cents::ZERO)
        .then(|| format!("Opening costs {}, {} more than there is.", dollars(plan.business.startup_cost), dollars(short)));
    let hours = plan
        .hours_short
        .map(|hours| format!("It takes a person {} hours a week, {hours} more than there are.", plan.business.hours_per_week));
    [first].into_iter().chain(short).chain(hours).collect()
}

fn headline(plan: &Plan) -> String {
    let (flow, total) = (&plan.cash_flow, &plan.cash_flow.total);
    let [low, ..] = plan.band.weeks.last().copied().unwrap_or_default();
    let begins = if plan.money_is_assumed {
        format!("Starting with just what opening costs, {}", dollars(flow.money))
    } else {
        format!("Starting with {}", dollars(flow.money))
    };
    let even = flow.breaks_even().map_or("not within them".to_owned(), |week| format!("in week {}", week.number));
    format!(
        "{begins}, the plan earns {} and spends {} in ninety days, opening included, and ends with {}; it breaks even {even}. In nine of ten simulated \
         futures it ends with more than {}.",
        dollars(total.revenue),
        dollars(total.expenses.plus(total.opening)),
        dollars(total.balance),
        dollars(low)
    )
}

fn what_it_is(business: &Business) -> Vec<Block> {
    let price = match business.billing {
        Billing::OneTime => format!("{} once", dollars(business.price)),
        Billing::Monthly => format!("{} a month", dollars(business.price)),
    };
    let ramp = match business.ramp_up_months {
        0 | 1 => "from the first month".to_owned(),
        months => format!("reached after a ramp-up of {months} months"),
    };
    let mut facts = vec![
        fact("Industry", clean(&business.industry), ""),
        fact("Offer", clean(&business.offer), ""),
        fact("Sold to", clean(&business.target_customer), ""),
        fact("Price", price, ""),
        fact("Opening", dollars(business.startup_cost), "once"),
        fact("A full month", format!("{} in, {} out", dollars(business.revenue), dollars(business.expenses)), ramp),
        fact("Hours", format!("{} a week", business.hours_per_week), "that it would take a person"),
    ];
    if let Some(licence) = &business.licence {
        facts.push(fact("Licence", clean(licence), "see the checklist"));
    }
    if business.is_concept {
        let from = business.figures_of.as_deref().unwrap_or("a modest consulting business");
        facts.push(fact("Figures", format!("those of {from}"), "the nearest template: replace them by your own as soon as you know them"));
    }
    vec![Block::Facts(facts)]
}

fn figures(plan: &Plan) -> Block {
    let total = &plan.cash_flow.total;
    let even = plan.cash_flow.breaks_even().map_or("after day 90".to_owned(), |week| format!("week {}", week.number));
    Block::Tiles(vec![
        fact("Revenue", dollars(total.revenue), "planned"),
        fact("Expenses and opening", dollars(total.expenses.plus(total.opening)), "planned"),
        fact("Balance on day 90", dollars(total.balance), "planned"),
        fact("Break-even", even, "planned"),
        fact("Earned back by day 90", percent(plan.band.earned_back), "of the simulated futures"),
        fact("Money runs out", percent(plan.band.runs_out), "of the simulated futures"),
    ])
}

fn cash_flow(plan: &Plan) -> Vec<Block> {
    let weeks = &plan.cash_flow.weeks;
    let figures = |figure: fn(&Span) -> Cents| -> Vec<Cents> { weeks.iter().map(figure).collect() };
    let rows = weeks.iter().zip(&plan.band.weeks).map(|(week, told)| {
        let days = format!("{}-{}", week.from_day, week.to_day);
        let planned = [week.opening, week.revenue, week.expenses, week.balance];
        [week.number.to_string(), days].into_iter().chain(planned.iter().chain(told).map(|cents| dollars(*cents))).collect()
    });
    let heads = ["#Week", "#Days", "#Opening", "#Revenue", "#Expenses", "#Balance", "#1 of 10 below", "#Half below", "#9 of 10 below"];
    let caption = "Opening, revenue, expenses and balance are planned; the last three columns are the balance that so many simulated futures end the week below. \
                   The last week has six days.";
    let months = plan.cash_flow.months.iter().map(|month| {
        let days = format!("{}-{}", month.from_day, month.to_day);
        let planned = [month.opening, month.revenue, month.expenses, month.balance];
        [month.number.to_string(), days].into_iter().chain(planned.iter().map(|cents| dollars(*cents))).collect()
    });
    let month_heads = ["#Month", "#Days", "#Opening", "#Revenue", "#Expenses", "#Balance"];
    vec![
        Block::Drawing(drawing::balance(
            "Balance (planned) and where most futures lie (simulated)",
            &figures(|week| week.balance),
            &plan.band.weeks,
        )),
        Block::Drawing(drawing::weeks(
            "Revenue and expenses by week (planned)",
            &figures(|week| week.revenue),
            &figures(|week| week.expenses),
            &figures(|week| week.opening),
        )),
        Block::Table(table(caption.to_owned(), &heads, rows.collect())),
        Block::Table(table(
            "The same by months of thirty days (planned); weeks and months sum to the same cents".to_owned(),
            &month_heads,
            months.collect(),
        )),
    ]
}

fn how_sure(plan: &Plan) -> Vec<Block> {
    let band = &plan.band;
    let [low, middle, _] = band.lowest;
    let need = Cents::ZERO.minus(low).max(Cents::ZERO);
    let cushion = if need > Cents::ZERO {
        format!("{} more than the {} that the plan begins with", dollars(need), dollars(plan.cash_flow.money))
    } else {
        "the money that there is is enough".to_owned()
    };
    vec![
        Block::Facts(vec![
            fact("Money runs out", percent(band.runs_out), "of the futures"),
            fact("Lowest balance", format!("{} in the middle", dollars(middle)), format!("{} in one of ten", dollars(low))),
            fact("To last in 9 of 10", cushion, ""),
        ]),
        Block::Note(assumed(band.uncertainty)),
        Block::Note(
            "Each figure is drawn by itself, independently of the others, which is a simplification: in a bad quarter revenue and expenses may well be bad \
             together. The ramp-up only ever takes longer than planned, so that the middle of the futures lies below the plan. The band is of each week by \
             itself: no single future need run along its edge."
                .to_owned(),
        ),
    ]
}

/// What the futures of a blueprint rest on.
pub fn assumed(uncertainty: Uncertainty) -> String {
    format!(
        "Assumed: revenue spreads by {}, expenses by {}, the cost to open by {} (standard deviations of logarithms around the planning figures), each month's \
         revenue by {} around its own course, and the ramp-up takes up to {} times as long. These are assumptions, not estimates from data, and no forecast.",
        uncertainty.revenue, uncertainty.expenses, uncertainty.startup, uncertainty.month, uncertainty.ramp
    )
}

fn milestones(all: &[Milestone]) -> Block {
    let item = |one: &Milestone| Item {
        mark: one.week.map_or("After day 90".to_owned(), |week| format!("Week {week}")),
        title: one.title.clone(),
        text: clean(&one.expects),
        facts: vec![fact("Check", clean(&one.check), "")],
        pages: Vec::new(),
    };
    Block::Items(all.iter().map(item).collect())
}

fn checklist(steps: &[Step]) -> Vec<Block> {
    let item = |step: &Step| Item {
        mark: format!("Step {}", step.number),
        title: step.title.to_owned(),
        text: clean(&step.what),
        facts: vec![fact("When", step.when, ""), fact("Done when", step.done_when, "")],
        pages: step
            .links
            .iter()
            .map(|link| Page { title: link.title.to_string(), url: link.url, note: format!("{}; {}", link.source, link.standing()) })
            .collect(),
    };
    vec![
        Block::Note(
            "Each page says who publishes it, and whether it was looked at for this edition. \"Not verified\" means that nobody has: see that the address \
             leads to the office that it names before you enter anything."
                .to_owned(),
        ),
        Block::Items(steps.iter().map(item).collect()),
    ]
}

/// What to type to see the business run, in the simulated market first.
fn next(plan: &Plan) -> Vec<Block> {
    // A concept's name may be cut; its offer is all of it.
    let said = if plan.business.is_concept { &plan.business.offer } else { &plan.business.name };
    let name = clean(said).replace('\'', "'\\''");
    vec![
        Block::Note("Try it in the simulated market before a dollar is spent:".to_owned()),
        Block::Commands(vec![format!("bbb launch '{name}' --days 90")]),
    ]
}

/// The frontier of portfolios as one HTML file.
///
/// # Errors
/// As [`plan_html`].
pub fn frontier_html(founder: &Founder, frontier: &Frontier, seed: u64) -> Result<String, Error> {
    let points: Vec<(Cents, Cents)> = frontier.points.iter().map(|point| (point.deviation, point.expected)).collect();
    let heads = ["#No.", "#Expected profit", "#Deviation", "#Worst 5%", "#1 of 10 below", "#Loss", "#Opening", "#Hours"];
    let rows = frontier.points.iter().enumerate().map(|(at, point)| {
        vec![
            (at + 1).to_string(),
            dollars(point.expected),
            dollars(point.deviation),
            dollars(point.worst),
            dollars(point.profit[0]),
            percent(point.loses),
            dollars(point.opening),
            point.hours_per_week.to_string(),
        ]
    });
    let item = |(at, point): (usize, &Point)| Item {
        mark: format!("No. {}", at + 1),
        title: if frontier.suits == Some(at) { "Suits you best".to_owned() } else { several(count_of(point), "business", "businesses") },
        text: format!("{}.", names(point)),
        facts: Vec::new(),
        pages: Vec::new(),
    };
    let blocks = vec![
        Block::Drawing(drawing::frontier("Expected profit over its risk, a point for each portfolio (simulated)", &points, frontier.suits)),
        Block::Table(table(format!("Portfolios over {} months (simulated)", frontier.months), &heads, rows.collect())),
        Block::Items(frontier.points.iter().enumerate().map(item).collect()),
    ];
    let who = founder.name.as_ref().map(|name| format!("for {}", clean(name)));
    let limits = format!("{} and {} hours a week", dollars(founder.budget), founder.hours_per_week);
    let drawn = format!("{} futures, seed {seed}", count(frontier.draws));
    html::page(Document {
        kicker: "Portfolios of businesses",
        kind: "the frontier",
        name: "Which businesses together".to_owned(),
        standing: who.into_iter().chain([limits, drawn]).collect::<Vec<_>>().join(" · "),
        banners: vec![
            "Simulated: nothing here has happened. Profits are those of drawn futures under stated assumptions. No forecast, and no advice to invest."
                .to_owned(),
        ],
        headline: frontier_headline(founder, frontier),
        sections: vec![
            section("The frontier (simulated)", blocks),
            section("What is assumed", vec![Block::Note(assumed(frontier.uncertainty)), Block::Note(frontier_assumed(frontier))]),
        ],
    })
}

/// The names of a portfolio's businesses.
fn names(point: &Point) -> String {
    let names: Vec<&str> = point.members.iter().map(|member| member.name).collect();
    match &names[..] {
        [many @ .., last] if !many.is_empty() => format!("{} and {last}", many.join(", ")),
        all => all.concat(),
    }
}

fn count_of(point: &Point) -> u64 {
    point.members.len() as u64
}

/// What the frontier says, in a sentence or two.
pub fn frontier_headline(founder: &Founder, frontier: &Frontier) -> String {
    let hours = |hours: u32| several(hours, "hour", "hours");
    let Some((at, point)) = frontier.suits.and_then(|at| frontier.points.get(at).map(|point| (at, point))) else {
        return format!("No blueprint can be opened with {} and {} a week.", dollars(founder.budget), hours(founder.hours_per_week.into()));
    };
    format!(
        "{} fit by themselves into {} and {} a week. By your risk, portfolio {} suits you best: {}. Over {} months it brings {} on average, and less than {} in one of \
         twenty futures; it takes {} to open and {} a week.",
        several(frontier.considered as u64, "blueprint", "blueprints"),
        dollars(founder.budget),
        hours(founder.hours_per_week.into()),
        at + 1,
        names(point),
        frontier.months,
        dollars(point.expected),
        dollars(point.worst),
        dollars(point.opening),
        hours(point.hours_per_week)
    )
}

/// What the frontier rests on beside the assumptions on a single blueprint.
pub fn frontier_assumed(frontier: &Frontier) -> String {
    format!(
        "Blueprints of one industry have {:.0}% of the spread of their revenue (the variance of its logarithm) in common; everything else is drawn \
         independently. Profits add up: that two businesses share customers, or keep each other from getting done, is left out.",
        frontier.common_share_within_industry * 100.0
    )
}
