//! `bbb contact`: what the owner heard from people, and more leads. Each answer comes after it is in the journal. Nothing but the list shows an address.

use std::fmt::Write;
use std::path::PathBuf;

use bbb_core::event::Intent;
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::json;

use crate::cli::Common;
use crate::cli::access::Access;
use crate::cli::launch::in_list;
use crate::cli::screen::Screen;
use crate::fault::Fault;
use crate::leads;
use crate::service::contacts::{ContactRow, Imported, News, Noted, Who};

/// The largest price of an order, in dollars.
const MAX_PRICE_USD: i64 = 1_000_000;
/// The most characters of an order's reference.
const MAX_REFERENCE_CHARS: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum Contact {
    /// List the people that a business is in touch with
    List(List),
    /// Somebody does not want mail any more: nothing is written to them again
    Unsubscribe(Unsubscribe),
    /// Somebody answered a mail
    Reply(Reply),
    /// Somebody ordered
    Order(Order),
    /// Somebody wants to be forgotten: nothing is written to them again, and nothing about them can be read again
    Erase(Erase),
    /// Bring in more leads; the same lead twice is one lead
    Import(Import),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
}

/// Whom a command is about. Taken as plain text, so that no error quotes an address.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Person {
    /// The business; may be left out where there is only one
    business: Option<String>,
    /// The mail address, or the id that bbb contact list shows
    #[arg(value_name = "ADDRESS")]
    who: String,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Unsubscribe {
    #[command(flatten)]
    person: Person,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IntentArg {
    /// Wants to hear more
    Interested,
    /// Asked for the price
    AskedPrice,
    /// Does not want it
    Declined,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Reply {
    #[command(flatten)]
    person: Person,
    /// What the answer amounts to
    #[arg(long, value_enum)]
    intent: IntentArg,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Order {
    #[command(flatten)]
    person: Person,
    /// The price
    #[arg(long, value_parser = price, allow_negative_numbers = true, value_name = "USD")]
    price: Cents,
    /// The price is paid every month
    #[arg(long)]
    monthly: bool,
    /// Your own name for the order, such as a number: the same one is the same order
    #[arg(long, value_parser = reference, value_name = "TEXT")]
    reference: Option<String>,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Erase {
    #[command(flatten)]
    person: Person,
    /// Yes, for good: the contact's key is destroyed, and no backup of the journal brings its text back
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Import {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// Leads as CSV with a heading: email,name,company,consent,note
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

fn price(text: &str) -> Result<Cents, String> {
    match Cents::parse_dollars(text) {
        Ok(Cents::ZERO) => Err("a price is more than 0".to_owned()),
        Ok(price) if price > Cents::from_dollars(MAX_PRICE_USD) => Err(format!("a price is at most {MAX_PRICE_USD} USD")),
        Ok(price) => Ok(price),
        Err(error) => Err(error.to_string()),
    }
}

fn reference(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a reference is not empty".to_owned()),
        1..=MAX_REFERENCE_CHARS => Ok(text.to_owned()),
        count => Err(format!("a reference has at most {MAX_REFERENCE_CHARS} characters, not {count}")),
    }
}

/// An answer as JSON.
#[derive(Serialize)]
struct Answer<'a, T> {
    business_id: BusinessId,
    #[serde(flatten)]
    answer: &'a T,
}

impl Contact {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        match self {
            Contact::List(list) => list.run(common, screen),
            Contact::Import(import) => import.run(common, screen),
            Contact::Unsubscribe(Unsubscribe { person }) => person.tell(common, screen, News::Unsubscribed),
            Contact::Reply(Reply { person, intent }) => {
                let intent = match intent {
                    IntentArg::Interested => Intent::Interested,
                    IntentArg::AskedPrice => Intent::AskedPrice,
                    IntentArg::Declined => Intent::Declined,
                };
                person.tell(common, screen, News::Replied(intent))
            }
            Contact::Order(Order { person, price, monthly, reference }) => {
                person.tell(common, screen, News::Ordered { price, monthly, reference })
            }
            Contact::Erase(Erase { yes: false, .. }) => Err(Fault::usage(
                "erasing cannot be undone: the contact's key is destroyed, and what is sealed under it can never be read again; say --yes",
            )),
            Contact::Erase(Erase { person, yes: true }) => person.tell(common, screen, News::Erase),
        }
    }
}

impl Person {
    fn tell(self, common: &Common, screen: &mut Screen, news: News) -> Result<(), Fault> {
        let business = self.business.map(|text| text.parse::<BusinessId>());
        let business = business.transpose().map_err(|_| {
            Fault::usage(
                "the business comes before the address, and is biz_ and 16 hex digits as bbb status shows it; the address has no spaces",
            )
        })?;
        let access = Access::open(common)?;
        let id = access.pick(business)?;
        let noted = access.tell_of(id, Who::new(self.who), news.clone())?;
        screen.result(&Answer { business_id: id, answer: &noted }, &text(id, &noted, &news))
    }
}

fn text(id: BusinessId, noted: &Noted, news: &News) -> String {
    let contact = noted.contact;
    match (news, noted.new) {
        (News::Unsubscribed, true) if !noted.known => {
            format!("{id} does not know this address; noted as {contact}, so that no later list brings it in")
        }
        (News::Unsubscribed, true) => format!("{id} never writes to {contact} again"),
        (News::Unsubscribed, false) => format!("{contact} was unsubscribed before"),
        (News::Replied(_), true) => format!("noted the answer of {contact}"),
        (News::Replied(_), false) => format!("this answer of {contact} was noted before"),
        (News::Ordered { .. }, _) => match noted.order {
            Some(order) => format!("noted {order} of {contact}"),
            None => "an order with this reference was noted before; nothing was changed".to_owned(),
        },
        (News::Erase, true) => format!("erased {contact}: {id} never writes to it again, and nothing about it can be read again"),
        (News::Erase, false) => format!("{contact} was erased before"),
    }
}

impl List {
    fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        let simulated = access.row(id)?.world.is_simulated();
        let rows = access.contacts(id)?;
        screen.result(&json!({ "business_id": id, "simulated": simulated, "contacts": rows }), &table(id, &rows, simulated))
    }
}

fn table(id: BusinessId, rows: &[ContactRow], simulated: bool) -> String {
    let count = if rows.len() == 1 { "1 contact".to_owned() } else { format!("{} contacts", rows.len()) };
    let mut out = format!("{id}: {count}{}\n", if simulated { ", all simulated" } else { "" });
    if !rows.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:<24}  {:<11}  {:<12}  {:>3}  {:>5}  WHO", "CONTACT", "INTEREST", "MAY WRITE", "FIT", "MAILS");
    }
    for row in rows {
        let may = match row {
            ContactRow { erased: true, .. } => "erased",
            ContactRow { suppressed: true, .. } => "unsubscribed",
            ContactRow { consent: true, .. } => "yes",
            _ => "no consent",
        };
        let fit = row.fit.map_or_else(|| "-".to_owned(), |fit| fit.to_string());
        let interest =
            serde_json::to_value(row.interest).ok().and_then(|value| Some(value.as_str()?.replace('_', " "))).unwrap_or_default();
        let _ = writeln!(out, "{:<24}  {interest:<11}  {may:<12}  {fit:>3}  {:>5}  {}", row.contact.to_string(), row.mails, who(row));
    }
    out
}

