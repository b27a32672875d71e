//! An own mind for one role: a marketer that only publishes on social media. It decides; oversight still reviews, and everything else stays as it is.
//!
//! Run with `cargo run --example own_role`.

use std::sync::Arc;

use bbb::core::action::PublishPost;
use bbb::core::blueprint::Channel;
use bbb::prelude::*;

/// Publishes on social media, whatever the task.
struct SocialOnly;

impl Mind for SocialOnly {
    fn decide(&self, view: &View<'_>, _task: &Task) -> Decision {
        let blueprint = &view.spec().blueprint;
        let post = PublishPost {
            channel: Channel::Social,
            title: format!("{} on day {}", blueprint.name, view.day() + 1),
            body: format!("{} {}", blueprint.offer, blueprint.description),
            cost: Cents::from_dollars(5),
        };
        Decision::Propose(vec![Draft::new(post, 80, "our customers are on social media")])
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let minds = Minds::playbook().with(Role::Marketer, Arc::new(SocialOnly));
    let (origin, blueprint) = blueprint::resolve("Social Media Management for Restaurants")?;
    let engine = Engine::builder(Arc::new(MemoryStore::new())).minds(minds).build();
    let spec = engine.prepare(Spec::simulated(origin, blueprint, Seed::new(1), 30));
    let business = engine.launch(spec.clone(), World::simulated(&spec, None)).await?;
    let state = business.wait().await?;

    println!("channel       posts  leads  customers  spent (simulated USD)");
    for channel in Channel::ALL {
        let result = state.trade.channel(channel);
        println!("{channel:<12} {:>6} {:>6} {:>10} {:>12}", result.posts, result.leads, result.customers, result.spent);
    }
    anyhow::ensure!(state.trade.channel(Channel::Social).posts > 0, "the own mind was not asked");
    anyhow::ensure!(state.trade.channel(Channel::Seo).posts == 0, "somebody else published");
    Ok(())
}
