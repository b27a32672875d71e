//! Writes a permitted mail as bytes: a function of the permit, the sender and the opened message, and so the same for every attempt of one
//! permit.
//!
//! The body is one `text/plain; charset=utf-8` part. The Message-ID is the effect's idempotency key at the sender's domain: should a mail
//! that is in doubt be sent again by its owner's word, mail programs that know the first copy show one mail. Commercial mail carries the
//! one-click way out of RFC 8058.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use bbb_core::action::{Message, SendEmail};
use bbb_core::oversight::permit::Grant;
use bbb_core::spec::Sender;
use bbb_core::time::Timestamp;
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MessageBuilder};

use super::address;
use crate::ConfigError;

/// The most characters of a subject.
pub const MAX_SUBJECT_CHARS: usize = 300;
/// The most characters of a sender's name.
pub const MAX_NAME_CHARS: usize = 100;
/// The most characters of an address to unsubscribe at: it must fit a header line of RFC 5322.
pub const MAX_UNSUBSCRIBE_CHARS: usize = 800;

/// The checked headers that are the same for every mail of a business.
#[derive(Clone)]
pub struct Letterhead {
    from: Mailbox,
    unsubscribe: Unsubscribe,
}

#[derive(Clone)]
enum Unsubscribe {
    Https(String),
    Mailto(String),
}

/// Who writes what a program says by itself.
#[derive(Clone)]
pub struct Writer(Mailbox);

/// A mail of a program to somebody who has to do with it: about their account, never commercial.
#[derive(Clone, Copy)]
pub struct Notice<'a> {
    /// Its name: the same for every attempt.
    pub id: &'a str,
    /// When it was written.
    pub at: Timestamp,
    /// The recipient's address.
    pub to: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The text.
    pub body: &'a str,
}

/// A mail, ready to be sent.
pub struct Written {
    /// The Message-ID, with its angle brackets.
    pub message_id: String,
    /// To whom the server is told to send it.
    pub to: Address,
    /// Headers and body.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Letterhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letterhead(***)")
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Written({}, {} bytes)", self.message_id, self.bytes.len())
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer(***)")
    }
}

impl fmt::Debug for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Writer {
    /// Whoever writes from this address, under this name.
    ///
    /// # Errors
    /// What is no address, or no name for a header.
    pub fn new(address: &str, name: &str) -> Result<Writer, String> {
        let email = address::parse(address).map_err(|error| error.to_string())?;
        line(name, MAX_NAME_CHARS)?;
        Ok(Writer(Mailbox::new(Some(name.to_owned()), email)))
    }

    /// The address that mails come from.
    pub fn from(&self) -> &Address {
        &self.0.email
    }

    /// Writes one notice. `Auto-Submitted` (RFC 3834) keeps other programs from answering it.
    ///
    /// # Errors
    /// The field that cannot be sent as it is, and the rule that it breaks; never its text.
    pub fn write(&self, notice: &Notice<'_>) -> Result<Written, String> {
        let subject = checked_subject(notice.subject)?;
        let Notice { id, at, to, body, .. } = *notice;
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        finish(&self.0, id, at, to, |builder| builder.subject(subject).raw_header(automatic), body)
    }
}

/// A subject that fits a header.
fn checked_subject(subject: &str) -> Result<&str, String> {
    line(subject, MAX_SUBJECT_CHARS).map_err(|rule| format!("subject: {rule}"))?;
    Ok(subject.trim())
}

/// A mail of one text, with what every mail has.
fn finish(
    from: &Mailbox,
    id: &str,
    at: Timestamp,
    to: &str,
    more: impl FnOnce(MessageBuilder) -> MessageBuilder,
    body: &str,
) -> Result<Written, String> {
    let to = address::parse(to).map_err(|error| format!("to: {error}"))?;
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    if body.trim().is_empty() || body.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("body: needs text, and no control characters but line breaks and tabs".to_owned());
    }
    let message_id = format!("<{id}@{}>", from.email.domain());
    let builder = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .date(UNIX_EPOCH + since_epoch(at))
        .message_id(Some(message_id.clone()))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN);
    let mail = more(builder).body(body).map_err(|_| "the mail cannot be written".to_owned())?;
    Ok(Written { message_id, to, bytes: mail.formatted() })
}

