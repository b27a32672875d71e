//! Sends mail over SMTP, and never twice.
//!
//! SMTP has no idempotency key: a server that took a mail over says so once, and if that word is lost nobody can ask for it again. So
//! everything depends on knowing the phase in which an exchange broke off:
//!
//! | phase | broke off by | the mail | failure |
//! |---|---|---|---|
//! | connect, greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA | answer 5xx | was not sent | [`Failure::Permanent`] |
//! | the same | answer 4xx, lost connection, timeout, garbage | was not sent | [`Failure::Temporary`] |
//! | content | answer 5xx after the final dot | was refused | [`Failure::Permanent`] |
//! | content | answer 4xx after the final dot | was refused | [`Failure::Temporary`] |
//! | content | lost connection, timeout, garbage | nobody knows | [`Failure::Unknown`] |
//!
//! Up to and including the server's go-ahead to DATA no byte of the mail has left, and a server that did not see the final dot must throw
//! away what it saw (RFC 5321, section 4.1.1.4). Whether the dot arrived cannot be seen from here once writing has begun, so doubt begins
//! with the first byte of the content, and there the permit is used up. Failures in doubt are for the owner; nothing here sends again.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use bbb_core::action::{Message, SendEmail};
use bbb_core::event::Recovery;
use bbb_core::journal::store::BoxFuture;
use bbb_core::oversight::permit::Permit;
use bbb_core::port::{Failure, Port};
use bbb_core::receipt::MailReceipt;
use bbb_core::seal::{self, Vault};
use bbb_core::spec::Sender;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::lines::Lines;
use super::message::{Letterhead, Written};
use crate::ConfigError;
use crate::redact::redact;
use crate::secret::Secret;

/// The most characters of a server's answer that a receipt or a failure repeats.
const MAX_ANSWER_CHARS: usize = 200;
/// How long the farewell may take, after which the connection is simply dropped: the mail's fate is known by then.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
/// The most connections that may be configured.
pub const MAX_CONNECTIONS: usize = 64;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a relay on this very machine only.
    None,
    /// Plain at first, then upgraded by STARTTLS; a server that does not offer it gets nothing.
    StartTls,
    /// From the first byte on.
    Tls,
}

/// Where and how mail is handed over.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// The server's name, or its address where `tls` is [`Tls::None`].
    pub host: String,
    /// Its port: 465 for [`Tls::Tls`], 587 for [`Tls::StartTls`], as a rule.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// The login, or empty for none.
    pub username: String,
    /// The login's password.
    pub password: Secret,
    /// How long the server may take for each step before the content.
    pub timeout: Duration,
    /// How long sending the content may take until the server has answered. RFC 5321 wants ten minutes: whoever hangs up earlier makes
    /// doubts.
    pub answer_timeout: Duration,
    /// The name by which this machine introduces itself.
    pub hello_name: String,
    /// The most connections at a time, 1 to [`MAX_CONNECTIONS`].
    pub connections: usize,
    /// A root certificate in PEM that is trusted beside the public ones, for a relay with a certificate of its own.
    pub root_certificate: Option<String>,
}

impl SmtpConfig {
    /// A server reached over TLS, with the timeouts of RFC 5321 and no login.
    pub fn new(host: impl Into<String>) -> SmtpConfig {
        SmtpConfig {
            host: host.into(),
            port: 465,
            tls: Tls::Tls,
            username: String::new(),
            password: Secret::default(),
            timeout: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(600),
            hello_name: "localhost".to_owned(),
            connections: 4,
            root_certificate: None,
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let word = |text: &str| !text.is_empty() && text.len() <= 253 && text.bytes().all(|b| b.is_ascii_graphic());
        if !word(&self.host) {
            return Err(ConfigError::new("host", "needs 1 to 253 printable ASCII characters without space"));
        }
        if !word(&self.hello_name) {
            return Err(ConfigError::new("hello_name", "needs 1 to 253 printable ASCII characters without space"));
        }
        if self.tls == Tls::None && !is_loopback(&self.host) {
            return Err(ConfigError::new("tls", "an unprotected connection is only for a server on this machine; use starttls or tls"));
        }
        if self.username.is_empty() != self.password.is_empty() {
            return Err(ConfigError::new("password", "a login needs both username and password, or neither"));
        }
        if self.timeout.is_zero() || self.answer_timeout.is_zero() {
            return Err(ConfigError::new("timeout", "must be longer than nothing"));
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return Err(ConfigError::new("connections", format!("needs 1 to {MAX_CONNECTIONS}")));
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A server that takes mails. Each mail has a connection of its own.
pub struct Relay {
    config: SmtpConfig,
    hello: ClientId,
    trust: Option<TlsParameters>,
    slots: Semaphore,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("host", &self.config.host).field("port", &self.config.port).finish_non_exhaustive()
    }
}

/// The adapter: one business's outgoing mail.
pub struct SmtpMail {
    relay: Relay,
    letterhead: Letterhead,
    vault: Vault,
}

impl fmt::Debug for SmtpMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMail").field("relay", &self.relay).finish_non_exhaustive()
    }
}

/// Where an exchange stands; its name stands in failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connect,
    Hello,
    StartTls,
    Login,
    Sender,
    Recipient,
    Data,
    Content,
}

