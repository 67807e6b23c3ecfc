//! The faults that the judge makes, and how long a service may be away after each.

use std::time::Duration;

use clap::ValueEnum;
use quorate::replicate::Timing;
use rustix::process::Signal;

use crate::Failure;
use crate::launch::{Farm, Wire};

/// A fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Cause {
    /// The daemon is killed; its keeper lives
    Kill,
    /// The keeper is killed: what runs ends with it, and the daemon ends itself
    KillKeeper,
    /// The power of a node goes off: daemon, keeper and resources
    PowerOff,
    /// The daemon is stopped for longer than its lease, and goes on
    Freeze,
    /// Nothing passes between the node and the others
    Isolate,
    /// The node hears nobody, and is heard
    Deaf,
    /// Nothing passes between the leader and a follower
    CutPair,
    /// All daemons are killed, and start again
    RestartAll,
}

/// The part of the node that is hit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// It leads.
    Leader,
    /// It follows.
    Follower,
}

impl Cause {
    /// The parts of a node in which it can be hit.
    pub fn parts(self) -> &'static [Part] {
        match self {
            Self::Kill
            | Self::KillKeeper
            | Self::PowerOff
            | Self::Freeze
            | Self::Isolate
            | Self::Deaf => &[Part::Follower, Part::Leader],
            Self::CutPair | Self::RestartAll => &[Part::Follower],
        }
    }

    /// The name of a row in the table.
    pub fn title(self, part: Part) -> String {
        let name = self.to_possible_value().map(|of| of.get_name().to_owned()).unwrap_or_default();
        match self {
            Self::Kill
            | Self::KillKeeper
            | Self::PowerOff
            | Self::Freeze
            | Self::Isolate
            | Self::Deaf => format!("{name} {part:?}").to_lowercase(),
            Self::CutPair | Self::RestartAll => name,
        }
    }

    /// Returns the longest time from the fault until the service is back elsewhere.
    pub fn bound(self, part: Part, timing: Timing) -> Duration {
        let millis = Duration::from_millis;
        let follower = timing.detection + millis(100);
        let leader = timing.election * 2 + timing.detection + millis(300);
        let by_part = match part {
            Part::Leader => leader,
            Part::Follower => follower,
        };
        match self {
            Self::Kill | Self::KillKeeper | Self::PowerOff => by_part,
            Self::Freeze | Self::Isolate | Self::Deaf | Self::CutPair => by_part + millis(1_000),
            // Everything elects, joins, waits for preferred owners (1 s) and starts anew.
            Self::RestartAll => leader + millis(2_000),
        }
    }

    /// Does it.
    pub async fn strike(self, farm: &mut Farm, victim: &str, leader: &str) -> Result<(), Failure> {
        match self {
            Self::Kill => farm.kill(victim).await,
            Self::KillKeeper => farm.kill_keeper(victim),
            Self::PowerOff => farm.power_off(victim).await,
            Self::Freeze => {
                farm.signal(victim, Signal::STOP);
                Ok(())
            }
            Self::Isolate => {
                farm.set_all(victim, Wire::Cut);
                Ok(())
            }
            Self::Deaf => {
                farm.set_ears(victim, Wire::Cut);
                Ok(())
            }
            Self::CutPair => {
                farm.set_wire(victim, leader, Wire::Cut);
                farm.set_wire(leader, victim, Wire::Cut);
                Ok(())
            }
            Self::RestartAll => {
                for name in farm.names() {
                    farm.kill(&name).await?;
                }
                farm.start_all()
            }
        }
    }

    /// Undoes it.
    pub fn heal(self, farm: &mut Farm, victim: &str) -> Result<(), Failure> {
        match self {
            Self::Freeze => farm.signal(victim, Signal::CONT),
            Self::Isolate | Self::Deaf | Self::CutPair => farm.set_all(victim, Wire::Whole),
            Self::Kill | Self::KillKeeper | Self::PowerOff | Self::RestartAll => {
                farm.start_all()?;
            }
        }
        Ok(())
    }
}
