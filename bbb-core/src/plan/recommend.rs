//! Recommend: which blueprints fit what a founder has.

use serde::Serialize;

use super::founder::{Founder, is_of};
use super::licence;
use super::outlook::{self, Outlook, Uncertainty};
use super::projection::{Projection, project};
use crate::blueprint::{self, Blueprint};
use crate::draw::Seed;

/// A blueprint still fits where it takes up to this share of what there is, in percent.
const STRETCH_PERCENT: i64 = 120;

/// A blueprint, and what speaks for and against it.
#[derive(Debug, Clone, Serialize)]
pub struct Recommendation {
    /// Its name.
    pub name: &'static str,
    /// Its branch of trade.
    pub industry: &'static str,
    /// Whether money, hours and branch all fit.
    pub fits: bool,
    /// What does not fit, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
    /// What to know before: a licence, a figure that fits only with some stretch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What its planning figures say.
    pub projection: Projection,
    /// How sure that is.
    pub outlook: Outlook,
}

/// All templates: those that fit first, each part by the profit that the founder's [`Risk`](super::founder::Risk) looks at.
pub fn recommend(founder: &Founder, draws: u32, seed: Seed) -> Vec<Recommendation> {
    let mut all: Vec<Recommendation> = blueprint::all().iter().map(|template| about(template, founder, draws, seed)).collect();
    let looked_at = |one: &Recommendation| one.outlook.profit[founder.risk.place()];
    all.sort_by(|a, b| b.fits.cmp(&a.fits).then_with(|| looked_at(b).cmp(&looked_at(a))).then_with(|| a.name.cmp(b.name)));
    all
}

fn about(template: &'static Blueprint, founder: &Founder, draws: u32, seed: Seed) -> Recommendation {
    let (mut against, mut notes) = (Vec::new(), Vec::new());
    let opens = template.startup_cost;
    if opens > founder.budget.percent(STRETCH_PERCENT) {
        against.push(format!("opening costs {opens} USD"));
    } else if opens > founder.budget {
        notes.push(format!("opening costs {opens} USD, a little more than there is"));
    }
    let (takes, has) = (i64::from(template.time_commitment_hours_per_week), i64::from(founder.hours_per_week));
    if takes * 100 > has * STRETCH_PERCENT {
        against.push(format!("it takes a person {takes} hours a week"));
    } else if takes > has {
        notes.push(format!("it takes a person {takes} hours a week, a little more than there are"));
    }
    if founder.industry.as_ref().is_some_and(|wanted| !is_of(&template.industry, wanted)) {
        against.push(format!("it is {}", template.industry));
    }
    notes.extend(template.licence.as_ref().map(|licence| format!("it needs: {licence}")));
    notes.extend(licence::granted_by(template, founder.state));
    let outlook = outlook::look(template, founder.budget, founder.months, draws, Uncertainty::STATED, seed.derive(&template.slug));
    Recommendation {
        name: &template.name,
        industry: &template.industry,
        fits: against.is_empty(),
        against,
        notes,
        projection: project(template, founder.months),
        outlook,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Cents;
    use crate::plan::founder::Risk;
    use crate::plan::state;

    fn founder() -> Founder {
        Founder {
            name: None,
            state: None,
            budget: Cents::from_dollars(3_000),
            hours_per_week: 15,
            industry: None,
            risk: Risk::Balanced,
            months: 12,
        }
    }

    #[test]
    fn what_fits_comes_first_and_what_does_not_says_why() {
        let all = recommend(&founder(), 200, Seed::new(1));
        assert_eq!(all.len(), blueprint::all().len());
        assert!(all.is_sorted_by(|a, b| a.fits >= b.fits));
        for one in &all {
            let template = blueprint::all().iter().find(|template| template.name == one.name).expect("a template");
            let fits = template.startup_cost.get() * 5 <= founder().budget.get() * 6
                && i32::from(template.time_commitment_hours_per_week) * 5 <= 15 * 6;
            assert_eq!((one.fits, one.against.is_empty()), (fits, fits), "{}", one.name);
            assert_eq!(template.licence.is_some(), one.notes.iter().any(|note| note.starts_with("it needs: ")));
        }
        assert!(all.iter().any(|one| one.fits) && all.iter().any(|one| !one.fits));
        let part = all.iter().filter(|one| one.fits).map(|one| one.outlook.profit[1]).collect::<Vec<_>>();
        assert!(part.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn branch_and_risk_change_what_comes_first() {
        let only = recommend(&Founder { industry: Some("educat".to_owned()), ..founder() }, 200, Seed::new(1));
        assert!(only.iter().filter(|one| one.fits).all(|one| one.industry.contains("Educat")) && only[0].fits);
        let names = |risk| recommend(&Founder { risk, ..founder() }, 2_000, Seed::new(1)).iter().map(|one| one.name).collect::<Vec<_>>();
        assert_ne!(names(Risk::Careful), names(Risk::Bold));
    }

    #[test]
    fn a_state_says_who_grants_the_licence() {
        let notes = |state| {
            let all = recommend(&Founder { state, ..founder() }, 1, Seed::new(1));
            all.into_iter().find(|one| one.name == "Remote Notary Collective").expect("a template").notes
        };
        let ohio = notes(Some(state::find("oh").expect("a state")));
        assert!(ohio.iter().any(|note| note.contains("Ohio")), "{ohio:?}");
        assert!(notes(None).iter().any(|note| note.contains("each state")));
    }
}
