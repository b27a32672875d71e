//! Fuzzing: whatever comes in from outside is taken, or refused with a place; nothing panics, overflows the stack, or runs away.
//!
//! A target is a file here and a directory of inputs in `tests/corpus/`. Every input of the corpus is always run; then so many more, `BBB_FUZZ_ITERATIONS`, are made from
//! them by [`mutate`], from `BBB_FUZZ_SEED`. An input that is answered in a way that none was before joins those that others are made from. The same seed makes the
//! same inputs on every machine. `tests/README.md` says how to run a target and how to add to its corpus.

mod approvals;
mod cases;
mod checkpoints;
mod config;
mod events;
mod exports;
mod founders;
mod http;
mod leads;
mod markets;
mod mutate;
mod policies;
mod proofs;
mod questions;
mod requests;
mod scenarios;
mod words;

use std::any::Any;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use bbb::core::draw::Seed;

use self::mutate::Mutator;

/// Inputs that are made from the corpus where nothing else is said: few, since every run of the tests makes them.
const DEFAULT_ITERATIONS: u64 = 300;
/// The stack that an input may use: that of the threads that serve requests.
const STACK_BYTES: usize = 2 * 1024 * 1024;
/// Processor time that one input may take, in nanoseconds, in a build without optimisation. It is counted for the thread, so a busy machine changes nothing.
const MAX_WORK_NS: u64 = 20_000_000_000;
/// How often the work of an input that is not done is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How an input was answered: taken, with words for what came of it where there is more to tell, or refused with these words. What breaks a promise panics.
type Answer = Result<String, String>;

/// What is fuzzed.
struct Target {
    /// The name of its directory in the corpus.
    name: &'static str,
    /// Pieces that such inputs are made of, for the mutator.
    tokens: &'static [&'static str],
    /// Inputs to start from that are elsewhere in the repository.
    more: Vec<Vec<u8>>,
    /// Takes or refuses an input.
    answer: fn(&[u8]) -> Answer,
    /// Of so many inputs one is made: for what takes long. Such a target draws keys too, so that the same input need not be answered in the same words.
    one_in: u64,
}

/// A number of the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value}")))
}

/// How many inputs are made.
fn iterations() -> u64 {
    setting("BBB_FUZZ_ITERATIONS", DEFAULT_ITERATIONS)
}

fn seed() -> u64 {
    setting("BBB_FUZZ_SEED", 1)
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

/// The kept inputs of a target by their files' names, in their order.
fn kept(name: &str) -> Vec<(String, Vec<u8>)> {
    let directory = corpus(name);
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Writes an input where it can be copied into the corpus from.
fn write_down(target: &str, kind: &str, input: &[u8]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(target);
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(kind);
    fs::write(&path, input).unwrap();
    path
}

/// The words of an answer without what differs from input to input: numbers, and what is quoted.
fn shape(answer: &Answer) -> String {
    let words = match answer {
        Ok(words) => return format!("taken {words}"),
        Err(words) => words,
    };
    let (mut shape, mut quote) = (String::new(), None);
    for c in words.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None if c == '`' || c == '"' => quote = Some(c),
            None if c.is_ascii_alphabetic() || c == ' ' => shape.push(c),
            None => {}
        }
        if shape.len() > 60 {
            break;
        }
    }
    shape
}

impl Target {
    /// Runs the corpus and what is made from it.
    fn run(self) {
        let (name, inputs) = (self.name, kept(self.name));
        assert!(!inputs.is_empty(), "{} is empty", corpus(name).display());
        let (told, heard) = channel();
        let worker = std::thread::Builder::new().name(format!("fuzz {name}")).stack_size(STACK_BYTES);
        worker.spawn(move || self.work(inputs, &told)).unwrap();
        let stat = match heard.recv().unwrap() {
            Told::Stat(stat) => stat,
            Told::Done | Told::Failed(_) | Told::Begun => unreachable!("the first word is where its work is counted"),
        };
        let mut begun_at = work_of(&stat);
        loop {
            match heard.recv_timeout(LOOK_EVERY) {
                Ok(Told::Done) => return,
                Ok(Told::Failed(words)) => panic!("{words}"),
                Ok(Told::Begun | Told::Stat(_)) => begun_at = work_of(&stat),
                Err(RecvTimeoutError::Timeout) => {
                    let work = work_of(&stat).saturating_sub(begun_at);
                    let running = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(name).join("running");
                    assert!(work <= MAX_WORK_NS, "{name}: the input in {} runs away", running.display());
                }
                Err(RecvTimeoutError::Disconnected) => panic!("{name}: the worker is gone"),
            }
        }
    }