/// Who it is, on one line. A list's text is not trusted.
fn who(row: &ContactRow) -> String {
    let Some(profile) = &row.profile else { return "(not readable)".to_owned() };
    if profile.email.is_empty() {
        return "(address not kept)".to_owned();
    }
    let parts = [&profile.name, &profile.company].into_iter().filter(|part| !part.is_empty());
    let named: Vec<&str> = std::iter::once(&profile.email).chain(parts).map(String::as_str).collect();
    bbb_core::projection::tame(&named.join(", "), false).into_owned()
}

impl Import {
    fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        // Read here: the process that holds the directory may stand elsewhere, or not be allowed to read the file.
        let list = leads::read_bytes(&self.file)?;
        leads::parse(&list).map_err(|error| in_list(&self.file, &error))?;
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        let imported = access.import(id, String::from_utf8_lossy(&list).into_owned())?;
        screen.result(&Answer { business_id: id, answer: &imported }, &told(&imported))
    }
}

fn told(imported: &Imported) -> String {
    let Imported { new, new_with_consent, consent_given, known, consent_kept, left_out } = *imported;
    let mut parts = Vec::new();
    let mut add = |count: usize, what: String| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    add(new, format!("new lead{}, {new_with_consent} with consent", if new == 1 { "" } else { "s" }));
    add(consent_given, "known, with consent from now on".to_owned());
    let kept = match consent_kept {
        0 => String::new(),
        count => format!(" ({count} agreed earlier, which a list does not take back; to stop writing: bbb contact unsubscribe)"),
    };
    add(known, format!("known, nothing new{kept}"));
    add(left_out, "unsubscribed or erased, which a list does not change".to_owned());
    parts.join("; ")
}
