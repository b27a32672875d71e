//! Problems: every answer that is no success, as RFC 9457 has it.
//!
//! What a client is told and what is logged differ: of a failure of this machine it gets the request's id and nothing else.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fault::{Fault, Kind};
use crate::http::request_id;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldError {
    /// The field, such as `caps.tokens` or `days`.
    pub(crate) field: String,
    /// The rule that it breaks.
    pub(crate) rule: String,
}

/// Why a request has no other answer (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// What kind of problem it is, such as `urn:bbb:problem:not-found`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind in words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened here, and what to do.
    pub(crate) detail: String,
    /// The id of the request, as the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instance: Option<String>,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Malformed,
    Invalid,
    WeakPassword,
    NotSignedIn,
    WrongCredentials,
    SecondFactor,
    StepUp,
    Human,
    Forbidden,
    CrossSite,
    NotFound,
    Method,
    Conflict,
    Refused,
    OperatorForbids,
    NotSetUp,
    NoMail,
    Changed,
    Unconditional,
    TooLarge,
    MediaType,
    WrongHost,
    TooMany,
    Quota,
    Failed,
    DiskFull,
    Busy,
    TooSlow,
}

impl What {
    const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            What::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            What::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "The request breaks a rule"),
            What::WeakPassword => ("weak-password", StatusCode::UNPROCESSABLE_ENTITY, "The password is easy to guess"),
            What::NotSignedIn => ("not-signed-in", StatusCode::UNAUTHORIZED, "Sign in first"),
            What::WrongCredentials => ("wrong-credentials", StatusCode::UNAUTHORIZED, "That does not sign anybody in"),
            What::SecondFactor => ("second-factor-required", StatusCode::UNAUTHORIZED, "A second factor is needed"),
            What::StepUp => ("step-up-required", StatusCode::FORBIDDEN, "Show once more who you are"),
            What::Human => ("human-required", StatusCode::FORBIDDEN, "Only a person can do this"),
            What::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Your role does not allow this"),
            What::CrossSite => ("cross-site", StatusCode::FORBIDDEN, "The request comes from another site"),
            What::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is no such thing"),
            What::Method => ("method", StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here"),
            What::Conflict => ("conflict", StatusCode::CONFLICT, "It is there already, or under way"),
            What::Refused => ("refused", StatusCode::CONFLICT, "It does not fit what is there"),
            What::OperatorForbids => ("operator-forbids", StatusCode::FORBIDDEN, "Whoever runs the daemon does not allow this"),
            What::NotSetUp => ("not-set-up", StatusCode::CONFLICT, "The daemon is not set up for this"),
            What::NoMail => ("no-mail", StatusCode::CONFLICT, "The daemon sends no mail"),
            What::Changed => ("changed", StatusCode::PRECONDITION_FAILED, "It is not what it was"),
            What::Unconditional => ("unconditional", StatusCode::PRECONDITION_REQUIRED, "Say what it is to replace"),
            What::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
            What::MediaType => ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be JSON"),
            What::WrongHost => ("wrong-host", StatusCode::MISDIRECTED_REQUEST, "The daemon is not called that"),
            What::TooMany => ("too-many-requests", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            What::Quota => ("quota", StatusCode::FORBIDDEN, "No more of these"),
            What::Failed => ("failed", StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here"),
            What::DiskFull => ("disk-full", StatusCode::INSUFFICIENT_STORAGE, "There is no room left here"),
            What::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "Not ready"),
            What::TooSlow => ("too-slow", StatusCode::SERVICE_UNAVAILABLE, "It took too long"),
        }
    }
}

/// Why a request has no other answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    what: What,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn new(what: What, detail: impl Into<String>) -> Problem {
        Problem { what, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// One field breaks a rule.
    pub(crate) fn field(field: impl Into<String>, rule: impl Into<String>) -> Problem {
        let error = FieldError { field: field.into(), rule: rule.into() };
        let detail = format!("{} {}", error.field, error.rule);
        Problem { errors: vec![error], ..Problem::new(What::Invalid, detail) }
    }

    /// There is nothing of this name, or it is nothing that the caller may know of: the same answer, to the byte.
    pub(crate) fn not_found() -> Problem {
        Problem::new(What::NotFound, "there is nothing here, or nothing that you may see")
    }

    pub(crate) fn not_signed_in() -> Problem {
        Problem::new(What::NotSignedIn, "this needs `Authorization: Bearer` with an access token, or a browser that has signed in")
    }

    pub(crate) fn forbidden() -> Problem {
        Problem::new(What::Forbidden, "your role in this tenant does not allow it; ask its owner")
    }

    /// Nothing that the client can mend. The cause is logged.
    pub(crate) fn failed(cause: impl std::fmt::Display) -> Problem {
        tracing::error!(request = request_id().as_deref().unwrap_or("-"), %cause, "a request failed");
        Problem::new(What::Failed, "the log of the daemon has the cause under this request's id")
    }

    #[cfg(test)]
    pub(crate) fn what(&self) -> What {
        self.what
    }

    #[must_use]
    pub(crate) fn after(mut self, seconds: u64) -> Problem {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    /// As it is sent.
    fn body(&self) -> ProblemBody {
        let (slug, status, title) = self.what.parts();
        ProblemBody {
            kind: format!("urn:bbb:problem:{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            instance: request_id().map(|id| format!("urn:bbb:request:{id}")),
            errors: self.errors.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (_, status, _) = self.what.parts();
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"bbb\""));
        }
        // A problem is about this request at this moment.
        headers.insert(HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store"));
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        match fault.kind {
            Kind::NotFound => Problem::not_found(),
            Kind::Usage => Problem::new(What::Invalid, fault.message),
            Kind::Refused => Problem::new(What::Refused, fault.message),
            Kind::Failed | Kind::Corrupted | Kind::Unproven => Problem::failed(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_here_is_not_told_to_clients() {
        let told = Problem::from(Fault::failed("disk /secret/place is full")).body();
        assert_eq!((told.status, told.kind.as_str()), (500, "urn:bbb:problem:failed"));
        assert!(!told.detail.contains("secret"), "{told:?}");
        let told = Problem::from(Fault::not_found("prop_7 does not exist in biz_1")).body();
        assert_eq!(told, Problem::not_found().body(), "nothing says what was looked for");
        let told = Problem::from(Fault::refused("the business is over")).body();
        assert_eq!((told.status, told.detail.as_str()), (409, "the business is over"));
    }

    #[test]
    fn a_field_that_breaks_a_rule_is_named() {
        let told = Problem::field("days", "is 1 to 3650").body();
        assert_eq!(told.errors, [FieldError { field: "days".to_owned(), rule: "is 1 to 3650".to_owned() }]);
        assert_eq!(told.status, 422);
        let response = Problem::new(What::TooMany, "wait").after(0).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
    }
}
