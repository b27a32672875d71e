use bbb_core::action::{Cost, Digest, MailPurpose};
use bbb_core::draw::Seed;
use bbb_core::event::Recovery;
use bbb_core::id::{BusinessId, ProposalId};
use bbb_core::role::Role;
use bbb_core::seal::{DerivedKeys, Vault};
use std::sync::Arc;

use super::*;

fn grant() -> Grant {
    Grant {
        business: BusinessId::from_bytes([1; 8]),
        proposal: ProposalId::new(0),
        role: Role::Sales,
        attempt: 1,
        key: "00ff".to_owned(),
        digest: Digest([0; 32]),
        hold: Cost { messages: 1, ..Cost::nothing(false) },
        recovery: Recovery::AtMostOnce,
        at: bbb_core::time::SIMULATION_START,
    }
}

fn sender() -> Sender {
    Sender {
        name: "Bücher & Söhne".to_owned(),
        address: "hello@business.example".to_owned(),
        postal_address: "1 Street".to_owned(),
        unsubscribe: "https://business.example/leave?list=1#form".to_owned(),
    }
}

fn action(purpose: MailPurpose) -> SendEmail {
    let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
    let contact = vault.contact_id("ada@example.com");
    SendEmail { contact, purpose, price: None, line: None, message: vault.seal(contact, "").expect("short") }
}

fn message(to: &str, subject: &str, body: &str) -> Message {
    Message { to: to.to_owned(), subject: subject.to_owned(), body: body.to_owned() }
}

fn write(sender: &Sender, purpose: MailPurpose, message: &Message) -> Result<String, String> {
    let letterhead = Letterhead::new(sender).expect("good sender");
    letterhead.write(&grant(), &action(purpose), message).map(|mail| String::from_utf8(mail.bytes).expect("ASCII"))
}

#[test]
fn a_commercial_mail_has_every_header_and_is_the_same_each_time() {
    let message = message("ada@example.com", "Grüße für Ada", "Hello Ada,\n.\nschön\r\nbye\n");
    let mail = write(&sender(), MailPurpose::Outreach, &message).expect("good message");
    let contact = action(MailPurpose::Outreach).contact;
    for line in [
        "To: ada@example.com",
        "Date: Mon, 05 Jan 2026 00:00:00 +0000",
        "Message-ID: <00ff@business.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        &format!("List-Unsubscribe: <https://business.example/leave?list=1&contact={contact}#form>"),
    ] {
        assert!(mail.contains(&format!("{line}\r\n")), "{line} is not in\n{mail}");
    }
    assert!(mail.is_ascii() && mail.contains("<hello@business.example>") && mail.contains("Subject: =?utf-8?"), "{mail}");
    assert!(mail.ends_with("Hello Ada,\r\n.\r\nsch=C3=B6n\r\nbye\r\n"), "{mail}");
    assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "a bare line break in\n{mail}");
    assert_eq!(write(&sender(), MailPurpose::Outreach, &message), Ok(mail));
}

#[test]
fn the_way_out_stands_in_advertising_only_and_is_one_click_only_over_https() {
    let message = message("ada@example.com", "Hello", "Hello");
    let service = write(&sender(), MailPurpose::Service, &message).expect("good message");
    assert!(!service.contains("List-Unsubscribe"), "{service}");
    let by_mail = Sender { unsubscribe: "mailto:leave@business.example?subject=leave".to_owned(), ..sender() };
    let offer = write(&by_mail, MailPurpose::Offer, &message).expect("good message");
    assert!(offer.contains("List-Unsubscribe: <mailto:leave@business.example?subject=leave>\r\n"), "{offer}");
    assert!(!offer.contains("List-Unsubscribe-Post"), "{offer}");
}

