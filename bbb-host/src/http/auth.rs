//! Who asks, and what they may know of.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use bbb_core::id::BusinessId;
use http::Method;
use http::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use http::request::Parts;

use crate::accounts::id::TenantId;
use crate::accounts::rights::{Action, Role, may};
use crate::accounts::step_up::{Asker, Deed, admits};
use crate::accounts::token::Token;
use crate::accounts::{BusinessRow, Delivery, Error, Identity, User};
use crate::http::guard::is_own_origin;
use crate::http::problem::{Problem, What};
use crate::http::{App, cookie};

/// What a browser's script must send with everything that changes something. Another site cannot: its script would have to ask first, and nobody answers.
pub(crate) const CSRF_HEADER: &str = "x-bbb-csrf";

/// Who a request says it comes from.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// It does not say.
    Nobody,
    /// It says so with what is no token, or no more.
    Stranger,
    /// Somebody.
    Somebody(Identity, Token),
}

/// Finds out. A token in `Authorization` goes before a cookie.
pub(crate) fn find(app: &App, headers: &HeaderMap) -> Result<Found, Problem> {
    let text = match headers.get(AUTHORIZATION) {
        Some(line) => bearer(line.to_str().unwrap_or_default()),
        None => match cookie::SESSION.find(headers) {
            Some(text) => Some(text),
            None => return Ok(Found::Nobody),
        },
    };
    let Some(token) = text.and_then(Token::parse) else { return Ok(Found::Stranger) };
    match app.accounts.identify(&token) {
        // A cookie's token in a header, or the other way round, is not how it was given.
        Ok(identity) if (identity.delivery == Delivery::Token) == headers.contains_key(AUTHORIZATION) => {
            Ok(Found::Somebody(identity, token))
        }
        Ok(_) | Err(Error::Wrong) => Ok(Found::Stranger),
        Err(error) => Err(Problem::failed(error)),
    }
}

/// The token of an `Authorization` field.
pub(crate) fn bearer(line: &str) -> Option<&str> {
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Refuses what another site may have made a browser send.
pub(crate) fn check_site(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(What::CrossSite, detail));
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return refuse("`Sec-Fetch-Site` says that another site sends it");
    }
    if headers.get(ORIGIN).is_some_and(|origin| !is_own_origin(headers, origin)) {
        return refuse("`Origin` is not this daemon's");
    }
    if !headers.contains_key(CSRF_HEADER) {
        return refuse("whoever has signed in by a cookie sends `X-BBB-CSRF: 1` with what changes something");
    }
    Ok(())
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    pub(crate) token: Token,
    /// Whether it is a program, and whether a person has shown lately who they are.
    pub(crate) asker: Asker,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Some(Found::Somebody(identity, token)) = parts.extensions.get::<Found>().cloned() else {
            return Err(Problem::not_signed_in());
        };
        if identity.delivery == Delivery::Cookie {
            if !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
                check_site(&parts.headers)?;
            }
            // Where it cannot be noted, as on a full disk, they can read all the same.
            if let Err(error) = app.accounts.keep_alive(&token).await {
                tracing::warn!(%error, "that a browser is not idle could not be noted");
            }
        }
        let asker = Asker::of(&identity, app.accounts.now(), app.server.step_up_ms());
        Ok(Caller { identity, token, asker })
    }
}

impl Caller {
    /// The caller's role in a tenant; a tenant that they have none in is not there.
    pub(crate) fn role(&self, app: &App, tenant: TenantId) -> Result<Role, Problem> {
        let role = app.accounts.role(self.identity.user.id, tenant).map_err(Problem::failed)?.ok_or_else(Problem::not_found)?;
        Ok(self.identity.at_most.map_or(role, |at_most| role.min(at_most)))
    }

