//! `bbb charter explain`: everything that can decide about a kind of action, and everything that policies may ask about it.

use std::fmt::Write;

use bbb_core::action::ActionKind;
use bbb_core::oversight::charter::{Attribute, AttributeType, PolicyInfo, attributes};
use bbb_core::oversight::content::{RULES, RuleInfo};
use bbb_core::oversight::limits::{LimitInfo, rules_about};
use bbb_core::oversight::reviewer;
use clap::Args;
use serde_json::{Value, json};

use super::list::of_business;
use super::{policy_json, policy_text};
use crate::charter::charter_of;
use crate::cli::Common;
use crate::cli::screen::Screen;
use crate::cli::terms::kind;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The kind of action, such as send_email
    #[arg(value_parser = kind)]
    action: ActionKind,
    /// A business, whose policies count as well
    #[arg(long, value_name = "ID")]
    business: Option<bbb_core::id::BusinessId>,
    /// Policies on top of the shipped ones: a Cedar file or a pack; may be given several times
    #[arg(long, value_name = "FILE.cedar", conflicts_with = "business")]
    charter: Vec<String>,
}

impl Explain {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let charter = match self.business {
            Some(id) => of_business(common, id)?,
            None => charter_of(&self.charter)?,
        };
        let policies: Vec<PolicyInfo<'_>> = charter.policies_about(self.action).collect();
        let (limits, content, known) = (rules_about(self.action), content_about(self.action), attributes(self.action));
        let object = json!({
            "action": self.action,
            "limits": limits.iter().map(limit_json).collect::<Vec<_>>(),
            "policies": policies.iter().map(policy_json).collect::<Vec<_>>(),
            "content": content.iter().map(|rule| json!({ "id": rule.id, "says": rule.sentence, "ground": rule.ground })).collect::<Vec<_>>(),
            "attributes": known.iter().map(attribute_json).collect::<Vec<_>>(),
        });
        screen.result(&object, &text(self.action, &limits, &policies, &content, known))
    }
}

/// The content rules that look at this kind: none where it sends no text, and the footer is a mail's. Those of the reviewer come last.
fn content_about(kind: ActionKind) -> Vec<RuleInfo> {
    let looks = |rule: &&RuleInfo| kind.sends_text() && (rule.id != "content.footer" || kind == ActionKind::SendEmail);
    let reviewers = reviewer::rules().filter(|_| kind.sends_text());
    RULES.iter().filter(looks).copied().chain(reviewers).collect()
}

fn limit_json(limit: &LimitInfo) -> Value {
    json!({ "id": limit.id, "does": limit.ruling, "says": limit.sentence, "per_action_day_and_month": limit.windows })
}

fn attribute_json(attribute: &Attribute) -> Value {
    let (of, values) = match &attribute.of {
        AttributeType::Bool => ("Bool", None),
        AttributeType::Long => ("Long", None),
        AttributeType::OneOf { name, values } => (name.as_str(), Some(values)),
    };
    let path = format!("context.{}", attribute.path);
    json!({ "path": path, "type": of, "values": values, "optional": attribute.optional, "says": attribute.about })
}

fn text(kind: ActionKind, limits: &[LimitInfo], policies: &[PolicyInfo<'_>], content: &[RuleInfo], known: &[Attribute]) -> String {
    // Writing to a string cannot fail.
    let mut out = format!("What can decide about {kind}. The strictest finding holds.\n\nLIMITS\n");
    for limit in limits {
        let windows = if limit.windows { "; also with -action, -day and -month" } else { "" };
        let _ = writeln!(out, "  {} ({}{windows})\n    {}", limit.id, limit.ruling.as_str(), limit.sentence);
    }
    out.push_str("\nCHARTER\n");
    for info in policies {
        let _ = write!(out, "  charter.{}", policy_text(info));
    }
    if !content.is_empty() {
        out.push_str("\nCONTENT\n");
    }
    for rule in content {
        let _ = writeln!(out, "  {}\n    {}\n    ground: {}", rule.id, rule.sentence, rule.ground);
    }
    out.push_str("\nWHAT POLICIES MAY ASK ABOUT IT\n");
    for attribute in known {
        let of = match &attribute.of {
            AttributeType::Bool => "Bool".to_owned(),
            AttributeType::Long => "Long".to_owned(),
            AttributeType::OneOf { name, values } => format!("{name}: {}", values.join(", ")),
        };
        let record = attribute.path.split('.').next().unwrap_or_default();
        let optional = if attribute.optional { format!("; may be absent: context has {record}") } else { String::new() };
        let _ = writeln!(out, "  context.{}  ({of}{optional})\n    {}", attribute.path, attribute.about);
    }
    out
}
