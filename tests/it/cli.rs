//! The command line, as a user and a script see it: the real binary in directories of its own.

mod charter;
mod config;
mod contacts;
mod errors;
mod evidence;
mod journals;
mod live;
mod llm;
mod market;
mod optimize;
mod plan;
mod recommend;
mod reviewer;
mod runs;
mod simulate;
mod terms;
mod what_if;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// How long a line may take that a test waits for.
const LINE_TIMEOUT: Duration = Duration::from_secs(120);
pub(crate) const TEMPLATE: &str = "AI Chatbot Integration Service";

/// A directory with nothing but what a test puts there: where commands run, with `./bbb-data` in it.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The output of a command that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same, as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// That the command failed with this code, and said this.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, fragment: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(fragment), "`{fragment}` is not in: {}", self.err);
        assert!(!self.err.contains("panicked") && !self.out.contains("panicked"), "{self:?}");
    }
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("bbb-data")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bbb"));
        let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("BBB_"));
        for name in ours {
            command.env_remove(name);
        }
        command.args(args.iter().map(AsRef::as_ref)).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn bbb<S: AsRef<str>>(&self, args: &[S]) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, with answers on its standard input.
    pub(crate) fn told<S: AsRef<str>>(&self, args: &[S], answers: &str) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that ends before it has read all of them is no fault of the test's.
        let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The only business here.
    pub(crate) fn id(&self) -> String {
        self.bbb(&["status", "--json"]).json()["business_id"].as_str().unwrap().to_owned()
    }

    /// Launches a short simulated run, and returns its summary.
    pub(crate) fn launched(&self, days: &str) -> Value {
        self.bbb(&["launch", TEMPLATE, "--days", days, "--json"]).json()
    }

    pub(crate) fn start<S: AsRef<str>>(&self, args: &[S]) -> Running {
        let mut child = self.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Running { child, lines, said: Vec::new() }
    }
}

impl Place {
    /// Starts a command whose standard output is listened to, with its standard error behind it.
    pub(crate) fn serving<S: AsRef<str>>(&self, args: &[S]) -> Running {
        Place::listened_to(self.command(args))
    }

    /// Starts a command that is made ready, likewise.
    pub(crate) fn listened_to(mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let (stdout, stderr) = (BufReader::new(child.stdout.take().unwrap()), BufReader::new(child.stderr.take().unwrap()));
        let other = sender.clone();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| other.send(line)));
        Running { child, lines, said: Vec::new() }
    }
}

/// A command that runs until it is told to end. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    /// Waits until it says a line with this in it, and returns the line.
    #[track_caller]
    pub(crate) fn until(&mut self, fragment: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(LINE_TIMEOUT);
            let line = line.unwrap_or_else(|_| panic!("`{fragment}` was not said, but: {:#?}", self.said));
            self.said.push(line.clone());
            if line.contains(fragment) {
                return line;
            }
        }
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end and returns its exit code, or -1 where a signal ended it.
    pub(crate) fn end(&mut self) -> i32 {
        while let Ok(line) = self.lines.recv_timeout(LINE_TIMEOUT) {
            self.said.push(line);
        }
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn said(&self, fragment: &str) -> bool {
        self.said.iter().any(|line| line.contains(fragment))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
