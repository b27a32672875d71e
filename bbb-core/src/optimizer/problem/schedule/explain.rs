//! Why a schedule is what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::board::{Board, Part};
use super::search::{self, Found};
use super::{Rule, Schedule, Timetable};
use crate::optimizer::problem::answer::Relief;
use crate::optimizer::problem::text::{counted, hours, list, reliefs, table};
use crate::optimizer::sampler::Run;

/// For how many resources it is told what more of them would bring.
const RELIEFS: usize = 4;

/// A task in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The task.
    pub task: String,
    /// The day.
    pub day: String,
    /// From when to when, such as `09:00-10:30`.
    pub time: String,
    /// The slot in which it begins, counted from 0 over all days.
    pub start: usize,
    /// Its points there.
    pub worth: i64,
    /// Its points in its best place.
    pub at_best: i64,
    /// The rules that keep it from each place that would be better.
    pub kept_by: Vec<String>,
}

/// A task that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The task.
    pub task: String,
    /// The points of its best place, if it has one.
    pub at_best: Option<i64>,
    /// The rules that keep it out; none where it has no place at all, or none that is worth anything.
    pub kept_by: Vec<String>,
}

/// How much of a resource is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The resource.
    pub resource: String,
    /// So many slots.
    pub used: u64,
    /// Of so many.
    pub of: u64,
}

/// What greed would have given: always the task with the fewest places left, on its best one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greedy {
    /// Its points, where it places all required tasks.
    pub worth: Option<i64>,
    /// The required tasks that it cannot place.
    pub stuck: Vec<String>,
}

/// Why a schedule is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is done, in order of time.
    pub placed: Vec<Placed>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
    /// How busy resources are.
    pub loads: Vec<Load>,
    /// What greed would have given.
    pub greedy: Greedy,
    /// What one more of a resource, or a longer day, would bring, in points.
    pub reliefs: Vec<Relief>,
}

pub(super) fn timetable(schedule: &Schedule, found: &Found, run: &Run<'_>) -> Timetable {
    let part = Part::all(schedule);
    let mut board = Board::new(schedule, &part);
    found.placed.iter().flatten().for_each(|place| board.turn(*place));
    let worth = board.worth;
    let mut placed: Vec<Placed> = found.placed.iter().flatten().map(|place| in_place(schedule, &board, *place)).collect();
    placed.sort_by(|one, other| (one.start, &one.task).cmp(&(other.start, &other.task)));
    let left = (0..found.placed.len()).filter(|task| found.placed[*task].is_none());
    let left_out = left.map(|task| left_out(schedule, &board, task)).collect();
    let loads = (0..schedule.rules.len()).filter_map(|rule| match &schedule.rules[rule] {
        Rule::Resource { name, capacity, .. } => {
            let of = u64::from(*capacity) * schedule.slots() as u64;
            Some(Load { resource: name.clone(), used: board.load(rule), of })
        }
        Rule::Clash(..) | Rule::Order { .. } => None,
    });
    let stuck = (0..found.greedy.len()).filter(|task| found.greedy[*task].is_none() && schedule.is_required(*task));
    let stuck: Vec<String> = stuck.map(|task| schedule.name(task).to_owned()).collect();
    let greedy = Greedy { worth: stuck.is_empty().then(|| schedule.worth(&found.greedy)), stuck };
    let explanation = Explanation { placed, left_out, loads: loads.collect(), greedy, reliefs: wider(schedule, worth, found.optimal, run) };
    let starts = found.placed.iter().map(|place| place.map(|place| schedule.places[place].start)).collect();
    Timetable { starts, worth, optimal: found.optimal, solver: found.solver.clone(), explanation }
}

/// The rules that keep a task from places that are worth more than this.
fn kept_by(schedule: &Schedule, board: &Board<'_>, task: usize, worth: i64) -> Vec<String> {
    let mut rules: Vec<usize> = Vec::new();
    for place in schedule.of_task[task].clone().filter(|place| schedule.places[*place].worth > worth) {
        rules.extend(board.in_the_way(place).into_iter().map(|(_, rule)| rule));
        // A resource for nobody is in the way though nobody has it.
        let nobody = |rule: &&usize| matches!(schedule.rules[**rule], Rule::Resource { capacity: 0, .. });
        rules.extend(schedule.uses[task].iter().filter(nobody));
    }
    rules.sort_unstable();
    rules.dedup();
    rules.into_iter().map(|rule| schedule.told(rule)).collect()
}

