//! `bbb contact`: what an owner heard from people reaches the business, whether it runs or not; and nothing of it shows an address.

use serde_json::{Value, json};

use super::live::{launch, place};
use super::{Place, Ran, TEMPLATE};
use crate::support::{DEAD_PORT, peers};

const ADA: &str = "ada@engines-ltd.net";
const BOB: &str = "bob@looms-ltd.net";
const EVE: &str = "eve@gmail.com";
const CARL: &str = "carl@gears-ltd.net";
const DAN: &str = "dan@levers-ltd.net";
/// What may stand nowhere in the clear: parts of the addresses, and an order's reference.
const NAMES: [&str; 7] = ["engines", "looms", "gears", "levers", "gmail", "A-17", "ada at home"];
const MORE: &str = "email,name,company,consent,note\n\
    ADA@engines-ltd.net,Ada,Engines Ltd,no,\n\
    bob@looms-ltd.net,Bob,Looms Ltd,yes,\n\
    eve@gmail.com,Eve,,yes,she agreed now\n\
    carl@gears-ltd.net,Carl,Gears Ltd,yes,met at the fair\n\
    dan@levers-ltd.net,Dan,Levers Ltd,yes,\n";

/// A command about contacts; nothing it says may show an address, unless it is the list.
fn tell(place: &Place, args: &[&str]) -> Ran {
    let ran = place.bbb(&[&["contact"], args].concat());
    for name in NAMES {
        assert!(!ran.out.contains(name) && !ran.err.contains(name), "{name} is shown: {ran:?}");
    }
    ran
}

fn noted(place: &Place, args: &[&str]) -> Value {
    tell(place, &[args, &["--json"]].concat()).json()
}

/// What the list says of somebody.
fn listed(place: &Place, address: &str) -> Value {
    let list = place.bbb(&["contact", "list", "--json"]).json();
    let rows = list["contacts"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["profile"]["email"] == address).unwrap_or_else(|| panic!("{address} is not in {list}"))
}

fn nobody_stands_in_the_clear(place: &Place) {
    for file in std::fs::read_dir(place.data()).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for name in NAMES {
            assert!(!bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{} holds {name}", path.display());
        }
    }
    place.bbb(&["journal", "verify"]).ok();
}

