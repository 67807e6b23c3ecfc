//! Processes that outlive the daemon if it is killed, and how the next daemon gets rid of them.
//!
//! Each resource that runs is a process group. The process at its head writes its own line of
//! /proc, with its number and the time when it began, into a file before it becomes the command.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest time until killed processes have ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time within which a process writes its line.
const WRITES_WITHIN: Duration = Duration::from_secs(1);

const BEGIN: &str =
    r#"cat /proc/$$/stat >"$1.new" && mv "$1.new" "$1" && exec sh -c "$2" >>"$3" 2>&1"#;

/// A running process group.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a command. The file at `line` tells the next daemon about it.
    pub(crate) fn spawn(
        command: &str,
        line: &Path,
        environment: &BTreeMap<&str, String>,
    ) -> io::Result<Self> {
        // The daemon may be killed in the next moment; an empty file says that something may come.
        File::create(line)?;
        let log = line.with_extension("log");
        let mut shell = Command::new("sh");
        shell.args(["-c", BEGIN, "sh"]).args([line.as_os_str(), command.as_ref(), log.as_os_str()]);
        shell.envs(environment).stdin(Stdio::null()).process_group(0).spawn().map(Self)
    }

    /// The number of the group, and of the process at its head.
    pub(crate) fn group(&self) -> u32 {
        self.0.id()
    }

    /// Tells whether anything of the group still runs.
    pub(crate) fn runs(&mut self) -> io::Result<bool> {
        Ok(self.0.try_wait()?.is_none() || has_members(self.group())?)
    }
}

/// Sends a signal to a process group. It is no error if the group has ended.
pub(crate) fn signal(group: u32, name: &str) -> io::Result<()> {
    // The shell does it, for the standard library cannot.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill -s "$1" -- "-$2""#, "sh", name, &group.to_string()]);
    shell.stderr(Stdio::null()).status().map(|_| ())
}

/// Runs a check, and tells whether it succeeded.
pub(crate) fn passes(check: &str, environment: &BTreeMap<&str, String>) -> io::Result<bool> {
    let mut shell = Command::new("sh");
    shell.args(["-c", check]).envs(environment);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(shell.status()?.success())
}

/// Kills everything that an earlier daemon left behind in this folder, and returns the number of
/// groups when all of them have ended. An error means that something may still run.
pub(crate) fn kill_left_behind(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "group") {
            continue;
        }
        if let Some(left) = Line::written_in(&path)? {
            count += usize::from(left.kill()?);
        }
        fs::remove_file(&path)?;
    }
    Ok(count)
}

/// The numbers that matter of a line of /proc/PID/stat.
struct Line {
    process: u32,
    group: u32,
    has_ended: bool,
    /// When the process began. Together with its number no other process has it.
    began: u64,
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let process = text.split(' ').next()?.parse().ok()?;
        // The name of the program, in parentheses, may hold anything.
        let mut rest = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let has_ended = matches!(rest.next()?, "Z" | "X");
        let group = rest.nth(1)?.parse().ok()?;
        let began = rest.nth(16)?.parse().ok()?;
        Some(Self { process, group, has_ended, began })
    }

    /// Returns the line of a process; `None` if there is no such process.
    fn of(process: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// Reads the file of a resource; `None` if the daemon was killed before it started anything.
    fn written_in(path: &Path) -> io::Result<Option<Self>> {
        let end = Instant::now() + WRITES_WITHIN;
        loop {
            let text = fs::read_to_string(path)?;
            if !text.is_empty() {
                let line = Self::parse(&text);
                let unreadable = || io::Error::other(format!("{}: no line", path.display()));
                return line.map(Some).ok_or_else(unreadable);
            }
            if Instant::now() > end {
                return Ok(None);
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// Kills the group of this process. Returns whether there was anything to kill.
    fn kill(&self) -> io::Result<bool> {
        // If another process has the number by now, then nothing is left of the group: the system
        // gives nobody the number of a group that has members.
        if Self::of(self.process).is_some_and(|present| present.began != self.began) {
            return Ok(false);
        }
        let was_there = has_members(self.process)?;
        kill_group(self.process)?;
        Ok(was_there)
    }
}

/// Kills a process group, and returns when all of it has ended.
pub(crate) fn kill_group(group: u32) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while has_members(group)? {
        signal(group, "KILL")?;
        if Instant::now() > end {
            return Err(io::Error::other(format!("process group {group} cannot be killed")));
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Tells whether any process of this group has not ended.
fn has_members(group: u32) -> io::Result<bool> {
    for entry in fs::read_dir("/proc")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        let line = number.and_then(Line::of);
        if line.is_some_and(|line| line.group == group && !line.has_ended) {
            return Ok(true);
        }
    }
    Ok(false)
}