#[test]
fn nothing_in_a_message_becomes_a_header_and_no_error_repeats_it() {
    let check = |to: &str, subject: &str, body: &str, field: &str| {
        let error = write(&sender(), MailPurpose::Offer, &message(to, subject, body)).expect_err("must be refused");
        assert!(error.starts_with(field) && !error.contains("eve"), "{error}");
    };
    check("ada@example.com\r\nBcc: eve@example.com", "s", "b", "to");
    check("Eve <eve@example.com>", "s", "b", "to");
    check("eve@example.com, ada@example.com", "s", "b", "to");
    check("ada@example.com", "s\r\nBcc: eve@example.com", "b", "subject");
    check("ada@example.com", "s\nBcc: eve@example.com", "b", "subject");
    check("ada@example.com", "s\u{2028}eve", "b", "subject");
    check("ada@example.com", " ", "b", "subject");
    check("ada@example.com", &"s".repeat(MAX_SUBJECT_CHARS + 1), "b", "subject");
    check("ada@example.com", "s", "eve\0", "body");
    check("ada@example.com", "s", "\n", "body");
}

#[test]
fn a_sender_that_cannot_stand_in_a_header_is_refused_by_field() {
    let check = |change: &dyn Fn(&mut Sender), field: &str| {
        let mut bad = sender();
        change(&mut bad);
        assert_eq!(Letterhead::new(&bad).expect_err("must be refused").field, field);
    };
    check(&|s| s.address = "hello".to_owned(), "sender.address");
    check(&|s| s.name = "A\r\nBcc: eve@example.com".to_owned(), "sender.name");
    check(&|s| s.name = String::new(), "sender.name");
    for bad in [
        "",
        "https://",
        "http://business.example/leave",
        "leave@business.example",
        "mailto:leave",
        "https://a/b c",
        "https://a/>\r\nBcc: x",
    ] {
        check(&|s| s.unsubscribe = bad.to_owned(), "sender.unsubscribe");
    }
}

#[test]
fn dates_outside_the_calendar_of_mail_do_not_panic() {
    for ms in [i64::MIN, -1, i64::MAX] {
        let letterhead = Letterhead::new(&sender()).expect("good sender");
        let grant = Grant { at: Timestamp::from_ms(ms), ..grant() };
        let message = message("ada@example.com", "s", "b");
        assert!(letterhead.write(&grant, &action(MailPurpose::Service), &message).is_ok(), "{ms}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_written_the_header_has_only_the_lines_that_belong_there(subject in ".{0,80}", name in ".{0,60}", body in ".{0,200}") {
        let Ok(letterhead) = Letterhead::new(&Sender { name, ..sender() }) else { return Ok(()) };
        let message = message("ada@example.com", &subject, &body);
        let Ok(mail) = letterhead.write(&grant(), &action(MailPurpose::Offer), &message) else { return Ok(()) };
        let text = String::from_utf8(mail.bytes).expect("ASCII");
        let (header, _) = text.split_once("\r\n\r\n").expect("a mail has a body");
        let names: Vec<&str> =
            header.split("\r\n").filter(|line| !line.starts_with(' ')).map(|line| line.split(':').next().unwrap_or("")).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        let expected = ["Content-Transfer-Encoding", "Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Message-ID", "Subject", "To"];
        proptest::prop_assert_eq!(sorted, expected);
    }
}

proptest::proptest! {
    #[test]
    fn a_notice_has_one_recipient_and_its_headers_whatever_its_text(subject in "(\\PC|\\r|\\n|\u{2028}){1,60}", body in "(?s).{1,200}") {
        let writer = Writer::new("bbb@bbb.example", "Better Business Builder").expect("good");
        let notice = Notice { id: "msg_1", at: bbb_core::time::SIMULATION_START, to: "ada@example.com", subject: &subject, body: &body };
        if let Ok(written) = writer.write(&notice) {
            let text = String::from_utf8(written.bytes).expect("mails are ASCII");
            let (head, _) = text.split_once("\r\n\r\n").expect("a head and a body");
            // A folded line goes on with a space.
            let names: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with(' ')).map(|line| line.split(':').next().expect("a name")).collect();
            let mut known = names.clone();
            known.sort_unstable();
            let wanted = ["Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];
            proptest::prop_assert_eq!(known, wanted, "{}", head);
            proptest::prop_assert_eq!(written.to.to_string(), "ada@example.com");
        }
    }
}
