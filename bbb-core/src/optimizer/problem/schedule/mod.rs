//! What is done when: tasks of so many slots in the slots of a week, within windows, in order, without clashes, and with resources for so many at once.
//!
//! Places are a QUBO: a variable for each task and each slot in which it could begin, of which exactly one is 1 (at most one where the task is optional), exclusions between places that cannot be
//! together, and an inequality for each slot of a resource for several. A search with forward checking (Haralick and Elliott, "Increasing tree search efficiency for constraint satisfaction problems", 1980)
//! comes first; with up to [`CERTIFIED`] places it goes to its end, with more as far as its limit, and where it ends it proves that nothing is better, or that there is no schedule. Where it does not,
//! the QUBO is given to [`Auto`](crate::optimizer::sampler::auto::Auto); what it finds is repaired by moving what is in the way (Müller, "Constraint-based timetabling", 2005).
//!
//! Where there is no schedule, tasks and rules are left out one after the other as long as the rest is still impossible; what remains is a conflict of which nothing can be spared. Where
//! none is found and none excluded, the answer is `Unknown`, with the rules that were in the way.

mod board;
mod conflict;
mod explain;
mod search;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use self::explain::{Explanation, Greedy, LeftOut, Load, Placed};
use super::answer::{Invalid, Outcome};
use super::check;
use crate::optimizer::sampler::{self, Params, Run};

/// The most tasks.
pub const MAX_TASKS: usize = 200;
/// The most slots of all days.
pub const MAX_SLOTS: usize = 2000;
/// The most places: slots in which tasks could begin, over all tasks.
pub const MAX_PLACES: usize = 8000;
/// Up to so many places the answer is proved, however long that takes.
pub const CERTIFIED: usize = 24;
/// The largest magnitude of a value or a bonus.
pub const MAX_POINTS: i64 = 1_000_000_000;
/// The most resources, and the most entries of a task's lists.
const MAX_ENTRIES: usize = 200;

/// Slots of a day, in one day or in every one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The day; none for every day.
    #[serde(default)]
    pub day: Option<String>,
    /// The first slot of the day, from 0.
    pub from: u32,
    /// The slot after the last one.
    pub to: u32,
}

/// A window that is liked, or, below 0, is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// The window in which all of the task is to lie.
    pub window: Window,
    /// How many points that is worth.
    pub bonus: i64,
}

/// One task. It lies in one day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name, unlike all others.
    pub name: String,
    /// How many slots it takes.
    pub slots: u32,
    /// Windows of which one must hold all of it; anywhere, where there are none.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// What is liked.
    #[serde(default)]
    pub prefer: Vec<Preference>,
    /// The resources that it takes, one of each.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The tasks that must have ended before it begins, as far as they are done at all.
    #[serde(default)]
    pub after: Vec<String>,
    /// Whether it can be left out.
    #[serde(default)]
    pub optional: bool,
    /// How many points it is worth when it is done.
    #[serde(default)]
    pub value: i64,
}

/// Something that several tasks need: a room, a person, a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its name, unlike all others.
    pub name: String,
    /// For how many tasks at once.
    pub capacity: u32,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The days, by name, in order.
    pub days: Vec<String>,
    /// When a day begins, in minutes after midnight.
    pub day_start_minute: u32,
    /// How long a slot is, in minutes.
    pub slot_minutes: u32,
    /// How many slots a day has.
    pub slots_per_day: u32,
    /// What is to be done, at most [`MAX_TASKS`].
    pub tasks: Vec<Task>,
    /// What they need.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Pairs of tasks that cannot be at the same time.
    #[serde(default)]
    pub clashes: Vec<[String; 2]>,
}

/// Where a task could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    task: usize,
    /// The slot in which it begins, counted over all days.
    start: usize,
    /// What it is worth there.
    worth: i64,
}

/// What a schedule must keep, beside the places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Clash(usize, usize),
    Order { first: usize, then: usize },
    Resource { name: String, capacity: u32, users: Vec<usize> },
}

/// A question that keeps the rules of its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    input: Input,
    /// By task; of one task those that are worth most first.
    places: Vec<Place>,
    of_task: Vec<Range<usize>>,
    rules: Vec<Rule>,
    /// Of each task the others that it has a rule with, and the rule.
    related: Vec<Vec<(usize, usize)>>,
    /// Of each task the rules of its resources.
    uses: Vec<Vec<usize>>,
}

