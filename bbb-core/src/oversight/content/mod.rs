//! Content: deterministic checks of text that leaves the business, be it a mail, an answer, a post or an advertisement.
//!
//! The checks know nothing of meaning and are easy to predict: fixed words and forms, found in a normalized text, so that capitals,
//! full-width forms, invisible characters and foreign letters that look Latin do not hide them. Each finding names the rule, the field and the
//! bytes, and never quotes the text. What only a reader can judge is not here.
//!
//! The owner's words for the business are read as well: a [`prohibited`] one has no effects at all, whether they send text or not.

mod amounts;
mod business;
mod claims;
mod conduct;
mod context;
mod credentials;
mod denial;
mod form;
mod language;
mod links;
mod memory;
mod normal;
mod own;
mod payment;
mod phrases;
mod private;
#[cfg(test)]
mod tests;

pub use self::business::{Business, licences, prohibited};
use self::context::Context;
pub use self::memory::Memory;
use self::normal::Normal;
use self::own::Own;
use crate::oversight::facts::Facts;
use crate::oversight::verdict::{Finding, RuleId, Ruling};

/// A content rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub id: &'static str,
    /// What it says, in one sentence.
    pub sentence: &'static str,
    /// Why: a statute, a guide, or decency.
    pub ground: &'static str,
}

