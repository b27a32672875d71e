//! Live and shadow businesses, run by one process and told by others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use super::{Place, Running, TEMPLATE};
use crate::support::DEAD_PORT;

const LEADS: &str = "email,name,company,consent,note\n\
    ada@engines-ltd.net,Ada Lovelace,Engines Ltd,yes,met at the fair\n\
    bob@looms-ltd.net,Bob,Looms Ltd,yes,\n\
    eve@gmail.com,Eve,,no,\n";

/// A place with leads and a live configuration that sends to this port of this machine.
pub(super) fn place(port: u16) -> Place {
    let place = Place::new();
    place.write("leads.csv", LEADS);
    let sender = "name = \"Tester\"\naddress = \"hello@tester-co.net\"\npostal_address = \"1 Road, Town\"\nunsubscribe = \"https://tester-co.net/u\"";
    place.write("bbb.toml", &format!("[sender]\n{sender}\n[smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\ntimeout_s = 5\n[quiet_hours]\nfrom = 0\nto = 0\n"));
    place
}

pub(super) fn launch(place: &Place, world: &str) -> (Running, String) {
    let mut running = place.start(&["launch", TEMPLATE, "--world", world, "--leads", "leads.csv", "--licence-confirmed"]);
    let line = running.until("launched biz_");
    let id = line.split([' ', ':']).find(|word| word.starts_with("biz_")).unwrap().to_owned();
    running.until("3 leads imported, 2 of them with consent");
    (running, id)
}

#[test]
fn an_owner_answers_from_another_terminal_and_the_business_outlives_its_process() {
    let place = place(DEAD_PORT);
    let (mut running, id) = launch(&place, "live");
    running.until("prop_1 waits for you");
    running.until("prop_2 waits for you");
    let socket = place.data().join("bbb.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    let inbox = place.bbb(&["inbox"]).ok();
    let wanted = ["To: ada@engines-ltd.net", "Subject: ", "Hello Ada", "1 Road, Town", "limits.autonomy-2-ask", "until "];
    assert!(wanted.iter().all(|part| inbox.contains(part)) && !inbox.contains("eve@"), "{inbox}");
    let json = place.bbb(&["inbox", &id, "--json"]).json();
    assert_eq!(json["waiting"].as_array().map(Vec::len), Some(2));
    assert!(json["waiting"][0]["note"].as_str().unwrap().contains("asked"));

    place.bbb(&["veto", &id, "prop_2", "--reason", "not him"]).ok();
    running.until("prop_2 refused by the owner: not him");
    place.bbb(&["veto", &id, "prop_2", "--reason", "not him"]).fails(4, "prop_2 is not waiting");
    place.bbb(&["approve", "prop_77"]).fails(3, "prop_77 does not exist");

    place.bbb(&["pause", "--reason", "a closer look"]).ok();
    running.until("paused by the owner");
    place.bbb(&["approve", &id, "prop_1"]).ok();
    let status = place.bbb(&["status"]).ok();
    assert!(status.contains("paused: a closer look"), "{status}");
    assert!(!place.bbb(&["journal", "show"]).ok().contains("prop_1 begins"), "paused: nothing begins");
    place.bbb(&["resume"]).ok();
    running.until("prop_1 failed: smtp, connecting");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    assert!(running.said("go on with: bbb resume"));
    assert!(!socket.exists());

    assert!(place.bbb(&["status"]).ok().contains("no process runs it"));
    place.bbb(&["what-if", &id, "--at", "3", "--price", "5"]).fails(4, "only a simulated business can be forked");
    let mut running = place.start(&["resume"]);
    running.until("resumed biz_");
    place.bbb(&["stop"]).ok();
    assert_eq!(running.end(), 0);
    assert_eq!(place.bbb(&["journal", "verify", "--json"]).json()["status"], "stopped");
    for file in std::fs::read_dir(place.data()).unwrap() {
        let file = file.unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"engines"), "{} holds an address in the clear", file.path().display());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{} is open to others", file.path().display());
    }
}

/// Takes mails up to their last byte, and hangs up instead of an answer.
fn server_that_never_says_done() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let say = |text: &str| (&stream).write_all(text.as_bytes()).unwrap();
            say("220 here\r\n");
            while let Some(line) = lines.next() {
                match line.split(' ').next().unwrap_or_default() {
                    "DATA" => {
                        say("354 go on\r\n");
                        lines.by_ref().find(|line| line == ".");
                        break;
                    }
                    _ => say("250 fine\r\n"),
                }
            }
        }
    });
    port
}

