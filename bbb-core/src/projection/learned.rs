//! Learned: what growth believed about channels and prices at first and believes now, and how what it allots moved.
//!
//! It is told from the journal alone, by the same beliefs that the strategy draws from ([`crate::decide::growth::belief`]): nobody has to remember what was thought.

use std::sync::Arc;

use serde::Serialize;

use super::Dollars;
use crate::action::SUBJECT_LINES;
use crate::blueprint::Channel;
use crate::decide::growth::belief::{self, Belief, Demand, Response};
use crate::decide::growth::{Allotment, ORGANIC, PAID, Strategy, cents, daily_ads};
use crate::decide::view::{Eyes, View};
use crate::event::{Event, Payload};
use crate::money::{Cents, dollars};
use crate::seal::{DerivedKeys, Vault};
use crate::state::State;

/// The part of a belief that lies below its interval, and above it: nine of ten lie within.
const TAIL: f64 = 0.05;
/// Standard deviations from the middle of a bell curve to where that part begins.
const TAIL_DEVIATIONS: f64 = 1.645;
/// Prices that the belief is told for, in percent of the blueprint's.
const PRICES: [i64; 3] = [90, 100, 110];
/// Leads a week below which advertising is taken to bring none: what one costs then is told as what so few would.
const LEAST_LEADS: f64 = 0.001;
/// Halvings until a figure of a belief is found: more than a double has digits.
const HALVINGS: u32 = 60;

/// What growth has learned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    /// By which strategy the business allots its growth.
    pub strategy: &'static str,
    /// How that learns.
    pub learns: Learns,
    /// What is believed of each channel; empty where the strategy holds no beliefs, or nothing was allotted yet.
    pub channels: Vec<ChannelBelief>,
    /// How many offers are believed to be taken at each price; empty likewise.
    pub prices: Vec<PriceBelief>,
    /// How many first mails are believed to be answered with interest, by subject line; empty likewise.
    pub lines: Vec<LineBelief>,
    /// The first allotment, one in the middle and the last that cost anything.
    pub plan: Vec<PlanRow>,
    /// Allotments in all.
    pub allotted: u32,
    /// What changed the plan most, in words; absent before the first allotment.
    pub changed: Option<String>,
}

/// How a strategy learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Learns {
    /// It holds beliefs about channels and prices.
    Beliefs,
    /// It goes by what plans or channels have brought so far.
    Results,
    /// It does not.
    Nothing,
}

/// A belief in figures: its median, and the interval that nine of ten of its weight lie in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span {
    /// The median.
    pub median: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// What was believed before the first allotment, and is believed now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moved {
    /// Before the first allotment, when the market was studied.
    pub first: Span,
    /// Now.
    pub now: Span,
}

/// What is believed of a subject line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LineBelief {
    /// The how manieth of the playbook's, from 1.
    pub line: usize,
    /// First mails sent with it.
    pub sent: u32,
    /// Of a hundred, how many are answered with interest.
    pub answered_of_hundred: Moved,
}

/// What is believed of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChannelBelief {
    /// Its name.
    pub channel: &'static str,
    /// Leads a week that a daily post brings once the business is known; absent where nothing is published.
    pub leads_of_daily_post: Option<Moved>,
    /// What a lead costs by the advertising that the blueprint foresees, in dollars; absent where nothing is advertised.
    pub ad_cost_per_lead: Option<Moved>,
    /// The part of its leads that buy, from 0 to 1; absent where no sale leaves anything over.
    pub buy: Option<Moved>,
}

/// What is believed of a price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriceBelief {
    /// The price, in percent of the blueprint's.
    pub percent_of_list: i64,
    /// The price.
    pub price: Dollars,
    /// Of ten offers, how many are taken.
    pub taken_of_ten: Moved,
}