/// All content rules, sorted by name.
pub const RULES: [RuleInfo; 36] = [
    RuleInfo {
        id: "content.advertising-in-service",
        sentence: "A message about a customer's own order advertises only if the owner says so.",
        ground: "15 U.S.C. 7702(17) and 16 C.F.R. 316.3 (CAN-SPAM: primary purpose)",
    },
    RuleInfo {
        id: "content.asks-credentials",
        sentence: "Nobody is asked for a password, a PIN, or the number of a card or an account.",
        ground: "15 U.S.C. 6821 (pretexting); 18 U.S.C. 1343",
    },
    RuleInfo { id: "content.card-number", sentence: "No payment card number leaves.", ground: "PCI DSS 4.2" },
    RuleInfo {
        id: "content.claims-human",
        sentence: "An automated sender never says that it is a person.",
        ground: "Cal. Bus. & Prof. Code 17941 (bot disclosure); 15 U.S.C. 45 (FTC Act s. 5)",
    },
    RuleInfo {
        id: "content.discrimination",
        sentence: "Housing, work and credit are offered without preference for who somebody is.",
        ground: "42 U.S.C. 3604(c) (Fair Housing Act); 15 U.S.C. 1691 (ECOA); 42 U.S.C. 2000e-3(b); 29 U.S.C. 623(e)",
    },
    RuleInfo { id: "content.empty", sentence: "Every subject, title and text has words.", ground: "15 U.S.C. 7704(a)(2) (CAN-SPAM)" },
    RuleInfo { id: "content.exclamation", sentence: "No rows of exclamation marks.", ground: "decency; spam filters" },
    RuleInfo {
        id: "content.fake-renewal",
        sentence: "No advertising looks like a bill or says that something of the reader's expires.",
        ground: "39 U.S.C. 3001(d); 15 U.S.C. 45 (FTC Act s. 5)",
    },
    RuleInfo {
        id: "content.footer",
        sentence: "Advertising mail ends with its sender's footer.",
        ground: "15 U.S.C. 7704(a)(5) (CAN-SPAM)",
    },
    RuleInfo {
        id: "content.foreign-link",
        sentence: "Links lead to the sender's own pages.",
        ground: "duty of care; 15 U.S.C. 7704(a)(1) (CAN-SPAM)",
    },
    RuleInfo {
        id: "content.guarantee",
        sentence: "Nothing is guaranteed or free of risk.",
        ground: "15 U.S.C. 45 (FTC Act s. 5); 16 C.F.R. 239",
    },
    RuleInfo {
        id: "content.health-claim",
        sentence: "Nothing cures, treats or prevents an illness.",
        ground: "21 U.S.C. 343(r)(6); FTC Health Products Compliance Guidance",
    },
    RuleInfo {
        id: "content.impersonation",
        sentence: "Nobody speaks as an authority, a bank or another company, or with their approval.",
        ground: "16 C.F.R. 461 (impersonation); 18 U.S.C. 912 and 713",
    },
    RuleInfo { id: "content.income-claim", sentence: "Nobody is promised an income.", ground: "16 C.F.R. 437 (Business Opportunity Rule)" },
    RuleInfo { id: "content.injection-echo", sentence: "No words that were meant for a language model.", ground: "OWASP LLM01" },
    RuleInfo { id: "content.invisible", sentence: "No hidden or reordering characters.", ground: "Unicode TR 36; decency" },
    RuleInfo {
        id: "content.minors",
        sentence: "Nothing is addressed to children.",
        ground: "16 C.F.R. 312 (COPPA); duty of care: children make no contracts",
    },
    RuleInfo {
        id: "content.official-filing",
        sentence: "Who advertises a filing that an authority takes itself says so, and is not the authority, or the owner agrees.",
        ground: "16 C.F.R. 461 (impersonation); 15 U.S.C. 45 (FTC Act s. 5)",
    },
    RuleInfo {
        id: "content.other-language",
        sentence: "A text that is not in English needs the owner: these checks cannot read it.",
        ground: "duty of care to the owner",
    },
    RuleInfo {
        id: "content.payment-target",
        sentence: "No gift cards are asked for, and an account, a wallet or remote control of a device needs the owner.",
        ground: "FTC guidance on payment fraud and gift card scams; 16 C.F.R. 310.4(a)(10)",
    },
    RuleInfo { id: "content.placeholder", sentence: "No gap that somebody forgot to fill in.", ground: "duty of care" },
    RuleInfo {
        id: "content.platform-abuse",
        sentence: "No false accounts, bought followers or mass messages on other people's platforms.",
        ground: "platforms' terms of use; 16 C.F.R. 465.8 (fake indicators of social media influence)",
    },
    RuleInfo {
        id: "content.price-collusion",
        sentence: "Prices, markets and bids are not agreed with competitors.",
        ground: "15 U.S.C. 1 (Sherman Act)",
    },
    RuleInfo {
        id: "content.price-mismatch",
        sentence: "An amount of money is the price of the offer, in public the list price.",
        ground: "15 U.S.C. 45 (FTC Act s. 5); 16 C.F.R. 233",
    },
    RuleInfo {
        id: "content.prohibited-business",
        sentence: "A business that deals in what is illegal or plainly harmful does nothing at all.",
        ground: "criminal law, such as 21 U.S.C. 841, 18 U.S.C. 922, 1028, 1030, 1591, 2252 and 2320; decency",
    },
    RuleInfo {
        id: "content.refund-promise",
        sentence: "A promise of money back needs the owner.",
        ground: "16 C.F.R. 239.3 (satisfaction guarantees); duty of care to the owner",
    },
    RuleInfo {
        id: "content.regulated-advice",
        sentence: "No diagnosis and no individual investment, tax or legal advice without the licence for it.",
        ground: "state licensing law; 15 U.S.C. 80b-3 (Investment Advisers Act); 31 C.F.R. 10",
    },
    RuleInfo {
        id: "content.review-incentive",
        sentence: "No reviews are bought, begged for by their stars, or written by the business itself.",
        ground: "16 C.F.R. 465.4 and 465.5 (consumer reviews); platforms' terms of use",
    },
    RuleInfo {
        id: "content.scraped-data",
        sentence: "No scraped or bought address lists, neither used nor offered.",
        ground: "platforms' terms of use; 15 U.S.C. 7704(b)(1) (address harvesting); GDPR art. 14",
    },
    RuleInfo { id: "content.secret", sentence: "No key or credential leaves.", ground: "duty of care to the owner" },
    RuleInfo { id: "content.shouting", sentence: "No subject or headline in capitals.", ground: "decency; spam filters" },
    RuleInfo {
        id: "content.testimonial",
        sentence: "No customers, ratings, awards or press that nobody can check.",
        ground: "16 C.F.R. 255 (endorsements); 16 C.F.R. 465.2 (fake testimonials)",
    },
    RuleInfo {
        id: "content.third-party-address",
        sentence: "No mail address of somebody else leaves.",
        ground: "GDPR art. 5(1)(c) and (f)",
    },
    RuleInfo { id: "content.third-party-phone", sentence: "A telephone number needs the owner.", ground: "GDPR art. 5(1)(c) and (f)" },
    RuleInfo {
        id: "content.threat",
        sentence: "Nobody is threatened, insulted or pressed to pay.",
        ground: "15 U.S.C. 1692d to 1692f (fair debt collection); 18 U.S.C. 875(c); decency",
    },
    RuleInfo { id: "content.urgency", sentence: "No false hurry.", ground: "FTC staff report on dark patterns (2022)" },
];

/// Something found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    rule: &'static str,
    ruling: Ruling,
    start: usize,
    end: usize,
}

