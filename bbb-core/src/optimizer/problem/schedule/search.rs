//! Finding a schedule: greedily, by search with forward checking, and through a QUBO.

use super::board::{Board, Part};
use super::conflict::too_much;
use super::{CERTIFIED, Rule, Schedule};
use crate::optimizer::model::constraint::{ConstraintError, Model};
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::problem::qubo;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::{self, Params, Progress, Run};

/// What the search may take where there are more than [`CERTIFIED`] places, in looks at places.
const WORK: u64 = 1 << 25;
/// What it may take to say what a wider limit would bring.
const RELIEF_WORK: u64 = 1 << 22;
/// How often the clock is asked, in nodes.
const NODES_PER_ASK: u64 = 1 << 8;
/// The most exclusions of a QUBO.
const MAX_PAIRS: usize = 1 << 20;
/// How many states of the sampler are repaired.
const REPAIRED: usize = 16;
/// Moves of a repair, for each task.
const MOVES: usize = 100;

/// What a search found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The place of each task.
    pub(super) placed: Vec<Option<usize>>,
    /// What greed found, and the tasks where it was stuck.
    pub(super) greedy: Vec<Option<usize>>,
    pub(super) optimal: bool,
    pub(super) solver: String,
}

/// What came of it.
pub(super) enum Answer {
    Found(Found),
    /// There is none.
    None,
    /// None was found; this is what could be placed.
    Unknown(Vec<Option<usize>>),
}

pub(super) fn solve(schedule: &Schedule, params: &Params, run: &Run<'_>) -> Result<Answer, sampler::Error> {
    let part = Part::all(schedule);
    if too_much(schedule, &Part::required(schedule)) {
        return Ok(Answer::None);
    }
    let greedy = greedy(schedule, &part);
    let mut best = Best::default();
    best.take(greedy.clone());
    let mut improved = greedy.clone();
    improved.improve();
    best.take(improved);
    let ended = exact(schedule, &part, &mut best, WORK, run);
    let mut solver = "search".to_owned();
    let mut last = greedy.placed.clone();
    if !ended {
        let worth = best.worth();
        let found = by_qubo(schedule, &part, params, run)?;
        if let Some((boards, name)) = found {
            for board in boards {
                if board.placed.iter().flatten().count() > last.iter().flatten().count() {
                    last.clone_from(&board.placed);
                }
                best.take(board);
            }
            if best.worth() != worth {
                solver = name;
            }
        }
        if best.placed.is_none() {
            let mut board = greedy.clone();
            repair(&mut board, &mut Random::new(params.seed, 21), run);
            best.take(board);
        }
    }
    let greedy = greedy.placed;
    Ok(match best.placed {
        Some(placed) => Answer::Found(Found { placed, greedy, optimal: ended, solver }),
        None if ended => Answer::None,
        None => Answer::Unknown(last),
    })
}

/// The best schedule so far.
#[derive(Debug, Default)]
pub(super) struct Best {
    pub(super) placed: Option<Vec<Option<usize>>>,
    worth: i64,
}

impl Best {
    /// What it is worth, if there is one.
    fn worth(&self) -> Option<i64> {
        self.placed.as_ref().map(|_| self.worth)
    }

    fn take(&mut self, board: Board<'_>) {
        if board.is_complete() {
            self.offer(board.worth, &board.placed);
        }
    }

    fn offer(&mut self, worth: i64, placed: &[Option<usize>]) {
        if self.placed.is_none() || worth > self.worth {
            (self.placed, self.worth) = (Some(placed.to_vec()), worth);
        }
    }
}

/// Always the task with the fewest places left, on the one that is worth most; required ones first. What has no place is left out.
fn greedy<'a>(schedule: &'a Schedule, part: &'a Part) -> Board<'a> {
    let mut board = Board::new(schedule, part);
    fill(&mut board);
    board
}

fn fill(board: &mut Board<'_>) {
    let mut left = vec![false; board.placed.len()];
    while let Some(task) = board.next(&left) {
        let is_worth = |place: &usize| board.schedule.is_required(task) || board.schedule.places[*place].worth > 0;
        match board.best_free(task).filter(is_worth) {
            Some(place) => board.turn(place),
            None => left[task] = true,
        }
    }
}

/// Searches all schedules of a part that could be better, or as many as so much work allows; whether those were all.
pub(super) fn exact(schedule: &Schedule, part: &Part, best: &mut Best, work: u64, run: &Run<'_>) -> bool {
    let limit = if schedule.places.len() <= CERTIFIED { u64::MAX } else { work };
    descend(schedule, part, best, limit, run)
}

