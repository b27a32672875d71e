//! The real binary as a process that is killed. When, is said in terms of what the process has done: nothing here waits for a clock.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

/// How often a process is looked at without a new writing call before it counts as idle. One look is a few microseconds.
const LOOKS_AT_AN_IDLE_PROCESS: u32 = 200_000;

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    /// After this thread has yielded so often since the process was started.
    Yields(u64),
    /// Once the process has written so many lines to standard error.
    Lines(u64),
    /// Once the process has made so many calls that write, to files and wakers alike, or makes no more of them.
    Writes(u64),
}

/// How a process ended.
#[derive(Debug)]
pub(crate) enum End {
    Killed,
    /// By itself, before it could be killed.
    Exited(Finished),
}

/// What a process that ended by itself left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The JSON that it printed; it must have succeeded.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

/// A data directory, with the binary that works in it.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.file("data")
    }

    /// Starts `bbb` with these arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_into(self.file("stdout"), arguments)
    }

    /// Starts another one while the first runs.
    pub(crate) fn start_beside(&self, arguments: &[&str]) -> Running {
        self.start_into(self.file("stdout-beside"), arguments)
    }

    fn start_into(&self, output: PathBuf, arguments: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bbb"));
        command.args(arguments).arg("--json").arg("--data").arg(self.data()).current_dir(self.dir.path());
        command.env_remove("BBB_LOG").env_remove("BBB_CONFIG").stdin(Stdio::null()).stderr(Stdio::piped());
        let stdout = File::create(&output).expect("a temporary directory is writable");
        let mut child = command.stdout(stdout).spawn().expect("the binary was built");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // The test may have heard enough.
                let _ = sender.send(line);
            }
        });
        Running { child, lines, said: Vec::new(), output }
    }

    /// Runs `bbb` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.start_beside(arguments).finish()
    }
}

/// A process that runs. One that is still there when this is dropped is killed.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
    output: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// The next line that it writes to standard error; none when it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        let line = self.lines.recv().ok()?;
        self.said.push(line.clone());
        Some(line)
    }

    /// Waits until it writes a line with `words`; panics with what it said if it ends before.
    pub(crate) fn says(&mut self, words: &str) {
        while let Some(line) = self.line() {
            if line.contains(words) {
                return;
            }
        }
        panic!("it ended without saying {words}: {:?}", self.said);
    }

    /// Kills it at `moment`, unless it ends by itself before.
    pub(crate) fn kill_at(mut self, moment: Moment) -> End {
        match moment {
            Moment::Yields(count) => (0..count).for_each(|_| std::thread::yield_now()),
            Moment::Lines(count) => drop((0..count).map_while(|_| self.line()).count()),
            Moment::Writes(count) => self.wait_for_writes(count),
        }
        self.kill()
    }

    /// Kills it now.
    pub(crate) fn kill(mut self) -> End {
        self.child.kill().expect("it is our child");
        match self.ended() {
            None => End::Killed,
            Some(finished) => End::Exited(finished),
        }
    }

    /// Lets it run to its end.
    pub(crate) fn finish(mut self) -> Finished {
        self.ended().expect("nobody killed it")
    }

    /// Waits for its end; nothing if a signal was the cause.
    fn ended(&mut self) -> Option<Finished> {
        let status = self.child.wait().expect("it is our child");
        while self.line().is_some() {}
        if status.signal().is_some() {
            return None;
        }
        let stdout = fs::read_to_string(&self.output).expect("it wrote text");
        Some(Finished { code: status.code().expect("no signal"), stdout, stderr: self.said.join("\n") })
    }

    /// How many calls that write it has made.
    pub(crate) fn writes(&self) -> u64 {
        writes(&self.counters()).unwrap_or(u64::MAX)
    }

    fn counters(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/io", self.child.id()))
    }

    fn wait_for_writes(&mut self, count: u64) {
        let path = self.counters();
        let (mut before, mut looks) = (0, 0);
        while let Some(written) = writes(&path).filter(|written| *written < count)
            && looks < LOOKS_AT_AN_IDLE_PROCESS
            && self.child.try_wait().expect("it is our child").is_none()
        {
            looks = if written == before { looks + 1 } else { 0 };
            before = written;
            std::thread::yield_now();
        }
    }
}

/// How many writing calls the system counted; nothing for a process that has ended.
fn writes(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("syscw: ")?.parse().ok())
}

/// The `index`-th number of a seed, below `below`.
pub(crate) fn draw(seed: u64, index: u64, below: u64) -> u64 {
    let hash = blake3::hash(format!("{seed} {index}").as_bytes());
    let (number, _) = hash.as_bytes().split_at(8);
    u64::from_le_bytes(number.try_into().expect("eight bytes")) % below
}
