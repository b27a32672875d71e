//! Mail over SMTP: against real servers for what goes well, against a scripted one for every way in which it can break off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bbb_core::action::{MailPurpose, Message};
use bbb_core::port::{Failure, Ports};
use bbb_core::receipt::{MailReceipt, Receipt};
use bbb_core::task::TaskKind;
use bbb_integrations::mail::smtp::{SmtpConfig, SmtpMail, Tls};
use bbb_integrations::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::peers::{self, Peer};
use crate::support::permits::{mail, permit, sender, vault};
use crate::support::script::{self, Script, Step, say};

/// Long enough for any peer on a busy machine: a test waits for it only where something is wrong.
const PATIENT: Duration = Duration::from_secs(30);
/// For servers that say nothing on purpose.
const HASTY: Duration = Duration::from_millis(200);

fn config(port: u16) -> SmtpConfig {
    SmtpConfig { port, tls: Tls::None, timeout: PATIENT, answer_timeout: PATIENT, ..SmtpConfig::new("127.0.0.1") }
}

fn login(password: &str) -> SmtpConfig {
    SmtpConfig { username: "ada".to_owned(), password: Secret::new(password), ..config(0) }
}

fn outreach() -> Message {
    let body = format!("Hello Ada,\n\n.a line that begins with a dot\nschöne Grüße\n\n{}", sender().footer());
    Message { to: "ada@example.com".to_owned(), subject: "Grüße für Ada: a menu".to_owned(), body }
}

/// Sends one permitted mail; says what came of it and whether the permit was used.
async fn send(config: SmtpConfig, message: &Message) -> (Result<MailReceipt, Failure>, bool) {
    let mut ports = Ports::default();
    ports.send_email = Some(Arc::new(SmtpMail::new(config, &sender(), vault()).expect("good settings")));
    let granted = permit(&ports, TaskKind::Outreach, mail(message, MailPurpose::Outreach)).await;
    let mark = granted.use_mark();
    let receipt = ports.perform(granted).await.map(|receipt| match receipt {
        Receipt::MailReceipt(receipt) => receipt,
        other => panic!("not a mail's receipt: {other:?}"),
    });
    (receipt, !mark.revoke())
}

#[tokio::test]
async fn a_real_server_takes_the_mail_with_every_header() {
    let peer = peers::aiosmtpd(None);
    let (receipt, used) = send(config(peer.ports[0]), &outreach()).await;
    let receipt = receipt.expect("taken");
    assert!(used && receipt.response.starts_with("250"), "{receipt:?}");
    let mails = peers::mails(&peer);
    assert_eq!(mails.len(), 1);
    // The mailbox writes bare line breaks, and unfolds nothing.
    for line in [
        "From: \"Simulated Business\" <hello@business.example>",
        "To: ada@example.com",
        "Date: Mon, 05 Jan 2026 00:00:00 +0000",
        &format!("Message-ID: {}", receipt.message_id),
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "X-MailFrom: hello@business.example",
        "X-RcptTo: ada@example.com",
        ".a line that begins with a dot",
        "sch=C3=B6ne Gr=C3=BC=C3=9Fe",
    ] {
        assert!(mails[0].lines().any(|l| l == line), "{line} is not in\n{}", mails[0]);
    }
    assert!(mails[0].contains("List-Unsubscribe: <https://business.example/unsubscribe?contact=contact_"), "{}", mails[0]);
}

#[tokio::test]
async fn the_same_permitted_mail_has_the_same_message_id_every_time() {
    let peer = peers::aiosmtpd(None);
    let first = send(config(peer.ports[0]), &outreach()).await.0.expect("taken");
    let second = send(config(peer.ports[0]), &outreach()).await.0.expect("taken");
    assert_eq!(first.message_id, second.message_id);
    assert!(first.message_id.ends_with("@business.example>"), "{first:?}");
}

#[tokio::test]
async fn with_the_right_login_a_real_server_reads_back_what_was_meant() {
    let peer = peers::maildev(None);
    let (receipt, _) = send(SmtpConfig { port: peer.ports[0], ..login("opensesame") }, &outreach()).await;
    let receipt = receipt.expect("taken");
    let mails = stored(&peer);
    assert_eq!(mails.len(), 1);
    let text = mails[0].to_string();
    assert_eq!(mails[0]["subject"], "Grüße für Ada: a menu");
    assert!(text.contains(receipt.message_id.trim_matches(['<', '>'])), "{text}");
    assert!(text.contains("schöne Grüße") && text.contains("\\n.a line that begins with a dot"), "{text}");
}

