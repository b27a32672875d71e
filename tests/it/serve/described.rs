//! The whole description, put to the test by somebody else's program: Schemathesis makes requests that fit it, and requests that do not, and holds the answers against it.

use std::process::Command;

use serde_json::json;

use super::{House, of};
use crate::support::peers;

/// Not: that whatever fits the schema is accepted (a cursor is text, and not every text is one), and that a schema can say all rules (an address is text, too).
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,\
                      missing_required_header,unsupported_method,ignored_auth,use_after_free";
/// What would end the session of the test, or never end.
const LEFT_OUT: &str = "(auth/logout|auth/password|api/sessions/|/events$|^/ws/)";

/// Runs it; panics with what it says where an answer is other than described.
async fn try_all(house: &House, bearer: Option<&str>, examples: u32) {
    let mut command = Command::new(peers::schemathesis());
    command.args(["run", &house.url("/api/openapi.json"), "--checks", CHECKS, "--exclude-path-regex", LEFT_OUT, "--seed", "7"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--no-color", "--request-timeout", "60", "-n", &examples.to_string()]);
    if let Some(token) = bearer {
        command.arg("-H").arg(format!("Authorization: Bearer {token}"));
    }
    let place = tempfile::tempdir().unwrap();
    command.current_dir(place.path()).env("HYPOTHESIS_STORAGE_DIRECTORY", place.path());
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("Test cases:"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_the_answer_is_one_that_is_described() {
    // No mail server is there: letters wait.
    let house = House::mailing(1, |config| config.server.requests_per_minute = u32::MAX).await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "days": 3 })).await;
    try_all(&house, Some(&admin.access), 3).await;
    try_all(&house, None, 1).await;
    house.get(&admin, &of(&business, "")).await.ok();
}
