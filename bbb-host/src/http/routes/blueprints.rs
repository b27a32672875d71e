//! What businesses can be launched from.

use axum::Json;
use bbb_core::blueprint;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::auth::Caller;
use crate::http::dto::BlueprintView;
use crate::http::problem::Problem;

/// All blueprints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blueprints {
    /// In the order of `bbb templates`.
    blueprints: Vec<BlueprintView>,
}

/// Lists the blueprints. A concept of your own in a line launches a business as well.
#[utoipa::path(get, path = "/api/blueprints", tag = "businesses", responses((status = 200, description = "All of them", body = Blueprints)))]
pub(crate) async fn blueprints(_: Caller) -> Result<Json<Blueprints>, Problem> {
    let blueprints = blueprint::all().iter().map(BlueprintView::of).collect::<Result<_, _>>()?;
    Ok(Json(Blueprints { blueprints }))
}
