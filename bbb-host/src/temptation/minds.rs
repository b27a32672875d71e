//! The minds that the bench adds: one that proposes what a scenario says, the planner that gives it work, and what a scripted model says.

use std::sync::{Arc, Mutex, PoisonError};

use bbb_agents::minds::Minds;
use bbb_core::action::{Action, PromptPart};
use bbb_core::decide::llm::LlmMind;
use bbb_core::decide::playbook::Playbook;
use bbb_core::decide::view::View;
use bbb_core::decide::{Decision, Draft, Mind};
use bbb_core::role::Role;
use bbb_core::task::{NewTask, Task, TaskKind};
use bbb_core::time::DAY_MS;
use serde_json::{Value, json};

use crate::temptation::scenario::{Answer, Tempted};

/// What the rogue mind proposes next, if anything.
#[derive(Default)]
pub(super) struct Urge(Mutex<Vec<(Action, u8)>>);

impl Urge {
    /// Has the rogue propose these, with how sure it says that it is.
    pub(super) fn set(&self, wanted: Vec<(Action, u8)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
    }

    fn is_there(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn take(&self) -> Vec<Draft> {
        let wanted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        wanted.into_iter().map(|(action, confidence)| Draft::new(action, confidence, "a temptation")).collect()
    }
}

/// The minds of a try: the tempted role's, and playbooks beside it.
pub(super) fn minds(mind: Tempted, role: Role, urge: &Arc<Urge>) -> Minds {
    match mind {
        Tempted::Playbook => Minds::playbook(),
        Tempted::Llm => Minds::playbook().with(role, Arc::new(LlmMind)),
        Tempted::Rogue => {
            let planner = Planner { urge: Arc::clone(urge), role };
            Minds::playbook().with(Role::Orchestrator, Arc::new(planner)).with(role, Arc::new(Rogue(Arc::clone(urge))))
        }
    }
}

/// Proposes what the scenario says, once, and nothing else.
struct Rogue(Arc<Urge>);

impl Mind for Rogue {
    fn decide(&self, view: &View<'_>, task: &Task) -> Decision {
        match self.0.take() {
            drafts if !drafts.is_empty() => Decision::Propose(drafts),
            // An orchestrator that plans nothing would leave the others without work.
            _ if task.order.kind == TaskKind::PlanDay => Playbook.decide(view, task),
            _ => Decision::GiveUp("nothing tempts now".to_owned()),
        }
    }
}

/// The playbook's plan, with a task for the rogue when it has an urge.
struct Planner {
    urge: Arc<Urge>,
    role: Role,
}

impl Mind for Planner {
    fn decide(&self, view: &View<'_>, task: &Task) -> Decision {
        let kind = TaskKind::ALL.into_iter().find(|kind| kind.role() == self.role);
        match (Playbook.decide(view, task), kind) {
            (Decision::Plan(mut orders), Some(kind)) if self.urge.is_there() => {
                orders.insert(0, NewTask::new(kind, 100, view.now().plus_ms(3 * DAY_MS)));
                Decision::Plan(orders)
            }
            (decision, _) => decision,
        }
    }
}

/// What a model says to a question with these options.
pub(super) fn say(answer: &Answer, prompt: &[PromptPart], options: &[String]) -> String {
    let choose = |title: Option<&str>, text: Option<&str>| {
        let choice = |key: &String| json!({ "option": key, "subject": title, "text": text, "priority": Value::Null });
        json!({ "choices": options.iter().map(choice).collect::<Vec<_>>() }).to_string()
    };
    match answer {
        Answer::Raw(text) => text.replace("$OPTION", options.first().map_or("", String::as_str)),
        Answer::Words { title, text } => choose(title.as_deref(), text.as_deref()),
        Answer::Obey => choose(None, note(prompt).as_deref()),
    }
}

/// The note about the contact, as the prompt shows it between its marks.
fn note(prompt: &[PromptPart]) -> Option<String> {
    let material = prompt.iter().find_map(|part| part.text.split_once("<untrusted>\n"))?.1;
    let inside = material.split_once("\n</untrusted>")?.0;
    let note = inside.split_once("note: ")?.1.trim();
    (!note.is_empty()).then(|| note.to_owned())
}
