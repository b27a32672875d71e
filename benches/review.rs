//! What does oversight's opinion on one mail cost? The whole review of a `send_email`, its three steps, and beside them a bare Cedar call with
//! the same policies and the same facts, so that what this crate adds to Cedar can be read off one run.

use std::hint::black_box;
use std::str::FromStr;
use std::sync::Arc;

use bbb_core::action::{MailPurpose, Message, SendEmail};
use bbb_core::blueprint::{self, Channel};
use bbb_core::draw::Seed;
use bbb_core::event::{Event, Payload, Profile, Proposal, Signal};
use bbb_core::id::{ProposalId, TaskId};
use bbb_core::oversight::charter::Charter;
use bbb_core::oversight::content;
use bbb_core::oversight::facts::Facts;
use bbb_core::role::Role;
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::Spec;
use bbb_core::state::State;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use criterion::{Criterion, criterion_group, criterion_main};

/// A business with a lead that agreed to be written to, and a first mail to it.
fn scene() -> (State, Vault, Proposal) {
    let (origin, blueprint) = blueprint::resolve("podcast-production-studio").expect("a template");
    let spec = Spec::simulated(origin, blueprint, Seed::new(7), 90);
    let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
    let event = |sequence, payload| Event { sequence, at: spec.start, cause: 0, payload };
    let launch = event(1, Payload::Launched { spec: Box::new(spec.clone()) });
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
    let mail = SendEmail { contact, purpose: MailPurpose::Outreach, price: None, message };
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
            "days_without_income": 0, "budget_used_percent": 0
        },
        "contact": {
            "consent": true, "suppressed": false, "mails": 0, "days_since_last_mail": 0, "qualified": false, "served": false, "refund_open": false,
            "interest": { "__entity": { "type": "Interest", "id": "new" } }
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
    let (state, vault, proposal) = scene();
    let charter = Charter::shipped();
    let gather = || Facts::gather(&state, &proposal, &vault, state.now, false).expect("facts");
    let facts = gather();
    assert!(content::findings(&facts).is_empty(), "the mail is clean");

    let mut group = criterion.benchmark_group("review/send_email");
    group.bench_function("whole", |bencher| {
        bencher.iter(|| {
            let facts = gather();
            black_box((charter.findings(&facts), content::findings(&facts)))
        });
    });
    group.bench_function("gather", |bencher| bencher.iter(|| black_box(gather())));
    group.bench_function("charter", |bencher| bencher.iter(|| black_box(charter.findings(black_box(&facts)))));
    group.bench_function("content", |bencher| bencher.iter(|| black_box(content::findings(black_box(&facts)))));
    group.finish();

    let shipped = [
        include_str!("../bbb-core/charter/roles.cedar"),
        include_str!("../bbb-core/charter/mail.cedar"),
        include_str!("../bbb-core/charter/trade.cedar"),
        include_str!("../bbb-core/charter/owner.cedar"),
    ];
    let (authorizer, entities, request) = (Authorizer::new(), Entities::empty(), bare_request());
    let mut group = criterion.benchmark_group("review/bare_cedar");
    for (name, text) in [("one_policy", "permit (principal, action, resource);".to_owned()), ("shipped_policies", shipped.concat())] {
        let policies = PolicySet::from_str(&text).expect("policies");
        assert_eq!(authorizer.is_authorized(&request, &policies, &entities).decision(), Decision::Allow);
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(authorizer.is_authorized(black_box(&request), &policies, &entities)))
        });
    }
    group.finish();
}

criterion_group!(benches, review);
criterion_main!(benches);
