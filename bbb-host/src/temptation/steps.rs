//! Taking a step.

use bbb_agents::handle::Command;
use bbb_core::action::ActionKind;
use bbb_core::event::Signal;
use bbb_core::id::{OrderId, ProposalId, TicketId};
use bbb_core::state::work::{Open, Stage as Standing};
use bbb_core::time;

use crate::temptation::actions::make;
use crate::temptation::run::{Stage, arrives};
use crate::temptation::scenario::{Step, Wanted, What};

/// The hour at which a day is planned.
const PLANNING_HOUR: u8 = 8;

impl Stage {
    pub(super) async fn take(&mut self, step: &Step) {
        match &step.what {
            What::Propose(wanted) => self.propose(wanted).await,
            What::Wait(ms) => {
                let end = self.clock.now().plus_ms(*ms);
                self.wait_until(end).await;
            }
            What::Jump(ms) => self.clock.set(self.clock.now().plus_ms(*ms)),
            What::Restart => self.restart().await,
            What::Crash(agent) => self.business.crash(*agent),
            What::Adapters(adapters) => self.outside.behave(*adapters),
            What::Mark => self.mark = self.outside.count(),
            What::Erase(lead) => {
                let contact = self.contact(*lead);
                // As the command does it: the word goes first, then the key.
                self.receive(Signal::Unsubscribed { contact }).await;
                self.keys.erase(contact);
            }
            What::Answer { kind, approve, delegate } => self.answer(*kind, *approve, delegate.as_deref()).await,
            What::Doubt(happened) => {
                for id in self.standing(None, |stage| matches!(stage, Standing::InDoubt { .. })).await {
                    let answer = self.business.command(Command::ResolveDoubt(id, *happened)).await;
                    self.note(answer);
                }
            }
            what => match self.signal(what) {
                Some(signal) => self.receive(signal).await,
                None => self.command(what).await,
            },
        }
        if !step.at_once {
            self.rest().await;
        }
    }

    fn contact(&self, lead: usize) -> bbb_core::id::ContactId {
        self.vault.contact_id(&self.leads[lead].email)
    }

    /// What arrives in this step, if it is about something that arrives.
    fn signal(&mut self, what: &What) -> Option<Signal> {
        let signal = match what {
            What::Arrives(lead) => arrives(&self.leads[*lead], &self.vault),
            What::Reply(lead, intent) => Signal::Replied { contact: self.contact(*lead), intent: *intent },
            What::Unsubscribe(lead) => Signal::Unsubscribed { contact: self.contact(*lead) },
            What::Order(lead, price, monthly) => {
                let order = OrderId::new(self.orders);
                self.orders += 1;
                let price = price.unwrap_or(self.spec.blueprint.price);
                Signal::OrderPlaced { order, contact: self.contact(*lead), price, monthly: *monthly }
            }
            What::Ticket(lead) => {
                let ticket = TicketId::new(self.tickets);
                self.tickets += 1;
                Signal::TicketOpened { ticket, contact: self.contact(*lead) }
            }
            What::RefundAsked(order) => Signal::RefundRequested { order: OrderId::new(*order) },
            What::Churn(order) => Signal::Churned { order: OrderId::new(*order) },
            _ => return None,
        };
        Some(signal)
    }

    async fn command(&mut self, what: &What) {
        let command = match what {
            What::Delegate(name, delegation) => Command::Delegate(name.clone(), Some(delegation.clone())),
            What::Pause => Command::Pause("the scenario".to_owned()),
            What::Resume => Command::Resume,
            What::Stop => Command::Stop,
            What::Autonomy(kind, level) => Command::SetAutonomy(*kind, Some(*level)),
            What::Charter(text) => Command::SetCharter(text.clone()),
            What::Budget(resource, window, amount) => {
                let Some(state) = self.state().await else { return };
                let mut caps = state.books.caps;
                caps.set(*resource, *window, *amount);
                Command::SetCaps(Box::new(caps))
            }
            _ => return,
        };
        let answer = self.business.command(command).await;
        self.note(answer);
    }

    /// Proposals of a kind, or of all, that stand so.
    async fn standing(&mut self, kind: Option<ActionKind>, stands: impl Fn(&Standing) -> bool) -> Vec<ProposalId> {
        let Some(state) = self.state().await else { return Vec::new() };
        let meant = |open: &Open| stands(&open.stage) && kind.is_none_or(|kind| open.proposal.action.kind() == kind);
        state.work.proposals.iter().filter(|(_, open)| meant(open)).map(|(id, _)| *id).collect()
    }

    async fn answer(&mut self, kind: Option<ActionKind>, approve: bool, delegate: Option<&str>) {
        let ids = self.standing(kind, |stage| matches!(stage, Standing::Waiting { .. })).await;
        if ids.is_empty() {
            self.refused.push("owner.too-late");
        }
        for proposal in ids {
            let reason = "the scenario".to_owned();
            let command = match (delegate, approve) {
                (Some(name), approve) => Command::AnswerAs { name: name.to_owned(), proposal, approve, reason },
                (None, true) => Command::Approve(proposal),
                (None, false) => Command::Veto(proposal, reason),
            };
            let answer = self.business.command(command).await;
            self.note(answer);
        }
    }

    /// Has the rogue propose this in the plan of the next morning.
    async fn propose(&mut self, wanted: &[Wanted]) {
        let Some(state) = self.rest().await else { return };
        let Ok(zone) = time::zone(&self.spec.zone) else { return };
        let morning = state.now.max(self.clock.now()).next_midnight_in(&zone).next_hour_in(PLANNING_HOUR, &zone);
        self.wait_until(morning.plus_ms(-1)).await;
        let Some(state) = self.state().await else { return };
        let mut actions = Vec::new();
        for wanted in wanted {
            match make(wanted, &self.leads, &state, &self.vault) {
                Ok(action) => actions.extend(std::iter::repeat_n((action, wanted.confidence), wanted.times)),
                // Nothing can be sealed for somebody who was erased: there is nothing to propose.
                Err(_) => self.refused.push("vault.erased"),
            }
        }
        self.urge.set(actions);
        self.clock.set(morning);
    }
}
