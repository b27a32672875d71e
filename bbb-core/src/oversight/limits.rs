//! The first layer of oversight: budgets, rates, autonomy and a paused business, in plain Rust.

use crate::action::{Action, Cost};
use crate::event::Proposal;
use crate::money::Cents;
use crate::oversight::verdict::{Finding, RuleId, Ruling};
use crate::state::{State, Status};
use crate::time::Timestamp;

const ACTIVE: RuleId = RuleId::named("limits.active");
const ARGUMENTS: RuleId = RuleId::named("limits.arguments");
const ADAPTER: RuleId = RuleId::named("limits.no-adapter");
const ENDED: RuleId = RuleId::named("limits.ended");
const BUDGET: RuleId = RuleId::named("limits.budget");
const BUDGET_DAY: RuleId = RuleId::named("limits.budget-day");
const TOKENS: RuleId = RuleId::named("limits.tokens");
const MESSAGES: RuleId = RuleId::named("limits.messages-day");
const WITHIN: RuleId = RuleId::named("limits.within");
const AUTONOMY: [RuleId; 5] = [
    RuleId::named("limits.autonomy-0-observe"),
    RuleId::named("limits.autonomy-1-draft"),
    RuleId::named("limits.autonomy-2-ask"),
    RuleId::named("limits.autonomy-3-ask-unless-free-and-reversible"),
    RuleId::named("limits.autonomy-4-ask-above-action-budget"),
];

/// What this layer says of a proposal whose worst case is `hold`. `answered` says that the owner approved this very content, which settles what autonomy asks, and
/// nothing else.
pub fn findings(state: &State, proposal: &Proposal, hold: &Cost, has_adapter: bool, now: Timestamp, answered: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut veto = |rule: RuleId, note: String| findings.push(Finding::new(Ruling::Veto, rule, note));
    if state.status != Status::Active {
        veto(ACTIVE, format!("the business is {}", state.status.as_str()));
    }
    if state.spec.end.is_some_and(|end| now >= end) {
        veto(ENDED, "the business has reached its planned end".to_owned());
    }
    if let Err(reason) = proposal.action.validate() {
        veto(ARGUMENTS, reason);
    }
    if !has_adapter {
        veto(ADAPTER, format!("nothing is connected that could {}", proposal.action.kind()));
    }
    // What is held already for an earlier attempt is in the books.
    let held_before = state.work.proposals.get(&proposal.id).is_some_and(|open| open.stage.held_before().is_some());
    budgets(state, hold, if held_before { hold.released() } else { *hold }, &mut veto);
    if let Some(finding) = autonomy(state, &proposal.action, hold, answered) {
        findings.push(finding);
    }
    if findings.is_empty() {
        findings.push(Finding::new(Ruling::Approve, WITHIN, ""));
    }
    findings
}

/// Checks what holding `new` would come to, for an effect that takes `hold` in all.
fn budgets(state: &State, hold: &Cost, new: Cost, veto: &mut dyn FnMut(RuleId, String)) {
    let books = &state.books;
    let (book, cap) = books.of(hold.money);
    let money = new.money.cents();
    if hold.money.cents() > Cents::ZERO {
        let after = book.spent.plus(book.held).plus(money);
        if after > cap {
            veto(BUDGET, format!("{money} on top of {} spent and {} held is over the cap of {cap}", book.spent, book.held));
        }
        let cap_today = books.caps.money_per_day;
        if book.today.plus(money) > cap_today {
            veto(BUDGET_DAY, format!("{money} on top of {} today is over the daily cap of {cap_today}", book.today));
        }
    }
    let tokens = books.tokens_spent + books.tokens_held + u64::from(new.tokens);
    if hold.tokens > 0 && tokens > books.caps.tokens {
        veto(
            TOKENS,
            format!("{} tokens on top of {} are over the cap of {}", new.tokens, tokens - u64::from(new.tokens), books.caps.tokens),
        );
    }
    if hold.messages > 0 && books.messages_today + new.messages > books.caps.messages_per_day {
        veto(MESSAGES, format!("{} messages today reach the daily cap of {}", books.messages_today, books.caps.messages_per_day));
    }
}

fn autonomy(state: &State, action: &Action, hold: &Cost, answered: bool) -> Option<Finding> {
    let kind = action.kind();
    if kind.is_read() {
        return None;
    }
    let level = state.spec.autonomy.get();
    let over_action_budget = hold.money.cents() > state.books.caps.money_per_action;
    let (ruling, note) = match level {
        0 => (Ruling::Veto, "the business may only observe".to_owned()),
        1 => (Ruling::Veto, "the business may only draft".to_owned()),
        2 => (Ruling::Escalate, "the owner is asked before every effect".to_owned()),
        3 if !(hold.is_free() && kind.is_reversible()) => (Ruling::Escalate, "it is not both free and reversible".to_owned()),
        4 if over_action_budget => {
            (Ruling::Escalate, format!("{} is over the per-action budget of {}", hold.money.cents(), state.books.caps.money_per_action))
        }
        _ => return None,
    };
    if ruling == Ruling::Escalate && answered {
        return None;
    }
    let rule = AUTONOMY.get(usize::from(level)).cloned().unwrap_or(WITHIN);
    Some(Finding::new(ruling, rule, note))
}
