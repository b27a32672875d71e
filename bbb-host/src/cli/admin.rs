//! `bbb admin`: what the operator of a daemon does to its accounts, over the control socket.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::Value;

use crate::cli::Common;
use crate::cli::screen::Screen;
use crate::control::admin::Admin;
use crate::control::client::Client;
use crate::data_dir::DataDir;
use crate::fault::Fault;

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// List who has an account
    Users,
    /// Keep somebody out: their sessions end, and their password and keys are good for nothing
    Lock(Who),
    /// Let somebody in again
    Unlock(Who),
    /// Let somebody register, once, within seven days
    Invite {
        /// The address that they must register with [default: any]
        email: Option<String>,
    },
    /// End all sessions of somebody
    EndSessions(Who),
    /// Take away a second factor that its owner has lost; their sessions end, and their password or their provider signs them in
    ResetSecondFactor(Who),
    /// Remove somebody, and all that is kept of them; their businesses must be over
    Remove(Who),
    /// List all businesses, and whose they are
    Businesses,
    /// List what the daemon has to say, by mail or to a webhook, and could not yet
    Outbox,
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// Their address, or their id (usr_…)
    user: String,
}

impl AdminCommand {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let data = DataDir::existing(&common.data)?;
        let client = Client::connect(&data)?;
        let client = client.ok_or_else(|| Fault::refused(format!("no daemon runs in {}: start bbb serve", data.path().display())))?;
        let ask = match self {
            AdminCommand::Users => Admin::Users,
            AdminCommand::Lock(Who { user }) => Admin::Lock(user),
            AdminCommand::Unlock(Who { user }) => Admin::Unlock(user),
            AdminCommand::Invite { email } => Admin::Invite(email),
            AdminCommand::EndSessions(Who { user }) => Admin::EndSessions(user),
            AdminCommand::ResetSecondFactor(Who { user }) => Admin::ResetSecondFactor(user),
            AdminCommand::Remove(Who { user }) => Admin::Remove(user),
            AdminCommand::Businesses => Admin::Businesses,
            AdminCommand::Outbox => Admin::Outbox,
        };
        let told = client.admin(ask.clone())?;
        screen.result(&told, &text(&ask, &told))
    }
}

/// A field in words; nothing where it is not there.
fn of<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn user_line(user: &Value) -> String {
    let mut marks = Vec::new();
    if user["admin"] == true {
        marks.push("administrator".to_owned());
    }
    if user["password"] == false {
        marks.push("no password".to_owned());
    }
    let providers: Vec<&str> = user["providers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !providers.is_empty() {
        marks.push(format!("by {}", providers.join(", ")));
    }
    if user["second_factor"] == true {
        marks.push("second factor".to_owned());
    }
    if user["locked_since"].is_string() {
        marks.push(format!("locked since {}", of(user, "locked_since")));
    }
    format!("{}  {}  {} ({} sessions)  {}\n", of(user, "id"), of(user, "email"), of(user, "name"), user["sessions"], marks.join(", "))
}

fn outbox(told: &Value) -> String {
    let mut text = if told["sends_mail"] == true {
        String::new()
    } else {
        "the daemon sends no mail: smtp.host and server.mail_from say how\n".to_owned()
    };
    let all = |field: &str| told[field].as_array().cloned().unwrap_or_default();
    for way in all("since_start") {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}: {} wait; since the start {} were said, {} attempts failed, {} were given up, {} dropped",
            of(&way, "way"),
            way["waiting"],
            way["said"],
            way["failed_attempts"],
            way["given_up"],
            way["dropped"]
        );
    }
    for letter in all("waiting") {
        let whom = ["user", "tenant"].into_iter().find_map(|field| letter[field].as_str()).unwrap_or("somebody without an account");
        let _ = writeln!(
            text,
            "{}  {:<7}  to {whom}  tried {} times, next {} UTC  {}",
            of(&letter, "id"),
            of(&letter, "way"),
            letter["attempts"],
            of(&letter, "due_at"),
            of(&letter, "failure")
        );
    }
    text
}

fn text(ask: &Admin, told: &Value) -> String {
    let all = |field: &str| told[field].as_array().cloned().unwrap_or_default();
    match ask {
        Admin::Users => match all("users").as_slice() {
            [] => "nobody has an account yet".to_owned(),
            users => users.iter().map(user_line).collect(),
        },
        Admin::Lock(_) | Admin::Unlock(_) | Admin::ResetSecondFactor(_) => user_line(told),
        Admin::Remove(_) => format!("{} was removed", of(told, "id")),
        Admin::EndSessions(_) => format!("{} sessions of {} ended", told["ended"], of(told, "id")),
        Admin::Invite(_) => {
            format!(
                "an invitation, good once, until {}\n  the page   {}\n  its token  {}",
                of(told, "expires_at"),
                of(told, "path"),
                of(told, "token")
            )
        }
        Admin::Outbox => outbox(told),
        Admin::Businesses => {
            let mut text = String::new();
            for business in all("businesses") {
                let standing = match (business["ended"] == true, business["running"] == true) {
                    (true, _) => "over",
                    (false, true) => "running",
                    (false, false) => "not running",
                };
                let owner = business["owner"].as_str().unwrap_or("nobody");
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{}  {standing:<11}  {:<9}  {owner}  {}",
                    of(&business, "id"),
                    of(&business, "world"),
                    of(&business, "name")
                );
            }
            if text.is_empty() { "no business was launched here yet".to_owned() } else { text }
        }
    }
}
