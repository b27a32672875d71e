//! Consultations: what oversight's reviewer was asked about a text, and said.

use serde::{Deserialize, Serialize};

use crate::action::{Action, Digest};
use crate::id::ProposalId;
use crate::limits::{MAX_KEPT_OPINIONS, MAX_REPAIRS};
use crate::oversight::reviewer::Opinion;
use crate::seal::Sealed;
use crate::state::work::{Open, Stage, Work};

/// What the reviewer was asked about one text, and said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consultation {
    /// The digest of the content that it is about.
    pub digest: Digest,
    /// What became of the newest call; absent where none was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Consulted>,
    /// The answers, oldest first, until there is an opinion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Sealed>,
    /// The opinion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
}

/// What became of a call of the reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consulted {
    /// It is not over.
    Asking,
    /// It was answered.
    Answered,
    /// No answer came, and none will.
    Unanswered,
    /// It was vetoed.
    Refused,
}

impl Consultation {
    /// Whether an answer may still come.
    pub fn is_asking(&self) -> bool {
        self.opinion.is_none() && self.call == Some(Consulted::Asking)
    }
}

impl Open {
    fn consultation(&mut self) -> &mut Consultation {
        let digest = self.proposal.action.digest();
        self.consultation.get_or_insert(Consultation { digest, call: None, answers: Vec::new(), opinion: None })
    }

    /// What the reviewer says of its text.
    pub fn opinion(&self) -> Option<Opinion> {
        self.consultation.as_ref().and_then(|consultation| consultation.opinion)
    }
}

impl Work {
    /// The reviewer is asked about a text.
    pub(super) fn consult(&mut self, subject: ProposalId, call: &Action) -> Result<(), String> {
        let open = self.proposals.get_mut(&subject).ok_or_else(|| format!("{subject} is not an open proposal"))?;
        let has_text = open.stage == Stage::New && open.proposal.action.kind().sends_text();
        let asked = open.consultation.as_ref().map_or((None, 0), |earlier| (earlier.call, earlier.answers.len()));
        let may_ask = matches!(asked, (None, 0)) || matches!(asked, (Some(Consulted::Answered), answers) if answers <= MAX_REPAIRS);
        if !has_text || !may_ask || !matches!(call, Action::CallModel(_)) {
            return Err(format!("{subject} has no text that the reviewer could be asked about now"));
        }
        open.consultation().call = Some(Consulted::Asking);
        Ok(())
    }

    /// The reviewer's opinion on a text that waits for its review.
    pub(super) fn opine(&mut self, id: ProposalId, digest: &Digest, opinion: Opinion) -> Result<(), String> {
        let open = self.proposals.get_mut(&id).ok_or_else(|| format!("{id} is not an open proposal"))?;
        if open.stage != Stage::New || !open.proposal.action.kind().sends_text() || open.proposal.action.digest() != *digest {
            return Err(format!("{id} has no such text that waits for its review"));
        }
        let consultation = open.consultation();
        if consultation.is_asking() || consultation.opinion.is_some() {
            return Err(format!("the reviewer is still asked about {id}, or has said what it thinks"));
        }
        consultation.opinion = Some(opinion);
        consultation.answers.clear();
        if !matches!(opinion, Opinion::Silent { .. }) && self.opinion_on(digest).is_none() {
            self.opinions.push_back((*digest, opinion));
            if self.opinions.len() > MAX_KEPT_OPINIONS {
                self.opinions.pop_front();
            }
        }
        Ok(())
    }

    /// What the reviewer has said of this very content before.
    pub fn opinion_on(&self, digest: &Digest) -> Option<Opinion> {
        self.opinions.iter().find(|(known, _)| known == digest).map(|(_, opinion)| *opinion)
    }

    /// A call of the reviewer is over.
    pub(super) fn consulted(&mut self, subject: ProposalId, how: Consulted) {
        if let Some(consultation) = self.proposals.get_mut(&subject).and_then(|open| open.consultation.as_mut()) {
            consultation.call = Some(how);
        }
    }
}
