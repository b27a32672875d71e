//! The marketer: publishes on organic channels, advertises on paid ones.

use super::{propose, unknown};
use crate::action::{PublishPost, RunAds};
use crate::blueprint::Channel;
use crate::decide::view::View;
use crate::decide::{Decision, Draft, growth, text};
use crate::money::Cents;
use crate::task::{Task, TaskKind};

/// What a task spends where nothing is allotted yet: the blueprint's.
fn allotment(view: &View<'_>, channel: Channel) -> (usize, Cents, Cents) {
    match &view.growth().allotment {
        Some(allotment) => {
            let posts = usize::try_from(allotment.posts_on(channel, view.day())).unwrap_or(1).max(1);
            (posts, allotment.post_cost, allotment.ads[channel as usize])
        }
        None => (1, growth::post_cost(view), growth::daily_ads(view)),
    }
}

pub(super) fn decide(view: &View<'_>, task: &Task) -> Decision {
    let blueprint = &view.spec().blueprint;
    match task.order.kind {
        TaskKind::PublishPosts => {
            let channel = task.order.channel.unwrap_or(Channel::Social);
            let (posts, cost, _) = allotment(view, channel);
            let affordable = usize::try_from(view.left_today().get() / cost.get().max(1)).unwrap_or(0);
            let published = view.trade().channel(channel).posts;
            let drafts = (published..).take(posts.min(affordable)).map(|number| {
                let (title, body) = text::post(blueprint, view.trade().price, number);
                Draft::new(PublishPost { channel, title, body, cost }, 70, format!("a post on {channel} keeps it alive"))
            });
            propose(drafts.collect(), "the budget does not allow a post today")
        }
        TaskKind::RunAds => {
            let channel = task.order.channel.unwrap_or(Channel::PaidSearch);
            let spend_limit = allotment(view, channel).2.min(view.left_today());
            let ads = RunAds { channel, headline: text::advertisement(blueprint), spend_limit };
            let drafts = match spend_limit > Cents::ZERO {
                true => vec![Draft::new(ads, 60, format!("{spend_limit} USD on {channel} for today"))],
                false => Vec::new(),
            };
            propose(drafts, "the budget does not allow advertising today")
        }
        TaskKind::TakeUpOffer => {
            let cost = allotment(view, Channel::Social).1.min(view.left_today());
            let offer = view.trade().temptation(view.now()).and_then(|temptation| text::taken_up(temptation, &blueprint.name));
            let draft = offer
                .map(|(channel, title, body)| Draft::new(PublishPost { channel, title, body, cost }, 50, "it was offered, and would pay"));
            propose(draft.into_iter().collect(), "the offer does not stand any more")
        }
        _ => unknown(task),
    }
}