/// What is to be done when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timetable {
    /// Of each task, in the order of the input, the slot in which it begins, counted from 0 over all days; none where it is left out.
    pub starts: Vec<Option<usize>>,
    /// The points of values and bonuses.
    pub worth: i64,
    /// Whether it is proved that no schedule is worth more.
    pub optimal: bool,
    /// What found it: `search`, or the sampler.
    pub solver: String,
    /// Why.
    pub explanation: Explanation,
}

impl Schedule {
    /// Checks an input.
    ///
    /// # Errors
    /// [`Invalid`] names the field and the rule.
    pub fn new(input: Input) -> Result<Schedule, Invalid> {
        check::names("days", &input.days)?;
        let whole = |field: &str, value: u32, most: u32| match value {
            1.. if value <= most => Ok(()),
            _ => Err(Invalid::new(field, format!("must be from 1 to {most}, and is {value}"))),
        };
        whole("slot_minutes", input.slot_minutes, 1440)?;
        whole("slots_per_day", input.slots_per_day, 1440)?;
        let ends = input.slots_per_day.saturating_mul(input.slot_minutes).saturating_add(input.day_start_minute);
        if ends > 1440 {
            return Err(Invalid::new("slots_per_day", format!("makes the day end {ends} minutes after midnight: a day has 1440")));
        }
        check::count("slots of all days, which", input.days.len() * input.slots_per_day as usize, MAX_SLOTS)?;
        check::count("tasks", input.tasks.len(), MAX_TASKS)?;
        check::count("resources", input.resources.len(), MAX_ENTRIES)?;
        let tasks = check::names("tasks", input.tasks.iter().map(|task| &task.name))?;
        let resources = check::names("resources", input.resources.iter().map(|resource| &resource.name))?;
        check::count("clashes", input.clashes.len(), MAX_TASKS * MAX_TASKS)?;
        let mut pairs = Vec::new();
        for (at, names) in input.clashes.iter().enumerate() {
            let (one, other) = check::pair(&format!("clashes[{at}]"), names, &tasks, "task")?;
            pairs.push(Rule::Clash(one, other));
        }
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); resources.len()];
        for (at, task) in input.tasks.iter().enumerate() {
            check_task(&input, at, task)?;
            for (number, name) in task.resources.iter().enumerate() {
                let resource = check::place(&format!("tasks[{at}].resources[{number}]"), name, &resources, "resource")?;
                if !users[resource].contains(&at) {
                    users[resource].push(at);
                }
            }
            for (number, name) in task.after.iter().enumerate() {
                let field = format!("tasks[{at}].after[{number}]");
                let first = check::place(&field, name, &tasks, "task")?;
                if first == at {
                    return Err(Invalid::new(field, "names the task itself"));
                }
                pairs.push(Rule::Order { first, then: at });
            }
        }
        let mut seen = BTreeSet::new();
        pairs.retain(|rule| seen.insert(rule.clone()));
        let mut rules = pairs;
        let shared = input.resources.iter().zip(users);
        rules.extend(shared.map(|(of, users)| Rule::Resource { name: of.name.clone(), capacity: of.capacity, users }));
        let schedule = Schedule::with_rules(input, rules);
        check::count("places of all tasks, which", schedule.places.len(), MAX_PLACES)?;
        Ok(schedule)
    }

    fn with_rules(input: Input, rules: Vec<Rule>) -> Schedule {
        let n = input.tasks.len();
        let (mut places, mut of_task) = (Vec::new(), Vec::new());
        for task in 0..n {
            let begin = places.len();
            places.extend(places_of(&input, task));
            of_task.push(begin..places.len());
        }
        let (mut related, mut uses) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        for (number, rule) in rules.iter().enumerate() {
            match rule {
                Rule::Clash(one, other) | Rule::Order { first: one, then: other } => {
                    related[*one].push((*other, number));
                    related[*other].push((*one, number));
                }
                Rule::Resource { users, .. } => users.iter().for_each(|user| uses[*user].push(number)),
            }
        }
        Schedule { input, places, of_task, rules, related, uses }
    }

    /// Finds the best schedule, or a good one. Parameters are those of the sampler, where one is needed.
    ///
    /// # Errors
    /// Where the parameters break a rule.
    pub fn solve(&self, params: &Params, run: &Run<'_>) -> Result<Outcome<Timetable>, sampler::Error> {
        Ok(match search::solve(self, params, run)? {
            search::Answer::Found(found) => Outcome::Solved(explain::timetable(self, &found, run)),
            search::Answer::None => Outcome::Infeasible(conflict::proof(self, run)),
            search::Answer::Unknown(placed) => Outcome::Unknown(conflict::obstacles(self, &placed)),
        })
    }

    /// The slots that a task takes from a start on.
    fn covers(&self, place: usize) -> Range<usize> {
        let Place { task, start, .. } = self.places[place];
        start..start + self.input.tasks[task].slots as usize
    }

    /// Whether two places of tasks that a clash or an order relates keep it.
    fn keeps(&self, rule: usize, one: usize, other: usize) -> bool {
        let (a, b) = (self.covers(one), self.covers(other));
        match &self.rules[rule] {
            Rule::Clash(..) => a.end <= b.start || b.end <= a.start,
            Rule::Order { first, .. } if self.places[one].task == *first => a.end <= b.start,
            Rule::Order { .. } => b.end <= a.start,
            Rule::Resource { .. } => true,
        }
    }

    fn slots(&self) -> usize {
        self.input.days.len() * self.input.slots_per_day as usize
    }

    fn name(&self, task: usize) -> &str {
        &self.input.tasks[task].name
    }

    fn is_required(&self, task: usize) -> bool {
        !self.input.tasks[task].optional
    }

    /// A rule in words.
    fn told(&self, rule: usize) -> String {
        match &self.rules[rule] {
            Rule::Clash(one, other) => format!("{} and {} clash", self.name(*one), self.name(*other)),
            Rule::Order { first, then } => format!("{} comes after {}", self.name(*then), self.name(*first)),
            Rule::Resource { name, capacity, .. } => format!("{name} is for {capacity} at once"),
        }
    }

    fn worth(&self, placed: &[Option<usize>]) -> i64 {
        placed.iter().flatten().map(|place| self.places[*place].worth).sum()
    }
}

