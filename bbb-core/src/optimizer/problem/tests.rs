/// The most that any plan is worth, by looking at all of them: each of so many tasks has one of so many choices, or none. `worth` knows plans that break no rule.
pub(super) fn best_of_all(tasks: usize, choices: usize, worth: impl Fn(&[Option<usize>]) -> Option<i64>) -> Option<i64> {
    let plan = |mut number: usize| -> Vec<Option<usize>> {
        (0..tasks)
            .map(|_| {
                let own = number % (choices + 1);
                number /= choices + 1;
                own.checked_sub(1)
            })
            .collect()
    };
    let all = (choices + 1).pow(u32::try_from(tasks).expect("small"));
    (0..all).filter_map(|number| worth(&plan(number))).max()
}
