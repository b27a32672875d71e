//! What an owner allows, set and shown from another terminal while the business runs.

use super::TEMPLATE;
use super::live::{launch, place};
use crate::support::DEAD_PORT;

#[test]
fn levels_budgets_and_delegates_are_set_while_the_business_runs() {
    let place = place(DEAD_PORT);
    let (mut running, id) = launch(&place, "live");
    running.until("prop_2 waits for you");

    let levels = place.bbb(&["autonomy", "--json"]).json();
    assert_eq!((levels["base"].as_u64(), levels["kinds"]["send_email"]["level"].as_u64()), (Some(2), Some(2)));
    let set = place.bbb(&["autonomy", &id, "--kind", "publish_post", "--set", "5", "--json"]).json();
    assert_eq!(set["kinds"]["publish_post"]["level"], 5);
    let reset = place.bbb(&["autonomy", "--kind", "publish_post", "--reset", "--json"]).json();
    assert_eq!(reset["kinds"]["publish_post"]["level"], 2);
    place.bbb(&["autonomy", "--kind", "publish_post"]).fails(2, "--set 0-6, or --reset");
    place.bbb(&["autonomy", "--kind", "sing", "--set", "1"]).fails(2, "publish_post");
    place.bbb(&["autonomy", "--set", "7"]).fails(2, "0..=6");

    let text = place.bbb(&["budget", "--set", "messages.day=1", "--set", "ask_above=2.50"]).ok();
    assert!(text.contains("0 messages of 1 messages") && text.contains("asked above 2.50 USD"), "{text}");
    place.bbb(&["budget", "--set", "messages.day=1", "--set", "money=3"]).fails(2, "--set money=3: ");
    let budgets = place.bbb(&["budget", "--json"]).json();
    let day = budgets["budgets"].as_array().unwrap().iter().find(|row| row["resource"] == "messages" && row["window"] == "day").unwrap();
    assert_eq!((day["used"].as_u64(), day["cap"].as_u64()), (Some(0), Some(1)), "a refused setting changes nothing");

    place.bbb(&["budget", "--set", "real_money.total=200.01"]).fails(4, "200.00 USD that are left to allot");
    place.bbb(&["budget", "--set", "real_money.total=200"]).ok();
    place.write("rich.toml", "[owner]\nmoney_usd = 900\n");
    let rich = ["budget", "--set", "real_money.total=201", "--config", "rich.toml"];
    place.bbb(&rich).fails(4, "to raise it: bbb budget --owner-cap 900.00");
    assert_eq!(place.bbb(&["budget", "--owner-cap", "900", "--json"]).json()["owner_cap_cents"], 90_000);
    place.bbb(&rich).ok();
    place.bbb(&["budget", "--set", "real_money.total=202"]).fails(4, "200.00 USD that are left to allot");
    place.bbb(&["budget", "--set", "real_money.total=40"]).ok();

    place.bbb(&["approve", "prop_1", "--as", "Grace"]).fails(4, "nobody of this name is a delegate");
    place.bbb(&["delegate", "Grace", "--up-to", "0", "--kind", "run_ads"]).ok();
    place.bbb(&["approve", "prop_1", "--as", "Grace"]).fails(4, "kind of action is not delegated");
    place.bbb(&["delegate", "Grace", "--up-to", "0", "--kind", "send_email", "--json"]).ok();
    let listed = place.bbb(&["delegate"]).ok();
    assert!(listed.contains("delegates of") && listed.contains("Grace may answer send_email worth at most 0.00 USD"), "{listed}");
    let listed = place.bbb(&["delegate", &id, "--json"]).json();
    assert_eq!(listed["delegates"]["Grace"]["kinds"][0], "send_email");
    place.bbb(&["delegate", "--up-to", "5"]).fails(2, "say who");
    place.bbb(&["veto", "prop_1", "--as", "Grace", "--reason", "not her"]).ok();
    running.until("prop_1 refused by Grace: not her");
    place.bbb(&["delegate", "Grace", "--revoke"]).ok();
    place.bbb(&["delegate", "Grace", "--revoke"]).fails(2, "Grace is no delegate");
    place.bbb(&["delegate", "Grace"]).fails(2, "--up-to");

    let told = place.bbb(&["journal", "show"]).ok();
    let wanted = ["autonomy for publish_post is 5", "the owner set other caps", "Grace may answer send_email worth at most 0.00 USD"];
    assert!(wanted.iter().all(|line| told.contains(line)), "{told}");
    place.bbb(&["stop"]).ok();
    assert_eq!(running.end(), 0);
    place.bbb(&["autonomy", "--set", "3"]).fails(4, "the business is stopped");
    place.bbb(&["autonomy"]).ok();
    // What is over binds no more than it has spent.
    let live = ["launch", TEMPLATE, "--world", "live", "--budget", "200.01"];
    place.bbb(&live).fails(4, "businesses of this data directory bind 0.00 USD");
}