/// What was allotted to a week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanRow {
    /// The day on which it was allotted, counted from 0.
    pub day: u32,
    /// Posts a week by channel: those that get any.
    pub posts: Vec<(&'static str, u8)>,
    /// Advertising a day by channel: those that get any.
    pub ads: Vec<(&'static str, Dollars)>,
    /// The price for new customers.
    pub price: Dollars,
    /// What the week costs at most.
    pub week_costs: Dollars,
    /// What a lead was believed to be worth then, on average over the channels; absent where the strategy holds no beliefs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_worth: Option<Dollars>,
}

/// What growth has learned: `state` is the fold of `events`, which are the whole journal.
pub fn learned(state: &State, events: &[Event]) -> Learned {
    let strategy = &state.spec.strategy;
    let learns = match strategy {
        Strategy::Engine => Learns::Beliefs,
        Strategy::Greedy | Strategy::Epsilon => Learns::Results,
        Strategy::Fixed | Strategy::Equal | Strategy::Random | Strategy::Idle | Strategy::Given(_) => Learns::Nothing,
    };
    let plans = allotments(events);
    let told = told(&plans);
    let mut learned = Learned {
        strategy: strategy.as_str(),
        learns,
        channels: Vec::new(),
        prices: Vec::new(),
        lines: Vec::new(),
        plan: told.iter().map(|plan| row(plan)).collect(),
        allotted: u32::try_from(plans.len()).unwrap_or(u32::MAX),
        changed: None,
    };
    if learns == Learns::Beliefs {
        // Beliefs come from figures alone: no name is opened, whatever the keys.
        let eyes = Eyes { vault: Vault::new(Arc::new(DerivedKeys::new(state.spec.seed))), connected: Arc::from([]) };
        let before = before(state, events, &told);
        for (row, state) in learned.plan.iter_mut().zip(&before) {
            row.lead_worth = Some(worth(&eyes.view(state, state.now)));
        }
        if let Some(first) = before.first() {
            let (first, now) = (eyes.view(first, first.now), eyes.view(state, state.now));
            learned.channels = channels(&first, &now);
            learned.prices = prices(&first, &now);
            learned.lines = lines(&first, &now);
        }
    }
    learned.changed = changed(&told, &learned);
    learned
}

/// An allotment: before which event, and on which day it was made.
#[derive(Clone, Copy)]
struct Plan<'a> {
    event: usize,
    day: u32,
    allotment: &'a Allotment,
}

/// All allotments.
fn allotments(events: &[Event]) -> Vec<Plan<'_>> {
    let mut day = 0;
    let mut found = Vec::new();
    for (event, told) in events.iter().enumerate() {
        match &told.payload {
            Payload::DayClosed { .. } => day += 1,
            Payload::Allotted { allotment } => found.push(Plan { event, day, allotment }),
            _ => {}
        }
    }
    found
}

/// The first of them, the last that cost anything (towards its end a business publishes nothing more), and the one halfway between.
fn told<'a>(plans: &[Plan<'a>]) -> Vec<Plan<'a>> {
    if plans.is_empty() {
        return Vec::new();
    }
    let last = plans.iter().rposition(|plan| plan.allotment.weekly_cost() > Cents::ZERO).unwrap_or(plans.len() - 1);
    let mut which = vec![0, last / 2, last];
    which.dedup();
    which.into_iter().map(|index| plans[index]).collect()
}

fn row(plan: &Plan<'_>) -> PlanRow {
    let Allotment { posts, ads, .. } = plan.allotment;
    let posts = Channel::ALL.iter().map(|channel| (channel.as_str(), posts[*channel as usize]));
    let ads = Channel::ALL.iter().map(|channel| (channel.as_str(), Dollars(ads[*channel as usize])));
    PlanRow {
        day: plan.day,
        posts: posts.filter(|(_, posts)| *posts > 0).collect(),
        ads: ads.filter(|(_, ads)| ads.0 > Cents::ZERO).collect(),
        price: Dollars(plan.allotment.price),
        week_costs: Dollars(plan.allotment.weekly_cost()),
        lead_worth: None,
    }
}