/// Whether it is proved, with so much work, that the tasks of a part cannot be placed.
pub(super) fn is_impossible(schedule: &Schedule, part: &Part, run: &Run<'_>) -> bool {
    if too_much(schedule, part) {
        return true;
    }
    let mut best = Best::default();
    descend(schedule, part, &mut best, RELIEF_WORK, run) && best.placed.is_none()
}

/// Goes through the tree of all schedules; whether it came to an end within the limit.
fn descend(schedule: &Schedule, part: &Part, best: &mut Best, limit: u64, run: &Run<'_>) -> bool {
    let left = vec![false; schedule.input.tasks.len()];
    let mut tree = Tree { board: Board::new(schedule, part), left, best, limit, nodes: 0, stopped: false, run };
    tree.descend();
    !tree.stopped
}

struct Tree<'a, 'b, 'r> {
    board: Board<'a>,
    /// Optional tasks that are left out.
    left: Vec<bool>,
    best: &'b mut Best,
    limit: u64,
    nodes: u64,
    stopped: bool,
    run: &'b Run<'r>,
}

impl Tree<'_, '_, '_> {
    fn descend(&mut self) {
        self.nodes += 1;
        let progress = Progress { sweeps: self.nodes, energy: None };
        if self.board.work > self.limit || (self.nodes.is_multiple_of(NODES_PER_ASK) && self.run.stop.should_stop(progress)) {
            self.stopped = true;
        }
        let hope = self.hope();
        if self.stopped || hope.is_none_or(|hope| self.best.worth().is_some_and(|worth| hope <= worth)) {
            return;
        }
        let Some(task) = self.board.next(&self.left) else {
            return self.best.offer(self.board.worth, &self.board.placed);
        };
        for place in self.board.schedule.of_task[task].clone() {
            if self.board.blocked[place] == 0 {
                self.board.turn(place);
                self.descend();
                self.board.turn(place);
            }
            if self.stopped {
                return;
            }
        }
        if !self.board.schedule.is_required(task) {
            self.left[task] = true;
            self.descend();
            self.left[task] = false;
        }
    }

    /// What no schedule exceeds that goes on from here; none where a required task has no place left.
    fn hope(&mut self) -> Option<i64> {
        let board = &self.board;
        let mut hope = board.worth;
        let open = (0..self.left.len()).filter(|task| board.part.tasks[*task] && board.placed[*task].is_none() && !self.left[*task]);
        for task in open {
            let best = board.best_free(task).map(|place| board.schedule.places[place].worth);
            hope += if board.schedule.is_required(task) { best? } else { best.unwrap_or(0).max(0) };
        }
        self.board.work += self.left.len() as u64;
        Some(hope)
    }
}

/// Puts tasks that have no place where least is in the way, and what was there elsewhere, until all required ones have one, or for so many moves.
fn repair(board: &mut Board<'_>, random: &mut Random, run: &Run<'_>) {
    let schedule = board.schedule;
    let n = board.placed.len();
    // What was moved often is moved less: that leads out of circles.
    let mut moved = vec![1_usize; n];
    for step in 0..MOVES * n {
        let progress = Progress { sweeps: step as u64, energy: None };
        let open: Vec<usize> = (0..n).filter(|task| schedule.is_required(*task) && board.placed[*task].is_none()).collect();
        if open.is_empty() || (step.is_multiple_of(16) && run.stop.should_stop(progress)) {
            break;
        }
        let task = open[random.below(open.len())];
        let price = |place: usize| -> usize {
            board.in_the_way(place).iter().map(|(other, _)| if schedule.is_required(*other) { moved[*other] } else { 0 }).sum()
        };
        let prices: Vec<usize> = schedule.of_task[task].clone().map(price).collect();
        let Some(least) = prices.iter().min() else { break };
        let cheapest: Vec<usize> =
            schedule.of_task[task].clone().zip(&prices).filter(|(_, price)| *price == least).map(|(place, _)| place).collect();
        let place = cheapest[random.below(cheapest.len())];
        // One at a time: the first may have been in the way by several rules, or have made room for the others.
        while board.blocked[place] > 0 {
            let way = board.in_the_way(place);
            let Some((other, theirs)) = way.iter().find_map(|(other, _)| Some((*other, board.placed[*other]?))) else { break };
            board.turn(theirs);
            moved[other] += 1;
        }
        if board.blocked[place] == 0 {
            board.turn(place);
        }
    }
    fill(board);
    board.improve();
}