#[test]
fn an_effect_in_doubt_waits_for_the_owners_word() {
    let place = place(server_that_never_says_done());
    let (mut running, id) = launch(&place, "live");
    running.until("prop_2 waits for you");
    place.bbb(&["approve", &id, "prop_1"]).ok();
    place.bbb(&["approve", &id, "prop_2"]).ok();
    let doubted = |running: &mut Running| {
        let line = running.until("in doubt");
        assert!(line.contains("prop_"), "{line}");
    };
    doubted(&mut running);
    doubted(&mut running);
    let inbox = place.bbb(&["inbox"]).ok();
    assert!(inbox.contains("IN DOUBT") && inbox.contains("bbb doubt") && inbox.contains("To: ada@engines-ltd.net"), "{inbox}");
    place.bbb(&["doubt", &id, "prop_1", "--happened"]).ok();
    place.bbb(&["doubt", "prop_1", "--happened"]).fails(4, "prop_1 is not in doubt");
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    // Without a process the word goes straight to the journal.
    place.bbb(&["doubt", &id, "prop_2", "--did-not-happen"]).ok();
    assert!(place.bbb(&["inbox"]).ok().contains("nothing waits for you"));
    place.bbb(&["pause", "--reason", "holidays"]).ok();
    assert_eq!(place.bbb(&["status", "--json"]).json()["status"], "paused");
    place.bbb(&["journal", "verify"]).ok();
}

#[test]
fn a_shadow_needs_no_sender_and_no_server_and_sends_nothing() {
    let place = Place::new();
    place.write("leads.csv", LEADS);
    // Nothing but the hours, so that the test does not depend on the time of the day.
    place.write("bbb.toml", "[quiet_hours]\nfrom = 0\nto = 0\n");
    let (mut running, id) = launch(&place, "shadow");
    let line = running.until("send_email; see");
    let proposal = line.split(' ').find(|word| word.starts_with("prop_")).unwrap();
    place.bbb(&["approve", &id, proposal]).ok();
    running.until("not sent");
    running.signal("-INT");
    assert_eq!(running.end(), 0);
}

#[test]
fn a_follower_sees_events_as_they_are_committed() {
    let place = place(DEAD_PORT);
    let (mut running, _) = launch(&place, "live");
    running.until("prop_2 waits for you");
    let mut command = place.command(&["journal", "show", "--follow"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // It is subscribed before it prints what was there.
    lines.find(|line| line.contains("launched")).unwrap();
    place.bbb(&["pause", "--reason", "seen by the follower"]).ok();
    lines.find(|line| line.contains("seen by the follower")).unwrap();
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
    assert!(child.wait().unwrap().success(), "the end of the process is the end of the stream");
}

/// What the socket answers to these bytes.
fn ask(place: &Place, bytes: &[u8]) -> Value {
    let mut stream = UnixStream::connect(place.data().join("bbb.sock")).unwrap();
    // A request that is too long is answered before it is all read.
    drop(stream.write_all(bytes));
    drop(stream.shutdown(std::net::Shutdown::Write));
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    serde_json::from_str(answer.lines().next().unwrap_or("null")).unwrap()
}

#[test]
fn the_socket_refuses_what_it_does_not_understand_and_lives_on() {
    let place = place(DEAD_PORT);
    let (mut running, id) = launch(&place, "live");
    running.until("prop_2 waits for you");
    let kind = |bytes: &[u8]| ask(&place, bytes)["fault"]["kind"].clone();
    assert_eq!(kind(b"hello\n"), "usage");
    assert_eq!(kind(b"{\"version\":2,\"ask\":\"list\"}\n"), "refused");
    assert_eq!(kind(b"{\"version\":1,\"ask\":\"everything\"}\n"), "usage");
    assert_eq!(kind(b"{\"version\":1,\"ask\":\"list\",\"more\":1}\n"), "usage");
    assert_eq!(kind(b"{\"version\":1,\"ask\":{\"state\":\"biz_0123456789abcdef\"}}\n"), "not_found");
    assert_eq!(kind(&[0xff, 0xfe, b'\n']), "usage");
    assert_eq!(kind(b""), "usage");
    // Unread bytes make the system reset the connection, so the answer may be lost; the process must not be.
    drop(ask(&place, &vec![b'x'; 200_000]));
    let list = ask(&place, b"{\"version\":1,\"ask\":\"list\"}\n");
    assert_eq!(list["ok"][0]["business"], json!(id));
    let page = format!("{{\"version\":1,\"ask\":{{\"records\":{{\"business\":\"{id}\",\"after\":0,\"limit\":18446744073709551615}}}}}}\n");
    assert_eq!(ask(&place, page.as_bytes())["ok"][0]["sequence"], 1);
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
}

#[test]
fn a_long_path_and_a_stale_socket_are_no_hindrance() {
    let place = place(DEAD_PORT);
    let long = format!("{}/{}", "d".repeat(90), "e".repeat(90));
    let mut running = place.start(&["launch", TEMPLATE, "--world", "live", "--data", &long]);
    running.until("launched biz_");
    place.bbb(&["pause", "--reason", "x", "--data", &long]).ok();
    running.signal("-KILL");
    assert_eq!(running.end(), -1);
    assert!(place.path().join(&long).join("bbb.sock").exists());
    assert_eq!(place.bbb(&["status", "--json", "--data", &long]).json()["running"], false);
    let mut running = place.start(&["resume", "--data", &long]);
    running.until("resumed biz_");
    assert_eq!(place.bbb(&["status", "--json", "--data", &long]).json()["running"], true);
    running.signal("-TERM");
    assert_eq!(running.end(), 0);
}
