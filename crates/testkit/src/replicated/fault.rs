//! The kinds of faults, and how often each of them happened.

use std::collections::BTreeMap;

macro_rules! faults {
    ($($(#[doc = $title:literal])+ $kind:ident $weight:literal,)+) => {
        /// A kind of fault of a replicated cluster, or of an event that is as hard as one.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $title])+ $kind,)+
        }

        impl Fault {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The kind in words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($($title),+).trim_ascii_start(),)+
                }
            }

            /// How often it is drawn, compared with others. 0 is never: it happens by itself.
            pub(super) const fn weight(self) -> u64 {
                match self {
                    $(Self::$kind => $weight,)+
                }
            }
        }
    };
}

faults! {
    /// a daemon is killed and starts again from its disk
    KillDaemon 8,
    /// a daemon stands still
    FreezeDaemon 8,
    /// daemon and keeper stand still, for less than the watchdog allows
    FreezeBelowWatchdog 6,
    /// daemon and keeper stand still until the watchdog resets the machine
    FreezeAboveWatchdog 4,
    /// a keeper stands still
    FreezeKeeper 3,
    /// a keeper is killed, so that the watchdog resets the machine
    KillKeeper 1,
    /// a machine loses power and boots again
    KillMachine 6,
    /// power is lost everywhere at once
    KillAll 1,
    /// a machine is cut off from all others
    Isolate 7,
    /// a machine hears nobody
    Deafen 4,
    /// nobody hears a machine
    Silence 4,
    /// two machines do not hear each other
    CutLink 5,
    /// one machine does not hear another one
    CutOneWay 5,
    /// the machines fall into two parts
    Split 4,
    /// messages are lost, doubled or late for a while
    BadWeather 6,
    /// the disk under the log of one machine hangs while its beats go on
    HangDisk 5,
    /// the engine keeps a snapshot in place of its entries
    Compact 6,
    /// a resource dies by itself
    CrashResource 10,
    /// an operator moves a group
    Move 8,
    /// an operator drains a node
    Drain 2,
    /// an operator takes a group offline and brings it online again
    Offline 3,
    /// an operator forgets the failures of a resource
    Clear 3,
    /// an operator says that a node is off, rightly or wrongly
    ConfirmDown 4,
    /// a node leaves in good order
    Leave 3,
    /// a power switch does not answer for a while
    KillSwitch 3,
    /// the nodes change to a release with other rules, one after the other
    Upgrade 1,
    /// the engine elects another leader without reason
    Election 0,
    /// a proposal is lost
    LostProposal 0,
    /// a proposal lands twice
    DoubledProposal 0,
    /// a proposal stalls before it reaches the engine
    StalledProposal 0,
    /// the engine takes a proposal under another term than that of its charge
    OtherTerm 0,
    /// a snapshot is installed on a machine that lags behind
    InstallSnapshot 0,
    /// a message is lost
    LostMessage 0,
    /// a message arrives twice
    DoubledMessage 0,
    /// a message takes up to four seconds
    LateMessage 0,
    /// a process dies slowly
    SlowDeath 0,
    /// a process obeys no signal
    StubbornProcess 0,
    /// an agent takes seconds to begin
    SlowAgent 0,
    /// an operation fails or never ends
    FailedOperation 0,
    /// a watchdog resets a machine
    WatchdogReset 0,
}

/// How often each kind of fault happened.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Faults(BTreeMap<Fault, u64>);

impl Faults {
    pub(super) fn note(&mut self, fault: Fault, times: u64) {
        let count = self.0.entry(fault).or_default();
        *count = count.saturating_add(times);
    }

    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.0 {
            self.note(*fault, *count);
        }
    }

    /// How often a kind happened.
    #[must_use]
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or_default()
    }

    /// How many faults happened in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The kinds that never happened.
    pub fn missing(&self) -> impl Iterator<Item = Fault> + '_ {
        Fault::ALL.iter().copied().filter(|fault| self.count(*fault) == 0)
    }
}
