//! What a shadow or live business is launched with beside its blueprint: whose name is under its mails, what it may use at most, and when it keeps quiet. All of that is
//! its operator's configuration.

use bbb_core::money::Cents;
use bbb_core::spec::{Autonomy, Sender, Spec, WorldKind};

use crate::config::Config;
use crate::fault::Fault;
use crate::service::now;

/// Puts a business into the real world. It begins now and lasts `length_ms` milliseconds, or without end; `budget` is what it may spend in all, where that is not the
/// configured amount. It asks its owner before every effect.
///
/// # Errors
/// [`Fault`] names what is missing in the configuration.
pub(crate) fn enter(
    spec: &mut Spec,
    world: WorldKind,
    config: &Config,
    budget: Option<Cents>,
    length_ms: Option<i64>,
) -> Result<(), Fault> {
    let start = now();
    spec.world = world;
    spec.start = start;
    spec.end = length_ms.map(|ms| start.plus_ms(ms));
    spec.caps = config.caps(budget);
    spec.quiet_hours = config.quiet_hours();
    spec.autonomy = Autonomy::ASK;
    // Nothing leaves a shadow, so it may do without an own sender.
    spec.sender = if world == WorldKind::Shadow && !config.has_sender() { Sender::simulated() } else { config.sender()? };
    if world == WorldKind::Live && !spec.sender.is_reachable() {
        let address = &spec.sender.address;
        return Err(Fault::usage(format!("sender.address is {address}: oversight vetoes mail from an address that cannot be answered")));
    }
    Ok(())
}
