//! The search: tasks one after the other, each by the cheapest chain of changes that makes room for it.

use super::Assignment;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The agent of each task.
    pub(super) agents: Vec<Option<usize>>,
    /// What one more task of each agent would save at most: above 0 only where it has no room left.
    pub(super) prices: Vec<i64>,
    /// Whether prices prove that no plan is cheaper.
    pub(super) optimal: bool,
}

/// Required tasks that only these agents can do, who have room for one less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violator {
    pub(super) tasks: Vec<usize>,
    pub(super) agents: Vec<usize>,
}

pub(super) fn solve(assignment: &Assignment) -> Result<Found, Violator> {
    let mut flow = Flow::new(assignment);
    for task in 0..assignment.tasks.len() {
        flow.insert(task)?;
    }
    let optimal = flow.is_proved();
    let nobody = flow.nobody();
    let agents = flow.column.iter().map(|column| (*column != nobody).then_some(*column)).collect();
    flow.of_column.truncate(nobody);
    Ok(Found { agents, prices: flow.of_column.iter().map(|price| -price).collect(), optimal })
}

/// Tasks and columns: one for each agent, and a last one for what nobody does.
struct Flow<'a> {
    assignment: &'a Assignment,
    /// The column of each task that was inserted.
    column: Vec<usize>,
    tasks: Vec<Vec<usize>>,
    /// Prices: no task's cost in a column is below the sum of both, and that in its own column is the sum. Columns with room have 0, others no more.
    of_task: Vec<i64>,
    of_column: Vec<i64>,
}

impl<'a> Flow<'a> {
    fn new(assignment: &'a Assignment) -> Flow<'a> {
        let columns = assignment.agents.len() + 1;
        let of_task = vec![0; assignment.tasks.len()];
        Flow { assignment, column: Vec::new(), tasks: vec![Vec::new(); columns], of_task, of_column: vec![0; columns] }
    }

    fn nobody(&self) -> usize {
        self.assignment.agents.len()
    }

    /// What a task costs in a column, less its value.
    fn cost(&self, task: usize, column: usize) -> Option<i64> {
        let of = &self.assignment.tasks[task];
        if column == self.nobody() {
            return of.optional.then_some(0);
        }
        self.assignment.cost(task, column).map(|cost| cost - of.value.get())
    }

    fn has_room(&self, column: usize) -> bool {
        let capacity = self.assignment.agents.get(column).map(|agent| usize::try_from(agent.capacity).unwrap_or(usize::MAX));
        capacity.is_none_or(|capacity| self.tasks[column].len() < capacity)
    }

    /// Inserts the next task: the shortest way, by costs less prices (Dijkstra, 1959), from it to a column with room, over tasks that change columns.
    fn insert(&mut self, task: usize) -> Result<(), Violator> {
        let columns = self.tasks.len();
        let mut distance = vec![i64::MAX; columns];
        let mut reached_by = vec![task; columns];
        let mut order: Vec<usize> = Vec::new();
        let mut is_done = vec![false; columns];
        let (mut scanned, mut so_far) = (vec![task], 0);
        let end = loop {
            for from in scanned {
                for column in (0..columns).filter(|column| !is_done[*column]) {
                    let Some(cost) = self.cost(from, column) else { continue };
                    let there = so_far + cost - self.of_task[from] - self.of_column[column];
                    if there < distance[column] {
                        (distance[column], reached_by[column]) = (there, from);
                    }
                }
            }
            let nearest =
                (0..columns).filter(|column| !is_done[*column] && distance[*column] < i64::MAX).min_by_key(|column| distance[*column]);
            let Some(nearest) = nearest else {
                let tasks = order.iter().flat_map(|column| self.tasks[*column].iter().copied()).chain([task]).collect();
                return Err(Violator::new(tasks, order));
            };
            so_far = distance[nearest];
            if self.has_room(nearest) {
                break nearest;
            }
            is_done[nearest] = true;
            order.push(nearest);
            scanned = self.tasks[nearest].clone();
        };
        self.of_task[task] += so_far;
        for column in order {
            self.of_column[column] -= so_far - distance[column];
            for other in &self.tasks[column] {
                self.of_task[*other] += so_far - distance[column];
            }
        }
        let mut to = end;
        loop {
            let moving = reached_by[to];
            self.tasks[to].push(moving);
            if moving == task {
                self.column.push(to);
                return Ok(());
            }
            let from = std::mem::replace(&mut self.column[moving], to);
            self.tasks[from].retain(|other| *other != moving);
            to = from;
        }
    }

    /// Whether the prices prove that no plan is cheaper: every plan costs at least the sum of its tasks' and columns' prices, and this one costs no more.
    fn is_proved(&self) -> bool {
        let below =
            |task: usize, column: usize| self.cost(task, column).is_some_and(|cost| cost < self.of_task[task] + self.of_column[column]);
        let columns = 0..self.tasks.len();
        let fair = (0..self.column.len()).all(|task| !columns.clone().any(|column| below(task, column)));
        let tight = self
            .column
            .iter()
            .enumerate()
            .all(|(task, column)| self.cost(task, *column) == Some(self.of_task[task] + self.of_column[*column]));
        let priced = columns.clone().all(|column| self.of_column[column] <= 0 && (self.of_column[column] == 0 || !self.has_room(column)));
        let within = columns
            .clone()
            .all(|column| self.has_room(column) || self.tasks[column].len() == self.assignment.agents[column].capacity as usize);
        fair && tight && priced && within
    }
}

impl Violator {
    fn new(mut tasks: Vec<usize>, mut agents: Vec<usize>) -> Violator {
        tasks.sort_unstable();
        agents.sort_unstable();
        Violator { tasks, agents }
    }
}

/// The pair first that costs least beyond the task's value, and so on, as far as there is room; optional tasks only where they are worth their cost.
pub(super) fn greedy(assignment: &Assignment) -> Vec<Option<usize>> {
    let mut room: Vec<u32> = assignment.agents.iter().map(|agent| agent.capacity).collect();
    let mut pairs: Vec<(i64, usize, usize)> = Vec::new();
    for (task, of) in assignment.tasks.iter().enumerate() {
        let costs = (0..room.len()).filter_map(|agent| Some((assignment.cost(task, agent)? - of.value.get(), task, agent)));
        pairs.extend(costs.filter(|(cost, _, _)| !of.optional || *cost < 0));
    }
    pairs.sort_unstable();
    let mut agents = vec![None; assignment.tasks.len()];
    for (_, task, agent) in pairs {
        if agents[task].is_none() && room[agent] > 0 {
            agents[task] = Some(agent);
            room[agent] -= 1;
        }
    }
    agents
}
