//! A daemon that runs for a test, and what curl would do.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until there is an answer.
pub fn wait_for<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < end, "waited too long until {what}");
        sleep(Duration::from_millis(20));
    }
}

/// A daemon with its folder.
pub struct Daemon {
    folder: PathBuf,
    log: PathBuf,
    process: Child,
    address: String,
}

impl Daemon {
    /// Starts it on a free port. The folder may hold what an earlier one left.
    pub fn start(declaration: &Path, folder: &Path) -> Self {
        let log = folder.with_extension("log");
        let process = Command::new(env!("CARGO_BIN_EXE_daemon_tokio"))
            .args([declaration, folder])
            .stdout(File::create(&log).expect("a log"))
            .spawn()
            .expect("the daemon starts");
        let address = wait_for("it listens", || {
            let text = fs::read_to_string(&log).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("listening on "))?;
            text.ends_with('\n').then(|| line.to_owned())
        });
        Self { folder: folder.to_owned(), log, process, address }
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.ask("GET", path, "");
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    pub fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, body) = self.ask("POST", path, body);
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer in HTTP");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    /// Returns the record of a group, by `GET /state`.
    pub fn group(&self, name: &str) -> Value {
        let (_, state) = self.get("/state");
        let groups = state["groups"].as_array().expect("a list").clone();
        groups.into_iter().find(|group| group["name"] == name).expect("a declared group")
    }

    pub fn wait_until_online(&self, group: &str, owner: &str) {
        wait_for(&format!("{group} is online on {owner}"), || {
            let group = self.group(group);
            (group["state"] == "online" && group["owner"] == owner).then_some(())
        });
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill().expect("it still runs");
        self.process.wait().expect("it ends");
    }

    /// Asks it to end, and returns how it ended.
    pub fn terminate(&mut self) -> ExitStatus {
        let id = self.process.id().try_into().ok().and_then(Pid::from_raw);
        kill_process(id.expect("a number"), Signal::TERM).expect("it still runs");
        wait_for("it ends", || self.process.try_wait().expect("a child"))
    }

    /// Returns the numbers of the process groups that run, by the path of their files.
    pub fn running(&self) -> Vec<(PathBuf, Pid)> {
        let nodes = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = nodes.filter_map(|node| fs::read_dir(node.path()).ok()).flatten().flatten();
        let groups = files.filter_map(|file| {
            let path = file.path().with_extension("group");
            let is_lock = file.path().extension().is_some_and(|of| of == "lock");
            let is_held = is_lock && File::open(file.path()).ok()?.try_lock().is_err();
            let number = is_held.then(|| fs::read_to_string(&path).ok()).flatten()?;
            Some((path, Pid::from_raw(number.trim().parse().ok()?)?))
        });
        groups.collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(&self.log).unwrap_or_default());
            for (_, group) in self.running() {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }
}