impl Letterhead {
    /// Checks a sender.
    ///
    /// # Errors
    /// The field of the sender that cannot stand in a header.
    pub fn new(sender: &Sender) -> Result<Letterhead, ConfigError> {
        let email = address::parse(&sender.address).map_err(|error| ConfigError::new("sender.address", error.to_string()))?;
        let name = sender.name.trim();
        line(name, MAX_NAME_CHARS).map_err(|rule| ConfigError::new("sender.name", rule))?;
        let unsubscribe = unsubscribe(sender.unsubscribe.trim()).map_err(|rule| ConfigError::new("sender.unsubscribe", rule))?;
        Ok(Letterhead { from: Mailbox::new(Some(name.to_owned()), email), unsubscribe })
    }

    /// The address that mails come from.
    pub fn from(&self) -> &Address {
        &self.from.email
    }

    /// Writes one mail.
    ///
    /// # Errors
    /// The field of the message that cannot be sent as it is, and the rule that it breaks; never its text.
    pub fn write(&self, grant: &Grant, action: &SendEmail, message: &Message) -> Result<Written, String> {
        let subject = checked_subject(&message.subject)?;
        let more = |builder: MessageBuilder| {
            let builder = builder.subject(subject);
            if action.purpose.is_commercial() { self.way_out(builder, action) } else { builder }
        };
        finish(&self.from, &grant.key, grant.at, &message.to, more, &message.body)
    }

    /// A recipient's mail provider posts to the https address by itself (RFC 8058), so the address must tell who it is: by the contact's
    /// id, which says nothing to others.
    fn way_out(&self, builder: MessageBuilder, action: &SendEmail) -> MessageBuilder {
        let header = |name: &'static str, value: String| {
            // Checked on construction to be printable ASCII without space, so there is nothing to encode and nowhere to fold.
            HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
        };
        match &self.unsubscribe {
            Unsubscribe::Mailto(address) => builder.raw_header(header("List-Unsubscribe", format!("<{address}>"))),
            Unsubscribe::Https(address) => {
                let (address, fragment) = address.split_once('#').map_or((address.as_str(), String::new()), |(a, f)| (a, format!("#{f}")));
                let joint = if address.contains('?') { '&' } else { '?' };
                let link = format!("<{address}{joint}contact={}{fragment}>", action.contact);
                builder
                    .raw_header(header("List-Unsubscribe", link))
                    .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
            }
        }
    }
}

/// Mail dates have whole seconds, and years from 1970 to 9999.
fn since_epoch(at: Timestamp) -> Duration {
    let ms = at.ms().clamp(0, Timestamp::MAX.ms());
    Duration::from_millis(ms.unsigned_abs())
}

/// Text that stays on one line of a header, whatever is in it.
fn line(text: &str, max_chars: usize) -> Result<(), String> {
    let count = text.chars().count();
    // The separators are line breaks to some programs, although no control characters to Unicode.
    if text.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}') {
        Err("must not contain line breaks or other control characters".to_owned())
    } else if text.trim().is_empty() || count > max_chars {
        Err(format!("needs 1 to {max_chars} characters"))
    } else {
        Ok(())
    }
}

fn unsubscribe(text: &str) -> Result<Unsubscribe, String> {
    if text.len() > MAX_UNSUBSCRIBE_CHARS || !text.bytes().all(|b| b.is_ascii_graphic() && !b"<>,\"".contains(&b)) {
        return Err(format!(
            "needs printable ASCII without space, commas, quotes or angle brackets, at most {MAX_UNSUBSCRIBE_CHARS} characters"
        ));
    }
    match (text.strip_prefix("https://"), text.strip_prefix("mailto:")) {
        (Some(rest), _) if !rest.is_empty() => Ok(Unsubscribe::Https(text.to_owned())),
        (_, Some(rest)) if address::parse(rest.split('?').next().unwrap_or("")).is_ok() => Ok(Unsubscribe::Mailto(text.to_owned())),
        _ => Err("is an https:// or a mailto: address".to_owned()),
    }
}

#[cfg(test)]
mod tests;
