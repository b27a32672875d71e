//! The section of a report about what growth learned.

use bbb_core::projection::learned::{ChannelBelief, Learned, Learns, LineBelief, Moved, PlanRow, Span};

use super::figure::{NONE, count, money};
use super::sections::{Block, table};

/// What a belief stands on: said once, before its figures.
const BELIEFS: &str = "Computed from the journal alone. Figures are medians, with the interval that nine of ten of the belief lie in; at first means before the first \
                       allotment, by the blueprint and the first study.";

/// The section's blocks.
pub(super) fn blocks(learned: &Learned, mark: &str) -> Vec<Block> {
    let mut blocks = vec![Block::Note(how(learned))];
    blocks.extend(learned.changed.clone().map(Block::Note));
    if !learned.channels.is_empty() {
        blocks.push(Block::Note(BELIEFS.to_owned()));
        let leads = |span: Span| figures(span, |figure| format!("{figure:.1}"));
        let dollars = |span: Span| figures(span, |figure| format!("${figure:.2}"));
        let of_hundred = |span: Span| figures(span, |figure| format!("{:.0}", figure * 100.0));
        let told = |caption: String, of: fn(&ChannelBelief) -> Option<Moved>, show: &dyn Fn(Span) -> String| {
            let row = |row: &ChannelBelief| of(row).map(|moved| vec![row.channel.to_owned(), show(moved.first), show(moved.now)]);
            Block::Table(table(caption, &["@Channel", "#At first", "#Now"], learned.channels.iter().filter_map(row).collect()))
        };
        let posts = format!("Leads a week that a daily post brings, once the business is known{mark}");
        blocks.push(told(posts, |row| row.leads_of_daily_post, &leads));
        blocks.push(told(
            format!("Cost of a lead by the advertising that the blueprint foresees{mark}"),
            |row| row.ad_cost_per_lead,
            &dollars,
        ));
        blocks.push(told(format!("Of a hundred leads, how many buy{mark}"), |row| row.buy, &of_hundred));
        let rows = learned.prices.iter().map(|price| {
            let (name, taken) = (format!("{} ({}% of list)", money(price.price), price.percent_of_list), price.taken_of_ten);
            vec![name, leads(taken.first), leads(taken.now)]
        });
        blocks.push(Block::Table(table(
            format!("Of ten offers, how many are taken{mark}"),
            &["@Price", "#At first", "#Now"],
            rows.collect(),
        )));
    }
    if !learned.lines.is_empty() {
        let whole = |span: Span| figures(span, |figure| format!("{figure:.0}"));
        let row = |row: &LineBelief| {
            let answered = row.answered_of_hundred;
            vec![row.line.to_string(), count(row.sent), whole(answered.first), whole(answered.now)]
        };
        let caption = format!("Of a hundred first mails, how many are answered with interest, by subject line{mark}");
        blocks.push(Block::Table(table(caption, &["@Line", "#Sent", "#At first", "#Now"], learned.lines.iter().map(row).collect())));
    }
    if !learned.plan.is_empty() {
        let caption =
            format!("What was allotted, of {} weeks: the first, one halfway, the last that cost anything{mark}", learned.allotted);
        let heads = ["#Day", "Posts a week", "Advertising a day", "#Price", "#A week costs", "#A lead's worth"];
        blocks.push(Block::Table(table(caption, &heads, learned.plan.iter().map(plan).collect())));
    }
    blocks
}

fn how(learned: &Learned) -> String {
    let by = format!("Growth is allotted by the strategy `{}`", learned.strategy);
    let how = match learned.learns {
        Learns::Beliefs if learned.plan.is_empty() => "which learns; nothing was allotted yet",
        Learns::Beliefs => "which learns what channels and prices bring, and plans each week by that and by the money that is left",
        Learns::Results => "which goes by what was brought so far, and holds no beliefs that could be told here",
        Learns::Nothing => "which does not learn",
    };
    format!("{by}, {how}.")
}

fn figures(span: Span, show: impl Fn(f64) -> String) -> String {
    format!("{} ({} to {})", show(span.median), show(span.low), show(span.high))
}

fn plan(row: &PlanRow) -> Vec<String> {
    let list = |parts: Vec<String>| if parts.is_empty() { NONE.to_owned() } else { parts.join(", ") };
    let posts = list(row.posts.iter().map(|(channel, posts)| format!("{channel} {posts}")).collect());
    let ads = list(row.ads.iter().map(|(channel, ads)| format!("{channel} {}", money(*ads))).collect());
    vec![
        (row.day + 1).to_string(),
        posts,
        ads,
        money(row.price),
        money(row.week_costs),
        row.lead_worth.map_or_else(|| NONE.to_owned(), money),
    ]
}
