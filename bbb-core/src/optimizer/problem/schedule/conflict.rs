//! Why there is no schedule, or none was found.

use super::board::{Board, Part};
use super::search::is_impossible;
use super::{Rule, Schedule, Window};
use crate::optimizer::problem::answer::Conflict;
use crate::optimizer::problem::text::{counted, list};
use crate::optimizer::sampler::Run;

/// Whether required tasks of a part take more of a resource than there is: in all slots in which they could be, or between two slots that some of them cannot leave.
pub(super) fn too_much(schedule: &Schedule, part: &Part) -> bool {
    let is_in = |task: &usize| part.tasks[*task] && schedule.is_required(*task);
    if (0..part.tasks.len()).any(|task| is_in(&task) && schedule.of_task[task].is_empty()) {
        return true;
    }
    (0..schedule.rules.len()).filter(|rule| part.rules[*rule]).any(|rule| {
        let Rule::Resource { capacity, users, .. } = &schedule.rules[rule] else { return false };
        let users: Vec<usize> = users.iter().copied().filter(is_in).collect();
        let slots = |tasks: &[usize]| tasks.iter().map(|task| schedule.input.tasks[*task].slots as usize).sum::<usize>();
        let mut open = vec![false; schedule.slots()];
        let spans: Vec<(usize, usize)> = users
            .iter()
            .map(|user| {
                let (mut first, mut last) = (usize::MAX, 0);
                for place in schedule.of_task[*user].clone() {
                    let covers = schedule.covers(place);
                    (first, last) = (first.min(covers.start), last.max(covers.end));
                    open[covers].fill(true);
                }
                (first, last)
            })
            .collect();
        let room = |slots: usize| slots.saturating_mul(*capacity as usize);
        let between = |from: usize, to: usize| {
            let held: Vec<usize> =
                users.iter().zip(&spans).filter(|(_, span)| from <= span.0 && span.1 <= to).map(|(user, _)| *user).collect();
            from < to && slots(&held) > room(open[from..to].iter().filter(|open| **open).count())
        };
        slots(&users) > room(open.iter().filter(|open| **open).count())
            || spans.iter().any(|(from, _)| spans.iter().any(|(_, to)| between(*from, *to)))
    })
}

/// What of a schedule that cannot be is a conflict by itself: tasks and rules are left out as long as the rest is proved to be impossible too.
pub(super) fn proof(schedule: &Schedule, run: &Run<'_>) -> Conflict {
    let mut part = Part::required(schedule);
    for task in 0..part.tasks.len() {
        if part.tasks[task] {
            part.tasks[task] = false;
            part.tasks[task] = !is_impossible(schedule, &part, run);
        }
    }
    let concerns = |part: &Part, rule: usize| match &schedule.rules[rule] {
        Rule::Clash(one, other) | Rule::Order { first: one, then: other } => part.tasks[*one] && part.tasks[*other],
        Rule::Resource { users, .. } => users.iter().any(|user| part.tasks[*user]),
    };
    for rule in 0..part.rules.len() {
        part.rules[rule] = false;
        if concerns(&part, rule) {
            part.rules[rule] = !is_impossible(schedule, &part, run);
        }
    }
    let tasks: Vec<usize> = (0..part.tasks.len()).filter(|task| part.tasks[*task]).collect();
    let rules: Vec<usize> = (0..part.rules.len()).filter(|rule| part.rules[*rule]).collect();
    let names: Vec<String> = tasks.iter().map(|task| schedule.name(*task).to_owned()).collect();
    let constraints = tasks.iter().map(|task| schedule.needs(*task)).chain(rules.iter().map(|rule| schedule.told(*rule))).collect();
    let reason = match (&tasks[..], rules.is_empty()) {
        ([task], true) => format!("{} fits nowhere: none of its windows holds it.", schedule.name(*task)),
        ([one, other], false) => format!(
            "{} and {} cannot both be done: each of the {} of the one is in the way of each of the {} of the other.",
            schedule.name(*one),
            schedule.name(*other),
            counted(schedule.of_task[*one].len(), "place"),
            counted(schedule.of_task[*other].len(), "place")
        ),
        _ if too_much(schedule, &part) => format!("{} take more than there is, by counting their slots.", list(&names)),
        _ => format!("{} cannot all be done: every way to place them breaks one of these rules.", list(&names)),
    };
    Conflict { constraints, reason }
}

/// What was in the way of the required tasks that could not be placed.
pub(super) fn obstacles(schedule: &Schedule, placed: &[Option<usize>]) -> Conflict {
    let part = Part::all(schedule);
    let mut board = Board::new(schedule, &part);
    placed.iter().flatten().for_each(|place| board.turn(*place));
    let open: Vec<usize> = (0..placed.len()).filter(|task| placed[*task].is_none() && schedule.is_required(*task)).collect();
    let mut constraints: Vec<String> = open.iter().map(|task| schedule.needs(*task)).collect();
    for task in &open {
        let least = schedule.of_task[*task].clone().map(|place| board.in_the_way(place)).min_by_key(Vec::len).unwrap_or_default();
        for (_, rule) in least {
            let told = schedule.told(rule);
            if !constraints.contains(&told) {
                constraints.push(told);
            }
        }
    }
    let names: Vec<String> = open.iter().map(|task| schedule.name(*task).to_owned()).collect();
    let reason = format!("Not all schedules were looked at. The best try leaves out {}; in its way were:", list(&names));
    Conflict { constraints, reason }
}

impl Schedule {
    /// What a task needs of the week, in words.
    pub(super) fn needs(&self, task: usize) -> String {
        let of = &self.input.tasks[task];
        let minutes = u64::from(of.slots) * u64::from(self.input.slot_minutes);
        let length = crate::optimizer::problem::text::hours(i64::try_from(minutes).unwrap_or(i64::MAX));
        if of.windows.is_empty() {
            return format!("{} takes {length} of any day of {}", of.name, self.span(0, self.input.slots_per_day));
        }
        let window = |window: &Window| {
            let day = window.day.as_deref().unwrap_or("every day");
            format!("{day} {}", self.span(window.from, window.to))
        };
        format!("{} takes {length} within {}", of.name, of.windows.iter().map(window).collect::<Vec<_>>().join(" or "))
    }

    /// Slots of a day as times.
    pub(super) fn span(&self, from: u32, to: u32) -> String {
        format!("{}-{}", self.clock(from), self.clock(to))
    }

    fn clock(&self, slot: u32) -> String {
        // Cannot overflow: a day's slots are held within its 1440 minutes.
        let minute = self.input.day_start_minute + slot * self.input.slot_minutes;
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }
}