#[test]
fn a_running_business_obeys_what_people_said() {
    let peer = peers::aiosmtpd(None);
    let place = place(peer.ports[0]);
    let (mut running, id) = launch(&place, "live");
    running.until("prop_2 waits for you");
    let inbox = place.bbb(&["inbox", "--json"]).json();
    let waits = |address: &str| {
        let items = inbox["waiting"].as_array().unwrap();
        let item = items.iter().find(|item| item["content"].as_str().unwrap().contains(address));
        item.unwrap()["proposal"].as_str().unwrap().to_owned()
    };

    // An answer that came too late for the mail that waits.
    let first = noted(&place, &["unsubscribe", BOB]);
    assert_eq!((&first["business_id"], &first["known"], &first["new"]), (&json!(id), &json!(true), &json!(true)));
    assert_eq!(noted(&place, &["unsubscribe", &id, " BOB@Looms-Ltd.net "])["new"], false);
    assert_eq!(noted(&place, &["unsubscribe", first["contact"].as_str().unwrap()])["new"], false, "by its id as well");
    place.bbb(&["approve", &id, &waits(BOB)]).ok();
    running.until("withdrawn before it began: vetoed by charter.suppression-list");
    place.bbb(&["approve", &id, &waits(ADA)]).ok();
    running.until("the mail server took the mail");
    let mails = peers::mails(&peer);
    assert!(mails.len() == 1 && mails[0].contains(ADA), "{mails:?}");

    // More leads, of whom one asked never to be written to before anybody knew of him.
    assert_eq!(noted(&place, &["unsubscribe", DAN])["known"], false);
    assert_eq!(noted(&place, &["unsubscribe", DAN])["new"], false);
    place.write("more.csv", MORE);
    let imported = noted(&place, &["import", "more.csv"]);
    let want =
        json!({ "business_id": id, "new": 1, "new_with_consent": 1, "consent_given": 1, "known": 1, "consent_kept": 1, "left_out": 2 });
    assert_eq!(imported, want);

    // Somebody who asks for the price is made an offer; whoever is new by then is looked at in the same plan.
    assert_eq!(noted(&place, &["reply", ADA, "--intent", "asked-price"])["new"], true);
    running.until("waits for you");
    // The desk of the running business has heard of the new one: with a company, a note and his consent he fits.
    running.until("leads scored");
    assert_eq!((&listed(&place, CARL)["fit"], &listed(&place, EVE)["consent"]), (&json!(100), &json!(true)));
    let again = noted(&place, &["import", &id, "more.csv"]);
    assert_eq!((&again["new"], &again["consent_given"], &again["known"]), (&json!(0), &json!(0), &json!(3)));
    assert!(place.bbb(&["inbox"]).ok().contains("Send offer mail"));
    assert_eq!(noted(&place, &["reply", ADA, "--intent", "asked-price"])["new"], false);

    assert_eq!(noted(&place, &["order", ADA, "--price", "820"])["order"], 1);
    running.until("placed order_1 at 820.00 USD");
    tell(&place, &["order", ADA, "--price", "820"]).fails(4, "has order_1 at this price already");
    assert_eq!(noted(&place, &["order", ADA, "--price", "820", "--reference", "A-17"])["order"], 2);
    let again = noted(&place, &["order", ADA, "--price", "820", "--reference", "A-17"]);
    assert_eq!((&again["new"], again.get("order")), (&json!(false), None));
    assert_eq!(listed(&place, ADA)["orders"], 2);

    tell(&place, &["erase", CARL]).fails(2, "--yes");
    let erased = noted(&place, &["erase", CARL, "--yes"]);
    assert_eq!(erased["new"], true);
    assert_eq!(noted(&place, &["erase", CARL, "--yes"])["new"], false);
    let list = place.bbb(&["contact", "list", "--json"]).json();
    let row = list["contacts"].as_array().unwrap().iter().find(|row| row["contact"] == erased["contact"]).unwrap();
    assert_eq!((&row["erased"], &row["suppressed"], &row["profile"]), (&json!(true), &json!(true), &Value::Null));
    let list = place.bbb(&["contact", "list"]).ok();
    let row = list.lines().find(|line| line.contains(erased["contact"].as_str().unwrap())).unwrap();
    assert!(row.contains("erased") && row.contains("(not readable)"), "{row}");
    assert_eq!(noted(&place, &["import", "more.csv"])["left_out"], 3, "a list brings nobody back");

    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    nobody_stands_in_the_clear(&place);
}

#[test]
fn a_business_that_runs_nowhere_finds_what_people_said_when_it_is_resumed() {
    let place = place(DEAD_PORT);
    let (mut running, id) = launch(&place, "live");
    running.until("prop_2 waits for you");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);

    assert_eq!(noted(&place, &["unsubscribe", BOB])["new"], true);
    assert_eq!(noted(&place, &["reply", ADA, "--intent", "asked-price"])["new"], true);
    assert_eq!(noted(&place, &["order", EVE, "--price", "12.50", "--monthly"])["order"], 1);
    place.write("more.csv", MORE);
    assert_eq!(noted(&place, &["import", "more.csv"])["new"], 2);
    assert_eq!(noted(&place, &["import", "more.csv"])["new"], 0);
    assert_eq!(noted(&place, &["erase", DAN, "--yes"])["new"], true);
    let head = place.bbb(&["status", "--json"]).json()["journal"]["events"].clone();
    assert_eq!(noted(&place, &["unsubscribe", BOB])["new"], false);
    assert_eq!(place.bbb(&["status", "--json"]).json()["journal"]["events"], head, "what is known already is not journaled");

    let mut running = place.start(&["resume"]);
    running.until("resumed biz_");
    running.until("2 leads scored");
    assert_eq!(listed(&place, CARL)["fit"], 100);
    assert_eq!((&listed(&place, ADA)["interest"], &listed(&place, BOB)["suppressed"]), (&json!("asked_price"), &json!(true)));
    place.bbb(&["stop"]).ok();
    assert_eq!(running.end(), 0);

    // Over: it writes to nobody any more, but a person can still ask to be forgotten.
    tell(&place, &["unsubscribe", CARL]).fails(4, "the business is stopped");
    tell(&place, &["import", "more.csv"]).fails(4, "the business is stopped");
    assert_eq!(noted(&place, &["erase", &id, CARL, "--yes"])["new"], true);
    nobody_stands_in_the_clear(&place);
}

