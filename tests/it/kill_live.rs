//! The real binary, killed by the system's SIGKILL while it sends real mail to a real server: nobody is written to twice, and nothing is lost.
//!
//! A relay between the two holds an exchange at a chosen point, so that kills land there and not somewhere near it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bbb::core::id::ProposalId;
use bbb::core::limits::MAX_IN_FLIGHT_LIVE;

use crate::support::gate::{Gate, Point};
use crate::support::ledger::{Ledger, Mails};
use crate::support::peers::{self, Peer};
use crate::support::process::{End, Moment, Place, Running, draw};

/// Leads that agreed to be written to: fewer than one day's outreach reaches.
const CONSENTING: usize = 28;
/// Leads that did not.
const STRANGERS: usize = 6;
/// How long a business may take until nothing is left to do. Nothing waits for this long unless the test fails.
const PATIENCE: Duration = Duration::from_secs(120);
const TEMPLATE: &str = "AI Chatbot Integration Service";

/// What a test saw in all its businesses.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    /// Kills while intents of mails stood in the journal without a settlement, by the point that the relay held.
    hits: BTreeMap<String, u64>,
    /// Mails that were in flight at those kills.
    in_flight: usize,
    in_doubt: usize,
    /// Mails in doubt that the server has all the same.
    in_doubt_and_delivered: usize,
    done: usize,
}

/// A live business that is killed again and again.
struct Business<'a> {
    place: Place,
    gate: &'a Gate,
    number: u64,
    ledger: Ledger,
    tally: &'a mut Tally,
}

/// The addresses of leads: who agreed, and who did not. Some differ by a dot, a plus sign or the domain only.
fn leads(number: u64) -> (BTreeSet<String>, BTreeSet<String>) {
    let alike = ["ada.king@shop", "adaking@shop", "ada+king@shop", "ada.king@shops"].map(str::to_owned);
    let consenting = (alike.len()..CONSENTING).map(|lead| format!("lead{lead}@shop")).chain(alike);
    let at = |name: String| format!("{name}{number}.example");
    (consenting.map(at).collect(), (0..STRANGERS).map(|lead| at(format!("stranger{lead}@shop"))).collect())
}

impl<'a> Business<'a> {
    /// Launches it, and waits until its leads are in the journal.
    fn launch(number: u64, autonomy: u8, gate: &'a Gate, tally: &'a mut Tally) -> (Business<'a>, Running) {
        let place = Place::new();
        let config = format!(
            "[sender]\nname = \"Ada's Menus\"\naddress = \"hello@adas-menus.com\"\npostal_address = \"1 Main Street, Springfield\"\n\
             unsubscribe = \"https://adas-menus.com/unsubscribe\"\n\
             [smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n[quiet_hours]\nfrom = 0\nto = 0\n",
            gate.port
        );
        std::fs::write(place.file("bbb.toml"), config).expect("a temporary directory is writable");
        let (consenting, strangers) = leads(number);
        let row = |address: &String, consent| format!("{address},Ada King,Engines Ltd,{consent}\n");
        let rows = consenting.iter().map(|address| row(address, "yes")).chain(strangers.iter().map(|address| row(address, "no")));
        let list = format!("email,name,company,consent\n{}", rows.collect::<String>());
        std::fs::write(place.file("leads.csv"), list).expect("a temporary directory is writable");
        let level = autonomy.to_string();
        let mut process = place.start(&["launch", TEMPLATE, "--world", "live", "--autonomy", &level, "--leads", "leads.csv"]);
        process.says("leads imported");
        if autonomy == 2 {
            // A kill while leads are still being scored puts that off by an hour, and all mail with it.
            process.says("waits for you");
        }
        (Business { place, gate, number, ledger: Ledger::default(), tally }, process)
    }

    fn resume(&self) -> Running {
        self.place.start(&["resume"])
    }

    /// Resumes it, and waits until it answers.
    fn resumed(&self) -> Running {
        let mut process = self.resume();
        process.says("resumed");
        process
    }

