//! The bounds of the engine: every queue, loop, retry and payload has one here, with its unit.

/// The most characters of a concept, a post, a headline, a label.
pub const MAX_TEXT_CHARS: usize = 20_000;
/// The most entries of a list inside one action.
pub const MAX_BATCH: usize = 100;
/// The most proposals that one decision may make.
pub const MAX_PROPOSALS_PER_DECISION: usize = 64;
/// The most tasks that one plan may create.
pub const MAX_TASKS_PER_PLAN: usize = 32;
/// The most tasks of one kind that may be created in one day of a business: what keeps adaptive plans from running in circles.
pub const MAX_TASKS_PER_KIND_PER_DAY: u32 = 8;
/// The most open tasks that a business may have.
pub const MAX_OPEN_TASKS: usize = 256;
/// The most tasks that one role works on in one round.
pub const MAX_TASKS_PER_ROLE_PER_ROUND: usize = 8;
/// Attempts after which a task fails for good.
pub const MAX_TASK_ATTEMPTS: u32 = 3;
/// Attempts after which an effect without a receipt is given up.
pub const MAX_EFFECT_ATTEMPTS: u32 = 5;
/// The wait before an effect's second attempt, in milliseconds; it doubles each time.
pub const EFFECT_BACKOFF_MS: i64 = 60_000;
/// How long an effect may take where its port says nothing else, in milliseconds of real time: ten minutes.
pub const MAX_EFFECT_MS: u64 = 600_000;
/// The wait before a task's second attempt, in milliseconds; it doubles each time.
pub const TASK_BACKOFF_MS: i64 = 3_600_000;
/// The wait before a failed agent is restarted, in milliseconds; it doubles each time up to [`MAX_RESTART_BACKOFF_MS`].
pub const RESTART_BACKOFF_MS: i64 = 1_000;
/// The longest wait before a failed agent is restarted, in milliseconds.
pub const MAX_RESTART_BACKOFF_MS: i64 = 3_600_000;
/// Model answers that may be repaired per task before the task's attempt fails, and per text before the reviewer counts as silent.
pub const MAX_REPAIRS: usize = 2;
/// Model calls that one attempt at a task may make, repairs included.
pub const MAX_MODEL_CALLS_PER_ATTEMPT: u32 = 30;
/// The most bytes of one question to a model, all its messages and the schema of its answer: 32 KiB. What is longer is not asked, and the playbook decides.
pub const MAX_QUESTION_BYTES: usize = 32 * 1024;
/// Contacts that one attempt at a task may ask a model about.
pub const MAX_CONTACTS_PER_THOUGHT: usize = 10;
/// The most characters of a text that the reviewer is asked about; a longer one is its owner's to judge.
pub const MAX_REVIEWED_CHARS: usize = 10_000;
/// Opinions of the reviewer that a state remembers by the content's digest, so that the same text is not asked about again.
pub const MAX_KEPT_OPINIONS: usize = 256;
/// How long an escalation waits for its owner before it becomes a veto, in milliseconds: seven days.
pub const APPROVAL_TTL_MS: i64 = 7 * 24 * 3_600_000;
/// The same in a simulated world, whose owner answers within a day or not at all.
pub const SIMULATED_APPROVAL_TTL_MS: i64 = 24 * 3_600_000;
/// The most rounds that may pass at one point in time before the business is paused as running in circles.
pub const MAX_ROUNDS_PER_INSTANT: u32 = 64;
/// The most contacts that one business keeps.
pub const MAX_CONTACTS: usize = 100_000;
/// The most bytes of one event's payload: 1 MiB.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// The most events of one append; a launch with its leads is one.
pub const MAX_EVENTS_PER_APPEND: usize = 16_384;
/// The most bytes of one append's records: 64 MiB.
pub const MAX_APPEND_BYTES: usize = 64 * 1024 * 1024;
/// Days of history rows that a state keeps; older ones stay in the journal.
pub const MAX_HISTORY_DAYS: usize = 3_660;
/// Finished tasks that a state remembers by name; all are counted and stay in the journal.
pub const MAX_FINISHED_TASKS: usize = 64;
/// The most effects of a simulated business that are under way at once.
pub const MAX_IN_FLIGHT_SIMULATED: usize = 512;
/// The most effects of a live or shadow business that are under way at once: what a kill can leave in doubt.
pub const MAX_IN_FLIGHT_LIVE: usize = 8;
