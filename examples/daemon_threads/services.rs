//! The services of one node, which all its threads share, and its power switch.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use quorate::agent::Task;
use quorate::cluster::Outcome;
use quorate::spec::ClusterSpec;
use quorate::state::OperationKind;

use crate::process::{self, Process};

/// The time between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// The declaration of a resource, as its agent needs it.
#[derive(Clone)]
struct Declared {
    command: Option<String>,
    check: Option<String>,
    environment: BTreeMap<&'static str, String>,
    /// The path of its files, without an extension.
    stem: PathBuf,
}

pub(crate) struct Services {
    node: String,
    folder: PathBuf,
    declared: Mutex<BTreeMap<String, Declared>>,
    running: Mutex<Running>,
}

struct Running {
    power: Power,
    processes: BTreeMap<String, Process>,
}

/// Once the power is off nothing starts any more.
#[derive(Eq, PartialEq)]
enum Power {
    On,
    Off,
}

impl Services {
    pub(crate) fn new(node: &str, folder: &Path, spec: &ClusterSpec) -> Self {
        let services = Self {
            node: node.to_owned(),
            folder: folder.to_owned(),
            declared: Mutex::default(),
            running: Mutex::new(Running { power: Power::On, processes: BTreeMap::new() }),
        };
        services.declare(spec);
        services
    }

    /// Takes in the declaration that is in force.
    pub(crate) fn declare(&self, spec: &ClusterSpec) {
        let mut declared = lock(&self.declared);
        for (_, resource) in spec.resources() {
            let text = |name| resource.parameters().text(name).map(str::to_owned);
            let stem = self.folder.join(file_name(resource.name()));
            let environment = [
                ("NODE", self.node.clone()),
                ("RESOURCE", resource.name().to_owned()),
                ("FOLDER", self.folder.display().to_string()),
                ("READY", stem.with_extension("ready").display().to_string()),
            ];
            let this = Declared {
                command: text("command"),
                check: text("check"),
                environment: environment.into(),
                stem,
            };
            declared.insert(resource.name().to_owned(), this);
        }
    }

    /// Carries out a task, unless it is cancelled before. Doing it twice does no harm.
    pub(crate) fn work(&self, task: Task, resource: &str, cancel: &AtomicBool) -> Outcome {
        let Some(declared) = lock(&self.declared).get(resource).cloned() else {
            return Outcome::Failed;
        };
        let outcome = match task.action {
            OperationKind::Start if declared.command.is_none() => Ok(Outcome::FailedForGood),
            OperationKind::Start => self.start(task, resource, &declared, cancel),
            OperationKind::Stop => self.stop(resource, "TERM", cancel),
            OperationKind::Terminate => self.stop(resource, "KILL", cancel),
            OperationKind::CheckLooksAlive => self.runs(resource).map(well),
            OperationKind::CheckIsAlive => self.is_well(resource, &declared).map(well),
            OperationKind::Probe => self
                .runs(resource)
                .map(|runs| if runs { Outcome::Running } else { Outcome::NotRunning }),
            // The others are not about a resource, or this agent does not know them.
            _ => Ok(Outcome::Failed),
        };
        outcome.unwrap_or_else(|error| {
            say!("{task} of {resource} on {}: {error}", self.node);
            Outcome::Failed
        })
    }

    fn start(
        &self,
        task: Task,
        resource: &str,
        declared: &Declared,
        cancel: &AtomicBool,
    ) -> io::Result<Outcome> {
        if !self.runs(resource)? {
            let mut environment = declared.environment.clone();
            environment.insert("OPERATION", task.operation.to_string());
            let file = declared.stem.with_extension("group");
            let command = declared.command.as_deref().unwrap_or_default();
            let mut running = lock(&self.running);
            if running.power == Power::Off {
                return Ok(Outcome::Failed);
            }
            remove(&declared.stem.with_extension("ready"))?;
            let process = Process::spawn(command, &file, &environment)?;
            running.processes.insert(resource.to_owned(), process);
        }
        // The core ends a start that takes too long.
        while !cancel.load(Ordering::Relaxed) {
            if self.is_well(resource, declared)? {
                return Ok(Outcome::Succeeded);
            }
            if !self.runs(resource)? {
                break;
            }
            sleep(PAUSE);
        }
        Ok(Outcome::Failed)
    }

    fn stop(&self, resource: &str, signal: &str, cancel: &AtomicBool) -> io::Result<Outcome> {
        let mut is_signalled = false;
        while self.runs(resource)? {
            if cancel.load(Ordering::Relaxed) {
                return Ok(Outcome::Failed);
            }
            // A process that the group was just starting may have missed it.
            if let Some(group) = self.group(resource).filter(|_| !is_signalled || signal == "KILL")
            {
                process::signal(group, signal)?;
                is_signalled = true;
            }
            sleep(PAUSE);
        }
        Ok(Outcome::Succeeded)
    }

    fn is_well(&self, resource: &str, declared: &Declared) -> io::Result<bool> {
        let runs = self.runs(resource)?;
        match &declared.check {
            Some(check) if runs => process::passes(check, &declared.environment),
            Some(_) | None => Ok(runs),
        }
    }

    pub(crate) fn runs(&self, resource: &str) -> io::Result<bool> {
        lock(&self.running).processes.get_mut(resource).map_or(Ok(false), Process::runs)
    }

    /// Returns the number of the process group of a resource.
    pub(crate) fn group(&self, resource: &str) -> Option<u32> {
        lock(&self.running).processes.get(resource).map(Process::group)
    }

    /// Returns every resource with a process that was started here, and whether it still runs.
    pub(crate) fn started(&self) -> io::Result<Vec<(String, Presence)>> {
        let mut running = lock(&self.running);
        let looked_at = running.processes.iter_mut().map(|(resource, process)| {
            let presence = if process.runs()? { Presence::Runs } else { Presence::HasEnded };
            Ok((resource.clone(), presence))
        });
        looked_at.collect()
    }

    /// Forgets a process that has ended.
    pub(crate) fn forget(&self, resource: &str) {
        lock(&self.running).processes.remove(resource);
    }

    /// Switches the power off: nothing starts any more, and without an error everything is off.
    /// Returns the number of groups that were killed.
    pub(crate) fn power_off(&self) -> io::Result<usize> {
        let mut running = lock(&self.running);
        running.power = Power::Off;
        let mut count = 0;
        for process in running.processes.values_mut() {
            if process.runs()? {
                process::kill_group(process.group())?;
                count += 1;
            }
            // Its entry in the table of processes goes as well.
            process.runs()?;
        }
        Ok(count)
    }
}

/// The answer to the question whether a process that was started still runs.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Presence {
    Runs,
    HasEnded,
}

fn well(is_well: bool) -> Outcome {
    if is_well { Outcome::Succeeded } else { Outcome::Failed }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a file that may be missing.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Returns a name that no file system minds and no other resource has.
pub(crate) fn file_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02x}") })
        .collect()
}
