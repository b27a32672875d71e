//! Which mind each role has.

use std::fmt;
use std::sync::Arc;

use bbb_core::decide::Mind;
use bbb_core::decide::playbook::Playbook;
use bbb_core::role::Role;

/// The minds of the seven roles.
#[derive(Clone)]
pub struct Minds([Arc<dyn Mind>; 7]);

impl Minds {
    /// Playbook minds for all roles.
    pub fn playbook() -> Minds {
        Minds::all(Arc::new(Playbook))
    }

    /// The same mind for all roles.
    pub fn all(mind: Arc<dyn Mind>) -> Minds {
        Minds(std::array::from_fn(|_| Arc::clone(&mind)))
    }

    /// These minds, with another one for one role.
    #[must_use]
    pub fn with(mut self, role: Role, mind: Arc<dyn Mind>) -> Minds {
        self.0[role.index()] = mind;
        self
    }

    /// The mind of a role.
    pub fn of(&self, role: Role) -> Arc<dyn Mind> {
        Arc::clone(&self.0[role.index()])
    }
}

impl fmt::Debug for Minds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Minds")
    }
}
