//! Invitations, the members of a tenant, and, for administrators, all users.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::id::{TenantId, UserId};
use crate::accounts::rights::{Action, Role};
use crate::accounts::step_up::Deed;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::extract::{Asked, Body, Named};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::routes::sign_in::{Account, MembershipView};

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invitation {
    /// The address that they must register with; any, where it is not given.
    #[serde(default)]
    email: Option<String>,
    /// The tenant that they become a member of; your own, where a role is given and no tenant.
    #[serde(default)]
    tenant: Option<String>,
    /// What they become there. Without a role they get an account with a tenant of their own and nothing else, which administrators may give.
    #[serde(default)]
    role: Option<Role>,
}

/// An invitation. It is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invited {
    /// What they register with, once.
    token: String,
    /// The path of the page for it; what follows the `#` is never sent to a server.
    path: String,
    /// Until when it is good.
    expires_at: String,
}

pub(crate) fn tenant_of(text: Option<&str>) -> Result<Option<TenantId>, Problem> {
    text.map(|text| text.parse().map_err(|_| Problem::not_found())).transpose()
}

/// Invites somebody to register. Owners invite members into their tenants, administrators anybody.
#[utoipa::path(post, path = "/api/invitations", tag = "people", request_body = Invitation, responses(
    (status = 201, description = "The invitation, shown once", body = Invited),
    (status = 403, description = "You may not invite so", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn invite(State(app): State<Arc<App>>, caller: Caller, Body(wanted): Body<Invitation>) -> Result<Response, Problem> {
    let tenant = tenant_of(wanted.tenant.as_deref())?;
    let member = match (tenant, wanted.role) {
        (_, Some(Role::Owner | Role::Admin)) => return Err(Problem::field("role", "is viewer, approver or operator")),
        (tenant, Some(role)) => Some((caller.tenant(&app, tenant, Action::ManageMembers)?, role)),
        (Some(_), None) => return Err(Problem::field("role", "says what they become in the tenant")),
        (None, None) => {
            caller.administer()?;
            caller.admit(Deed::To(Action::ManageMembers))?;
            None
        }
    };
    let (token, expires_at) = app.accounts.invite(caller.in_person()?.id, wanted.email.as_deref(), member).await?;
    let token = token.reveal();
    let invited = Invited { path: format!("/welcome#{token}"), token, expires_at: expires_at.to_string() };
    Ok((StatusCode::CREATED, Json(invited)).into_response())
}

/// An invitation that somebody has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// Its token.
    token: String,
}

/// Accepts an invitation into a tenant, for those who have an account. Those who have none register with it.
#[utoipa::path(post, path = "/api/invitations/accept", tag = "people", request_body = Acceptance, responses(
    (status = 200, description = "What you are there", body = MembershipView),
    (status = 403, description = "It is no invitation into a tenant, or no more", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "You are a member already", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "It is somebody else's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(given): Body<Acceptance>,
) -> Result<Json<MembershipView>, Problem> {
    let membership = app.accounts.accept(caller.in_person()?, &given.token).await?;
    Ok(Json(MembershipView::of(&membership)))
}

/// Which tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfTenant {
    /// The tenant; your own, where it is not given.
    pub(crate) tenant: Option<String>,
}

/// A member of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    /// The user.
    id: String,
    /// Their name.
    name: String,
    /// The address that they sign in with.
    email: String,
    /// What they are.
    role: Role,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Members {
    /// The tenant.
    tenant: String,
    members: Vec<Member>,
}

/// Lists the members of a tenant.
#[utoipa::path(get, path = "/api/members", tag = "people", params(OfTenant), responses(
    (status = 200, description = "Its members", body = Members),
    (status = 404, description = "You are no member of this tenant", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn members(State(app): State<Arc<App>>, caller: Caller, Asked(asked): Asked<OfTenant>) -> Result<Json<Members>, Problem> {
    let tenant = caller.tenant(&app, tenant_of(asked.tenant.as_deref())?, Action::View)?;
    let members = app.accounts.members(tenant)?.into_iter().map(|(user, role)| Member {
        id: user.id.to_string(),
        name: user.name,
        email: user.address,
        role,
    });
    Ok(Json(Members { tenant: tenant.to_string(), members: members.collect() }))
}

/// Ends a membership of a tenant. Its owner stays.
#[utoipa::path(delete, path = "/api/members/{user}", tag = "people", params(("user" = String, Path, description = "The member"), OfTenant), responses(
    (status = 204, description = "They are no member any more"),
    (status = 403, description = "You may not", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "There is no such member, or you are none", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is its owner", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn dismiss(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(user): Named<String>,
    Asked(asked): Asked<OfTenant>,
) -> Result<StatusCode, Problem> {
    let tenant = caller.tenant(&app, tenant_of(asked.tenant.as_deref())?, Action::ManageMembers)?;
    let user: UserId = user.parse().map_err(|_| Problem::not_found())?;
    app.accounts.dismiss(tenant, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Users {
    /// The oldest first.
    users: Vec<Account>,
}

/// Lists all users, for administrators.
#[utoipa::path(get, path = "/api/admin/users", tag = "people", responses(
    (status = 200, description = "All users", body = Users),
    (status = 403, description = "You are no administrator", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn users(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Users>, Problem> {
    caller.administer()?;
    Ok(Json(Users { users: app.accounts.users()?.iter().map(Account::of).collect() }))
}