    /// Notes what a kill left. `at` says where the relay held, if anywhere.
    fn killed(&mut self, end: End, at: &str) {
        match end {
            End::Killed => self.tally.kills += 1,
            End::Exited(finished) => panic!("it ended by itself: {finished:?}"),
        }
        self.gate.open();
        self.ledger = self.ledger.after_kill(&self.place.data());
        let in_flight = self.ledger.mails.held.len();
        if in_flight > 0 {
            *self.tally.hits.entry(at.to_owned()).or_default() += 1;
            self.tally.in_flight += in_flight;
        }
    }

    /// The proposals that wait for the owner, as the running process tells them.
    fn inbox(&self) -> Vec<String> {
        let inbox = self.place.run(&["inbox"]).json();
        let waiting = inbox["waiting"].as_array().expect("a list");
        waiting.iter().map(|item| item["proposal"].as_str().expect("a name").to_owned()).collect()
    }

    /// Whether another kill, which may leave as many mails in doubt as may be in flight, could leave none that is simply sent.
    fn leaves_no_mail_to_send(&self) -> bool {
        self.ledger.mails.settled() + self.ledger.mails.held.len() + MAX_IN_FLIGHT_LIVE >= CONSENTING
    }

    fn id(&self) -> String {
        let status = self.place.run(&["status"]).json();
        status["business_id"].as_str().expect("an id").to_owned()
    }

    fn approve(&self, id: &str, proposal: &str) {
        self.place.run(&["approve", id, proposal]).json();
    }

    /// Answers whatever waits until nobody is left to write to; then stops the business.
    fn finish(mut self, process: Running, peer: &Peer) {
        let id = self.id();
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.ledger = self.ledger.now(&self.place.data());
            let Mails { waiting, held, .. } = &self.ledger.mails;
            assert!(Instant::now() < deadline, "mails are left over: {:?}", self.ledger.mails);
            match waiting.first() {
                Some(proposal) => self.approve(&id, &proposal.to_string()),
                None if held.is_empty() && self.ledger.mails.settled() == CONSENTING => break,
                None => {}
            }
        }
        self.place.run(&["stop"]).json();
        assert_eq!(process.finish().json()["status"], "stopped");
        assert_eq!(self.place.run(&["journal", "verify"]).json()["status"], "stopped");
        self.ledger = self.ledger.after_kill(&self.place.data());
        self.compare(&peers::mails(peer));
    }

    /// Compares what the journal says with what the server has.
    fn compare(&mut self, mails: &[String]) {
        let header = |mail: &str, name: &str| -> String {
            let value = mail.lines().find_map(|line| line.strip_prefix(name));
            value.unwrap_or_else(|| panic!("no {name} in {mail}")).trim().to_owned()
        };
        let (consenting, strangers) = leads(self.number);
        let (mut recipients, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for mail in mails {
            let recipient = header(mail, "X-RcptTo:");
            assert!(!strangers.contains(&recipient), "{recipient} did not agree to be written to");
            if consenting.contains(&recipient) {
                assert!(recipients.insert(recipient.clone()), "{recipient} was written to twice");
            }
            assert!(ids.insert(header(mail, "Message-ID:")), "the same mail arrived twice: {mail}");
        }
        let Mails { done, in_doubt, approved, .. } = &self.ledger.mails;
        for (proposal, message_id) in done {
            assert!(ids.contains(message_id), "{proposal} is done, and the server does not have {message_id}");
        }
        let lost: Vec<&ProposalId> = approved.iter().filter(|id| !done.contains_key(id) && !in_doubt.contains(id)).collect();
        assert!(lost.is_empty(), "approved, and neither sent nor in doubt: {lost:?}");
        assert_eq!(done.len() + in_doubt.len(), CONSENTING, "every lead that agreed was written to, or that is in doubt");
        assert!(recipients.len() >= done.len());
        self.tally.done += done.len();
        self.tally.in_doubt += in_doubt.len();
        self.tally.in_doubt_and_delivered += recipients.len() - done.len();
    }
}

/// Launches a business and kills it again and again, until there were so many kills in all or it has too little left to do; returns it with the process that is left.
type Kill = for<'a> fn(u64, u64, &'a Gate, &'a mut Tally) -> (Business<'a>, Running);

/// Kills one business after the other until there were so many kills, and lets each finish.
fn kill_and_finish(kills: u64, kill: Kill) {
    let peer = peers::aiosmtpd(None);
    let gate = Gate::to(peer.ports[0]);
    let mut tally = Tally::default();
    for number in 0.. {
        if tally.kills >= kills {
            break;
        }
        let (business, process) = kill(number, kills, &gate, &mut tally);
        business.finish(process, &peer);
    }
    report(&tally);
}

