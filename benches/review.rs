//! What does oversight's opinion on one mail cost? The whole review of a `send_email`, its three steps, and beside them a bare Cedar call with the same policies
//! and the same facts: with the shipped policies, and with 62 of an owner's that are all about mail. At the end, medians of interleaved rounds and their ratio.

use std::fmt::Write;
use std::hint::black_box;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bbb_core::action::{MailPurpose, Message, SendEmail};
use bbb_core::blueprint::{self, Channel};
use bbb_core::draw::Seed;
use bbb_core::event::{Event, Payload, Profile, Proposal, Signal};
use bbb_core::id::{ProposalId, TaskId};
use bbb_core::oversight::charter::Charter;
use bbb_core::oversight::content::{self, Memory};
use bbb_core::oversight::facts::Facts;
use bbb_core::role::Role;
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::Spec;
use bbb_core::state::State;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use criterion::{Criterion, criterion_group, criterion_main};

/// An owner's policies, all about mail: with the 38 shipped ones they are 100.
const OWNERS: usize = 62;
/// The slug of a template.
const TEMPLATE: &str = "podcast-production-studio";
/// A business of an owner's own words, which are read at every review.
const CONCEPT: &str = "Podcast production for engineering firms that want to be heard: we record, edit and publish a weekly show";

/// The conditions of an owner's policies, one after the other: none stops the mail, and all must be looked at to know that.
fn owners() -> String {
    let mut text = String::new();
    for n in 0..OWNERS {
        let condition = match n % 8 {
            0 => format!("context.mail.commercial && context.contact.mails >= {}", n + 3),
            1 => format!("context.mail.commercial && context.act.confidence < {}", n % 50),
            2 => format!("context.contact.interest == Interest::\"new\" && context.contact.days_since_last_mail > {}", n + 1),
            3 => format!("context has price && context.price.percent_of_list < {}", n + 20),
            4 => format!("context.business.days_without_income > {n} && context.business.budget_used_percent >= 0"),
            5 => format!("[Interest::\"unfit\", Interest::\"lost\"].contains(context.contact.interest) || context.act.messages > {n}"),
            6 => format!("if context.contact.qualified then context.contact.mails > 1 else context.contact.mails > {n}"),
            _ => format!("context.act.cost + context.act.planned_cost > {n} && !context.contact.served"),
        };
        let (asks, unless) = if n % 3 == 0 { ("@escalate(\"owner\") ", "unless { context.owner_approved }") } else { ("", "") };
        let policy = format!("forbid (principal, action == Action::\"send_email\", resource) when {{ {condition} }} {unless};");
        writeln!(text, "@id(\"owners-{n}\") {asks}{policy}").expect("a string takes all");
    }
    text
}

/// A business with a lead that agreed to be written to, and a first mail to it.
fn scene(concept: &str) -> (State, Vault, Proposal) {
    let (origin, blueprint) = blueprint::resolve(concept).expect("a concept");
    let spec = Spec::simulated(origin, blueprint, Seed::new(7), 90);
    let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
    let event = |sequence, payload| Event { sequence, at: spec.start, cause: 0, payload };
    let launch = event(1, Payload::Launched { spec: Box::new(spec.clone()), market: None });
    let mut state = State::launch(spec.id(), &launch).expect("a launch");
    let email = "ada@customer.example".to_owned();
    let contact = vault.contact_id(&email);
    let seal = |text: String| vault.seal(contact, &text).expect("short");
    let profile = Profile { email: email.clone(), name: "Ada Byron".to_owned(), company: "Engines".to_owned(), note: String::new() };
    let profile = seal(serde_json::to_string(&profile).expect("plain data"));
    let signal = Signal::LeadArrived { contact, channel: Channel::Email, consent: true, profile };
    let arrived = Payload::Received { source: "bench".to_owned(), external_id: String::new(), signal };
    state.apply(&event(2, arrived)).expect("a lead");
    let text = "Hello Ada,\n\nyou asked to hear from us. We record, edit and publish a weekly podcast for your company, from the first idea \
                to the finished episode, and we write the notes that go with it.\n\nWould that help at Engines? A short answer is enough, and \
                I will send details and a price.\n\nBest regards,\nGrace";
    let body = format!("{text}\n\n{}", spec.sender.footer());
    let message = Message { to: email, subject: "Podcast production for Engines".to_owned(), body };
    let message = seal(serde_json::to_string(&message).expect("plain data"));
    let mail = SendEmail { contact, purpose: MailPurpose::Outreach, price: None, line: None, message };
    let (id, task) = (ProposalId::new(0), TaskId::new(0));
    let proposal = Proposal { id, task, role: Role::Sales, action: mail.into(), confidence: 60, rationale: String::new(), reviews: None };
    (state, vault, proposal)
}

