//! The number of the present life of a node, which its machine keeps.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use quorate::Incarnation;

use crate::store;

/// A file with the number of the life, and the boot of the machine in which it began.
pub(crate) struct LifeFile(PathBuf);

impl LifeFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join("life"))
    }

    /// Returns the life that goes on, if the machine has not been booted and has not left since.
    pub(crate) fn present(&self) -> io::Result<Option<Incarnation>> {
        let (number, boot) = self.read()?;
        Ok(boot.filter(|of| *of == this_boot()).map(|_| Incarnation::new(number)))
    }

    /// Begins another life, with a number that no life had before.
    pub(crate) fn begin(&self) -> io::Result<Incarnation> {
        let number = self.read()?.0 + 1;
        store::replace(&self.0, format!("{number}\n{}", this_boot()).as_bytes())?;
        Ok(Incarnation::new(number))
    }

    /// Ends the present life, since the machine stops everything and leaves.
    pub(crate) fn end(&self) -> io::Result<()> {
        let number = self.read()?.0;
        store::replace(&self.0, number.to_string().as_bytes())
    }

    fn read(&self) -> io::Result<(u64, Option<String>)> {
        let Some(bytes) = store::read(&self.0)? else { return Ok((0, None)) };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let number = lines.next().and_then(|line| line.parse().ok());
        let number =
            number.ok_or_else(|| io::Error::other("the life of a node is not a number"))?;
        Ok((number, lines.next().map(str::to_owned)))
    }
}

/// Returns the identity of this boot. Where nobody tells, every start of the daemon counts as one.
fn this_boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| format!("process {}", std::process::id()), |text| text.trim().into())
}