    /// Refuses programs, and people who have shown nothing lately, where the policies of step-up do. Whoever calls this has asked about the role before.
    pub(crate) fn admit(&self, deed: Deed) -> Result<(), Problem> {
        match (admits(self.asker, deed), self.asker) {
            (true, _) => Ok(()),
            (false, Asker::Key) => Err(Problem::new(What::Human, "an API key cannot do this, whatever its role: sign in")),
            (false, _) => Err(Problem::new(
                What::StepUp,
                "show your second factor again, or your password where you have none: POST /api/auth/step-up; then it counts for some minutes",
            )),
        }
    }

    /// The caller, where it is no program with a key: that changes nothing of an account.
    pub(crate) fn in_person(&self) -> Result<&User, Problem> {
        self.person(Deed::UseSessions)
    }

    /// The caller, where they may do this to their account.
    pub(crate) fn person(&self, deed: Deed) -> Result<&User, Problem> {
        self.admit(deed)?;
        Ok(&self.identity.user)
    }

    /// The tenant that is meant, where the caller may do this in it: their own, where none is named.
    pub(crate) fn tenant(&self, app: &App, named: Option<TenantId>, action: Action) -> Result<TenantId, Problem> {
        let tenant = named.unwrap_or(self.identity.user.tenant);
        if !may(self.role(app, tenant)?, action) {
            return Err(Problem::forbidden());
        }
        self.admit(Deed::To(action))?;
        Ok(tenant)
    }

    /// Lets administrators pass.
    pub(crate) fn administer(&self) -> Result<(), Problem> {
        let allowed = self.person(Deed::To(Action::Administer))?.admin && may(Role::Admin, Action::Administer);
        if allowed { Ok(()) } else { Err(Problem::forbidden()) }
    }
}

/// A business, by the `{id}` of the path, that the caller may know of. What may be done to it, [`Theirs::to`] says: the id is not given before.
#[derive(Debug)]
pub(crate) struct Theirs {
    pub(crate) caller: Caller,
    pub(crate) row: BusinessRow,
    id: BusinessId,
    role: Role,
}

impl FromRequestParts<Arc<App>> for Theirs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        let id = params.iter().find(|(name, _)| matches!(*name, "id" | "business_id")).map(|(_, value)| value.parse::<BusinessId>());
        let Some(Ok(id)) = id else { return Err(Problem::not_found()) };
        let row = app.accounts.business(id).map_err(Problem::failed)?.ok_or_else(Problem::not_found)?;
        let role = caller.role(app, row.tenant)?;
        Ok(Theirs { caller, row, id, role })
    }
}

impl Theirs {
    /// The business, where the caller may do this to it.
    pub(crate) fn to(&self, action: Action) -> Result<BusinessId, Problem> {
        match (may(self.role, Action::View), may(self.role, action)) {
            (_, true) => self.caller.admit(Deed::To(action)).map(|()| self.id),
            (true, false) => Err(Problem::forbidden()),
            (false, false) => Err(Problem::not_found()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn what_another_site_may_have_sent_is_refused() {
        let check = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("localhost:1"));
            for (name, value) in lines {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            check_site(&headers).is_ok()
        };
        assert!(check(&[(CSRF_HEADER, "1")]), "a program that keeps cookies");
        assert!(check(&[(CSRF_HEADER, "1"), ("sec-fetch-site", "same-origin"), ("origin", "http://localhost:1")]));
        assert!(!check(&[]));
        assert!(!check(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:1")]));
        assert!(!check(&[(CSRF_HEADER, "1"), ("sec-fetch-site", "same-site")]));
        assert!(!check(&[(CSRF_HEADER, "1"), ("sec-fetch-site", "none")]));
        assert!(!check(&[(CSRF_HEADER, "1"), ("origin", "http://localhost:2")]));
        assert!(!check(&[(CSRF_HEADER, "1"), ("origin", "null")]));
    }

    #[test]
    fn the_scheme_of_a_token_is_bearer() {
        assert_eq!(bearer("Bearer x"), Some("x"));
        assert_eq!(bearer("bearer  x "), Some("x"));
        assert_eq!(bearer("Basic x"), None);
        assert_eq!(bearer("x"), None);
    }
}
