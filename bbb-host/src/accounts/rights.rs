//! Rights: which role may do what. The policies are in `policies/roles.cedar`, and Cedar decides.
//!
//! There are few roles and few actions, so all of it is decided once, when it is first asked for. What Cedar cannot evaluate is forbidden.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fault::Fault;

const POLICIES: &str = include_str!("policies/roles.cedar");

/// What somebody is in a tenant, or to the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees.
    Viewer,
    /// Answers what businesses ask, too.
    Approver,
    /// Launches, pauses, resumes and limits businesses, and sees who their contacts are, too.
    Operator,
    /// Ends businesses, changes their policies and chooses members, too.
    Owner,
    /// Administers the daemon. No role in a tenant.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 5] = [Role::Viewer, Role::Approver, Role::Operator, Role::Owner, Role::Admin];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Approver => "approver",
            Role::Operator => "operator",
            Role::Owner => "owner",
            Role::Admin => "admin",
        }
    }

    /// The role that it includes.
    const fn includes(self) -> Option<Role> {
        match self {
            Role::Viewer | Role::Admin => None,
            Role::Approver => Some(Role::Viewer),
            Role::Operator => Some(Role::Approver),
            Role::Owner => Some(Role::Operator),
        }
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See a business and all that it did.
    View,
    /// Approve or veto what it asks.
    Answer,
    /// Launch a simulated one.
    Launch,
    /// Launch one that has to do with real people or real money: a shadow or live one.
    LaunchReal,
    /// Pause one.
    Pause,
    /// Let one go on.
    Resume,
    /// Let one do less without asking.
    Limit,
    /// Let one do more without asking, and set what it may use.
    Loosen,
    /// See who the people are that one is in touch with.
    ReadPersonal,
    /// Note what was heard from them.
    Hear,
    /// Bring people in, and have them forgotten.
    KeepContacts,
    /// End one for good.
    Stop,
    /// Change the owner's policies of one.
    SetCharter,
    /// Choose the members of the tenant.
    ManageMembers,
    /// Choose where the tenant is told of things.
    ManageWebhooks,
    /// Administer the daemon.
    Administer,
}

impl Action {
    /// All of them.
    pub const ALL: [Action; 16] = [
        Action::View,
        Action::Answer,
        Action::Launch,
        Action::LaunchReal,
        Action::Pause,
        Action::Resume,
        Action::Limit,
        Action::Loosen,
        Action::ReadPersonal,
        Action::Hear,
        Action::KeepContacts,
        Action::Stop,
        Action::SetCharter,
        Action::ManageMembers,
        Action::ManageWebhooks,
        Action::Administer,
    ];

    /// Its name in the policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::View => "view",
            Action::Answer => "answer",
            Action::Launch => "launch",
            Action::LaunchReal => "launch_real",
            Action::Pause => "pause",
            Action::Resume => "resume",
            Action::Limit => "limit",
            Action::Loosen => "loosen",
            Action::ReadPersonal => "read_personal",
            Action::Hear => "hear",
            Action::KeepContacts => "keep_contacts",
            Action::Stop => "stop",
            Action::SetCharter => "set_charter",
            Action::ManageMembers => "manage_members",
            Action::ManageWebhooks => "manage_webhooks",
            Action::Administer => "administer",
        }
    }
}

/// Who may do what, by name.
pub(super) type Permitted = BTreeSet<(&'static str, &'static str)>;

static RIGHTS: LazyLock<Result<Permitted, String>> = LazyLock::new(|| decide(POLICIES));

/// Whether a role may do something.
pub fn may(role: Role, action: Action) -> bool {
    RIGHTS.as_ref().is_ok_and(|rights| rights.contains(&(role.as_str(), action.as_str())))
}

/// Refuses policies that cannot be used: then nobody may do anything, and the daemon does not start.
///
/// # Errors
/// [`Fault`] with what Cedar says.
pub(super) fn check() -> Result<(), Fault> {
    RIGHTS.as_ref().map(drop).map_err(|error| Fault::failed(format!("the policies of roles: {error}")))
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, String> {
    EntityUid::from_str(&format!("{kind}::\"{name}\"")).map_err(|error| error.to_string())
}

/// Asks Cedar about every role and action.
fn decide(policies: &str) -> Result<Permitted, String> {
    let roles = Role::ALL.map(|role| (role.as_str(), role.includes().map(Role::as_str)));
    table(policies, "Role", &roles, &Action::ALL.map(Action::as_str))
}

/// Asks Cedar about every one of a kind, each with the one that it includes, and every action.
pub(super) fn table(
    policies: &str,
    kind: &str,
    who: &[(&'static str, Option<&'static str>)],
    actions: &[&'static str],
) -> Result<Permitted, String> {
    let policies = PolicySet::from_str(policies).map_err(|error| error.to_string())?;
    let mut principals = Vec::new();
    for (name, includes) in who {
        let parents = includes.map(|name| uid(kind, name)).transpose()?;
        principals.push(Entity::new_no_attrs(uid(kind, name)?, parents.into_iter().collect()));
    }
    let entities = Entities::from_entities(principals, None).map_err(|error| error.to_string())?;
    let (authorizer, tenant) = (Authorizer::new(), uid("Tenant", "any")?);
    let mut rights = BTreeSet::new();
    for (name, _) in who {
        for action in actions {
            let (principal, asked) = (uid(kind, name)?, uid("Action", action)?);
            let request = Request::new(principal, asked, tenant.clone(), Context::empty(), None).map_err(|error| error.to_string())?;
            let answer = authorizer.is_authorized(&request, &policies, &entities);
            if let Some(error) = answer.diagnostics().errors().next() {
                return Err(error.to_string());
            }
            if answer.decision() == Decision::Allow {
                rights.insert((*name, *action));
            }
        }
    }
    Ok(rights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_policies_say_and_nothing_else() {
        let may_do = |role| Action::ALL.into_iter().filter(|action| may(role, *action)).map(Action::as_str).collect::<Vec<_>>();
        assert_eq!(may_do(Role::Viewer), ["view"]);
        assert_eq!(may_do(Role::Approver), ["view", "answer"]);
        assert_eq!(
            may_do(Role::Operator),
            ["view", "answer", "launch", "pause", "resume", "limit", "loosen", "read_personal", "hear", "keep_contacts"]
        );
        assert_eq!(
            may_do(Role::Owner),
            [
                "view",
                "answer",
                "launch",
                "launch_real",
                "pause",
                "resume",
                "limit",
                "loosen",
                "read_personal",
                "hear",
                "keep_contacts",
                "stop",
                "set_charter",
                "manage_members",
                "manage_webhooks"
            ]
        );
        assert_eq!(may_do(Role::Admin), ["administer"], "whoever runs the daemon sees no tenant's businesses by that");
    }

    #[test]
    fn what_cannot_be_evaluated_permits_nothing() {
        assert_eq!(decide(""), Ok(BTreeSet::new()), "what nothing permits is forbidden");
        assert!(decide("permit (principal, action, resource) when { principal.level > 3 };").is_err());
        assert!(decide("permit (").is_err());
    }
}