fn check_task(input: &Input, at: usize, task: &Task) -> Result<(), Invalid> {
    let field = |name: &str| format!("tasks[{at}].{name}");
    if task.slots == 0 {
        return Err(Invalid::new(field("slots"), "must be at least 1"));
    }
    for (name, count) in
        [("windows", task.windows.len()), ("prefer", task.prefer.len()), ("resources", task.resources.len()), ("after", task.after.len())]
    {
        check::count(&field(name), count, MAX_ENTRIES)?;
    }
    let points = |field: String, points: i64| match points.checked_abs() {
        Some(..=MAX_POINTS) => Ok(()),
        _ => Err(Invalid::new(field, format!("must be at most {MAX_POINTS} in magnitude, and is {points}"))),
    };
    points(field("value"), task.value)?;
    let days: BTreeMap<&str, usize> = input.days.iter().enumerate().map(|(at, day)| (day.as_str(), at)).collect();
    let window = |field: String, window: &Window| {
        if let Some(day) = &window.day {
            check::place(&format!("{field}.day"), day, &days, "day")?;
        }
        if window.from >= window.to || window.to > input.slots_per_day {
            let rule = format!(
                "must go from a slot to a later one, of the {} of a day, not from {} to {}",
                input.slots_per_day, window.from, window.to
            );
            return Err(Invalid::new(field, rule));
        }
        Ok(())
    };
    for (number, own) in task.windows.iter().enumerate() {
        window(field(&format!("windows[{number}]")), own)?;
    }
    for (number, own) in task.prefer.iter().enumerate() {
        window(field(&format!("prefer[{number}].window")), &own.window)?;
        points(field(&format!("prefer[{number}].bonus")), own.bonus)?;
    }
    Ok(())
}

/// Where a task could be, what is worth most first.
fn places_of(input: &Input, task: usize) -> Vec<Place> {
    let of = &input.tasks[task];
    let per_day = input.slots_per_day;
    let mut places = Vec::new();
    for (number, day) in input.days.iter().enumerate() {
        for from in 0..(per_day + 1).saturating_sub(of.slots) {
            let holds =
                |window: &Window| window.day.as_ref().is_none_or(|own| own == day) && window.from <= from && from + of.slots <= window.to;
            if of.windows.is_empty() || of.windows.iter().any(holds) {
                let bonus: i64 = of.prefer.iter().filter(|liked| holds(&liked.window)).map(|liked| liked.bonus).sum();
                places.push(Place { task, start: number * per_day as usize + from as usize, worth: of.value + bonus });
            }
        }
    }
    places.sort_by_key(|place| (-place.worth, place.start));
    places
}