#[tokio::test]
async fn with_the_wrong_login_nothing_is_sent_and_nothing_secret_is_said() {
    let peer = peers::maildev(None);
    let (receipt, used) = send(SmtpConfig { port: peer.ports[0], ..login("wrong-password") }, &outreach()).await;
    let failure = receipt.expect_err("refused");
    assert!(matches!(&failure, Failure::Permanent(reason) if reason.contains("535")), "{failure:?}");
    assert!(!used && stored(&peer).is_empty());
    assert!(!failure.to_string().contains("wrong-password"), "{failure:?}");
}

#[tokio::test]
async fn tls_from_the_first_byte_reaches_a_server_with_a_trusted_certificate_only() {
    let certificate = peers::certificate();
    let peer = peers::maildev(Some(&certificate));
    let over_tls = SmtpConfig { host: "localhost".to_owned(), port: peer.ports[0], tls: Tls::Tls, ..login("opensesame") };
    let (receipt, used) = send(over_tls.clone(), &outreach()).await;
    assert!(matches!(receipt, Err(Failure::Temporary(_))) && !used, "{receipt:?}");
    let trusted = SmtpConfig { root_certificate: Some(certificate.root), ..over_tls };
    assert!(send(trusted, &outreach()).await.0.is_ok());
    assert_eq!(stored(&peer).len(), 1);
}

#[tokio::test]
async fn starttls_is_insisted_on() {
    let certificate = peers::certificate();
    let upgrade = |port, root| SmtpConfig { host: "localhost".to_owned(), port, tls: Tls::StartTls, root_certificate: root, ..config(0) };
    let peer = peers::aiosmtpd(Some(&certificate));
    let (receipt, used) = send(upgrade(peer.ports[0], None), &outreach()).await;
    assert!(matches!(receipt, Err(Failure::Temporary(_))) && !used, "{receipt:?}");
    let (receipt, _) = send(upgrade(peer.ports[0], Some(certificate.root)), &outreach()).await;
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(peers::mails(&peer).len(), 1);
    let plain = peers::aiosmtpd(None);
    let (receipt, used) = send(upgrade(plain.ports[0], None), &outreach()).await;
    assert!(matches!(receipt, Err(Failure::Permanent(_))) && !used, "{receipt:?}");
    assert!(peers::mails(&plain).is_empty());
}

/// Every answer that a client wants to hear after STARTTLS, up to the one that makes a receipt.
const SMUGGLED: &[u8] = b"250 hello\r\n250 fine\r\n250 fine\r\n354 go ahead\r\n250 taken\r\n";

/// Someone on the way appends lines to the plain answer to STARTTLS, in the hope that they are taken for words of the encrypted server.
#[tokio::test]
async fn words_smuggled_in_before_encryption_are_not_heard() {
    let certificate = peers::certificate();
    let peer = peers::aiosmtpd(Some(&certificate));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("bound").port();
    let behind = peer.ports[0];
    let smuggled = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&smuggled);
    let smuggler = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a connection");
        let mut server = TcpStream::connect(("127.0.0.1", behind)).await.expect("the peer listens");
        let (mut from_server, mut from_client) = (vec![0; 4096], vec![0; 4096]);
        loop {
            tokio::select! {
                biased;
                count = server.read(&mut from_server) => {
                    let said = &from_server[..count.expect("the server speaks")];
                    let upgrading = said.starts_with(b"220 Ready to start TLS");
                    // In one piece, so that all lines arrive together.
                    let passed_on = if upgrading { [said, SMUGGLED].concat() } else { said.to_vec() };
                    client.write_all(&passed_on).await.expect("the client listens");
                    if upgrading {
                        told.store(true, Ordering::SeqCst);
                        return copy_bidirectional(&mut client, &mut server).await;
                    }
                }
                count = client.read(&mut from_client) => match count.expect("the client speaks") {
                    0 => return Ok((0, 0)),
                    count => server.write_all(&from_client[..count]).await.expect("the server listens"),
                },
            }
        }
    });
    let upgrade = SmtpConfig {
        host: "localhost".to_owned(),
        port,
        tls: Tls::StartTls,
        root_certificate: Some(certificate.root),
        timeout: Duration::from_secs(5),
        ..config(0)
    };
    let (receipt, used) = send(upgrade, &outreach()).await;
    assert!(matches!(receipt, Err(Failure::Temporary(_))) && !used, "{receipt:?}");
    assert!(smuggled.load(Ordering::SeqCst), "nothing was smuggled");
    smuggler.abort();
    assert!(peers::mails(&peer).is_empty());
}

