//! The keeper of a node: it owns what runs, and stops it when the daemon cannot.

use core::time::Duration;

use thiserror::Error;

use super::clock::Local;
use super::entry::NodeLife;
use super::timing::Timing;

/// The rules of a small process of its own that owns everything that runs on a node.
///
/// The daemon that decides may freeze or die. So another process, which does next to nothing and
/// can hardly fail, is the parent of what runs. It is told each new end of the lease, and stops
/// everything by force when this moment comes, when the daemon is gone, and when it is told to. It
/// alone feeds the watchdog of the machine, and stops feeding it when something does not stop.
///
/// "Off" means: the control group of the life is empty, and the terminate of every resource that is
/// no process (an address, a mount) has succeeded. A child that forked twice survives the kill of a
/// process group.
#[derive(Clone, Debug)]
pub struct Keeper {
    timing: Timing,
    reset: Duration,
    stage: Stage,
}

/// The stage of a keeper.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Stage {
    /// No life began since the machine did.
    Idle,
    /// Something of this life may run. There is no lease yet if `until` is missing.
    Holding { life: NodeLife, until: Option<Local> },
    /// Everything of this life is being stopped since this moment.
    Stopping { life: NodeLife, since: Local },
    /// Everything of this life is off.
    Off { life: NodeLife },
}

/// Everything has to be stopped by force now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StopEverything;

/// A life may not begin, because something of an earlier one may still run, or because the keeper
/// has said that this life is off. Nothing has changed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("something of {earlier} may still run, or that life is not an earlier one")]
pub struct EarlierLife {
    /// The life before.
    pub earlier: NodeLife,
}

impl Keeper {
    /// Begins with a machine on which nothing runs. `reset` is the time from the last feeding of the
    /// watchdog until the machine is reset.
    #[must_use]
    pub const fn new(timing: Timing, reset: Duration) -> Self {
        Self { timing, reset, stage: Stage::Idle }
    }

    /// Begins a life. Ask before anything is done under it, also before the node joins with it.
    ///
    /// # Errors
    ///
    /// An earlier life is not off, or this one is not later. Nothing has changed then.
    pub fn begin(&mut self, life: NodeLife) -> Result<(), EarlierLife> {
        match &self.stage {
            Stage::Idle => {}
            Stage::Off { life: earlier } if earlier.incarnation < life.incarnation => {}
            Stage::Off { life: earlier }
            | Stage::Holding { life: earlier, .. }
            | Stage::Stopping { life: earlier, .. } => {
                return Err(EarlierLife { earlier: earlier.clone() });
            }
        }
        self.stage = Stage::Holding { life, until: None };
        Ok(())
    }

    /// Takes in the end of the lease of a life. One of another life, one that is earlier than the
    /// known one, and one that comes after the known one has passed change nothing.
    pub fn extend(&mut self, now: Local, life: &NodeLife, until: Local) {
        if self.is_due(now) {
            return;
        }
        if let Stage::Holding { life: held, until: known } = &mut self.stage
            && held == life
        {
            *known = Some(known.map_or(until, |known| known.max(until)));
        }
    }

    /// Takes in that everything has to stop: the daemon says so, or it is gone (the pipe to it
    /// closed).
    pub fn stop(&mut self, now: Local) {
        let since = match &self.stage {
            Stage::Holding { until: Some(until), .. } => now.min(*until),
            Stage::Holding { until: None, .. } => now,
            Stage::Idle | Stage::Stopping { .. } | Stage::Off { .. } => return,
        };
        if let Stage::Holding { life, .. } = core::mem::replace(&mut self.stage, Stage::Idle) {
            self.stage = Stage::Stopping { life, since };
        }
    }

    fn is_due(&self, now: Local) -> bool {
        matches!(self.stage, Stage::Holding { until: Some(until), .. } if until <= now)
    }

    /// Ends the lease if its time is over. Returns whether everything has to be stopped now; it goes
    /// on returning this until everything is off.
    pub fn handle_timeout(&mut self, now: Local) -> Option<StopEverything> {
        if self.is_due(now) {
            self.stop(now);
        }
        match self.stage {
            Stage::Stopping { .. } => Some(StopEverything),
            Stage::Idle | Stage::Holding { .. } | Stage::Off { .. } => None,
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) next. While it stops everything
    /// it asks for no more: go on trying until nothing is left.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Local> {
        match &self.stage {
            Stage::Holding { until, .. } => *until,
            Stage::Idle | Stage::Stopping { .. } | Stage::Off { .. } => None,
        }
    }

    /// Takes in that nothing of the stopped life is left, as "off" is defined above. Returns the
    /// life, to be reported to the daemon and to the leader; `None` while the life goes on, for
    /// something may be started in it at any moment.
    pub fn handle_empty(&mut self) -> Option<NodeLife> {
        match core::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Stopping { life, .. } => {
                self.stage = Stage::Off { life: life.clone() };
                Some(life)
            }
            other @ (Stage::Idle | Stage::Holding { .. } | Stage::Off { .. }) => {
                self.stage = other;
                None
            }
        }
    }

    /// Tells whether the watchdog is fed now. It is not, from the moment at which a reset would come
    /// no later than the end of the time to stop.
    #[must_use]
    pub fn feeds_watchdog(&self, now: Local) -> bool {
        let stopping_since = match &self.stage {
            Stage::Idle | Stage::Off { .. } => return true,
            Stage::Holding { until: None, .. } => return true,
            Stage::Holding { until: Some(until), .. } => *until,
            Stage::Stopping { since, .. } => *since,
        };
        let patience = self.timing.stop.saturating_sub(self.reset);
        now < stopping_since.after(patience)
    }

    /// Tells whether something may be started under a life now.
    #[must_use]
    pub fn holds(&self, now: Local, life: &NodeLife) -> bool {
        match &self.stage {
            Stage::Holding { life: held, until: Some(until) } => held == life && now < *until,
            Stage::Holding { until: None, .. }
            | Stage::Idle
            | Stage::Stopping { .. }
            | Stage::Off { .. } => false,
        }
    }

    /// Returns the latest life that is off, if no later one began.
    #[must_use]
    pub const fn off(&self) -> Option<&NodeLife> {
        match &self.stage {
            Stage::Off { life } => Some(life),
            Stage::Idle | Stage::Holding { .. } | Stage::Stopping { .. } => None,
        }
    }
}
