//! Files that are whole, whenever the process or the machine dies.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use quorate::Snapshot;

/// Puts a new file in the place of the old one, and returns when it is safe on the disk.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name is safe only when the folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Reads a file that may be missing.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder with everything that outlives the daemon. Only one daemon at a time has it open.
pub(crate) struct Folder {
    path: PathBuf,
    /// Two processes that decide for one cluster would be two clusters.
    _lock: File,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path)?;
        let lock = File::create(path.join("daemon.lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another daemon works in {}", path.display())
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn store(&self) -> Store {
        Store { path: self.path.join("cluster.json") }
    }
}

/// The file of the cluster.
#[derive(Clone)]
pub(crate) struct Store {
    path: PathBuf,
}

impl Store {
    /// Returns the snapshot that was stored last, if there is one.
    pub(crate) fn load(&self, cluster: &str) -> anyhow::Result<Option<Snapshot>> {
        let Some(bytes) = read(&self.path)? else { return Ok(None) };
        let snapshot: Snapshot = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} cannot be read", self.path.display()))?;
        if snapshot.cluster_name() != cluster {
            bail!("{} is of the cluster {}", self.path.display(), snapshot.cluster_name());
        }
        Ok(Some(snapshot))
    }

    pub(crate) fn save(&self, snapshot: &Snapshot) -> anyhow::Result<()> {
        replace(&self.path, &serde_json::to_vec(snapshot)?)
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }
}