impl Hit {
    /// A veto about these bytes of the original.
    const fn at(rule: &'static str, start: usize, end: usize) -> Hit {
        Hit { rule, ruling: Ruling::Veto, start, end }
    }

    /// A veto about this range of the normalized text.
    fn of(rule: &'static str, normal: &Normal, start: usize, end: usize) -> Hit {
        let (start, end) = normal.span(start, end);
        Hit::at(rule, start, end)
    }

    /// A question to the owner about this range of the normalized text.
    fn asks(rule: &'static str, normal: &Normal, start: usize, end: usize) -> Hit {
        Hit { ruling: Ruling::Escalate, ..Hit::of(rule, normal, start, end) }
    }
}

/// What the content checks say about the text of a proposal: vetoes and escalations, sorted by rule, at most one for each rule and field; none
/// where all is well. Actions that send no text have none, unless the business is prohibited. An owner's yes answers escalations, and no veto. `memory` is of the
/// business and the spec of the facts, or empty.
pub fn findings(facts: &Facts, memory: &Memory) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(category) = facts.business.prohibited {
        let note = format!("the business deals in {category}");
        findings.push(Finding::new(Ruling::Veto, RuleId::named("content.prohibited-business"), note));
    }
    if !facts.owner_approved && facts.texts().next().is_some() && facts.business.unread {
        findings.push(Finding::new(Ruling::Escalate, RuleId::named(language::RULE), "the words of the business".to_owned()));
    }
    for (field, text) in facts.texts() {
        let context = Context::of(facts);
        let mut hits = memory.recall(&context, field, text, || check(&context, field, text));
        hits.retain(|hit| hit.ruling == Ruling::Veto || !facts.owner_approved);
        hits.sort_unstable();
        hits.dedup();
        findings.extend(hits.chunk_by(|one, other| one.rule == other.rule).map(|same| finding(field, same)));
    }
    findings.sort_by(|a, b| a.rule.cmp(&b.rule));
    findings
}

/// The finding about all hits of one rule in one field; it names the place of the first.
fn finding(field: &str, same: &[Hit]) -> Finding {
    let first = same[0];
    let more = if same.len() > 1 { format!(" and {} more", same.len() - 1) } else { String::new() };
    let note = format!("{field}, bytes {} to {}{more}", first.start, first.end);
    Finding::new(first.ruling, RuleId::named(first.rule), note)
}

/// A text as a reader sees it: lower case, lookalikes in ASCII, nothing invisible.
pub(super) fn plain(text: &str) -> String {
    Normal::of(text).text
}

fn check(context: &Context<'_>, field: &'static str, text: &str) -> Vec<Hit> {
    let normal = Normal::of(text);
    let mut hits = Vec::new();
    if normal.text.trim().is_empty() {
        hits.push(Hit::at("content.empty", 0, text.len()));
    }
    if field == "body" && context.setting.commercial && context.setting.footer != Some(true) {
        hits.push(Hit::at("content.footer", text.len(), text.len()));
    }
    let (words, own) = (normal.words(), Own::of(&context.business.own_words, &normal));
    claims::find(context, &normal, &words, &own, &mut hits);
    credentials::find(&normal, &words, &mut hits);
    links::find(context, &normal, text, &own, &mut hits);
    amounts::find(context, &normal, &own, &mut hits);
    private::find(context, &normal, &mut hits);
    payment::accounts(&normal, &words, &mut hits);
    language::find(&normal, &words, &own, &mut hits);
    form::placeholders(&normal, &mut hits);
    form::hidden(field, text, &mut hits);
    form::shouting(field, text, &normal, &mut hits);
    read_over(context, text, &normal, &mut hits);
    hits
}

/// Claims and requests in words whose letters stand apart, bear accents or are written as digits. Their places are those of another text, so the whole of this
/// one stands for them.
fn read_over(context: &Context<'_>, text: &str, normal: &Normal, hits: &mut Vec<Hit>) {
    let matters = |word: &str| claims::knows(word) || credentials::knows(word);
    for read in normal::read_over(&normal.text, matters) {
        let read = Normal::of(&read);
        let (words, own, mut found) = (read.words(), Own::of(&context.business.own_words, &read), Vec::new());
        claims::find(context, &read, &words, &own, &mut found);
        credentials::find(&read, &words, &mut found);
        found.retain(|hit| hits.iter().all(|known| known.rule != hit.rule));
        hits.extend(found.into_iter().map(|hit| Hit { start: 0, end: text.len(), ..hit }));
    }
}