#[tokio::test]
async fn messages_that_cannot_be_sent_as_they_are_never_reach_a_server() {
    // A line break in the subject is vetoed before any adapter sees it; addresses are the adapter's to check.
    for to in ["ada@example.com\r\nBcc: eve@example.com", "nobody"] {
        let message = Message { to: to.to_owned(), ..outreach() };
        // Nothing listens on port 1: a connection would fail temporarily.
        let (receipt, used) = send(config(1), &message).await;
        assert!(matches!(&receipt, Err(Failure::Permanent(reason)) if !reason.contains("eve")), "{receipt:?}");
        assert!(!used);
    }
}

#[tokio::test]
async fn a_refused_connection_may_be_tried_again() {
    let (receipt, used) = send(config(1), &outreach()).await;
    assert!(matches!(receipt, Err(Failure::Temporary(_))) && !used, "{receipt:?}");
}

/// The phases of an exchange, in order.
const PHASES: [&str; 7] = ["greeting", "hello", "login", "sender", "recipient", "data", "content"];

/// What goes well in each phase.
fn well(phase: &str) -> Vec<Step> {
    match phase {
        "greeting" => vec![say("220 ready\r\n")],
        "hello" => vec![Step::Hear, say("250-here\r\n250 AUTH PLAIN\r\n")],
        "login" => vec![Step::Hear, say("235 welcome\r\n")],
        "data" => vec![Step::Hear, say("354 go ahead\r\n")],
        "content" => vec![Step::HearUntil("\r\n.\r\n"), say("250 taken for <ada@example.com>\r\n")],
        _ => vec![Step::Hear, say("250 fine\r\n")],
    }
}

/// What the server does instead of its answer in a phase, and what that means before and after the first byte of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Temporary,
    Permanent,
    Unknown,
}

fn class(failure: &Failure) -> Class {
    match failure {
        Failure::Temporary(_) => Class::Temporary,
        Failure::Permanent(_) => Class::Permanent,
        Failure::Unknown(_) => Class::Unknown,
    }
}