/// The same request as the charter's, made of literals.
fn bare_request() -> Request {
    let context = r#"{
        "owner_approved": false,
        "act": {
            "confidence": 60, "cost": 0, "planned_cost": 0, "tokens": 0, "messages": 1, "reversible": false,
            "risk": { "__entity": { "type": "Risk", "id": "high" } }, "under_way": false
        },
        "business": {
            "world": { "__entity": { "type": "World", "id": "simulated" } }, "autonomy": 6, "licence_needed": false, "licence_confirmed": true,
            "days_without_income": 0, "oldest_refund_days": 0, "budget_used_percent": 0
        },
        "contact": {
            "consent": true, "suppressed": false, "mails": 0, "days_since_last_mail": 0, "qualified": false, "served": false, "refund_open": false,
            "interest": { "__entity": { "type": "Interest", "id": "new" } }, "company_named": true
        },
        "mail": {
            "purpose": { "__entity": { "type": "Purpose", "id": "outreach" } }, "commercial": true, "recipient_matches": true,
            "subject_claims_reply": false, "postal_address_present": true, "unsubscribe_present": true, "footer_present": true,
            "sender_reachable": false, "price_fits_purpose": true
        }
    }"#;
    let uid = |text: &str| EntityUid::from_str(text).expect("an entity");
    let context = Context::from_json_str(context, None).expect("plain data");
    let (principal, action, resource) = (uid(r#"Role::"sales""#), uid(r#"Action::"send_email""#), uid(r#"Business::"this""#));
    Request::new(principal, action, resource, context, None).expect("no schema, no refusal")
}

fn review(criterion: &mut Criterion) {
    let shipped = [
        include_str!("../bbb-core/charter/roles.cedar"),
        include_str!("../bbb-core/charter/mail.cedar"),
        include_str!("../bbb-core/charter/trade.cedar"),
        include_str!("../bbb-core/charter/owner.cedar"),
    ];
    let (authorizer, entities, request) = (Authorizer::new(), Entities::empty(), bare_request());
    let mut summary = String::new();
    for (name, owners, concept) in
        [("38_policies", String::new(), TEMPLATE), ("100_policies", owners(), TEMPLATE), ("100_policies_own_concept", owners(), CONCEPT)]
    {
        let charter = Charter::with_owner_policies("bench.cedar", &owners).expect("valid policies");
        let (state, vault, proposal) = scene(concept);
        let gather = || Facts::gather(&state, &proposal, &vault, state.now, false).expect("facts");
        let facts = gather();
        let whole = || {
            let facts = gather();
            (charter.findings(&facts), content::findings(&facts, &Memory::default()))
        };
        assert!(content::findings(&facts, &Memory::default()).is_empty(), "the mail is clean");
        assert_eq!(charter.findings(&facts).len(), 1, "one policy decides: the permit");
        let policies = PolicySet::from_str(&format!("{}{owners}", shipped.concat())).expect("policies");
        assert_eq!(policies.num_of_policies(), charter.policies().count());
        assert_eq!(authorizer.is_authorized(&request, &policies, &entities).decision(), Decision::Allow);
        let bare = || authorizer.is_authorized(black_box(&request), &policies, &entities);

        let mut group = criterion.benchmark_group(format!("review/{name}"));
        group.bench_function("whole", |bencher| bencher.iter(|| black_box(whole())));
        group.bench_function("gather", |bencher| bencher.iter(|| black_box(gather())));
        group.bench_function("charter", |bencher| bencher.iter(|| black_box(charter.findings(black_box(&facts)))));
        group.bench_function("content", |bencher| bencher.iter(|| black_box(content::findings(black_box(&facts), &Memory::default()))));
        group.bench_function("bare_cedar", |bencher| bencher.iter(|| black_box(bare())));
        group.finish();
        let (review, cedar) = interleaved(|| drop(black_box(whole())), || drop(black_box(bare())));
        let ratio = review.as_secs_f64() / cedar.as_secs_f64();
        writeln!(summary, "{name}: whole review {review:.2?}, bare Cedar {cedar:.2?}, ratio {ratio:.2}").expect("a string takes all");
    }
    print!("\nmedians of {ROUNDS} interleaved rounds\n{summary}");
}

/// How often each side of a ratio is timed, in turns, so that a busy machine slows both.
const ROUNDS: usize = 31;
/// How many calls are timed at once.
const CALLS: u32 = 500;

/// The median time of one call of each.
fn interleaved(one: impl Fn(), other: impl Fn()) -> (Duration, Duration) {
    let time = |call: &dyn Fn()| {
        let begin = Instant::now();
        (0..CALLS).for_each(|_| call());
        begin.elapsed() / CALLS
    };
    let (mut ones, mut others): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| (time(&one), time(&other))).unzip();
    ones.sort_unstable();
    others.sort_unstable();
    (ones[ROUNDS / 2], others[ROUNDS / 2])
}

criterion_group!(benches, review);
criterion_main!(benches);