/// The states that these allotments were made from.
fn before(state: &State, events: &[Event], plans: &[Plan<'_>]) -> Vec<State> {
    // These events were folded once already, so they fit.
    let replay = |plan: &Plan<'_>| State::replay(state.business, &events[..plan.event]).ok().flatten();
    plans.iter().map_while(replay).collect()
}

/// What a lead is believed to be worth, on average over the channels.
fn worth(view: &View<'_>) -> Dollars {
    #[expect(clippy::cast_possible_truncation, reason = "cents of one lead, for people; a cast of floats saturates")]
    let cents = (belief::lead_values(view).iter().sum::<f64>() / 6.0) as i64;
    Dollars(Cents::new(cents))
}

fn channels(first: &View<'_>, now: &View<'_>) -> Vec<ChannelBelief> {
    let (beliefs, bought) = ([belief::channels(first), belief::channels(now)], [buyers(first), buyers(now)]);
    let usual = daily_ads(now).times(7).get() as f64;
    let row = |channel: Channel| {
        let index = channel as usize;
        let moved = |of: &dyn Fn(&Response) -> f64| Moved { first: span(&beliefs[0][index], of), now: span(&beliefs[1][index], of) };
        ChannelBelief {
            channel: channel.as_str(),
            leads_of_daily_post: ORGANIC.contains(&channel).then(|| moved(&|response| response.leads(1.0, 0.0))),
            ad_cost_per_lead: PAID
                .contains(&channel)
                .then(|| moved(&|response| usual / response.leads(0.0, usual).max(LEAST_LEADS) / 100.0)),
            buy: bought[0][index].zip(bought[1][index]).map(|(first, now)| Moved { first, now }),
        }
    };
    Channel::ALL.into_iter().map(row).collect()
}

/// The part of each channel's leads that is believed to buy: what a lead is thought to be worth, of what a customer is.
fn buyers(view: &View<'_>) -> [Option<Span>; 6] {
    let (worth, values) = (belief::customer_value(view), belief::lead_values(view));
    std::array::from_fn(|index| {
        let median = (worth > 0.0).then(|| (values[index] / worth).clamp(0.0, 1.0))?;
        // As uncertain as a share of this channel's leads and of fifteen others, which is how it was shrunk.
        let leads = f64::from(view.trade().channels[index].leads) + 15.0;
        let off = TAIL_DEVIATIONS * libm::sqrt(median * (1.0 - median) / leads);
        Some(Span { median, low: (median - off).max(0.0), high: (median + off).min(1.0) })
    })
}

fn prices(first: &View<'_>, now: &View<'_>) -> Vec<PriceBelief> {
    let (before, after) = (belief::demand(first), belief::demand(now));
    let row = |percent: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a percentage of three digits")]
        let multiple = percent as f64 / 100.0;
        let taken = |demand: &Demand| 10.0 * demand.taken(multiple);
        PriceBelief {
            percent_of_list: percent,
            price: Dollars(now.spec().blueprint.price.percent(percent)),
            taken_of_ten: Moved { first: span(&before, &taken), now: span(&after, &taken) },
        }
    };
    PRICES.map(row).to_vec()
}

fn lines(first: &View<'_>, now: &View<'_>) -> Vec<LineBelief> {
    let row = |line: usize| {
        let answered = |view: &View<'_>| span(&belief::line(view, line), &|share| 100.0 * share);
        let sent = now.trade().lines[line].made;
        LineBelief { line: line + 1, sent, answered_of_hundred: Moved { first: answered(first), now: answered(now) } }
    };
    (0..SUBJECT_LINES).map(row).collect()
}

/// A figure that follows from a belief.
fn span<T: Copy>(belief: &Belief<T>, of: &dyn Fn(&T) -> f64) -> Span {
    Span { median: quantile(belief, of, 0.5), low: quantile(belief, of, TAIL), high: quantile(belief, of, 1.0 - TAIL) }
}

/// The figure, 0 or more, that this part of a belief's weight does not exceed.
fn quantile<T: Copy>(belief: &Belief<T>, of: &dyn Fn(&T) -> f64, part: f64) -> f64 {
    // Sums of weights end a little off 1.
    let reached = |figure: f64| belief.mean(|one| f64::from(u8::from(of(one) <= figure))) >= part - 1e-9;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        if reached(high) {
            break;
        }
        high *= 2.0;
    }
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2.0;
        if reached(middle) { high = middle } else { low = middle }
    }
    high
}

/// A part of a plan that moved: on which channel, and whether by posts.
struct Line {
    channel: Channel,
    posts: bool,
    moved: Cents,
}

