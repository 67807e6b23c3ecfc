//! Files that are whole, whenever the process or the machine dies.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use quorate::cluster::Snapshot;
use quorate::{Cluster, Incarnation};

/// Puts a new file in the place of the old one, and returns when it is safe on the disk.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name is safe only when the folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes a folder for this process alone, as long as the claim lives. Two processes that decide for
/// one cluster would be two clusters.
pub(crate) fn claim(folder: &Path) -> io::Result<Claim> {
    fs::create_dir_all(folder)?;
    // The kernel lets only one process listen here, and forgets it when the process ends.
    let address = SocketAddr::from_abstract_name(fs::canonicalize(folder)?.as_os_str().as_bytes());
    UnixListener::bind_addr(&address?).map(Claim).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => io::Error::other("another daemon works in this folder"),
        _ => error,
    })
}

pub(crate) struct Claim(#[allow(dead_code, reason = "it is held, not used")] UnixListener);

/// The file of a cluster.
#[derive(Clone)]
pub(crate) struct Store(PathBuf);

impl Store {
    pub(crate) fn within(folder: &Path) -> Self {
        Self(folder.join("cluster.json"))
    }

    /// Returns the snapshot that was stored last, if there is one.
    pub(crate) fn load(&self, cluster: &str) -> Result<Option<Snapshot>, Box<dyn Error>> {
        let Some(text) = read(&self.0)? else { return Ok(None) };
        let snapshot: Snapshot = serde_json::from_str(&text)?;
        if snapshot.cluster_name() != cluster {
            return Err(format!("{} is of another cluster", self.0.display()).into());
        }
        Ok(Some(snapshot))
    }

    pub(crate) fn save(&self, cluster: &Cluster) -> io::Result<()> {
        replace(&self.0, &serde_json::to_vec(&cluster.snapshot())?)
    }
}

/// Begins another life of a node, with a number that no earlier life had.
pub(crate) fn begin_life(folder: &Path) -> io::Result<Incarnation> {
    let path = folder.join("life");
    let last = match read(&path)? {
        Some(text) => text.trim().parse().map_err(io::Error::other)?,
        None => Incarnation::default().value(),
    };
    let life = Incarnation::new(last).next();
    replace(&path, life.to_string().as_bytes())?;
    Ok(life)
}
