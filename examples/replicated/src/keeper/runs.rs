//! The runs of resources: processes, and the lock files that they inherit.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use quorate::OpId;
use quorate::replicate::NodeLife;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::RunPlan;
use super::process::Event;
use crate::config::NodeFile;

/// Everything that this keeper started and has not seen the end of.
#[derive(Debug)]
pub struct Runs {
    folder: PathBuf,
    running: BTreeMap<String, Run>,
}

/// A run of a resource.
#[derive(Debug)]
pub struct Run {
    /// The start that began it.
    pub start: OpId,
    /// It has said that it is online.
    pub is_online: bool,
    /// The operation that stops it.
    pub stopping: Option<OpId>,
    group: Pid,
    lock: PathBuf,
}

impl Runs {
    /// Returns an empty list of runs.
    pub fn new(file: &NodeFile) -> io::Result<Self> {
        let folder = file.folder.join("runs");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, running: BTreeMap::new() })
    }

    /// Begins a run.
    pub fn start(
        &mut self,
        file: &NodeFile,
        life: &NodeLife,
        operation: OpId,
        plan: RunPlan,
        events: &Sender<Event>,
    ) -> io::Result<()> {
        if self.running.contains_key(&plan.resource) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let path = self.folder.join(format!("{}-{operation}.lock", life.incarnation));
        let lock = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
        lock.try_lock()?;
        fcntl_setfd(lock.as_fd(), FdFlags::empty())?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("resource").args(["--resource", &plan.resource, "--node", &file.name]);
        command.arg("--life").arg(life.incarnation.to_string());
        command.arg("--pulse").arg(file.pulse.to_string()).arg("--journals").arg(&file.journals);
        for (name, value) in
            [("--command", &plan.command), ("--lock", &plan.lock), ("--address", &plan.address)]
        {
            if let Some(value) = value {
                command.arg(name).arg(value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        // From here on only the run holds it open.
        drop(lock);
        let group = Pid::from_child(&child);
        let left = path.clone();
        let resource = plan.resource;
        let run = Run { start: operation, is_online: false, stopping: None, group, lock: path };
        self.running.insert(resource.clone(), run);
        let events = events.clone();
        thread::spawn(move || {
            // The stand-in ends when this pipe closes, should the keeper be killed.
            let pipe = child.stdin.take();
            if let Some(output) = child.stdout.take() {
                for line in BufReader::new(output).lines() {
                    if line.is_ok_and(|line| line == "online") {
                        let _ =
                            events.send(Event::Online { resource: resource.clone(), operation });
                    }
                }
            }
            let _ = child.wait();
            drop(pipe);
            // Processes that it left behind hold up this thread, and not the keeper.
            clear(&left);
            let _ = events.send(Event::Ended { resource, operation });
        });
        Ok(())
    }

    /// Returns the run of a resource.
    pub fn of(&mut self, resource: &str) -> Option<&mut Run> {
        self.running.get_mut(resource)
    }

    /// Takes in that a run ended, and that nothing of it is left.
    pub fn ended(&mut self, resource: &str, operation: OpId) -> Option<Run> {
        self.running.remove(resource).filter(|run| run.start == operation)
    }

    /// Kills everything, and returns when nothing is left.
    pub fn kill_everything(&mut self) {
        for run in self.running.values() {
            run.kill();
        }
        for run in self.running.values() {
            clear(&run.lock);
        }
        self.running.clear();
    }

    /// Kills what an earlier keeper may have left, and returns when nothing is left.
    pub fn clear_everything(&self) -> io::Result<()> {
        clear_folder(&self.folder)
    }
}

/// Kills every run of the node in a folder, as the loss of its power does.
pub fn clear_runs(folder: &Path) -> io::Result<()> {
    clear_folder(&folder.join("runs"))
}

fn clear_folder(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        clear(&entry?.path());
    }
    Ok(())
}

impl Run {
    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        let _ = kill_process(self.group, Signal::TERM);
    }

    /// Kills it.
    pub fn kill(&self) {
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

/// Kills every process that holds a lock file open, and returns when none does.
fn clear(path: &Path) {
    let mut rounds = 0_u32;
    loop {
        match File::open(path).map(|file| file.try_lock()) {
            Ok(Ok(())) => {
                let _ = fs::remove_file(path);
                return;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) | Err(_) => {}
        }
        // The group was killed and takes a moment to die; what left it is found by its files.
        if rounds > 20 {
            for process in holders(path) {
                let _ = kill_process(process, Signal::KILL);
            }
        }
        rounds += 1;
        thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Returns the processes that hold a file open, except for this one.
fn holders(path: &Path) -> Vec<Pid> {
    let Ok(path) = fs::canonicalize(path) else { return Vec::new() };
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let own = std::process::id().to_string();
    let is_held = |process: &Path| {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|held| held == path))
    };
    let named = processes.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| *name != own)?;
        let number: i32 = name.parse().ok()?;
        is_held(&entry.path()).then_some(number)
    });
    named.filter_map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A child that forked twice and left the process group is found, and killed.
    #[test]
    fn nothing_of_a_run_escapes() {
        let folder = std::env::temp_dir().join(format!("quorate_runs_{}", std::process::id()));
        fs::create_dir_all(&folder).expect("it can be made");
        let path = folder.join("1-1.lock");
        let lock = File::create(&path).expect("it can be made");
        lock.try_lock().expect("it is new");
        fcntl_setfd(lock.as_fd(), FdFlags::empty()).expect("it is open");
        let shell = "setsid sh -c 'sleep 60 & sleep 60' >/dev/null 2>&1 &";
        let done = Command::new("sh").args(["-c", shell]).status().expect("there is a shell");
        assert!(done.success());
        drop(lock);
        let held = (0..500).any(|_| {
            thread::sleep(std::time::Duration::from_millis(10));
            holders(&path).len() >= 2
        });
        assert!(held, "nobody inherited the lock");
        clear(&path);
        assert!(!path.exists());
        fs::remove_dir_all(folder).expect("it was made");
    }
}
