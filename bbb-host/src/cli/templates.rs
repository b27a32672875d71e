//! `bbb templates`: what a business can be launched from.

use std::fmt::Write;

use bbb_core::blueprint::{self, Billing, Blueprint};
use serde_json::json;

use crate::cli::screen::Screen;
use crate::fault::Fault;

pub(super) fn run(screen: &mut Screen) -> Result<(), Fault> {
    let templates = blueprint::all();
    if screen.is_json() {
        return screen.object(&json!({ "templates": templates }));
    }
    let width = templates.iter().map(|template| template.name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{:width$}  {:<22} {:>12} {:>14}  licence\n", "NAME", "INDUSTRY", "TO OPEN", "PRICE");
    for template in templates {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:width$}  {:<22} {:>12} {:>14}  {}", template.name, template.industry, whole(template), price(template), licence(template));
    }
    text.push_str("\nAmounts are planning figures in USD. Launch one by its name, or describe your own concept:\n");
    text.push_str("  bbb launch \"Podcast Production Studio\"\n  bbb launch \"Weekly lunch menus for restaurants\"\n");
    screen.print(&text)
}

fn whole(template: &Blueprint) -> String {
    template.startup_cost.to_string()
}

fn price(template: &Blueprint) -> String {
    match template.billing {
        Billing::OneTime => template.price.to_string(),
        Billing::Monthly => format!("{}/month", template.price),
    }
}

fn licence(template: &Blueprint) -> &str {
    template.licence.as_deref().unwrap_or("-")
}