impl Phase {
    const fn as_str(self) -> &'static str {
        match self {
            Phase::Connect => "connecting",
            Phase::Hello => "greeting",
            Phase::StartTls => "starting TLS",
            Phase::Login => "logging in",
            Phase::Sender => "naming the sender",
            Phase::Recipient => "naming the recipient",
            Phase::Data => "asking to send",
            Phase::Content => "sending",
        }
    }
}

/// How a step went wrong, before it is decided what that means for the mail.
enum Fault {
    Answered(Severity, String),
    Broken(String),
    /// The server cannot do what the configuration wants.
    Unable(&'static str),
}

impl Fault {
    /// What the fault means in `phase`: the table above.
    fn in_phase(self, phase: Phase) -> Failure {
        let say = |what: &dyn fmt::Display| format!("smtp, {}: {what}", phase.as_str());
        match self {
            Fault::Answered(Severity::PermanentNegativeCompletion, answer) => Failure::Permanent(say(&answer)),
            Fault::Answered(Severity::TransientNegativeCompletion, answer) => Failure::Temporary(say(&answer)),
            Fault::Answered(_, answer) | Fault::Broken(answer) if phase == Phase::Content => Failure::Unknown(say(&answer)),
            Fault::Answered(_, answer) | Fault::Broken(answer) => Failure::Temporary(say(&answer)),
            Fault::Unable(what) => Failure::Permanent(say(&what)),
        }
    }
}

impl SmtpMail {
    /// An adapter for a business that signs as `sender` and whose sealed mails `vault` opens. Nothing is connected yet.
    ///
    /// # Errors
    /// The first setting that does not work.
    pub fn new(config: SmtpConfig, sender: &Sender, vault: Vault) -> Result<SmtpMail, ConfigError> {
        let relay = Relay::new(config)?;
        Ok(SmtpMail { relay, letterhead: Letterhead::new(sender)?, vault })
    }

    fn write(&self, permit: &Permit<SendEmail>) -> Result<Written, Failure> {
        let refuse = |rule: &str| Failure::Permanent(format!("the mail cannot be sent: {rule}"));
        let opened = self.vault.open(&permit.action().message).map_err(|error| match error {
            seal::Error::KeyStore(_) => Failure::Temporary(error.to_string()),
            _ => Failure::Permanent(error.to_string()),
        })?;
        // The parser's own words may quote the text.
        let message: Message = serde_json::from_str(opened.reveal()).map_err(|_| refuse("what is sealed is not a message"))?;
        self.letterhead.write(permit.grant(), permit.action(), &message).map_err(|rule| refuse(&rule))
    }

    async fn send(&self, permit: Permit<SendEmail>) -> Result<MailReceipt, Failure> {
        let mail = self.write(&permit)?;
        let begin = || permit.begin().map(drop).map_err(Failure::from);
        let response = self.relay.hand_over(self.letterhead.from(), &mail, begin).await.map_err(|refused| refused.failure)?;
        Ok(MailReceipt { message_id: mail.message_id, response })
    }
}

/// Why a server did not take a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is known of the mail.
    pub failure: Failure,
    /// Whether it is about this mail: its recipient or its content. Otherwise no mail gets through.
    pub of_this_mail: bool,
}

