//! What is particular to launching a shadow or live business.

use bbb_core::spec::{MindKind, Spec};
use bbb_core::time::DAY_MS;

use super::Launch;
use crate::config::{Config, RealBusinesses, ReviewerSetting};
use crate::fault::{Fault, Kind};
use crate::http::problem::{Problem, What};
use crate::http::routes::plain;
use crate::real_world;

/// Whether the operator lets somebody launch such a business at all.
pub(super) fn admit(setting: RealBusinesses, is_admin: bool) -> Result<(), Problem> {
    if setting.admit(is_admin) {
        return Ok(());
    }
    Err(Problem::new(
        What::OperatorForbids,
        "shadow and live businesses are not launched over HTTP here, or by administrators only: server.real_businesses says so",
    ))
}

/// Something that the operator has not configured, or not well.
pub(crate) fn not_set_up(fault: Fault) -> Problem {
    match fault.kind {
        Kind::Usage | Kind::Refused => Problem::new(What::NotSetUp, plain(&fault.message)),
        // The name of a file is for the operator's log.
        _ => Problem::failed(fault),
    }
}

impl Launch {
    pub(super) fn make_real(&self, spec: &mut Spec, config: &Config) -> Result<(), Problem> {
        let budget = self.caps.budget()?;
        real_world::enter(spec, self.world, config, Some(budget), self.days.map(|days| i64::from(days) * DAY_MS)).map_err(not_set_up)?;
        self.caps.apply_real(&mut spec.caps)?;
        if self.mind == Some(MindKind::Llm) {
            spec.mind = MindKind::Llm;
            spec.model = config.model();
        }
        if config.reviewer.mind == ReviewerSetting::Llm {
            spec.reviewer = Some(config.reviewer());
        }
        spec.licence_confirmed = self.licence_confirmed;
        Ok(())
    }
}