/// This table is why no mail is sent twice: whatever breaks off, and wherever, a failure that may be retried means that the server has no
/// mail, and a mail that the server may have is never called failed.
#[tokio::test]
async fn every_fault_in_every_phase_is_told_apart() {
    use Class::{Permanent, Temporary, Unknown};
    // After a refusal the client says goodbye.
    let bye = || [Step::Hear, say("221 bye\r\n"), Step::Close];
    let refusal = |text: &str| std::iter::once(say(text)).chain(bye()).collect::<Vec<Step>>();
    let faults: [(&str, Vec<Step>, Class, Class); 9] = [
        ("421", vec![say("421 4.3.2 ada@example.com, later\r\n"), Step::Close], Temporary, Temporary),
        ("450", refusal("450-4.2.1 not\r\n450 4.2.1 now\r\n"), Temporary, Temporary),
        ("550", refusal("550 5.1.1 <ada@example.com> is unknown\r\n"), Permanent, Permanent),
        ("an answer of another kind", vec![say("334 go on\r\n"), Step::Close], Temporary, Unknown),
        ("no SMTP", vec![say("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Close], Temporary, Unknown),
        ("half an answer", vec![say("250 o"), Step::Close], Temporary, Unknown),
        ("closed", vec![Step::Close], Temporary, Unknown),
        ("reset", vec![Step::Reset], Temporary, Unknown),
        ("silence", vec![Step::Silence], Temporary, Unknown),
    ];
    let mut checked = 0;
    for (place, phase) in PHASES.iter().enumerate() {
        for (name, fault, before, after) in &faults {
            let mut steps: Vec<Step> = PHASES[..place].iter().flat_map(|phase| well(phase)).collect();
            // Its own turn to listen, and the fault in place of the answer.
            steps.extend(well(phase).into_iter().filter(|step| !matches!(step, Step::Say(_))));
            steps.extend(fault.clone());
            let expected = match *phase {
                "content" => *after,
                // To the client this is a server that offers no login, which trying again does not change.
                "hello" if *name == "an answer of another kind" => Permanent,
                _ => *before,
            };
            check(&format!("{name} at {phase}"), steps, *phase == "content", *name == "silence", expected).await;
            checked += 1;
        }
    }
    assert_eq!(checked, PHASES.len() * faults.len());
}

/// Faults that only the content can have: the server breaks off while it is being sent, and what it saw by then cannot be known.
#[tokio::test]
async fn whatever_breaks_off_amid_the_content_leaves_a_doubt() {
    let begun = || -> Vec<Step> { PHASES[..6].iter().flat_map(|phase| well(phase)).collect() };
    for (name, fault) in [
        ("closed at once", vec![Step::Close]),
        ("reset at once", vec![Step::Reset]),
        ("closed after some bytes", vec![Step::HearBytes(100), Step::Close]),
        ("reset after some bytes", vec![Step::HearBytes(100), Step::Reset]),
        ("reset after the dot", vec![Step::HearUntil("\r\n.\r\n"), Step::Reset]),
    ] {
        let steps = begun().into_iter().chain(fault).collect();
        check(name, steps, true, false, Class::Unknown).await;
    }
}

#[tokio::test]
async fn data_that_is_not_answered_by_a_go_ahead_sends_nothing() {
    let mut steps: Vec<Step> = PHASES[..5].iter().flat_map(|phase| well(phase)).collect();
    steps.extend([Step::Hear, say("250 fine\r\n")]);
    check("250 to DATA", steps, false, false, Class::Temporary).await;
}

/// Plays one script, and checks the failure's class, that the permit was used exactly where bytes of the mail may have left, and that
/// nothing personal or secret is told.
async fn check(name: &str, steps: Vec<Step>, in_content: bool, silent: bool, expected: Class) {
    let script = Script::start(steps).await;
    // Only where silence is the point is the wait for it short, and only in the phase that it comes in.
    let (timeout, answer_timeout) = match (silent, in_content) {
        (false, _) => (PATIENT, PATIENT),
        (true, true) => (PATIENT, HASTY),
        (true, false) => (HASTY, PATIENT),
    };
    let config = SmtpConfig { host: script::HOST.to_owned(), port: script.port, timeout, answer_timeout, ..login("opensesame") };
    let (receipt, used) = send(config, &outreach()).await;
    let failure = receipt.expect_err(name);
    assert_eq!(class(&failure), expected, "{name}: {failure:?}");
    assert_eq!(used, in_content, "{name}: {failure:?}");
    let said = failure.to_string();
    assert!(!said.contains("ada") && !said.contains("opensesame"), "{name}: {said}");
    let heard = script.heard().await;
    if !in_content {
        assert!(!heard.contains("Hello") && !heard.contains("Message-ID"), "{name}: {heard}");
    }
    assert!(heard.matches("Message-ID").count() <= 1, "{name}: {heard}");
}

#[tokio::test]
async fn the_scripted_server_can_also_take_a_mail_and_the_receipt_names_nobody() {
    let mut steps: Vec<Step> = PHASES.iter().flat_map(|phase| well(phase)).collect();
    steps.extend([Step::Hear, say("221 bye\r\n")]);
    let script = Script::start(steps).await;
    let (receipt, used) = send(SmtpConfig { host: script::HOST.to_owned(), port: script.port, ..login("opensesame") }, &outreach()).await;
    assert_eq!(receipt.expect("taken").response, "250 taken for ***");
    let heard = script.heard().await;
    assert!(used && heard.contains("\r\n..a line that begins with a dot\r\n") && heard.ends_with("QUIT\r\n"), "{heard}");
}

#[test]
fn settings_that_would_leak_or_hang_are_refused_by_field() {
    let check = |change: &dyn Fn(&mut SmtpConfig), field: Option<&str>| {
        let mut settings = login("opensesame");
        change(&mut settings);
        let refused = SmtpMail::new(settings.clone(), &sender(), vault()).err().map(|error| error.field);
        assert_eq!(refused, field, "{settings:?}");
        assert!(!format!("{settings:?}").contains("opensesame"), "{settings:?}");
    };
    check(&|_| {}, None);
    check(&|c| c.host = "localhost".to_owned(), None);
    check(&|c| c.host = "relay.example.com".to_owned(), Some("tls"));
    check(&|c| c.host = "192.0.2.1".to_owned(), Some("tls"));
    check(&|c| c.host = "a\r\nb".to_owned(), Some("host"));
    check(&|c| c.hello_name = "a\r\nMAIL FROM:<>".to_owned(), Some("hello_name"));
    check(&|c| c.password = Secret::default(), Some("password"));
    check(&|c| c.username = String::new(), Some("password"));
    check(&|c| c.timeout = Duration::ZERO, Some("timeout"));
    check(&|c| c.connections = 0, Some("connections"));
    check(&|c| (c.tls, c.root_certificate) = (Tls::Tls, Some("x".to_owned())), Some("root_certificate"));
}

/// The mails that [`peers::maildev`] took.
fn stored(peer: &Peer) -> Vec<serde_json::Value> {
    match peers::get(peer.ports[1], "/api/email") {
        serde_json::Value::Array(mails) => mails,
        other => panic!("not a list of mails: {other}"),
    }
}