impl Relay {
    /// Such a server. Nothing is connected yet.
    ///
    /// # Errors
    /// The first setting that does not work.
    pub fn new(config: SmtpConfig) -> Result<Relay, ConfigError> {
        config.check()?;
        let trust = match config.tls {
            Tls::None => None,
            Tls::StartTls | Tls::Tls => Some(trust(&config)?),
        };
        let hello = ClientId::Domain(config.hello_name.clone());
        let slots = Semaphore::new(config.connections);
        Ok(Relay { config, hello, trust, slots })
    }

    /// Hands one mail over, and returns the server's answer in words. `begin` is called before the first byte of the content: where it fails, the mail was not sent; once
    /// it has succeeded, the mail may have been.
    ///
    /// # Errors
    /// [`Refused`]; the module's table says what is known of the mail then.
    pub async fn hand_over(&self, from: &Address, mail: &Written, begin: impl FnOnce() -> Result<(), Failure>) -> Result<String, Refused> {
        let general = |failure| Refused { failure, of_this_mail: false };
        // The semaphore is never closed; a failure here would be before anything was sent all the same.
        let _slot = self.slots.acquire().await.map_err(|error| general(Failure::Temporary(error.to_string())))?;
        let mut connection = self.connect().await.map_err(general)?;
        if let Err(refused) = self.announce(&mut connection, from, mail).await {
            let _ = timeout(QUIT_TIMEOUT, connection.abort()).await;
            return Err(refused);
        }
        // From here on the mail may have been sent.
        if let Err(failure) = begin() {
            let _ = timeout(QUIT_TIMEOUT, connection.abort()).await;
            return Err(general(failure));
        }
        let answered = timeout(self.config.answer_timeout, connection.message(&mail.bytes)).await;
        let receipt = self.judge(answered, Phase::Content, mail, |severity, _| severity == Severity::PositiveCompletion);
        let _ = timeout(QUIT_TIMEOUT, connection.quit()).await;
        receipt
            .map(|answer| redact(&answer, &self.hidden(mail), MAX_ANSWER_CHARS))
            .map_err(|failure| Refused { failure, of_this_mail: true })
    }

    /// Everything up to a connection on which mail may be announced.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let SmtpConfig { host, port, tls, .. } = &self.config;
        let mut connection = match (tls, &self.trust) {
            (Tls::Tls, Some(trust)) => {
                let address = (host.as_str(), *port);
                let connecting = AsyncSmtpConnection::connect_tokio1(address, None, &self.hello, Some(trust.clone()), None);
                self.step(Phase::Connect, connecting).await?
            }
            _ => {
                let stream = self.dial().await?;
                self.step(Phase::Hello, AsyncSmtpConnection::connect_with_transport(Box::new(Lines::new(stream)), &self.hello)).await?
            }
        };
        if let (Tls::StartTls, Some(trust)) = (tls, &self.trust) {
            self.step(Phase::StartTls, connection.starttls(trust.clone(), &self.hello)).await?;
        }
        if !self.config.username.is_empty() {
            let credentials = Credentials::new(self.config.username.clone(), self.config.password.reveal().to_owned());
            self.step(Phase::Login, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
        }
        Ok(connection)
    }

    async fn dial(&self) -> Result<TcpStream, Failure> {
        let broken = |error: &io::Error| Fault::Broken(describe_io(error)).in_phase(Phase::Connect);
        let dialled = timeout(self.config.timeout, TcpStream::connect((self.config.host.as_str(), self.config.port))).await;
        let stream = dialled.map_err(|_| broken(&io::ErrorKind::TimedOut.into()))?.map_err(|error| broken(&error))?;
        let peer = stream.peer_addr().map_err(|error| broken(&error))?;
        if self.config.tls == Tls::None && !peer.ip().is_loopback() {
            return Err(Fault::Unable("the server is not on this machine, and the connection is not protected").in_phase(Phase::Connect));
        }
        Ok(stream)
    }

    /// One step before the content. After a refused EHLO or STARTTLS the client says goodbye by itself and waits for the answer: a server
    /// that does not give it has timed out, which is a definite failure as well.
    async fn step<T>(&self, phase: Phase, step: impl Future<Output = Result<T, lettre::transport::smtp::Error>>) -> Result<T, Failure> {
        match timeout(self.config.timeout, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(fault(&error, &[&self.config.username, self.config.password.reveal()]).in_phase(phase)),
            Err(_) => Err(Fault::Broken("timed out".to_owned()).in_phase(phase)),
        }
    }

