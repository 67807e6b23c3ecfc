//! How long it takes until the groups of a machine that failed are online elsewhere.

use super::machine::Machine;
use super::setup::Setup;

/// The fault that made groups move.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// The daemon was killed. With a keeper, everything is stopped at once and reported off.
    DaemonKilled,
    /// The daemon and, if there is one, the keeper stood still.
    Frozen,
    /// The machine lost power or was reset.
    MachineKilled,
    /// The machine was cut off from all others.
    Isolated,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] =
        [Self::DaemonKilled, Self::Frozen, Self::MachineKilled, Self::Isolated];

    /// The cause in words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::DaemonKilled => "daemon killed",
            Self::Frozen => "daemon and keeper frozen",
            Self::MachineKilled => "machine killed",
            Self::Isolated => "machine cut off",
        }
    }
}

/// The times of takeovers, and those that are awaited.
#[derive(Clone, Debug, Default)]
pub(super) struct Takeovers {
    awaited: Vec<Awaited>,
    pub(super) took: Vec<(Cause, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Awaited {
    group: usize,
    from: usize,
    cause: Cause,
    since: u64,
}

/// How long a takeover is awaited.
const PATIENCE: u64 = 30_000;

impl Takeovers {
    /// Notes that something happened to a machine, and with it to the groups that it runs.
    pub(super) fn await_from(&mut self, now: u64, machine: &Machine, cause: Cause, setup: &Setup) {
        let from = machine.host.seat;
        for group in 0..setup.groups {
            if self.awaited.iter().any(|of| of.group == group) || !runs_whole(machine, group, setup)
            {
                continue;
            }
            self.awaited.push(Awaited { group, from, cause, since: now });
        }
    }

    /// Notes which groups are online elsewhere by now.
    pub(super) fn watch(&mut self, now: u64, machines: &[Machine], setup: &Setup) {
        if self.awaited.is_empty() || !now.is_multiple_of(5) {
            return;
        }
        let mut waiting = Vec::new();
        for awaited in std::mem::take(&mut self.awaited) {
            let Awaited { group, from, cause, since } = awaited;
            let owner = machines.iter().find(|machine| runs_whole(machine, group, setup));
            match owner {
                Some(owner) if owner.host.seat != from => {
                    self.took.push((cause, now.saturating_sub(since)));
                }
                // It survived.
                Some(owner) if owner.is_daemon_awake(now) && now.saturating_sub(since) > 10_000 => {
                }
                Some(_) | None => {
                    if now.saturating_sub(since) < PATIENCE {
                        waiting.push(awaited);
                    }
                }
            }
        }
        self.awaited = waiting;
    }
}

/// Tells whether every resource of a group runs on a machine.
pub(super) fn runs_whole(machine: &Machine, group: usize, setup: &Setup) -> bool {
    (0..setup.resources).all(|number| machine.host.runs(&Setup::resource(group, number)))
}