    fn work(self, inputs: Vec<(String, Vec<u8>)>, told: &Sender<Told>) {
        let stat = PathBuf::from(format!("/proc/self/task/{}/schedstat", thread_id()));
        // Whoever listens may have given up, and then nobody is left to tell.
        let tell = |word| drop(told.send(word));
        tell(Told::Stat(stat));
        let (mut pool, mut shapes) = (Vec::new(), BTreeSet::new());
        for (place, input) in inputs.into_iter().chain(self.more.iter().map(|input| ("the repository".to_owned(), input.clone()))) {
            tell(Told::Begun);
            match self.try_one(&input) {
                Ok(answer) => drop(shapes.insert(shape(&answer))),
                Err(words) => return tell(Told::Failed(format!("{}: {place}: {words}", self.name))),
            }
            pool.push(input);
        }
        let mutator = Mutator::new(Seed::new(seed()).derive(self.name), self.tokens);
        let keep = std::env::var_os("BBB_FUZZ_KEEP").is_some();
        for number in 0..iterations() / self.one_in {
            let input = mutator.make(number, &pool);
            tell(Told::Begun);
            match self.try_one(&input) {
                Ok(answer) if shapes.insert(shape(&answer)) => {
                    if keep {
                        fs::write(corpus(self.name).join(&blake3::hash(&input).to_hex()[..16]), &input).unwrap();
                    }
                    pool.push(input);
                }
                Ok(_) => {}
                Err(words) => {
                    let path = write_down(self.name, &blake3::hash(&input).to_hex()[..16], &input);
                    let (name, seed) = (self.name, seed());
                    let hint = format!("once it is fixed: cp {} tests/corpus/{name}/", path.display());
                    return tell(Told::Failed(format!("{name}: BBB_FUZZ_SEED={seed}, input {number}: {words}\n{hint}")));
                }
            }
        }
        tell(Told::Done);
    }

    /// Runs one input twice: the same one has the same answer.
    fn try_one(&self, input: &[u8]) -> Result<Answer, String> {
        // What ends the process, as a stack that overflows, leaves this behind.
        let running = write_down(self.name, "running", input);
        let tried = catch_unwind(AssertUnwindSafe(|| ((self.answer)(input), (self.one_in == 1).then(|| (self.answer)(input)))));
        fs::remove_file(running).unwrap();
        match tried {
            Ok((first, Some(second))) if first != second => Err(format!("answered {first:?}, and then {second:?}")),
            Ok((first, _)) => Ok(first),
            Err(panic) => Err(words_of(panic.as_ref())),
        }
    }
}

/// What a worker says.
enum Told {
    /// Where the system counts its work.
    Stat(PathBuf),
    Begun,
    Done,
    Failed(String),
}

/// This thread, as the system numbers it.
fn thread_id() -> String {
    let link = fs::read_link("/proc/thread-self").unwrap();
    link.file_name().unwrap().to_string_lossy().into_owned()
}

/// The processor time of a thread, in nanoseconds; all there is once it has ended, which its last word tells better.
fn work_of(stat: &Path) -> u64 {
    let text = fs::read_to_string(stat).unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "a panic".to_owned())
}

/// The input as text; a file that is none is refused before anything looks at it.
fn text(input: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(input).map_err(|error| format!("not UTF-8 from byte {}", error.valid_up_to()))
}

/// Whether words name a line, or an event, or a byte, of what was read.
fn names_a_place(words: &str) -> bool {
    let numbered = |word: &str| words.match_indices(word).any(|(at, _)| words[at + word.len()..].starts_with(|c: char| c.is_ascii_digit()));
    ["line ", "event ", "record ", "rotation ", "byte "].into_iter().any(numbered)
}

#[test]
fn a_target_that_panics_names_the_file_with_the_input() {
    let target = Target {
        name: "itself",
        tokens: &["prop_"],
        more: Vec::new(),
        answer: |input| match input.windows(5).any(|window| window == b"prop_") && input.len() % 7 == 3 {
            true => panic!("seven and three"),
            false => Ok(String::new()),
        },
        one_in: 1,
    };
    let mutator = Mutator::new(Seed::new(1), target.tokens);
    let pool = [b"one ".to_vec()];
    let failed = (0..20_000).find_map(|number| target.try_one(&mutator.make(number, &pool)).err());
    assert_eq!(failed.as_deref(), Some("seven and three"));
}
