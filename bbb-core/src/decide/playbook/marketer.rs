//! The marketer: publishes on organic channels, advertises on paid ones.

use super::{propose, unknown};
use crate::action::{PublishPost, RunAds};
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::decide::{Decision, Draft, text};
use crate::money::Cents;
use crate::task::{Task, TaskKind};

/// The share of the blueprint's monthly expenses that one post may cost, in ten-thousandths.
const POST_PER_10_000: i64 = 25;
/// The share of the blueprint's monthly expenses that one day of advertising may cost, in ten-thousandths.
const ADS_PER_10_000: i64 = 30;

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    let blueprint = &view.spec().blueprint;
    let share = |per_10_000: i64| Cents::new(blueprint.expected_monthly_expenses.get() * per_10_000 / 10_000).max(Cents::from_dollars(1));
    match task.order.kind {
        TaskKind::PublishPosts => {
            let channel = task.order.channel.unwrap_or(Channel::Social);
            let (title, body) = text::post(blueprint, view.trade().channel(channel).posts);
            let cost = share(POST_PER_10_000);
            let drafts = match cost <= view.left_today() {
                true => vec![Draft::new(PublishPost { channel, title, body, cost }, 70, format!("a post on {channel} keeps it alive"))],
                false => Vec::new(),
            };
            propose(drafts, "the budget does not allow a post today")
        }
        TaskKind::RunAds => {
            let channel = task.order.channel.unwrap_or(Channel::PaidSearch);
            let spend_limit = share(ADS_PER_10_000).min(view.left_today());
            let ads = RunAds { channel, headline: text::advertisement(blueprint), spend_limit };
            let drafts = match spend_limit > Cents::ZERO {
                true => vec![Draft::new(ads, 60, format!("{spend_limit} USD on {channel} for today"))],
                false => Vec::new(),
            };
            propose(drafts, "the budget does not allow advertising today")
        }
        _ => unknown(task),
    }
}