fn in_place(schedule: &Schedule, board: &Board<'_>, place: usize) -> Placed {
    let (of, per_day) = (schedule.places[place], schedule.input.slots_per_day);
    let task = &schedule.input.tasks[of.task];
    let day = of.start / per_day as usize;
    let from = u32::try_from(of.start % per_day as usize).unwrap_or(0);
    // Without the task itself, whose own use of a resource is in nobody's way but its own.
    let mut others = board.clone();
    others.turn(place);
    Placed {
        task: task.name.clone(),
        day: schedule.input.days.get(day).cloned().unwrap_or_default(),
        time: schedule.span(from, from + task.slots),
        start: of.start,
        worth: of.worth,
        at_best: schedule.places[schedule.of_task[of.task].start].worth,
        kept_by: kept_by(schedule, &others, of.task, of.worth),
    }
}

fn left_out(schedule: &Schedule, board: &Board<'_>, task: usize) -> LeftOut {
    let best = schedule.places[schedule.of_task[task].clone()].first();
    LeftOut { task: schedule.name(task).to_owned(), at_best: best.map(|place| place.worth), kept_by: kept_by(schedule, board, task, 0) }
}

/// What more would bring, by solving it again: one more of each resource that could be short, and a slot more at the end of each day for what has no windows.
fn wider(schedule: &Schedule, worth: i64, optimal: bool, run: &Run<'_>) -> Vec<Relief> {
    let mut wider = Vec::new();
    for (at, resource) in schedule.input.resources.iter().enumerate() {
        let users = schedule.input.tasks.iter().filter(|task| task.resources.contains(&resource.name)).count();
        if users > resource.capacity as usize && wider.len() < RELIEFS {
            let mut input = schedule.input.clone();
            input.resources[at].capacity += 1;
            wider.push((resource.name.clone(), "1".to_owned(), input));
        }
    }
    let mut input = schedule.input.clone();
    input.slots_per_day += 1;
    let ends = input.day_start_minute + input.slots_per_day * input.slot_minutes;
    if ends <= 1440 && input.tasks.iter().any(|task| task.windows.is_empty()) {
        wider.push(("at the end of each day".to_owned(), hours(i64::from(input.slot_minutes)), input));
    }
    let relief = |(limit, by, input): (String, String, super::Input)| {
        // None where the longer days are too many slots.
        let (then, proved) = search::resolve(&Schedule::new(input).ok()?, run);
        let then = then.unwrap_or(worth).max(worth);
        #[expect(clippy::cast_precision_loss, reason = "at most some 10^11")]
        let gain = (then - worth) as f64;
        Some(Relief { limit, by, gain, proved: proved && optimal })
    };
    wider.into_iter().filter_map(relief).collect()
}

impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = if self.optimal { "proved to be the best schedule" } else { "not proved to be the best schedule" };
        let done = self.explanation.placed.len();
        writeln!(f, "{done} of {} placed, {}: {proof}.\n", counted(self.starts.len(), "task"), points(self.worth))?;
        self.explanation.fmt(f)
    }
}

fn points(points: i64) -> String {
    format!("{points} point{}", if points == 1 { "" } else { "s" })
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["day", "time", "task", "points", ""].map(str::to_owned).to_vec();
        let row = |placed: &Placed| {
            let why = match placed.kept_by.is_empty() {
                true => String::new(),
                false => format!("{} at best, but: {}", placed.at_best, list(&placed.kept_by)),
            };
            vec![placed.day.clone(), placed.time.clone(), placed.task.clone(), placed.worth.to_string(), why]
        };
        table(f, &[3], &std::iter::once(head).chain(self.placed.iter().map(row)).collect::<Vec<_>>())?;
        if !self.left_out.is_empty() {
            writeln!(f, "\nLeft out")?;
            let row = |left: &LeftOut| {
                let why = match left.at_best {
                    None => "fits in none of its windows".to_owned(),
                    Some(best) if best <= 0 => "is worth nothing anywhere".to_owned(),
                    Some(best) => format!("{} at best, but: {}", points(best), list(&left.kept_by)),
                };
                vec![left.task.clone(), why]
            };
            table(f, &[], &self.left_out.iter().map(row).collect::<Vec<_>>())?;
        }
        if !self.loads.is_empty() {
            writeln!(f, "\nResources")?;
            let row = |load: &Load| vec![load.resource.clone(), load.used.to_string(), format!("of {} slots", load.of)];
            table(f, &[1], &self.loads.iter().map(row).collect::<Vec<_>>())?;
        }
        match self.greedy.worth {
            Some(worth) => writeln!(f, "\nTask by task, the tightest first, it would have been {}.", points(worth))?,
            None => writeln!(f, "\nTask by task, the tightest first, there would have been no place for {}.", list(&self.greedy.stuck))?,
        }
        #[expect(clippy::cast_possible_truncation, reason = "gains are whole and at most some 10^11")]
        reliefs(f, &self.reliefs, |gain| points(gain as i64))
    }
}