#[test]
fn of_mails_that_the_owner_approved_none_is_sent_twice_by_a_process_killed_a_hundred_times() {
    kill_and_finish(100, kill_an_asking_one);
}

#[test]
fn of_mails_that_oversight_alone_approved_none_is_sent_twice_by_a_killed_process() {
    kill_and_finish(30, kill_a_free_one);
}

/// Of a business that asks about every mail.
fn kill_an_asking_one<'a>(number: u64, kills: u64, gate: &'a Gate, tally: &'a mut Tally) -> (Business<'a>, Running) {
    let (mut business, launched) = Business::launch(number, 2, gate, tally);
    let id = business.id();
    let mut launched = Some(launched);
    while business.tally.kills < kills {
        let kill = business.tally.kills;
        let random = |purpose: u64, below| draw(purpose, kill, below);
        if kill % 3 == 0 {
            // While it starts; what was approved before begins meanwhile.
            let process = launched.take().unwrap_or_else(|| business.resume());
            let end = process.kill_at(Moment::Writes(1 + random(1, 40)));
            business.killed(end, "starting");
            continue;
        }
        let point = Point::ALL[usize::try_from(random(2, 4)).unwrap()];
        let asked = business.ledger.mails.waiting.first().map(ToString::to_string);
        if let (Some(proposal), 2, None) = (&asked, kill % 6, &launched) {
            // The owner answers while it starts; the answer must reach it, and it must act on it.
            gate.hold(point, 0);
            let process = business.resume();
            business.approve(&id, proposal);
            gate.wait();
            business.killed(process.kill(), &format!("{point:?}"));
            continue;
        }
        let passing = random(3, 2);
        let process = launched.take().unwrap_or_else(|| business.resumed());
        let waiting = business.inbox();
        if kill % 3 == 1 {
            // While the owner answers.
            let answer = waiting.first().map(|proposal| business.place.start_beside(&["approve", &id, proposal]));
            let moment = Moment::Writes(process.writes() + random(4, 12));
            let end = process.kill_at(moment);
            // It may have been told, or not, or it may have told the journal itself.
            drop(answer.map(Running::finish));
            business.killed(end, "answering");
        } else if let Some(chosen) = waiting.get(..=usize::try_from(passing).unwrap()) {
            gate.hold(point, passing);
            chosen.iter().for_each(|proposal| business.approve(&id, proposal));
            gate.wait();
            business.killed(process.kill(), &format!("{point:?}"));
        } else {
            return (business, process);
        }
    }
    let process = launched.take().unwrap_or_else(|| business.resumed());
    (business, process)
}

/// Of a business that asks about nothing.
fn kill_a_free_one<'a>(number: u64, kills: u64, gate: &'a Gate, tally: &'a mut Tally) -> (Business<'a>, Running) {
    // Held already when the business is launched: its mails leave at once.
    let hold = |kill: u64| {
        let point = Point::ALL[usize::try_from(kill % 4).unwrap()];
        gate.hold(point, draw(5, kill, 4));
        format!("{point:?}")
    };
    let mut at = hold(tally.kills);
    let (mut business, mut process) = Business::launch(number, 5, gate, tally);
    for _ in 0..kills {
        gate.wait();
        business.killed(process.kill(), &at);
        if business.leaves_no_mail_to_send() {
            break;
        }
        let kill = business.tally.kills;
        let end = business.resume().kill_at(Moment::Writes(1 + draw(6, kill, 12)));
        business.killed(end, "starting");
        if business.leaves_no_mail_to_send() {
            break;
        }
        at = hold(business.tally.kills);
        process = business.resumed();
    }
    let process = business.resumed();
    (business, process)
}

fn report(tally: &Tally) {
    eprintln!("{tally:?}");
    let points = Point::ALL.iter().filter(|point| tally.hits.contains_key(&format!("{point:?}"))).count();
    assert_eq!(points, Point::ALL.len(), "kills hit mails in flight at every point: {tally:?}");
    assert!(tally.done > 0 && tally.in_doubt > 0 && tally.in_doubt_and_delivered > 0, "{tally:?}");
}
