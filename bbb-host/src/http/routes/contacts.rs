//! The people that a business is in touch with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bbb_core::id::ContactId;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::rights::Action;
use crate::http::App;
use crate::http::auth::Theirs;
use crate::http::dto::leads::{NewLead, checked};
use crate::http::dto::name_of;
use crate::http::extract::{Asked, Body};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::businesses::tagged;
use crate::http::routes::refused;
use crate::http::{cursor, routes};
use crate::service::contacts::{ContactRow, Imported};

/// Which contacts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichContacts {
    /// What a page gave as `next`.
    #[param(min_length = 2, max_length = 128)]
    cursor: Option<String>,
    /// How many at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// A page of contacts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Contacts {
    business_id: String,
    /// Whether they are made up: those of a simulated business are.
    simulated: bool,
    /// Whether you see who they are. Operators and owners do.
    personal: bool,
    /// In the order of their ids.
    contacts: Vec<Contact>,
    /// What to ask for the next page with; none where this is the last.
    next: Option<String>,
}

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Contact {
    contact: String,
    /// How far they have come: `new`, `unfit`, `fit`, `contacted`, `interested`, `asked_price` and on.
    interest: String,
    /// Whether they agreed to be written to.
    consent: bool,
    /// Whether nothing is written to them any more.
    suppressed: bool,
    /// Whether nothing about them can be read any more.
    erased: bool,
    qualified: bool,
    /// How well they fit, 0 to 100; null before they were scored.
    fit: Option<u8>,
    /// Mails that they got.
    mails: u8,
    orders: usize,
    arrived_at: String,
    /// Who they are; null where you do not see that, or nobody can read it any more.
    profile: Option<Who>,
}

/// Who somebody is, as a list of leads said.
#[derive(Serialize, ToSchema)]
pub(crate) struct Who {
    email: String,
    name: String,
    company: String,
    note: String,
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Who(***)")
    }
}

impl Contact {
    fn of(row: ContactRow, personal: bool) -> Result<Contact, Problem> {
        let profile = row.profile.clone().filter(|_| personal);
        Ok(Contact {
            contact: row.contact.to_string(),
            interest: name_of(&row.interest)?,
            consent: row.consent,
            suppressed: row.suppressed,
            erased: row.erased,
            qualified: row.qualified,
            fit: row.fit,
            mails: row.mails,
            orders: row.orders,
            arrived_at: row.arrived_at().to_string(),
            profile: profile.map(|who| Who { email: who.email, name: who.name, company: who.company, note: who.note }),
        })
    }
}

/// Lists the people that a business is in touch with. Who they are, operators and owners see.
#[utoipa::path(get, path = "/api/businesses/{id}/contacts", tag = "businesses",
    params(
        ("id" = String, Path, description = "The business"),
        WhichContacts,
        ("if-none-match" = Option<String>, Header, description = "The `ETag` of what is known already"),
    ),
    responses(
        (status = 200, description = "A page of them, with an `ETag`", body = Contacts),
        (status = 304, description = "Nothing changed"),
        (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is none", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(crate) async fn contacts(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    headers: HeaderMap,
    Asked(which): Asked<WhichContacts>,
) -> Result<Response, Problem> {
    let id = theirs.to(Action::View)?;
    let personal = theirs.to(Action::ReadPersonal).is_ok();
    let after = which.cursor.as_deref().map(cursor::read).transpose()?;
    let after = after.map(|key| String::from_utf8(key).ok().and_then(|text| text.parse::<ContactId>().ok()));
    if after == Some(None) {
        return Err(Problem::field("cursor", "is not one that a page gave: begin again without it"));
    }
    let limit = routes::page_length(which.limit)?;
    let mut rows = app.service.contacts_after(id, after.flatten(), limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| cursor::write(row.contact.to_string().as_bytes()));
    let contacts = rows.into_iter().map(|row| Contact::of(row, personal)).collect::<Result<_, _>>()?;
    let simulated = app.service.now(id).await?.state.spec.world.is_simulated();
    tagged(&headers, &Contacts { business_id: id.to_string(), simulated, personal, contacts, next })
}

/// People to bring in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLeads {
    /// Who they are.
    #[schema(min_items = 1, max_items = 1000)]
    leads: Vec<NewLead>,
}

/// What came of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BroughtIn {
    /// Those who are new.
    new: usize,
    /// How many of them agreed to be written to.
    new_with_consent: usize,
    /// Those who were known, and have agreed now.
    consent_given: usize,
    /// Those about whom nothing is new.
    known: usize,
    /// Those who want no mail, or were forgotten: nothing brings them back.
    left_out: usize,
}

/// Brings people in that a shadow or live business may come to know: all of them or none. Whoever is named twice is one.
#[utoipa::path(post, path = "/api/businesses/{id}/contacts", tag = "businesses", request_body = NewLeads, params(("id" = String, Path, description = "The business")), responses(
    (status = 200, description = "What came of them", body = BroughtIn),
    (status = 403, description = "You may not, or have not just shown who you are", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is none of this id that you may see", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is simulated, or over", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A lead is none; which, and why", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn bring_in(
    State(app): State<Arc<App>>,
    theirs: Theirs,
    Body(wanted): Body<NewLeads>,
) -> Result<Json<BroughtIn>, Problem> {
    let id = theirs.to(Action::KeepContacts)?;
    if wanted.leads.is_empty() {
        return Err(Problem::field("leads", "has at least one"));
    }
    let Imported { new, new_with_consent, consent_given, known, left_out, .. } =
        app.service.bring_in(id, checked(&wanted.leads)?).await.map_err(refused)?;
    Ok(Json(BroughtIn { new, new_with_consent, consent_given, known, left_out }))
}