/// Searches through a QUBO: what the sampler finds, repaired, and its name; none where that would be too large.
pub(super) fn by_qubo<'a>(
    schedule: &'a Schedule,
    part: &'a Part,
    params: &Params,
    run: &Run<'_>,
) -> Result<Option<(Vec<Board<'a>>, String)>, sampler::Error> {
    let pairs = exclusions(schedule);
    if pairs.len() > MAX_PAIRS {
        return Ok(None);
    }
    let (_, found) = qubo::sample("schedule", model(schedule, &pairs), params, run)?;
    let mut boards = Vec::new();
    for (number, row) in found.rows.iter().take(REPAIRED).enumerate() {
        let mut board = Board::new(schedule, part);
        for (place, value) in row.state.iter().take(schedule.places.len()).enumerate() {
            if *value == 1 && board.blocked[place] == 0 && board.placed[schedule.places[place].task].is_none() {
                board.turn(place);
            }
        }
        repair(&mut board, &mut Random::new(params.seed, 100 + number as u64), run);
        boards.push(board);
    }
    Ok(Some((boards, found.effort.solver)))
}

/// Pairs of places that cannot be together by a clash, an order, or a resource for one. At most one more than a QUBO may have.
fn exclusions(schedule: &Schedule) -> Vec<(usize, usize, usize)> {
    let mut pairs = Vec::new();
    let overlap = |one: usize, other: usize| {
        let (a, b) = (schedule.covers(one), schedule.covers(other));
        a.start < b.end && b.start < a.end
    };
    for (number, rule) in schedule.rules.iter().enumerate() {
        let related: Vec<(usize, usize)> = match rule {
            Rule::Clash(one, other) | Rule::Order { first: one, then: other } => vec![(*one, *other)],
            Rule::Resource { capacity: 1, users, .. } => {
                users.iter().enumerate().flat_map(|(at, one)| users[at + 1..].iter().map(move |other| (*one, *other))).collect()
            }
            Rule::Resource { .. } => Vec::new(),
        };
        let is_resource = matches!(rule, Rule::Resource { .. });
        for (one, other) in related {
            for a in schedule.of_task[one].clone() {
                let theirs = schedule.of_task[other].clone();
                pairs.extend(
                    theirs.filter(|b| if is_resource { overlap(a, *b) } else { !schedule.keeps(number, a, *b) }).map(|b| (a, b, number)),
                );
                if pairs.len() > MAX_PAIRS {
                    return pairs;
                }
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup_by_key(|(one, other, _)| (*one, *other));
    pairs
}

fn model(schedule: &Schedule, pairs: &[(usize, usize, usize)]) -> Result<Model, ConstraintError> {
    #[expect(clippy::cast_precision_loss, reason = "at most some 10^11")]
    let real = |points: i64| points as f64;
    let mut objective = Bqm::builder(Vartype::Binary).variables(schedule.places.len());
    for (at, place) in schedule.places.iter().enumerate() {
        objective.add_linear(at, -real(place.worth));
    }
    let mut model = Model::new(&objective.build()?)?;
    for (task, places) in schedule.of_task.iter().enumerate() {
        let places: Vec<usize> = places.clone().collect();
        let least = i64::from(schedule.is_required(task));
        model.cardinality(schedule.name(task), &places, least, 1)?;
    }
    for (one, other, rule) in pairs {
        model.cardinality(&schedule.told(*rule), &[*one, *other], 0, 1)?;
    }
    for rule in &schedule.rules {
        let Rule::Resource { name, capacity, users } = rule else { continue };
        for slot in (0..schedule.slots()).filter(|_| *capacity != 1) {
            let covering: Vec<(usize, i64)> = users
                .iter()
                .flat_map(|user| schedule.of_task[*user].clone())
                .filter(|place| schedule.covers(*place).contains(&slot))
                .map(|place| (place, 1))
                .collect();
            if users.len() > *capacity as usize && !covering.is_empty() {
                model.at_most(&format!("{name} in slot {slot}"), &covering, i64::from(*capacity))?;
            }
        }
    }
    // Just more than any one place can bring, so that the sampler still sees what places are worth; what is broken for their sake is repaired.
    let largest = schedule.places.iter().map(|place| place.worth.abs()).max().unwrap_or(0);
    model.set_penalty(real(largest) + 1.0)?;
    Ok(model)
}

/// What the best schedule of another question is worth, that is no worse than one of so much; and whether that is exact.
pub(super) fn resolve(schedule: &Schedule, run: &Run<'_>) -> (Option<i64>, bool) {
    let part = Part::all(schedule);
    let mut best = Best::default();
    let mut board = greedy(schedule, &part);
    board.improve();
    best.take(board);
    let ended = exact(schedule, &part, &mut best, RELIEF_WORK, run);
    (best.worth(), ended)
}
