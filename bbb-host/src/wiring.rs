//! Wiring: the adapters, keys and minds of one business, from its spec and the configuration.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use bbb_agents::conditions::Conditions;
use bbb_agents::engine::Engine;
use bbb_agents::minds::Minds;
use bbb_agents::world::World;
use bbb_core::action::CallModel;
use bbb_core::decide::llm::LlmMind;
use bbb_core::event::Recovery;
use bbb_core::journal::store::{BoxFuture, Store};
use bbb_core::oversight::charter::Charter;
use bbb_core::oversight::permit::Permit;
use bbb_core::port::{Failure, Port, Ports};
use bbb_core::receipt::ModelAnswer;
use bbb_core::seal::{DerivedKeys, Vault};
use bbb_core::spec::{MindKind, Spec, WorldKind};
use bbb_integrations::ConfigError;
use bbb_integrations::llm::openai::OpenAiModel;
use bbb_integrations::mail::smtp::SmtpMail;

use crate::config::Config;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::service::now;

/// A world, and its desk where it is not simulated.
pub(crate) struct Wired {
    pub(crate) world: World,
    pub(crate) desk: Option<Arc<Desk>>,
}

/// Refuses what a business could not be launched with, before anything is made for it on disk.
pub(crate) fn check(spec: &Spec, config: &Config) -> Result<(), Fault> {
    Ok(bbb_agents::engine::check(spec, &configured(spec, config)?)?)
}

/// Refuses a configuration by which such a business cannot be run. The adapters are made with keys that open nothing.
pub(crate) fn configured(spec: &Spec, config: &Config) -> Result<World, Fault> {
    Ok(world(spec, config, Vault::new(Arc::new(DerivedKeys::new(spec.seed))))?.world)
}

/// The world of a business whose personal text `vault` opens.
pub(crate) fn world(spec: &Spec, config: &Config, vault: Vault) -> Result<Wired, Fault> {
    world_under(Conditions::default(), spec, config, vault)
}

/// The same; a simulated one under these conditions.
pub(crate) fn world_under(conditions: Conditions, spec: &Spec, config: &Config, vault: Vault) -> Result<Wired, Fault> {
    let model = model(spec, config, &vault)?;
    if spec.world.is_simulated() {
        return Ok(Wired { world: World::simulated_under(conditions, spec, model), desk: None });
    }
    let desk = Arc::new(Desk::new(vault.clone()));
    let qualify_leads: Arc<dyn Port<_>> = Arc::<Desk>::clone(&desk);
    let mut ports = Ports::default();
    ports.qualify_leads = Some(qualify_leads);
    ports.call_model = model;
    let world = if spec.world == WorldKind::Live {
        let mail = SmtpMail::new(config.smtp()?, &spec.sender, vault.clone()).map_err(|error| setting("smtp", &error))?;
        ports.send_email = Some(Arc::new(mail));
        World::live(ports, vault, Arc::new(now))
    } else {
        World::shadow(ports, vault, Arc::new(now))
    };
    Ok(Wired { world, desk: Some(desk) })
}

fn model(spec: &Spec, config: &Config, vault: &Vault) -> Result<Option<Arc<dyn Port<CallModel>>>, Fault> {
    let mut models: Vec<(String, OpenAiModel)> = Vec::new();
    let of_minds = (spec.mind == MindKind::Llm).then_some(("llm", &spec.model));
    let of_reviewer = spec.reviewer.as_ref().map(|model| ("reviewer", model));
    for (section, wanted) in [of_minds, of_reviewer].into_iter().flatten() {
        if models.iter().all(|(name, _)| *name != wanted.model) {
            let model = OpenAiModel::new(config.llm(wanted)?, vault.clone()).map_err(|error| setting(section, &error))?;
            models.push((wanted.model.clone(), model));
        }
    }
    Ok((!models.is_empty()).then(|| Arc::new(Models(models)) as Arc<dyn Port<CallModel>>))
}

/// The models behind one port: a call goes to the one that it names.
struct Models(Vec<(String, OpenAiModel)>);

impl Port<CallModel> for Models {
    fn recovery(&self) -> Recovery {
        Recovery::Repeatable
    }

    /// None: each request has a timeout of its own.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    fn perform(&self, permit: Permit<CallModel>) -> BoxFuture<'_, Result<ModelAnswer, Failure>> {
        match self.0.iter().find(|(name, _)| *name == permit.action().model) {
            Some((_, model)) => model.perform(permit),
            None => Box::pin(ready(Err(Failure::Permanent("no such model is connected".to_owned())))),
        }
    }
}

/// A setting that an adapter refuses. Those of the sender are named in full by the mail adapter.
fn setting(section: &str, error: &ConfigError) -> Fault {
    let place = if error.field.starts_with("sender.") { String::new() } else { format!(", [{section}]") };
    Fault::usage(format!("the configuration{place}: {error}"))
}

/// The engine that runs such a business, under its own charter.
pub(crate) fn engine(store: Arc<dyn Store>, mind: MindKind, charter: Charter) -> Engine {
    let minds = match mind {
        MindKind::Playbook => Minds::playbook(),
        MindKind::Llm => Minds::all(Arc::new(LlmMind)),
    };
    Engine::builder(store).minds(minds).charter(charter).build()
}