/// What changed the plan most: the part of it that moved most money, with the belief behind it, and the price.
fn changed(told: &[Plan<'_>], learned: &Learned) -> Option<String> {
    let (first, last) = (told.first()?.allotment, told.last()?.allotment);
    let of = |plan: &Allotment, channel: Channel, posts: bool| match posts {
        true => plan.post_cost.times(i64::from(plan.posts[channel as usize])),
        false => plan.ads[channel as usize].times(7),
    };
    let lines = Channel::ALL.into_iter().flat_map(|channel| [true, false].map(|posts| (channel, posts)));
    let most = lines
        .map(|(channel, posts)| Line { channel, posts, moved: of(last, channel, posts).minus(of(first, channel, posts)) })
        .max_by_key(|line| (line.moved.get().abs(), line.posts))
        .filter(|line| line.moved != Cents::ZERO);
    let mut sentences: Vec<String> = most.map(|line| sentence(&line, first, last, learned)).into_iter().collect();
    if first.price != last.price {
        let towards = if last.price < first.price { PRICES[0] } else { PRICES[2] };
        let taken = |percent: i64| learned.prices.iter().find(|price| price.percent_of_list == percent);
        let because = taken(towards).zip(taken(PRICES[1])).map_or_else(String::new, |(there, list)| {
            let at = |price: &PriceBelief| format!("{:.1} at {}", price.taken_of_ten.now.median, dollars(price.price.0));
            format!(", and of ten offers {} are believed to be taken, {}", at(list), at(there))
        });
        sentences.push(format!("The price went from {} to {}{because}.", dollars(first.price), dollars(last.price)));
    }
    if sentences.is_empty() {
        return Some("The plan did not change from its first week to its last.".to_owned());
    }
    sentences.push(format!("A week cost {} at first and {} at last.", dollars(first.weekly_cost()), dollars(last.weekly_cost())));
    if let (Some(first), Some(last)) =
        (learned.plan.first().and_then(|row| row.lead_worth), learned.plan.last().and_then(|row| row.lead_worth))
    {
        sentences.push(format!("A lead was taken to be worth {} then, and {} at last.", dollars(first.0), dollars(last.0)));
    }
    Some(sentences.join(" "))
}

fn sentence(line: &Line, first: &Allotment, last: &Allotment, learned: &Learned) -> String {
    let index = line.channel as usize;
    let belief = learned.channels.iter().find(|row| row.channel == line.channel.as_str());
    let (what, because) = if line.posts {
        let because = belief.and_then(|row| row.leads_of_daily_post).map(|Moved { first, now }| {
            let (now, first) = (format!("{:.1} leads a week", now.median), format!("{:.1} leads a week", first.median));
            format!("a daily post there is believed to bring {}", since(&now, &first))
        });
        (format!("posts on {} from {} to {} a week", line.channel, first.posts[index], last.posts[index]), because)
    } else {
        let because = belief
            .and_then(|row| row.ad_cost_per_lead)
            .map(|Moved { first, now }| format!("a lead by it is believed to cost {}", since(&in_dollars(now), &in_dollars(first))));
        (format!("advertising on {} from {} to {} a day", line.channel, dollars(first.ads[index]), dollars(last.ads[index])), because)
    };
    let because = because.map_or_else(String::new, |because| format!(": {because}"));
    format!("Most money moved by {what}{because}.")
}

/// What is believed now, and was at first.
fn since(now: &str, first: &str) -> String {
    if now == first { format!("{now}, as at first") } else { format!("{now}, {first} at first") }
}

/// The median of a belief in dollars, for people.
fn in_dollars(span: Span) -> String {
    dollars(cents(span.median * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oversight::tests_support::Scene;

    fn with(strategy: Strategy) -> (Scene, Vec<Event>) {
        let scene = Scene::with("podcast-production-studio", |spec| spec.strategy = strategy);
        let spec = Box::new(scene.state.spec.as_ref().clone());
        let at = spec.start;
        (scene, vec![Event { sequence: 1, at, cause: 0, payload: Payload::Launched { spec, market: None } }])
    }

    fn add(events: &mut Vec<Event>, payload: Payload) {
        let (sequence, at) = (events.len() as u64 + 1, events[0].at);
        events.push(Event { sequence, at, cause: 0, payload });
    }

    fn plan(scene: &Scene, posts: u8, price_percent: i64) -> Box<Allotment> {
        let price = scene.state.spec.blueprint.price.percent(price_percent);
        let (post_cost, ads) = (Cents::from_dollars(2), [Cents::ZERO, Cents::ZERO, Cents::ZERO, Cents::ZERO, Cents::ZERO, Cents::ZERO]);
        let mut allotment = Allotment { posts: [0; 6], post_cost, ads, price, sells: true, later: None, line: 0 };
        allotment.posts[Channel::Seo as usize] = posts;
        Box::new(allotment)
    }

    #[test]
    fn a_median_lies_within_its_interval_and_moves_with_what_was_seen() {
        let (mut scene, mut events) = with(Strategy::Engine);
        add(&mut events, Payload::DayClosed { day: 0 });
        let first = plan(&scene, 7, 100);
        add(&mut events, Payload::Allotted { allotment: first.clone() });
        // Eight weeks of daily posts that brought three leads each.
        for week in 0..8 {
            scene.apply(Payload::Allotted { allotment: first.clone() });
            scene.state.trade.channels[Channel::Seo as usize].posts += 7;
            scene.state.trade.channels[Channel::Seo as usize].leads += 3;
            add(&mut events, Payload::DayClosed { day: week + 1 });
        }
        let last = plan(&scene, 11, 90);
        scene.apply(Payload::Allotted { allotment: last.clone() });
        add(&mut events, Payload::Allotted { allotment: last });
        let price = scene.state.spec.blueprint.price;
        scene.state.trade.offers.insert(price, crate::state::trade::Offers { made: 60, taken: 6 });

        let learned = learned(&scene.state, &events);
        assert_eq!((learned.strategy, learned.learns, learned.allotted), ("engine", Learns::Beliefs, 2));
        let seo = learned.channels.iter().find(|row| row.channel == "seo").expect("a row");
        let post = seo.leads_of_daily_post.expect("it carries posts");
        assert!(post.now.low > post.first.median, "{post:?}");
        assert!((2.0..7.0).contains(&post.now.median), "{post:?}");
        assert_eq!(seo.ad_cost_per_lead, None, "it carries no advertising");
        let bought = seo.buy.expect("a sale leaves something");
        assert!(bought.now.median < bought.first.median, "24 leads and no customer: {bought:?}");
        for span in [post.first, post.now, bought.first, bought.now] {
            assert!(0.0 <= span.low && span.low <= span.median && span.median <= span.high, "{span:?}");
        }
        assert!(post.now.high - post.now.low < post.first.high - post.first.low || post.now.low > post.first.low, "{post:?}");
        let [cheap, list, dear] = &learned.prices[..] else { panic!("three prices: {:?}", learned.prices) };
        assert!(
            cheap.taken_of_ten.now.median > list.taken_of_ten.now.median && list.taken_of_ten.now.median > dear.taken_of_ten.now.median
        );
        assert!(list.taken_of_ten.now.median < 2.5 && list.taken_of_ten.first.median > 4.0, "{list:?}");
        assert_eq!((list.price, cheap.percent_of_list), (Dollars(price), 90));
        assert_eq!(
            learned.plan.iter().map(|row| (row.day, row.posts.clone())).collect::<Vec<_>>(),
            [(1, vec![("seo", 7)]), (9, vec![("seo", 11)])]
        );
        let changed = learned.changed.expect("a sentence");
        assert!(
            changed.starts_with("Most money moved by posts on seo from 7 to 11 a week: a daily post there is believed to bring"),
            "{changed}"
        );
        assert!(
            changed.contains("The price went from") && changed.contains("A week cost $14.00 at first and $22.00 at last. A lead was"),
            "{changed}"
        );
    }

    #[test]
    fn strategies_without_beliefs_say_so_and_a_plan_that_stays_is_told_as_that() {
        let given = Strategy::Given(*plan(&Scene::new(), 3, 100));
        for (strategy, learns) in [
            (Strategy::Fixed, Learns::Nothing),
            (given, Learns::Nothing),
            (Strategy::Idle, Learns::Nothing),
            (Strategy::Greedy, Learns::Results),
            (Strategy::Epsilon, Learns::Results),
        ] {
            let (scene, mut events) = with(strategy);
            let none = learned(&scene.state, &events);
            assert_eq!((none.learns, none.allotted, none.changed), (learns, 0, None));
            add(&mut events, Payload::Allotted { allotment: plan(&scene, 3, 100) });
            add(&mut events, Payload::Allotted { allotment: plan(&scene, 3, 100) });
            add(&mut events, Payload::Allotted { allotment: plan(&scene, 0, 100) });
            let some = learned(&scene.state, &events);
            assert!(some.channels.is_empty() && some.prices.is_empty());
            assert_eq!(
                some.changed.as_deref(),
                Some("The plan did not change from its first week to its last."),
                "the end publishes nothing"
            );
            assert_eq!((some.plan.len(), some.allotted), (2, 3));
        }
        let (scene, events) = with(Strategy::Engine);
        let early = learned(&scene.state, &events);
        assert_eq!((early.learns, early.channels.len(), early.plan.len()), (Learns::Beliefs, 0, 0));
    }
}
