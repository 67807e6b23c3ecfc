//! The regions of the range from which the parameter of a fault is drawn. A fault that always had
//! one duration would be less hostile than its count suggests.

#![allow(clippy::wildcard_enum_match_arm, reason = "most kinds have no parameter")]

use super::FaultKind;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const ANY: u64 = u64::MAX;

/// A region of the range of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Region {
    /// The upper end of the region, which it excludes. The previous region holds the smaller
    /// values.
    below: u64,
    title: &'static str,
}

impl Region {
    pub(super) const fn title(self) -> &'static str {
        self.title
    }

    /// Returns the index of the region that holds the value.
    pub(super) fn index_of(regions: &[Self], value: u64) -> Option<usize> {
        let first = regions.iter().position(|region| value < region.below);
        first.or(regions.len().checked_sub(1))
    }
}

/// Lists the regions of a parameter. A parameter that is one of a few choices is given as the
/// number of the choice.
macro_rules! regions {
    ($($below:expr => $title:literal),+ $(,)?) => {
        &[$(Region { below: $below, title: $title }),+]
    };
}

impl FaultKind {
    /// Returns the regions of this kind's parameter, in order; none if it has no parameter.
    pub(super) const fn ranges(self) -> &'static [Region] {
        match self {
            Self::CrashShort => regions![SECOND => "under 1 s", ANY => "to 10 s"],
            Self::CrashLong => {
                regions![10 * MINUTE => "under 10 min", HOUR => "to 1 h", ANY => "to 12 h"]
            }
            Self::PauseShort => regions![100 => "under 100 ms", ANY => "to 1 s"],
            Self::PauseLong => regions![
                1 => "short of lease and deadline",
                2 => "past a deadline",
                3 => "past the lease",
                ANY => "past both",
            ],
            Self::SlowAgent => regions![10 => "under 10 x", 100 => "to 100 x", ANY => "to 1,000 x"],
            Self::KillSome | Self::KillAll => regions![
                SECOND => "on within 1 s of each other",
                MINUTE => "within 1 min",
                ANY => "within 10 min",
            ],
            Self::RollingReboot | Self::RollingAborted => {
                regions![10 * SECOND => "gap under 10 s", MINUTE => "to 1 min", ANY => "to 5 min"]
            }
            Self::ClockZone => regions![1 => "whole hours", ANY => "half and quarter hours"],
            Self::ClockMidnight => regions![1 => "before", 2 => "at", ANY => "after"],
            Self::ClockWindow => regions![
                1 => "across midnight",
                2 => "within a day",
                3 => "all but an hour of the day",
                4 => "of no length, so refused",
                ANY => "none any more",
            ],
            Self::OlderSnapshot => {
                regions![10 => "under 10 inputs ago", 30 => "to 30", ANY => "to 50"]
            }
            Self::Oversize => regions![
                1 => "name past its limit",
                2 => "nodes past their limit",
                3 => "long expression",
                4 => "name of 1 MiB",
                5 => "65,536 nodes",
                6 => "chain of 10,000",
                7 => "fan of 10,000",
                ANY => "100,000 resources",
            ],
            _ => self.ranges_of_messages(),
        }
    }

    const fn ranges_of_messages(self) -> &'static [Region] {
        match self {
            Self::IsolateOne | Self::Split | Self::DeafNode | Self::MuteNode => {
                regions![1 => "shorter than detection", ANY => "longer"]
            }
            Self::Swizzle => regions![
                1 => "heals in the order of the cuts",
                2 => "in reverse",
                ANY => "in another order",
            ],
            Self::OrderLost | Self::AnswerLost => {
                regions![100 => "rate under 1 %", 1_000 => "to 10 %", ANY => "to 30 %"]
            }
            Self::OrderTwice | Self::AnswerTwice => {
                regions![100 => "rate under 1 %", 1_000 => "to 10 %", ANY => "to 50 %"]
            }
            Self::Delayed => regions![100 => "under 100 ms", SECOND => "to 1 s", ANY => "to 5 s"],
            Self::LinkFlap => regions![
                1 => "faster than detection, mostly whole",
                2 => "faster, mostly cut",
                3 => "slower, mostly whole",
                ANY => "slower, mostly cut",
            ],
            Self::StaleFar => {
                regions![20 => "under 20 operations ago", 100 => "to 100", ANY => "more"]
            }
            Self::StaleReport => regions![
                1 => "of a former owner",
                2 => "of an earlier life",
                ANY => "of an earlier run",
            ],
            Self::DiesAfterStart => {
                regions![SECOND => "under 1 s", MINUTE => "to 1 min", ANY => "to 15 min"]
            }
            _ => self.ranges_of_embedders(),
        }
    }

    const fn ranges_of_embedders(self) -> &'static [Region] {
        match self {
            Self::TimeBackwards => regions![
                2 => "by 1 ms",
                MINUTE => "under 1 min",
                DAY => "to a day",
                ANY => "to a year",
            ],
            Self::TimeBeyond => regions![
                1 => "the last time there is",
                DAY => "within a day of it",
                ANY => "further off",
            ],
            Self::TimeJump => regions![
                2 => "by 1 ms",
                MINUTE => "under 1 min",
                DAY => "to a day",
                ANY => "to a year",
            ],
            Self::TimeStuck => regions![SECOND => "under 1 s", ANY => "to 1 min"],
            Self::TickStarved => {
                regions![5 * SECOND => "under 5 s", MINUTE => "to 1 min", ANY => "to 10 min"]
            }
            Self::EditNode => regions![
                1 => "one more",
                2 => "the owner of a group goes",
                3 => "another goes",
                ANY => "votes, quorum, order",
            ],
            Self::EditGroup => regions![1 => "one more", 2 => "one less", ANY => "another order"],
            Self::EditResource => regions![
                1 => "one more",
                2 => "one less",
                3 => "another place or kind",
                ANY => "refused: others need it",
            ],
            Self::EditDependency => {
                regions![1 => "one less", 2 => "one more", ANY => "refused: a cycle"]
            }
            Self::EditOwners => {
                regions![1 => "possible owners", 2 => "preferred owners", ANY => "nobody"]
            }
            Self::EditPlacement => regions![1 => "priority", 2 => "class", ANY => "demand"],
            Self::EditLimits => regions![
                1 => "threshold 0",
                2 => "threshold 1",
                3 => "largest threshold",
                4 => "period 0",
                5 => "period 1 ms",
                ANY => "largest period",
            ],
            _ => &[],
        }
    }
}
