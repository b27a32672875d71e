//! Tasks on their places, and which places are still free.

use super::{Rule, Schedule};

/// What of a schedule is looked at: the other tasks and rules are as if they were not there.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) tasks: Vec<bool>,
    pub(super) rules: Vec<bool>,
}

impl Part {
    pub(super) fn all(schedule: &Schedule) -> Part {
        Part { tasks: vec![true; schedule.input.tasks.len()], rules: vec![true; schedule.rules.len()] }
    }

    /// The required tasks alone: what cannot be left out.
    pub(super) fn required(schedule: &Schedule) -> Part {
        Part { tasks: (0..schedule.input.tasks.len()).map(|task| schedule.is_required(task)).collect(), ..Part::all(schedule) }
    }
}

/// Tasks on places.
#[derive(Debug, Clone)]
pub(super) struct Board<'a> {
    pub(super) schedule: &'a Schedule,
    pub(super) part: &'a Part,
    /// The place of each task.
    pub(super) placed: Vec<Option<usize>>,
    /// How many placed tasks, or full slots of resources, are in the way of each place.
    pub(super) blocked: Vec<u32>,
    /// How many free places each task has.
    pub(super) free: Vec<usize>,
    /// Of each rule that is a resource, how many tasks have it in each slot.
    used: Vec<Vec<u32>>,
    pub(super) worth: i64,
    /// How much was done, for limits.
    pub(super) work: u64,
}

impl<'a> Board<'a> {
    pub(super) fn new(schedule: &'a Schedule, part: &'a Part) -> Board<'a> {
        let used = schedule.rules.iter().map(|rule| match rule {
            Rule::Resource { .. } => vec![0; schedule.slots()],
            Rule::Clash(..) | Rule::Order { .. } => Vec::new(),
        });
        let mut board = Board {
            schedule,
            part,
            placed: vec![None; schedule.input.tasks.len()],
            blocked: vec![0; schedule.places.len()],
            free: schedule.of_task.iter().map(ExactSizeIterator::len).collect(),
            used: used.collect(),
            worth: 0,
            work: 0,
        };
        for rule in (0..schedule.rules.len()).filter(|rule| part.rules[*rule]) {
            // A resource for nobody is full from the beginning.
            if let Rule::Resource { capacity: 0, .. } = schedule.rules[rule] {
                (0..schedule.slots()).for_each(|slot| board.block_slot(rule, slot, true));
            }
        }
        board
    }

    /// Puts a task on a place, or takes it away.
    pub(super) fn turn(&mut self, place: usize) {
        let schedule = self.schedule;
        let task = schedule.places[place].task;
        let entering = self.placed[task].is_none();
        self.placed[task] = entering.then_some(place);
        self.worth += if entering { schedule.places[place].worth } else { -schedule.places[place].worth };
        for (other, rule) in &schedule.related[task] {
            if self.part.rules[*rule] && self.part.tasks[*other] {
                for theirs in schedule.of_task[*other].clone() {
                    if !schedule.keeps(*rule, place, theirs) {
                        self.block(theirs, entering);
                    }
                }
                self.work += schedule.of_task[*other].len() as u64;
            }
        }
        for rule in schedule.uses[task].iter().filter(|rule| self.part.rules[**rule]) {
            let Rule::Resource { capacity, .. } = &schedule.rules[*rule] else { continue };
            for slot in schedule.covers(place) {
                let used = &mut self.used[*rule][slot];
                let before = *used;
                *used = if entering { before + 1 } else { before - 1 };
                if before.max(*used) == *capacity {
                    self.block_slot(*rule, slot, entering);
                }
            }
        }
        self.work += 1;
    }

    /// A slot of a resource has become full, or is so no longer.
    fn block_slot(&mut self, rule: usize, slot: usize, entering: bool) {
        let schedule = self.schedule;
        let Rule::Resource { users, .. } = &schedule.rules[rule] else { return };
        for user in users.iter().filter(|user| self.part.tasks[**user]) {
            for place in schedule.of_task[*user].clone().filter(|place| schedule.covers(*place).contains(&slot)) {
                self.block(place, entering);
            }
            self.work += schedule.of_task[*user].len() as u64;
        }
    }

    fn block(&mut self, place: usize, entering: bool) {
        let task = self.schedule.places[place].task;
        if entering {
            self.blocked[place] += 1;
            self.free[task] -= usize::from(self.blocked[place] == 1);
        } else {
            self.blocked[place] -= 1;
            self.free[task] += usize::from(self.blocked[place] == 0);
        }
    }

    /// The free place of a task that is worth most.
    pub(super) fn best_free(&self, task: usize) -> Option<usize> {
        self.schedule.of_task[task].clone().find(|place| self.blocked[*place] == 0)
    }

    /// The tasks in the way of a place, each with the rule.
    pub(super) fn in_the_way(&self, place: usize) -> Vec<(usize, usize)> {
        let schedule = self.schedule;
        let task = schedule.places[place].task;
        let mut found = Vec::new();
        for (other, rule) in schedule.related[task].iter().filter(|(_, rule)| self.part.rules[*rule]) {
            if self.placed[*other].is_some_and(|theirs| !schedule.keeps(*rule, place, theirs)) {
                found.push((*other, *rule));
            }
        }
        for rule in schedule.uses[task].iter().filter(|rule| self.part.rules[**rule]) {
            let Rule::Resource { capacity, users, .. } = &schedule.rules[*rule] else { continue };
            let is_full = |slot: &usize| self.used[*rule][*slot] >= *capacity;
            for user in users.iter().filter(|user| **user != task) {
                let theirs = self.placed[*user].map_or(0..0, |theirs| schedule.covers(theirs));
                if schedule.covers(place).filter(is_full).any(|slot| theirs.contains(&slot)) {
                    found.push((*user, *rule));
                }
            }
        }
        found
    }

    /// How many slots of a resource are taken, over all that it has.
    pub(super) fn load(&self, rule: usize) -> u64 {
        self.used[rule].iter().map(|used| u64::from(*used)).sum()
    }

    /// The tasks of the part that are not placed, required ones first, then those with the fewest free places.
    pub(super) fn next(&self, left: &[bool]) -> Option<usize> {
        let open = (0..left.len()).filter(|task| self.part.tasks[*task] && self.placed[*task].is_none() && !left[*task]);
        open.min_by_key(|task| (!self.schedule.is_required(*task), self.free[*task]))
    }

    /// Moves tasks, and places optional ones, where that is worth more, until nothing is.
    pub(super) fn improve(&mut self) {
        let mut better = true;
        while better {
            better = false;
            for task in (0..self.placed.len()).filter(|task| self.part.tasks[*task]) {
                let before = self.placed[task];
                if let Some(place) = before {
                    self.turn(place);
                }
                // Required tasks are put back at the latest where they were.
                let worth = |place: Option<usize>| place.map_or(0, |place| self.schedule.places[place].worth);
                let best = self.best_free(task);
                let stays = !self.schedule.is_required(task) && worth(best) <= 0;
                let after = if worth(best) > worth(before) || (before.is_none() && !stays) { best } else { before };
                let after = if stays && worth(before) < 0 { None } else { after };
                better |= worth(after) > worth(before) && after != before;
                if let Some(place) = after {
                    self.turn(place);
                }
            }
        }
    }

    /// Whether all required tasks are placed.
    pub(super) fn is_complete(&self) -> bool {
        (0..self.placed.len()).all(|task| !self.part.tasks[task] || !self.schedule.is_required(task) || self.placed[task].is_some())
    }
}