    /// Names sender and recipient, and asks for the go-ahead. The server may still refuse, and nothing has been sent.
    async fn announce(&self, connection: &mut AsyncSmtpConnection, from: &Address, mail: &Written) -> Result<(), Refused> {
        let completed = |severity, _: &Response| severity == Severity::PositiveCompletion;
        let limit = self.config.timeout;
        let about = |of_this_mail| move |failure| Refused { failure, of_this_mail };
        let from = Mail::new(Some(from.clone()), Vec::new());
        self.judge(timeout(limit, connection.command(from)).await, Phase::Sender, mail, completed).map_err(about(false))?;
        let to = Rcpt::new(mail.to.clone(), Vec::new());
        self.judge(timeout(limit, connection.command(to)).await, Phase::Recipient, mail, completed).map_err(about(true))?;
        let go_ahead = |_, response: &Response| response.has_code(354);
        self.judge(timeout(limit, connection.command(Data)).await, Phase::Data, mail, go_ahead).map(drop).map_err(about(false))
    }

    /// The server's answer in words, where it is the `expected` one.
    fn judge<E>(
        &self,
        answered: Result<Result<Response, lettre::transport::smtp::Error>, E>,
        phase: Phase,
        mail: &Written,
        expected: impl Fn(Severity, &Response) -> bool,
    ) -> Result<String, Failure> {
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(fault(&error, &self.hidden(mail)).in_phase(phase)),
            Err(_) => return Err(Fault::Broken("timed out".to_owned()).in_phase(phase)),
        };
        let words = response.message().collect::<Vec<_>>().join(" ");
        if expected(response.code().severity, &response) {
            return Ok(format!("{} {words}", response.code()));
        }
        let unexpected = format!("unexpected answer {}", response.code());
        Err(Fault::Answered(response.code().severity, unexpected).in_phase(phase))
    }

    /// What must not be repeated from the server's words.
    fn hidden<'a>(&'a self, mail: &'a Written) -> [&'a str; 4] {
        [mail.to.as_ref(), mail.to.user(), &self.config.username, self.config.password.reveal()]
    }
}

fn trust(config: &SmtpConfig) -> Result<TlsParameters, ConfigError> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.root_certificate {
        let wrong = || ConfigError::new("root_certificate", "is not a certificate in PEM");
        // Text without any certificate would be taken, and trust nobody.
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(wrong());
        }
        let root = Certificate::from_pem(pem.as_bytes()).map_err(|_| wrong())?;
        parameters = parameters.add_root_certificate(root);
    }
    parameters.build().map_err(|_| ConfigError::new("tls", "the trusted certificates cannot be used"))
}

/// Turns the client's error into what can be told about it: the server's words without personal ones, or the kind of breakage.
fn fault(error: &lettre::transport::smtp::Error, hidden: &[&str]) -> Fault {
    if let Some(code) = error.status() {
        let words = error.source().map(|words| redact(&words.to_string(), hidden, MAX_ANSWER_CHARS)).unwrap_or_default();
        return Fault::Answered(code.severity, format!("{code} {words}").trim_end().to_owned());
    }
    if error.is_client() {
        return Fault::Unable("the server offers no STARTTLS or no login that is known here");
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Fault::Broken(describe_io(io));
        }
        cause = inner.source();
    }
    Fault::Broken(if error.is_response() { "the answer is incomplete or not SMTP" } else { "the connection failed" }.to_owned())
}

/// The kind only: messages of the system and of TLS can carry names and addresses.
fn describe_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => "the server's TLS or certificate was not accepted".to_owned(),
        kind => kind.to_string(),
    }
}

impl Port<SendEmail> for SmtpMail {
    fn recovery(&self) -> Recovery {
        Recovery::AtMostOnce
    }

    /// None: every step has a timeout of its own.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    fn perform(&self, permit: Permit<SendEmail>) -> BoxFuture<'_, Result<MailReceipt, Failure>> {
        Box::pin(self.send(permit))
    }
}
