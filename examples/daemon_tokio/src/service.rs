//! The processes of one resource on one node.
//!
//! They outlive a daemon that is killed, and the next one has to find out whether they still run.
//! So each service holds a lock: the agent takes it and hands it to the process as an open file, and
//! the kernel gives it back when the last process that inherited it has ended. A free lock is proof
//! that the service is off. The number of its process group stands in a file, and counts only while
//! the lock is held, so a number that now belongs to others is never signalled.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use quorate::OpId;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// The time between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// Writes down the number of its process group before it becomes the command: the agent could be
/// killed before it has done so. The lock comes as file 0 and stays as file 3, since a shell takes
/// file 0 away from what it starts in the background.
const BEGIN: &str = r#"echo $$ >"$1.new" && mv "$1.new" "$1" && exec sh -c "$2" 3<&0 0</dev/null"#;

pub(crate) struct Service {
    /// The path of its files, without their extensions.
    stem: PathBuf,
    /// The variables that the command lines find in their environment.
    environment: Vec<(&'static str, String)>,
    command: Option<String>,
    check: Option<String>,
}

impl Service {
    /// Returns the service of a resource. Its command line stays in the foreground while it is
    /// online; the check succeeds while it is well, and is optional.
    pub(crate) fn new(folder: &Path, node: &str, resource: &quorate::spec::ResourceSpec) -> Self {
        let text = |name| resource.parameters().text(name).map(str::to_owned);
        let shared = folder.parent().unwrap_or(folder).display().to_string();
        let stem = folder.join(file_name(resource.name()));
        Self {
            environment: vec![
                ("NODE", node.to_owned()),
                ("RESOURCE", resource.name().to_owned()),
                ("FOLDER", folder.display().to_string()),
                ("SHARED", shared),
                ("READY", stem.with_extension("ready").display().to_string()),
            ],
            stem,
            command: text("command"),
            check: text("check"),
        }
    }

    /// Tells whether any process of it runs, also one that an earlier daemon started.
    pub(crate) async fn runs(&self) -> io::Result<bool> {
        Ok(self.free_lock().await?.is_none())
    }

    /// Takes the lock; `None` if the service runs and has it.
    async fn free_lock(&self) -> io::Result<Option<File>> {
        // A process that is just being started has all open files for a moment, also this one.
        for _ in 0..3 {
            if let Some(lock) = self.take_lock()? {
                return Ok(Some(lock));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(None)
    }

    /// Starts it, and returns its process; `None` if it runs already, or if no command is declared.
    pub(crate) async fn start(&self, operation: OpId) -> io::Result<Option<Child>> {
        let Some(command) = &self.command else { return Ok(None) };
        let Some(lock) = self.free_lock().await? else { return Ok(None) };
        for old in [self.group_file(), self.stem.with_extension("ready")] {
            remove(&old)?;
        }
        let log =
            File::options().create(true).append(true).open(self.stem.with_extension("log"))?;
        let child = self
            .shell(BEGIN)
            .args(["sh".as_ref(), self.group_file().as_os_str(), command.as_ref()])
            .env("OPERATION", operation.to_string())
            .process_group(0)
            .stdin(lock)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Some(child))
    }

    pub(crate) const fn has_command(&self) -> bool {
        self.command.is_some()
    }

    /// Tells whether it is well: its check succeeds or, if it has none, it runs.
    pub(crate) async fn is_well(&self) -> io::Result<bool> {
        if !self.runs().await? {
            return Ok(false);
        }
        let Some(check) = &self.check else { return Ok(true) };
        let mut shell = self.shell(check);
        // Nothing is left of a check that is cancelled.
        shell.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(shell.status().await?.success())
    }

    /// Asks it to end, and returns when it is off.
    pub(crate) async fn stop(&self) -> io::Result<()> {
        self.end(Signal::TERM).await
    }

    /// Kills it, and returns when it is off.
    pub(crate) async fn kill(&self) -> io::Result<()> {
        self.end(Signal::KILL).await
    }

    async fn end(&self, signal: Signal) -> io::Result<()> {
        let mut signalled = None;
        while self.runs().await? {
            // The number is not there yet if the process has only just begun.
            let group = self.group();
            // A process that it was just starting may have been missed.
            if signal == Signal::KILL || group != signalled {
                self.signal(signal)?;
                signalled = group;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match self.group().map(|group| kill_process_group(group, signal)) {
            // It has ended by itself.
            Some(Err(rustix::io::Errno::SRCH)) | Some(Ok(())) | None => Ok(()),
            Some(Err(error)) => Err(error.into()),
        }
    }

    /// Returns the number of its process group, as it was written down last.
    fn group(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.group_file()).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    fn group_file(&self) -> PathBuf {
        self.stem.with_extension("group")
    }

    fn take_lock(&self) -> io::Result<Option<File>> {
        let path = self.stem.with_extension("lock");
        let file = File::options().create(true).read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script);
        shell.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        shell
    }
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