#[test]
fn bad_input_about_people_is_refused_without_repeating_it() {
    let place = place(DEAD_PORT);
    let (mut running, id) = launch(&place, "shadow");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    place.write("bad.csv", "email,consent\nnot an address,perhaps\n");
    let check = |args: &[&str], code: i32, fragment: &str| tell(&place, args).fails(code, fragment);
    check(&["unsubscribe", "ada at home"], 2, "a mail address looks like");
    check(&["unsubscribe", ADA, &id], 2, "the business comes before the address");
    check(&["unsubscribe", "contact_0123456789abcdef"], 3, "give the mail address");
    check(&["reply", DAN, "--intent", "interested"], 3, "bbb contact import");
    check(&["order", DAN, "--price", "5"], 3, "bbb contact import");
    check(&["order", ADA, "--price", "0"], 2, "more than 0");
    check(&["order", ADA, "--price", "-5"], 2, "no sign");
    check(&["order", ADA, "--price", "5", "--reference", " "], 2, "not empty");
    check(&["reply", ADA, "--intent", "angry"], 2, "possible values");
    check(&["erase", DAN, "--yes"], 3, "nothing to erase");
    check(&["erase", ADA], 2, "--yes");
    check(&["import", "bad.csv"], 2, "bad.csv: line 2");
    check(&["import", "no.csv"], 3, "no.csv");
    check(&["unsubscribe", "biz_0123456789abcdef", ADA], 3, "see: bbb status");
    let events = place.bbb(&["journal", "show"]).ok();
    assert!(!events.contains("unsubscribed") && !events.contains("placed"), "{events}");
}

#[test]
fn real_people_have_no_place_in_a_simulated_world() {
    let place = Place::new();
    place.launched("1");
    place.write("more.csv", MORE);
    let commands: [&[&str]; 5] = [
        &["unsubscribe", ADA],
        &["reply", ADA, "--intent", "interested"],
        &["order", ADA, "--price", "5"],
        &["erase", ADA, "--yes"],
        &["import", "more.csv"],
    ];
    for command in commands {
        tell(&place, command).fails(4, "simulated");
    }
    assert!(place.bbb(&["contact", "list"]).ok().contains("all simulated"));
}

/// What stands in the data directory.
fn files(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.data()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn missing_keys_are_named_and_never_made_anew() {
    let place = place(DEAD_PORT);
    let (mut running, id) = launch(&place, "live");
    running.until("prop_2 waits for you");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    let keys = format!("{id}.keys");
    for (name, says) in [(keys.as_str(), format!("the keys of {id} are missing")), ("owner.key", "the owner's key is missing".to_owned())] {
        let (file, aside) = (place.data().join(name), place.path().join("aside"));
        std::fs::rename(&file, &aside).unwrap();
        let left = files(&place);
        let commands: [&[&str]; 4] = [&["inbox"], &["resume"], &["contact", "list"], &["contact", "unsubscribe", DAN]];
        for command in commands {
            let ran = place.bbb(command);
            ran.fails(5, &says);
            ran.fails(5, &format!("restore ./bbb-data/{name} from the backup"));
        }
        if name == "owner.key" {
            let mut launching = place.start(&["launch", TEMPLATE, "--world", "shadow"]);
            launching.until(&says);
            assert_eq!(launching.end(), 5);
        }
        assert_eq!(files(&place), left, "nothing was made");
        place.bbb(&["status"]).ok();
        place.bbb(&["journal", "verify"]).ok();
        std::fs::rename(aside, file).unwrap();
    }
    assert!(place.bbb(&["inbox"]).ok().contains("To: ada@engines-ltd.net"), "with the keys back, all is as it was");
}
